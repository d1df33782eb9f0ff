"""A linear model fitted to Y = X'theta + sum_j cubic_j X_j^3 + noise: what weighting repairs, and what it costs.

Closed forms for Gaussian features; all derived for this project. The paper (arXiv 2311.15961) claims that MLE can do
poorly in a misspecified model and that MWLE is then minimax optimal in certain scenarios.
"""

import numpy as np

from workbench.studies.misspecification.covariate_shift_mle.theory import check, tilt


def pseudo_true(theta, ratios, cubic, power=0.0):
    """What weights w^power converge to: theta_j + 3 cubic_j V_j, with V the tilted variances; power 1 is best.

    E[X^4]/E[X^2] = 3V for a Gaussian of variance V. Derived for this project. Arrays (d,); power 0 ... 1.
    """
    theta, ratios = check("linear", theta, ratios, "ratios")
    return theta + 3 * _cubic(cubic, ratios) * _tilted(ratios, power)[1]


def misspecified_terms(ratios, cubic, power=0.0):
    """Floor and slope of the mean excess target risk, floor + slope/n + o(1/n), for weights w^power.

    floor = sum_j r_j b_j^2/2 with b = 3 cubic (V - r) does not shrink with n; it is 0 for power 1 only. The slope has
    the variance sum_j r_j G_jj/(2 H_j^2), H and G as in :func:`theory.limiting_risk` with the squared residual in G,
    and sum_j r_j b_j beta_j with beta/n the bias of least squares on random features,
    beta_j = -E_S[w^2p m(X) X_j X'H^-1 X]/H_j, where m is the residual that no linear fit explains.
    Derived for this project.

    Returns
    -------
    floor, slope : floats; the slope is infinite if the squared weights have no mean.
    """
    ratios = check("linear", np.zeros(np.size(ratios)), ratios, "ratios")[1]
    g = _cubic(cubic, ratios)
    c_1, v = _tilted(ratios, power)
    c_2, u = tilt(ratios, 2 * power)
    b = 3 * g * (v - ratios)
    floor = float(np.sum(ratios * b**2) / 2)
    if not np.isfinite(c_2):
        return floor, np.inf
    h = c_1 * v
    # moments under variance u of m_j = g (x^3 - 3 v x): E m^2, E m x, E m x^3, E m^2 x^2
    m_m = g**2 * (15 * u**3 - 18 * v * u**2 + 9 * v**2 * u)
    m_x = g * (3 * u**2 - 3 * v * u)
    m_xxx = g * (15 * u**3 - 9 * v * u**2)
    mm_xx = g**2 * (105 * u**4 - 90 * v * u**3 + 27 * v**2 * u**2)
    meat = c_2 * ((1 + m_m.sum() - m_m) * u + mm_xx)
    beta = -c_2 / h * (m_x * (np.sum(u / h) - u / h) + m_xxx / h)
    return floor, float(np.sum(ratios * (meat / (2 * h**2) + b * beta)))


def crossover(ratios, cubic):
    """Number of rows beyond which MWLE beats MLE, (slope_1 - slope_0)/floor_0: infinite if nothing is left out.

    From the expansion of :func:`misspecified_terms`; derived for this project.
    """
    floor, slope = misspecified_terms(ratios, cubic, 0.0)
    other = misspecified_terms(ratios, cubic, 1.0)[1]
    return (other - slope) / floor if floor > 0 else np.inf


def _cubic(cubic, ratios):
    cubic = np.asarray(cubic, dtype=float)
    if cubic.shape != ratios.shape or not np.all(np.isfinite(cubic)):
        raise ValueError(f"cubic must hold {ratios.size} finite numbers, one per feature, got {cubic}")
    return cubic


def _tilted(ratios, power):
    if not 0 <= power <= 1:
        raise ValueError(f"power must lie in [0, 1], got {power}")
    return tilt(ratios, power)
