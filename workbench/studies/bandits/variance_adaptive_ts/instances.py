"""Bandit instances: arms' means and spreads by reward law, and what the policies are told beforehand.

The setting of Saha & Kveton (2024), arXiv 2303.09033.
"""

from dataclasses import dataclass, replace

import numpy as np

from workbench.studies.bandits.variance_adaptive_ts.prior import Prior, estimate_prior, mean_variance, sample_arms

LAWS = ("gaussian", "bernoulli", "beta")
PAST_ARMS = 1000


@dataclass(frozen=True)
class Instances:
    """R bandits with K arms each.

    Attributes
    ----------
    law : "gaussian", "bernoulli" or "beta"
    means, sds : arrays of shape (R, K)
        Of the rewards.
    concentration : float
        v of beta rewards, Beta(v mu, v (1 - mu)); 0 otherwise.
    prior : Prior
        What Bayesian policies start from.
    mean_sds : array of shape (R, K)
        The prior standard deviation of each mean, for policies that know the variances.
    typical_sd, reward_range : float
        A common standard deviation, and a range for policies that need one: 1/2 and 1 for rewards in [0, 1], else the
        root of the prior mean variance and four times that (Gaussian rewards have no range; it must be chosen).
    """

    law: str
    means: np.ndarray
    sds: np.ndarray
    concentration: float
    prior: Prior
    mean_sds: np.ndarray
    typical_sd: float
    reward_range: float

    def with_prior(self, prior):
        """The same arms with another prior for the policies."""
        return replace(self, prior=prior)


def gaussian_instances(n_instances, n_arms, prior, seed):
    """Gaussian rewards; means and variances drawn from the Normal-Gamma prior, which the policies are told.

    The first instances are the same whatever ``n_instances``. Needs alpha > 1 for the common standard deviation.
    """
    _check_sizes(n_instances, n_arms)
    typical = float(np.sqrt(np.max(mean_variance(prior))))
    means, variances = sample_arms(prior, n_instances, n_arms, seed)
    sds = np.sqrt(variances)
    return fixed_gaussian(means, sds, prior, sds / np.sqrt(prior.kappa), typical)


def fixed_gaussian(means, sds, prior, mean_sds, typical_sd):
    """Gaussian rewards with given means and standard deviations (arrays of shape (R, K), all sds positive)."""
    means, sds = np.broadcast_arrays(np.asarray(means, dtype=float), np.asarray(sds, dtype=float))
    if means.ndim != 2:
        raise ValueError(f"means must have the shape (instances, arms), got {means.shape}")
    _check_sizes(*means.shape)
    if not np.all(np.isfinite(means)):
        raise ValueError("the arms' means must be finite")
    if not (np.all(np.isfinite(sds)) and np.all(sds > 0)):
        raise ValueError(f"the rewards' standard deviations must be positive and finite, the smallest is {np.min(sds)}")
    mean_sds = np.broadcast_to(mean_sds, means.shape)
    return Instances("gaussian", means, sds, 0.0, prior, mean_sds, float(typical_sd), 4.0 * float(typical_sd))


def bounded_instances(law, n_instances, n_arms, seed, mean_range=(0.25, 0.75), concentration=4.0, n_past=PAST_ARMS):
    """Bernoulli or beta rewards, means uniform in ``mean_range``; the prior is fitted to ``n_past`` other arms.

    Parameters
    ----------
    law : "bernoulli" or "beta"
    mean_range : (low, high) with 0 <= low < high <= 1
    concentration : float > 0
        v of beta rewards; their variance is mu (1 - mu)/(v + 1).
    n_past : int >= 3
        Arms of past tasks, whose means and variances are known; the policies' prior is fitted by maximum likelihood.
    """
    if law not in LAWS[1:]:
        raise ValueError(f"law must be 'bernoulli' or 'beta', got {law!r}")
    _check_sizes(n_instances, n_arms)
    low, high = mean_range
    if not 0 <= low < high <= 1:
        raise ValueError(f"mean_range must be two numbers with 0 <= low < high <= 1, got {mean_range}")
    if not 0 < concentration < np.inf:
        raise ValueError(f"concentration must be positive and finite, got {concentration}")
    rng, rng_past = np.random.default_rng(seed).spawn(2)

    def sds_of(mean):
        return np.sqrt(mean * (1 - mean) / (1 if law == "bernoulli" else concentration + 1))

    # the ends themselves would have zero variance
    past, means = (
        np.clip(g.uniform(low, high, size), 1e-9, 1 - 1e-9)
        for g, size in ((rng_past, n_past), (rng, (n_instances, n_arms)))
    )
    return Instances(
        law,
        means,
        sds_of(means),
        0.0 if law == "bernoulli" else float(concentration),
        estimate_prior(past, sds_of(past) ** 2),
        np.full(means.shape, past.std(ddof=1)),
        0.5,
        1.0,
    )


def _check_sizes(n_instances, n_arms):
    if n_instances < 1:
        raise ValueError(f"n_instances must be at least 1, got {n_instances}")
    if n_arms < 2:
        raise ValueError(f"n_arms must be at least 2 (with one arm there is nothing to learn), got {n_arms}")
