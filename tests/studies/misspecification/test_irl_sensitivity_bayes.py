"""The Bayesian observer: its likelihood exactly, its posterior against the theory of large samples."""

import numpy as np
import pytest

from workbench.studies.misspecification import irl_sensitivity as irl

TAU = irl.random_transitions(1, 3, 2, 1)[0]
W = np.array([0.0, 0.5, -0.5])
AGENT = irl.log_policy("mce", TAU, W[:, None, None], 0.9, 0.5)


def test_likelihood_and_gradient():
    counts = irl.demonstrate(AGENT, 50, 2)
    assert np.all(counts.sum(axis=1) == 50)
    evaluate = irl.mce_likelihood(TAU, counts, 0.9, 0.5)
    value, gradient = evaluate(W)
    assert value == pytest.approx(np.sum(counts * AGENT))
    for i, step in enumerate(1e-5 * np.eye(3)):
        assert gradient[i] == pytest.approx((evaluate(W + step)[0] - evaluate(W - step)[0]) / 2e-5, rel=1e-5)
    assert np.sum(gradient) == pytest.approx(0, abs=1e-9)  # a constant changes no policy


def test_posterior_finds_the_reward_with_the_right_model_only():
    counts = irl.demonstrate(AGENT, 5000, 3)
    options = {"temperature": 0.5, "n_draws": 150, "n_tune": 150, "seed": 4}
    right = irl.posterior(TAU, counts, observer_discount=0.9, **options)
    again = irl.posterior(TAU, counts, observer_discount=0.9, **options)
    np.testing.assert_array_equal(right, again)
    assert right.shape == (150, 3) and np.max(np.abs(right.mean(axis=1))) < 1e-12
    truth = W - W.mean()
    assert np.all(np.abs(right.mean(axis=0) - truth) < 4.5 * right.std(axis=0))
    wrong = irl.posterior(TAU, counts, observer_discount=0.3, **options)
    assert np.max(np.abs(wrong.mean(axis=0) - truth) / wrong.std(axis=0)) > 4.5


def test_bad_input():
    with pytest.raises(ValueError, match="counts must have the shape"):
        irl.posterior(TAU, np.ones((2, 2)), observer_discount=0.9, temperature=1.0, seed=1)
    with pytest.raises(ValueError, match="n_per_state"):
        irl.demonstrate(AGENT, 0, 1)
