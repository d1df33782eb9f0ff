"""Degrees of freedom and the effective ridge: what every study of high-dimensional least squares solves."""

import numpy as np
from scipy.optimize.elementwise import find_root


def degrees_of_freedom(kappa, eigenvalues, weights=1.0, order=1):
    """df_k(kappa) = sum_j w_j (s_j / (s_j + kappa))^k.

    Parameters
    ----------
    kappa : array of any shape
    eigenvalues, weights : arrays of shape (d,), or a scalar weight
    order : int, k

    Returns
    -------
    array of the shape of ``kappa``
    """
    kappa = np.asarray(kappa, dtype=float)[..., None]
    return np.sum(weights * (eigenvalues / (eigenvalues + kappa)) ** order, axis=-1)


def effective_ridge(n_samples, eigenvalues, weights=1.0, ridge=0.0):
    """kappa >= 0 with kappa = ridge + kappa df_1(kappa)/T: the ridge that T samples of (X'X/T + ridge) act like.

    Zero for ridge 0 and T >= d; otherwise the root, in log kappa, of a monotone function between known bounds, for all
    (T, ridge) at once and to machine precision. Cost: about 12 sums over the d eigenvalues per value.

    Parameters
    ----------
    n_samples, ridge : arrays, broadcast against each other; n_samples > 0 (a ratio T/d if the weights add up to 1)
    eigenvalues : array of shape (d,), positive
    weights : array of shape (d,), positive multiplicities or shares; or a scalar

    Returns
    -------
    array of the broadcast shape

    Raises
    ------
    ValueError
        For a number of samples that is not positive, or a negative ridge.
    """
    samples, ridge = np.broadcast_arrays(np.asarray(n_samples, dtype=float), np.asarray(ridge, dtype=float))
    eigenvalues = np.asarray(eigenvalues, dtype=float)
    weights = np.broadcast_to(np.asarray(weights, dtype=float), eigenvalues.shape)
    if np.any(samples <= 0):
        raise ValueError("the number of samples must be positive")
    if np.any(ridge < 0):
        raise ValueError(f"the ridge must be >= 0, got {ridge.min()}")
    total = weights.sum()
    kappa = np.zeros(samples.shape)
    positive = (ridge > 0) | (samples < total)
    t, lam = samples[positive], ridge[positive]
    low = np.maximum(lam, eigenvalues.min() * (total / t - 1))
    high = lam + (weights @ eigenvalues) / t

    def excess(log_kappa, t, lam):
        k = np.exp(log_kappa)
        return degrees_of_freedom(k, eigenvalues, weights) + t * lam / k - t

    margin = 1e-6
    kappa[positive] = np.exp(find_root(excess, (np.log(low) - margin, np.log(high) + margin), args=(t, lam)).x)
    return kappa
