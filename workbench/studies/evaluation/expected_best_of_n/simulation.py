"""Pools of scores, both estimates on each of them, and bootstrap intervals; batched over replications.

The setting of Tang et al. (2020), arXiv 2004.13705: B finished runs, and the question how good the best of n would be.
"""

from typing import NamedTuple

import numpy as np

from workbench.best_of_n import subset_weights
from workbench.montecarlo import batches, streams
from workbench.studies.evaluation.expected_best_of_n.laws import draw, expected_best
from workbench.studies.evaluation.expected_best_of_n.theory import plug_in_weights


class Estimates(NamedTuple):
    """Both estimates for each n on the same pools, (R, k); the unbiased one is NaN for n > B, where there is none."""

    plug_in: np.ndarray
    unbiased: np.ndarray


def estimates(scores, sizes):
    """Both estimates of the expected best of n, for every n in ``sizes``.

    Parameters
    ----------
    scores : array (..., B)
    sizes : array of int (k,), each >= 1

    Returns
    -------
    Estimates, arrays (..., k). Cost: one sort, and two products of (..., B) by (B, k). The estimators of Dodge et al.
    (2019), arXiv 1909.03004, and Tang et al. (2020), arXiv 2004.13705.
    """
    ordered = np.sort(np.asarray(scores, dtype=float), axis=-1)
    n_pool = ordered.shape[-1]
    plug_in = np.stack([plug_in_weights(n_pool, n) for n in sizes], axis=-1)
    none = np.full(n_pool, np.nan)
    unbiased = np.stack([subset_weights(n_pool, n) if n <= n_pool else none for n in sizes], axis=-1)
    return Estimates(ordered @ plug_in, ordered @ unbiased)


def simulate(law, n_pool, sizes, *, n_replications, seed):
    """Both estimates on independent pools of B scores.

    Parameters
    ----------
    law : str, see ``laws.draw``
    n_pool : int, B >= 1
    sizes : array of int (k,)
    n_replications : int, R
    seed : int or sequence of int

    Returns
    -------
    Estimates, arrays (R, k); a row is one pool, so that differences along it are paired
    """
    (stream,) = streams(seed, 1)
    return estimates(draw(law, (n_replications, n_pool), stream), sizes)


def bootstrap_covers(law, n_pool, n, *, level=0.95, n_resamples=200, n_replications, seed):
    """Whether the percentile bootstrap interval of the plug-in holds the true expected best of n, pool by pool.

    Each pool is resampled B out of B with replacement; the interval runs between the quantiles of the plug-in on the
    resamples. Tang et al. (2020), arXiv 2004.13705, criticise this interval.

    Parameters
    ----------
    law : str
    n_pool, n : int
    level : float in (0, 1)
    n_resamples, n_replications : int
    seed : int or sequence of int

    Returns
    -------
    array of bool (R,). Cost: R n_resamples sorts of B integers.

    Raises
    ------
    ValueError
        For a level out of range.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie in (0, 1), got {level}")
    scores_stream, resample_stream = streams(seed, 2)
    weights, truth = plug_in_weights(n_pool, n), float(expected_best(law, n))
    covered = []
    for count in batches(n_replications, 2 * n_resamples * n_pool):
        ordered = np.sort(draw(law, (count, n_pool), scores_stream), axis=-1)
        places = np.sort(resample_stream.integers(n_pool, size=(count, n_resamples, n_pool)), axis=-1)
        resampled = np.take_along_axis(ordered[:, None, :], places, axis=-1) @ weights
        low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2], axis=-1)
        covered.append((low <= truth) & (truth <= high))
    return np.concatenate(covered)
