"""What coverage is, exactly: for the linear Gaussian model, for augmented calibration, for any predictor.

Masks are numbered as in `masks`. Sources: Zaffran, Dieuleveut, Josse and Romano (2023), arXiv 2306.02732 (A1 to A4 are
its assumptions), and, where it says so, derived for this project.
"""

import numpy as np
from scipy.special import betaincinv, gammaln, ndtr, ndtri, roots_legendre, xlog1py, xlogy

from workbench.studies.missing_data.conformal_prediction.masks import all_masks, mask_chances


def model(n_features, correlation):
    """Coefficients and covariance of the paper's synthetic data: its first d coefficients, equal correlations.

    Section 7.1 of arXiv 2306.02732: beta = (1, 2, -1, 3, -0.5, ...), features with mean 1, variance 1, correlation phi.

    Returns
    -------
    coefficients : array (d,)
    covariance : array (d, d)
    """
    all_masks(n_features)
    if not 0 <= correlation < 1:
        raise ValueError(f"correlation must lie in [0, 1), got {correlation}")
    covariance = np.full((n_features, n_features), float(correlation))
    np.fill_diagonal(covariance, 1.0)
    return np.array([1.0, 2.0, -1.0, 3.0, -0.5])[:n_features], covariance


def fill_in(covariance):
    """The regression of what is missing on what is seen, for every mask.

    Parameters
    ----------
    covariance : array (..., d, d), positive definite

    Returns
    -------
    array (..., 2^d, d, d): A with E[X | X_obs(m)] - mean = A_m (X - mean); row j is the unit vector where X_j is seen,
    and the columns of missing variables are zero. Gaussian conditioning, Appendix D of arXiv 2306.02732.
    """
    covariance = np.asarray(covariance, dtype=float)
    d = covariance.shape[-1]
    fill = np.zeros(covariance.shape[:-2] + (2**d, d, d))
    for number, missing in enumerate(all_masks(d)):
        seen = np.flatnonzero(~missing)
        fill[..., number, seen, seen] = 1.0
        hidden = np.flatnonzero(missing)
        if len(seen) and len(hidden):
            own = covariance[..., seen[:, None], seen]
            cross = covariance[..., seen[:, None], hidden]
            fill[..., number, hidden[:, None], seen] = np.swapaxes(np.linalg.solve(own, cross), -1, -2)
    return fill


def residual_variance(coefficients, covariance, noise):
    """Var(Y | X_obs(m), M = m) = sigma^2 + b_mis' Sigma_{mis|obs} b_mis for every mask, masks drawn at random (MCAR).

    Proposition 4.2 and Appendix D of Zaffran et al. (2023), arXiv 2306.02732.

    Parameters
    ----------
    coefficients : array (d,)
    covariance : array (d, d)
    noise : float > 0, sigma

    Returns
    -------
    array (2^d,)
    """
    if not (np.isfinite(noise) and noise > 0):
        raise ValueError(f"noise must be a finite number > 0, got {noise}")
    fill = fill_in(covariance)
    unknown = covariance - fill @ covariance @ np.swapaxes(fill, -1, -2)
    return noise**2 + np.einsum("i,mij,j->m", coefficients, unknown, coefficients)


def oracle_length(coefficients, covariance, noise, alpha):
    """Length of the shortest valid interval given X_obs and M: 2 z_{1-alpha/2} sqrt(Var(Y | X_obs)) (Proposition 4.2).

    Returns
    -------
    array (2^d,)
    """
    check_level(alpha)
    return -2 * ndtri(alpha / 2) * np.sqrt(residual_variance(coefficients, covariance, noise))


def rank(n_calibration, alpha):
    """Which of n calibration scores is the cutoff: k = ceil((n + 1)(1 - alpha)); k = n + 1 means no finite cutoff.

    Split conformal prediction, as in Section 2 and footnote 1 of arXiv 2306.02732.
    """
    check_level(alpha)
    n = np.asarray(n_calibration)
    if np.any(n < 0):
        raise ValueError(f"n_calibration must be >= 0, got {n.min()}")
    # 1e-9: (n + 1)(1 - alpha) may be a whole number that floating point puts just above it
    return np.ceil((n + 1) * (1 - alpha) - 1e-9).astype(int)


def split_coverage(n_calibration, alpha):
    """Exact coverage of split conformal prediction, k/(n + 1), for scores without ties and any predictor.

    Between 1 - alpha and 1 - alpha + 1/(n + 1): Proposition 3.3 of arXiv 2306.02732 says that this holds after
    imputation, whatever draws the masks.
    """
    return rank(n_calibration, alpha) / (np.asarray(n_calibration) + 1)


def subset_share(chances):
    """Share of rows that exact augmentation can use for mask m: P(M contained in m) under MCAR, for every mask.

    Parameters
    ----------
    chances : array (d,), chance that each variable is missing

    Returns
    -------
    array (2^d,): the product of 1 - chance over the variables that m shows. Algorithm 1, line 5, of arXiv 2306.02732.
    """
    chances = np.asarray(chances, dtype=float)
    return np.prod(np.where(all_masks(len(chances)), 1.0, 1 - chances), axis=1)


