"""The small automatic rewriting: against hand-written marginals, exact conditionals, and what it must refuse."""

import numpy as np
import pytest

from workbench.studies.bayesian_computation import marginalised_mcmc as mm
from workbench.studies.bayesian_computation.marginalised_mcmc.automatic import (
    log_density,
    marginalise,
    node,
    operations,
    recover,
)
from workbench.studies.bayesian_computation.marginalised_mcmc.expressions import as_expression, as_line, evaluate, exp

X = as_expression("x")
ORDERS = ["last first", "first first"]


def hyperparameters(h1, h2):
    return {"h1": np.reshape(h1, (-1, 1)), "h2": np.reshape(h2, (-1, 1))}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", mm.MODELS)
def test_equals_the_marginals_written_by_hand(name, order):
    for problem in (mm.published(name), mm.typical(name, 6, 0.5)):
        h = mm.draw_posterior(problem, 20, np.random.default_rng(1), n_points=60)[:, :2]
        rewritten = marginalise(mm.graph(problem), order=order)
        found = log_density(rewritten, hyperparameters(h[:, 0], h[:, 1]))
        np.testing.assert_allclose(found, mm.log_marginal(problem, h[:, 0], h[:, 1]), rtol=1e-9)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", mm.MODELS)
def test_recovered_latents_have_the_conditional_moments(name, order):
    """For state the conditionals are chained, backwards or forwards; means, variances and neighbours' covariance."""
    problem, n = mm.typical(name, 5, 0.5), 20_000
    rewritten = marginalise(mm.graph(problem), order=order)
    h1, h2 = (0.2, 0.3) if name != "counts" else (1.0, 0.2)
    drawn = recover(rewritten, hyperparameters(np.full(n, h1), np.full(n, h2)), np.random.default_rng(2))
    draws = drawn["latents"] if name != "state" else np.hstack([drawn[f"x{t}"] for t in range(5)])
    mean, variance = mm.latent_moments(problem, np.array([h1]), np.array([h2]))
    assert np.max(np.abs(draws.mean(axis=0) - mean) / np.sqrt(variance / n)) < 4.5
    scaled = (draws - mean) ** 2 / variance
    assert np.max(np.abs(scaled.mean(axis=0) - 1) / scaled.std(axis=0)) < 4.5 / np.sqrt(n)
    if name == "state":
        L = np.tri(5)
        exact = np.linalg.inv(np.linalg.inv(L @ L.T) * np.exp(-2 * h2) + np.eye(5))
        np.testing.assert_allclose(np.cov(draws.T), exact, atol=0.03)


@pytest.mark.parametrize("T", [2, 5, 9])
def test_reversals_and_operations_on_a_chain(T):
    graph = mm.graph(mm.typical("state", T, 0.5))
    last, first = (marginalise(graph, order=order) for order in ORDERS)
    assert last.reversals == T * (T + 1) // 2 and first.reversals == 2 * T - 1
    assert last.removed[::-1] == first.removed == tuple(f"x{t}" for t in range(T))
    assert operations(first) == 16 * T - 12 and (T == 2 or operations(last) > operations(first))


@pytest.mark.parametrize(
    "latent, child",
    [
        (node("normal", 0.0, 1.0), node("normal", X, exp(X), observed=1.0)),  # noise that depends on it
        (node("normal", 0.0, 1.0), node("normal", X * X, 1.0, observed=1.0)),
        (node("normal", 0.0, 1.0), node("normal", exp(X), 1.0, observed=1.0)),
        (node("normal", 0.0, 1.0), node("normal", 1.0 / X, 1.0, observed=1.0)),
        (node("normal", 0.0, 1.0), node("student", X, 1.0, 4.0, observed=1.0)),
        (node("normal", 0.0, 1.0), node("normal", X, 1.0, observed=[1.0, 2.0])),  # one latent for two groups
        (node("gamma", 2.0, 1.0), node("poisson", X + 1.0, observed=1.0)),
        (node("gamma", 2.0, 1.0), node("normal", X, 1.0, observed=1.0)),
        (node("beta", 2.0, 1.0), node("binomial", 5.0, X * 0.5, observed=1.0)),
        (node("beta", 2.0, 1.0), node("binomial", 5.0, 1.0 - X, observed=1.0)),
        (node("student", 0.0, 1.0, 4.0), node("normal", X, 1.0, observed=1.0)),
    ],
)
def test_what_is_not_conjugate_stays(latent, child):
    model = {"x": latent, "y": child}
    result = marginalise(model)
    assert result.removed == () and result.reversals == 0 and result.model == model


def test_one_bad_child_keeps_the_latent_and_another_can_still_go():
    model = {
        "z": node("normal", 0.0, 1.0),
        "x": node("normal", "z", 1.0),
        "y": node("normal", X, 1.0, observed=0.4),
        "w": node("student", "z", 1.0, 3.0, observed=0.4),
    }
    result = marginalise(model)
    assert result.removed == ("x",)
    assert marginalise(model, keep=("x",)).removed == ()
    # integrating x numerically gives the same density of z
    x, z = np.linspace(-12, 12, 4001)[:, None], 0.6
    joint = np.exp(log_density(model, {"x": x, "z": np.full_like(x, z)}))
    assert log_density(result, {"z": np.array([[z]])})[0] == pytest.approx(np.log(np.trapezoid(joint, x[:, 0])))


def test_lines():
    slope, intercept = as_line((2.0 * X - "b") / 4.0 + X * "c", "x")
    values = {"b": 3.0, "c": 5.0}
    assert evaluate(slope, values) == pytest.approx(5.5) and evaluate(intercept, values) == pytest.approx(-0.75)
    assert as_line(X * X, "x") is None and as_line(exp(X), "x") is None and as_line(1.0 / X, "x") is None


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: node("cauchy", 0.0, 1.0), "family must be one of normal, .*, got 'cauchy'"),
        (lambda: node("normal", 0.0), "normal takes mean, sd; got 1 arguments"),
        (lambda: marginalise({"y": node("normal", X, 1.0), "x": node("normal", 0.0, 1.0)}), "must come before it"),
        (lambda: marginalise({}, order="random"), "order must be 'last first' or 'first first', got 'random'"),
    ],
)
def test_bad_input_gets_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
