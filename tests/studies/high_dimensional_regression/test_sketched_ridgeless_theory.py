"""Theory of the sketched-ridgeless study against quadrature, limits, invariances and published values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

from workbench.studies.high_dimensional_regression import sketched_ridgeless as sr

HALVES = [[1.0, 0.5], [2.0, 0.5]]
STEEP = [[10.0, 0.25], [0.5, 0.75]]


def test_golden_value_for_two_eigenvalues():
    kappa = sr.effective_ridge(0.5, HALVES)
    risk = sr.limiting_risk(1.0, 0.5, 6, 3, spectrum=HALVES)
    assert kappa == pytest.approx(np.sqrt(2), abs=1e-12)
    assert (risk.bias, risk.variance) == (pytest.approx(25.455844, abs=1e-6), pytest.approx(9.545942, abs=1e-6))


@pytest.mark.parametrize("alignment, total", [([1, 0], 20.72), ([0, 1], 33.69), ([0.7, 0.3], 24.61)])
def test_golden_values_for_a_fixed_signal(alignment, total):
    assert sr.limiting_risk(1.0, 0.5, 6, 3, spectrum=STEEP, alignment=alignment).total == pytest.approx(total, abs=5e-3)


def test_random_signal_is_the_fixed_one_averaged_over_directions():
    shares = [share for _, share in STEEP]
    for psi in (0.1, 0.5, 0.9):
        random = sr.limiting_risk(1.0, psi, 6, 3, spectrum=STEEP)
        even = sr.limiting_risk(1.0, psi, 6, 3, spectrum=STEEP, alignment=shares)
        assert even.total == pytest.approx(random.total, rel=1e-12)


def test_golden_value_for_an_unequal_sketch_spectrum():
    assert sr.variance_for_sketch_spectrum(0.25, [[1, 0.5], [9, 0.5]], 0.625, 2) == pytest.approx(4.701305, abs=1e-6)
    assert sr.variance_for_sketch_spectrum(0.25, [[1, 1.0]], 0.625, 2) == pytest.approx(8 / 3, abs=1e-12)


def test_gaussian_sketch_is_the_marchenko_pastur_case_of_the_general_formula():
    """S S' / n of a Gaussian m x n sketch has the Marchenko-Pastur law; its density, discretised, must give (ii)."""
    phi, psi, sigma = 0.3, 0.7, 1.5
    angles, weights = np.polynomial.legendre.leggauss(400)
    angle = np.pi * (angles + 1) / 2
    # x = 1 + psi - 2 sqrt(psi) cos(angle) turns the density into 2 sin^2 / (pi x)
    x = 1 + psi - 2 * np.sqrt(psi) * np.cos(angle)
    share = weights * np.sin(angle) ** 2 / x
    spectrum = np.column_stack([x, share / share.sum()])
    expected = sr.limiting_risk(phi, psi, 1, sigma, sketch="gaussian").variance
    assert sr.variance_for_sketch_spectrum(phi, spectrum, psi, sigma) == pytest.approx(float(expected), rel=1e-10)


def test_marchenko_pastur_law_used_above_is_normalised():
    psi = 0.7
    low, high = (1 - np.sqrt(psi)) ** 2, (1 + np.sqrt(psi)) ** 2
    mass = quad(lambda x: np.sqrt((high - x) * (x - low)) / (2 * np.pi * psi * x), low, high)[0]
    assert mass == pytest.approx(1, abs=1e-8)


@settings(max_examples=60, deadline=None)
@given(
    eigenvalues=st.lists(st.floats(0.01, 100), min_size=1, max_size=5),
    ratio=st.floats(0.001, 0.999),
    scale=st.floats(0.1, 10),
)
def test_effective_ridge_solves_its_equation_and_scales_with_the_spectrum(eigenvalues, ratio, scale):
    share = 1 / len(eigenvalues)
    kappa = sr.effective_ridge(ratio, [[x, share] for x in eigenvalues])
    x = np.array(eigenvalues)
    assert np.mean(x / (x + kappa)) == pytest.approx(ratio, abs=1e-10)
    assert sr.effective_ridge(ratio, [[scale * x, share] for x in eigenvalues]) == pytest.approx(
        scale * kappa, rel=1e-9
    )


def test_effective_ridge_of_isotropic_features_in_closed_form():
    ratio = np.array([[1e-6, 0.2], [0.5, 1 - 1e-9]])
    np.testing.assert_allclose(sr.effective_ridge(ratio, sr.ISOTROPIC), (1 - ratio) / ratio, rtol=1e-7)


def test_isotropic_limit_in_closed_form_in_both_regimes():
    psi = np.array([0.1, 0.4, 0.7, 1.0])
    c = 0.5 / psi
    got = sr.limiting_risk(0.5, psi, 6, 3)
    np.testing.assert_allclose(got.bias, np.where(c > 1, 36 * (1 - 1 / c), 0), atol=1e-9)
    np.testing.assert_allclose(got.variance, np.where(c > 1, 9 / (c - 1), 9 * c / (1 - c)), rtol=1e-9)


