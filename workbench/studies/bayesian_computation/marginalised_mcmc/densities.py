"""Log densities on the whole space with their gradients, for many points at once: plain, non-centred, marginalised.

Coordinates: h1, h2, then the latents as theta, x, logit phi or log lambda (centred); as standard normal innovations or
log(beta lambda) (non-centred); absent (marginalised). Beta latents have no non-centred form: no map from a fixed law
to Beta(a, b) has a simple derivative in a and b. The gradients were derived here and are tested against PyMC's; most of
the models are among those of Lai et al. (2023), arXiv 2302.00564.
"""

import numpy as np
from scipy.special import expit, gammaln, logit, psi

from workbench.studies.bayesian_computation.marginalised_mcmc.pooling import check_form
from workbench.studies.bayesian_computation.marginalised_mcmc.problems import MEAN_SCALE, PARETO_SHAPE, RATE_SHAPE
from workbench.studies.bayesian_computation.marginalised_mcmc.theory import (
    beta_shapes,
    draw_latents,
    log_prior,
    rotated,
    walk_factor,
)


def forms(problem):
    """Parametrisations that the problem has."""
    return ("centred", "marginalised") if problem.model == "trials" else ("centred", "noncentred", "marginalised")


def log_density(problem, form):
    """The posterior's log density up to a constant, with gradient.

    Parameters
    ----------
    problem : Problem
    form : "centred", "noncentred" or "marginalised"

    Returns
    -------
    function
        From points (C, d) to log densities (C,) and gradients (C, d); d = 2 + J, or 2 if marginalised. Cost: O(J) per
        point.

    Raises
    ------
    ValueError
        For a form that the problem does not have.
    """
    check_form(form)
    if form not in forms(problem):
        raise ValueError(f"form must be one of {', '.join(forms(problem))} for {problem.model}, got {form!r}")
    family = {"trials": _trials, "counts": _counts}.get(problem.model, _normal)
    terms = family(problem, form)

    def evaluate(points):
        h1, h2 = points[:, :1], points[:, 1:2]
        value, *slopes = terms(h1, h2, points[:, 2:])
        prior_slopes = _prior_slopes(problem, h1, h2)
        gradient = np.empty_like(points)
        gradient[:, 0], gradient[:, 1] = (
            slope + prior[:, 0] for slope, prior in zip(slopes, prior_slopes, strict=False)
        )
        if form != "marginalised":
            gradient[:, 2:] = slopes[2]
        return value + log_prior(problem, h1, h2)[:, 0], gradient

    return evaluate


def to_coordinates(problem, form, natural):
    """Points (C, d) of a parametrisation from h1, h2 and latents on their natural scale, (C, 2 + J)."""
    h, latents = natural[:, :2], natural[:, 2:]
    if form == "marginalised":
        return h.copy()
    if problem.model == "trials":
        latents = logit(latents)
    elif problem.model == "counts":
        latents = np.log(latents) + (h[:, 1:] if form == "noncentred" else 0)
    elif form == "noncentred":
        latents = _innovations(problem, latents - h[:, :1]) * np.exp(-h[:, 1:])
    return np.hstack([h, latents])


def to_natural(problem, form, points, generator):
    """The inverse of `to_coordinates`; marginalised latents are recovered by exact conditional draws."""
    h, latents = points[:, :2], points[:, 2:]
    if form == "marginalised":
        latents = draw_latents(problem, h[:, 0], h[:, 1], generator)
    elif problem.model == "trials":
        latents = expit(latents)
    elif problem.model == "counts":
        latents = np.exp(latents - (h[:, 1:] if form == "noncentred" else 0))
    elif form == "noncentred":
        latents = h[:, :1] + np.exp(h[:, 1:]) * latents @ walk_factor(problem).T
    return np.hstack([h, latents])


def _prior_slopes(problem, h1, h2):
    if problem.model in ("schools", "state"):
        share = np.exp(2 * h2) / problem.prior_scale**2
        return -h1 / MEAN_SCALE**2, 1 - 2 * share / (1 + share)
    if problem.model == "trials":
        return -np.tanh(h1 / 2), 1 - (PARETO_SHAPE + 1) * expit(h2)
    return 1 - np.exp(h1), RATE_SHAPE - np.exp(h2)


def _innovations(problem, centred):
    """L^-1 applied to each row: differences, or nothing."""
    return np.diff(centred, axis=1, prepend=0.0) if problem.model == "state" else centred


