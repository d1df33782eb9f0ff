"""Pools and bootstrap intervals of the expected best of n, against theory and against resampling one by one."""

import numpy as np
import pytest

from workbench.best_of_n import expected_maximum, subset_weights
from workbench.montecarlo import mean_and_se
from workbench.studies.evaluation import expected_best_of_n as eb


@pytest.mark.parametrize("name", eb.LAWS)
def test_simulated_moments_match_theory(name):
    law = eb.law(name)
    pools = eb.draw_pools(law, 12, n_replications=20_000, seed=[3, 1])
    for kind, estimate in (("unbiased", expected_maximum), ("plug-in", eb.plug_in)):
        bias, variance = eb.bias_and_variance(law, 12, 8, kind)
        values = estimate(pools, 8)
        mean, se = mean_and_se(values)
        assert abs(mean - eb.expected_best(law, 8) - bias) < 4.5 * se
        if name != "pareto":  # whose fourth moment is infinite: the spread has no standard error
            mean, se = mean_and_se((values - values.mean()) ** 2)
            assert abs(mean - variance) < 4.5 * se


def test_pools_are_sorted_reproducible_and_keep_their_law_when_correlated():
    normal = eb.law("normal")
    pools = eb.draw_pools(normal, 6, n_replications=20_000, seed=4, shared=0.4)
    assert np.all(np.diff(pools, axis=1) >= 0)
    np.testing.assert_array_equal(pools, eb.draw_pools(normal, 6, n_replications=20_000, seed=4, shared=0.4))
    means = pools.mean(axis=1)
    mean, se = mean_and_se(means**2)
    assert abs(mean - (0.4 + 0.6 / 6)) < 4.5 * se
    mean, se = mean_and_se(np.mean(pools**2, axis=1))
    assert abs(mean - 1) < 4.5 * se


@pytest.mark.parametrize("n", [1, 3, 6])
def test_resampled_weights_equal_resampling_one_by_one(n):
    pool = np.sort(np.random.default_rng(8).standard_normal(6))
    for weights in (subset_weights(6, n), eb.plug_in_weights(6, n)):
        fast = eb.resampled_weights(weights, 50, np.random.default_rng(2)) @ pool
        counts = np.random.default_rng(2).multinomial(6, np.full(6, 1 / 6), size=50)
        slow = [weights @ np.repeat(pool, count) for count in counts]
        np.testing.assert_allclose(fast, slow, atol=1e-12)


def test_resampled_unbiased_estimator_is_centred_at_the_plug_in():
    pools = eb.draw_pools(eb.law("exponential"), 10, n_replications=3, seed=1)
    _, centres = eb.percentile_intervals(pools, subset_weights(10, 7), n_resamples=40_000, seed=5)
    np.testing.assert_allclose(centres, eb.plug_in(pools, 7), atol=0.02)
    assert np.all(np.abs(centres - expected_maximum(pools, 7)) > 0.05)


def test_intervals_end_inside_the_pool_and_turn_about_the_estimate():
    pools = eb.draw_pools(eb.law("normal"), 15, n_replications=60, seed=6)
    intervals, _ = eb.percentile_intervals(pools, eb.plug_in_weights(15, 15), n_resamples=400, seed=7)
    assert np.all(intervals[:, 1] <= pools[:, -1] + 1e-12) and np.all(intervals[:, 0] < intervals[:, 1])
    narrow, _ = eb.percentile_intervals(pools, eb.plug_in_weights(15, 15), n_resamples=400, seed=7, level=0.5)
    assert np.all(narrow[:, 0] > intervals[:, 0]) and np.all(narrow[:, 1] < intervals[:, 1])
    turned = eb.basic_intervals(np.ones(1), np.array([[0.2, 1.5]]))
    np.testing.assert_allclose(turned, [[0.5, 1.8]])
    assert eb.covers(np.array([[0.0, 1.0], [2.0, 3.0]]), 1.0).tolist() == [True, False]


def test_bootstrap_of_a_mean_has_the_known_spread():
    """At n = 1 the estimate is the mean; the percentile interval is the normal one, up to Monte Carlo and skewness."""
    pools = eb.draw_pools(eb.law("uniform"), 60, n_replications=40, seed=9)
    intervals, _ = eb.percentile_intervals(pools, eb.plug_in_weights(60, 1), n_resamples=4000, seed=10)
    half = 1.96 * pools.std(axis=1) / np.sqrt(60)
    np.testing.assert_allclose(intervals[:, 1] - intervals[:, 0], 2 * half, rtol=0.08)


def test_bad_input_is_named():
    law, pools = eb.law("uniform"), np.ones((3, 4))
    for call, words in [
        (lambda: eb.draw_pools(law, 0, n_replications=3, seed=1), "n_pool must be a positive integer, got 0"),
        (lambda: eb.draw_pools(law, 4, n_replications=0, seed=1), "n_replications must be a positive integer, got 0"),
        (lambda: eb.draw_pools(law, 4, n_replications=3, seed=1, shared=1.0), r"shared must lie in \[0, 1\), got 1.0"),
        (lambda: eb.percentile_intervals(pools, np.ones(4) / 4, n_resamples=1, seed=1), "n_resamples must be"),
        (lambda: eb.percentile_intervals(pools, np.ones(4) / 4, n_resamples=9, seed=1, level=1.0), "level must lie"),
    ]:
        with pytest.raises(ValueError, match=words):
            call()
