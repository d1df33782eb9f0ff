"""Expected best of n: weights, exact bias and variance against brute force, closed forms, quadrature and limits."""

from itertools import combinations, product

import numpy as np
import pytest
from scipy import integrate, stats

from workbench.best_of_n import subset_weights
from workbench.studies.evaluation import expected_best_of_n as eb

CONTINUOUS = {
    "small": stats.truncnorm(-5, 1, loc=0.5, scale=0.1),
    "big": stats.truncnorm(-1.25, 2.5, loc=0.25, scale=0.2),
    "uniform": stats.uniform(),
    "normal": stats.norm(),
    "exponential": stats.expon(),
    "pareto": stats.pareto(3),
}
RNG = np.random.default_rng(5)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_laws_and_expected_best_against_scipy(name):
    law, known = eb.law(name), CONTINUOUS[name]
    levels = np.array([1e-6, 0.1, 0.5, 0.9, 1 - 1e-6])
    np.testing.assert_allclose(law.quantile(levels), known.ppf(levels), rtol=1e-6)
    np.testing.assert_allclose(eb.below(law, known.ppf(levels)), levels, rtol=2e-4)
    for n in (1, 4, 30):
        direct, _ = integrate.quad(lambda u: known.ppf(u) * n * u ** (n - 1), 0, 1, limit=400)  # noqa: B023
        assert eb.expected_best(law, n) == pytest.approx(direct, rel=3e-4, abs=1e-4)


def test_laws_without_a_density():
    bimodal = eb.law("bimodal")
    assert eb.expected_best(bimodal, 1) == pytest.approx(0.9 * 0.4 + 0.1 * 0.85, abs=1e-5)
    assert eb.below(bimodal, 0.6) == pytest.approx(0.9, abs=1e-9)
    accuracy, known = eb.law("accuracy"), stats.binom(20, 0.7)
    assert eb.expected_best(accuracy, 3) == pytest.approx(1 - np.sum(known.cdf(np.arange(20)) ** 3) / 20)
    assert eb.below(accuracy, 0.71) == pytest.approx(known.cdf(14))
    assert accuracy.quantile(np.array([known.cdf(14) - 1e-9, known.cdf(14) + 1e-9])) == pytest.approx([0.7, 0.75])
    coins = eb.discrete([1.0, 0.0], [0.3, 0.7])
    assert eb.expected_best(coins, 4) == pytest.approx(1 - 0.7**4)
    assert eb.discrete([2.0, 2.0, 5.0]).quantile(np.array([0.5, 0.7])).tolist() == [2.0, 5.0]


@pytest.mark.parametrize("n_pool, n", [(5, 1), (5, 3), (4, 4), (3, 6)])
def test_plug_in_and_different_runs_by_enumeration(n_pool, n):
    scores = RNG.standard_normal(n_pool)
    draws = np.array(list(product(range(n_pool), repeat=n)))
    assert eb.plug_in(scores, n) == pytest.approx(scores[draws].max(axis=1).mean())
    different = np.array([len(set(draw)) for draw in draws])
    counted = [np.mean(different == d) for d in range(1, n_pool + 1)]
    np.testing.assert_allclose(eb.different_runs(n_pool, n), counted, atol=1e-14)


@pytest.mark.parametrize("n_pool, n", [(20, 15), (7, 7), (10, 40), (100, 60)])
def test_plug_in_is_a_mixture_of_unbiased_estimators(n_pool, n):
    mixed = sum(p * subset_weights(n_pool, d) for d, p in enumerate(eb.different_runs(n_pool, n), start=1))
    np.testing.assert_allclose(mixed, eb.plug_in_weights(n_pool, n), atol=1e-10)
    assert eb.plug_in_weights(n_pool, n).sum() == pytest.approx(1)


@pytest.mark.parametrize("estimator", ["unbiased", "plug-in"])
@pytest.mark.parametrize("n", [1, 2, 4])
def test_moments_by_enumerating_all_pools(estimator, n):
    """A law on three scores, pools of four: all 81 of them with their probabilities."""
    values, chances = np.array([0.0, 1.0, 3.0]), np.array([0.5, 0.3, 0.2])
    pools = np.array(list(product(range(3), repeat=4)))
    weight = chances[pools].prod(axis=1)
    sorted_pools = np.sort(values[pools], axis=1)
    if estimator == "unbiased":
        estimates = np.mean([sorted_pools[:, s].max(axis=1) for s in combinations(range(4), n)], axis=0)
    else:
        estimates = eb.plug_in(sorted_pools, n)
    law = eb.discrete(values, chances)
    bias, variance = eb.bias_and_variance(law, 4, n, estimator)
    mean = weight @ estimates
    assert bias == pytest.approx(mean - eb.expected_best(law, n), abs=1e-12)
    assert variance == pytest.approx(weight @ (estimates - mean) ** 2, abs=1e-12)
    assert eb.mean_squared_error(law, 4, n, estimator) == pytest.approx(
        weight @ (estimates - eb.expected_best(law, n)) ** 2
    )


