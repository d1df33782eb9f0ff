"""Exact mean test error after n fits, and its limits."""

import numpy as np
from scipy.special import digamma

REGIMES = ("replace", "accumulate")


def test_error(n_fits, n_features, n_samples, noise, *, regime, fresh_design):
    """Mean test error E |w_n - w_0|^2_Sigma of the n-th fit; the noise of the test label is left out.

    Fit 1 sees T real rows; fit i sees T rows labelled by fit i - 1, alone (replace) or with all earlier rows
    (accumulate).

        replace                      n sigma^2 d/(T-d-1)
        accumulate, one design       sigma^2 d/(T-d-1) sum_{i<=n} 1/i^2
        accumulate, fresh designs    sigma^2 d sum_{i<=n} 1/(i (i T - d - 1))

    Exact for Gaussian features of any covariance. The second is the theorem of Gerstgrasser et al. (2024),
    arXiv 2404.01413; the third was derived for this project.

    Parameters
    ----------
    n_fits : array of int >= 1
    n_features, n_samples : int, d and T; T >= d + 2
    noise : float >= 0, sigma
    regime : "replace" or "accumulate"
    fresh_design : bool
        New features for every fit, or the first ones again (which changes nothing for replace).

    Returns
    -------
    array of the shape of ``n_fits``. Cost: O(max n).

    Raises
    ------
    ValueError
        For arguments out of range.
    """
    check(n_features, n_samples, noise, regime)
    n = np.asarray(n_fits)
    if np.any(n < 1) or np.any(n != np.round(n)):
        raise ValueError("n_fits must be integers >= 1")
    one = noise**2 * n_features / (n_samples - n_features - 1)
    if regime == "replace":
        return one * n
    i = np.arange(1, int(n.max(initial=1)) + 1, dtype=float)
    steps = 1 / (i * (i * n_samples - n_features - 1)) * (n_samples - n_features - 1) if fresh_design else 1 / i**2
    return one * np.cumsum(steps)[n.astype(int) - 1]


def limiting_error(n_features, n_samples, noise, *, fresh_design):
    """Error of accumulating for ever: the limit n -> infinity, finite in either case.

        one design       sigma^2 d/(T-d-1) pi^2/6
        fresh designs    sigma^2 d/(d+1) [-digamma(1-a) - gamma],  a = (d+1)/T

    The first is the bound of arXiv 2404.01413; the second, smaller, was derived for this project.
    """
    check(n_features, n_samples, noise, "accumulate")
    if not fresh_design:
        return noise**2 * n_features / (n_samples - n_features - 1) * np.pi**2 / 6
    a = (n_features + 1) / n_samples
    return noise**2 * n_features / (n_features + 1) * float(-digamma(1 - a) - np.euler_gamma)


def check(n_features, n_samples, noise, regime):
    """``ValueError`` with a sentence for arguments out of range."""
    if int(n_features) != n_features or n_features < 1:
        raise ValueError(f"n_features must be a positive integer, got {n_features}")
    if int(n_samples) != n_samples or n_samples < n_features + 2:
        raise ValueError(f"n_samples must be an integer >= n_features + 2 = {n_features + 2}, got {n_samples}")
    if not (np.isfinite(noise) and noise >= 0):
        raise ValueError(f"noise must be a finite number >= 0, got {noise}")
    if regime not in REGIMES:
        raise ValueError(f"regime must be 'replace' or 'accumulate', got {regime!r}")


test_error.__test__ = False  # not a test, whatever its name
