"""Naive imputation: the risk against enumerated masks, the optimum against ridge and least squares, SGD's recursion."""

import itertools

import numpy as np
import pytest

from workbench.montecarlo import mean_and_se
from workbench.studies.missing_data import naive_imputation as ni
from workbench.studies.missing_data.naive_imputation import sgd_theory, simulation


def masks_and_probabilities(rates):
    for mask in itertools.product([0.0, 1.0], repeat=len(rates)):
        mask = np.array(mask)
        yield mask, np.prod(np.where(mask, rates, 1 - rates))


def random_problem(d, seed=0):
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((d, d))
    return root @ root.T / d, rng.standard_normal(d), rng.uniform(0.2, 0.9, d), rng.standard_normal((4, d))


def test_risk_equals_the_average_over_all_masks():
    Sigma, b, rates, thetas = random_problem(5)
    brute = np.zeros(4)
    for mask, probability in masks_and_probabilities(rates):
        gap = b - mask * thetas
        brute += probability * np.einsum("ki,ij,kj->k", gap, Sigma, gap)
    np.testing.assert_allclose(ni.imputed_risk(thetas, Sigma, b, rates), brute)


def test_fixed_count_equals_the_average_over_all_subsets():
    Sigma, b, _, thetas = random_problem(6, 1)
    rates, brute = np.full(6, 1 / 3), np.zeros(4)
    subsets = list(itertools.combinations(range(6), 2))
    for seen in subsets:
        gap = b - np.isin(np.arange(6), seen) * thetas
        brute += np.einsum("ki,ij,kj->k", gap, Sigma, gap) / len(subsets)
    v = ni.mask_covariance(rates, "fixed_count")
    np.testing.assert_allclose(ni.imputed_risk(thetas, Sigma, b, rates, v), brute)
    seen = ni.mask_covariance(rates, "all_or_nothing")
    whole = 1 / 3 * np.einsum("ki,ij,kj->k", b - thetas, Sigma, b - thetas) + 2 / 3 * b @ Sigma @ b
    np.testing.assert_allclose(ni.imputed_risk(thetas, Sigma, b, rates, seen), whole)


def test_optimum_is_a_minimum_and_is_weighted_ridge():
    Sigma, b, rates, _ = random_problem(7, 2)
    best = ni.best_imputed(Sigma, b, rates)
    least = ni.imputation_bias(Sigma, b, rates)
    around = best + 0.01 * np.random.default_rng(0).standard_normal((50, 7))
    assert np.all(ni.imputed_risk(around, Sigma, b, rates) > least)
    penalty = ni.ridge_penalties(np.diag(Sigma), rates)
    np.testing.assert_allclose(rates * best, np.linalg.solve(Sigma + np.diag(penalty), Sigma @ b))
    assert least == pytest.approx(ni.ridge_bias(Sigma, b, penalty), rel=1e-10)
    # equation (13): lambda |b|^2 in the norm of Sigma (Sigma + lambda)^-1
    assert ni.ridge_bias(Sigma, b, 0.7) == pytest.approx(
        0.7 * b @ Sigma @ np.linalg.inv(Sigma + 0.7 * np.eye(7)) @ b, rel=1e-10
    )


def test_least_squares_on_imputed_rows_finds_the_optimum_and_ridge_of_scikit_learn_agrees():
    from sklearn.linear_model import LinearRegression, Ridge

    factor, b = ni.design("power_law", 6)
    rng = np.random.default_rng(3)
    n, rates = 200_000, np.full(6, 0.6)
    x = rng.standard_normal((n, 6)) @ factor.T
    y = x @ b + 0.3 * rng.standard_normal(n)
    imputed = LinearRegression(fit_intercept=False).fit(x * (rng.random((n, 6)) < 0.6), y).coef_
    np.testing.assert_allclose(imputed, ni.best_imputed(factor @ factor.T, b, rates), atol=0.02)
    ridge = Ridge(alpha=n * 0.4 / 0.6, fit_intercept=False).fit(x, y).coef_
    np.testing.assert_allclose(0.6 * imputed, ridge, atol=0.01)


