"""Pass@N by simulation: unbiased pools, memorised labels, and networks whose bookkeeping and training are checked."""

import numpy as np
import pytest

from workbench.montecarlo import mean_and_se
from workbench.studies.decoding import pass_at_n as pn

P = pn.right_answers(0.5)
SMALL = dict(n_training=60, width=12, n_epochs=25, n_networks=3, n_test=40, seed=7)


@pytest.mark.parametrize("n", [1, 5, 16])
def test_pools_and_closed_form_have_the_coverage_as_their_mean(n):
    policies = np.stack([P, pn.best_policy(P, n), pn.loss_optimum(P, n), np.full(5, 0.2)])
    exact = pn.coverage(P, policies, n)
    mean, se = mean_and_se(pn.simulate_hits(P, policies, n, n_replications=6000, seed=1))
    assert np.all(np.abs(mean - exact) < 4.5 * se + 1e-12)
    for q, truth in zip(policies, exact, strict=True):
        mean, se = mean_and_se(pn.simulate_pass_at(P, q, n, n_pool=16, n_replications=6000, seed=2))
        assert abs(mean - truth) < 4.5 * se


def test_the_plug_in_estimate_is_biased_and_the_estimator_used_is_not():
    n, pool = 8, 16
    rng = np.random.default_rng(3)
    right = rng.choice(5, size=20_000, p=P)
    found = rng.binomial(pool, P[right]) / pool
    mean, se = mean_and_se(1 - (1 - found) ** n)
    assert pn.coverage(P, P, n) - mean > 10 * se


@pytest.mark.parametrize("n", [1, 6])
def test_memorised_labels(n):
    one = pn.memorise(P, 1, n_replications=6000, seed=4)
    assert np.all(one.max(axis=1) == 1)
    mean, se = mean_and_se(pn.simulate_pass_at(P, one, n, n_pool=8, n_replications=6000, seed=5))
    assert abs(mean - np.sum(P**2)) < 4.5 * se
    many = pn.memorise(P, 10**6, n_replications=5, seed=4)
    np.testing.assert_allclose(pn.coverage(P, many, n), pn.coverage(P, P, n), atol=5e-3)


def test_networks_are_reproducible_start_alike_and_do_not_depend_on_each_other():
    both = pn.train_networks([1, 8], **SMALL)
    again = pn.train_networks([1, 8], **SMALL)
    alone = pn.train_networks([8], **SMALL)
    np.testing.assert_array_equal(both.logits, again.logits)
    np.testing.assert_array_equal(both.logits[:, 0, 0], both.logits[:, 1, 0])
    np.testing.assert_allclose(both.logits[:, 1], alone.logits[:, 0], atol=2e-3)
    assert both.epochs[0] == 0 and both.epochs[-1] == 25
    assert both.logits.shape == (3, 2, len(both.epochs), 40, 10)
    np.testing.assert_allclose(both.truth.sum(axis=-1), 1)
    np.testing.assert_allclose(np.sort(both.truth, axis=-1)[..., -5:], np.sort(P)[None, None] * np.ones((3, 40, 1)))


def test_networks_learn_clean_digits():
    trained = pn.train_networks([1], n_training=600, ambiguity=0.0, width=24, n_epochs=60, n_networks=2, seed=1)
    assert pn.greedy(trained)[1][..., -1].min() > 0.9
    assert pn.network_coverage(trained, 8)[..., -1].min() > 0.95


def test_exact_coverage_is_what_pools_estimate():
    trained = pn.train_networks([1, 8], **{**SMALL, "n_networks": 12, "n_test": 200})
    for n in (1, 8):
        mean, se = mean_and_se(pn.draw_pass_at(trained, n, n_pool=16, seed=2) - pn.network_coverage(trained, n))
        assert np.all(np.abs(mean) < 4.5 * se), mean / se


def test_measures_against_hand_computation():
    logits = np.log(np.array([[[[[0.7, 0.2, 0.1]]]]]))
    truth = np.array([[[0.5, 0.25, 0.25]]])
    one = pn.Trained(np.array([0]), logits, truth)
    assert pn.network_coverage(one, 2)[0, 0, 0] == pytest.approx(0.5 * 0.91 + 0.25 * 0.36 + 0.25 * 0.19)
    assert pn.network_coverage(one, 1, temperature=1e6)[0, 0, 0] == pytest.approx(1 / 3, abs=1e-5)
    assert [x[0, 0, 0] for x in pn.greedy(one)] == pytest.approx([0.7, 0.5])
    assert pn.held_out_loss(one)[0, 0, 0] == pytest.approx(-np.sum(truth * np.log([0.7, 0.2, 0.1])))
    with pytest.raises(ValueError, match="temperature must be positive, got 0"):
        pn.network_coverage(one, 2, temperature=0)


@pytest.mark.parametrize(
    "changes, message",
    [
        (dict(n_training=5000), r"n_training must be an integer in \[1, 1258\], got 5000"),
        (dict(n_test=0), r"n_test must be an integer in \[1, 539\], got 0"),
        (dict(ambiguity=2), r"ambiguity must lie in \[0, 1\], got 2"),
    ],
)
def test_bad_input_gets_a_sentence(changes, message):
    with pytest.raises(ValueError, match=message):
        pn.train_networks([1], **{**SMALL, **changes})
    with pytest.raises(ValueError, match="n_draws must be integers >= 1"):
        pn.train_networks([0.5], **SMALL)
