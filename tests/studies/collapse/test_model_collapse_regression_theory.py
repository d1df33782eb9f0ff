"""Model collapse in regression: theory against simulation, closed forms, limits and published values."""

import numpy as np
import pytest

from workbench import montecarlo
from workbench.montecarlo import mean_and_se
from workbench.spectral import effective_ridge
from workbench.studies.collapse import model_collapse_regression as mc
from workbench.studies.collapse.model_collapse_regression import simulation

LIMIT = 4.5


def assert_within(simulated, theory, margin=0.0):
    mean, se = mean_and_se(simulated)
    excess = np.abs(mean - theory) - margin * np.abs(theory)
    assert np.all(excess < LIMIT * se), f"z = {np.round((mean - theory) / se, 2)}"


def run(n, d, beta, T, T0, sigma, sigma0, lam=0.0, replications=400, r=0.5, **options):
    s, truth = mc.covariance_and_signal(d, beta, r, 1.0)
    draws = mc.simulate_test_error(n, s, truth, T, T0, sigma, sigma0, lam, n_replications=replications, **options)
    return draws, mc.test_error(np.arange(n + 1), s, truth, T, T0, sigma, sigma0, lam)


@pytest.mark.parametrize("conditional", [True, False])
@pytest.mark.parametrize("beta", [0, 1.5])
def test_least_squares_is_exact_for_any_covariance(conditional, beta):
    draws, theory = run(4, 20, beta, 40, 50, 0.5, 0.7, conditional=conditional, seed=1)
    expected = 0.25 * 20 / 19 + np.arange(5) * 0.49 * 20 / 29
    np.testing.assert_allclose(theory.total, expected)
    assert_within(draws, expected)


@pytest.mark.parametrize("conditional", [True, False])
@pytest.mark.parametrize("T", [60, 18])
@pytest.mark.parametrize("sigma0", [0.0, 0.3])
def test_over_parametrised_isotropic_chains_are_exact(conditional, T, sigma0):
    draws, theory = run(5, 30, 0, T, 20, 0.2, sigma0, conditional=conditional, seed=2)
    assert_within(draws, theory.total)


def test_under_parametrised_generators_with_an_under_sampled_last_fit_are_exact():
    draws, theory = run(3, 30, 0, 18, 60, 0.2, 0.5, conditional=True, seed=3)
    assert_within(draws, theory.total)
    expected = 1 - 18 / 30 + 18 / 30 * np.arange(4) * 0.25 * 30 / 29 + 0.04 * 18 / 11
    np.testing.assert_allclose(theory.total, expected)


@pytest.mark.parametrize(
    "beta, T, T0, lam", [(0, 150, 200, 0.1), (1.5, 150, 200, 0.02), (1.5, 60, 200, 0.02), (1.5, 60, 200, 0.0)]
)
def test_ridge_decomposition(beta, T, T0, lam):
    draws, theory = run(4, 100, beta, T, T0, 0.3, 0.5, lam, replications=120, conditional=True, seed=4)
    assert_within(draws, theory.total, margin=0.02)
    assert_within(draws[:, 1:] - draws[:, [0]], theory.collapse[1:], margin=0.02)


@pytest.mark.parametrize(
    "beta, T, T0, lam", [(1.0, 160, 50, 0.05), (1.5, 160, 50, 0.0), (0.5, 60, 50, 0.1), (0, 160, 50, 0.2)]
)
def test_over_parametrised_recursion_for_any_covariance(beta, T, T0, lam):
    draws, theory = run(4, 100, beta, T, T0, 0.2, 0.3, lam, replications=120, conditional=True, seed=5)
    assert_within(draws, theory.total, margin=0.03)


