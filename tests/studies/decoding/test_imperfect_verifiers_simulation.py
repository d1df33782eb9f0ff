"""Imperfect verifiers: the attempt-by-attempt simulation against the formulas, and its bookkeeping."""

import numpy as np
import pytest

from workbench.montecarlo import mean_and_se
from workbench.studies.decoding import imperfect_verifiers as iv

K = np.array([0, 1, 2, 5, 20])


@pytest.mark.parametrize("f", [0.1, np.array([0.0, 0.3, 0.6])])
@pytest.mark.parametrize("cost, abstention", [(0.0, 0.0), (2.0, 0.3)])
def test_finitely_many_problems(f, cost, abstention):
    p = np.array([0.6, 0.2, 0.01])
    attempt, correct = iv.simulate_resampling(p, f, 20, n_replications=20_000, seed=1)
    mean, se = mean_and_se(iv.reward(K, attempt, correct, cost, abstention))
    exact = iv.mixed_utility(K, np.ones(3) / 3, p, f, cost, abstention)
    assert mean[0] == pytest.approx(abstention)
    assert np.max(np.abs(mean - exact)[1:] / se[1:]) < 4.5


def test_beta_law():
    p = iv.draw_accuracies(0.5, 1.5, 50, n_replications=1000, seed=2)
    attempt, correct = iv.simulate_resampling(p, 0.05, 20, seed=3)
    mean, se = mean_and_se(iv.reward(K, attempt, correct, 1.0))
    assert np.max(np.abs(mean - iv.beta_utility(K, 0.5, 1.5, 0.05, 1.0))[1:] / se[1:]) < 4.5


def test_bookkeeping():
    attempt, correct = iv.simulate_resampling([1.0, 0.0, 0.0], [0.0, 0.0, 1.0], 4, n_replications=5, seed=4)
    assert np.all(attempt == [1, 5, 1]) and np.all(correct == [True, False, False])
    np.testing.assert_array_equal(iv.reward([0, 1], attempt, correct, 2.0, 0.5)[0], [0.5, (1 + 0.5 - 2) / 3])
    again = iv.simulate_resampling([0.3, 0.2], 0.1, 9, n_replications=40, seed=[5, 1])
    for one, other in zip(
        again, iv.simulate_resampling([0.3, 0.2], 0.1, 9, n_replications=40, seed=[5, 1]), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_benchmark_counts():
    """Among the accepted p/s are correct; leaving out problems without an acceptance lifts the average above E[p/s]."""
    p, n = np.array([0.5, 0.02]), 10
    n_correct, n_accepted = iv.simulate_benchmark(p, 0.05, n, n_replications=40_000, seed=6)
    assert np.all(n_accepted >= n_correct) and n_accepted.max() <= n
    seen = n_accepted > 0
    share = np.where(seen, n_correct / np.maximum(n_accepted, 1), 0.0)
    s = iv.acceptance(p, 0.05)
    mean, se = mean_and_se(share - iv.ceiling(p, 0.05) * seen)
    assert np.max(np.abs(mean) / se) < 4.5
    measured = share.sum() / seen.sum()
    kept = iv.accuracy(n, p, 0.05).sum() / (1 - (1 - s) ** n).sum()
    assert measured == pytest.approx(kept, abs=0.01) and kept > iv.ceiling(p, 0.05).mean() + 0.05