def test_limits_at_the_ends():
    assert sr.limiting_risk(1.0, 1e-9, 6, 3, spectrum=HALVES).total == pytest.approx(36 * 1.5, rel=1e-6)  # null risk
    assert np.isinf(sr.limiting_risk(1.0, 1.0, 6, 3).total)
    assert sr.limiting_risk(1.0, 1.0, 6, 0).total == 0  # noise-free and square: recovered
    assert sr.limiting_risk(0.5, 0.75, 6, 3).bias == 0


def test_scaling_and_additivity():
    phi, psi = 1.3, np.array([0.3, 0.6, 1.0])
    full = sr.limiting_risk(phi, psi, 6, 3, spectrum=HALVES)
    np.testing.assert_allclose(full.bias, 36 * sr.limiting_risk(phi, psi, 1, 0, spectrum=HALVES).total, rtol=1e-12)
    np.testing.assert_allclose(full.variance, 9 * sr.limiting_risk(phi, psi, 0, 1, spectrum=HALVES).total, rtol=1e-12)
    doubled = sr.limiting_risk(phi, psi, 6, 3, spectrum=[[2 * x, share] for x, share in HALVES])
    np.testing.assert_allclose(doubled.bias, 2 * full.bias, rtol=1e-9)  # bias is in units of the features
    np.testing.assert_allclose(doubled.variance, full.variance, rtol=1e-9)  # variance has none


def test_orthogonal_sketch_is_best_among_sketch_spectra():
    even = sr.variance_for_sketch_spectrum(0.3, [[1, 1.0]], 0.7, 1)
    for spectrum in (HALVES, STEEP, [[1, 0.9], [100, 0.1]]):
        assert sr.variance_for_sketch_spectrum(0.3, spectrum, 0.7, 1) > even


