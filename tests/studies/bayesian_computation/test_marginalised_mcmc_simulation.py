"""Marginalised MCMC: HMC on known targets, on the four posteriors, and PyMC's NUTS on one of them."""

import numpy as np
import pytest

from workbench.studies.bayesian_computation import marginalised_mcmc as mm
from workbench.studies.bayesian_computation.marginalised_mcmc import simulation


def test_hmc_on_a_normal_law_started_elsewhere():
    """Correlated, badly scaled, started far out: the law is found, so it is not the start that makes it right."""
    covariance = np.array([[4.0, 0.9], [0.9, 0.25]])
    precision = np.linalg.inv(covariance)

    def evaluate(points):
        slope = -points @ precision
        return 0.5 * np.sum(points * slope, axis=1), slope

    start = np.full((300, 2), 3.0)
    draws, info = simulation.hmc(evaluate, start, np.array([2.0, 0.5]), 250, seed=1)
    assert 0.7 < info["acceptance"] < 0.95 and 1 <= info["gradients"] <= simulation.MOST_STEPS
    late = draws[:, 100:]
    averages = late.mean(axis=1)
    assert np.max(np.abs(averages.mean(axis=0)) / (averages.std(axis=0) / np.sqrt(300))) < 4.5
    np.testing.assert_allclose(np.cov(late.reshape(-1, 2).T), covariance, rtol=0.05)


def test_no_mass_where_the_density_is_not_finite():
    """Exponential law on the positive half line: proposals outside have no density and are rejected."""

    def evaluate(points):
        return np.where(points[:, 0] > 0, -points[:, 0], -np.inf), -np.ones_like(points)

    draws, _ = simulation.hmc(evaluate, np.ones((200, 1)), np.ones(1), 300, seed=2)
    assert draws.min() > 0
    averages = draws[:, 50:, 0].mean(axis=1)
    assert abs(averages.mean() - 1) < 4.5 * averages.std() / np.sqrt(200)


@pytest.mark.parametrize("name", mm.MODELS)
def test_every_form_has_the_posterior_of_the_quadrature(name):
    problem = mm.published(name)
    mean, sd = mm.posterior_moments(problem)
    for form in mm.forms(problem):
        draws, _ = mm.sample(problem, form, 120, n_replications=200, seed=3)
        assert draws.shape == (200, 120, mean.size)
        averages = ((draws - mean) / sd).mean(axis=1)
        z = averages.mean(axis=0) / (averages.std(axis=0) / np.sqrt(200))
        assert np.max(np.abs(z)) < 4.5, (form, z)


def test_a_seed_repeats_and_costs_are_squared_errors():
    problem = mm.published("schools")
    runs = [mm.sample(problem, "noncentred", 30, n_replications=20, seed=[4, 5]) for _ in range(2)]
    np.testing.assert_array_equal(runs[0][0], runs[1][0])
    draws, gradients = mm.cost_per_effective_draw(problem, "noncentred", 30, n_replications=20, seed=[4, 5])
    mean, sd = mm.posterior_moments(problem)
    np.testing.assert_allclose(draws, 30 * ((runs[0][0].mean(axis=1) - mean) / sd) ** 2)
    np.testing.assert_allclose(gradients, draws * runs[0][1]["gradients"])


def test_nuts_finds_the_posterior_with_recovered_latents():
    problem = mm.published("trials")
    draws, gradients, seconds = mm.sample_nuts(problem, "marginalised", 250, n_chains=2, seed=6)
    assert draws.shape == (2, 250, 20) and gradients.shape == seconds.shape == (2, 250)
    assert np.all(gradients >= 1) and np.all(seconds > 0)
    mean, sd = mm.posterior_moments(problem)
    errors = mm.mean_errors(draws)
    assert np.max(np.abs(draws.mean(axis=(0, 1)) - mean) / errors) < 4.5
    effective = mm.effective_draws(draws)
    assert effective.shape == (2, 20) and np.all(np.abs(np.log(errors / sd * np.sqrt(effective.sum(axis=0)))) < 0.7)
