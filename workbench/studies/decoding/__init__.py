"""Decoding: what drawing many answers and keeping one can and cannot do."""
