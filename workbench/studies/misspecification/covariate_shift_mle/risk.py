"""The exact excess target risk of a fitted parameter, without test data: a mean divergence, in nats."""

import numpy as np
from scipy.special import expit

from workbench.studies.misspecification.covariate_shift_mle.theory import _MASSES, _NODES, check


def excess_risk(model, estimates, theta, ratios):
    """Excess target risk E_T[KL(f(.|X, theta) | f(.|X, estimate))], X ~ N(0, diag(ratios)).

    With a = e'Re, b = t'Rt, c = e'Rt for the estimate e, the truth t and R = diag(ratios):

        linear    (a + b - 2c)/2
        logistic  E softplus(sqrt(a) Z) - E softplus(sqrt(b) Z) - (c/b - 1) E[sqrt(b) Z p(sqrt(b) Z)]
        phase     ((a-b)^2 + 2 (a^2 + b^2 - 2c^2))/2

    with Z standard normal. Phase retrieval does not see the sign of the estimate. Derived for this project (Gaussian
    moments; quadrature of 120 nodes for logistic).

    Parameters
    ----------
    model : "linear", "logistic" or "phase"
    estimates : array (..., d)
    theta, ratios : arrays (d,)

    Returns
    -------
    array (...), >= 0 up to rounding.

    Raises
    ------
    ValueError
        For arguments out of range.
    """
    theta, ratios = check(model, theta, ratios, "ratios")
    estimates = np.asarray(estimates, dtype=float)
    if estimates.shape[-1:] != theta.shape:
        raise ValueError(f"estimates must have {theta.size} numbers along their last axis, got shape {estimates.shape}")
    if model == "linear":
        return np.sum(ratios * (estimates - theta) ** 2, axis=-1) / 2
    a = np.sum(ratios * estimates**2, axis=-1)
    b = float(np.sum(ratios * theta**2))
    c = np.sum(ratios * estimates * theta, axis=-1)
    if model == "phase":
        return ((a - b) ** 2 + 2 * (a**2 + b**2 - 2 * c**2)) / 2
    softplus = np.logaddexp(0, np.sqrt(a)[..., None] * _NODES) @ _MASSES
    u = np.sqrt(b) * _NODES
    at_truth = np.sum(_MASSES * np.logaddexp(0, u))
    overlap = (c / b - 1) * np.sum(_MASSES * u * expit(u)) if b > 0 else 0.0
    return softplus - at_truth - overlap
