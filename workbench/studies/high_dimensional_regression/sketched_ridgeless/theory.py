"""Limits and exact finite-sample means of the risk."""

from typing import NamedTuple

import numpy as np

from workbench import spectral
from workbench.studies.high_dimensional_regression.sketched_ridgeless.spectra import (
    ISOTROPIC,
    check_sizes,
    check_sketch,
    parse_alignment,
    parse_spectrum,
)


class Risk(NamedTuple):
    """Bias and variance, arrays of one shape; the risk is their sum."""

    bias: np.ndarray
    variance: np.ndarray

    @property
    def total(self):
        return self.bias + self.variance


def limiting_risk(phi, psi, signal, noise, *, sketch="orthogonal", spectrum=ISOTROPIC, alignment=None):
    """Limit of the risk as n, p, m grow with p/n = phi and m/n = psi.

    Fewer rows than features (c = phi/psi > 1), any sketch, with kappa from :func:`effective_ridge`:

        bias      alpha^2 kappa / c                                          random signal
                  alpha^2 kappa^2 int x/(x+kappa)^2 dG(x) / (1 - I)          fixed signal of alignment G
        variance  sigma^2 I / (1 - I),   I = c int (x/(x+kappa))^2 dH(x)

    which is alpha^2 (1 - 1/c) + sigma^2/(c - 1) for isotropic features. More rows than features (c < 1), any spectrum:
    bias 0 and variance sigma^2 c/(1-c) for an orthogonal sketch, sigma^2 [phi/(1-phi) + c/(1-c)] for a Gaussian one.
    At c = 1 the variance is infinite.

    Parameters
    ----------
    phi, psi : positive arrays, broadcast against each other; psi <= 1
    signal, noise, sketch, spectrum, alignment
        As in the package's table.

    Returns
    -------
    Risk
        Arrays of the broadcast shape.

    Raises
    ------
    ValueError
        For arguments out of range.

    Notes
    -----
    Theorem 3.2, Lemma 4.1 and Theorem 4.2 of arXiv 2302.01088; the fixed-signal form for correlated features was
    derived for this project. A root of one monotone function per (phi, psi), all at once.
    """
    check_sketch(sketch)
    values, shares = parse_spectrum(spectrum)
    phi, psi = np.broadcast_arrays(np.asarray(phi, dtype=float), np.asarray(psi, dtype=float))
    if np.any(phi <= 0) or np.any(psi <= 0) or np.any(psi > 1):
        raise ValueError("phi must be positive and psi must lie in (0, 1]")
    _check_signal_and_noise(signal, noise)
    c = phi / psi
    bias, variance = np.zeros(c.shape), np.full(c.shape, np.inf if noise > 0 else 0.0)

    under = c > 1
    kappa = effective_ridge(1 / c[under], spectrum)[..., None]
    inflation = c[under] * np.sum(shares * (values / (values + kappa)) ** 2, axis=-1)
    variance[under] = noise**2 * inflation / (1 - inflation)
    if alignment is None:
        bias[under] = signal**2 * kappa[..., 0] / c[under]
    else:
        along = parse_alignment(alignment, len(values))
        left_over = np.sum(along * values * (kappa / (values + kappa)) ** 2, axis=-1)
        bias[under] = signal**2 * left_over / (1 - inflation)

    over = c < 1
    variance[over] = noise**2 * c[over] / (1 - c[over])
    if sketch == "gaussian":
        variance[over] += noise**2 * phi[over] / (1 - phi[over])
    return Risk(bias, variance)


def effective_ridge(ratio, spectrum):
    """kappa > 0 with int x/(x + kappa) dH(x) = ratio: the ridge that minimum-norm fitting of m = ratio p rows implies.

    kappa = -c0 phi/psi in the notation of Lemma 4.1, arXiv 2302.01088. See
    :func:`workbench.spectral.effective_ridge`, of which this is the ridgeless case.

    Parameters
    ----------
    ratio : array, each in (0, 1)
    spectrum : list of [eigenvalue, share]

    Returns
    -------
    array of the shape of ``ratio``
    """
    values, shares = parse_spectrum(spectrum)
    ratio = np.asarray(ratio, dtype=float)
    if np.any(ratio <= 0) or np.any(ratio >= 1):
        raise ValueError("the effective ridge exists for ratios m/p in (0, 1)")
    return spectral.effective_ridge(ratio, values, shares)


