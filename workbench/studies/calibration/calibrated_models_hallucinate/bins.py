"""Generative calibration: bins of statements by the probability that the model gives them, and two ways to compare.

Statements come in *cells* of statements alike: ``size`` of them in a cell, each with probability g under the model and
p in truth. All arrays have shape (replications, cells).
"""

import numpy as np

KINDS = ("levels", "factor", "width")


def partition(g, kind="levels", step=None):
    """Label each cell with the bin of its probability.

    Parameters
    ----------
    g : array (R, cells), >= 0
    kind : "levels", "factor" or "width"
        One bin for each value of g (up to a relative 1e-9); bins whose ends differ by the factor ``step`` > 1, with
        g = 0 in a bin of its own; or bins of equal width ``step`` in (0, 1], as for classifiers.
    step : float, optional

    Returns
    -------
    array of int (R, cells), from 0 in each replication.

    Raises
    ------
    ValueError
        For a kind or a step out of range.

    Notes
    -----
    The first two are bins in the sense of Kalai & Vempala (2023), arXiv 2311.14648, as far as known; the last is how
    the calibration of classifiers is usually measured. Cost: one sort of each row.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be 'levels', 'factor' or 'width', got {kind!r}")
    if kind == "levels":
        if step is not None:
            raise ValueError(f"step must be left out for bins by levels, got {step}")
        key = g
    elif kind == "factor":
        if step is None or not step > 1:
            raise ValueError(f"step must be greater than 1 for bins by a factor, got {step}")
        key = np.floor(np.log(np.where(g > 0, g, 1.0)) / np.log(step) + 1e-9)
        key = np.where(g > 0, key - key.min() + 1, 0.0)
    else:
        if step is None or not 0 < step <= 1:
            raise ValueError(f"step must lie in (0, 1] for bins of equal width, got {step}")
        key = np.floor(g / step)
    order = np.argsort(key, axis=1)
    ordered = np.take_along_axis(key, order, axis=1)
    new = np.zeros(g.shape, dtype=np.int64)
    new[:, 1:] = ordered[:, 1:] > ordered[:, :-1] * (1 + 1e-9)
    labels = np.empty_like(new)
    np.put_along_axis(labels, order, np.cumsum(new, axis=1), axis=1)
    return labels


def coarse(values, labels):
    """Sum of ``values`` (R, cells) over each bin, given back to every cell of the bin. Derived for this project.

    Cost: O(R cells).
    """
    rows, cells = labels.shape
    flat = labels + cells * np.arange(rows)[:, None]
    return np.bincount(flat.ravel(), weights=values.ravel(), minlength=rows * cells)[flat]


def miscalibration(g, p, size, labels, compare="distance"):
    """How far the model is from telling the truth about its bins, in [0, 1].

        distance   total variation between g and p^, which spreads p evenly over each bin:  sum |g - p(B)/|B||/2
        gap        what a reliability diagram shows:  sum_B |g(B) - p(B)|/2

    Equal on bins by levels; on coarser bins the gap is smaller, as it does not see how g is spread within a bin. Both
    are readings of the generative calibration of Kalai & Vempala (2023), arXiv 2311.14648; the comparison was derived
    for this project.

    Parameters
    ----------
    g, p, size : arrays (R, cells)
        Probabilities per statement, and statements per cell.
    labels : array of int (R, cells)
    compare : "distance" or "gap"

    Returns
    -------
    array (R,). Cost: O(R cells).
    """
    if compare not in ("distance", "gap"):
        raise ValueError(f"compare must be 'distance' or 'gap', got {compare!r}")
    bin_size = coarse(size, labels)
    bin_p = coarse(size * p, labels)
    own = g if compare == "distance" else coarse(size * g, labels) / np.maximum(bin_size, 1)
    return np.sum(size * np.abs(own - bin_p / np.maximum(bin_size, 1)), axis=1) / 2
