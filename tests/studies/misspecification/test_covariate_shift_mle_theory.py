"""Covariate shift: the limits against integration, simulation and special cases; the risk against its definition."""

import numpy as np
import pytest
from scipy import integrate, stats

from workbench.montecarlo import mean_and_se
from workbench.studies.misspecification import covariate_shift_mle as cs

THETA, RATIOS = np.array([0.9, -0.4, 0.2]), np.array([0.4, 1.6, 1.0])
VARIANCES = np.array([0.5, 2.0, 1.2])


def within(mean, se, theory, z=4.5):
    score = (np.asarray(mean) - theory) / se
    assert np.max(np.abs(score)) < z, score


@pytest.mark.parametrize("model", cs.MODELS)
def test_information_is_the_mean_of_the_squared_score(model):
    rng = np.random.default_rng(1)
    x = rng.standard_normal((400_000, 3)) * np.sqrt(VARIANCES)
    u = x @ THETA
    if model == "logistic":
        score = (rng.random(u.shape) < 1 / (1 + np.exp(-u))) - 1 / (1 + np.exp(-u))
    else:
        score = rng.standard_normal(u.shape) * (2 * u if model == "phase" else 1)
    squares = (score[:, None] * x)[:, :, None] * (score[:, None] * x)[:, None, :]
    within(*mean_and_se(squares), cs.information(model, THETA, VARIANCES))


def test_information_in_closed_form():
    v = np.diag(VARIANCES)
    along = v @ THETA
    phase = 4 * (THETA @ along * v + 2 * np.outer(along, along))
    np.testing.assert_allclose(cs.information("phase", THETA, VARIANCES), phase)
    np.testing.assert_allclose(cs.information("linear", THETA, VARIANCES), v, atol=1e-12)
    np.testing.assert_allclose(cs.information("logistic", 0 * THETA, VARIANCES), v / 4)
    np.testing.assert_allclose(cs.information("logistic", 1e-5 * THETA, VARIANCES), v / 4, atol=1e-9)


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 1.5])
def test_tilt_by_integration(power):
    c, variances = cs.tilt([0.4, 1.6], power)
    mass, second = 1.0, []
    for r in (0.4, 1.6):
        target = stats.norm(scale=np.sqrt(r)).logpdf

        def integrand(x, k, target=target):
            return x**k * np.exp(power * target(x) + (1 - power) * stats.norm.logpdf(x))

        total = 2 * integrate.quad(integrand, 0, 12, args=(0,))[0]
        second.append(2 * integrate.quad(integrand, 0, 12, args=(2,))[0] / total)
        mass *= total
    assert c == pytest.approx(mass, rel=1e-6)
    np.testing.assert_allclose(variances, second, rtol=1e-6)


def test_weights_without_a_variance_have_no_limit():
    for ratio, power in [(2.0, 1.0), (3.0, 0.75), (3.0, 1.0)]:
        assert cs.limiting_risk("linear", THETA, [ratio, 1, 1], power) == np.inf
    assert np.isfinite(cs.limiting_risk("linear", THETA, [1.99, 1, 1], 1.0))
    assert np.isfinite(cs.limiting_risk("linear", THETA, [3, 1, 1], 0.74))
    assert cs.limiting_risk("linear", THETA, [1.99, 1, 1], 1.0) > 300
    assert np.isfinite(cs.clipped_limit([3.0, 1, 1], 10))


def test_linear_limits_in_closed_form():
    weighted = np.prod((RATIOS * (2 - RATIOS)) ** -0.5) * np.sum(1 / (2 - RATIOS)) / 2
    assert cs.limiting_risk("linear", THETA, RATIOS) == pytest.approx(RATIOS.sum() / 2)
    assert cs.limiting_risk("linear", THETA, RATIOS, 1.0) == pytest.approx(weighted)
    assert cs.exact_linear_risk(10**7, RATIOS) * 10**7 == pytest.approx(RATIOS.sum() / 2, rel=1e-5)


