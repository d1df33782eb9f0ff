"""Covariate shift: the fits against other solvers, and the simulations' bookkeeping."""

import numpy as np
import pytest
from scipy.optimize import minimize

from workbench.montecarlo import mean_and_se
from workbench.studies.misspecification import covariate_shift_mle as cs
from workbench.studies.misspecification.covariate_shift_mle import simulation

THETA, RATIOS = np.array([0.9, -0.4, 0.2]), np.array([0.4, 1.6, 1.0])
INF = np.inf


def data(model, n=150, count=4, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, n, 3))
    u = x @ THETA
    if model == "logistic":
        y = (rng.random(u.shape) < 1 / (1 + np.exp(-u))).astype(float)
    else:
        y = (u**2 if model == "phase" else u) + rng.standard_normal(u.shape)
    return x, y, np.exp(cs.log_weights(x, RATIOS))


@pytest.mark.parametrize("model", cs.MODELS)
def test_fit_is_the_minimum_that_scipy_finds(model):
    x, y, w = data(model)
    for found, x_, y_, w_ in zip(cs.fit(model, x, y, w), x, y, w, strict=True):

        def loss(t, x_=x_, y_=y_, w_=w_):
            eta = x_ @ t
            if model == "logistic":
                return np.sum(w_ * (np.logaddexp(0, eta) - y_ * eta))
            return np.sum(w_ * ((eta if model == "linear" else eta**2) - y_) ** 2) / 2

        other = minimize(loss, THETA, tol=1e-12).x
        found = found * np.sign(found @ other) if model == "phase" else found
        np.testing.assert_allclose(found, other, atol=2e-4)


def test_logistic_fit_is_that_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    x, y, w = data("logistic", count=1)
    theirs = LogisticRegression(C=1e10, fit_intercept=False, tol=1e-10).fit(x[0], y[0], sample_weight=w[0])
    np.testing.assert_allclose(cs.fit("logistic", x, y, w)[0], theirs.coef_[0], atol=1e-4)


@pytest.mark.parametrize("model", cs.MODELS)
def test_a_linear_map_of_the_features_changes_nothing(model):
    """Why a source covariance of I is no restriction: X A' with weights as before gives A^-T times the estimate."""
    x, y, w = data(model)
    a = np.array([[2.0, 0.3, 0.0], [0.0, 0.5, -0.2], [0.4, 0.0, 1.5]])
    mapped = cs.fit(model, x @ a.T, y, w) @ a
    straight = cs.fit(model, x, y, w)
    if model == "phase":
        mapped = mapped * np.sign(np.sum(mapped * straight, axis=1, keepdims=True))
    np.testing.assert_allclose(mapped, straight, atol=1e-5)


def test_log_weights_are_the_density_ratio():
    from scipy.stats import multivariate_normal

    x = np.random.default_rng(2).standard_normal((50, 3))
    target, source = multivariate_normal(np.zeros(3), np.diag(RATIOS)), multivariate_normal(np.zeros(3))
    np.testing.assert_allclose(cs.log_weights(x, RATIOS), target.logpdf(x) - source.logpdf(x))


def test_conditional_risk_is_the_mean_over_the_noise():
    weightings = [(0.0, INF), (1.0, INF), (1.0, 1.0), (0.5, 2.0)]
    given = cs.conditional_risk(25, RATIOS, weightings, n_replications=3000, seed=3)
    full = cs.simulate_risk("linear", THETA, 25, RATIOS, weightings, n_replications=3000, seed=4)
    (mean, se), (other, other_se) = mean_and_se(given), mean_and_se(full)
    assert np.max(np.abs(mean - other) / np.hypot(se, other_se)) < 4.5
    assert abs(mean[0] - cs.exact_linear_risk(25, RATIOS)) < 4.5 * se[0]
    assert np.all(given >= given[:, :1] * (1 - 1e-9))  # Gauss and Markov


