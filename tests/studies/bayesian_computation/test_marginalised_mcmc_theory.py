"""Marginalised MCMC: integrals against numerical ones, gradients against PyMC's, moments against exact draws."""

import numpy as np
import pytest
from scipy import stats

from workbench.studies.bayesian_computation import marginalised_mcmc as mm
from workbench.studies.bayesian_computation.marginalised_mcmc import densities, nuts, pooling, theory

PROBLEMS = [mm.published(name) for name in mm.MODELS] + [mm.typical("state", 7, 0.4), mm.typical("counts", 5, 0.7)]
NAMES = [f"{problem.model}-{problem.y.size}" for problem in PROBLEMS]
FORMS = [(problem, form) for problem in PROBLEMS[:4] for form in mm.forms(problem)]


@pytest.mark.parametrize("problem", PROBLEMS, ids=NAMES)
def test_marginals_are_those_of_scipy(problem):
    h1, h2 = 0.3, 0.7
    if problem.model == "trials":
        a, b = (shape.item() for shape in theory.beta_shapes(np.array([h1]), np.array([h2])))
        expected = stats.betabinom(problem.scale.astype(int), a, b).logpmf(problem.y).sum()
    elif problem.model == "counts":
        share = np.exp(h2) / (np.exp(h2) + problem.scale)
        expected = stats.nbinom(np.exp(h1), share).logpmf(problem.y).sum()
    else:
        L = theory.walk_factor(problem)
        covariance = np.exp(2 * h2) * L @ L.T + np.diag(problem.scale**2)
        expected = stats.multivariate_normal(np.full(problem.y.size, h1), covariance).logpdf(problem.y)
    assert mm.log_marginal(problem, h1, h2) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("problem, form", FORMS, ids=[f"{problem.model}-{form}" for problem, form in FORMS])