@pytest.mark.parametrize("model", cs.MODELS)
def test_no_shift_gives_half_the_dimension_and_no_weighting_helps(model):
    assert cs.limiting_risk(model, THETA, np.ones(3), 0.7) == pytest.approx(1.5)
    for ratios in ([0.2, 1.0, 1.0], [0.5, 1.5, 0.9], [1.9, 1.0, 0.3]):
        risks = [cs.limiting_risk(model, THETA, ratios, p) for p in np.linspace(0, 1, 11)]
        assert np.all(np.diff(risks) > 0) and min(risks) == risks[0]


def test_unshifted_labels_make_the_three_models_agree():
    """A shift only in directions that no label depends on: the linear model's limit in all three."""
    limits = [cs.limiting_risk(model, [0, 0, 1.3], [0.4, 1.6, 1.0]) for model in cs.MODELS]
    np.testing.assert_allclose(limits, 1.5)


@pytest.mark.parametrize("ratio, k, power, clip", [(0.3, 2, 1.0, 1.0), (1.5, 3, 1.0, 2.0), (3.0, 1, 0.5, 4.0)])
def test_clipped_limit_by_another_integration(ratio, k, power, clip):
    ratios = cs.shift(k + 2, k, ratio)
    radius = 2 * (np.log(clip) + k / 2 * np.log(ratio)) / (1 - 1 / ratio)

    def moment(p, j):
        def integrand(q):
            w = ratio ** (-k / 2) * np.exp((1 - 1 / ratio) * q / 2)
            return min(w, clip) ** p * q**j * stats.chi2.pdf(q, k)

        edges = [0, *([radius] if radius > 0 else []), max(radius, 0) + 200]
        return sum(integrate.quad(integrand, *pair, limit=200)[0] for pair in zip(edges, edges[1:], strict=False))

    shifted = ratio * k * (moment(2 * power, 1) / k) / (moment(power, 1) / k) ** 2
    rest = 2 * moment(2 * power, 0) / moment(power, 0) ** 2
    assert cs.clipped_limit(ratios, clip, power) == pytest.approx((shifted + rest) / 2, rel=1e-5)


def test_clipping_runs_from_equal_weights_to_full_weights():
    for ratio in (0.3, 1.4):
        ratios = cs.shift(5, 2, ratio)
        ends = [cs.limiting_risk("linear", np.zeros(5), ratios, p) for p in (0, 1)]
        assert cs.clipped_limit(ratios, 1e-6) == pytest.approx(ends[0], rel=1e-3 if ratio > 1 else 0.02)
        assert cs.clipped_limit(ratios, 1e9) == pytest.approx(ends[1], rel=1e-6)
    assert cs.clipped_limit(np.ones(4), 2.0) == 2.0
    assert cs.clipped_limit(cs.shift(4, 2, 1.0001), 1e9) == pytest.approx(2.0, rel=1e-3)


@pytest.mark.parametrize("model", cs.MODELS)
def test_excess_risk_is_the_mean_divergence_under_the_target(model):
    other = THETA + [0.3, 0.2, -0.5]
    x = np.random.default_rng(2).standard_normal((400_000, 3)) * np.sqrt(RATIOS)
    u, v = x @ THETA, x @ other
    if model == "logistic":
        p, q = 1 / (1 + np.exp(-u)), 1 / (1 + np.exp(-v))
        divergence = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
    else:
        divergence = ((u - v) if model == "linear" else (u**2 - v**2)) ** 2 / 2
    within(*mean_and_se(divergence), cs.excess_risk(model, other, THETA, RATIOS))


@pytest.mark.parametrize("model", cs.MODELS)
def test_excess_risk_has_the_target_information_as_its_curvature(model):
    direction = np.array([0.5, 1.0, -0.7])
    step = 1e-3
    around = cs.excess_risk(model, THETA + step * np.array([[1.0], [-1.0]]) * direction, THETA, RATIOS)
    curvature = direction @ cs.information(model, THETA, RATIOS) @ direction
    assert around.sum() / step**2 == pytest.approx(curvature, rel=1e-4)
    assert cs.excess_risk(model, THETA, THETA, RATIOS) == pytest.approx(0, abs=1e-12)


