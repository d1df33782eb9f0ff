"""Chains, many at once: Gibbs sampling of the normal model with tau known, and HMC on any of the models.

Every chain starts with an exact draw from its law, so that the worth of its draws is measured and not the length of
its warm-up. Hamiltonian Monte Carlo is that of Duane et al. (1987) and Neal (2011), with a number of leapfrog steps
drawn anew for each iteration; Lai et al. (2023), arXiv 2302.00564, use NUTS, which `nuts` runs for comparison.
"""

import numpy as np

from workbench.montecarlo import streams
from workbench.studies.bayesian_computation.marginalised_mcmc.densities import (
    log_density,
    to_coordinates,
    to_natural,
)
from workbench.studies.bayesian_computation.marginalised_mcmc.pooling import check_form, check_pooling
from workbench.studies.bayesian_computation.marginalised_mcmc.theory import (
    draw_posterior,
    posterior_moments,
)

PATH_LENGTH = 2.0  # of the longest trajectory, in posterior standard deviations
MOST_STEPS = 48


def simulate_gibbs(n_draws, n_groups, pooling, form, *, n_replications, seed):
    """The chain of mu for s = 1, tau^2 = (1 - B)/B, all y_j = 0, a flat prior of mu.

    Parameters
    ----------
    n_draws, n_groups : int >= 1
    pooling : float in (0, 1), B
    form : "centred", "noncentred" or "marginalised"
    n_replications : int
    seed : int or sequence of int

    Returns
    -------
    array of shape (n_replications, n_draws), in units of mu's posterior standard deviation

    Notes
    -----
    Every group is drawn, as a sampler would; only the form decides what is held fixed while mu moves.
    """
    B = float(check_pooling(pooling))
    check_form(form)
    if n_draws < 1 or n_groups < 1:
        raise ValueError(f"n_draws and n_groups must be at least 1, got {n_draws} and {n_groups}")
    (generator,) = streams(seed, 1)
    tau2 = (1 - B) / B
    sd = np.sqrt((1 + tau2) / n_groups)
    mu = sd * generator.standard_normal(n_replications)
    draws = np.empty((n_replications, n_draws))
    for i in range(n_draws):
        latents = B * mu[:, None] + np.sqrt(1 - B) * generator.standard_normal((n_replications, n_groups))  # theta
        noise = generator.standard_normal(n_replications)
        if form == "centred":
            mu = latents.mean(axis=1) + np.sqrt(tau2 / n_groups) * noise
        elif form == "noncentred":
            mu = -(latents - mu[:, None]).mean(axis=1) + noise / np.sqrt(n_groups)
        else:
            mu = sd * noise
        draws[:, i] = mu
    return draws / sd


def hmc(evaluate, start, scale, n_draws, *, n_tune=60, seed):
    """Hamiltonian Monte Carlo for many chains at once, one step size for all.

    Parameters
    ----------
    evaluate : function from points (C, d) to log densities (C,) and gradients (C, d)
    start : array (C, d)
    scale : array (d,)
        Posterior standard deviations, which the mass matrix undoes.
    n_draws, n_tune : int
        The step size is tuned to an acceptance of 0.8, averaged over the chains, and then held: dual averaging with
        the constants of Hoffman and Gelman (2014), drawn towards the first step.
    seed : int or sequence of int

    Returns
    -------
    draws : array (C, n_draws, d)
    info : dict
        ``gradients`` per iteration, ``acceptance``, ``step_size``.

    Notes
    -----
    Trajectories have a number of leapfrog steps uniform on 1 ... ceil(PATH_LENGTH/step size), at most 48, the same for
    all chains. A proposal of infinite or undefined energy is rejected.
    """
    if n_draws < 1 or n_tune < 1:
        raise ValueError(f"n_draws and n_tune must be at least 1, got {n_draws} and {n_tune}")
    (generator,) = streams(seed, 1)
    point = start / scale
    n_chains, dimension = point.shape

    def at(x):
        value, gradient = evaluate(x * scale)
        return value, gradient * scale

    value, gradient = at(point)
    log_step = np.log(1.2 * dimension**-0.25)
    centre, average, error = log_step, 0.0, 0.0
    draws = np.empty((n_chains, n_draws, dimension))
    gradients = accepted = 0
    for i in range(-n_tune, n_draws):
        step = np.exp(log_step)
        n_steps = int(generator.integers(1, min(MOST_STEPS, int(np.ceil(PATH_LENGTH / step))) + 1))
        momentum = generator.standard_normal((n_chains, dimension))
        energy = value - 0.5 * np.sum(momentum**2, axis=1)
        x, g = point, gradient
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            p = momentum + 0.5 * step * g
            for k in range(n_steps):
                x = x + step * p
                new_value, g = at(x)
                p = p + (step if k < n_steps - 1 else 0.5 * step) * g
            change = new_value - 0.5 * np.sum(p**2, axis=1) - energy
        probability = np.exp(np.minimum(0, np.where(np.isfinite(change), change, -np.inf)))
        moved = generator.uniform(size=n_chains) < probability
        point, gradient = (np.where(moved[:, None], a, b) for a, b in ((x, point), (g, gradient)))
        value = np.where(moved, new_value, value)
        if i < 0:  # dual averaging
            count = i + n_tune + 1
            error += (0.8 - probability.mean() - error) / (count + 10)
            log_step = centre - np.sqrt(count) / 0.05 * error
            average += (log_step - average) * count**-0.75
            if i == -1:
                log_step = average
        else:
            draws[:, i] = point
            gradients += n_steps
            accepted += probability.mean()
    info = {"gradients": gradients / n_draws, "acceptance": accepted / n_draws, "step_size": float(np.exp(log_step))}
    return draws * scale, info


def sample(problem, form, n_draws, *, n_replications, seed):
    """Chains of the posterior in one parametrisation, with all latents.

    Parameters
    ----------
    problem : Problem
    form : "centred", "noncentred" or "marginalised"
    n_draws, n_replications : int
        Draws per chain, and chains; n_replications >= 10, from which the scales of the mass matrix are taken.
    seed : int or sequence of int

    Returns
    -------
    draws : array (n_replications, n_draws, 2 + J)
        h1, h2 and the latents on their natural scale.
    info : dict, see `hmc`
    """
    if n_replications < 10:
        raise ValueError(f"n_replications must be at least 10, got {n_replications}")
    start_stream, hmc_stream, latent_stream = streams(seed, 3)
    evaluate = log_density(problem, form)
    exact = to_coordinates(problem, form, draw_posterior(problem, max(400, n_replications), start_stream))
    draws, info = hmc(evaluate, exact[:n_replications], exact.std(axis=0), n_draws, seed=hmc_stream)
    flat = to_natural(problem, form, draws.reshape(-1, draws.shape[2]), latent_stream)
    return flat.reshape(n_replications, n_draws, -1), info


def cost_per_effective_draw(problem, form, n_draws, *, n_replications, seed):
    """Draws and gradients spent per effective draw, chain by chain, against the exact posterior.

    n (average of a chain - posterior mean)^2/posterior variance, whose expectation is the number of draws that are
    worth one independent draw; times the gradients of an iteration. Neither time nor an estimate of autocorrelations
    enters. Derived here.

    Returns
    -------
    draws : array (n_replications, 2 + J)
        For h1, h2 and each latent.
    gradients : array (n_replications, 2 + J)
    """
    chains, info = sample(problem, form, n_draws, n_replications=n_replications, seed=seed)
    mean, sd = posterior_moments(problem)
    spent = n_draws * ((chains.mean(axis=1) - mean) / sd) ** 2
    return spent, spent * info["gradients"]
