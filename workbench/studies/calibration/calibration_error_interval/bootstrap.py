"""The bootstrap interval that arXiv 2408.08998 compares with, for predictions with one score per bin."""

from typing import NamedTuple

import numpy as np

from workbench.montecarlo import batches, streams
from workbench.studies.calibration.calibration_error_interval.estimators import debiased_estimate
from workbench.studies.calibration.calibration_error_interval.interval import check_level
from workbench.studies.calibration.calibration_error_interval.simulation import group_sums


class Bootstrap(NamedTuple):
    """Ends of the interval, and mean and variance of T over the resamples; arrays (R,) (see `bootstrap_interval`)."""

    lower: np.ndarray
    upper: np.ndarray
    mean: np.ndarray
    variance: np.ndarray


def bootstrap_interval(bins, scores, *, level=0.1, n_resamples=200, seed=0):
    """Percentile bootstrap: n predictions drawn with replacement, T computed on each, its quantiles taken.

    As in the published code of Sun et al. (2024), arXiv 2408.08998, but clipped at zero like the interval it is
    compared with.

    Parameters
    ----------
    bins : BinSums of `simulate_groups`, R replications
    scores : array (m,), the score of each bin
    level : float in (0, 1/2)
    n_resamples : int >= 20
    seed : int or sequence of int

    Returns
    -------
    Bootstrap. Cost: R n_resamples multinomial draws of 2m cells.

    Raises
    ------
    ValueError
        For arguments out of range.
    """
    check_level(level)
    if int(n_resamples) != n_resamples or n_resamples < 20:
        raise ValueError(f"n_resamples must be an integer >= 20, got {n_resamples}")
    scores, counts = np.asarray(scores, dtype=float), np.asarray(bins.counts)
    hits = np.rint(bins.sums[..., 0] + counts * scores).astype(np.int64)
    cells = np.concatenate([hits, counts - hits], axis=1)
    n, m = int(counts[0].sum()), len(scores)
    (stream,) = streams(seed, 1)
    parts, done = [], 0
    for count in batches(len(cells), 8 * n_resamples * m):
        part = cells[done : done + count]
        done += count
        drawn = stream.multinomial(n, (part / n)[:, None, :], size=(count, n_resamples))
        resampled = debiased_estimate(group_sums(drawn[..., :m] + drawn[..., m:], drawn[..., :m], scores))
        ends = np.quantile(resampled, [level / 2, 1 - level / 2], axis=1)
        parts.append([*np.maximum(ends, 0), resampled.mean(axis=1), resampled.var(axis=1, ddof=1)])
    return Bootstrap(*(np.concatenate(part) for part in zip(*parts, strict=True)))
