"""Pools of scores and percentile intervals of the bootstrap, many pools at a time.

The design is that of the simulations in the code of Tang et al. (2020), arXiv 2004.13705: independent scores from a
known law, percentile intervals from resampled pools. Vectorised for this project.
"""

import numpy as np

from workbench.montecarlo import streams
from workbench.studies.evaluation.expected_best_of_n.theory import check_counts


def draw_pools(law, n_pool, *, n_replications, seed, shared=0.0):
    """Pools of B scores, each sorted.

    Parameters
    ----------
    law : Law
    n_pool, n_replications : int >= 1
    seed : int or list of int
    shared : float in [0, 1)
        Correlation of the runs of one pool on the normal scale (a Gaussian copula): what they have in common, such as
        a data split. Each score keeps its law.

    Returns
    -------
    array of shape (n_replications, n_pool), ascending along the last axis

    Raises
    ------
    ValueError
        For arguments out of range. Derived for this project.
    """
    check_counts(n_pool=n_pool, n_replications=n_replications)
    if not 0 <= shared < 1:
        raise ValueError(f"shared must lie in [0, 1), got {shared}")
    own, common = streams(seed, 2)
    levels = own.random((n_replications, n_pool))
    if shared:
        from scipy.special import ndtr, ndtri

        levels = ndtr(
            np.sqrt(shared) * common.standard_normal((n_replications, 1)) + np.sqrt(1 - shared) * ndtri(levels)
        )
    return np.sort(law.quantile(levels), axis=1)


def resampled_weights(weights, n_resamples, stream):
    """Weights that a sorted pool gets when it is resampled with replacement and the estimator applied again.

    The i-th smallest of the pool takes the ranks C_{i-1}+1 ... C_i of the resampled pool, with C_i the number of draws
    among the i smallest; it gets the sum of the weights of these ranks. So a resampled estimate is a weighted sum of
    the pool itself, without sorting (derived for this project).

    Parameters
    ----------
    weights : array of shape (B,)
        Of an estimator, on the ascending pool.
    n_resamples : int
    stream : numpy.random.Generator

    Returns
    -------
    array of shape (n_resamples, B), nonnegative, rows sum to 1
    """
    n_pool = weights.size
    counts = stream.multinomial(n_pool, np.full(n_pool, 1 / n_pool), size=n_resamples)
    mass = np.concatenate([[0.0], np.cumsum(weights)])
    return np.diff(mass[np.cumsum(counts, axis=1)], axis=1, prepend=0.0)


def percentile_intervals(pools, weights, *, n_resamples, seed, level=0.95, batch=25):
    """Percentile intervals of the bootstrap for an estimator that is a weighted sum of the sorted pool.

    Parameters
    ----------
    pools : array of shape (R, B), ascending along the last axis
    weights : array of shape (B,)
    n_resamples : int >= 2
    seed : int or list of int
    level : float in (0, 1)
    batch : int >= 1
        So many pools share their resamples.

    Returns
    -------
    intervals : array of shape (R, 2)
    centres : array of shape (R,), the mean of the resampled estimates

    Raises
    ------
    ValueError
        For arguments out of range. Source: Tang et al. (2020), arXiv 2004.13705, released code (percentile bootstrap).
        Cost: one product (batch, B) by (B, n_resamples) and one partial sort for each batch.
    """
    if int(n_resamples) != n_resamples or n_resamples < 2:
        raise ValueError(f"n_resamples must be an integer of at least 2, got {n_resamples}")
    if not 0 < level < 1:
        raise ValueError(f"level must lie in (0, 1), got {level}")
    (stream,) = streams(seed, 1)
    tail = (1 - level) / 2
    intervals, centres = np.empty((len(pools), 2)), np.empty(len(pools))
    for start in range(0, len(pools), batch):
        part = slice(start, start + batch)
        again = pools[part] @ resampled_weights(weights, n_resamples, stream).T
        intervals[part] = np.quantile(again, [tail, 1 - tail], axis=1).T
        centres[part] = again.mean(axis=1)
    return intervals, centres


def basic_intervals(estimates, intervals):
    """The percentile interval turned about the estimate, [2 e - upper, 2 e - lower].

    It moves away from the resampling bias instead of with it. Source: the "reverse" option of the code released with
    arXiv 2004.13705; classical (Efron & Tibshirani 1993).

    Parameters
    ----------
    estimates : array of shape (R,)
    intervals : array of shape (R, 2)

    Returns
    -------
    array of shape (R, 2)
    """
    return 2 * np.asarray(estimates)[:, None] - np.asarray(intervals)[:, ::-1]


def covers(intervals, value):
    """Which intervals contain the value: bool array of shape (R,) (derived for this project)."""
    return (intervals[:, 0] <= value) & (value <= intervals[:, 1])
