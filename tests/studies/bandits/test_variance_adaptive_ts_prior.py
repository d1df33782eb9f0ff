"""The Normal-Gamma prior: posterior by three routes, moments, draws, and fits to past tasks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from workbench.montecarlo import mean_and_se
from workbench.studies.bandits import variance_adaptive_ts as vts

FIELDS = ("mean", "kappa", "alpha", "beta")
PRIOR = vts.Prior(0.5, 1.5, 3.5, 2.0)


def values(prior):
    return np.array([getattr(prior, name) for name in FIELDS], dtype=float)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(-50, 50), min_size=1, max_size=8),
    st.floats(-5, 5),
    st.floats(0.01, 100),
    st.floats(0.1, 50),
    st.floats(0.01, 50),
)
def test_one_by_one_is_the_batch(x, mean, kappa, alpha, beta):
    prior = state = vts.Prior(mean, kappa, alpha, beta)
    for value in x:
        state = vts.posterior_step(state, value)
    x = np.array(x)
    batch = vts.posterior(prior, x.size, x.mean(), np.sum((x - x.mean()) ** 2))
    assert values(state) == pytest.approx(values(batch), rel=1e-9, abs=1e-9)


def test_no_data_no_change_and_arrays_of_arms():
    assert values(vts.posterior(PRIOR, 0, 7.0, 0.0)) == pytest.approx(values(PRIOR))
    n, mean, squares = (
        np.array([[0, 3], [10, 1]]),
        np.array([[9.0, 1.0], [2.0, 0.0]]),
        np.array([[0.0, 2.0], [5.0, 0.0]]),
    )
    together = vts.posterior(PRIOR, n, mean, squares)
    for i in np.ndindex(2, 2):
        alone = vts.posterior(PRIOR, n[i], mean[i], squares[i])
        assert [np.broadcast_to(getattr(together, name), (2, 2))[i] for name in FIELDS] == pytest.approx(
            list(values(alone))
        )


@pytest.mark.parametrize("prior", [PRIOR, vts.Prior(-2, 0.1, 1.2, 0.3), vts.Prior(0, 20, 30, 60)])
def test_posterior_moments_by_quadrature(prior):
    x = np.random.default_rng(1).normal(1, 2, 9)
    found = vts.quadrature_moments(prior, x)
    closed = vts.closed_form_moments(vts.posterior(prior, 9, x.mean(), np.sum((x - x.mean()) ** 2)))
    for name, value in closed.items():
        assert found[name] == pytest.approx(value, rel=1e-7), name


def test_evidence_is_a_multivariate_t():
    x = np.random.default_rng(2).normal(0, 1, 4)
    scale = PRIOR.beta / PRIOR.alpha * (np.eye(4) + 1 / PRIOR.kappa)
    law = stats.multivariate_t(np.full(4, PRIOR.mean), scale, df=2 * PRIOR.alpha)
    assert vts.quadrature_moments(PRIOR, x)["log_evidence"] == pytest.approx(law.logpdf(x), rel=1e-8)


def test_draws_follow_the_prior():
    means, variances = vts.sample_arms(PRIOR, 20_000, 2, 3)
    scale = np.sqrt(PRIOR.beta / (PRIOR.alpha * PRIOR.kappa))
    assert stats.kstest(1 / variances[:, 0], stats.gamma(PRIOR.alpha, scale=1 / PRIOR.beta).cdf).pvalue > 1e-3
    assert stats.kstest(means[:, 1], stats.t(2 * PRIOR.alpha, loc=PRIOR.mean, scale=scale).cdf).pvalue > 1e-3
    for sample, exact in ((variances, vts.mean_variance(PRIOR)), (np.sqrt(variances), vts.mean_sd(PRIOR))):
        mean, se = mean_and_se(sample[:, 0])
        assert abs(mean - exact) < 4 * se
    standard = (means - PRIOR.mean) * np.sqrt(PRIOR.kappa / variances)
    assert stats.kstest(standard[:, 0], "norm").pvalue > 1e-3  # the spread of means is tied to the noise


def test_the_first_instances_do_not_depend_on_how_many_there_are():
    few, many = vts.sample_arms(PRIOR, 3, 4, 5), vts.sample_arms(PRIOR, 50, 4, 5)
    for one, other in zip(few, many, strict=True):
        assert np.array_equal(one, other[:3])


def test_tiny_shapes_do_not_underflow():
    means, variances = vts.sample_arms(vts.Prior(0, 1, 0.02, 1.0), 2000, 2, 6)
    assert np.all(variances > 0)
    logs = np.log(1 / variances[np.isfinite(variances)])
    assert np.isfinite(means).mean() > 0.99 and logs.min() < -100


def test_prior_fitted_to_many_arms_is_the_truth_and_each_method_has_its_fixed_point():
    means, variances = (draw.ravel() for draw in vts.sample_arms(PRIOR, 40_000, 1, 7))
    for method, tolerance in (("maximum_likelihood", 0.03), ("moments", 0.1)):
        assert values(vts.estimate_prior(means, variances, method)) == pytest.approx(values(PRIOR), rel=tolerance)
    # scipy's own maximum likelihood for the gamma law
    fit = vts.estimate_prior(means[:300], variances[:300])
    alpha, _, scale = stats.gamma.fit(1 / variances[:300], floc=0)
    assert (fit.alpha, fit.beta) == pytest.approx((alpha, 1 / scale), rel=1e-3)


def test_maximum_likelihood_is_a_stationary_point():
    means, variances = (draw.ravel() for draw in vts.sample_arms(PRIOR, 200, 1, 8))
    fit = vts.estimate_prior(means, variances)

    def likelihood(prior):
        gamma = stats.gamma(prior.alpha, scale=1 / prior.beta).logpdf(1 / variances).sum()
        return gamma + stats.norm(prior.mean, np.sqrt(variances / prior.kappa)).logpdf(means).sum()

    best = likelihood(vts.Prior(fit.mean, fit.kappa * 200 / 199, fit.alpha, fit.beta))  # kappa is fitted with M - 1
    for name in FIELDS:
        for factor in (0.99, 1.01):
            moved = {field: getattr(fit, field) for field in FIELDS} | {name: getattr(fit, name) * factor}
            moved["kappa"] *= 200 / 199
            assert likelihood(vts.Prior(**moved)) < best


@pytest.mark.parametrize("method", ["maximum_likelihood", "moments"])
def test_equal_variances_are_capped(method):
    fit = vts.estimate_prior([0.0, 1.0, 2.0], [2.0, 2.0, 2.0], method)
    assert fit.alpha == 1e4 and fit.alpha / fit.beta == pytest.approx(0.5)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: vts.Prior(0, -1, 2, 1), "kappa must be positive and finite, got -1"),
        (lambda: vts.Prior(np.nan, 1, 2, 1), "mean must be finite"),
        (lambda: vts.mean_variance(vts.Prior(0, 1, 1, 1)), "only for alpha > 1, got alpha = 1"),
        (lambda: vts.mean_sd(vts.Prior(0, 1, 0.5, 1)), "only for alpha > 1/2"),
        (lambda: vts.estimate_prior([1, 2], [1, 2]), "at least 3, got 2 and 2"),
        (lambda: vts.estimate_prior([1, 2, 3], [1, 2, 0]), "past variances positive"),
        (lambda: vts.estimate_prior([1, 1, 1], [1, 2, 3]), "past means are equal"),
        (lambda: vts.estimate_prior([1, 2, 3], [1, 2, 3], "median"), "'maximum_likelihood' or 'moments', got 'median'"),
    ],
)
def test_bad_input_gets_a_sentence(call, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        call()
