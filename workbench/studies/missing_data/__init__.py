"""Data with holes: what filling them in costs, and what it does not."""
