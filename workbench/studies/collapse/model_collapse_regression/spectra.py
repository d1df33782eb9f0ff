"""Covariance and signal: isotropic, or power laws with a source condition; and the checks that all parts share."""

import numpy as np


def covariance_and_signal(n_features, spectrum_exponent, source_exponent, signal):
    """Eigenvalues s_j of Sigma and squared coordinates w_0j^2 of the truth, two arrays of shape (d,).

    beta = 0: s_j = 1 and |w_0| = signal, spread evenly. beta > 0: s_j = j^-beta and
    w_0j^2 = signal^2 j^-(1 + beta (2r - 1)), so that s_j w_0j^2 falls like j^-(1 + 2 r beta).

    Parameters
    ----------
    n_features : int, d
    spectrum_exponent : float >= 0, beta
    source_exponent : float >= 0, r
    signal : float >= 0
    """
    if int(n_features) != n_features or n_features < 1:
        raise ValueError(f"n_features must be a positive integer, got {n_features}")
    for name, value in (
        ("spectrum_exponent", spectrum_exponent),
        ("source_exponent", source_exponent),
        ("signal", signal),
    ):
        if not (np.isfinite(value) and value >= 0):
            raise ValueError(f"{name} must be a finite number >= 0, got {value}")
    j = np.arange(1, int(n_features) + 1, dtype=float)
    if spectrum_exponent == 0:
        return np.ones_like(j), np.full_like(j, signal**2 / n_features)
    return j**-spectrum_exponent, signal**2 * j ** -(1 + spectrum_exponent * (2 * source_exponent - 1))


def critical_exponent(spectrum_exponent, source_exponent):
    """ell_crit = beta / (1 + 2 min(r, 1) beta): the best decay of the ridge, T^-ell, in the presence of noise."""
    return spectrum_exponent / (1 + 2 * min(source_exponent, 1.0) * spectrum_exponent)


def adaptive_ridge(n_samples, spectrum_exponent, source_exponent):
    """The adaptive ridge T^-ell_crit (Dohmatob, Feng & Kempe 2024, arXiv 2402.07712, power-law section).

    It balances bias against variance *and* the collapse term when T_0 is of the order of T, up to constants.
    """
    return float(n_samples) ** -critical_exponent(spectrum_exponent, source_exponent)


def check_design(n_features, n_samples, n_generator_samples, ridge):
    """``ValueError`` where a mean does not exist: a least-squares fit with a sample size within 1 of d."""
    for name, value in (("n_samples", n_samples), ("n_generator_samples", n_generator_samples)):
        if int(value) != value or value < 1:
            raise ValueError(f"{name} must be a positive integer, got {value}")
    if not (np.isfinite(ridge) and ridge >= 0):
        raise ValueError(f"ridge must be a finite number >= 0, got {ridge}")
    if abs(n_generator_samples - n_features) <= 1:
        raise ValueError(
            f"n_generator_samples = {n_generator_samples} is within 1 of n_features = {n_features}, "
            "where the error of a generator has no finite mean"
        )
    if ridge == 0 and abs(n_samples - n_features) <= 1:
        raise ValueError(
            f"n_samples = {n_samples} is within 1 of n_features = {n_features} without a ridge, "
            "where the error has no finite mean"
        )


def check_noise(noise, generator_noise):
    """``ValueError`` with a sentence for a standard deviation that is negative or not finite."""
    for name, value in (("noise", noise), ("generator_noise", generator_noise)):
        if not (np.isfinite(value) and value >= 0):
            raise ValueError(f"{name} must be a finite number >= 0, got {value}")
