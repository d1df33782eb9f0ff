"""Integrals over the latents in closed form, and the posterior by quadrature.

The integrals are the conjugate ones of every textbook; Lai et al. (2023), arXiv 2302.00564, find and apply them
automatically.
"""

import numpy as np
from scipy.special import betaln, gammaln

from workbench.studies.bayesian_computation.marginalised_mcmc.problems import MEAN_SCALE, PARETO_SHAPE, RATE_SHAPE


def walk_factor(problem):
    """L, shape (J, J), with latents mu + tau L e for standard normal e: identity, or for state ones below the diagonal.

    No theorem.
    """
    n = problem.y.size
    return np.tri(n) if problem.model == "state" else np.eye(n)


def rotated(problem):
    """The normal models with latents integrated out, in coordinates in which the data are independent.

    With K = L L' = U diag(k) U', z = U'y and u = U'1:  z_i ~ N(mu u_i, tau^2 k_i + s_i^2). No theorem: for state all s
    are one number, for schools U is the identity.

    Returns
    -------
    z, u, k, s2 : arrays of shape (J,)
    U : array (J, J)
    """
    n = problem.y.size
    if problem.model == "schools":
        return problem.y, np.ones(n), np.ones(n), problem.scale**2, np.eye(n)
    k, U = np.linalg.eigh(walk_factor(problem) @ walk_factor(problem).T)
    return problem.y @ U, U.sum(axis=0), k, problem.scale**2, U


def log_marginal(problem, h1, h2):
    """log p(y | hyperparameters), the latents integrated out.

        normal   sum_i log N(z_i; mu u_i, tau^2 k_i + s_i^2)              (see `rotated`)
        trials   sum_j log [C(n_j, y_j) B(a + y_j, b + n_j - y_j)/B(a, b)],  a = m kappa, b = (1 - m) kappa
        counts   sum_j log [Gamma(alpha + y_j)/(Gamma(alpha) y_j!) (beta/(beta + t_j))^alpha (t_j/(beta + t_j))^y_j]

    Parameters
    ----------
    problem : Problem
    h1, h2 : arrays of any one shape, on the whole line (see `problems`)

    Returns
    -------
    array of that shape. Cost: O(J) each.
    """
    h1, h2 = (np.asarray(h, dtype=float)[..., None] for h in (h1, h2))
    y, scale = problem.y, problem.scale
    if problem.model in ("schools", "state"):
        z, u, k, s2, _ = rotated(problem)
        variance = np.exp(2 * h2) * k + s2
        terms = -0.5 * (np.log(2 * np.pi * variance) + (z - h1 * u) ** 2 / variance)
    elif problem.model == "trials":
        a, b = beta_shapes(h1, h2)
        terms = gammaln(scale + 1) - gammaln(y + 1) - gammaln(scale - y + 1)
        terms = terms + betaln(a + y, b + scale - y) - betaln(a, b)
    else:
        alpha, beta = np.exp(h1), np.exp(h2)
        terms = gammaln(alpha + y) - gammaln(alpha) - gammaln(y + 1)
        terms = terms + alpha * np.log(beta / (beta + scale)) + y * np.log(scale / (beta + scale))
    return terms.sum(axis=-1)


def beta_shapes(h1, h2):
    """a = m kappa and b = (1 - m) kappa from logit m and log(kappa - 1)."""
    kappa = 1 + np.exp(h2)
    return kappa / (1 + np.exp(-h1)), kappa / (1 + np.exp(h1))


def log_prior(problem, h1, h2):
    """log density of (h1, h2) on the whole line, up to a constant: the priors of `problems` times their Jacobians."""
    h1, h2 = np.asarray(h1, dtype=float), np.asarray(h2, dtype=float)
    if problem.model in ("schools", "state"):
        return -0.5 * (h1 / MEAN_SCALE) ** 2 - np.log1p(np.exp(2 * h2) / problem.prior_scale**2) + h2
    if problem.model == "trials":
        return -np.logaddexp(0, h1) - np.logaddexp(0, -h1) - (PARETO_SHAPE + 1) * np.logaddexp(0, h2) + h2
    return -np.exp(h1) + h1 + RATE_SHAPE * h2 - np.exp(h2)


