"""Downsampling as a cure for collapse: the optimal sketch of the sketched-ridgeless study, met again."""

from typing import NamedTuple

import numpy as np


class BestSize(NamedTuple):
    """Sample size of the last fit that minimises the error, and the limiting error there."""

    n_samples: float
    error: float


def synthetic_excess(generation, n_features, n_generator_samples, generator_noise):
    """zeta_1 = n sigma_0^2 d/(T_0-d-1): squared distance of generator n from the truth, isotropic features."""
    if n_generator_samples < n_features + 2:
        raise ValueError(f"this needs n_generator_samples >= {n_features + 2}, got {n_generator_samples}")
    return generation * generator_noise**2 * n_features / (n_generator_samples - n_features - 1)


def undersampled_error(n_samples, n_features, signal, noise, excess):
    """Limiting error of a minimum-norm fit on T < d rows labelled by a generator at squared distance ``excess``.

    |w_0|^2 - (T/d) alpha_e^2 + sigma^2/(d/T - 1) with alpha_e^2 = |w_0|^2 - excess: keeping more rows learns more of
    the signal *and* more of the accumulated error. Derived for this project.
    """
    share = np.asarray(n_samples, dtype=float) / n_features
    if np.any(share <= 0) or np.any(share >= 1):
        raise ValueError("n_samples must lie in (0, n_features)")
    return signal**2 - share * (signal**2 - excess) + noise**2 / (1 / share - 1)


def best_undersampling(n_features, signal, noise, excess):
    """T* = d (1 - sigma/alpha_e), alpha_e^2 = |w_0|^2 - excess: Theorem 3.6 of arXiv 2302.01088, alpha_e for alpha.

    If alpha_e <= sigma, or the excess exceeds the signal, nothing is worth learning: T* = 0 and the error is |w_0|^2.
    """
    effective = np.sqrt(max(signal**2 - excess, 0.0))
    if effective <= noise:
        return BestSize(0.0, signal**2)
    best = n_features * (1 - noise / effective)
    if noise == 0:
        return BestSize(float(n_features), float(excess))
    return BestSize(float(best), float(undersampled_error(best, n_features, signal, noise, excess)))
