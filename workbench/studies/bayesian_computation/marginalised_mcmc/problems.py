"""Four hierarchical models with two hyperparameters each, on published or on idealised data.

    schools   theta_j ~ N(mu, tau^2),                   y_j ~ N(theta_j, s_j^2)
    state     x_1 ~ N(mu, tau^2), x_t ~ N(x_(t-1), tau^2),  y_t ~ N(x_t, s^2)
    trials    phi_j ~ Beta(m kappa, (1 - m) kappa),     y_j ~ Binomial(n_j, phi_j)
    counts    lambda_j ~ Gamma(alpha, rate beta),       y_j ~ Poisson(t_j lambda_j)

Priors: mu ~ N(0, 5^2) and tau ~ HalfCauchy(prior_scale); m ~ Uniform(0, 1) and kappa ~ Pareto(1, 1.5); alpha ~ Exp(1)
and beta ~ Gamma(0.1, rate 1). Those of schools, trials and state are the ones in the code published with Lai et al.
(2023), arXiv 2302.00564; counts is the "pumps" example of BUGS. The hyperparameters are sampled on the whole line, as
h1 = mu, logit m or log alpha, and h2 = log tau, log(kappa - 1) or log beta.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import betaln, gammaln, ndtri

MODELS = ("schools", "trials", "counts", "state")
MEAN_SCALE = 5.0  # prior standard deviation of mu
PARETO_SHAPE, RATE_SHAPE = 1.5, 0.1  # of the priors of kappa and of beta


class Problem(NamedTuple):
    """A model of one latent per group, and its data.

    ``y`` and ``scale`` have shape (J,); scale is the standard deviation s_j, the number of trials n_j or the exposure
    t_j. ``prior_scale`` is that of the half-Cauchy prior of tau and unused elsewhere.
    """

    model: str
    y: np.ndarray
    scale: np.ndarray
    prior_scale: float = 5.0


def published(model):
    """The model on data from the literature.

    schools: the eight coaching programmes of Rubin (1981); trials: hits of 18 baseball players in 45 at-bats, Efron and
    Morris (1975); counts: failures of ten pumps, Gaver and O'Muircheartaigh (1987); state: y = 1, 2, 3, the example in
    the code published with Lai et al. (2023), arXiv 2302.00564. ``ValueError`` for another name.
    """
    check_model(model)
    if model == "schools":
        return make(model, [28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18])
    if model == "trials":
        return make(model, [18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7], 45)
    if model == "counts":
        times = [94.3, 15.7, 62.9, 126, 5.24, 31.4, 1.05, 1.05, 2.1, 10.5]
        return make(model, [5, 1, 5, 14, 3, 19, 1, 1, 4, 22], times)
    return make(model, [1, 2, 3], 1.0)


def typical(model, n_groups, pooling, prior_scale=5.0):
    """The model on idealised data of a given strength of pooling: the quantiles of the data's own law.

    ``pooling`` is the weight that a group's posterior mean gives to the common mean: B = s^2/(s^2 + tau^2) with s = 1
    (schools; for state it sets tau by the same formula), kappa/(kappa + n) with n = 30 and m = 0.3 (trials),
    beta/(beta + t) with t = 5 and a mean rate of 2 (counts). Derived for this project.

    Parameters
    ----------
    model : "schools", "trials", "counts" or "state"
    n_groups : int >= 2
    pooling : float in (0, 1)
    prior_scale : float > 0

    Returns
    -------
    Problem
        Deterministic. Raises ``ValueError`` for arguments out of range.
    """
    check_model(model)
    if int(n_groups) != n_groups or n_groups < 2:
        raise ValueError(f"n_groups must be an integer >= 2, got {n_groups}")
    if not 0 < pooling < 1:
        raise ValueError(f"pooling must lie in (0, 1), got {pooling}")
    n_groups = int(n_groups)
    level = (np.arange(n_groups) + 0.5) / n_groups
    if model in ("schools", "state"):
        tau = np.sqrt((1 - pooling) / pooling)
        normal = ndtri(level)
        if model == "schools":
            return make(model, np.sqrt(1 + tau**2) * normal, 1.0, prior_scale)
        order = np.random.default_rng(0).permuted(np.tile(normal, (2, 1)), axis=1)  # one fixed order for everybody
        return make(model, np.cumsum(tau * order[0]) + order[1], 1.0, prior_scale)
    support = np.arange(31 if model == "trials" else 2000)
    if model == "trials":
        kappa = 30 * pooling / (1 - pooling)
        a, b = 0.3 * kappa, 0.7 * kappa
        log_mass = gammaln(31) - gammaln(support + 1) - gammaln(31 - support)
        log_mass += betaln(a + support, b + 30 - support) - betaln(a, b)
        scale = 30
    else:
        scale, beta = 5.0, 5.0 * pooling / (1 - pooling)
        alpha = 2 * beta
        log_mass = gammaln(alpha + support) - gammaln(alpha) - gammaln(support + 1)
        log_mass += alpha * np.log(pooling) + support * np.log1p(-pooling)
    return make(model, np.searchsorted(np.cumsum(np.exp(log_mass)), level), scale, prior_scale)


def make(model, y, scale, prior_scale=5.0):
    """A :class:`Problem` of checked arrays; ``scale`` broadcasts against ``y``. No theorem."""
    check_model(model)
    y = np.asarray(y, dtype=float)
    scale = np.broadcast_to(np.asarray(scale, dtype=float), y.shape).copy()
    if y.ndim != 1 or y.size < 1 or not np.all(np.isfinite(y)):
        raise ValueError(f"y must be a vector of finite numbers, got shape {y.shape}")
    if not np.all(scale > 0):
        raise ValueError(f"scale must be positive, got {scale.min()}")
    if model in ("trials", "counts") and (np.any(y < 0) or np.any(y != np.round(y))):
        raise ValueError("y must be counts >= 0")
    if model == "trials" and np.any(y > scale):
        raise ValueError("y must not exceed the number of trials")
    if model == "state" and np.any(scale != scale[0]):
        raise ValueError("scale must be the same for all times of the state model")
    if not prior_scale > 0:
        raise ValueError(f"prior_scale must be positive, got {prior_scale}")
    return Problem(model, y, scale, float(prior_scale))


def check_model(model):
    """``ValueError`` with a sentence for an unknown model."""
    if model not in MODELS:
        raise ValueError(f"model must be one of {', '.join(MODELS)}, got {model!r}")
