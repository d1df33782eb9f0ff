"""Limits of n times the excess target risk in a well-specified model, for weights min(w, clip)^power.

The sandwich formula that all of them use is classical (Shimodaira 2000, J. Statist. Plann. Inference 90, for weighted
likelihoods); its closed forms for Gaussian shifts were derived for this project.
"""

import numpy as np
from scipy.special import expit, gammaln

MODELS = ("linear", "logistic", "phase")
_NODES, _MASSES = np.polynomial.hermite_e.hermegauss(120)
_MASSES = _MASSES / _MASSES.sum()


def shift(n_features, n_shifted, ratio):
    """``ratios`` with ``ratio`` in the first n_shifted of n_features directions and 1 in the others. No theorem.

    Raises ``ValueError`` unless 1 <= n_shifted <= n_features and ratio is positive and finite.
    """
    if not 1 <= n_shifted <= n_features:
        raise ValueError(f"n_shifted must lie in [1, n_features] = [1, {n_features}], got {n_shifted}")
    return _positive("ratios", np.where(np.arange(n_features) < n_shifted, float(ratio), 1.0))


def information(model, theta, variances):
    """Fisher information E[k(u) X X'] of one row with X ~ N(0, diag(variances)), u = X'theta.

    k is 1 for linear, p(1-p) with p = 1/(1+exp(-u)) for logistic and 4 u^2 for phase retrieval. Given u, X is Gaussian,
    so with V = diag(variances), t^2 = theta'V theta and a_j = E[k(u) u^j]

        E[k(u) X X'] = a_0 V + (a_2/t^2 - a_0)/t^2 V theta theta' V.

    Standard; derived for this project in this form.

    Parameters
    ----------
    model : "linear", "logistic" or "phase"
    theta : array (d,), the true parameter; not 0 for phase retrieval, whose information vanishes there
    variances : array (d,), positive

    Returns
    -------
    array (d, d). Cost: one quadrature of 120 nodes and O(d^2).

    Raises
    ------
    ValueError
        For arguments out of range.
    """
    theta, variances = check(model, theta, variances, "variances")
    square = float(np.sum(variances * theta**2))
    if square == 0:
        return np.diag(variances) * {"linear": 1.0, "logistic": 0.25}[model]
    u = np.sqrt(square) * _NODES
    curvature = {"linear": np.ones_like(u), "logistic": expit(u) * expit(-u), "phase": 4 * u**2}[model]
    a_0, a_2 = np.sum(_MASSES * curvature), np.sum(_MASSES * curvature * u**2)
    along = variances * theta
    return a_0 * np.diag(variances) + (a_2 / square - a_0) / square * np.outer(along, along)


def tilt(ratios, power):
    """The law that weights w^power make of the source: E_S[w^p g(X)] = c E[g(Z)], Z ~ N(0, diag(variances)).

    With w the density ratio of N(0, diag(ratios)) to N(0, I), 1/variance_j = 1 - p + p/r_j and
    c = prod_j (variance_j / r_j^p)^(1/2). Derived for this project.

    Returns
    -------
    c : float, infinite if some 1 - p + p/r_j <= 0
    variances : array (d,), infinite in those directions
    """
    ratios = _positive("ratios", ratios)
    precision = 1 - power + power / ratios
    finite = precision > 0
    variances = np.where(finite, 1 / np.where(finite, precision, 1), np.inf)
    if not finite.all():
        return np.inf, variances
    return float(np.exp(0.5 * np.sum(np.log(variances) - power * np.log(ratios)))), variances


def limiting_risk(model, theta, ratios, power=0.0):
    """Limit of n times the mean excess target risk for weights w^power: tr(I_T H^-1 G H^-1)/2.

    H = E_S[w^p I(X)] and G = E_S[w^2p I(X)], with I(X) the information of a row given X. Power 0 gives the MLE's

        tr(I_T I_S^-1)/2

    (classical asymptotics; Ge et al. 2024, arXiv 2311.15961, show the MLE to be minimax up to a constant), power 1 the
    MWLE's. For the linear model they are sum_j r_j/2 and W/2 sum_j 1/(2-r_j), W = prod_j (r_j(2-r_j))^(-1/2)
    (derived for this project).

    Returns
    -------
    float; infinite if the squared weights have no mean, as for power 1 when some ratio is >= 2.
    """
    theta, ratios = check(model, theta, ratios, "ratios")
    if not power >= 0:
        raise ValueError(f"power must be a number >= 0, got {power}")
    c_1, once = tilt(ratios, power)
    c_2, twice = tilt(ratios, 2 * power)
    if not np.isfinite(c_2):
        return np.inf
    bread = np.linalg.inv(c_1 * information(model, theta, once))
    meat = c_2 * information(model, theta, twice)
    return float(np.trace(information(model, theta, ratios) @ bread @ meat @ bread) / 2)


