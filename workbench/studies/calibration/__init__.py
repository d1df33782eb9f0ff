"""Calibration: whether stated probabilities can be trusted, and what trusting them costs."""
