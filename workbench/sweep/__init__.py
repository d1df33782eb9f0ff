"""Sweeps: a design over a study's parameters, executed point by point, resumable, kept as one table."""
