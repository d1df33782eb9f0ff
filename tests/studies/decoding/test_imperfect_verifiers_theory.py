"""Imperfect verifiers: formulas against brute force, quadrature, limits; the best budget against direct search."""

import numpy as np
import pytest
from scipy import integrate, stats

from workbench.studies.decoding import imperfect_verifiers as iv

LAWS = [(1.0, 1.5, 0.1), (0.3, 2.0, 0.02), (4.0, 1.0, 0.5), (0.5, 0.5, 0.9)]
RNG = np.random.default_rng(7)


@pytest.mark.parametrize("p, f", [(0.3, 0.1), (0.01, 0.0), (0.0, 0.2), (1.0, 0.5), (0.6, 1.0), (0.0, 0.0)])
def test_one_problem_by_summing_over_attempts(p, f):
    """Attempt by attempt: reached, then accepted and right or accepted and wrong."""
    reached, right, wrong = 1.0, 0.0, 0.0
    for k in range(8):
        assert iv.accuracy(k, p, f) == pytest.approx(right, abs=1e-14)
        assert iv.false_acceptance(k, p, f) == pytest.approx(wrong, abs=1e-14)
        assert iv.utility(k, p, f, 3.0, 0.4) == pytest.approx(right - 3 * wrong + 0.4 * reached, abs=1e-13)
        right, wrong = right + reached * p, wrong + reached * (1 - p) * f
        reached *= (1 - p) * (1 - f)


def test_limits():
    p, f = RNG.random(50), RNG.random(50)
    np.testing.assert_allclose(iv.accuracy(10**7, p, f), iv.ceiling(p, f), rtol=1e-12)
    odds = iv.ceiling(p, f) / (1 - iv.ceiling(p, f))
    np.testing.assert_allclose(odds, p / (1 - p) / f)  # Bayes: the verifier divides the odds by f
    np.testing.assert_allclose(iv.accuracy(5, p, 0.0), 1 - (1 - p) ** 5)  # a perfect verifier gives pass@k
    np.testing.assert_allclose(iv.accuracy([1, 2, 9], 0.3, 1.0), 0.3)  # one that accepts everything gives pass@1
    assert iv.accuracy(10**6, 1e-12, 0.0) == pytest.approx(1e-6, rel=1e-5)  # no digits lost at small s
    assert iv.ceiling(0.0, 0.0) == 0 and iv.accuracy(np.inf, 0.0, 0.0) == 0


@pytest.mark.parametrize("a, b, f", LAWS)
def test_beta_law_against_quadrature(a, b, f):
    law = stats.beta(a, b)
    for k in (1, 2, 7):
        for closed, one in ((iv.beta_accuracy, iv.accuracy), (iv.beta_false_acceptance, iv.false_acceptance)):
            # the weight p^(a-1) (1-p)^(b-1) is handed to the rule, which knows its singular ends
            scale = law.pdf(0.5) / 0.5 ** (a + b - 2)
            direct, _ = integrate.quad(lambda p: one(k, p, f), 0, 1, weight="alg", wvar=(a - 1, b - 1))  # noqa: B023
            assert closed(k, a, b, f) == pytest.approx(direct * scale, rel=1e-8)
    p, weights = iv.beta_nodes(a, b)
    assert weights @ p == pytest.approx(a / (a + b)) and weights.sum() == pytest.approx(1)
    k = np.array([0, 1, 3, 40])
    np.testing.assert_allclose(
        iv.mixed_utility(k, weights, p, f, 1.5, 0.2), iv.beta_utility(k, a, b, f, 1.5, 0.2), rtol=1e-9
    )
    assert iv.beta_ceiling(a, b, f) == pytest.approx(weights @ iv.ceiling(p, f), rel=1e-8)


def test_beta_ceiling_limits_and_pooling():
    assert iv.beta_ceiling(0.3, 2.0, 0.0) == 1 and iv.beta_ceiling(0.3, 2.0, 1.0) == pytest.approx(0.3 / 2.3)
    narrow = iv.beta_ceiling(0.3e4, 0.7e4, 0.1)
    assert narrow == pytest.approx(iv.ceiling(0.3, 0.1), rel=1e-3)
    for a, b, f in LAWS:  # Jensen
        assert iv.beta_ceiling(a, b, f) < iv.ceiling(a / (a + b), f)
    assert iv.beta_accuracy(20_000, 2.0, 1.0, 0.1) == pytest.approx(iv.beta_ceiling(2.0, 1.0, 0.1), rel=1e-9)


