"""The best of n: laws against simulation and quadrature, weights against brute force, exact errors."""

from itertools import product
from math import comb, factorial

import numpy as np
import pytest
from scipy.integrate import quad

from workbench.montecarlo import mean_and_se
from workbench.studies.evaluation import expected_best_of_n as eb


@pytest.mark.parametrize("law", eb.laws.LAWS)
def test_expected_best_of_n_draws(law):
    draws = eb.draw(law, (40_000, 16), np.random.default_rng(1))
    for n in (1, 2, 5, 16):
        mean, se = mean_and_se(draws[:, :n].max(axis=1))
        assert abs(mean - eb.expected_best(law, n)) < 4.5 * se, (law, n)


def test_bimodal_and_normal_by_other_integrals():
    def bimodal(x):
        if x < 0.5:
            return max(0.0, (x - 0.3) / 0.2 * 0.9)
        return 0.9 + max(0.0, min(0.1, x - 0.8))

    for n in (1, 3, 12):
        value = 0.9 - quad(lambda x, n=n: bimodal(x) ** n, 0.3, 0.9, points=[0.5, 0.8])[0]
        assert eb.expected_best("bimodal", n) == pytest.approx(value, rel=1e-9)
    assert eb.expected_best("normal", 2) == pytest.approx(1 / np.sqrt(np.pi), abs=1e-10)
    assert eb.expected_best("normal", 3) == pytest.approx(1.5 / np.sqrt(np.pi), abs=1e-10)
    assert eb.expected_best("normal", 1000) == pytest.approx(3.24143577, abs=1e-6)  # tabulated


@pytest.mark.parametrize("n", [1, 2, 4])
def test_plug_in_averages_over_all_draws_with_replacement(n):
    pool = np.array([0.3, -1.0, 2.5, 2.5, 0.9])
    brute = np.mean([max(drawn) for drawn in product(pool, repeat=n)])
    assert eb.estimates(pool, [n]).plug_in[0] == pytest.approx(brute, rel=1e-12)


def test_law_of_the_number_of_different_runs():
    def stirling(n, d):
        return sum((-1) ** k * comb(d, k) * (d - k) ** n for k in range(d + 1)) // factorial(d)

    for pool, n in [(5, 1), (5, 4), (6, 9)]:
        exact = [stirling(n, d) * factorial(pool) / factorial(pool - d) / pool**n for d in range(1, pool + 1)]
        np.testing.assert_allclose(eb.distinct_draws(pool, n), exact, atol=1e-12)
    assert eb.distinct_draws(20, 15) @ np.arange(1, 21) == pytest.approx(20 * (1 - 0.95**15))


def test_plug_in_is_the_unbiased_estimate_of_fewer_draws():
    pools = np.random.default_rng(2).standard_normal((30, 9))
    subsets = eb.estimates(pools, np.arange(1, 10)).unbiased
    for n in (1, 3, 9, 40):
        np.testing.assert_allclose(
            eb.estimates(pools, [n]).plug_in[:, 0], subsets @ eb.distinct_draws(9, n), rtol=1e-10
        )


@pytest.mark.parametrize("law", eb.laws.LAWS)
def test_means_of_both_estimates(law):
    found = eb.simulate(law, 12, [2, 6, 12], n_replications=20_000, seed=3)
    for k, n in enumerate([2, 6, 12]):
        mean, se = mean_and_se(found.unbiased[:, k])
        assert abs(mean - eb.expected_best(law, n)) < 4.5 * se
        mean, se = mean_and_se(found.plug_in[:, k])
        assert abs(mean - eb.mean_plug_in(law, 12, n)) < 4.5 * se


def test_planning_value():
    """Uniform scores, B = 20, n = 15: the truth 15/16, the plug-in lower by 0.0238."""
    assert eb.expected_best("uniform", 15) == pytest.approx(0.9375)
    assert eb.mean_plug_in("uniform", 20, 15) == pytest.approx(0.913713, abs=1e-6)


@pytest.mark.parametrize("law", ["uniform", "exponential"])
@pytest.mark.parametrize("estimator", ["plug-in", "unbiased"])
def test_exact_errors(law, estimator):
    sizes = [1, 4, 10]
    found = eb.simulate(law, 10, sizes, n_replications=60_000, seed=4)
    draws = found.plug_in if estimator == "plug-in" else found.unbiased
    for k, n in enumerate(sizes):
        bias, variance = eb.bias_and_variance(law, 10, n, estimator)
        mean, se = mean_and_se((draws[:, k] - eb.expected_best(law, n)) ** 2)
        assert abs(mean - bias**2 - variance) < 4.5 * se
        expected = eb.mean_plug_in(law, 10, n) - eb.expected_best(law, n) if estimator == "plug-in" else 0.0
        assert bias == pytest.approx(expected, abs=1e-12)


def test_limits_and_invariances():
    pool = np.random.default_rng(5).standard_normal(8)
    one = eb.estimates(pool, [1])
    assert one.plug_in[0] == pytest.approx(pool.mean()) and one.unbiased[0] == pytest.approx(pool.mean())
    assert eb.estimates(pool, [8]).unbiased[0] == pytest.approx(pool.max())
    assert eb.estimates(pool, [100_000]).plug_in[0] == pytest.approx(pool.max())
    assert np.isnan(eb.estimates(pool, [9]).unbiased[0])
    moved = eb.estimates(3 * pool + 1, [2, 5])
    np.testing.assert_allclose(moved.plug_in, 3 * eb.estimates(pool, [2, 5]).plug_in + 1)
    exact = eb.mean_plug_in("exponential", 2000, 6) - eb.expected_best("exponential", 6)
    assert eb.leading_bias("exponential", 2000, 6) == pytest.approx(exact, rel=0.01)


def test_bootstrap_intervals():
    """The plain mean of twenty normal scores: the interval is short of 95 % by a little; at n = 20, by a lot."""
    plain = eb.bootstrap_covers("normal", 20, 1, n_replications=1500, seed=6)
    assert 0.89 < plain.mean() < 0.95
    assert eb.bootstrap_covers("normal", 20, 20, n_replications=500, seed=6).mean() < 0.6
    assert np.array_equal(plain, eb.bootstrap_covers("normal", 20, 1, n_replications=1500, seed=6))


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: eb.draw("gauss", 3, np.random.default_rng(0)), "law must be one of uniform, normal, .*, got 'gauss'"),
        (lambda: eb.expected_best("uniform", 0), "n must be positive"),
        (lambda: eb.plug_in_weights(0, 2), "n_pool must be a positive integer, got 0"),
        (lambda: eb.distinct_draws(5, 1.5), "n must be a positive integer, got 1.5"),
        (lambda: eb.leading_bias("uniform", 9, 1), "n must be at least 2, got 1"),
        (
            lambda: eb.bias_and_variance("normal", 9, 2, "plug-in"),
            "law must be 'uniform' or 'exponential', got 'normal'",
        ),
        (lambda: eb.bias_and_variance("uniform", 9, 2, "V"), "estimator must be 'plug-in' or 'unbiased', got 'V'"),
        (lambda: eb.bias_and_variance("uniform", 9, 10, "unbiased"), r"n must be an integer in \[1, n_pool\]"),
        (
            lambda: eb.bootstrap_covers("uniform", 9, 2, level=95, n_replications=2, seed=0),
            r"level must lie in \(0, 1\), got 95",
        ),
    ],
)
def test_bad_input_gets_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
