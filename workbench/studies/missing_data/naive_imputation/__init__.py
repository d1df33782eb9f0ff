"""Zeros in place of missing values: what they cost a linear model, and why they cost little in high dimension.

Ayme, Boyer, Dieuleveut and Scornet, "Naive imputation implicitly regularizes high-dimensional linear models", 2023,
arXiv 2301.13585.

Model: Y = b'X + noise of standard deviation sigma, X in R^d with E XX' = Sigma. A mask P in {0, 1}^d hides part of X;
the imputed input is P o X, zero where hidden. Observed with probability rho_j, independently of X and between columns
unless said otherwise (MCAR). Errors are stated as excess over sigma^2, the risk of the best predictor on complete data;
the excess of the best linear predictor on imputed data is the imputation bias.
"""

from workbench.studies.missing_data.naive_imputation.designs import design, guided_design, mean_rates
from workbench.studies.missing_data.naive_imputation.mar import mar_moments, mar_moments_of_mask, simulate_mar_risk
from workbench.studies.missing_data.naive_imputation.sgd_theory import averaged_sgd_risk
from workbench.studies.missing_data.naive_imputation.simulation import simulate_averaged_sgd, simulate_risk
from workbench.studies.missing_data.naive_imputation.theory import (
    best_imputed,
    correlated_penalty,
    imputation_bias,
    imputed_risk,
    low_rank_bias,
    mask_covariance,
    ridge_bias,
    ridge_penalties,
)

__all__ = [
    "averaged_sgd_risk",
    "best_imputed",
    "correlated_penalty",
    "design",
    "guided_design",
    "imputation_bias",
    "imputed_risk",
    "low_rank_bias",
    "mar_moments",
    "mar_moments_of_mask",
    "mask_covariance",
    "mean_rates",
    "ridge_bias",
    "ridge_penalties",
    "simulate_averaged_sgd",
    "simulate_mar_risk",
    "simulate_risk",
]
