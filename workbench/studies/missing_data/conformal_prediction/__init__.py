"""Conformal prediction with missing values: valid on average for any mask law, given the mask only by augmentation.

Zaffran, Dieuleveut, Josse and Romano, "Conformal Prediction with Missing Values", 2023, arXiv 2306.02732.

Model: Y = b'X + sigma N(0,1), X Gaussian with mean 1 and equal correlations, d <= 5, so that all 2^d masks can be
enumerated. Entries of X are missing completely at random, depending on what is seen (MAR), on the missing value
itself (MNAR), or on Y.
"""

from workbench.studies.missing_data.conformal_prediction import masks, nested, predictors, simulation, theory
from workbench.studies.missing_data.conformal_prediction.masks import all_masks, mask_chances, mask_name
from workbench.studies.missing_data.conformal_prediction.nested import (
    nested_coverage,
    nested_length,
    opposed_outliers_coverage,
    simulate_opposed_outliers,
)
from workbench.studies.missing_data.conformal_prediction.simulation import given_mask, overall, simulate
from workbench.studies.missing_data.conformal_prediction.theory import (
    coverage_of_random_size,
    domination_share,
    infinite_chance,
    model,
    oracle_length,
    pooled_coverage,
    rank,
    residual_variance,
    split_coverage,
    subset_share,
    union_share,
)

__all__ = [
    "all_masks",
    "coverage_of_random_size",
    "domination_share",
    "given_mask",
    "infinite_chance",
    "mask_chances",
    "mask_name",
    "masks",
    "model",
    "nested",
    "nested_coverage",
    "nested_length",
    "opposed_outliers_coverage",
    "oracle_length",
    "overall",
    "pooled_coverage",
    "predictors",
    "rank",
    "residual_variance",
    "simulate",
    "simulate_opposed_outliers",
    "simulation",
    "split_coverage",
    "subset_share",
    "theory",
    "union_share",
]