def test_published_values():
    s, truth = mc.covariance_and_signal(150, 0, 0.5, 1.0)
    parts = mc.ridge_error([0, 4], s, truth, 300, 300, 0.5, 0.5, 0.1)
    np.testing.assert_allclose(parts.total, [0.176784, 0.919595], atol=1e-6)
    s, truth = mc.covariance_and_signal(150, 1.5, 0.4, 1.0)
    for T, value in ((200, 0.136952), (80, 0.196552)):
        assert mc.ridge_error(6, s, truth, T, 300, 0.3, 0.4, 0.02).total == pytest.approx(value, abs=1e-6)
    s, truth = mc.covariance_and_signal(60, 0, 0.5, 1.0)
    assert mc.test_error([3], s, truth, 120, 45, 0, 0).total[0] == pytest.approx(0.578125)
    assert mc.test_error([4], s, truth, 120, 45, 0.3, 0.2).total[0] == pytest.approx(1.126682, abs=1e-6)


def test_optimal_ridge_published_and_against_a_grid():
    s, truth = mc.covariance_and_signal(150, 1.5, 0.5, 1.0)
    setting = (s, truth, 200, 300, 0.1, 0.5)
    clean, aware = mc.optimal_ridge(0, *setting), mc.optimal_ridge(5, *setting)
    assert clean[0] == pytest.approx(0.001728, abs=2e-6) and aware[0] == pytest.approx(0.06388, abs=2e-5)
    assert mc.ridge_error(5, *setting, clean[0]).total == pytest.approx(0.446996, abs=1e-5)
    assert aware[1] == pytest.approx(0.105980, abs=1e-6)
    grid = mc.ridge_error(5, *setting, np.logspace(-6, 2, 4001)).total
    assert aware[1] <= grid.min() + 1e-12 and grid.min() == pytest.approx(aware[1], rel=1e-4)


def test_general_and_closed_forms_agree_where_both_apply():
    s, truth = mc.covariance_and_signal(40, 1.2, 0.3, 2.0)
    general = mc.test_error(np.arange(6), s, truth, 70, 90, 0.3, 0.4, 0.05)
    closed = mc.ridge_error(np.arange(6), s, truth, 70, 90, 0.3, 0.4, 0.05)
    for one, two in zip(general, closed, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-10)