@pytest.mark.parametrize("law", ["independent", "fixed_count", "all_or_nothing"])
def test_masks_have_the_stated_covariance(law):
    rates = np.full(6, 0.5) if law != "independent" else np.linspace(0.2, 0.9, 6)
    masks = simulation.draw_masks(law, rates, np.random.default_rng(4), (40_000,)).astype(float)
    products = (masks - rates)[:, :, None] * (masks - rates)[:, None, :]
    mean, se = mean_and_se(products)
    close = np.abs(mean - ni.mask_covariance(rates, law)) < 4.5 * se + 1e-9
    assert np.all(close)


@pytest.mark.parametrize("law", ["independent", "fixed_count", "all_or_nothing"])
def test_simulated_risk_has_the_exact_mean_with_a_mean_of_x(law):
    factor, b = ni.design("low_rank", 8, 3)
    centre = np.linspace(-1, 1, 8)
    rates = ni.mean_rates(8, 0.5, 0.3) if law == "independent" else np.full(8, 0.5)
    thetas = np.stack([b / rates, ni.best_imputed(factor @ factor.T, b, rates)])
    draws = ni.simulate_risk(
        thetas, factor, b, 0.7, rates, law=law, mean=centre, n_samples=50, n_replications=1500, seed=5
    )
    mean, se = mean_and_se(draws)
    moment = factor @ factor.T + np.outer(centre, centre)
    exact = ni.imputed_risk(thetas, moment, b, rates, ni.mask_covariance(rates, law))
    assert np.max(np.abs(mean - exact) / se) < 4.5


@pytest.mark.parametrize("d, r", [(8, 1), (8, 3), (8, 4), (7, 4), (9, 9), (8, 8), (2, 1)])
def test_low_rank_design_and_its_closed_form(d, r):
    factor, b = ni.design("low_rank", d, r)
    Sigma = factor @ factor.T
    np.testing.assert_allclose(np.diag(Sigma), 1)
    assert b @ Sigma @ b == pytest.approx(1)
    np.testing.assert_allclose(np.linalg.eigvalsh(Sigma)[-r:], d / r)
    assert np.linalg.matrix_rank(Sigma, tol=1e-9) == r
    for rho in (0.2, 0.7):
        assert ni.low_rank_bias(d, r, rho) == pytest.approx(ni.imputation_bias(Sigma, b, np.full(d, rho)))


@pytest.mark.parametrize("spectrum", ["power_law", "flat"])
@pytest.mark.parametrize("d", [1, 2, 7, 8])
def test_other_designs_are_normalised(spectrum, d):
    factor, b = ni.design(spectrum, d)
    np.testing.assert_allclose(np.diag(factor @ factor.T), 1)
    assert np.sum((b @ factor) ** 2) == pytest.approx(1)


def test_limits():
    factor, b = ni.design("power_law", 9)
    Sigma = factor @ factor.T
    assert ni.imputation_bias(Sigma, b, np.ones(9)) == pytest.approx(0, abs=1e-12)
    assert ni.imputation_bias(Sigma, b, np.full(9, 1e-9)) == pytest.approx(1, abs=1e-6)  # nothing is ever seen
    equal, one = ni.design("low_rank", 10, 1)
    half = np.full(10, 0.5)
    exact = ni.imputation_bias(equal @ equal.T, one, half, ni.mask_covariance(half, "fixed_count"))
    assert exact == pytest.approx(0, abs=1e-12)  # identical columns, a fixed number of them seen
    # Example 2.2: theta = (2/d, ...) has the risk 1/d, and the bias is below it
    assert ni.imputed_risk(np.full(10, 0.2), equal @ equal.T, one, half) == pytest.approx(0.1)
    assert ni.imputation_bias(equal @ equal.T, one, half) == pytest.approx(1 / 11)


