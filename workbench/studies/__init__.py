"""The mathematics of each study, by chapter. Knows nothing of notebooks or their execution."""
