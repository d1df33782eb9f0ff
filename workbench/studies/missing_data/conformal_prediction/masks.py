"""Masks by number, and the laws that draw them.

Mask number c hides X_j when bit j of c is set: 0 hides nothing, 2^d - 1 everything. The union of two masks is then
``a | b``, and a is contained in b (Definition 5.1 of Zaffran et al., 2023, arXiv 2306.02732) when ``a | b == b``.
"""

import numpy as np
from scipy.special import ndtr, ndtri

MECHANISMS = ("mcar", "mar", "mnar", "outcome")
LARGEST_DIMENSION = 5


def all_masks(n_features):
    """All 2^d masks in the order of their numbers.

    Parameters
    ----------
    n_features : int in [1, 5]

    Returns
    -------
    bool array of shape (2^d, d), True where the variable is missing

    Raises
    ------
    ValueError
        For a dimension out of range: everything here enumerates the masks.
    """
    if int(n_features) != n_features or not 1 <= n_features <= LARGEST_DIMENSION:
        raise ValueError(f"n_features must be an integer in [1, {LARGEST_DIMENSION}], got {n_features}")
    return (np.arange(2**n_features)[:, None] >> np.arange(n_features)) & 1 == 1


def mask_name(mask, n_features):
    """What a mask hides, for tables and axes: "none", "X1", "X1 X3", ..."""
    return " ".join(f"X{j + 1}" for j in np.flatnonzero(all_masks(n_features)[mask])) or "none"


def missing_chances(x, y_standard, rate, mechanism, strength):
    """Chance that each entry is missing, given its row.

    A probit in a standard normal driver t, so that the overall rate is the same whatever drives it:
    Phi(a + strength t) with a = Phi^-1(rate) sqrt(1 + strength^2). The driver is nothing (mcar), X_1 for X_2 ... X_d
    while X_1 is never missing (mar), the variable itself (mnar), or the response (outcome: even A3, Y independent of M
    given X, fails). Definitions 2.1 to 2.3 of Zaffran et al. (2023), arXiv 2306.02732; these laws were chosen here.

    Parameters
    ----------
    x : array of shape (..., d), standardised features
    y_standard : array of shape (...), standardised response
    rate : float in (0, 1)
    mechanism : "mcar", "mar", "mnar" or "outcome"
    strength : float >= 0

    Returns
    -------
    array of shape (..., d); entries are missing independently of each other given the row

    Raises
    ------
    ValueError
        For arguments out of range.
    """
    check_mechanism(rate, mechanism, strength)
    if mechanism == "mar" and x.shape[-1] < 2:
        raise ValueError("mechanism 'mar' needs n_features >= 2: X_1 is never missing and drives the others, got 1")
    if mechanism == "mcar":
        return np.full(x.shape, float(rate))
    driver = {"mar": x[..., :1], "mnar": x, "outcome": np.asarray(y_standard)[..., None]}[mechanism]
    chances = ndtr(ndtri(rate) * np.sqrt(1 + strength**2) + strength * driver) * np.ones(x.shape)
    if mechanism == "mar":
        chances[..., 0] = 0.0
    return chances


def mask_chances(chances):
    """Chance of every mask from the chances of its entries: the product over the variables.

    Parameters
    ----------
    chances : array of shape (..., d)

    Returns
    -------
    array of shape (..., 2^d), sums to 1
    """
    chances = np.asarray(chances, dtype=float)
    weights = np.ones(chances.shape[:-1] + (1,))
    for j in range(chances.shape[-1]):  # bit j doubles the list: first all masks without X_j, then all with it
        p = chances[..., j, None]
        weights = np.concatenate([weights * (1 - p), weights * p], axis=-1)
    return weights


def check_mechanism(rate, mechanism, strength):
    """``ValueError`` with a sentence for arguments out of range."""
    if not 0 < rate < 1:
        raise ValueError(f"rate must lie in (0, 1), got {rate}")
    if mechanism not in MECHANISMS:
        raise ValueError(f"mechanism must be one of {', '.join(MECHANISMS)}, got {mechanism!r}")
    if not (np.isfinite(strength) and strength >= 0):
        raise ValueError(f"strength must be a finite number >= 0, got {strength}")