def variance_for_sketch_spectrum(phi, sketch_spectrum, psi, noise):
    """Limiting variance with more rows than features, for a sketch whose S S' has a given spectrum.

    V = sigma^2 J/(1-J), J = (psi/phi) int (d t/(1 + d t))^2 dB(d), and t > 0 solves psi int d t/(1 + d t) dB = phi.
    The orthogonal sketch (B a point mass) minimises it. Theorem 4.3, arXiv 2302.01088.

    Parameters
    ----------
    phi, psi : float, 0 < phi < psi <= 1
    sketch_spectrum : list of [eigenvalue, share] of S S'; its scale is irrelevant
    noise : float
    """
    if not 0 < phi < psi <= 1:
        raise ValueError(f"this limit needs 0 < phi < psi <= 1, got phi = {phi}, psi = {psi}")
    values, shares = parse_spectrum(sketch_spectrum)
    # int d t/(1 + d t) dB is 1 - int x/(x + kappa) dB at kappa = 1/t, x = d
    kappa = 1 / effective_ridge(1 - phi / psi, [[1 / d, share] for d, share in zip(values, shares, strict=True)])
    fraction = values / (values + kappa)
    inflation = psi / phi * np.sum(shares * fraction**2)
    return noise**2 * inflation / (1 - inflation)


def exact_risk(n_samples, n_features, sketch_sizes, signal, noise, *, sketch="orthogonal", spectrum=ISOTROPIC):
    """Mean of the risk for Gaussian X at finite n, p, m; NaN where no closed form is known.

        m <= p-2, isotropic, any sketch   alpha^2 (1 - m/p)  +  sigma^2 m/(p-m-1)
        m >= p+2, orthogonal              sigma^2 p/(m-p-1)                                  any spectrum
        m >= p+2, Gaussian sketch         sigma^2 p/(n-p-1) [1 + (n-p)/(m-p-1)]              any spectrum

    Derived for this project from the mean of the inverse Wishart law; the limits are those of Theorem 3.2,
    arXiv 2302.01088. Correlated features with m < p have no known closed form.

    Parameters
    ----------
    n_samples, n_features : int
    sketch_sizes : array of int, shape (k,)
    signal, noise, sketch, spectrum
        As in the package's table. A fixed signal has the same mean wherever one is given here.

    Returns
    -------
    Risk
        Arrays of shape (k,).

    Raises
    ------
    ValueError
        For a size outside [1, n] or within 1 of p, where the mean is infinite.
    """
    check_sketch(sketch)
    _check_signal_and_noise(signal, noise)
    values, _ = parse_spectrum(spectrum)
    n, p, m = n_samples, n_features, check_sizes(n_samples, n_features, sketch_sizes)
    bias, variance = np.zeros(m.shape), np.full(m.shape, np.nan)

    under = m < p
    scale = values[0] if np.all(values == values[0]) else np.nan  # Sigma = scale * I, else unknown
    bias[under] = scale * signal**2 * (1 - m[under] / p)
    variance[under] = noise**2 * m[under] / (p - m[under] - 1) + 0 * scale

    over = m > p
    if sketch == "orthogonal":
        variance[over] = noise**2 * p / (m[over] - p - 1)
    elif np.any(over):
        variance[over] = noise**2 * p / (n - p - 1) * (1 + (n - p) / (m[over] - p - 1))
    return Risk(bias, variance)


def misspecified(risk_function, *arguments, signal, noise, omitted_signal, **options):
    """Risk when part of the signal sits in features that nobody observed.

    y = x'beta + w'theta + e, with w isotropic, independent of x and unobserved, |theta| = ``omitted_signal``: the
    unseen part acts as more noise, and its own square cannot be predicted. So the risk is theta^2 plus the
    well-specified risk at noise sqrt(sigma^2 + theta^2), in the limit, and for Gaussian w exactly. Derived for this
    project.

    Parameters
    ----------
    risk_function : limiting_risk or exact_risk
    *arguments
        Its leading arguments: (phi, psi) or (n_samples, n_features, sketch_sizes).
    signal, noise, omitted_signal : float
    """
    risk = risk_function(*arguments, signal, np.hypot(noise, omitted_signal), **options)
    return Risk(risk.bias + omitted_signal**2, risk.variance)


def _check_signal_and_noise(signal, noise):
    if not (np.isfinite(signal) and signal >= 0):
        raise ValueError(f"signal must be a finite number >= 0, got {signal}")
    if not (np.isfinite(noise) and noise >= 0):
        raise ValueError(f"noise must be a finite number >= 0, got {noise}")
