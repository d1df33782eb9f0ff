"""Samples of predictions and outcomes, reduced to the sums of their bins; batched over replications."""

import numpy as np

from workbench.montecarlo import batches, streams
from workbench.studies.calibration.calibration_error_interval.estimators import BinSums
from workbench.studies.calibration.calibration_error_interval.scores import (
    WAVE_HIGH,
    WAVE_LOW,
    check_bins,
    check_classes,
    check_wave,
)


def simulate_groups(n_samples, probabilities, scores, gaps, *, n_replications, seed):
    """Binary predictions whose score takes one value per bin: Y ~ Bernoulli(z_b + delta_b). Derived for this project.

    The counts of bins and of successes are sufficient, so a replication costs O(m) however many predictions it has.

    Parameters
    ----------
    n_samples : int >= 2
    probabilities : array (m,), chance of each score
    scores : array (m,) in [0, 1], z_b
    gaps : array (m,), delta_b, with 0 <= z_b + delta_b <= 1
    n_replications : int >= 1
    seed : int or sequence of int

    Returns
    -------
    BinSums with arrays (n_replications, m), (..., 1), (..., 1, 1)

    Raises
    ------
    ValueError
        For arguments out of range.
    """
    _check_size(n_samples)
    p, z, gaps = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in (probabilities, scores, gaps)))
    accuracy = z + gaps
    if np.any(z < 0) or np.any(z > 1) or np.any(accuracy < 0) or np.any(accuracy > 1):
        raise ValueError("scores and scores + gaps must lie in [0, 1]")
    if np.any(p < 0) or not np.isclose(p.sum(), 1):
        raise ValueError(f"probabilities must be nonnegative and sum to 1, got a sum of {p.sum():g}")
    count_stream, label_stream = streams(seed, 2)
    counts = count_stream.multinomial(n_samples, p, size=n_replications)
    hits = label_stream.binomial(counts, accuracy)
    return group_sums(counts, hits, z)


def group_sums(counts, hits, scores):
    """BinSums of predictions that share one score in each bin, from counts and successes (definition)."""
    sums = hits - counts * scores
    products = hits * (1 - scores) ** 2 + (counts - hits) * scores**2
    return BinSums(counts, sums[..., None], products[..., None, None])


def simulate_top_k(n_samples, n_classes, top_k, n_bins, shift, *, n_replications, seed):
    """K classes, stated probabilities uniform on the simplex; the truth moves ``shift`` from the first to the second.

    The model of the published code of arXiv 2408.08998, third setting. The squared error of the top k is shift^2 for
    k = 1 and 2 shift^2 for k = 2, with bins or without.

    Parameters
    ----------
    n_samples : int >= 2
    n_classes : int in [2, 20]
    top_k : 1 or 2, less than n_classes
    n_bins : int >= 1, per coordinate
    shift : float in [0, 1/n_classes]
    n_replications : int >= 1
    seed : int or sequence of int

    Returns
    -------
    BinSums with arrays (n_replications, n_bins ** top_k), (..., k), (..., k, k)

    Raises
    ------
    ValueError
        For arguments out of range.
    """
    _check_size(n_samples)
    check_classes(n_classes, top_k)
    check_bins(n_bins)
    if not 0 <= shift <= 1 / n_classes:
        raise ValueError(f"shift must lie in [0, 1/n_classes] = [0, {1 / n_classes:g}], got {shift}")
    score_stream, label_stream = streams(seed, 2)
    parts = []
    for count in batches(n_replications, 3 * n_samples * n_classes + 4 * n_bins**top_k):
        spacings = score_stream.standard_exponential((count, n_samples, n_classes))
        total = spacings.sum(axis=-1)
        z = -np.sort(-spacings, axis=-1)[..., :2] / total[..., None]
        truth = np.stack([z[..., 0] - shift, z[..., 1] + shift], axis=-1)
        uniform = label_stream.random((count, n_samples))
        first = uniform < truth[..., 0]
        second = ~first & (uniform < truth.sum(axis=-1))
        residuals = np.stack([first, second], axis=-1)[..., :top_k] - z[..., :top_k]
        parts.append(_bin_sums(z[..., :top_k], residuals, n_bins))
    return BinSums(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def simulate_wave(n_samples, n_bins, amplitude, cycles, *, n_replications, seed):
    """Binary predictions, scores uniform on (0.5, 0.9), whose gap is a wave. The model of `wave_bins`; same arguments.

    Returns
    -------
    BinSums with arrays (n_replications, n_bins), (..., 1), (..., 1, 1). Derived for this project.
    """
    _check_size(n_samples)
    check_bins(n_bins)
    check_wave(amplitude, cycles)
    score_stream, label_stream = streams(seed, 2)
    parts = []
    for count in batches(n_replications, 6 * n_samples + 3 * n_bins):
        z = score_stream.uniform(WAVE_LOW, WAVE_HIGH, (count, n_samples))
        gap = amplitude * np.sin(2 * np.pi * cycles * (z - WAVE_LOW) / (WAVE_HIGH - WAVE_LOW))
        label = label_stream.random((count, n_samples)) < z + gap
        parts.append(_bin_sums(z[..., None], (label - z)[..., None], n_bins))
    return BinSums(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _bin_sums(scores, residuals, n_bins):
    """Sums over cubic bins, for all replications with one histogram per entry."""
    count, _, k = scores.shape
    places = np.minimum((scores * n_bins).astype(np.int64), n_bins - 1)
    cell = places[..., 0] if k == 1 else places[..., 0] * n_bins + places[..., 1]
    m = n_bins**k
    flat = (cell + m * np.arange(count)[:, None]).ravel()

    def histogram(values=None):
        weights = None if values is None else values.ravel()
        return np.bincount(flat, weights, minlength=count * m).reshape(count, m)

    sums = np.stack([histogram(residuals[..., i]) for i in range(k)], axis=-1)
    products = np.empty((count, m, k, k))
    for i in range(k):
        for j in range(i + 1):
            products[..., i, j] = products[..., j, i] = histogram(residuals[..., i] * residuals[..., j])
    return BinSums(histogram(), sums, products)


def _check_size(n_samples):
    if int(n_samples) != n_samples or n_samples < 2:
        raise ValueError(f"n_samples must be an integer >= 2, got {n_samples}")
