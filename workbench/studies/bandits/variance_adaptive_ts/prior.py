"""The Normal-Gamma prior of an arm's mean and variance: draws, posterior, marginals, and fits to past tasks.

The model of Saha & Kveton (2024), arXiv 2303.09033; the updates are the textbook ones of the conjugate pair.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln, polygamma


@dataclass(frozen=True)
class Prior:
    """lambda ~ Gamma(shape alpha, rate beta), mu | lambda ~ N(mean, 1/(kappa lambda)); the variance is 1/lambda.

    Each field is a number or an array that broadcasts to (instances, arms). A posterior is a Prior too.

    Raises
    ------
    ValueError
        Unless kappa, alpha and beta are positive and everything is finite.
    """

    mean: float | np.ndarray
    kappa: float | np.ndarray
    alpha: float | np.ndarray
    beta: float | np.ndarray

    def __post_init__(self):
        for name in ("mean", "kappa", "alpha", "beta"):
            value = np.asarray(getattr(self, name), dtype=float)
            if not np.all(np.isfinite(value)) or (name != "mean" and np.any(value <= 0)):
                allowed = "finite" if name == "mean" else "positive and finite"
                raise ValueError(f"the prior's {name} must be {allowed}, got {getattr(self, name)}")


def posterior(prior, n, mean, centred_squares):
    """The posterior after n observations with their mean and sum of squares about it (Saha and Kveton, Algorithm 2).

    Parameters
    ----------
    prior : Prior
    n, mean, centred_squares : numbers or arrays that broadcast with the prior; n >= 0
        N, the mean of the observations, and S = sum (x - mean)^2.
    """
    kappa = prior.kappa + n
    return Prior(
        (prior.kappa * prior.mean + n * mean) / kappa,
        kappa,
        prior.alpha + n / 2,
        prior.beta + centred_squares / 2 + prior.kappa * n * (mean - prior.mean) ** 2 / (2 * kappa),
    )


def posterior_step(prior, x):
    """The posterior after one observation x: beta takes the old kappa and mean."""
    return Prior(
        (prior.kappa * prior.mean + x) / (prior.kappa + 1),
        prior.kappa + 1,
        prior.alpha + 0.5,
        prior.beta + prior.kappa * (x - prior.mean) ** 2 / (2 * (prior.kappa + 1)),
    )


def mean_variance(prior):
    """E[sigma^2] = beta/(alpha - 1), which needs alpha > 1."""
    if np.any(np.asarray(prior.alpha) <= 1):
        raise ValueError(f"the mean variance is finite only for alpha > 1, got alpha = {prior.alpha}")
    return np.asarray(prior.beta) / (np.asarray(prior.alpha) - 1)


def mean_sd(prior):
    """E[sigma] = sqrt(beta) Gamma(alpha - 1/2)/Gamma(alpha), which needs alpha > 1/2."""
    if np.any(np.asarray(prior.alpha) <= 0.5):
        raise ValueError(f"the mean standard deviation is finite only for alpha > 1/2, got alpha = {prior.alpha}")
    alpha = np.asarray(prior.alpha, dtype=float)
    return np.sqrt(prior.beta) * np.exp(gammaln(alpha - 0.5) - gammaln(alpha))


def sample_arms(prior, n_instances, n_arms, seed):
    """Means and variances of arms from the prior, each of shape (n_instances, n_arms).

    The first instances are the same whatever ``n_instances``: every source of randomness has a stream of
    its own, used instance by instance. Precisions come on the log scale, where a shape near zero cannot underflow.
    """
    rng_gamma, rng_boost, rng_mean = np.random.default_rng(seed).spawn(3)
    shape = (n_instances, n_arms)
    alpha = np.broadcast_to(np.asarray(prior.alpha, dtype=float), shape)
    # Gamma(a) is Gamma(a + 1) U^(1/a) in law
    log_gamma = np.log(rng_gamma.standard_gamma(alpha + 1)) + np.log1p(-rng_boost.random(shape)) / alpha
    variances = np.exp(np.log(prior.beta) - log_gamma)
    means = prior.mean + np.sqrt(variances / prior.kappa) * rng_mean.standard_normal(shape)
    return means, variances


def estimate_prior(means, variances, method="maximum_likelihood", largest_alpha=1e4):
    """A Normal-Gamma prior fitted to the means and variances of past tasks' arms.

    Parameters
    ----------
    means, variances : arrays of shape (M,), M >= 3, variances > 0
    method : "maximum_likelihood" or "moments"
        For the precisions 1/variance. Moments are fragile when some variances are near zero.
    largest_alpha : float
        Cap where the precisions hardly differ and the fit would run to infinity.

    Returns
    -------
    Prior
        Its mean is the precision-weighted mean of ``means``, kappa has M - 1 in place of M for the fitted mean.
    """
    means, variances = (np.ravel(np.asarray(values, dtype=float)) for values in (means, variances))
    if means.size != variances.size or means.size < 3:
        raise ValueError(
            f"estimating a prior needs as many means as variances, at least 3, got {means.size} and {variances.size}"
        )
    if not (np.all(np.isfinite(means)) and np.all(np.isfinite(variances)) and np.all(variances > 0)):
        raise ValueError("past means must be finite and past variances positive; leave out arms without any spread")
    precision = 1 / variances
    if method == "maximum_likelihood":
        alpha = _gamma_shape(np.log(precision.mean()) - np.log(precision).mean(), largest_alpha)
    elif method == "moments":
        spread = precision.var(ddof=1)
        alpha = min(largest_alpha, precision.mean() ** 2 / spread) if spread > 0 else largest_alpha
    else:
        raise ValueError(f"method must be 'maximum_likelihood' or 'moments', got {method!r}")
    centre = np.average(means, weights=precision)
    squares = np.sum(precision * (means - centre) ** 2)
    if squares == 0:
        raise ValueError("all past means are equal, so their spread cannot be estimated")
    return Prior(float(centre), float((means.size - 1) / squares), float(alpha), float(alpha / precision.mean()))


def _gamma_shape(gap, largest):
    """The root of log(a) - digamma(a) = gap by Newton's method in log(a); ``largest`` if it lies above that."""
    if gap <= 0 or np.log(largest) - digamma(largest) >= gap:
        return largest
    # start: Minka's approximation, good to about 1.5 %
    log_a = np.log((3 - gap + np.sqrt((gap - 3) ** 2 + 24 * gap)) / (12 * gap))
    for _ in range(8):
        a = np.exp(log_a)
        log_a -= (log_a - digamma(a) - gap) / (1 - a * polygamma(1, a))
    return float(np.exp(log_a))
