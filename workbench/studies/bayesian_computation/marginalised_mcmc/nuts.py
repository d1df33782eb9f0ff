"""The same posteriors by PyMC's NUTS: an independent route, and the sampler of Lai et al. (2023), arXiv 2302.00564."""

import warnings

import numpy as np

from workbench import nuts
from workbench.studies.bayesian_computation.marginalised_mcmc.densities import forms, to_natural
from workbench.studies.bayesian_computation.marginalised_mcmc.problems import MEAN_SCALE, PARETO_SHAPE, RATE_SHAPE
from workbench.studies.bayesian_computation.marginalised_mcmc.theory import rotated


def pymc_model(problem, form):
    """The problem written for PyMC in one parametrisation; free variables ``first``, ``second`` and ``latents``.

    The marginalised forms use PyMC's own BetaBinomial and NegativeBinomial, so that they share no code with
    `theory.log_marginal`. Needs PyMC (the extra ``bayes``); ``ValueError`` for a form that the problem does not have.
    """
    if form not in forms(problem):
        raise ValueError(f"form must be one of {', '.join(forms(problem))} for {problem.model}, got {form!r}")
    with nuts.quiet_pymc() as pm, pm.Model() as model:
        {"trials": _trials, "counts": _counts}.get(problem.model, _normal)(pm, problem, form)
    return model


def sample_nuts(problem, form, n_draws, *, n_tune=200, n_chains=4, seed):
    """Draws of the posterior by PyMC's NUTS, with what each draw cost.

    Parameters
    ----------
    problem : Problem
    form : "centred", "noncentred" or "marginalised"
    n_draws, n_tune, n_chains : int
    seed : int

    Returns
    -------
    draws : array (n_chains, n_draws, 2 + J), marginalised latents recovered by exact conditional draws
    gradients, seconds : arrays (n_chains, n_draws)
        Leapfrog steps, and seconds of the processor in the sampler's step: compilation and tuning are left out.

    Notes
    -----
    Compiled by Numba: one to a few seconds the first time, and from its cache after that.
    """
    model = pymc_model(problem, form)
    with nuts.quiet_pymc() as pm, model:
        drawn = nuts.sample(pm, n_draws, n_tune=n_tune, seed=seed, n_chains=n_chains, mode="NUMBA")
    points = _points(problem, form, {name: drawn.posterior[name].values for name in drawn.posterior.data_vars})
    flat = to_natural(problem, form, points.reshape(n_chains * n_draws, -1), np.random.default_rng(seed))
    stats = drawn.sample_stats
    return flat.reshape(n_chains, n_draws, -1), stats["n_steps"].values, stats["process_time_diff"].values


def effective_draws(draws):
    """Effective draws in each chain, for each quantity, by ArviZ (rank-normalised bulk ESS, Vehtari et al. 2021).

    Parameters
    ----------
    draws : array (C, n, k)

    Returns
    -------
    array (C, k)
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import arviz as az

        return np.array([[az.ess(chain[None, :, k]) for k in range(draws.shape[2])] for chain in draws])


def mean_errors(draws):
    """Monte Carlo standard errors of the averages over all chains, by ArviZ (Vehtari et al. 2021), array (k,).

    From all chains together, so that chains that disagree count; ``draws`` is an array (C, n, k).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import arviz as az

        return np.array([np.asarray(az.mcse(draws[:, :, k], method="mean")).item() for k in range(draws.shape[2])])


def _points(problem, form, drawn):
    """Coordinates of `densities` from PyMC's variables on their own scale."""
    first, second = drawn["first"], drawn["second"]
    latents = drawn.get("latents")
    if problem.model in ("schools", "state"):
        h = [first, np.log(second)]
    elif problem.model == "trials":
        h = [np.log(first / (1 - first)), np.log(second - 1)]
        latents = None if latents is None else np.log(latents / (1 - latents))
    else:
        h = [np.log(first), np.log(second)]
        latents = None if latents is None else np.log(latents)
    h = np.stack(h, axis=-1)
    return h if form == "marginalised" else np.concatenate([h, latents], axis=-1)


def _normal(pm, problem, form):
    mu = pm.Normal("first", 0, MEAN_SCALE)
    tau = pm.HalfCauchy("second", problem.prior_scale)
    groups, is_walk = problem.y.size, problem.model == "state"
    if form == "marginalised":
        z, u, k, s2, _ = rotated(problem)
        pm.Normal("y", mu * u, pm.math.sqrt(tau**2 * k + s2), observed=z)
        return
    if form == "noncentred":
        innovations = pm.Normal("latents", 0, 1, shape=groups)
        theta = mu + tau * (innovations.cumsum() if is_walk else innovations)
    elif is_walk:
        theta = pm.Flat("latents", shape=groups)
        pm.Potential("start", pm.logp(pm.Normal.dist(mu, tau), theta[0]))
        pm.Potential("walk", pm.logp(pm.Normal.dist(0, tau), theta[1:] - theta[:-1]).sum())
    else:
        theta = pm.Normal("latents", mu, tau, shape=groups)
    pm.Normal("y", theta, problem.scale, observed=problem.y)


def _trials(pm, problem, form):
    m = pm.Uniform("first", 0, 1)
    kappa = pm.Pareto("second", PARETO_SHAPE, 1)
    shapes = dict(alpha=m * kappa, beta=(1 - m) * kappa)
    if form == "marginalised":
        pm.BetaBinomial("y", n=problem.scale.astype(int), observed=problem.y.astype(int), **shapes)
        return
    phi = pm.Beta("latents", shape=problem.y.size, **shapes)
    pm.Binomial("y", n=problem.scale.astype(int), p=phi, observed=problem.y.astype(int))


def _counts(pm, problem, form):
    alpha = pm.Exponential("first", 1)
    beta = pm.Gamma("second", RATE_SHAPE, beta=1)
    y, t = problem.y.astype(int), problem.scale
    if form == "marginalised":
        pm.NegativeBinomial("y", alpha=alpha, p=beta / (beta + t), observed=y)
    elif form == "noncentred":
        scaled = pm.Gamma("latents", alpha, beta=1, shape=y.size)
        pm.Poisson("y", t * scaled / beta, observed=y)
    else:
        rate = pm.Gamma("latents", alpha, beta=beta, shape=y.size)
        pm.Poisson("y", t * rate, observed=y)