@pytest.mark.parametrize("sketch", ["orthogonal", "gaussian"])
def test_exact_means_tend_to_the_limits(sketch):
    gaps = []
    for n in (10**3, 10**4, 10**5):
        sizes = np.array([n // 5, 2 * n // 5, 7 * n // 10, n])
        exact = sr.exact_risk(n, n // 2, sizes, 6, 3, sketch=sketch).total
        gaps.append(np.max(np.abs(exact - sr.limiting_risk(0.5, sizes / n, 6, 3, sketch=sketch).total)))
    assert gaps[1] / gaps[0] == pytest.approx(0.1, rel=0.05) and gaps[2] / gaps[1] == pytest.approx(0.1, rel=0.05)


def test_exact_mean_is_unknown_for_correlated_features_with_few_rows():
    exact = sr.exact_risk(100, 50, [20, 80], 6, 3, spectrum=HALVES)
    assert np.isnan(exact.total[0]) and exact.total[1] == pytest.approx(9 * 50 / 29)


@pytest.mark.parametrize("size", [49, 50, 51])
def test_no_mean_within_one_of_p(size):
    for call in (
        lambda: sr.exact_risk(100, 50, [20, size], 6, 3),
        lambda: sr.simulate_risk(100, 50, [20, size], 6, 3, n_replications=2, seed=0),
    ):
        with pytest.raises(ValueError, match=f"sketch size {size} is within 1 of n_features = 50"):
            call()


def test_two_away_from_p_has_a_mean():
    assert sr.exact_risk(100, 50, [48, 52], 6, 3).total == pytest.approx([36 * 2 / 50 + 9 * 48, 9 * 50])


@pytest.mark.parametrize(
    "phi, case, psi, risk",
    [
        (0.5, "c", 1.0, 4.0),
        (0.83, "c", 1.0, 4 * 0.83 / 0.17),
        (0.84, "a", 0.56, 20.0),
        (1.0, "a", 2 / 3, 20.0),
        (1.4, "a", 1.4 * 2 / 3, 20.0),
        (2.0, "c", 1.0, 36 * 0.5 + 4),
    ],
)
def test_optimal_size_at_snr_three(phi, case, psi, risk):
    best = sr.optimal_sketch(phi, 6, 2)
    assert best.case == case
    assert best.psi == pytest.approx(psi) and best.risk == pytest.approx(risk)


@pytest.mark.parametrize("phi, case", [(0.3, "c"), (0.35, "c"), (0.37, "b"), (2.0, "b")])  # threshold 9/25
def test_optimal_size_at_low_snr(phi, case):
    best = sr.optimal_sketch(phi, 3, 4)
    assert best.case == case
    assert best == (0.0, 9.0, "b") if case == "b" else best.psi == 1


def test_optimum_for_unequal_eigenvalues_is_flat_and_published():
    for phi in (0.8, 1.0, 1.7):
        best = sr.optimal_sketch(phi, 6, 3, spectrum=HALVES)
        assert best.risk == pytest.approx(34.2353, abs=1e-4) and best.psi / phi == pytest.approx(0.5835, abs=1e-4)
    for phi in (0.78, 1.73):
        assert sr.optimal_sketch(phi, 6, 3, spectrum=HALVES).case == "c"


@pytest.mark.parametrize("spectrum", [sr.ISOTROPIC, HALVES, STEEP])
@pytest.mark.parametrize("sketch", ["orthogonal", "gaussian"])
@pytest.mark.parametrize("phi", [0.4, 0.9, 1.6])
def test_optimum_beats_a_brute_force_grid(spectrum, sketch, phi):
    best = sr.optimal_sketch(phi, 6, 3, sketch=sketch, spectrum=spectrum)
    psi = np.linspace(1e-4, 1, 20001)
    risks = sr.limiting_risk(phi, psi, 6, 3, sketch=sketch, spectrum=spectrum).total
    assert best.risk <= risks.min() + 1e-9
    assert risks.min() == pytest.approx(best.risk, rel=1e-4)


def test_numerical_and_closed_form_optimum_agree_where_both_apply():
    nearly = [[1.0, 0.5], [1 + 1e-9, 0.5]]
    assert sr.optimal_sketch(1.0, 6, 2, spectrum=nearly).psi == pytest.approx(2 / 3, rel=1e-4)
    found = minimize_scalar(lambda c: 36 * (1 - 1 / c) + 4 / (c - 1), bounds=(1.01, 5), method="bounded")
    assert 1 / found.x == pytest.approx(sr.optimal_sketch(1.0, 6, 2).psi, rel=1e-4)


def test_scaled_isotropic_features_scale_the_signal():
    assert sr.optimal_sketch(1.0, 3, 2, spectrum=[[4.0, 1.0]]) == pytest.approx((2 / 3, 20.0, "a"))


def test_misspecified_risk_is_more_noise_plus_the_lost_square():
    got = sr.misspecified(sr.exact_risk, 100, 50, [20, 80], signal=6, noise=3, omitted_signal=4)
    np.testing.assert_allclose(got.total, 16 + sr.exact_risk(100, 50, [20, 80], 6, 5).total)
    limit = sr.misspecified(sr.limiting_risk, 0.5, 0.2, signal=6, noise=3, omitted_signal=4)
    assert limit.total == pytest.approx(16 + 36 * 0.6 + 25 / 1.5)


def test_sizes_that_a_grid_may_hold():
    for n, p in [(200, 180), (200, 60), (40, 8), (80, 200), (400, 400)]:
        grid = np.array(sr.sketch_size_grid(n, p))
        assert np.all(np.diff(grid) > 0) and grid[0] >= 1 and grid[-1] <= n
        assert np.min(np.abs(grid - p)) >= 6
    assert len(sr.sketch_size_grid(400, 200)) >= 14


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: sr.limiting_risk(1, 1.2, 6, 3), "psi must lie in"),
        (lambda: sr.limiting_risk(0, 1, 6, 3), "phi must be positive"),
        (lambda: sr.limiting_risk(1, 0.5, -1, 3), "signal must be"),
        (lambda: sr.limiting_risk(1, 0.5, 1, np.nan), "noise must be"),
        (lambda: sr.limiting_risk(1, 0.5, 6, 3, sketch="haar"), "'orthogonal' or 'gaussian', got 'haar'"),
        (lambda: sr.limiting_risk(1, 0.5, 6, 3, spectrum=[[1, 0.5]]), "add up to 0.5"),
        (lambda: sr.limiting_risk(1, 0.5, 6, 3, spectrum=[[-1, 1]]), "must be positive"),
        (lambda: sr.limiting_risk(1, 0.5, 6, 3, spectrum=[1, 2]), "pairs"),
        (lambda: sr.limiting_risk(1, 0.5, 6, 3, spectrum=HALVES, alignment=[1]), "alignment must be 2"),
        (lambda: sr.effective_ridge(1.0, HALVES), "ratios m/p in"),
        (lambda: sr.variance_for_sketch_spectrum(0.8, HALVES, 0.7, 1), "phi < psi"),
        (lambda: sr.optimal_sketch(1, 6, 0), "noise must be a positive number"),
        (
            lambda: sr.exact_risk(100, 50, [0], 6, 3),
            r"sketch size 0 is out of range: it must lie in \[1, n_samples = 100\]",
        ),
        (lambda: sr.exact_risk(100, 50, [101], 6, 3), "out of range"),
        (lambda: sr.exact_risk(100, 50, [20.5], 6, 3), "must be integers"),
        (lambda: sr.exact_risk(100, 50, [], 6, 3), "must be integers"),
        (lambda: sr.exact_risk(100, 0, [3], 6, 3), "n_features must be a positive integer"),
        (lambda: sr.eigenvalues([[1, 0.99], [2, 0.01]], 20), "too small for a share"),
        (lambda: sr.sketch_size_grid(4, 5), "keeps its distance"),
    ],
)
def test_bad_input_gets_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
