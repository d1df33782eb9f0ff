"""The debiased and the plug-in estimator of the squared calibration error, from the sums of each bin.

Sun, Chaudhari, Barnett & Dobriban (2024), arXiv 2408.08998: overview figure and published code.
"""

from typing import NamedTuple

import numpy as np


class BinSums(NamedTuple):
    """What the estimators need of a sample: for each replication and bin, sums over its predictions.

    counts : array (..., m), how many predictions fell into the bin
    sums : array (..., m, k), the sum of their residuals r = Y - Z
    products : array (..., m, k, k), the sum of r r'
    """

    counts: np.ndarray
    sums: np.ndarray
    products: np.ndarray


def debiased_estimate(bins):
    """T, the debiased estimate of the squared calibration error; it can be negative.

        T = (1/n) sum_{b: n_b >= 2} (|S_b|^2 - sum_i |r_i|^2)/(n_b - 1)

    Only products of two *different* predictions count, so a bin with fewer than two adds nothing. Source: overview
    figure of arXiv 2408.08998.

    Parameters
    ----------
    bins : BinSums with leading axes (...)

    Returns
    -------
    array of shape (...). Cost: O(m k).
    """
    counts = np.asarray(bins.counts)
    squares = np.trace(bins.products, axis1=-2, axis2=-1)
    pairs = np.sum(bins.sums**2, axis=-1) - squares
    usable = counts >= 2
    return np.sum(np.where(usable, pairs / np.where(usable, counts - 1, 1), 0.0), axis=-1) / counts.sum(axis=-1)


def plug_in_estimate(bins):
    """The usual binned estimate, sum_b (n_b/n) |S_b/n_b|^2: each bin's observed gap, squared.

    Parameters and cost as for `debiased_estimate`. Source: the common definition of the binned l2 calibration error.
    """
    counts = np.asarray(bins.counts)
    return np.sum(np.sum(bins.sums**2, axis=-1) / np.maximum(counts, 1), axis=-1) / counts.sum(axis=-1)


def plug_in_variance(bins):
    """The estimate of sigma_1^2 = lim n Var(T) off calibration, with each bin's observed means put in.

        sum_b (n_b/n) (4 d_b' M_b d_b - 3 |d_b|^4) - (sum_b (n_b/n) |d_b|^2)^2

    with d_b the mean residual and M_b the mean of r r' in bin b. Source: published code of arXiv 2408.08998. Never
    negative.

    Parameters and cost as for `debiased_estimate`; O(m k^2).
    """
    counts = np.asarray(bins.counts)
    share = counts / counts.sum(axis=-1, keepdims=True)
    mean = bins.sums / np.maximum(counts, 1)[..., None]
    gap = np.sum(mean**2, axis=-1)
    quadratic = np.einsum("...i,...ij,...j->...", mean, bins.products, mean) / np.maximum(counts, 1)
    first = np.sum(share * (4 * quadratic - 3 * gap**2), axis=-1)
    return np.maximum(first - np.sum(share * gap, axis=-1) ** 2, 0.0)