def test_best_budget_of_a_beta_law_by_direct_search():
    searched = 0
    for _ in range(200):
        a, b, f, cost = RNG.uniform([0.1, 0.1, 0.02, 0.2], [5, 5, 0.9, 6])
        abstention = RNG.uniform(-min(cost, 1), 0.9)
        best = iv.beta_optimal_attempts(a, b, f, cost, abstention)
        if best < 2000:
            curve = iv.beta_utility(np.arange(2001), a, b, f, cost, abstention)
            assert curve[int(best)] >= curve.max() - 1e-13  # far out the curve is flat to the last digit
            assert best == 0 or curve[int(best) - 1] < curve[int(best)] + 1e-15
            searched += 1
    assert searched > 150
    assert iv.beta_optimal_attempts(1.0, 1.5, 0.1, 2.0) == 4 and iv.beta_optimal_attempts(1.0, 1.0, 0.1, 1.0) == 9
    assert iv.beta_optimal_attempts(1.0, 2.0, 0.5, 1.0) == 0
    assert iv.beta_optimal_attempts(1.0, 1.0, 0.1, 0.0) == iv.beta_optimal_attempts(1.0, 1.0, 0.0, 1.0) == np.inf


def test_best_budget_of_finitely_many_problems():
    third = np.ones(3) / 3
    assert iv.optimal_attempts(third, [0.6, 0.2, 0.01], 0.1, 2.0) == 2
    assert iv.optimal_attempts(third, [0.6, 0.3, 0.25], 0.1, 2.0) == np.inf  # odds of the hardest, 1/3, above 0.2
    assert iv.optimal_attempts([1.0], [0.27], 0.1, 2.0) == np.inf
    assert iv.optimal_attempts([1.0], [0.1], 0.1, 2.0) == 0
    assert iv.optimal_attempts([1.0], [1.0], 0.1, 2.0) == 1  # the first attempt settles it
    assert iv.optimal_attempts([0.5, 0.5], [1.0, 0.3], 0.1, 2.0) == np.inf
    assert iv.optimal_attempts([0.5, 0.5], [1.0, 0.0], 0.0, 2.0) == 1
    with pytest.raises(ValueError, match="the best budget exceeds max_attempts = 5"):
        iv.optimal_attempts([0.9, 0.1], [0.3, 0.01], 0.02, 2.0, max_attempts=5)


def test_best_budget_lies_between_the_odds_of_the_hardest_and_of_the_mean():
    for _ in range(150):
        n = RNG.integers(2, 5)
        p, weights, rate = RNG.uniform(0.02, 0.9, n), RNG.dirichlet(np.ones(n)), RNG.uniform(0.05, 1.5)
        best = iv.optimal_attempts(weights, p, 0.25, rate / 0.25, max_attempts=2000)
        mean = weights @ p
        assert (best == 0) == (mean / (1 - mean) <= rate)
        assert (best == np.inf) == (p.min() / (1 - p.min()) > rate)


def test_rejections_make_one_peak_unless_f_depends_on_the_problem():
    for _ in range(100):
        p, weights = RNG.random(4), RNG.dirichlet(np.ones(4))
        steps = np.diff(iv.mixed_utility(np.arange(80), weights, p, 0.2, 1.5))
        signs = np.sign(steps[np.abs(steps) > 1e-13])
        assert np.all(np.diff(signs) <= 0)
    dip = iv.mixed_utility([0, 3, 40], [0.8, 0.2], [0.02, 0.05], [0.0, 0.5], 1.0)
    assert dip[1] < dip[0] < dip[2]


@pytest.mark.parametrize("cost, abstention", [(2.0, 0.3), (0.5, -0.4), (1.0, 0.0)])
def test_abstention_is_another_cost(cost, abstention):
    weights, p, k = [0.5, 0.3, 0.2], [0.6, 0.2, 0.05], np.arange(30)
    other = iv.effective_cost(cost, abstention)
    np.testing.assert_allclose(
        iv.mixed_utility(k, weights, p, 0.1, cost, abstention),
        abstention + (1 - abstention) * iv.mixed_utility(k, weights, p, 0.1, other),
    )
    assert iv.optimal_attempts(weights, p, 0.1, cost, abstention) == iv.optimal_attempts(weights, p, 0.1, other)