def test_gradients_are_those_of_pymc(problem, form):
    """PyMC's densities and its own transforms; nothing is sampled."""
    natural = mm.draw_posterior(problem, 3, np.random.default_rng(1), n_points=60)
    points = densities.to_coordinates(problem, form, natural)
    model = nuts.pymc_model(problem, form)
    compiled = model.compile_dlogp(mode="FAST_COMPILE")
    places = {"first": 0, "second": 1, "latents": slice(2, None)}
    for point, gradient in zip(points, densities.log_density(problem, form)(points)[1], strict=True):
        values = {v.name: point[places[v.name.split("_")[0]]] for v in model.value_vars}
        np.testing.assert_allclose(compiled(values), gradient, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("problem, form", FORMS, ids=[f"{problem.model}-{form}" for problem, form in FORMS])
def test_values_and_gradients_belong_together_and_coordinates_invert(problem, form):
    generator = np.random.default_rng(2)
    natural = mm.draw_posterior(problem, 4, generator, n_points=60)
    points = densities.to_coordinates(problem, form, natural)
    evaluate = densities.log_density(problem, form)
    gradient = evaluate(points)[1]
    for k in range(points.shape[1]):
        step = np.zeros(points.shape[1])
        step[k] = 1e-5
        slope = (evaluate(points + step)[0] - evaluate(points - step)[0]) / 2e-5
        np.testing.assert_allclose(gradient[:, k], slope, rtol=1e-5, atol=1e-5)
    back = densities.to_natural(problem, form, points, generator)
    np.testing.assert_allclose(back[:, :2], natural[:, :2])
    if form != "marginalised":
        np.testing.assert_allclose(back, natural, rtol=1e-8)


@pytest.mark.parametrize("problem", PROBLEMS, ids=NAMES)
def test_the_integrated_plain_density_is_the_marginal_one(problem):
    """log p(h, z | y) - log p(z | h, y) must not depend on z: Bayes' rule, with the conditional from the moments."""
    h = mm.draw_posterior(problem, 1, np.random.default_rng(3), n_points=60)[:, :2].repeat(6, axis=0)
    latents = theory.draw_latents(problem, h[:, 0], h[:, 1], np.random.default_rng(4))
    joint = densities.log_density(problem, "centred")(
        densities.to_coordinates(problem, "centred", np.hstack([h, latents]))
    )[0]
    mean, variance = mm.latent_moments(problem, h[:1, 0], h[:1, 1])
    if problem.model == "trials":
        total = mean * (1 - mean) / variance - 1
        a, b = mean * total, (1 - mean) * total
        conditional = (stats.beta(a, b).logpdf(latents) + np.log(latents * (1 - latents))).sum(axis=1)
    elif problem.model == "counts":
        shape, rate = mean**2 / variance, mean / variance
        conditional = (stats.gamma(shape, scale=1 / rate).logpdf(latents) + np.log(latents)).sum(axis=1)
    else:
        L = theory.walk_factor(problem)
        prior = np.linalg.inv(L @ L.T) * np.exp(-2 * h[0, 1])
        covariance = np.linalg.inv(prior + np.diag(problem.scale**-2))
        np.testing.assert_allclose(np.diag(covariance), variance[0], rtol=1e-7)
        conditional = stats.multivariate_normal(mean[0], covariance).logpdf(latents)
    assert np.ptp(joint - conditional) < 1e-6


@pytest.mark.parametrize("problem", PROBLEMS, ids=NAMES)
def test_quadrature_has_converged_and_exact_draws_have_its_moments(problem):
    mean, sd = mm.posterior_moments(problem)
    finer, finer_sd = mm.posterior_moments(problem, 230)
    np.testing.assert_allclose((mean - finer) / sd, 0, atol=1e-4)
    np.testing.assert_allclose(sd / finer_sd, 1, atol=1e-4)
    scaled = (mm.draw_posterior(problem, 20_000, np.random.default_rng(5)) - mean) / sd
    assert np.max(np.abs(scaled.mean(axis=0))) < 4.5 / np.sqrt(20_000)
    errors = (scaled**2).std(axis=0) / np.sqrt(20_000)
    assert np.max(np.abs((scaled**2).mean(axis=0) - 1) / errors) < 4.5


def test_eight_schools_as_published():
    """BDA's analysis has a flat prior of mu; with N(0, 5^2) and HalfCauchy(5) mu is about 4.4 +- 3.3."""
    mean, sd = mm.posterior_moments(mm.published("schools"))
    assert mean[0] == pytest.approx(4.40, abs=0.01) and sd[0] == pytest.approx(3.32, abs=0.01)


@pytest.mark.parametrize("form", mm.FORMS)
@pytest.mark.parametrize("B", [0.15, 0.5, 0.85])
def test_worth_of_gibbs_draws(form, B):
    chains = mm.simulate_gibbs(25, 6, B, form, n_replications=6000, seed=[6, int(100 * B)])
    squares = 25 * chains.mean(axis=1) ** 2
    z = (squares.mean() - mm.draws_per_effective_draw(B, form, 25)) / (squares.std() / np.sqrt(6000))
    assert abs(z) < 4.5
    lag = np.mean(chains[:, 1:] * chains[:, :-1])
    assert lag == pytest.approx(pooling.gibbs_autocorrelation(B, form), abs=0.03)


def test_limits_of_pooling():
    B = np.array([0.1, 0.4, 0.5])
    np.testing.assert_allclose(
        mm.draws_per_effective_draw(B, "centred"), mm.draws_per_effective_draw(1 - B, "noncentred")
    )
    np.testing.assert_allclose(
        mm.draws_per_effective_draw(B, "centred", 10**9), mm.draws_per_effective_draw(B, "centred")
    )
    np.testing.assert_allclose(mm.draws_per_effective_draw(B, "centred", 1), 1)
    np.testing.assert_allclose(mm.condition_number(B, "marginalised"), 1)
    assert mm.condition_number(0.999, "centred") > 1000


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: mm.published("pumps"), "model must be one of schools, trials, counts, state, got 'pumps'"),
        (lambda: mm.typical("schools", 1, 0.5), "n_groups must be an integer >= 2, got 1"),
        (lambda: mm.typical("schools", 5, 1.0), r"pooling must lie in \(0, 1\), got 1.0"),
        (lambda: mm.typical("schools", 5, 0.5, prior_scale=0), "prior_scale must be positive, got 0"),
        (lambda: mm.make("schools", [1.0, 2.0], [1.0, -1.0]), "scale must be positive, got -1.0"),
        (lambda: mm.make("schools", [1.0, np.inf], 1.0), "y must be a vector of finite numbers"),
        (lambda: mm.make("counts", [1.5], 1.0), "y must be counts >= 0"),
        (lambda: mm.make("trials", [5], 4), "y must not exceed the number of trials"),
        (lambda: mm.make("state", [1, 2], [1, 2]), "scale must be the same for all times"),
        (lambda: mm.draws_per_effective_draw(0.0, "centred"), r"pooling must lie in \(0, 1\), got 0.0"),
        (lambda: mm.condition_number(0.5, "plain"), "form must be one of centred, noncentred, marginalised, got"),
        (lambda: mm.quadrature(mm.published("schools"), 10), "n_points must be at least 20, got 10"),
        (
            lambda: densities.log_density(mm.published("trials"), "noncentred"),
            "form must be one of centred, marginalised for trials, got 'noncentred'",
        ),
        (
            lambda: mm.sample(mm.published("state"), "centred", 5, n_replications=9, seed=0),
            "n_replications must be at least 10, got 9",
        ),
        (
            lambda: mm.sample(mm.published("state"), "centred", 0, n_replications=10, seed=0),
            "n_draws and n_tune must be at least 1, got 0 and 60",
        ),
    ],
)
def test_bad_input_gets_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
