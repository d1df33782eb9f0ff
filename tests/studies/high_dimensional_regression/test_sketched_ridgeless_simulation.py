"""Simulations of the sketched-ridgeless study: against theory in standard errors, and against brute force exactly.

Seeds are fixed; every statistical bound is 4.5 standard errors (chance below 1e-5 per compared value for right code).
"""

import numpy as np
import pytest

from workbench import montecarlo
from workbench.montecarlo import mean_and_se
from workbench.studies.high_dimensional_regression import sketched_ridgeless as sr
from workbench.studies.high_dimensional_regression.sketched_ridgeless import simulation
from workbench.studies.high_dimensional_regression.sketched_ridgeless.validation import subsampled_fits

HALVES = [[1.0, 0.5], [2.0, 0.5]]
STEEP = [[10.0, 0.25], [0.5, 0.75]]
LIMIT = 4.5


def assert_within(simulated, theory, limit=LIMIT):
    mean, se = mean_and_se(simulated)
    z = (mean - theory) / se
    assert np.max(np.abs(z)) < limit, f"z = {np.round(z, 2)}"


@pytest.mark.parametrize("sketch", ["orthogonal", "gaussian"])
@pytest.mark.parametrize("n, p", [(60, 30), (80, 20), (40, 36), (30, 60)])
def test_mean_risk_is_the_exact_mean_in_both_regimes(sketch, n, p):
    sizes = [m for m in (n // 8, n // 4, n // 2 - 8, 3 * n // 4, n) if abs(m - p) >= 4]
    draws = sr.simulate_risk(n, p, sizes, 6, 3, sketch=sketch, n_replications=2000, seed=1)
    exact = sr.exact_risk(n, p, sizes, 6, 3, sketch=sketch)
    assert_within(draws.variance, exact.variance)
    np.testing.assert_allclose(draws.bias.mean(axis=0), exact.bias, atol=1e-9)


@pytest.mark.parametrize("sketch", ["orthogonal", "gaussian"])
@pytest.mark.parametrize("spectrum", [HALVES, STEEP])
def test_covariance_cancels_above_p(sketch, spectrum):
    draws = sr.simulate_risk(60, 20, [30, 45, 60], 6, 3, sketch=sketch, spectrum=spectrum, n_replications=2000, seed=2)
    assert_within(draws.total, sr.exact_risk(60, 20, [30, 45, 60], 6, 3, sketch=sketch).total)


@pytest.mark.parametrize("spectrum, alignment", [(HALVES, None), (STEEP, None), (HALVES, [1, 0]), (HALVES, [0, 1])])
def test_correlated_features_extrapolate_to_the_fixed_point_limit(spectrum, alignment):
    """The gap is a/p + O(1/p^2): 2 R(p) - R(p/2) removes the first term; 0.3 % is left for the second."""
    means, errors = [], []
    for p, replications in ((192, 300), (96, 1200)):
        sizes = [p // 3, p // 2, 2 * p // 3]
        draws = sr.simulate_risk(
            p, p, sizes, 6, 3, spectrum=spectrum, alignment=alignment, n_replications=replications, seed=p
        )
        mean, se = mean_and_se(draws.total)
        means.append(mean)
        errors.append(se)
    limit = sr.limiting_risk(1.0, np.array([1 / 3, 1 / 2, 2 / 3]), 6, 3, spectrum=spectrum, alignment=alignment).total
    difference, se = 2 * means[0] - means[1] - limit, np.hypot(2 * errors[0], errors[1])
    margin = 0.003 if spectrum is HALVES else 0.01
    assert np.all(np.abs(difference) < LIMIT * se + margin * limit), difference / limit


@pytest.mark.parametrize("spectrum", [sr.ISOTROPIC, STEEP])
@pytest.mark.parametrize("kind", ["orthogonal", "subsample", "gaussian"])
@pytest.mark.parametrize("m", [12, 34])
def test_explicit_sketches_agree_with_the_sampler_that_forms_none(spectrum, kind, m):
    n, p, count = 40, 24, 1500
    rng = np.random.default_rng(3)
    variances = sr.eigenvalues(spectrum, p)
    designs = rng.standard_normal((count, n, p)) * np.sqrt(variances)
    explicit = sr.conditional_risk(designs, sr.draw_sketch(kind, m, n, rng, count), 6, 3, variances).total
    family = "gaussian" if kind == "gaussian" else "orthogonal"
    implicit = sr.simulate_risk(n, p, [m], 6, 3, sketch=family, spectrum=spectrum, n_replications=count, seed=4).total[
        :, 0
    ]
    (a, a_se), (b, b_se) = mean_and_se(explicit), mean_and_se(implicit)
    assert abs(a - b) < LIMIT * np.hypot(a_se, b_se)


@pytest.mark.parametrize("spectrum", [sr.ISOTROPIC, HALVES, STEEP])
def test_nested_formulas_equal_the_definition_for_every_size(spectrum):
    n, p, count = 30, 16, 3
    variances = sr.eigenvalues(spectrum, p)
    design = np.random.default_rng(5).standard_normal((count, n, p)) * np.sqrt(variances)
    below, above = np.array([9, 1, 5, 14]), np.array([30, 18, 24])  # in any order
    bias, variance = simulation._fewer_rows(design, below, variances, 6.0, None)
    more = simulation._more_rows_orthogonal(design, above, variances)
    for k, m in enumerate(below):
        direct = sr.conditional_risk(design, np.eye(n)[:m], 6.0, 1.0, variances)
        np.testing.assert_allclose(bias[:, k], direct.bias, rtol=1e-8)
        np.testing.assert_allclose(variance[:, k], direct.variance, rtol=1e-8)
    for k, m in enumerate(above):
        np.testing.assert_allclose(
            more[:, k], sr.conditional_risk(design, np.eye(n)[:m], 6.0, 1.0, variances).variance, rtol=1e-8
        )


def test_fixed_signal_bias_equals_the_definition():
    n, p = 20, 16
    variances = sr.eigenvalues(STEEP, p)
    design = np.random.default_rng(6).standard_normal((1, n, p)) * np.sqrt(variances)
    beta = simulation.fixed_signal(6.0, STEEP, p, [0.3, 0.7])
    assert beta @ beta == pytest.approx(36) and np.sum(beta[:4] ** 2) == pytest.approx(36 * 0.3)
    bias, _ = simulation._fewer_rows(design, np.array([7]), variances, 6.0, beta)
    projector = np.linalg.pinv(design[0, :7]) @ design[0, :7]
    missed = beta - projector @ beta
    assert bias[0, 0] == pytest.approx(missed @ (variances * missed))


def test_gaussian_sketch_above_p_averages_the_definition_over_the_unseen_part():
    """Given X and G, the formula must be the mean over N of sigma^2 tr[A^+ S S' A^+'], S = G U' + N U_perp'."""
    n, p, m, count = 20, 6, 12, 4000
    rng = np.random.default_rng(7)
    variances = sr.eigenvalues(HALVES, p)
    design = rng.standard_normal((n, p)) * np.sqrt(variances)
    inner = rng.standard_normal((m, p))
    basis = np.linalg.qr(design, mode="complete")[0]
    upper = np.linalg.cholesky(design.T @ design).T
    columns = design @ np.linalg.inv(upper)  # U, of the factorisation that the simulation uses
    others = basis[:, p:]
    sketches = inner @ columns.T + rng.standard_normal((count, m, n - p)) @ others.T
    sampled = sr.conditional_risk(design, sketches, 0.0, 1.0, variances).variance
    averaged = simulation._more_rows_gaussian(design[None], inner[None], np.array([m]), variances)[0, 0]
    assert_within(sampled[:, None], averaged)


def test_identity_of_row_spaces_below_p_and_only_there():
    rng = np.random.default_rng(8)
    design = rng.standard_normal((30, 15))

    def difference(m):
        s = sr.draw_sketch("gaussian", m, 30, rng)[0]
        q = np.linalg.qr(s.T)[0].T
        return np.max(np.abs(np.linalg.pinv(s @ design) @ s - np.linalg.pinv(q @ design) @ q))

    assert difference(8) < 1e-12 and difference(15) < 1e-10
    assert difference(20) > 1e-3


@pytest.mark.parametrize("kind", ["orthogonal", "subsample", "gaussian"])
@pytest.mark.parametrize("m", [16, 48])
def test_the_estimator_itself_has_the_exact_mean_risk(kind, m):
    family = "gaussian" if kind == "gaussian" else "orthogonal"
    errors = sr.simulate_end_to_end(64, 32, m, 6, 3, sketch=kind, n_replications=800, seed=9)
    assert_within(errors[:, None], sr.exact_risk(64, 32, [m], 6, 3, sketch=family).total)


def test_the_estimator_with_unobserved_features():
    for m in (16, 48):
        errors = sr.simulate_end_to_end(64, 32, m, 6, 3, omitted_signal=4, n_replications=800, seed=10)
        expected = sr.misspecified(sr.exact_risk, 64, 32, [m], signal=6, noise=3, omitted_signal=4).total
        assert_within(errors[:, None], expected)


def test_the_estimator_with_a_fixed_signal():
    for alignment in ([1, 0], [0, 1]):
        options = dict(spectrum=STEEP, alignment=alignment, seed=11)
        errors = sr.simulate_end_to_end(40, 32, 16, 6, 3, n_replications=800, **options)
        draws = sr.simulate_risk(40, 32, [16], 6, 3, n_replications=800, **options).total[:, 0]
        (a, a_se), (b, b_se) = mean_and_se(errors), mean_and_se(draws)
        assert abs(a - b) < LIMIT * np.hypot(a_se, b_se)


@pytest.mark.parametrize("law", ["rademacher", "student"])
def test_other_feature_laws_are_standardised(law):
    from workbench.studies.high_dimensional_regression.sketched_ridgeless.end_to_end import _entries

    entries = _entries(law, (200_000,), np.random.default_rng(12))
    assert_within(entries[:, None], 0.0)
    if law == "rademacher":
        np.testing.assert_array_equal(entries**2, 1.0)
    else:
        assert_within(entries[:, None] ** 2, 1.0)


def test_minimum_norm_fit_interpolates_with_the_smallest_norm():
    rng = np.random.default_rng(13)
    x, y = rng.standard_normal((10, 25)), rng.standard_normal(10)
    fit = sr.sketched_least_squares(x, y, np.eye(10))
    np.testing.assert_allclose(x @ fit, y, atol=1e-10)
    np.testing.assert_allclose(fit, np.linalg.lstsq(x, y, rcond=None)[0], atol=1e-10)


def test_haar_frames_are_orthonormal_and_centred():
    frames = sr.draw_sketch("orthogonal", 3, 5, np.random.default_rng(14), 20_000)
    np.testing.assert_allclose(
        frames @ frames.transpose(0, 2, 1), np.broadcast_to(np.eye(3), (20_000, 3, 3)), atol=1e-12
    )
    assert_within(frames, 0.0)  # without the sign correction of QR the diagonal is not centred
    assert_within(frames**2, 1 / 5)


def test_results_do_not_depend_on_batches(monkeypatch):
    arguments = dict(sketch="gaussian", spectrum=HALVES, n_replications=11, seed=15)
    whole = sr.simulate_risk(40, 20, [10, 30], 6, 3, **arguments).total
    monkeypatch.setattr(simulation, "batches", lambda count, floats: montecarlo.batches(count, floats, megabytes=0.02))
    np.testing.assert_allclose(sr.simulate_risk(40, 20, [10, 30], 6, 3, **arguments).total, whole, rtol=1e-12)


def test_same_seed_same_numbers_other_seed_other_numbers():
    first, again, other = (sr.simulate_risk(40, 20, [10], 6, 3, n_replications=5, seed=s).total for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.all(first != other)


def test_order_of_sizes_is_kept():
    one = sr.simulate_risk(40, 20, [10, 30, 14], 6, 3, n_replications=3, seed=1).total
    two = sr.simulate_risk(40, 20, [14, 10, 30], 6, 3, n_replications=3, seed=1).total
    np.testing.assert_allclose(one[:, [2, 0, 1]], two)


def test_nested_fits_equal_separate_minimum_norm_fits():
    rng = np.random.default_rng(16)
    x, y = rng.standard_normal((40, 20)), rng.standard_normal(40)
    sizes = np.array([30, 5, 18, 40, 20])
    fits = subsampled_fits(x, y, sizes)
    for fit, m in zip(fits, sizes, strict=True):
        np.testing.assert_allclose(fit, np.linalg.lstsq(x[:m], y[:m], rcond=None)[0], atol=1e-8)


def test_validation_chooses_well_and_reports_true_risks():
    n, p = 100, 90
    grid = sr.sketch_size_grid(n, p)
    tried = sr.simulate_validation_choice(n, p, grid, 6, 3, n_validation=100, n_replications=150, seed=17)
    assert_within(tried.risk, sr.exact_risk(n, p, grid, 6, 3).total)
    mean, se = mean_and_se(tried.chosen_risk)
    assert 27 - 3 * se < mean < 1.15 * 27  # the plateau sigma (2 alpha - sigma) = 27, and 15 % above
    by_training = tried.risk[np.arange(150), np.argmin(tried.training_loss, axis=1)]
    assert by_training.mean() > 2 * 27
    fewer = sr.simulate_validation_choice(n, p, grid, 6, 3, n_validation=10, n_replications=150, seed=17)
    assert mean_and_se(fewer.chosen_risk)[0] > mean  # less validation data, worse choice


def test_validation_labels_are_noisy():
    grid = [20, 40]
    tried = sr.simulate_validation_choice(60, 50, grid, 6, 3, n_validation=400, n_replications=200, seed=18)
    assert_within(tried.validation_loss - tried.risk, 9.0)