def test_isotropic_recursion_tends_to_the_exact_form():
    """The general recursion at nearly equal eigenvalues against the exact isotropic one: a gap of order 1/d."""
    gaps = []
    for d in (100, 400):
        s, truth = mc.covariance_and_signal(d, 0, 0.5, 1.0)
        unequal = s * np.where(np.arange(d) % 2, 1, 1 + 1e-9)
        exact = mc.test_error([4], s, truth, 2 * d, d // 2, 0.3, 0.4).total
        gaps.append(abs(float(mc.test_error([4], unequal, truth, 2 * d, d // 2, 0.3, 0.4).total[0] - exact[0])))
    assert gaps[1] == pytest.approx(gaps[0] / 4, rel=0.1) and gaps[0] < 0.01


def test_ridge_form_tends_to_least_squares_and_scales():
    s, truth = mc.covariance_and_signal(30, 1.5, 0.5, 1.0)
    tiny = mc.ridge_error(3, s, truth, 10**6, 200, 0.3, 0.4, 1e-14)
    assert tiny.collapse == pytest.approx(3 * 0.16 * 30 / 169, rel=1e-3) and tiny.bias < 1e-9
    one = mc.test_error(np.arange(4), s, truth, 20, 15, 0.3, 0.4, 0.01).total
    two = mc.test_error(np.arange(4), s, 4 * truth, 20, 15, 0.6, 0.8, 0.01).total
    np.testing.assert_allclose(two, 4 * one)


def test_noise_free_collapse_saturates_at_the_whole_signal():
    s, truth = mc.covariance_and_signal(30, 0, 0.5, 2.0)
    assert mc.test_error([500], s, truth, 60, 15, 0, 0).total[0] == pytest.approx(4.0)


def test_reused_designs():
    draws, _ = run(5, 30, 0, 60, 20, 0.0, 0.0, conditional=True, reuse_design=True, seed=6)
    assert_within(draws[:, 1:], np.full(5, 1 - 20 / 30))
    np.testing.assert_allclose(draws[:, 1], draws[:, 5], atol=1e-9)  # one projection, whatever its power
    draws, theory = run(3, 20, 0, 40, 50, 0.5, 0.7, conditional=True, reuse_design=True, seed=7)
    assert_within(draws, theory.total)


def test_conditional_is_the_mean_of_sampled_given_the_designs():
    """Same designs (same streams), label noise sampled many times: the closed form must be its mean."""
    s, truth = mc.covariance_and_signal(8, 1.0, 0.5, 1.0)
    setting = (2, s, truth, 14, 5, 0.4, 0.6, 0.1)
    exact = mc.simulate_test_error(*setting, conditional=True, n_replications=1, seed=8)[0]
    original = montecarlo.streams

    class Repeats:  # the designs of seed 8 again and again, whatever the seed of the label noise
        def __init__(self, stream, shape):
            self.draws = {}
            self.stream = stream

        def standard_normal(self, shape):
            key = shape[1:]
            self.count = getattr(self, "count", 0)
            one = self.stream.standard_normal((1, *key))
            return np.broadcast_to(one, shape)

    def streams(seed, n):
        designs, labels = original(8, n), original([seed, 99], n)
        return [Repeats(designs[0], None), labels[1], Repeats(designs[2], None), labels[3]]

    patch = pytest.MonkeyPatch()
    patch.setattr(simulation, "streams", streams)
    sampled = mc.simulate_test_error(*setting, n_replications=4000, seed=8)
    patch.undo()
    assert_within(sampled, exact)


def test_fits_equal_numpy():
    rng = np.random.default_rng(9)
    for t in (30, 12):
        x, y = rng.standard_normal((2, t, 20)), rng.standard_normal((2, t, 1))
        got = simulation._fit(x, y, 0.0)[..., 0]
        for b in range(2):
            np.testing.assert_allclose(got[b], np.linalg.lstsq(x[b], y[b, :, 0], rcond=None)[0], atol=1e-9)
            ridge = np.linalg.solve(x[b].T @ x[b] / t + 0.3 * np.eye(20), x[b].T @ y[b, :, 0] / t)
            np.testing.assert_allclose(simulation._fit(x, y, 0.3)[b, :, 0], ridge, atol=1e-9)


def test_batches_and_seeds(monkeypatch):
    arguments = dict(n_replications=7, seed=10)
    s, truth = mc.covariance_and_signal(12, 0, 0.5, 1.0)
    whole = mc.simulate_test_error(3, s, truth, 24, 24, 0.5, 0.5, **arguments)
    np.testing.assert_array_equal(mc.simulate_test_error(3, s, truth, 24, 24, 0.5, 0.5, **arguments), whole)
    assert np.all(mc.simulate_test_error(3, s, truth, 24, 24, 0.5, 0.5, n_replications=7, seed=11) != whole)


def test_power_law_signal_obeys_the_source_condition():
    s, truth = mc.covariance_and_signal(50, 1.5, 0.4, 2.0)
    j = np.arange(1, 51)
    np.testing.assert_allclose(s * truth, 4 * j ** -(1 + 2 * 0.4 * 1.5))
    flat, even = mc.covariance_and_signal(50, 0, 0.4, 2.0)
    assert np.all(flat == 1) and even.sum() == pytest.approx(4)


@pytest.mark.parametrize("beta, r, ell", [(1.5, 0.25, 0.857), (1.5, 0.5, 0.6), (2.0, 3.0, 0.4)])
def test_exponents(beta, r, ell):
    assert mc.critical_exponent(beta, r) == pytest.approx(ell, abs=1e-3)
    assert mc.error_exponent(beta, r, noise_free=False) == pytest.approx(-2 * min(r, 1) * ell, abs=2e-3)
    assert mc.adaptive_ridge(100, beta, r) == pytest.approx(100**-ell, rel=1e-2)


@pytest.mark.parametrize("r, clean, synthetic", [(0.25, -0.75, -0.4286), (0.5, -1.5, -0.6)])
def test_slopes_of_the_limiting_error(r, clean, synthetic):
    d = 20_000
    s, truth = mc.covariance_and_signal(d, 1.5, r, 1.0)
    samples = np.array([200, 400, 800, 1600])
    for n, sigma0, exponent in ((0, 0.0, clean), (1, 1.0, synthetic)):
        errors = [mc.optimal_ridge(n, s, truth, T, 2 * d, 0.0, sigma0)[1] for T in samples]
        assert np.polyfit(np.log(samples), np.log(errors), 1)[0] == pytest.approx(exponent, abs=0.06)


def test_crossover_is_where_synthetic_and_clean_errors_meet():
    assert mc.crossover_samples(1, 1.5, 0.5, 0.01, 0.5) == pytest.approx(464, abs=1)


def test_downsampling_is_the_optimal_sketch_with_a_weaker_signal():
    from workbench.studies.high_dimensional_regression import sketched_ridgeless as sr

    excess = mc.synthetic_excess(5, 60, 90, 0.1)
    best = mc.best_undersampling(60, 1.0, 0.3, excess)
    assert best.n_samples == pytest.approx(41.0, abs=0.05)
    sketch = sr.optimal_sketch(1.0, np.sqrt(1 - excess), 0.3)
    assert best.n_samples / 60 == pytest.approx(sketch.psi) and best.error == pytest.approx(sketch.risk + excess)
    grid = mc.undersampled_error(np.linspace(1, 59, 5801), 60, 1.0, 0.3, excess)
    assert best.error == pytest.approx(grid.min(), rel=1e-6)
    assert mc.best_undersampling(60, 1.0, 0.3, 0.95) == (0.0, 1.0)
    assert mc.best_undersampling(60, 1.0, 0.0, 0.2) == (60.0, 0.2)


def test_undersampled_limit_against_the_exact_form():
    s, truth = mc.covariance_and_signal(600, 0, 0.5, 1.0)
    exact = mc.test_error([5], s, truth, 300, 900, 0.3, 0.1).total[0]
    excess = mc.synthetic_excess(5, 600, 900, 0.1)
    assert mc.undersampled_error(300, 600, 1.0, 0.3, excess) == pytest.approx(exact, rel=1e-3)


S, W = mc.covariance_and_signal(10, 0, 0.5, 1.0)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: mc.test_error([0], S, W, 20, 10, 1, 1), "n_generator_samples = 10 is within 1 of n_features = 10"),
        (
            lambda: mc.test_error([0], S, W, 11, 20, 1, 1),
            "n_samples = 11 is within 1 of n_features = 10 without a ridge",
        ),
        (lambda: mc.test_error([-1], S, W, 20, 20, 1, 1), "generations must be integers >= 0"),
        (lambda: mc.test_error([0], S, W, 20, 20, -1, 1), "noise must be a finite number >= 0, got -1"),
        (lambda: mc.test_error([0], S, W, 20, 20, 1, np.nan), "generator_noise must be"),
        (lambda: mc.test_error([0], S, W, 20, 20, 1, 1, -0.1), "ridge must be a finite number >= 0"),
        (lambda: mc.test_error([0], S, W, 20.5, 20, 1, 1), "n_samples must be a positive integer"),
        (lambda: mc.ridge_error(1, S, W, 20, 8, 1, 1, 0.1), "needs n_generator_samples >= 12, got 8"),
        (lambda: mc.covariance_and_signal(0, 0, 0, 1), "n_features must be a positive integer"),
        (lambda: mc.covariance_and_signal(5, -1, 0, 1), "spectrum_exponent must be"),
        (lambda: mc.synthetic_excess(1, 10, 11, 1), "needs n_generator_samples >= 12"),
        (lambda: mc.undersampled_error(10, 10, 1, 1, 0), "n_samples must lie in"),
        (lambda: mc.simulate_test_error(1, S, W, 20, 9, 1, 1, n_replications=2, seed=0), "within 1 of n_features"),
    ],
)
def test_bad_input_gets_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_ridge_lifts_the_peak():
    assert np.isfinite(mc.test_error([1], S, W, 10, 20, 1, 1, 0.1).total[0])
    assert effective_ridge(10, S, ridge=0.1) > 0.1
