"""The adjusted confidence interval for the squared calibration error.

Sun, Chaudhari, Barnett & Dobriban (2024), arXiv 2408.08998: overview figure and published code.
"""

import numpy as np
from scipy.special import ndtri


def adjusted_interval(estimate, standard_error, null_sd, *, level=0.1):
    """The interval C: three cases for its lower end, and a separate decision about zero.

    With T+ = max(T, 0), s = sigma_1/sqrt(n) as estimated, and z_a the normal value exceeded with probability a:

        [T+ - z_{a/2} s, T+ + z_{a/2} s]           if T+ - z_{a/2} s >= T+/2       (far away: two-sided)
        (max(0, T+ - z_a s), T+ + z_{a/2} s]       if T+ - z_a s < T+/2            (near: the lower end is one-sided)
        [T+/2, T+ + z_{a/2} s]                     otherwise
        and the point 0 besides                    if T+ < z_a null_sd

    Parameters
    ----------
    estimate : array, T
    standard_error : array >= 0, s
    null_sd : array > 0
        Standard deviation of T at perfect calibration, sigma_0/(n sqrt(w)).
    level : float in (0, 1/2)
        Chance alpha of missing that is aimed at.

    Returns
    -------
    lower, upper, has_zero : arrays; 0 belongs to the interval exactly where ``has_zero``.

    Raises
    ------
    ValueError
        For arguments out of range.
    """
    check_level(level)
    s = np.asarray(standard_error, dtype=float)
    if np.any(~(s >= 0)):
        raise ValueError(f"standard_error must be >= 0, got {np.min(s)}")
    if np.any(~(np.asarray(null_sd) > 0)):
        raise ValueError(f"null_sd must be > 0, got {np.min(null_sd)}")
    one, two = -ndtri(level), -ndtri(level / 2)
    clipped = np.maximum(np.asarray(estimate, dtype=float), 0)
    lower = np.where(
        clipped / 2 <= clipped - two * s,
        clipped - two * s,
        np.where(clipped - one * s < clipped / 2, np.maximum(0, clipped - one * s), clipped / 2),
    )
    return lower, clipped + two * s, clipped < one * null_sd


def covers(interval, target):
    """Whether the interval of `adjusted_interval` holds the target; 0 is a matter of ``has_zero`` alone.

    Parameters
    ----------
    interval : lower, upper, has_zero
    target : number >= 0

    Returns
    -------
    array of bool. Source: arXiv 2408.08998, overview figure.
    """
    lower, upper, has_zero = interval
    if not target >= 0:
        raise ValueError(f"target must be >= 0, got {target}")
    return has_zero if target == 0 else (lower <= target) & (target <= upper)


def check_level(level):
    """``ValueError`` with a sentence for a level out of range (no theorem: a check of input)."""
    if not 0 < level < 0.5:
        raise ValueError(f"level must lie in (0, 0.5), got {level}")
