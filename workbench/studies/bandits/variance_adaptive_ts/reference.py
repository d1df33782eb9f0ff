"""Independent routes to an arm's posterior: quadrature, and a sample by PyMC's NUTS.

They check the conjugate updates that arXiv 2303.09033 uses.
"""

import numpy as np
from scipy.special import digamma, gammaln

from workbench import nuts


def quadrature_moments(prior, rewards, n_points=400):
    """Posterior moments of one arm from prior times likelihood on a grid; no conjugacy is used.

    Parameters
    ----------
    prior : Prior of numbers
    rewards : array of shape (N,), N >= 1
    n_points : int
        Nodes of the Gauss-Legendre rule along each axis.

    Returns
    -------
    dict of floats
        ``mean`` E[mu], ``sd`` of mu, ``precision`` E[lambda], ``log_precision`` E[log lambda], ``log_evidence``.
    """
    rewards = np.asarray(rewards, dtype=float)
    n, average = rewards.size, rewards.mean()
    # a generous box in (mu, log lambda), from the data and prior alone
    squares = prior.beta + 0.5 * np.sum((rewards - average) ** 2) + (average - prior.mean) ** 2
    spread = np.sqrt(squares / (prior.alpha + n / 2))
    centre = (prior.kappa * prior.mean + n * average) / (prior.kappa + n)
    nodes, weights = np.polynomial.legendre.leggauss(n_points)
    half = 12 * spread / np.sqrt(prior.kappa + n) * (1 + 20 / (2 * prior.alpha + n))
    mu = centre + half * nodes[:, None]
    log_lambda = -2 * np.log(spread) + 12 * nodes[None, :]
    precision = np.exp(log_lambda)
    log_prior = (
        prior.alpha * np.log(prior.beta) - gammaln(prior.alpha) + prior.alpha * log_lambda - prior.beta * precision
    ) + 0.5 * (np.log(prior.kappa / (2 * np.pi)) + log_lambda - prior.kappa * precision * (mu - prior.mean) ** 2)
    squares = np.sum((rewards[:, None] - mu.ravel()) ** 2, axis=0)[:, None]
    log_joint = log_prior + 0.5 * (n * (log_lambda - np.log(2 * np.pi)) - precision * squares)
    top = log_joint.max()
    mass = np.exp(log_joint - top) * weights[:, None] * weights[None, :] * half * 12
    total = mass.sum()
    mass /= total
    mean = np.sum(mass * mu)
    return {
        "mean": float(mean),
        "sd": float(np.sqrt(np.sum(mass * (mu - mean) ** 2))),
        "precision": float(np.sum(mass * precision)),
        "log_precision": float(np.sum(mass * log_lambda)),
        "log_evidence": float(np.log(total) + top),
    }


def closed_form_moments(posterior):
    """The same moments of a Normal-Gamma posterior, without the evidence."""
    return {
        "mean": float(posterior.mean),
        "sd": float(np.sqrt(posterior.beta / (posterior.kappa * (posterior.alpha - 1)))),
        "precision": float(posterior.alpha / posterior.beta),
        "log_precision": float(digamma(posterior.alpha) - np.log(posterior.beta)),
    }


def nuts_moments(prior, rewards, n_draws=400, seed=0):
    """The same moments from PyMC's NUTS with their Monte Carlo standard errors, one chain after 200 steps of tuning.

    Returns
    -------
    values, ses : dicts of floats
        ``mean``, ``precision`` and ``log_precision``.

    Needs PyMC (the extra ``bayes``); about 3 s besides its import.
    """
    with nuts.quiet_pymc() as pm, pm.Model():
        precision = pm.Gamma("precision", prior.alpha, beta=prior.beta)
        mean = pm.Normal("mean", prior.mean, tau=prior.kappa * precision)
        pm.Normal("rewards", mean, tau=precision, observed=np.asarray(rewards, dtype=float))
        drawn = nuts.sample(pm, n_draws, n_tune=200, seed=seed)
    draws = {name: drawn.posterior[name].values.ravel() for name in ("mean", "precision")}
    draws["log_precision"] = np.log(draws["precision"])
    values = {name: float(x.mean()) for name, x in draws.items()}
    return values, {name: float(nuts.batch_means_se(x)) for name, x in draws.items()}
