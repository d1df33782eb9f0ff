"""Accumulate or replace: whether a chain of models trained on model output collapses depends on keeping the old data.

Gerstgrasser et al., "Is Model Collapse Inevitable? Breaking the Curse of Recursion by Accumulating Real and Synthetic
Data", 2024, arXiv 2404.01413: the theorem on linear regression.

Model: fit 1 is least squares on T real rows with noise sigma, from the truth w_0; fit i >= 2 sees T rows labelled by
fit i - 1 with new noise sigma, alone (replace) or together with all earlier rows (accumulate). T >= d + 2; n counts
fits.
"""

from workbench.studies.collapse.accumulate_or_replace.miniature import retrain_language_model
from workbench.studies.collapse.accumulate_or_replace.simulation import simulate_test_error
from workbench.studies.collapse.accumulate_or_replace.theory import limiting_error, test_error

__all__ = ["limiting_error", "retrain_language_model", "simulate_test_error", "test_error"]
