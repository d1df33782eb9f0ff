"""Sketched ridgeless linear regression: when fewer rows predict better.

Chen, Zeng, Yang and Sun, "Sketched Ridgeless Linear Regression: The Role of Downsampling", ICML 2023,
arXiv 2302.01088. Theorem numbers are those of its first version.

Model: Y = X beta + E with n rows and p features; rows x = Sigma^(1/2) z, z of independent standard entries; E of
variance sigma^2, independent of X. The analyst sees (S X, S Y) for an m x n sketch S independent of both, and fits
minimum-norm least squares, beta_S = (S X)^+ S Y. The risk E (x0' beta_S - x0' beta)^2 leaves out the noise of the test
label. Ratios: phi = p/n, psi = m/n, c = phi/psi = p/m. Signal alpha = |beta|; SNR = alpha/sigma, not its square.

Arguments have the same meaning everywhere:

=============  =====================================================================================
n_samples      n, rows of X
n_features     p, columns of X
sketch_size    m, rows of S, 1 <= m <= n
signal         alpha = |beta| > 0; beta is N(0, alpha^2/p I) unless an ``alignment`` fixes it
noise          sigma >= 0
sketch         "orthogonal" (S S' = I: row subsampling, Haar frame) or "gaussian" (independent entries)
spectrum       eigenvalues of Sigma as pairs [eigenvalue, share]; shares add up to 1
alignment      shares of |beta|^2 in the eigenspaces of ``spectrum``, for a fixed signal; None: random
=============  =====================================================================================

``theory`` has limits and exact finite-sample means, ``optimum`` the best sketch size, ``simulation`` the conditional
risk given (X, S) over nested sizes, ``end_to_end`` the estimator itself with an explicit S, ``validation`` the
practical choice of m from a held-out set.
"""

from workbench.studies.high_dimensional_regression.sketched_ridgeless.end_to_end import (
    conditional_risk,
    draw_sketch,
    simulate_end_to_end,
    sketched_least_squares,
)
from workbench.studies.high_dimensional_regression.sketched_ridgeless.optimum import Optimum, optimal_sketch
from workbench.studies.high_dimensional_regression.sketched_ridgeless.simulation import simulate_risk
from workbench.studies.high_dimensional_regression.sketched_ridgeless.spectra import (
    ISOTROPIC,
    eigenvalues,
    sketch_size_grid,
)
from workbench.studies.high_dimensional_regression.sketched_ridgeless.theory import (
    Risk,
    effective_ridge,
    exact_risk,
    limiting_risk,
    misspecified,
    variance_for_sketch_spectrum,
)
from workbench.studies.high_dimensional_regression.sketched_ridgeless.validation import (
    ValidationChoice,
    simulate_validation_choice,
)

__all__ = [
    "ISOTROPIC",
    "Optimum",
    "Risk",
    "ValidationChoice",
    "conditional_risk",
    "draw_sketch",
    "effective_ridge",
    "eigenvalues",
    "exact_risk",
    "limiting_risk",
    "misspecified",
    "optimal_sketch",
    "simulate_end_to_end",
    "simulate_risk",
    "simulate_validation_choice",
    "sketch_size_grid",
    "sketched_least_squares",
    "variance_for_sketch_spectrum",
]
