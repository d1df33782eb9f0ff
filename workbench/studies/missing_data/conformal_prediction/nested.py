"""CP-MDA-Nested: its coverage given each mask, its length, and a law under which it covers too little.

The algorithm is Algorithm 2 of Zaffran et al. (2023), arXiv 2306.02732; the formulas were derived for this project.
"""

import numpy as np
from scipy.special import bdtrc, ndtr, ndtri

from workbench.montecarlo import batches, streams
from workbench.studies.missing_data.conformal_prediction.theory import (
    check_level,
    fill_in,
    rank,
    residual_variance,
    union_share,
)


def nested_coverage(coefficients, covariance, noise, chances, n_calibration, alpha, n_points=32768):
    """Coverage of CP-MDA-Nested given each mask m: linear Gaussian model, true quantiles as predictors, MCAR.

    Augmented with m, a calibration row has mask m' with chance w_m' = P(M + m = m'), and then offers the upper end
    mu_m' + s_m' |N(0,1)|, with mu_m' and s_m' the mean and standard deviation of Y given what m' shows. Given the test
    row, the rows whose end lies below y are Bin(n, p) with

        p(x, y) = sum_m' w_m' max(0, 2 Phi((y - mu_m'(x))/s_m') - 1),

    and y is missed above if at least k of them do (k as in `rank`); likewise below. Averaged over x and y. Both at once
    (an empty interval) is neglected.

    Parameters
    ----------
    coefficients, covariance, noise
        The linear Gaussian model.
    chances : array (d,), chance that each variable is missing
    n_calibration : int
    alpha : float in (0, 1)
    n_points : int
        Points of a lattice over x and y (error about 1e-3).

    Returns
    -------
    array (2^d,). Cost: n_points 4^d.
    """
    k = int(rank(n_calibration, alpha))
    if k > n_calibration:
        return np.ones(2 ** len(coefficients))
    share, scales = union_share(chances), np.sqrt(residual_variance(coefficients, covariance, noise))
    normal = _lattice(n_points, len(coefficients) + 1)
    x = normal[:, 1:] @ np.linalg.cholesky(covariance).T
    y = x @ coefficients + noise * normal[:, 0]
    z = (y[:, None] - np.einsum("nd,mcd,c->nm", x, fill_in(covariance), coefficients)) / scales
    missed = 0.0
    for sign in (-1, 1):
        below = np.maximum(0, 2 * ndtr(sign * z) - 1) @ share.T
        missed = missed + bdtrc(k - 1, n_calibration, np.clip(below, 0, 1)).mean(axis=0)
    return 1 - missed


def nested_length(coefficients, covariance, noise, chances, alpha, n_points=2048):
    """Mean length of CP-MDA-Nested given each mask for n -> infinity: the setting of `nested_coverage`.

    The upper end is the u with p(x, u) = 1 - alpha, the lower end likewise.

    Returns
    -------
    array (2^d,)
    """
    check_level(alpha)
    share, scales = union_share(chances), np.sqrt(residual_variance(coefficients, covariance, noise))
    x = _lattice(n_points, len(coefficients)) @ np.linalg.cholesky(covariance).T
    means = np.einsum("nd,mcd,c->nm", x, fill_in(covariance), coefficients)
    return np.array([np.mean(_end(means, scales, w, alpha) + _end(-means, scales, w, alpha)) for w in share])


def _lattice(n_points, dimension):
    """Normal points by the additive recurrence of the generalised golden ratio: equidistributed in any dimension."""
    ratio = 2.0
    for _ in range(50):
        ratio = (1 + ratio) ** (1 / (dimension + 1))
    steps = np.arange(1, n_points + 1)[:, None] * ratio ** -np.arange(1.0, dimension + 1)
    return ndtri((0.5 + steps) % 1)