def test_phase_retrieval_does_not_see_the_sign():
    estimates = np.random.default_rng(3).standard_normal((20, 3))
    np.testing.assert_allclose(
        cs.excess_risk("phase", estimates, THETA, RATIOS), cs.excess_risk("phase", -estimates, THETA, RATIOS)
    )
    assert cs.excess_risk("linear", -THETA, THETA, RATIOS) > 0.1


def test_pseudo_true_is_what_weighted_least_squares_finds():
    cubic = np.array([0.1, 0.2, 0.0])
    x = np.random.default_rng(4).standard_normal((400_000, 3))
    y = x @ THETA + x**3 @ cubic
    for power in (0.0, 0.5):
        weighted = np.exp(power * cs.log_weights(x, RATIOS))[:, None] * x
        found = np.linalg.solve(x.T @ weighted, weighted.T @ y)
        np.testing.assert_allclose(found, cs.pseudo_true(THETA, RATIOS, cubic, power), atol=0.02)
    np.testing.assert_allclose(cs.pseudo_true(THETA, RATIOS, cubic, 1.0), THETA + 3 * cubic * RATIOS)


def test_misspecified_terms_without_cubes_and_at_the_ends():
    for power in (0.0, 0.5, 1.0):
        floor, slope = cs.misspecified_terms(RATIOS, np.zeros(3), power)
        assert floor == 0 and slope == pytest.approx(cs.limiting_risk("linear", np.zeros(3), RATIOS, power))
    cubic = np.array([0.1, 0.2, 0.0])
    floor = cs.misspecified_terms(RATIOS, cubic)[0]
    assert floor == pytest.approx(4.5 * np.sum(cubic**2 * RATIOS * (1 - RATIOS) ** 2))
    assert cs.misspecified_terms(RATIOS, cubic, 1.0)[0] == pytest.approx(0, abs=1e-20)
    assert cs.crossover(RATIOS, np.zeros(3)) == np.inf
    assert cs.misspecified_terms([2.5, 1, 1], cubic, 1.0)[1] == np.inf


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_misspecified_expansion_at_first_order(power):
    """n (risk - floor) at large n, with noise small enough to see the term in 1/n. The MLE's has the bias term too."""
    ratios, cubic, n = np.array([0.5, 1.2]), np.array([0.2, 0.1]), 1500
    risks = cs.simulate_risk(
        "linear", np.zeros(2), n, ratios, [(power, np.inf)], cubic=cubic, n_replications=3000, seed=5
    )
    floor, slope = cs.misspecified_terms(ratios, cubic, power)
    mean, se = mean_and_se(n * (risks[:, 0] - floor))
    assert abs(mean - slope) < 4.5 * se + 0.02 * slope, (mean, se, slope)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: cs.limiting_risk("probit", THETA, RATIOS), "model must be 'linear', 'logistic' or 'phase', got 'pr"),
        (lambda: cs.limiting_risk("linear", THETA, [1, 0, 1]), "ratios must be positive finite numbers"),
        (lambda: cs.limiting_risk("linear", THETA[:2], RATIOS), "theta must hold 3 finite numbers"),
        (lambda: cs.limiting_risk("linear", THETA, RATIOS, -1), "power must be a number >= 0, got -1"),
        (lambda: cs.information("phase", 0 * THETA, VARIANCES), "theta must not be 0 for phase retrieval"),
        (lambda: cs.exact_linear_risk(4, RATIOS), "n_samples must be at least n_features \\+ 2 = 5, got 4"),
        (lambda: cs.clipped_limit([0.5, 0.6], 1.0), "ratios that differ from 1 must be equal"),
        (lambda: cs.clipped_limit([0.5, 0.5], 0.0), "clip must be a positive finite number, got 0"),
        (lambda: cs.shift(3, 4, 0.5), r"n_shifted must lie in \[1, n_features\] = \[1, 3\], got 4"),
        (lambda: cs.misspecified_terms(RATIOS, [0.1]), "cubic must hold 3 finite numbers"),
        (lambda: cs.pseudo_true(THETA, RATIOS, RATIOS, 2.0), r"power must lie in \[0, 1\], got 2"),
        (lambda: cs.excess_risk("linear", np.zeros((4, 2)), THETA, RATIOS), "estimates must have 3 numbers"),
    ],
)
def test_bad_input_gets_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