def exact_linear_risk(n_samples, ratios):
    """Mean excess target risk of least squares at finite n, sum_j r_j / (2 (n - d - 1)); arrays of n are allowed.

    By the mean of an inverse Wishart matrix; derived for this project. Needs n >= d + 2.
    """
    ratios = _positive("ratios", ratios)
    n, d = np.asarray(n_samples), ratios.size
    if np.any(n < d + 2):
        raise ValueError(f"n_samples must be at least n_features + 2 = {d + 2}, got {n_samples}")
    return ratios.sum() / (2 * (n - d - 1))


def clipped_limit(ratios, clip, power=1.0):
    """Limit of n times the excess target risk of the linear model for weights min(w, clip)^power; always finite.

    All ratios that differ from 1 must be equal, r in k directions: then w = r^(-k/2) exp((1 - 1/r) Q/2) with
    Q ~ chi^2_k, and H, G are diagonal with entries E[v^q] and, in the k directions, E[v^q Q]/k, for v = min(w, clip)
    and q = p for H, 2p for G. Integrals over sqrt(Q) by Gauss-Legendre on short panels on
    either side of the kink. Derived for this project.
    """
    ratios = _positive("ratios", ratios)
    if not (np.isfinite(clip) and clip > 0):
        raise ValueError(f"clip must be a positive finite number, got {clip}")
    shifted = ratios != 1
    if not shifted.any():
        return ratios.size / 2
    r, k = ratios[shifted][0], int(shifted.sum())
    if np.any(ratios[shifted] != r):
        raise ValueError(f"ratios that differ from 1 must be equal, got {ratios[shifted]}")
    kink = np.sqrt(max(0.0, 2 * (np.log(clip) + k / 2 * np.log(r)) / (1 - 1 / r)))
    below, above = np.linspace(0, kink, 1 + int(np.ceil(kink / 2))), kink + np.linspace(0, np.sqrt(k) + 12, 11)
    edges = np.concatenate([below, above[1:]])
    nodes, widths = np.polynomial.legendre.leggauss(30)
    half = np.diff(edges)[:, None] / 2
    root, widths = (edges[:-1, None] + half * (nodes + 1)).ravel(), (half * widths).ravel()
    log_w = -k / 2 * np.log(r) + (1 - 1 / r) * root**2 / 2
    log_density = (k - 1) * np.log(root) - root**2 / 2 - (k / 2 - 1) * np.log(2) - gammaln(k / 2)

    def moments(p):
        mass = widths * np.exp(log_density + p * np.minimum(log_w, np.log(clip)))
        return np.where(shifted, np.sum(mass * root**2) / k, np.sum(mass))

    return float(np.sum(ratios * moments(2 * power) / moments(power) ** 2) / 2)


def check(model, theta, variances, name):
    """``theta`` and ``variances`` as arrays; ``ValueError`` with a sentence for arguments out of range."""
    if model not in MODELS:
        raise ValueError(f"model must be 'linear', 'logistic' or 'phase', got {model!r}")
    variances, theta = _positive(name, variances), np.asarray(theta, dtype=float)
    if theta.shape != variances.shape or not np.all(np.isfinite(theta)):
        raise ValueError(f"theta must hold {variances.size} finite numbers, one per entry of {name}, got {theta}")
    if model == "phase" and not theta.any():
        raise ValueError("theta must not be 0 for phase retrieval, whose information vanishes there")
    return theta, variances


def _positive(name, values):
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or values.size == 0 or not np.all(np.isfinite(values)) or np.any(values <= 0):
        raise ValueError(f"{name} must be positive finite numbers in one dimension, got {values}")
    return values
