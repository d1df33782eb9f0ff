"""Masks that one column decides: their moments against simulation, quadrature and the MCAR theory."""

import numpy as np
import pytest
from scipy.integrate import quad

from workbench.montecarlo import mean_and_se
from workbench.studies.missing_data import naive_imputation as ni
from workbench.studies.missing_data.naive_imputation import mar


def problem(d=6, rank=2):
    factor, b = ni.guided_design(d, rank)
    b = b + np.r_[0.3, np.zeros(d)]  # an effect of the deciding column as well
    return factor, factor @ factor.T, b


def risk(theta, Sigma, b, moment, cross):
    return b @ Sigma @ b - 2 * theta @ cross + theta @ moment @ theta


@pytest.mark.parametrize("depends", [True, False])
@pytest.mark.parametrize("inside, outside, threshold", [(0.9, 0.1, mar.HALF_OF_THE_VARIANCE), (0.3, 0.8, 0.7)])
def test_simulated_risk_has_the_exact_mean(depends, inside, outside, threshold):
    factor, Sigma, b = problem()
    moment, cross = ni.mar_moments(Sigma, b, inside, outside, depends_on_x=depends, threshold=threshold)
    thetas = np.stack([np.linalg.solve(moment, cross), b, np.linspace(-1, 1, 7)])
    draws = ni.simulate_mar_risk(
        thetas,
        factor,
        b,
        0.5,
        inside,
        outside,
        depends_on_x=depends,
        threshold=threshold,
        n_samples=50,
        n_replications=1500,
        seed=1,
    )
    mean, se = mean_and_se(draws)
    exact = [risk(theta, Sigma, b, moment, cross) for theta in thetas]
    assert np.max(np.abs(mean - exact) / se) < 4.5


def test_a_mask_that_reads_a_copy_is_the_mcar_theory():
    _, Sigma, b = problem()
    moment, cross = ni.mar_moments(Sigma, b, 0.9, 0.2, depends_on_x=False)
    rates, v = ni.mar_moments_of_mask(7, 0.9, 0.2)
    for theta in np.random.default_rng(2).standard_normal((5, 7)):
        assert risk(theta, Sigma, b, moment, cross) == pytest.approx(ni.imputed_risk(theta, Sigma, b, rates, v))


def test_a_constant_rate_is_mcar_either_way():
    _, Sigma, b = problem()
    for depends in (True, False):
        moment, cross = ni.mar_moments(Sigma, b, 0.6, 0.6, depends_on_x=depends)
        rates = np.r_[1.0, np.full(6, 0.6)]
        theta = np.linalg.solve(moment, cross)
        np.testing.assert_allclose(theta, ni.best_imputed(Sigma, b, rates))
        assert risk(theta, Sigma, b, moment, cross) == pytest.approx(ni.imputation_bias(Sigma, b, rates))


def test_moments_by_quadrature():
    """One hidden column of correlation c: E s X_1^2, E s X_0 X_1 and E s X_1 Y as integrals over X_0."""
    c, t, b = 0.6, 1.1, np.array([0.4, 0.9])
    Sigma = np.array([[1, c], [c, 1]])
    moment, cross = ni.mar_moments(Sigma, b, 0.8, 0.3, threshold=t)

    def mean(f):
        def weighted(x):
            return f(x) * (0.8 if abs(x) < t else 0.3) * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)

        return quad(weighted, -9, 9, points=[-t, t])[0]

    square = mean(lambda x: c**2 * x**2 + 1 - c**2)
    np.testing.assert_allclose(moment, [[1, mean(lambda x: c * x * x)], [mean(lambda x: c * x * x), square]], atol=1e-9)
    np.testing.assert_allclose(cross, [b[0] + c * b[1], b[0] * moment[0, 1] + b[1] * square], atol=1e-9)
    edge = mar.HALF_OF_THE_VARIANCE
    half = quad(lambda x: x**2 * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi), -edge, edge)
    assert half[0] == pytest.approx(0.5, abs=1e-4)


def test_mar_is_above_the_bound_at_rank_one_and_below_at_rank_two():
    bias, bound = {}, {}
    for rank in (1, 2):
        factor, b = ni.guided_design(64, rank)
        Sigma = factor @ factor.T
        moment, cross = ni.mar_moments(Sigma, b, 0.9, 0.1)
        bias[rank] = 1 - cross @ np.linalg.solve(moment, cross)
        rates, v = ni.mar_moments_of_mask(65, 0.9, 0.1)
        bound[rank] = ni.ridge_bias(Sigma, b, ni.correlated_penalty(v, rates))
    assert bias == pytest.approx({1: 0.1289, 2: 0.1298}, abs=1e-4)
    assert bound == pytest.approx({1: 0.0987, 2: 0.1784}, abs=1e-4)


@pytest.mark.parametrize(
    "changes, message",
    [
        (dict(inside=0.0), r"inside must lie in \(0, 1\], got 0.0"),
        (dict(outside=1.2), r"outside must lie in \(0, 1\], got 1.2"),
        (dict(threshold=0.0), "threshold must be positive, got 0.0"),
        (dict(covariance=2 * np.eye(7)), "the variance of the deciding column must be 1, got 2"),
    ],
)
def test_bad_input_gets_a_sentence(changes, message):
    _, Sigma, b = problem()
    arguments = {**dict(covariance=Sigma, coefficients=b, inside=0.9, outside=0.1), **changes}
    with pytest.raises(ValueError, match=message):
        ni.mar_moments(**arguments)
