"""Where scores fall: probabilities of bins for the two continuous models, and the constant sigma_0."""

import numpy as np
from scipy.special import comb

WAVE_LOW, WAVE_HIGH = 0.5, 0.9  # scores of the wave model are uniform between these


def top_k_bin_probabilities(n_classes, top_k, n_bins):
    """Chance of each cubic bin of side 1/n_bins for the k largest of a uniform point of the simplex.

    The joint distribution function of the largest and second largest of K uniform spacings is, for b <= a,

        sum_j (-1)^j [C(K,j) (1-jb)_+^(K-1) + K C(K-1,j) {(1-(j+1)b)_+^(K-1) - (1-a-jb)_+^(K-1)}]

    by inclusion and exclusion. Derived for this project. The score model (uniform on the simplex) is one of the
    published code of arXiv 2408.08998.

    Parameters
    ----------
    n_classes : int in [2, 20]
    top_k : 1 or 2, less than n_classes
    n_bins : int >= 1, per coordinate

    Returns
    -------
    array of shape (n_bins ** top_k,), in the order of ``numpy.ravel``.

    Raises
    ------
    ValueError
        For arguments out of range.
    """
    check_classes(n_classes, top_k)
    check_bins(n_bins)
    K, edges = n_classes, np.arange(n_bins + 1) / n_bins
    if top_k == 1:
        return np.maximum(np.diff(_largest_below(edges, K)), 0)
    a, b = np.meshgrid(edges, edges, indexing="ij")
    b = np.minimum(a, b)
    j = np.arange(K).reshape(-1, 1, 1)
    power = _positive(1 - (j + 1) * b, K) - _positive(1 - a - j * b, K)
    joint = _largest_below(b, K) + K * np.sum((-1.0) ** j * comb(K - 1, j) * power, axis=0)
    return np.maximum(np.diff(np.diff(joint, axis=0), axis=1), 0).ravel()


def sigma0_squared(n_classes, top_k):
    """2 times the integral of |diag(z) - z z'|_F^2 over z_1 >= ... >= z_k >= 0, k/K <= sum z <= 1: whatever the scores.

    With bins of volume w, n sqrt(w) T/sigma_0 tends to a standard normal at calibration. Source: overview figure and
    published code of arXiv 2408.08998 (there by a Riemann sum; here exactly, the integrand being a polynomial).

    Parameters
    ----------
    n_classes : int in [2, 20]
    top_k : 1 or 2, less than n_classes

    Returns
    -------
    float
    """
    check_classes(n_classes, top_k)
    if top_k == 1:
        return float(np.diff([2 * (x**3 / 3 - x**4 / 2 + x**5 / 5) for x in (1 / n_classes, 1.0)])[0])
    node, weight = np.polynomial.legendre.leggauss(8)
    total = 0.0
    kinks = sorted({1 / n_classes, 2 / n_classes, 0.5, 1.0})
    for low, high in zip(kinks[:-1], kinks[1:], strict=True):
        first = low + (high - low) * (node + 1) / 2
        start, end = np.maximum(0, 2 / n_classes - first), np.minimum(first, 1 - first)
        second = start[:, None] + (end - start)[:, None] * (node + 1) / 2
        z = np.stack(np.broadcast_arrays(first[:, None], second), axis=-1)
        value = np.sum(z**2 - 2 * z**3, axis=-1) + np.sum(z**2, axis=-1) ** 2
        total += (high - low) / 2 * weight @ ((end - start) / 2 * (value @ weight))
    return 2 * float(total)


def wave_bins(n_bins, amplitude, cycles):
    """Bin probabilities and mean gaps of the wave model: scores uniform on (0.5, 0.9), gap a sin(2 pi c (z-0.5)/0.4).

    The squared error without bins is a^2/2. Derived for this project.

    Parameters
    ----------
    n_bins : int >= 1, of width 1/n_bins on (0, 1)
    amplitude : float in [0, 0.1], a
    cycles : int >= 1, c

    Returns
    -------
    probabilities, gaps : arrays of shape (n_bins,)
    """
    check_bins(n_bins)
    check_wave(amplitude, cycles)
    edges = np.clip(np.arange(n_bins + 1) / n_bins, WAVE_LOW, WAVE_HIGH)
    width = WAVE_HIGH - WAVE_LOW
    omega = 2 * np.pi * cycles / width
    probabilities = np.diff(edges) / width
    integral = -amplitude * np.diff(np.cos(omega * (edges - WAVE_LOW))) / (omega * width)
    filled = probabilities > 0
    return probabilities, np.where(filled, integral / np.where(filled, probabilities, 1), 0.0)


def check_classes(n_classes, top_k):
    """``ValueError`` with a sentence for a number of classes out of range (no theorem)."""
    if int(n_classes) != n_classes or not 2 <= n_classes <= 20:
        raise ValueError(f"n_classes must be an integer in [2, 20], got {n_classes}")
    if top_k not in (1, 2) or top_k >= n_classes:
        raise ValueError(f"top_k must be 1 or 2 and less than n_classes = {n_classes}, got {top_k}")


def check_bins(n_bins):
    """``ValueError`` with a sentence for a number of bins out of range (no theorem)."""
    if int(n_bins) != n_bins or n_bins < 1:
        raise ValueError(f"n_bins must be an integer >= 1, got {n_bins}")


def check_wave(amplitude, cycles):
    """``ValueError`` with a sentence for a wave out of range (no theorem)."""
    if not 0 <= amplitude <= 0.1:
        raise ValueError(f"amplitude must lie in [0, 0.1], got {amplitude}")
    if int(cycles) != cycles or cycles < 1:
        raise ValueError(f"cycles must be an integer >= 1, got {cycles}")


def _positive(x, K):
    return np.maximum(x, 0) ** (K - 1)


def _largest_below(x, K):
    j = np.arange(K + 1).reshape(-1, *[1] * np.ndim(x))
    return np.sum((-1.0) ** j * comb(K, j) * _positive(1 - j * x, K), axis=0)