def union_share(chances):
    """P(M united with m equals m') under MCAR: the bags of nested augmentation (Algorithm 2 of arXiv 2306.02732).

    Returns
    -------
    array (2^d, 2^d): row m, column m'; rows sum to 1
    """
    chances = np.asarray(chances, dtype=float)
    share = np.zeros((2 ** len(chances),) * 2)
    own = mask_chances(chances)
    for m in range(len(share)):
        np.add.at(share[m], np.arange(len(share)) | m, own)
    return share


def coverage_of_random_size(n_calibration, share, alpha):
    """Coverage when only a binomial number of the calibration rows is used: sum_c P(c) k_c/(c + 1), k_c as in `rank`.

    With ``subset_share`` the coverage of CP-MDA-Exact given each mask (Theorem E.2 of arXiv 2306.02732 bounds each
    term; the sum is derived here); with the share of the mask itself, of calibration mask by mask; with a column of
    ``union_share``, of the nested variant that keeps one augmented mask (derived here). With too few rows the interval
    is the whole line and covers.

    Parameters
    ----------
    n_calibration : int >= 0
    share : array in [0, 1]
    alpha : float in (0, 1)

    Returns
    -------
    array of the shape of ``share``
    """
    share = _share(share)
    c = np.arange(n_calibration + 1)
    return _binomial(c, n_calibration, share[..., None]) @ split_coverage(c, alpha)


def infinite_chance(n_calibration, share, alpha):
    """Chance of fewer than 1/alpha - 1 usable rows, which leave the whole line: P(Bin(n, share) + 1 < 1/alpha).

    Derived here; Section 5.1 of arXiv 2306.02732 warns of it. Arguments and result as `coverage_of_random_size`.
    """
    share = _share(share)
    c = np.arange(n_calibration + 1)
    return _binomial(c, n_calibration, share[..., None]) @ (rank(c, alpha) > c)


def pooled_coverage(variances, shares, n_calibration, alpha, n_nodes=200):
    """Coverage given each mask when one cutoff serves all: the Bayes mean, absolute residuals, Gaussian model, MCAR.

    The cutoff is the k-th of n residuals from F = sum_m p_m G_m, G_m(q) = 2 Phi(q/s_m) - 1, so the coverage given m is
    the mean of G_m(F^-1(U)) over U ~ Beta(k, n + 1 - k). Derived here; Appendix D.2 of arXiv 2306.02732 shows the
    effect by simulation.

    Parameters
    ----------
    variances, shares : arrays (2^d,)
        Var(Y | X_obs) and the law of the masks.
    n_calibration : int, or numpy.inf for the limit
    alpha : float in (0, 1)

    Returns
    -------
    array (2^d,). Cost: n_nodes bisections.
    """
    scales = np.sqrt(np.asarray(variances, dtype=float))
    if np.isinf(n_calibration):
        levels, weights = np.array([1 - alpha]), np.ones(1)
    else:
        k = int(rank(n_calibration, alpha))
        if k > n_calibration:
            return np.ones(len(scales))
        nodes, weights = roots_legendre(n_nodes)
        levels, weights = betaincinv(k, n_calibration + 1 - k, (nodes + 1) / 2), weights / 2
    low, high = np.zeros(len(levels)), np.full(len(levels), 40 * scales.max())
    for _ in range(60):
        middle = (low + high) / 2
        below = _folded(middle[:, None] / scales) @ shares < levels
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return weights @ _folded(high[:, None] / scales)


def domination_share(variance_small, variance_large, delta):
    """Share of feature values at which hiding more makes the central 1 - 2 delta interval contain the other one.

    The domination that A4 asks for at every x, in the linear Gaussian model: the two conditional means differ by
    N(0, v_large - v_small), the half-widths by z (s_large - s_small), z = z_{1-delta}; the share is
    2 Phi(z (s_large - s_small)/sqrt(v_large - v_small)) - 1, zero for the medians. Derived for this project.
    """
    small, large = np.asarray(variance_small, dtype=float), np.asarray(variance_large, dtype=float)
    if np.any(large <= small):
        raise ValueError("variance_large must be larger than variance_small")
    if not 0 < delta <= 0.5:
        raise ValueError(f"delta must lie in (0, 0.5], got {delta}")
    return _folded(-ndtri(delta) * (np.sqrt(large) - np.sqrt(small)) / np.sqrt(large - small))


def check_level(alpha):
    """``ValueError`` with a sentence for a level out of range."""
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie in (0, 1), got {alpha}")


def _folded(q):
    return 2 * ndtr(q) - 1


def _binomial(c, n, p):
    """P(Bin(n, p) = c), without the slow import of scipy.stats."""
    return np.exp(gammaln(n + 1) - gammaln(c + 1) - gammaln(n - c + 1) + xlogy(c, p) + xlog1py(n - c, -p))


def _share(share):
    share = np.asarray(share, dtype=float)
    if np.any(share < 0) or np.any(share > 1):
        raise ValueError("share must lie in [0, 1]")
    return share
