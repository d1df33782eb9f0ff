"""Evaluation: what can be concluded from scores of trained models, and what only seems so."""