def test_bound_for_dependent_masks():
    """Proposition 3.7, and its penalty where it is known: independent columns and Example 3.9."""
    half = np.full(10, 0.5)
    assert ni.correlated_penalty(ni.mask_covariance(half), half, 2.0) == pytest.approx(2.0)
    fixed = ni.correlated_penalty(ni.mask_covariance(half, "fixed_count"), half)
    assert fixed == pytest.approx(10 / 9) and fixed <= 6 / 5  # (k + 1)/(d - k) at k = d/2
    for d, r in [(10, 1), (10, 4), (10, 10)]:
        factor, b = ni.design("low_rank", d, r)
        for law in ("independent", "fixed_count", "all_or_nothing"):
            v = ni.mask_covariance(half, law)
            bound = ni.ridge_bias(factor @ factor.T, b, ni.correlated_penalty(v, half))
            assert ni.imputation_bias(factor @ factor.T, b, half, v) <= bound + 1e-12


def test_a_fixed_count_helps_and_the_bound_does_not_see_it():
    factor, b = ni.design("low_rank", 12, 2)
    Sigma, half = factor @ factor.T, np.full(12, 0.5)
    v = ni.mask_covariance(half, "fixed_count")
    assert ni.imputation_bias(Sigma, b, half, v) == pytest.approx(1 / 12)
    assert ni.imputation_bias(Sigma, b, half) == pytest.approx(1 / 7)
    assert ni.ridge_bias(Sigma, b, ni.correlated_penalty(v, half)) == pytest.approx(2 / 13)


def test_fourth_moment_equals_the_sum_over_all_indices():
    rng = np.random.default_rng(6)
    d = 5
    root, inner = rng.standard_normal((d, d)), rng.standard_normal((d, d))
    s, a, rates = root @ root.T, inner + inner.T, np.append(rng.uniform(0.2, 0.9, d - 1), 1.0)
    brute = np.zeros((d, d))
    for i, m, j, k in itertools.product(range(d), repeat=4):
        seen = np.prod([rates[c] for c in {i, m, j, k}])
        brute[i, m] += a[j, k] * seen * (s[i, m] * s[j, k] + s[i, j] * s[m, k] + s[i, k] * s[m, j])
    np.testing.assert_allclose(sgd_theory.masked_fourth_moment(a, s, rates), brute[:-1, :-1], atol=1e-10)


@pytest.mark.parametrize("spectrum, rank", [("low_rank", 3), ("flat", 1), ("power_law", 1)])
def test_recursion_is_the_mean_of_averaged_sgd(spectrum, rank):
    factor, b = ni.design(spectrum, 10, rank)
    rates, step = ni.mean_rates(10, 0.5, 0.3), 0.08
    exact = ni.averaged_sgd_risk(60, step, factor @ factor.T, b, 0.6, rates)
    for n in (1, 2, 15, 60):
        draws = ni.simulate_averaged_sgd(n, step, factor, b, 0.6, rates, n_replications=3000, seed=[7, n])
        mean, se = mean_and_se(draws)
        assert abs(mean - exact[n - 1]) < 4.5 * se, (n, mean, exact[n - 1], se)


def test_recursion_in_one_dimension_by_hand():
    """One step from 0 with one column: theta_1 = step x y, averaged with the start."""
    rho, step, sigma = 0.3, 0.2, 0.5
    first, second = rho * step, rho * step**2 * (3 + sigma**2)  # E theta_1 and E theta_1^2, E x^4 = 3 rho
    exact = 1 - 2 * rho * first / 2 + rho * second / 4
    assert ni.averaged_sgd_risk(1, step, np.eye(1), np.ones(1), sigma, np.array([rho]))[0] == pytest.approx(exact)


def test_many_small_steps_reach_the_imputation_bias():
    factor, b = ni.design("low_rank", 6, 2)
    rates = np.full(6, 0.5)
    risk = ni.averaged_sgd_risk(8000, 0.05, factor @ factor.T, b, 0.1, rates)
    bias = ni.low_rank_bias(6, 2, 0.5)
    assert bias < risk[-1] < bias * 1.02


