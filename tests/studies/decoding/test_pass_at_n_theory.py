"""Pass@N: the best policy against two other routes, the coverage loss at its edges, what the loss learns."""

import warnings

import numpy as np
import pytest
from scipy.optimize import brentq, minimize

from workbench.studies.decoding import pass_at_n as pn

P = pn.right_answers(0.5)
RANDOM = np.random.default_rng(1).dirichlet(np.full(7, 0.6), size=6)


@pytest.mark.parametrize("p", [P, *RANDOM])
@pytest.mark.parametrize("n", [2, 3, 5, 9])
def test_best_policy_equals_direct_optimisation(p, n):
    """The answers' chances by a general-purpose optimiser on the simplex; its own optimum is no better."""
    found = minimize(
        lambda q: -pn.coverage(p, q, n),
        np.full(len(p), 1 / len(p)),
        jac=lambda q: -n * p * (1 - q) ** (n - 1),
        bounds=[(0, 1)] * len(p),
        constraints=dict(type="eq", fun=lambda q: q.sum() - 1, jac=lambda q: np.ones(len(p))),
        method="SLSQP",
        options=dict(ftol=1e-15, maxiter=500),
    ).x
    best = pn.best_policy(p, n)
    assert pn.coverage(p, best, n) >= pn.coverage(p, found, n) - 1e-12
    np.testing.assert_allclose(best, found, atol=2e-4)


@pytest.mark.parametrize("p", [P, *RANDOM])
@pytest.mark.parametrize("n", [2, 8, 50])
def test_best_policy_equals_the_root_for_the_multiplier(p, n):
    def policy(log_multiplier):
        return np.maximum(0, 1 - np.exp((log_multiplier - np.log(n * p)) / (n - 1)))

    root = brentq(lambda x: policy(x).sum() - 1, -60 * n, np.log(n), xtol=1e-14)
    np.testing.assert_allclose(pn.best_policy(p, n), policy(root), atol=1e-9)


def test_planning_values():
    best = pn.best_policy(P, 8)
    assert pn.coverage(P, best, 8) == pytest.approx(0.89700, abs=5e-5)
    assert pn.coverage(P, P, 8) == pytest.approx(0.86950, abs=5e-5)
    assert pn.coverage(P, pn.best_policy(P, 1), 8) == pytest.approx(0.5)


def test_edges_of_n():
    np.testing.assert_array_equal(pn.best_policy([0.4, 0.4, 0.2], 1), [0.5, 0.5, 0])
    np.testing.assert_allclose(pn.best_policy([0.7, 0.3, 0], 10**9), [0.5, 0.5, 0], atol=1e-8)
    np.testing.assert_allclose(pn.best_policy([1, 0], [1, 2, 100]), [[1, 0]] * 3)
    np.testing.assert_allclose(pn.best_policy([1 - 1e-300, 1e-300], 10**6), [0.5, 0.5], atol=1e-3)
    assert pn.coverage(P, P, 10**7) == 1
    assert pn.coverage([1.0], [1e-12], 10**6) == pytest.approx(1e-6, rel=1e-6)
    assert pn.coverage([1.0, 0.0], [1.0, 0.0], 5) == 1


def test_two_answers_are_tempered_by_n_minus_one():
    for n in (2, 3, 10):
        tempered = np.array([0.9, 0.1]) ** (1 / (n - 1))
        np.testing.assert_allclose(pn.best_policy([0.9, 0.1], n), tempered / tempered.sum())


def test_confidence_falls_to_the_uniform_one_and_at_the_derived_rate():
    n = 2 ** np.arange(1, 21)
    confidence = pn.best_policy(P, n)[:, 0]
    assert np.all(np.diff(confidence) < 0)
    rate = (n[-1] - 1) * (pn.best_policy(P, n[-1]) - 0.2)
    np.testing.assert_allclose(rate, 0.8 * (np.log(P) - np.log(P).mean()), rtol=1e-4)


@pytest.mark.parametrize("p", [P, RANDOM[0]])
@pytest.mark.parametrize("n", [1, 2, 4, 12])
def test_loss_optimum_equals_direct_optimisation(p, n):
    def loss(z):
        log_q = z - np.logaddexp.reduce(z)
        return np.sum(p * pn.coverage_loss(log_q, n))

    found = minimize(loss, np.log(p), method="BFGS", options=dict(gtol=1e-9)).x
    np.testing.assert_allclose(pn.loss_optimum(p, n), np.exp(found - np.logaddexp.reduce(found)), atol=2e-5)


