"""Between calibrated and miscalibrated: the coverage where the error is of the size of its own noise.

Neither limit of arXiv 2408.08998 (Sun et al. 2024) holds if the gaps shrink like 1/sqrt(n). Then with B bins of equal
residual variance v,

    n T/v -> W - B,   n s/v -> 2 sqrt(W),   W ~ noncentral chi-squared, B degrees of freedom, noncentrality n theta/v,

since T and its estimated standard error s (`plug_in_variance`) depend on the same observed gaps. The sample size has
dropped out. Derived for this project.
"""

import numpy as np
from scipy.special import chndtr, gammainc, ndtri

from workbench.studies.calibration.calibration_error_interval.interval import check_level


def transition_coverage(noncentrality, n_bins, *, level=0.1):
    """Limiting coverage of the adjusted interval when n theta/v stays fixed.

    Every end of the interval is monotone in W, so coverage is the mass of W between two points: the upper end reaches
    the target from w_low on, and the lower end passes it at w_high.

    Parameters
    ----------
    noncentrality : array > 0, n theta/v
    n_bins : array of int >= 1, B: bins that hold predictions
    level : float in (0, 1/2)

    Returns
    -------
    array, broadcast. Source: derived for this project. Cost: two noncentral chi-squared probabilities each.

    Raises
    ------
    ValueError
        For arguments out of range.
    """
    check_level(level)
    x, bins = np.broadcast_arrays(np.asarray(noncentrality, dtype=float), np.asarray(n_bins, dtype=float))
    if np.any(~(x > 0)):
        raise ValueError(f"noncentrality must be > 0, got {np.min(x)}; at 0 use zero_coverage")
    _check_bins(bins)
    one, two = -ndtri(level), -ndtri(level / 2)
    low = np.minimum((np.sqrt(two**2 + x + bins) - two) ** 2, (x / (2 * two)) ** 2)
    two_sided = (np.sqrt(two**2 + x + bins) + two) ** 2
    one_sided = (np.sqrt(one**2 + x + bins) + one) ** 2
    high = np.minimum(two_sided, np.maximum(one_sided, bins + 2 * x))
    return chndtr(high, bins, x) - chndtr(low, bins, x)


def zero_coverage(n_bins, *, level=0.1):
    """Limiting coverage of zero at perfect calibration: P(W - B < z sqrt(2 B)), W central chi-squared.

    Parameters
    ----------
    n_bins : array of int >= 1
    level : float in (0, 1/2)

    Returns
    -------
    array. Source: derived for this project.
    """
    check_level(level)
    bins = np.asarray(n_bins, dtype=float)
    _check_bins(bins)
    return gammainc(bins / 2, (bins - ndtri(level) * np.sqrt(2 * bins)) / 2)


def worst_coverage(n_bins, *, level=0.1):
    """The lowest limiting coverage over all sizes of the error, and the noncentrality where it occurs.

    Parameters
    ----------
    n_bins : int >= 1
    level : float in (0, 1/2)

    Returns
    -------
    coverage, noncentrality : float. A search on a grid from 0.01 to 1000 sqrt(B), 2000 points. Derived for this
    project.
    """
    grid = np.geomspace(0.01, 1000, 2000) * np.sqrt(n_bins)
    values = transition_coverage(grid, n_bins, level=level)
    lowest = int(np.argmin(values))
    return float(values[lowest]), float(grid[lowest])


def _check_bins(bins):
    if np.any(bins < 1) or np.any(bins != np.round(bins)):
        raise ValueError(f"n_bins must be integers >= 1, got {np.min(bins):g}")