def test_rough_law_of_sgd_at_as_many_columns_as_rows():
    factor, b = ni.design("low_rank", 800, 1)
    draws = ni.simulate_averaged_sgd(
        800, 1 / (800 * np.sqrt(800)), factor, b, 0.5, np.full(800, 0.8), n_replications=100, seed=[1, 3]
    )
    mean, se = mean_and_se(draws)
    assert abs(800 * mean - (0.8**-4 + 0.25 + 0.25)) < 4.5 * 800 * se + 0.1


def test_exact_error_of_sgd_at_as_many_columns_as_rows():
    """n times the error, as the notebook quotes it; the rough law says 0.8^-4 + 1/4 + 1/4 = 2.94."""
    for n, scaled in [(100, 3.0018), (200, 3.0008)]:
        factor, b = ni.design("low_rank", n, 1)
        risk = ni.averaged_sgd_risk(n, n**-1.5, factor @ factor.T, b, 0.5, np.full(n, 0.8))
        assert n * risk[-1] == pytest.approx(scaled, abs=1e-4)


def test_seeds_and_batches():
    factor, b = ni.design("low_rank", 5, 2)
    common = dict(n_replications=6, seed=[1, 2])
    rates = np.full(5, 0.4)
    for run in (
        lambda: ni.simulate_risk(b, factor, b, 0.5, rates, n_samples=20, **common),
        lambda: ni.simulate_averaged_sgd(20, 0.05, factor, b, 0.5, rates, **common),
    ):
        np.testing.assert_array_equal(run(), run())
        assert len(run()) == 6


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: ni.design("spiked", 8), "spectrum must be one of low_rank, power_law, flat, got 'spiked'"),
        (lambda: ni.design("low_rank", 8, 9), r"rank must be an integer in \[1, n_features\] = \[1, 8\], got 9"),
        (lambda: ni.design("flat", 0), "n_features must be a positive integer, got 0"),
        (lambda: ni.guided_design(8, 1, 1.0), r"correlation must lie in \(-1, 1\), got 1.0"),
        (lambda: ni.mean_rates(8, 0.5, 0.6), r"rate -\+ spread must lie in \(0, 1\], got 0.5 -\+ 0.6"),
        (lambda: ni.mask_covariance([0.5, 0.0]), r"rates must lie in \(0, 1\], got 0 to 0.5"),
        (lambda: ni.mask_covariance(0.5), "rates must be a vector with one rate per column"),
        (lambda: ni.mask_covariance([0.5, 0.5], "mar"), "law must be one of independent, .* got 'mar'"),
        (lambda: ni.mask_covariance([0.5, 0.6], "fixed_count"), "rates must be equal for law 'fixed_count'"),
        (lambda: ni.mask_covariance([0.4, 0.4], "fixed_count"), "rates times d must be a whole number"),
        (lambda: ni.ridge_bias(np.eye(2), np.ones(2), 0.0), "penalty must be positive, got 0"),
        (lambda: ni.low_rank_bias(8, 2, 0.0), r"rate must lie in \(0, 1\]"),
        (lambda: ni.low_rank_bias(8, 9, 0.5), r"rank must lie in \[1, n_features\]"),
        (
            lambda: ni.averaged_sgd_risk(0, 0.1, np.eye(2), np.ones(2), 1.0, [0.5, 0.5]),
            "n_steps must be a positive integer, got 0",
        ),
        (
            lambda: ni.simulate_averaged_sgd(5, 0.0, np.eye(2), np.ones(2), 1.0, [0.5, 0.5], n_replications=2, seed=0),
            "step must be a finite number > 0, got 0.0",
        ),
        (
            lambda: ni.simulate_risk(
                np.ones(2), np.eye(2), np.ones(2), -1.0, [0.5, 0.5], n_samples=2, n_replications=2, seed=0
            ),
            "noise must be a finite number >= 0, got -1.0",
        ),
        (
            lambda: simulation.draw_masks("mar", np.array([0.5]), np.random.default_rng(0), (2,)),
            "law must be one of independent, .* got 'mar'",
        ),
    ],
)
def test_bad_input_gets_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