def test_loss_optimum_edges():
    np.testing.assert_allclose(pn.loss_optimum(P, 1), P, atol=1e-10)
    np.testing.assert_allclose(pn.loss_optimum(P, 10**5), pn.best_policy(P, 10**5), atol=1e-8)
    np.testing.assert_array_equal(pn.loss_optimum([0, 1, 0], 7), [0, 1, 0])
    assert np.all(pn.loss_optimum([0.6, 0.4, 0], 3)[:2] > 0) and pn.loss_optimum([0.6, 0.4, 0], 3)[2] == 0


def test_small_n_crossover():
    """Fitting the loss perfectly is worse than calibration at two to four draws, and better from six on."""
    gap = {n: pn.coverage(P, pn.loss_optimum(P, n), n) - pn.coverage(P, P, n) for n in (2, 3, 4, 6, 8, 16)}
    assert all(gap[n] < 0 for n in (2, 3, 4)) and all(gap[n] > 0 for n in (6, 8, 16))


def test_coverage_loss_equals_the_plain_formula_where_that_is_exact():
    q = np.linspace(0.01, 0.9, 50)[:, None]
    n = np.array([1, 2, 7, 30])
    np.testing.assert_allclose(pn.coverage_loss(np.log(q), n), -np.log(1 - (1 - q) ** n), rtol=1e-9, atol=1e-15)


def test_coverage_loss_at_its_edges():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        log_q = np.array([-1000.0, -41.0, -39.0, -1e-3, -1e-12, 0.0])
        np.testing.assert_allclose(pn.coverage_loss(log_q, 1), -log_q, atol=1e-15, rtol=1e-9)
        np.testing.assert_allclose(pn.coverage_loss(log_q[:3], 1000), -log_q[:3] - np.log(1000), rtol=1e-12)
        # q = 1 - 1e-3 and 20 draws: the chance to miss is 1e-60, and so is the loss
        assert pn.coverage_loss(np.log1p(-np.array(1e-3)), 20) == pytest.approx(1e-60, rel=1e-9)
        assert pn.coverage_loss(np.array(-0.1), 10**6) == 0


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("n", [1, 2, 8, 10_000])
def test_gradients_are_finite_and_the_factor_times_cross_entropy(precision, n):
    import torch

    logits = torch.tensor(
        [[90.0, 0, 0], [-90, 0, 0], [0, 0, 0], [3, 0, 0], [-20, 5, 5], [-1e4, 0, 0]], dtype=getattr(torch, precision)
    )
    got, plain = (torch.autograd.grad(loss, z)[0].double().numpy() for loss, z in _losses(torch, logits, n))
    q = torch.softmax(logits.double(), -1)[:, 0].numpy()
    assert np.all(np.isfinite(got))
    tolerance = 2e-3 if precision == "float32" else 1e-9
    np.testing.assert_allclose(got, pn.gradient_factor(q, n)[:, None] * plain, atol=1e-6, rtol=tolerance)


def _losses(torch, logits, n):
    for loss in (lambda x: pn.coverage_loss(x, torch.tensor(float(n)), torch), torch.neg):
        z = logits.clone().requires_grad_()
        yield loss(torch.log_softmax(z, -1)[:, 0]).sum(), z


def test_gradient_factor():
    q = np.array([0, 1e-300, 1e-9, 0.1, 0.5, 0.999, 1])
    np.testing.assert_allclose(pn.gradient_factor(q, 1), 1)
    factor = pn.gradient_factor(q, 50)
    assert np.all(np.diff(factor) <= 0) and factor[0] == factor[1] == 1 and factor[-1] == 0
    direct = 50 * 0.1 * 0.9**49 / (1 - 0.9**50)
    assert factor[3] == pytest.approx(direct)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: pn.best_policy(P, 0), "n_draws must be integers >= 1, got 0"),
        (lambda: pn.best_policy(P, 2.5), "n_draws must be integers >= 1, got 2.5"),
        (lambda: pn.best_policy([0.5, 0.6], 2), "p must be nonnegative and sum to 1"),
        (lambda: pn.loss_optimum([1.5, -0.5], 2), "p must be nonnegative and sum to 1"),
        (lambda: pn.coverage(P, P, 0), "n_draws must be integers >= 1, got 0"),
        (lambda: pn.right_answers(1.2), r"ambiguity must lie in \[0, 1\], got 1.2"),
        (lambda: pn.coverage_loss(np.array(-1.0), 0.5), "n_draws must be at least 1, got 0.5"),
        (lambda: pn.gradient_factor(1.5, 3), r"q must lie in \[0, 1\]"),
        (lambda: pn.memorise(P, 0, n_replications=2, seed=1), "n_labels must be a positive integer, got 0"),
    ],
)
def test_bad_input_gets_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