def test_catching_up():
    for p, a in RNG.uniform(0.05, 0.95, (30, 2)):
        rate = iv.catch_up_rate(p, a)
        assert iv.ceiling(p, rate) == pytest.approx(a) if p < a else rate == 1
    rate = iv.beta_catch_up_rate(1.0, 1.5, 0.85)
    assert iv.beta_ceiling(1.0, 1.5, rate) == pytest.approx(0.85) and rate < iv.catch_up_rate(0.4, 0.85)
    assert iv.beta_catch_up_rate(3.0, 1.0, 0.7) == 1
    assert 0 < iv.beta_catch_up_rate(0.05, 1.0, 0.9) < 1e-10


def test_released_calculation_counts_rejections_twice():
    weights, p, k = np.array([0.58, 0.42]), np.array([0.87, 0.13]), np.arange(16)
    exact, released = iv.mixed_utility(k, weights, p, 0.25, 2.0), iv.released_utility(k, weights, p, 0.25, 2.0)
    np.testing.assert_allclose(released[:2], exact[:2])  # nothing has been rejected before the first attempt
    steps = np.diff(released) / np.diff(exact)
    assert np.all(steps[1:] > 1) and steps[-1] == pytest.approx(1 / 0.42, rel=1e-3)
    # the same in plain numbers, two types spelt out as there: what the loop over attempts adds up
    total, reject_easy, reject_hard = 0.0, 0.75 * 0.13, 0.75 * 0.87
    for attempt in range(1, 16):
        easy, hard = 0.58 * reject_easy ** (attempt - 1), 0.42 * reject_hard ** (attempt - 1)
        belief = easy / (easy + hard)
        worth = belief * (0.87 - 2 * 0.13 * 0.25) + (1 - belief) * (0.13 - 2 * 0.87 * 0.25)
        total += worth * (belief * reject_easy ** (attempt - 1) + (1 - belief) * reject_hard ** (attempt - 1))
        assert released[attempt] == pytest.approx(total)
    for cost in (0.7, 1.0, 2.0):
        assert np.argmax(iv.released_utility(np.arange(300), weights, p, 0.25, cost)) == iv.optimal_attempts(
            weights, p, 0.25, cost
        )


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: iv.accuracy(1, 1.2, 0.1), r"p must lie in \[0, 1\], got 1.2"),
        (lambda: iv.ceiling(0.2, -0.1), r"f must lie in \[0, 1\], got -0.1"),
        (lambda: iv.accuracy(1.5, 0.2, 0.1), "k must be integers >= 0, or infinity"),
        (lambda: iv.utility(1, 0.2, 0.1, -1.0), "cost must be a finite number >= 0, got -1.0"),
        (lambda: iv.utility(1, 0.2, 0.1, 1.0, 1.0), r"abstention must lie in \[-cost, 1\) = \[-1, 1\), got 1.0"),
        (lambda: iv.mixed_utility(1, [0.5, 0.4], [0.1, 0.2], 0.1, 1.0), "weights must be a list of nonnegative"),
        (lambda: iv.optimal_attempts([1.0], [0.1], 0.1, 1.0, max_attempts=0), "max_attempts must be a positive"),
        (lambda: iv.catch_up_rate(0.0, 0.5), "p_weak and accuracy_strong must lie in"),
        (lambda: iv.beta_accuracy(1, 0.0, 1.0, 0.1), "a must be a finite number > 0, got 0.0"),
        (lambda: iv.beta_accuracy(np.inf, 1.0, 1.0, 0.1), "k must be finite here"),
        (lambda: iv.beta_ceiling(1.0, 1.0, 1.1), r"f must lie in \[0, 1\], got 1.1"),
        (lambda: iv.beta_catch_up_rate(1.0, 1.0, 1.0), "accuracy_strong must lie in"),
        (lambda: iv.simulate_resampling([0.1], 0.1, 0, n_replications=2, seed=0), "max_attempts must be a positive"),
        (lambda: iv.simulate_resampling([0.1], 0.1, 5, seed=0), "n_replications must be a positive integer"),
        (lambda: iv.simulate_resampling([1.1], 0.1, 5, n_replications=2, seed=0), "p must lie in"),
        (lambda: iv.simulate_benchmark([0.1], 0.1, 0, n_replications=2, seed=0), "n_samples must be a positive"),
    ],
)
def test_bad_input_gets_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
