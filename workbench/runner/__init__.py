"""Execution: find studies, check parameters, run notebooks, keep what they produced. Knows no study."""