@pytest.mark.parametrize("n", [3, 15, 20])
def test_variance_by_the_covariances_of_uniform_order_statistics(n):
    B = 20
    i = np.arange(1, B + 1)
    low, high = np.minimum.outer(i, i), np.maximum.outer(i, i)
    covariance = low * (B + 1 - high) / ((B + 1) ** 2 * (B + 2))
    for estimator, w in (("unbiased", subset_weights(B, n)), ("plug-in", eb.plug_in_weights(B, n))):
        bias, variance = eb.bias_and_variance(eb.law("uniform"), B, n, estimator)
        assert variance == pytest.approx(w @ covariance @ w, rel=1e-4)
        assert bias == pytest.approx(w @ i / (B + 1) - n / (n + 1), abs=1e-5)


@pytest.mark.parametrize("name", eb.LAWS)
def test_bias_limits_and_invariances(name):
    law = eb.law(name)
    assert eb.expected_plug_in(law, 9, 1) == pytest.approx(eb.expected_best(law, 1))
    biases = [eb.bias_and_variance(law, B, 8, "plug-in")[0] for B in (8, 16, 64)]
    assert biases[0] < biases[1] < biases[2] < 0
    first, second = eb.expected_best(law, np.array([1, 2]))
    assert eb.bias_and_variance(law, 11, 2, "plug-in")[0] == pytest.approx(-(second - first) / 11)
    assert eb.expected_plug_in(law, 6, 500) == pytest.approx(eb.expected_best(law, 6))  # the pool is exhausted
    moved = law._replace(scores=3 + 2 * law.scores)
    assert eb.mean_squared_error(moved, 10, 6, "plug-in") == pytest.approx(
        4 * eb.mean_squared_error(law, 10, 6, "plug-in")
    )


def test_variance_of_the_mean_and_of_the_maximum():
    normal = eb.law("normal")
    for estimator in ("unbiased", "plug-in"):
        assert eb.bias_and_variance(normal, 25, 1, estimator)[1] == pytest.approx(1 / 25, rel=1e-4)
    known, B = stats.norm(), 12
    second, _ = integrate.quad(lambda x: x**2 * B * known.cdf(x) ** (B - 1) * known.pdf(x), -9, 9)
    first, _ = integrate.quad(lambda x: x * B * known.cdf(x) ** (B - 1) * known.pdf(x), -9, 9)
    assert eb.bias_and_variance(normal, B, B, "unbiased")[1] == pytest.approx(second - first**2, rel=1e-4)


def test_bound_and_negative_errors_in_closed_form():
    uniform, exponential = eb.law("uniform"), eb.law("exponential")
    assert eb.pool_below_truth(uniform, 20, 10) == pytest.approx((10 / 11) ** 20, rel=1e-3)
    assert eb.above_truth(uniform, 25) == pytest.approx(1 - (25 / 26) ** 25, rel=1e-3)
    harmonic = np.sum(1 / np.arange(1, 11))
    assert eb.above_truth(exponential, 10) == pytest.approx(1 - (1 - np.exp(-harmonic)) ** 10, rel=1e-3)


def test_bad_input_is_named():
    uniform = eb.law("uniform")
    for call, words in [
        (lambda: eb.law("beta"), "law must be one of"),
        (lambda: eb.plug_in_weights(0, 1), "n_pool must be a positive integer, got 0"),
        (lambda: eb.plug_in(np.ones(3), 1.5), "n must be a positive integer, got 1.5"),
        (lambda: eb.different_runs(4, 0), "n must be a positive integer"),
        (lambda: eb.expected_best(uniform, 0), "n must be positive"),
        (lambda: eb.bias_and_variance(uniform, 5, 6, "unbiased"), r"n must be an integer in \[1, n_pool\] = \[1, 5\]"),
        (lambda: eb.bias_and_variance(uniform, 5, 5, "V"), "estimator must be 'unbiased' or 'plug-in', got 'V'"),
        (lambda: eb.pool_below_truth(uniform, 5, 0), "n must be a positive integer"),
        (lambda: eb.above_truth(uniform, 0), "n must be a positive integer"),
        (lambda: eb.discrete([]), "values must be a non-empty vector"),
        (lambda: eb.discrete([1.0, 2.0], [0.5, 0.6]), "probabilities must be nonnegative"),
    ]:
        with pytest.raises(ValueError, match=words):
            call()
