"""The best of n: against the average over all subsets, against simulation, and pass@n as its special case."""

from itertools import combinations
from math import comb

import numpy as np
import pytest

from workbench.best_of_n import expected_maximum, pass_at, subset_weights
from workbench.montecarlo import mean_and_se


@pytest.mark.parametrize("n", range(1, 8))
def test_weights_average_over_every_subset(n):
    scores = np.array([0.3, -1.0, 2.5, 2.5, 0.0, 7.0, 1.1])  # with a tie
    brute = np.mean([max(subset) for subset in combinations(scores, n)])
    assert expected_maximum(scores, n) == pytest.approx(brute, rel=1e-12)
    exact = [comb(i - 1, n - 1) / comb(7, n) for i in range(1, 8)]
    np.testing.assert_allclose(subset_weights(7, n), exact, rtol=1e-12)


def test_unbiased_for_uniform_scores():
    scores = np.random.default_rng(0).random((40_000, 20))
    for n in (1, 5, 15, 20):
        mean, se = mean_and_se(expected_maximum(scores, n))
        assert abs(mean - n / (n + 1)) < 4.5 * se


def test_pass_at_n_is_the_same_estimator_on_zeros_and_ones():
    for correct in range(13):
        scores = np.arange(12) < correct
        for n in (1, 3, 12):
            assert pass_at(n, 12, correct) == pytest.approx(expected_maximum(scores, n), abs=1e-12)


def test_large_pools_neither_overflow_nor_lose_the_sum():
    weights = subset_weights(200_000, 1000)
    assert weights.sum() == pytest.approx(1, rel=1e-6) and np.all(np.isfinite(weights))
    assert pass_at(1000, 200_000, 200) == pytest.approx(1 - (1 - 0.005) ** 200, rel=1e-2)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: subset_weights(5, 6), r"n must be an integer in \[1, n_pool\] = \[1, 5\], got 6"),
        (lambda: subset_weights(0, 1), "n_pool must be a positive integer, got 0"),
        (lambda: pass_at(2, 5, 6), r"n_correct must lie in \[0, n_pool\] = \[0, 5\]"),
    ],
)
def test_bad_input_gets_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
