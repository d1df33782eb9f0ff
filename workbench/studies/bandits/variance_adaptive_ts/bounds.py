"""Two bounds on the Bayes regret, complete with constants: variances known (K) and unknown (U).

Both follow Saha and Kveton (arXiv 2303.09033), Theorems 1 and 2, in shape; the constants are derived here, because the
paper's own could not be read. Both hold for every delta; the best one is taken, in closed form.
"""

import numpy as np
from scipy.integrate import quad
from scipy.special import lambertw, stdtr
from scipy.stats import t as student

from workbench.studies.bandits.variance_adaptive_ts.prior import mean_sd, mean_variance


def bound_known_variance(horizon, sds, prior_sds):
    """Bound K on the Bayes regret of Thompson sampling that knows the variances.

    sqrt(2 n log(1/delta) G) + n delta sum_i sigma_{0,i}/sqrt(2 pi), at the best delta, with
    G = sum_i min{sigma_0^2 + sigma^2 l, sigma_0^2 l / log(1 + sigma_0^2/sigma^2)} and l = log(1 + n sigma_0^2/sigma^2).

    Parameters
    ----------
    horizon : int >= 1
        n.
    sds : array of shape (..., K)
        Standard deviations sigma_i of the rewards, positive.
    prior_sds : array, broadcastable to ``sds``
        Standard deviations sigma_{0,i} of the means under the prior.

    Returns
    -------
    array of shape (...)
    """
    sds, prior_sds = np.broadcast_arrays(np.asarray(sds, dtype=float), np.asarray(prior_sds, dtype=float))
    if np.any(sds <= 0) or np.any(prior_sds <= 0):
        raise ValueError("standard deviations must be positive")
    spread = np.sum(_shrinkage(horizon, sds**2, prior_sds**2), axis=-1)
    return _best_delta(np.sqrt(2 * _rounds(horizon) * spread), horizon * prior_sds.sum(axis=-1) / np.sqrt(2 * np.pi))


def expected_bound_known_variance(horizon, prior, n_arms):
    """Bound K averaged over variances from a Normal-Gamma prior with the same numbers for every arm; alpha > 1.

    The root is concave in the variances, so that their mean beta/(alpha - 1) may stand for them (Jensen).
    """
    variance = mean_variance(prior)
    root = np.sqrt(2 * _rounds(horizon) * n_arms * _shrinkage(horizon, variance, variance / prior.kappa))
    return float(_best_delta(root, horizon * n_arms * mean_sd(prior) / np.sqrt(2 * np.pi * prior.kappa)))


def bound_unknown_variance(horizon, prior, n_arms):
    """Bound U on the Bayes regret of VarTS, the same Normal-Gamma prior for every arm; alpha > 1.

    sqrt(2 n log(1/delta) E[sigma_{A*}^2] K (1/kappa + log(1 + n/(K kappa)))) + n delta K E[sigma]/sqrt(2 pi kappa).
    The variance is that of the *best* arm, which is larger than the prior mean variance.
    """
    pulls = n_arms / prior.kappa + n_arms * np.log1p(horizon / (n_arms * prior.kappa))
    root = np.sqrt(2 * _rounds(horizon) * best_arm_variance(prior, n_arms) * pulls)
    return float(_best_delta(root, horizon * n_arms * mean_sd(prior) / np.sqrt(2 * np.pi * prior.kappa)))


def best_arm_variance(prior, n_arms):
    """E[sigma_{A*}^2], the mean variance of the arm with the largest mean; alpha > 1, one prior for all arms.

    The mean is Student t with 2 alpha degrees of freedom, and given it 1/lambda has the mean
    (beta + kappa (mu - mu_0)^2/2)/(alpha - 1/2), so one quadrature over the largest of K means is enough.
    """
    mean_variance(prior)  # finite only then
    dof, alpha = 2 * prior.alpha, prior.alpha

    def density(x):
        given_mean = (1 + x * x / dof) / (alpha - 0.5)
        return n_arms * student.pdf(x, dof) * stdtr(dof, x) ** (n_arms - 1) * given_mean

    # beyond x0 the tail is a power of x; 1/x maps it onto a finite interval
    centre = quad(density, -np.inf, 0)[0] + quad(density, 0, 10, limit=200)[0]
    tail = quad(lambda u: density(1 / u) / u**2, 0, 0.1, limit=200)[0]
    return float(prior.beta * (centre + tail))


def _shrinkage(horizon, variance, prior_variance):
    growth = np.log1p(horizon * prior_variance / variance)
    first = prior_variance + variance * growth
    return np.minimum(first, prior_variance * growth / np.log1p(prior_variance / variance))


def _best_delta(root, tail):
    """The minimum over L = log(1/delta) >= 0 of root sqrt(L) + tail exp(-L).

    Stationary points solve 2 L exp(-2 L) = root^2/(2 tail^2); the minimum is on Lambert's lower branch, L >= 1/2. If
    there is none, delta = 1 is best: the tail alone.
    """
    argument = np.asarray(root**2 / (2 * tail**2), dtype=float)
    level = -np.real(lambertw(-np.minimum(argument, np.exp(-1)), -1)) / 2
    value = np.where(argument <= np.exp(-1), root * np.sqrt(level) + tail * np.exp(-level), np.inf)
    return np.minimum(value, tail)


def _rounds(horizon):
    if horizon < 1:
        raise ValueError(f"horizon must be at least 1, got {horizon}")
    return horizon
