"""Test error after n generations: exact where a closed form exists, else the proportional limit."""

from typing import NamedTuple

import numpy as np

from workbench.spectral import degrees_of_freedom, effective_ridge
from workbench.studies.collapse.model_collapse_regression.spectra import check_design, check_noise


class CollapseError(NamedTuple):
    """Clean bias and variance, and what n generations of synthetic data add; arrays over generations."""

    bias: np.ndarray
    variance: np.ndarray
    collapse: np.ndarray

    @property
    def total(self):
        return self.bias + self.variance + self.collapse


def test_error(
    generations, eigenvalues, signal_squared, n_samples, n_generator_samples, noise, generator_noise, ridge=0.0
):
    """Test error E |w_pred - w_0|^2_Sigma after n synthetic generations; label noise of the test left out.

    n counts generators: n = 0 is clean data. Generators are minimum-norm least squares on T_0 fresh rows with noise
    sigma_0; the last fit has its own T rows, noise sigma and ridge lambda (X'X/T + lambda).

    Parameters
    ----------
    generations : array of int >= 0
    eigenvalues, signal_squared : arrays (d,), the eigenvalues of Sigma and the squared coordinates of w_0
    n_samples, n_generator_samples : int, T and T_0; T_0 not within 1 of d, nor T if the ridge is 0
    noise, generator_noise, ridge : float >= 0

    Returns
    -------
    CollapseError
        Arrays of the shape of ``generations``; ``bias`` and ``variance`` are those of clean data.

    Raises
    ------
    ValueError
        For arguments out of range or a mean that does not exist.

    Notes
    -----
    Exact for Gaussian features with lambda = 0 and either T >= d+2 and T_0 >= d+2 (any Sigma) or Sigma isotropic; else
    the proportional limit. Theorem 4.1 of Dohmatob, Feng & Kempe (2024), arXiv 2402.07712, for T_0 > d; the
    over-parametrised recursion for general Sigma was derived for this project. Cost: O(d) per generation.
    """
    generations = np.asarray(generations)
    eigenvalues, signal_squared = np.asarray(eigenvalues, dtype=float), np.asarray(signal_squared, dtype=float)
    if np.any(generations < 0) or np.any(generations != np.round(generations)):
        raise ValueError("generations must be integers >= 0")
    d = eigenvalues.size
    check_design(d, n_samples, n_generator_samples, ridge)
    check_noise(noise, generator_noise)
    second, cross = generator_moments(
        int(generations.max(initial=0)), eigenvalues, signal_squared, n_generator_samples, generator_noise
    )
    bias, variance, weight_second, weight_cross = _last_fit(eigenvalues, signal_squared, n_samples, noise, ridge)
    added = second - signal_squared, cross - signal_squared
    collapse = added[0] @ weight_second - added[1] @ weight_cross
    shape = np.ones(generations.shape)
    return CollapseError(bias * shape, variance * shape, collapse[generations])


def ridge_error(
    generations, eigenvalues, signal_squared, n_samples, n_generator_samples, noise, generator_noise, ridge
):
    """The closed form for under-parametrised generators, T_0 >= d + 2: only the collapse term depends on n.

        bias      kappa^2 w_0' Sigma (Sigma+kappa)^-2 w_0  T/(T - df_2)
        variance  sigma^2 df_2/(T - df_2)
        collapse  n sigma_0^2/(T_0-d-1) [df_2 + kappa^2 tr (Sigma+kappa)^-2 df_2/(T - df_2)]

    Dohmatob, Feng & Kempe (2024), arXiv 2402.07712, ridge theorem; T_0 - d of the limit replaced by T_0 - d - 1,
    which is exact for the generators. Arguments and result as in :func:`test_error`; ``ridge`` may be an array, which
    then broadcasts against ``generations``.
    """
    d = np.size(eigenvalues)
    if n_generator_samples < d + 2:
        raise ValueError(f"this form needs n_generator_samples >= {d + 2}, got {n_generator_samples}")
    kappa = effective_ridge(n_samples, eigenvalues, ridge=ridge)
    df2 = degrees_of_freedom(kappa, eigenvalues, order=2)
    shrunk = (kappa[..., None] / (eigenvalues + kappa[..., None])) ** 2
    bias = np.sum(shrunk * eigenvalues * signal_squared, axis=-1) * n_samples / (n_samples - df2)
    variance = noise**2 * df2 / (n_samples - df2)
    per_generation = df2 + np.sum(shrunk, axis=-1) * df2 / (n_samples - df2)
    collapse = np.asarray(generations) * generator_noise**2 / (n_generator_samples - d - 1) * per_generation
    return CollapseError(*np.broadcast_arrays(bias, variance, collapse))


def generator_moments(n_generations, eigenvalues, signal_squared, n_generator_samples, generator_noise):
    """Diagonals of E w_n w_n' and E w_n w_0' in the eigenbasis, for n = 0 ... n_generations: shapes (n+1, d) each.

    T_0 >= d + 2: the generators add sigma_0^2 Sigma^-1/(T_0-d-1) each, exactly. T_0 <= d - 2: each projects on T_0
    directions; exact for Sigma isotropic, the proportional limit (effective ridge kappa_0 with df_1 = T_0) otherwise.
    """
    s, d, t0 = eigenvalues, eigenvalues.size, n_generator_samples
    n = np.arange(n_generations + 1)[:, None]
    if t0 >= d + 2:
        return signal_squared + n * generator_noise**2 / (s * (t0 - d - 1)), signal_squared + 0 * n * s
    second, cross = np.empty((n_generations + 1, d)), np.empty((n_generations + 1, d))
    second[0] = cross[0] = signal_squared
    isotropic = np.all(s == s[0])
    kappa = float(effective_ridge(t0, s))
    keep = s / (s + kappa)
    spread = s / (s + kappa) ** 2
    gap = t0 - np.sum(keep**2)
    for i in range(n_generations):
        cross[i + 1] = keep * cross[i]
        if isotropic:
            # a random projection keeps the share T_0/d of the length, spread over all directions
            second[i + 1] = t0 / d * np.mean(second[i]) + generator_noise**2 * t0 / (d * s * (d - t0 - 1))
        else:
            second[i + 1] = (
                keep**2 * second[i]
                + kappa**2 * spread * np.sum(spread * second[i]) / gap
                + generator_noise**2 * spread / gap
            )
    return second, cross


def _last_fit(s, signal_squared, n_samples, noise, ridge):
    """Bias and variance of the last fit on clean data, and its error's weights on the moments of its labels' model."""
    d, t = s.size, n_samples
    if ridge == 0 and t >= d + 2:
        return 0.0, noise**2 * d / (t - d - 1), s, 2 * s
    if ridge == 0 and np.all(s == s[0]):
        share = t / d
        bias = s[0] * signal_squared.sum() * (1 - share)
        return bias, noise**2 * t / (d - t - 1), share * s, 2 * share * s
    kappa = float(effective_ridge(t, s, ridge=ridge))
    df2 = np.sum((s / (s + kappa)) ** 2)
    miss = kappa / (s + kappa)
    inflation = t / (t - df2)
    # E_test = sum s (u - 2v + w0^2) - 2 sum s D (u - v) + T/(T-df_2) sum s D^2 u + variance, D = miss
    bias = inflation * np.sum(s * miss**2 * signal_squared)
    return bias, noise**2 * df2 / (t - df2), s * (1 - 2 * miss + inflation * miss**2), 2 * s * (1 - miss)


test_error.__test__ = False  # not a test, whatever its name
