"""The best of n: what n independent draws give at best, estimated from a pool of B draws without redrawing.

The unbiased estimator (U-statistic) averages the maximum over all subsets of size n. For scores that are 0 or 1 it is
the estimator of pass@n of Chen et al. (2021), arXiv 2107.03374: one minus the share of subsets without a success.
"""

import numpy as np
from scipy.special import gammaln


def subset_weights(n_pool, n):
    """Weights of the sorted pool (ascending) in the mean maximum over all subsets of size n.

    The i-th smallest of B scores is the largest of C(i-1, n-1) among C(B, n) subsets.

    Parameters
    ----------
    n_pool : int, B >= 1
    n : int in [1, B]

    Returns
    -------
    array of shape (B,), nonnegative, sums to 1. Computed on the log scale: no overflow for large B.

    Raises
    ------
    ValueError
        For sizes out of range: no unbiased estimator exists for n > B.
    """
    _check(n_pool, n)
    i = np.arange(1, n_pool + 1)
    weights = np.zeros(n_pool)
    able = i >= n
    weights[able] = np.exp(_log_binomial(i[able] - 1, n - 1) - _log_binomial(n_pool, n))
    return weights


def expected_maximum(scores, n):
    """Unbiased estimate of E max of n independent draws, from B >= n scores along the last axis.

    Parameters
    ----------
    scores : array of shape (..., B)
    n : int in [1, B]

    Returns
    -------
    array of shape (...). Cost: one sort, B log B.
    """
    scores = np.asarray(scores, dtype=float)
    return np.sort(scores, axis=-1) @ subset_weights(scores.shape[-1], n)


def pass_at(n, n_pool, n_correct):
    """Unbiased estimate of the chance that one of n draws is correct, 1 - C(B-c, n)/C(B, n).

    Source: Chen et al. (2021), arXiv 2107.03374, equation (1).

    Parameters
    ----------
    n : int in [1, B]
    n_pool : int, B
        Draws per problem.
    n_correct : array of int in [0, B]
        How many of them are correct, c.

    Returns
    -------
    array of the shape of ``n_correct``
    """
    _check(n_pool, n)
    c = np.asarray(n_correct)
    if np.any(c < 0) or np.any(c > n_pool):
        raise ValueError(f"n_correct must lie in [0, n_pool] = [0, {n_pool}]")
    wrong = n_pool - c
    able = wrong >= n
    return 1 - np.where(able, np.exp(_log_binomial(np.maximum(wrong, n), n) - _log_binomial(n_pool, n)), 0.0)


def _log_binomial(n, k):
    return gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)


def _check(n_pool, n):
    if int(n_pool) != n_pool or n_pool < 1:
        raise ValueError(f"n_pool must be a positive integer, got {n_pool}")
    if int(n) != n or not 1 <= n <= n_pool:
        raise ValueError(f"n must be an integer in [1, n_pool] = [1, {n_pool}], got {n}")
