"""Calibrated models must hallucinate: formulas against simulation, brute force over all training sets, and limits."""

from itertools import product

import numpy as np
import pytest

from workbench.montecarlo import mean_and_se
from workbench.studies.calibration import calibrated_models_hallucinate as cm

LAWS = {"uniform": cm.fact_law(40), "zipf": cm.fact_law(60, "zipf", 1.2), "uneven": np.array([0.5, 0.3, 0.15, 0.05])}


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("n", [1, 7, 90])
def test_good_turing_expectations(name, n):
    p = LAWS[name]
    counts = cm.draw_counts(p, n, n_replications=6000, seed=[1, n])
    for simulated, exact in [
        ((counts == 1).sum(axis=1) / n, cm.singleton_share(n, p)),
        ((counts == 0) @ p, cm.missing_mass(n, p)),
    ]:
        mean, se = mean_and_se(simulated)
        assert abs(mean - exact) <= 4.5 * se + 1e-12, (mean, exact, se)


def test_good_turing_against_every_training_set():
    p, n = LAWS["uneven"], 4
    sets = np.array(list(product(range(4), repeat=n)))
    chance = np.prod(p[sets], axis=1)
    counts = np.array([[np.sum(s == i) for i in range(4)] for s in sets])
    assert cm.singleton_share(n, p) == pytest.approx(chance @ ((counts == 1).sum(axis=1) / n))
    assert cm.missing_mass(n, p) == pytest.approx(chance @ ((counts == 0) @ p))


def test_uniform_formulas_and_bias():
    n = np.array([1, 500, 1000, 2000, 4000])
    p = cm.fact_law(2000)
    np.testing.assert_allclose(cm.singleton_share(n, p), (1 - 1 / 2000) ** (n - 1.0))
    np.testing.assert_allclose(cm.missing_mass(n, p), (1 - 1 / 2000) ** n.astype(float))
    for law in LAWS.values():
        bias = cm.singleton_share(n, law) - cm.missing_mass(n, law)
        assert np.all(bias >= 0) and np.all(bias <= 1 / n)
    np.testing.assert_allclose(
        cm.singleton_share(50, LAWS["zipf"]) - cm.missing_mass(50, LAWS["zipf"]),
        np.sum(LAWS["zipf"] ** 2 * (1 - LAWS["zipf"]) ** 49),
    )


def test_occupancy_against_every_training_set_and_its_mean():
    sets = list(product(range(3), repeat=5))
    share = np.bincount([len(set(s)) for s in sets], minlength=4) / len(sets)
    np.testing.assert_allclose(cm.distinct_law(5, 3), share)
    law = cm.distinct_law(80, 50)
    assert law.sum() == pytest.approx(1) and law @ np.arange(51) == pytest.approx(50 * (1 - (1 - 1 / 50) ** 80))


def test_memoriser_closed_form_is_the_binomial_mean_deviation():
    from scipy.stats import binom

    for n, m in [(1, 9), (30, 100), (99, 100), (100, 100), (101, 100), (250, 100), (1000, 100)]:
        c = np.arange(n + 1)
        brute = 0.5 * m / n * np.sum(np.abs(c - n / m) * binom.pmf(c, n, 1 / m))
        assert cm.memoriser_miscalibration(n, m) == pytest.approx(brute, rel=1e-9)
        if n <= m:
            assert cm.memoriser_miscalibration(n, m) == pytest.approx((1 - 1 / m) ** n)
    # many facts: the Poisson probability of the mode
    for ratio, mode in [(0.5, np.exp(-0.5)), (2, 2 * np.exp(-2)), (3.5, 3.5**3 * np.exp(-3.5) / 6)]:
        assert cm.memoriser_miscalibration(int(ratio * 10**6), 10**6) == pytest.approx(mode, rel=1e-5)


def test_memoriser_is_the_smoother_that_never_guesses():
    for n in (30, 100, 230):
        hallucination, mis = cm.smoother_point(0.0, n, 100, 5000)
        assert hallucination == 0 and mis == pytest.approx(cm.memoriser_miscalibration(n, 100))


@pytest.mark.parametrize("n, facts, false", [(30, 60, 600), (60, 60, 15), (150, 60, 6000)])
def test_smoother_and_calibrated_model_have_the_expected_place(n, facts, false):
    p = cm.fact_law(facts)
    counts = cm.draw_counts(p, n, n_replications=3000, seed=[2, n])
    for weight in (0.05, 0.3, 0.8):
        found = cm.evaluate(cm.smoother(counts, weight, false), counts, p)
        exact = cm.smoother_point(weight, n, facts, false)
        for name, value in zip(("hallucination", "miscalibration"), exact, strict=True):
            mean, se = mean_and_se(found[name])
            assert abs(mean - value) < 4.5 * se, (weight, name, mean, value, se)
    found = cm.evaluate(cm.calibrated(counts, p, false), counts, p)
    mean, se = mean_and_se(found["hallucination"])
    assert abs(mean - cm.calibrated_hallucination(n, facts, false)) < 4.5 * se
    assert np.max(found["miscalibration"]) < 1e-12


def test_smoother_curve_is_vectorised():
    weights = np.array([[0.1, 0.2, 0.5], [0.0, 0.9, 1.0]])
    both = cm.smoother_point(weights, 50, 40, 400)
    for index in np.ndindex(weights.shape):
        np.testing.assert_allclose([b[index] for b in both], cm.smoother_point(weights[index], 50, 40, 400))


def test_floors():
    assert cm.wall(0.4, 0.1, 100) == pytest.approx(0.29)
    n = np.array([100, 10**4, 10**8])
    floor = cm.likely_floor(0.4, 0.1, n, 10**6, 0.05)
    assert np.all(np.diff(floor) > 0) and floor[-1] == pytest.approx(0.3, abs=1e-3)
    by_hand = 0.4 - 0.1 - 3 / (0.05 * 500) - 1e-3 - (np.sqrt(2) + np.sqrt(2 / np.e)) * np.sqrt(np.log(60) / 1000)
    assert cm.likely_floor(0.4, 0.1, 1000, 500, 0.05) == pytest.approx(by_hand)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: cm.fact_law(0), "n_facts must be a whole number >= 1, got 0"),
        (lambda: cm.fact_law(5, "cauchy"), "law must be 'uniform' or 'zipf', got 'cauchy'"),
        (lambda: cm.fact_law(5, "zipf", -1), "exponent must be a finite number >= 0, got -1"),
        (lambda: cm.singleton_share(0, [0.5, 0.5]), "n_samples must be a whole number >= 1, got 0"),
        (lambda: cm.missing_mass(3, [0.5, 0.6]), "facts must be probabilities"),
        (lambda: cm.wall(0.3, 0.1, 0), "false_per_fact must be positive, got 0"),
        (lambda: cm.likely_floor(0.3, 0.1, 10, 100, 1), "delta must lie in \\(0, 1\\), got 1"),
        (lambda: cm.memoriser_miscalibration(5, 1), "n_facts must be a whole number >= 2, got 1"),
        (lambda: cm.smoother_point(1.2, 5, 5, 5), "weight must lie in \\[0, 1\\], got 1.2"),
        (lambda: cm.calibrated_hallucination(5, 5, 0.5), "n_false must be a whole number >= 1, got 0.5"),
    ],
)
def test_bad_input_gets_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
