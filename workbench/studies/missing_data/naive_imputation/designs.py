"""Covariances with the same variance in every column and any spectrum, and a signal of unit variance.

The eigenvectors are sines and cosines (columns on a ring, stationary along it): each pair that shares an eigenvalue
adds the same variance to every column. So diag(Sigma) = 1 holds exactly, where the equivalence with plain ridge is an
equality. Derived for this project; the low-rank case is Example 3.3 of Ayme et al. (2023), arXiv 2301.13585. The power
law has full rank, where the bound of their Example 3.5, of order log(r) r/d, says nothing.
"""

import numpy as np

SPECTRA = ("low_rank", "power_law", "flat")


def design(spectrum, n_features, rank=1):
    """A factor A with Sigma = A A', diag(Sigma) = 1, and coefficients b with b' Sigma b = 1.

    The signal has the same coefficient on every eigenvector of a positive eigenvalue; over the columns it peaks at the
    first ones, which matters where rates are unequal.

    Parameters
    ----------
    spectrum : "low_rank", "power_law" or "flat"
        Eigenvalues d/r on ``rank`` directions; proportional to (1 + frequency)^-2; or all 1.
    n_features : int >= 1, d
    rank : int in [1, d], r
        Used by "low_rank" alone; 1 makes all columns equal, d makes the spectrum flat.

    Returns
    -------
    factor : array of shape (d, m), m the number of positive eigenvalues
    coefficients : array of shape (d,)

    Raises
    ------
    ValueError
        For arguments out of range.
    """
    if int(n_features) != n_features or n_features < 1:
        raise ValueError(f"n_features must be a positive integer, got {n_features}")
    if spectrum not in SPECTRA:
        raise ValueError(f"spectrum must be one of {', '.join(SPECTRA)}, got {spectrum!r}")
    if int(rank) != rank or not 1 <= rank <= n_features:
        raise ValueError(f"rank must be an integer in [1, n_features] = [1, {n_features}], got {rank}")
    d = n_features
    if spectrum == "low_rank" and rank < d:
        # an odd rank takes the constant vector and pairs, an even one pairs only
        basis, frequency = _ring_basis(d, range(0 if rank % 2 else 1, rank // 2 + 1))
        eigenvalues = np.ones(len(frequency))
    else:
        basis, frequency = _ring_basis(d, range(d // 2 + 1))
        eigenvalues = (1.0 + frequency) ** -2 if spectrum == "power_law" else np.ones(d)
    eigenvalues = eigenvalues * d / eigenvalues.sum()
    return basis * np.sqrt(eigenvalues), basis.sum(axis=1) / np.sqrt(d)


def guided_design(n_features, rank, correlation=0.8):
    """The low-rank design with one more column in front: standard normal, of no effect, correlated with the signal.

    For masks that this column decides, see `mar_moments`. Derived for this project.

    Returns
    -------
    factor : array of shape (n_features + 1, rank + 1)
    coefficients : array of shape (n_features + 1,), the first one 0

    Raises
    ------
    ValueError
        For arguments out of range.
    """
    if not -1 < correlation < 1:
        raise ValueError(f"correlation must lie in (-1, 1), got {correlation}")
    low, coefficients = design("low_rank", n_features, rank)
    factor = np.zeros((n_features + 1, low.shape[1] + 1))
    factor[1:, :-1] = low
    factor[0] = np.append(correlation * (coefficients @ low), np.sqrt(1 - correlation**2))
    return factor, np.append(0.0, coefficients)


def mean_rates(n_features, rate, spread=0.0):
    """Observation rates rising evenly from ``rate - spread`` to ``rate + spread`` over the columns; shape (d,).

    ``ValueError`` unless all rates lie in (0, 1].
    """
    if not (0 < rate - abs(spread) and rate + abs(spread) <= 1):
        raise ValueError(f"rate -+ spread must lie in (0, 1], got {rate} -+ {spread}")
    return np.linspace(rate - spread, rate + spread, n_features)


def _ring_basis(d, frequencies):
    """Orthonormal sines and cosines of the given frequencies on d points, and the frequency of each column."""
    place = np.arange(d)
    columns, of = [], []
    for f in frequencies:
        if f == 0 or 2 * f == d:
            columns.append(np.cos(2 * np.pi * f * place / d) / np.sqrt(d))
            of.append(f)
        else:
            angle = 2 * np.pi * f * place / d
            columns += [np.cos(angle) * np.sqrt(2 / d), np.sin(angle) * np.sqrt(2 / d)]
            of += [f, f]
    return np.stack(columns, axis=1), np.array(of)