def _end(means, scales, weights, alpha):
    used = weights > 0
    means, scales, weights = means[:, used], scales[used], weights[used]
    low, high = means.min(axis=1), (means + 10 * scales).max(axis=1)
    for _ in range(50):
        middle = (low + high) / 2
        level = np.maximum(0, 2 * ndtr((middle[:, None] - means) / scales) - 1) @ weights
        low, high = np.where(level < 1 - alpha, middle, low), np.where(level < 1 - alpha, high, middle)
    return high


def opposed_outliers_coverage(outlier_share, n_calibration, alpha):
    """Coverage of nested augmentation on the law of `simulate_opposed_outliers`: 1 - pi P(Bin(n, 1 - pi/2) >= k).

    Whatever the X of an outlier, a calibration row's upper end lies below it with chance 1 - pi/2, which is the mean of
    1 - pi + pi (1 - X)/2 for a row that shows X and of 1 - pi + pi (1 + X)/2 for one that hides it. Tends to 1 - pi if
    pi < 2 alpha. Derived for this project. An array of shares gives an array.
    """
    outlier_share = np.asarray(outlier_share, dtype=float)
    if np.any(outlier_share <= 0) or np.any(outlier_share >= 1):
        raise ValueError(f"outlier_share must lie in (0, 1), got {outlier_share}")
    k = rank(n_calibration, alpha)
    return 1 - outlier_share * bdtrc(k - 1, n_calibration, 1 - outlier_share / 2)


def simulate_opposed_outliers(outlier_share, n_calibration, alpha, *, n_test=20, n_replications, seed):
    """Nested and exact augmentation on a law made against the former: one feature, missing half of the time (MCAR).

    X ~ U(-1, 1); Y = X, but with chance pi an outlier Y = 10 + (1 + X)/2; the predictor is X where it is seen and 0
    where not. Among outliers the residual Y - X falls with X while Y - 0 rises, so the *average* rank of the two is
    1 - pi/2 for all of them, and all are missed once alpha < pi < 2 alpha, although each bag alone misses only alpha.

    Parameters
    ----------
    outlier_share : float in (0, 1), pi
    n_calibration : int
    alpha : float in (0, 1)
    n_test, n_replications : int
    seed : int or sequence of int

    Returns
    -------
    nested, exact : arrays (n_replications,), share of test rows covered given that nothing is missing
    """
    check_level(alpha)
    if not 0 < outlier_share < 1:
        raise ValueError(f"outlier_share must lie in (0, 1), got {outlier_share}")
    feature_stream, outlier_stream, mask_stream = streams(seed, 3)
    n = n_calibration
    x = feature_stream.uniform(-1, 1, (n_replications, n + n_test))
    y = np.where(outlier_stream.random(x.shape) < outlier_share, 10 + (1 + x) / 2, x)
    y = y + 1e-6 * outlier_stream.standard_normal(x.shape)  # no ties
    missing = mask_stream.random((n_replications, n)) < 0.5
    scores = np.abs(y[:, :n] - np.where(missing, 0.0, x[:, :n]))
    test_x, test_y = x[:, n:], y[:, n:]
    k = int(rank(n, alpha))
    nested, done = np.empty(n_replications), 0
    for count in batches(n_replications, 4 * n * n_test):
        part = slice(done, done + count)
        done += count
        # the test row as each calibration row would show it
        predicted = np.where(missing[part, None, :], 0.0, test_x[part, :, None])
        upper, down = (
            np.partition(sign * predicted + scores[part, None, :], k - 1, axis=2)[:, :, k - 1] for sign in (1, -1)
        )
        nested[part] = np.mean((-down <= test_y[part]) & (test_y[part] <= upper), axis=1)
    usable = np.sort(np.where(missing, np.inf, scores), axis=1)
    usable = np.concatenate([usable, np.full((n_replications, 1), np.inf)], axis=1)
    cutoff = np.take_along_axis(usable, rank((~missing).sum(axis=1), alpha)[:, None] - 1, axis=1)
    return nested, np.mean(np.abs(test_y - test_x) <= cutoff, axis=1)
