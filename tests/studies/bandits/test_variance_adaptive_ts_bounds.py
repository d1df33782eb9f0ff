"""The regret bounds: the best delta, limits, the best arm's variance, and that no simulated regret exceeds them."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from workbench.montecarlo import mean_and_se
from workbench.studies.bandits import variance_adaptive_ts as vts
from workbench.studies.bandits.variance_adaptive_ts.bounds import _best_delta

PRIOR = vts.Prior(0.0, 1.0, 4.0, 3.0)


@pytest.mark.parametrize("root, tail", [(1, 1), (1, 2), (1, 100), (0.1, 1e6), (50, 1), (1.2, 1.4)])
def test_the_best_delta_is_best(root, tail):
    levels = np.concatenate([[0], np.geomspace(1e-6, 50, 200_001)])
    brute = np.min(root * np.sqrt(levels) + tail * np.exp(-levels))
    assert float(_best_delta(root, tail)) == pytest.approx(brute, rel=1e-6)


def test_bound_with_known_variances_term_by_term():
    n, sigma, sigma0 = 500, np.array([0.5, 1.0, 3.0]), np.array([1.0, 0.2, 2.0])
    g = 0
    for s, s0 in zip(sigma, sigma0, strict=True):
        log = np.log(1 + n * s0**2 / s**2)
        g += min(s0**2 + s**2 * log, s0**2 * log / np.log(1 + s0**2 / s**2))

    def bound(delta):
        return np.sqrt(2 * n * np.log(1 / delta) * g) + n * delta * sigma0.sum() / np.sqrt(2 * np.pi)

    best = minimize_scalar(lambda x: bound(np.exp(-x)), bounds=(0.5, 30), method="bounded").fun
    assert float(vts.bound_known_variance(n, sigma, sigma0)) == pytest.approx(best, rel=1e-6)


def test_the_expected_bound_is_above_the_mean_of_the_bounds_and_near_it():
    _, variances = vts.sample_arms(PRIOR, 20_000, 10, 1)
    mean, se = mean_and_se(vts.bound_known_variance(1000, np.sqrt(variances), np.sqrt(variances / PRIOR.kappa)))
    expected = vts.expected_bound_known_variance(1000, PRIOR, 10)
    assert mean < expected < 1.1 * mean and se < 0.01 * mean


def test_posterior_variances_add_up_to_less_than_the_bound_says():
    """The heart of the proof: sum over pulls of 1/(1/s0^2 + k/s^2) against either entry of the minimum."""
    for sigma in (0.1, 1, 10):
        for n in (1, 10, 1000):
            exact = np.sum(1 / (1 + np.arange(n) / sigma**2))
            log = np.log1p(n / sigma**2)
            assert exact <= min(1 + sigma**2 * log, log / np.log1p(1 / sigma**2)) * (1 + 1e-12)


@pytest.mark.parametrize("alpha, kappa, n_arms", [(4.0, 1.0, 20), (8.0, 10.0, 5), (3.0, 1.0, 2)])
def test_best_arm_variance_by_simulation(alpha, kappa, n_arms):
    prior = vts.Prior(0.7, kappa, alpha, alpha - 1)
    means, variances = vts.sample_arms(prior, 40_000, n_arms, 2)
    mean, se = mean_and_se(np.take_along_axis(variances, means.argmax(axis=1)[:, None], axis=1)[:, 0])
    assert abs(vts.best_arm_variance(prior, n_arms) - mean) < 4 * se


def test_best_arm_variance_limits():
    assert vts.best_arm_variance(PRIOR, 1) == pytest.approx(1)
    assert vts.best_arm_variance(vts.Prior(0, 1, 1e5, 1e5 - 1), 20) == pytest.approx(1, rel=1e-3)
    assert vts.best_arm_variance(vts.Prior(0, 1, 4, 12), 20) == pytest.approx(4 * vts.best_arm_variance(PRIOR, 20))


def test_bounds_grow_as_they_should():
    """Like sqrt(n) up to logarithms; with the root of the variance; falling with kappa."""
    for bound in (vts.expected_bound_known_variance, vts.bound_unknown_variance):
        ratio = bound(100_000, PRIOR, 10) / bound(1000, PRIOR, 10)
        assert 10 < ratio < 20
        assert bound(1000, vts.Prior(0, 1, 4, 12), 10) == pytest.approx(2 * bound(1000, PRIOR, 10))
        assert bound(1000, vts.Prior(0, 10, 4, 3), 10) < bound(1000, PRIOR, 10)


@pytest.mark.parametrize(
    "prior", [PRIOR, vts.Prior(0, 0.1, 4, 3), vts.Prior(0, 100, 4, 3), vts.Prior(0, 1, 2, 1), vts.Prior(0, 10, 50, 1)]
)
def test_simulated_regret_is_below(prior):
    arms = vts.gaussian_instances(300, 5, prior, 3)
    mean, se = mean_and_se(vts.simulate(arms, ["ts_known", "varts"], 300, seed=4)[:, :, 0])
    bounds = [vts.expected_bound_known_variance(300, prior, 5), vts.bound_unknown_variance(300, prior, 5)]
    assert np.all(mean + 4 * se < bounds)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: vts.bound_unknown_variance(0, PRIOR, 10), "horizon must be at least 1, got 0"),
        (lambda: vts.bound_unknown_variance(10, vts.Prior(0, 1, 1, 1), 10), "alpha > 1"),
        (lambda: vts.expected_bound_known_variance(10, vts.Prior(0, 1, 0.9, 1), 10), "alpha > 1"),
        (lambda: vts.bound_known_variance(10, [1, 0], [1, 1]), "must be positive"),
    ],
)
def test_bad_input_gets_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
