"""Linear models with as many features as samples."""
