"""Accumulate or replace: exact sums against simulation and against honest re-stacking; the miniature's bookkeeping."""

import numpy as np
import pytest

from workbench.montecarlo import mean_and_se
from workbench.studies.collapse import accumulate_or_replace as ar
from workbench.studies.collapse import model_collapse_regression as mc

KINDS = [("replace", True), ("replace", False), ("accumulate", True), ("accumulate", False)]


@pytest.mark.parametrize("regime, fresh", KINDS)
@pytest.mark.parametrize("conditional", [True, False])
@pytest.mark.parametrize("eigenvalues", [None, np.arange(1, 13.0) ** -1.5])
def test_simulation_has_the_exact_mean(regime, fresh, conditional, eigenvalues):
    options = dict(regime=regime, fresh_design=fresh)
    draws = ar.simulate_test_error(
        6, 12, 30, 0.7, conditional=conditional, eigenvalues=eigenvalues, n_replications=1500, seed=1, **options
    )
    mean, se = mean_and_se(draws)
    z = (mean - ar.test_error(np.arange(1, 7), 12, 30, 0.7, **options)) / se
    assert np.max(np.abs(z)) < 4.5, z


@pytest.mark.parametrize("regime, fresh", KINDS)
def test_rank_updates_equal_refitting_on_stacked_data(regime, fresh):
    """The very same draws, fitted the naive way: labels from the previous model, all rows stacked, lstsq."""
    d, T, n, sigma = 5, 12, 4, 0.6
    draws = ar.simulate_test_error(n, d, T, sigma, regime=regime, fresh_design=fresh, n_replications=1, seed=2)[0]
    x_stream, noise_stream = (stream for stream in np.random.default_rng(2).spawn(2))
    truth = np.arange(1.0, d + 1)
    weights, rows, labels, errors, x = truth, [], [], [], None
    for _ in range(n):
        if x is None or fresh:
            x = x_stream.standard_normal((1, T, d))[0]
        y = x @ weights + sigma * noise_stream.standard_normal((1, T, 1))[0, :, 0]
        rows, labels = ([x], [y]) if regime == "replace" else ([*rows, x], [*labels, y])
        weights = np.linalg.lstsq(np.concatenate(rows), np.concatenate(labels), rcond=None)[0]
        errors.append(np.sum((weights - truth) ** 2))
    np.testing.assert_allclose(draws, errors, rtol=1e-8)


def test_published_values():
    n = [1, 3, 10]
    np.testing.assert_allclose(
        ar.test_error(n, 20, 40, 1.0, regime="replace", fresh_design=True), [1.052632, 3.157895, 10.526316], atol=1e-6
    )
    np.testing.assert_allclose(
        ar.test_error(n, 20, 40, 1.0, regime="accumulate", fresh_design=False),
        [1.052632, 1.432749, 1.631334],
        atol=1e-6,
    )
    np.testing.assert_allclose(
        ar.test_error(n, 20, 40, 1.0, regime="accumulate", fresh_design=True), [1.052632, 1.289463, 1.394226], atol=1e-6
    )
    assert ar.limiting_error(20, 40, 1.0, fresh_design=True) == pytest.approx(1.44304, abs=5e-6)
    assert ar.limiting_error(20, 40, 1.0, fresh_design=False) == pytest.approx(1.731510, abs=1e-6)


def test_limits():
    for fresh in (True, False):
        long = ar.test_error(10**6, 7, 30, 1.3, regime="accumulate", fresh_design=fresh)
        assert long == pytest.approx(ar.limiting_error(7, 30, 1.3, fresh_design=fresh), rel=1e-5)
    half = ar.limiting_error(5000, 10_002, 1.0, fresh_design=True) / ar.test_error(
        1, 5000, 10_002, 1.0, regime="replace", fresh_design=True
    )
    assert half == pytest.approx(2 * np.log(2), rel=1e-3)


def test_replace_is_the_chain_of_the_other_study_with_one_generator_less():
    s, truth = mc.covariance_and_signal(10, 0, 0.5, 1.0)
    other = mc.test_error(np.arange(5), s, truth, 25, 25, 0.8, 0.8).total
    np.testing.assert_allclose(ar.test_error(np.arange(1, 6), 10, 25, 0.8, regime="replace", fresh_design=True), other)


def test_bound_and_order():
    n = np.arange(1, 200)
    fresh = ar.test_error(n, 20, 40, 1.0, regime="accumulate", fresh_design=True)
    one = ar.test_error(n, 20, 40, 1.0, regime="accumulate", fresh_design=False)
    assert np.all(fresh[1:] < one[1:]) and np.all(one < one[0] * np.pi**2 / 6) and np.all(np.diff(fresh) > 0)


@pytest.mark.parametrize(
    "changes, message",
    [
        (dict(n_samples=21), "n_samples must be an integer >= n_features \\+ 2 = 22, got 21"),
        (dict(n_features=0), "n_features must be a positive integer, got 0"),
        (dict(noise=-1), "noise must be a finite number >= 0, got -1"),
        (dict(regime="append"), "regime must be 'replace' or 'accumulate', got 'append'"),
        (dict(n_fits=0), "n_fits must be"),
    ],
)
def test_bad_input_gets_a_sentence(changes, message):
    arguments = {
        **dict(n_fits=3, n_features=20, n_samples=40, noise=1.0, regime="replace", fresh_design=True),
        **changes,
    }
    with pytest.raises(ValueError, match=message):
        ar.test_error(**arguments)
    with pytest.raises(ValueError, match=message):
        ar.simulate_test_error(**arguments, n_replications=2, seed=0)


def test_language_model_first_fits_agree_and_collapse_comes_with_replacing():
    kept, replaced = (ar.retrain_language_model(5, accumulate=a, n_replications=8, seed=3) for a in (True, False))
    np.testing.assert_allclose(kept[:, 0], replaced[:, 0])  # the same real data and the same training
    np.testing.assert_array_equal(kept, ar.retrain_language_model(5, accumulate=True, n_replications=8, seed=3))
    assert np.all(kept > 0) and kept.shape == (8, 5)
    gap, gap_se = mean_and_se((replaced - kept)[:, -1])
    assert gap > 3 * gap_se


def test_language_model_learns_from_plenty_of_data():
    few, many = (
        ar.retrain_language_model(1, accumulate=True, n_tokens=k, n_steps=300, n_replications=4, seed=4)
        for k in (120, 120_000)
    )
    assert many.mean() < 0.03 < few.mean()
