"""Model collapse in regression: what happens to least squares trained on labels that earlier fits produced.

Dohmatob, Feng and Kempe, "Model Collapse Demystified: The Case of Regression", NeurIPS 2024, arXiv 2402.07712.

Model: x ~ N(0, Sigma) in R^d; generators w_i = X_{i-1}^+ Y_{i-1}, Y_{i-1} = X_{i-1} w_{i-1} + N(0, sigma_0^2), on T_0
rows each, i = 1 ... n, from the truth w_0. The last fit: T fresh rows labelled by w_n with noise sigma, and w_pred =
(X'X/T + lambda)^-1 X'Y/T (lambda -> 0: minimum norm). Error E |w_pred - w_0|^2_Sigma. n counts generators, so the
model that is tested is fit number n + 1, and n = 0 is clean data. phi = d/T, phi_0 = d/T_0.
"""

from workbench.studies.collapse.model_collapse_regression.downsampling import (
    BestSize,
    best_undersampling,
    synthetic_excess,
    undersampled_error,
)
from workbench.studies.collapse.model_collapse_regression.scaling import (
    crossover_samples,
    error_exponent,
    optimal_ridge,
)
from workbench.studies.collapse.model_collapse_regression.simulation import simulate_test_error
from workbench.studies.collapse.model_collapse_regression.spectra import (
    adaptive_ridge,
    covariance_and_signal,
    critical_exponent,
)
from workbench.studies.collapse.model_collapse_regression.theory import (
    CollapseError,
    generator_moments,
    ridge_error,
    test_error,
)

__all__ = [
    "BestSize",
    "CollapseError",
    "adaptive_ridge",
    "best_undersampling",
    "covariance_and_signal",
    "critical_exponent",
    "crossover_samples",
    "error_exponent",
    "generator_moments",
    "optimal_ridge",
    "ridge_error",
    "simulate_test_error",
    "synthetic_excess",
    "test_error",
    "undersampled_error",
]