def quadrature(problem, n_points=160, log_density=None):
    """The posterior of (h1, h2) on a grid, the latents integrated out: no sampling.

    A wide box is searched coarsely for where the density is within e^-25 of its top, and that part is cut into cells of
    equal size, whose midpoints carry the mass (for smooth densities that vanish at the edges the error falls faster
    than any power of the cell). No theorem.

    Parameters
    ----------
    problem : Problem
    n_points : int >= 20
        Cells along each axis.
    log_density : function of (h1, h2), optional
        Another log density than ``log_marginal + log_prior``.

    Returns
    -------
    h1, h2, mass : arrays of shape (n_points**2,); the mass adds up to one.
    """
    if n_points < 20:
        raise ValueError(f"n_points must be at least 20, got {n_points}")
    density = log_density or (lambda h1, h2: log_marginal(problem, h1, h2) + log_prior(problem, h1, h2))
    reach = 40.0 if problem.model in ("schools", "state") else 15.0  # mu, or a logit or logarithm
    low, high = np.array([-reach, -28.0]), np.array([reach, 16.0])
    for _ in range(3):
        axes = [np.linspace(a, b, 121) for a, b in zip(low, high, strict=True)]
        value = density(*np.meshgrid(*axes, indexing="ij"))
        inside = value > value.max() - 25
        for axis in (0, 1):
            kept = np.flatnonzero(inside.any(axis=1 - axis))
            step = axes[axis][1] - axes[axis][0]
            low[axis], high[axis] = axes[axis][kept[0]] - step, axes[axis][kept[-1]] + step
    axes = [a + (b - a) * (np.arange(n_points) + 0.5) / n_points for a, b in zip(low, high, strict=True)]
    h1, h2 = (h.ravel() for h in np.meshgrid(*axes, indexing="ij"))
    value = density(h1, h2)
    mass = np.exp(value - value.max())
    return h1, h2, mass / mass.sum()


def latent_moments(problem, h1, h2):
    """Mean and variance of each latent given data and hyperparameters, by conjugacy.

    Parameters
    ----------
    h1, h2 : arrays of shape (B,)

    Returns
    -------
    mean, variance : arrays of shape (B, J)
    """
    y, scale = problem.y, problem.scale
    h1, h2 = h1[:, None], h2[:, None]
    if problem.model in ("schools", "state"):
        z, u, k, s2, U = rotated(problem)
        signal = np.exp(2 * h2) * k
        mean = h1 + (signal / (signal + s2) * (z - h1 * u)) @ U.T
        return mean, (signal * s2 / (signal + s2)) @ (U.T**2)
    if problem.model == "trials":
        a, b = (shape + extra for shape, extra in zip(beta_shapes(h1, h2), (y, scale - y), strict=True))
        return a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))
    shape, rate = np.exp(h1) + y, np.exp(h2) + scale
    return shape / rate, shape / rate**2


def posterior_moments(problem, n_points=160):
    """Exact posterior means and standard deviations by quadrature; the law of total variance for the latents.

    Returns
    -------
    mean, sd : arrays of shape (2 + J,): h1, h2, then the latents on their natural scale.
    """
    h1, h2, mass = quadrature(problem, n_points)
    inner_mean, inner_variance = latent_moments(problem, h1, h2)
    values = np.column_stack([h1, h2, inner_mean])
    mean = mass @ values
    variance = mass @ (values - mean) ** 2
    variance[2:] += mass @ inner_variance
    return mean, np.sqrt(variance)


def draw_latents(problem, h1, h2, generator):
    """Exact draws of all latents given data and hyperparameters, one for each pair: what recovers them.

    Parameters
    ----------
    h1, h2 : arrays of shape (B,)
    generator : numpy.random.Generator

    Returns
    -------
    array of shape (B, J), on the latents' natural scale
    """
    y, scale = problem.y, problem.scale
    h1, h2 = h1[:, None], h2[:, None]
    if problem.model in ("schools", "state"):
        z, u, k, s2, U = rotated(problem)
        signal = np.exp(2 * h2) * k
        noise = generator.standard_normal((h1.size, y.size)) * np.sqrt(signal * s2 / (signal + s2))
        return h1 + (signal / (signal + s2) * (z - h1 * u) + noise) @ U.T
    if problem.model == "trials":
        a, b = beta_shapes(h1, h2)
        return generator.beta(a + y, b + scale - y)
    return generator.gamma(np.exp(h1) + y) / (np.exp(h2) + scale)


def draw_posterior(problem, n_draws, generator, n_points=160):
    """Independent draws of (h1, h2, latents), shape (n_draws, 2 + J): the grid of `quadrature`, then `draw_latents`.

    Within its cell a draw is uniform: the error is of second order in the cell's size. No theorem.
    """
    h1, h2, mass = quadrature(problem, n_points)
    cell = generator.choice(mass.size, size=n_draws, p=mass)
    jitter = generator.uniform(-0.5, 0.5, size=(2, n_draws))
    width = [np.ptp(h) / (n_points - 1) for h in (h1, h2)]
    first, second = h1[cell] + width[0] * jitter[0], h2[cell] + width[1] * jitter[1]
    return np.column_stack([first, second, draw_latents(problem, first, second, generator)])