def test_ridge_risk_is_the_mean_over_the_noise():
    rng = np.random.default_rng(5)
    (x_stream,) = np.random.default_rng(6).spawn(1)
    x = x_stream.standard_normal((1, 12, 3))[0]
    y = x @ THETA + rng.standard_normal((40_000, 12))
    estimates = y @ x @ np.linalg.inv(x.T @ x + 2.5 * np.eye(3))
    mean, se = mean_and_se(np.sum(RATIOS * (estimates - THETA) ** 2, axis=1) / 2)
    given = cs.ridge_risk(12, THETA, RATIOS, 2.5, n_replications=1, seed=6)[0]
    assert abs(mean - given) < 4.5 * se
    plain = cs.ridge_risk(12, THETA, RATIOS, 0.0, n_replications=5, seed=7)
    np.testing.assert_allclose(
        plain, cs.conditional_risk(12, RATIOS, [(0.0, INF)], n_replications=5, seed=7)[:, 0], rtol=1e-9
    )


@pytest.mark.parametrize("model", cs.MODELS)
def test_results_do_not_depend_on_batches_and_weightings_share_their_rows(monkeypatch, model):
    options = dict(n_replications=7, seed=8)
    whole = cs.simulate_risk(model, THETA, 60, RATIOS, [(0.0, INF), (1.0, INF)], **options)
    alone = cs.simulate_risk(model, THETA, 60, RATIOS, [(1.0, INF)], **options)
    monkeypatch.setattr(simulation, "batches", lambda n, floats: [3, 3, 1])
    parts = cs.simulate_risk(model, THETA, 60, RATIOS, [(0.0, INF), (1.0, INF)], **options)
    np.testing.assert_allclose(parts, whole, rtol=1e-6)
    np.testing.assert_allclose(alone[:, 0], whole[:, 1], rtol=1e-6)


def test_a_clip_above_every_weight_changes_nothing():
    risks = cs.simulate_risk("linear", THETA, 40, RATIOS, [(1.0, INF), (1.0, 1e12)], n_replications=5, seed=9)
    np.testing.assert_allclose(risks[:, 0], risks[:, 1])


def test_phase_retrieval_finds_the_truth_from_its_spectral_start():
    estimates = cs.simulate_estimates("phase", THETA, 4000, RATIOS, [(0.0, INF)], n_replications=20, seed=10)[:, 0]
    aligned = estimates * np.sign(estimates @ THETA)[:, None]
    assert np.max(np.abs(aligned - THETA)) < 0.06


@pytest.mark.parametrize(
    "changes, message",
    [
        (dict(model="probit"), "model must be 'linear', 'logistic' or 'phase', got 'probit'"),
        (dict(n_samples=4), "n_samples must be an integer >= n_features \\+ 2 = 5, got 4"),
        (dict(weightings=[(-1.0, INF)]), "a weighting is \\(power >= 0, clip > 0\\)"),
        (dict(cubic=np.zeros(3)), "cubic is for the linear model, got model 'logistic'"),
        (dict(model="linear", cubic=np.zeros(2)), "cubic must hold 3 finite numbers"),
    ],
)
def test_bad_input_gets_a_sentence(changes, message):
    arguments = dict(model="logistic", theta=THETA, n_samples=30, ratios=RATIOS, weightings=[(0.0, INF)])
    with pytest.raises(ValueError, match=message):
        cs.simulate_risk(**{**arguments, **changes}, n_replications=2, seed=0)


def test_other_bad_input_gets_a_sentence():
    with pytest.raises(ValueError, match="x, y and weights must have shapes"):
        cs.fit("linear", np.zeros((2, 5, 3)), np.zeros((2, 4)))
    with pytest.raises(ValueError, match="model must be"):
        cs.fit("probit", np.zeros((2, 5, 3)), np.zeros((2, 5)))
    with pytest.raises(ValueError, match="penalty must be a finite number >= 0, got -1"):
        cs.ridge_risk(20, THETA, RATIOS, -1, n_replications=2, seed=0)