def _normal(problem, form):
    y, s2, L = problem.y, problem.scale**2, walk_factor(problem)
    z, u, k, _, _ = rotated(problem)
    is_walk = problem.model == "state"

    def centred(mu, log_tau, theta):
        precision = np.exp(-2 * log_tau)
        steps = _innovations(problem, theta - mu)
        pull = steps * precision
        residual = (y - theta) / s2
        square = np.sum(steps * pull, axis=1)
        value = -0.5 * (np.sum(residual * (y - theta), axis=1) + square) - y.size * log_tau[:, 0]
        back = pull.copy()
        if is_walk:
            back[:, :-1] -= pull[:, 1:]
        return value, pull[:, 0] if is_walk else pull.sum(axis=1), square - y.size, residual - back

    def noncentred(mu, log_tau, e):
        tau = np.exp(log_tau)
        moved = tau * (np.cumsum(e, axis=1) if is_walk else e)
        residual = (y - mu - moved) / s2
        value = -0.5 * (np.sum(residual**2 * s2, axis=1) + np.sum(e**2, axis=1))
        return value, residual.sum(axis=1), np.sum(residual * moved, axis=1), tau * (residual @ L) - e

    def marginalised(mu, log_tau, _):
        signal = np.exp(2 * log_tau) * k
        variance = signal + s2
        scaled = (z - mu * u) / variance
        value = -0.5 * np.sum(np.log(variance) + scaled**2 * variance, axis=1)
        return value, np.sum(u * scaled, axis=1), np.sum(signal * (scaled**2 - 1 / variance), axis=1)

    return {"centred": centred, "noncentred": noncentred, "marginalised": marginalised}[form]


def _trials(problem, form):
    (y, n), groups = (problem.y, problem.scale), problem.y.size

    def by_chain(h1, h2, slope_a, slope_b, slope_sum):
        """Derivatives in logit m and log(kappa - 1) from those in a, b and kappa = a + b."""
        m, excess = expit(h1[:, 0]), np.exp(h2[:, 0])
        along_kappa = m * slope_a + (1 - m) * slope_b + slope_sum
        return (1 + excess) * m * (1 - m) * (slope_a - slope_b), excess * along_kappa

    def centred(h1, h2, x):
        a, b = beta_shapes(h1, h2)
        kappa, log_phi = a + b, -np.logaddexp(0, -x)
        log_rest = log_phi - x
        value = np.sum((a + y) * log_phi + (b + n - y) * log_rest, axis=1)
        value = value + groups * (gammaln(kappa) - gammaln(a) - gammaln(b))[:, 0]
        slopes = log_phi.sum(axis=1) - groups * psi(a)[:, 0], log_rest.sum(axis=1) - groups * psi(b)[:, 0]
        return value, *by_chain(h1, h2, *slopes, groups * psi(kappa)[:, 0]), a + y - (kappa + n) * expit(x)

    hits, misses, total = (np.unique(part, return_counts=True) for part in (y, n - y, n))  # equal groups are done once

    def marginalised(h1, h2, _):
        a, b = beta_shapes(h1, h2)
        value, slopes = 0.0, []
        for shape, (extra, count), sign in ((a, hits, 1), (b, misses, 1), (a + b, total, -1)):
            value = value + sign * ((gammaln(shape + extra) - gammaln(shape)) @ count)
            slopes.append(sign * ((psi(shape + extra) - psi(shape)) @ count))
        return value, *by_chain(h1, h2, *slopes)

    return {"centred": centred, "marginalised": marginalised}[form]


def _counts(problem, form):
    (y, t), groups = (problem.y, problem.scale), problem.y.size

    def centred(h1, h2, x):
        alpha, beta, rate = np.exp(h1), np.exp(h2), np.exp(x)
        value = np.sum((alpha + y) * x - (beta + t) * rate, axis=1)
        value = value + groups * (alpha * h2 - gammaln(alpha))[:, 0]
        slope_alpha = groups * (h2 - psi(alpha))[:, 0] + x.sum(axis=1)
        slope_beta = groups * (alpha / beta)[:, 0] - rate.sum(axis=1)
        return value, alpha[:, 0] * slope_alpha, beta[:, 0] * slope_beta, alpha + y - (beta + t) * rate

    def noncentred(h1, h2, x):
        alpha, beta, scaled = np.exp(h1), np.exp(h2), np.exp(x)
        exposure = scaled * t / beta
        value = np.sum((alpha + y) * x - y * h2 - scaled - exposure, axis=1) - groups * gammaln(alpha)[:, 0]
        slope_alpha = x.sum(axis=1) - groups * psi(alpha)[:, 0]
        return value, alpha[:, 0] * slope_alpha, np.sum(exposure - y, axis=1), alpha + y - scaled - exposure

    def marginalised(h1, h2, _):
        alpha, beta = np.exp(h1), np.exp(h2)
        log_rate = np.log(beta + t)
        value = np.sum(gammaln(alpha + y) - gammaln(alpha) + alpha * h2 - (alpha + y) * log_rate, axis=1)
        slope_alpha = np.sum(psi(alpha + y) - psi(alpha) + h2 - log_rate, axis=1)
        slope_beta = np.sum(alpha / beta - (alpha + y) / (beta + t), axis=1)
        return value, alpha[:, 0] * slope_alpha, beta[:, 0] * slope_beta

    return {"centred": centred, "noncentred": noncentred, "marginalised": marginalised}[form]
