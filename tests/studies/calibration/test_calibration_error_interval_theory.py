"""Moments, limits and intervals of the debiased calibration error: against enumeration, quadrature and simulation."""

import itertools

import numpy as np
import pytest
from scipy import integrate, stats

from workbench.montecarlo import mean_and_se, proportion_and_se
from workbench.studies.calibration import calibration_error_interval as ci


def bin_sums(cells, residuals, m):
    """BinSums of one sample, bin by bin."""
    parts = [residuals[cells == b] for b in range(m)]
    return ci.BinSums(
        np.array([len(r) for r in parts]), np.stack([r.sum(axis=0) for r in parts]), np.stack([r.T @ r for r in parts])
    )


def test_exact_moments_by_enumerating_every_sample():
    n, p, z, gaps = 4, np.array([0.2, 0.5, 0.3]), np.array([0.3, 0.6, 0.9]), np.array([0.2, -0.1, -0.4])
    q = z + gaps
    outcomes = [(b, y, p[b] * (q[b] if y else 1 - q[b])) for b in range(3) for y in (0, 1)]
    moments = np.zeros(4)
    for sample in itertools.product(outcomes, repeat=n):
        cells = np.array([b for b, _, _ in sample])
        residuals = np.array([[y - z[b]] for b, y, _ in sample])
        bins = bin_sums(cells, residuals, 3)
        T, P = ci.debiased_estimate(bins), ci.plug_in_estimate(bins)
        moments += np.prod([chance for _, _, chance in sample]) * np.array([1, T, T**2, P])
    cov = q * (1 - q)
    assert moments[0] == pytest.approx(1)
    assert ci.mean_debiased(n, p, gaps) == pytest.approx(moments[1], rel=1e-10)
    assert ci.variance_debiased(n, p, gaps, cov) == pytest.approx(moments[2] - moments[1] ** 2, rel=1e-10)
    assert ci.mean_plug_in(n, p, gaps, cov) == pytest.approx(moments[3], rel=1e-10)


@pytest.mark.parametrize("n, m, size", [(200, 10, 0.0), (200, 10, 0.15), (60, 50, 0.1), (30, 3, 0.3)])
def test_moments_against_simulation(n, m, size):
    p = np.arange(1, m + 1.0) + m / 2
    p /= p.sum()
    z = 0.5 + (np.arange(m) + 0.5) / (2 * m)
    gaps = -size * np.linspace(0.5, 1, m)
    cov = (z + gaps) * (1 - z - gaps)
    bins = ci.simulate_groups(n, p, z, gaps, n_replications=20_000, seed=1)
    T = ci.debiased_estimate(bins)
    exact = ci.mean_debiased(n, p, gaps)
    for draws, theory in [
        (T, exact),
        ((T - exact) ** 2, ci.variance_debiased(n, p, gaps, cov)),
        (ci.plug_in_estimate(bins), ci.mean_plug_in(n, p, gaps, cov)),
    ]:
        mean, se = mean_and_se(draws)
        assert abs(mean - theory) < 4.5 * se


def test_estimates_equal_a_sum_over_pairs_and_the_covariance_form():
    rng = np.random.default_rng(2)
    n, m, k = 40, 7, 2
    cells = np.append(rng.integers(0, m - 2, n - 1), m - 1)  # one bin empty, one with a single prediction
    r = rng.normal(0.1, 0.4, (n, k))
    bins = bin_sums(cells, r, m)
    T = sum(
        r[i] @ r[j] / (np.sum(cells == cells[i]) - 1)
        for i in range(n)
        for j in range(n)
        if i != j and cells[i] == cells[j]
    )
    assert ci.debiased_estimate(bins) == pytest.approx(T / n)
    share, means = bins.counts / n, bins.sums / np.maximum(bins.counts, 1)[:, None]
    cov = [np.cov(r[cells == b].T, bias=True) if np.sum(cells == b) else np.zeros((k, k)) for b in range(m)]
    assert ci.plug_in_variance(bins) == pytest.approx(ci.sigma1_squared(share, means, cov))
    assert ci.plug_in_estimate(bins) == pytest.approx(ci.binned_squared_error(share, means))
    stacked = ci.BinSums(*(np.stack([part, part]) for part in bins))
    np.testing.assert_allclose(ci.debiased_estimate(stacked), T / n)


def test_variance_goes_to_its_two_limits():
    p, z = np.full(10, 0.1), np.linspace(0.5, 0.95, 10)
    cov, gaps = z * (1 - z), np.full(10, -0.1)
    n = 20_000
    assert ci.variance_debiased(n, p, 0 * gaps, cov) == pytest.approx(ci.null_sd(n, cov) ** 2, rel=1e-3)
    assert n * ci.variance_debiased(n, p, gaps, cov) == pytest.approx(ci.sigma1_squared(p, gaps, cov), rel=0.01)
    spread = np.linspace(1, 3, 10) / np.linspace(1, 3, 10).sum()  # at calibration the spread over bins cancels
    assert ci.variance_debiased(n, spread, 0 * gaps, cov) == pytest.approx(ci.null_sd(n, cov) ** 2, rel=1e-3)


def test_estimated_variance_is_twice_the_true_one_at_calibration():
    n, m = 4000, 25
    z = 0.51 + 0.02 * np.arange(m)
    bins = ci.simulate_groups(n, np.full(m, 1 / m), z, 0 * z, n_replications=4000, seed=3)
    mean, se = mean_and_se(ci.plug_in_variance(bins) / n / ci.null_sd(n, z * (1 - z)) ** 2)
    assert abs(mean - 2) < 0.05 + 4.5 * se


@pytest.mark.parametrize("classes, k", [(2, 1), (7, 1), (3, 2), (10, 2)])
def test_bin_probabilities_and_the_shift_model(classes, k):
    m, n, shift = 8, 150, 0.8 / classes
    p = ci.top_k_bin_probabilities(classes, k, m)
    assert p.shape == (m**k,) and p.sum() == pytest.approx(1, abs=1e-9)
    bins = ci.simulate_top_k(n, classes, k, m, shift, n_replications=1500, seed=4)
    mean, se = mean_and_se(bins.counts)
    likely = p > 1e-4
    assert np.max(np.abs(mean - n * p)[likely] / se[likely]) < 4.5 and np.all(bins.counts[:, p == 0] == 0)
    gaps = np.tile([-shift, shift][:k], (m**k, 1))
    mean, se = mean_and_se(ci.debiased_estimate(bins))
    assert abs(mean - ci.mean_debiased(n, p / p.sum(), gaps)) < 4.5 * se
    assert ci.binned_squared_error(p / p.sum(), gaps) == pytest.approx(k * shift**2)


def test_top_two_probabilities_have_the_margin_of_top_one():
    two = ci.top_k_bin_probabilities(6, 2, 12).reshape(12, 12)
    np.testing.assert_allclose(two.sum(axis=1), ci.top_k_bin_probabilities(6, 1, 12), atol=1e-9)


def test_sigma0():
    assert ci.sigma0_squared(2, 1) == pytest.approx(1 / 30)

    first, second = np.meshgrid(*[(np.arange(4000) + 0.5) / 4000] * 2, indexing="ij")
    z = np.stack([first, second], axis=-1)
    value = np.sum(z**2 * (1 - z) ** 2, axis=-1) + 2 * first**2 * second**2
    for classes in (3, 10):
        inside = (second <= first) & (first + second <= 1) & (first + second >= 2 / classes)
        assert ci.sigma0_squared(classes, 2) == pytest.approx(2 * np.mean(value * inside), rel=2e-3)


def test_wave_bins_against_quadrature_and_simulation():
    for m in (3, 20, 37):
        p, gaps = ci.wave_bins(m, 0.08, 3)
        for b in range(m):
            low, high = max(b / m, 0.5), min((b + 1) / m, 0.9)
            if high > low:
                value = integrate.quad(lambda z: 0.08 * np.sin(2 * np.pi * 3 * (z - 0.5) / 0.4), low, high)[0]
                assert gaps[b] * p[b] * 0.4 == pytest.approx(value, abs=1e-12)
        draws = ci.debiased_estimate(ci.simulate_wave(300, m, 0.08, 3, n_replications=2000, seed=5))
        mean, se = mean_and_se(draws)
        assert abs(mean - ci.mean_debiased(300, p, gaps)) < 4.5 * se
    assert ci.binned_squared_error(*ci.wave_bins(3000, 0.08, 3)) == pytest.approx(0.08**2 / 2, rel=1e-3)


def test_interval_case_by_case():
    one, two = stats.norm.isf(0.1), stats.norm.isf(0.05)
    lower, upper, has_zero = ci.adjusted_interval([10.0, 3.0, 2.0, 0.5, -1.0], 1.0, 1.0, level=0.1)
    np.testing.assert_allclose(lower, [10 - two, 1.5, 2 - one, 0, 0])
    np.testing.assert_allclose(upper, np.array([10, 3, 2, 0.5, 0]) + two)
    np.testing.assert_array_equal(has_zero, [False, False, False, True, True])
    np.testing.assert_array_equal(ci.covers((lower, upper, has_zero), 0), has_zero)
    np.testing.assert_array_equal(ci.covers((lower, upper, has_zero), 1.4), [False, False, True, True, True])


def test_interval_keeps_its_level_if_the_estimate_is_normal_with_known_error():
    """The reason for the three cases: the coverage is at least the nominal one at every distance from zero."""
    noise = np.random.default_rng(6).normal(size=200_000)
    for target in (0.01, 0.5, 1.3, 1.5, 2.0, 5.0):
        share, se = proportion_and_se(ci.covers(ci.adjusted_interval(target + noise, 1.0, 1.0), target))
        assert share > 0.9 - 4.5 * se


@pytest.mark.parametrize("n_bins", [1, 2, 5, 25, 400])
def test_transition_against_the_limit_experiment(n_bins):
    rng = np.random.default_rng(7)
    for x in np.array([0.2, 1, 3, 10]) * np.sqrt(2 * n_bins):
        w = rng.noncentral_chisquare(n_bins, x, 40_000)
        held = ci.covers(ci.adjusted_interval(w - n_bins, 2 * np.sqrt(w), 1.0, level=0.2), x)
        share, se = proportion_and_se(held)
        assert abs(share - ci.transition_coverage(x, n_bins, level=0.2)) < 4.5 * se


def test_transition_against_samples_of_predictions():
    n = 8000
    for m in (2, 10):
        z = np.linspace(0.35, 0.65, m)
        gaps = np.where(z < 0.5, 1, -1) * np.sqrt(3 * np.sqrt(2 * m) * 0.25 / n)
        bins = ci.simulate_groups(n, np.full(m, 1 / m), z, gaps, n_replications=8000, seed=8)
        s = np.sqrt(ci.plug_in_variance(bins) / n)
        interval = ci.adjusted_interval(ci.debiased_estimate(bins), s, ci.null_sd(n, z * (1 - z)))
        share, se = proportion_and_se(ci.covers(interval, gaps[0] ** 2))
        variance = np.mean((z + gaps) * (1 - z - gaps))
        assert abs(share - ci.transition_coverage(n * gaps[0] ** 2 / variance, m)) < 4.5 * se + 0.005


def test_transition_limits_and_zero():
    assert ci.transition_coverage(1e7, 3) == pytest.approx(0.9, abs=2e-3)
    far = ci.transition_coverage(0.01 * np.sqrt(2e6), 1_000_000)  # many bins: normal, its error taken twice too large
    assert far == pytest.approx(stats.norm.cdf(np.sqrt(2) * stats.norm.isf(0.1)), abs=3e-3)
    for bins in (1, 4, 30):
        expected = stats.chi2.cdf(bins + stats.norm.isf(0.05) * np.sqrt(2 * bins), bins)
        assert ci.zero_coverage(bins, level=0.05) == pytest.approx(expected)
    worst = [ci.worst_coverage(bins)[0] for bins in (1, 2, 5, 25)]
    np.testing.assert_allclose(worst, [0.766, 0.820, 0.859, 0.900], atol=1e-3)


def test_bootstrap_is_centred_on_the_plug_in_estimate_and_too_wide():
    n, z = 500, np.linspace(0.55, 0.95, 5)
    bins = ci.simulate_groups(n, np.full(5, 0.2), z, 0 * z, n_replications=60, seed=9)
    found = ci.bootstrap_interval(bins, z, n_resamples=2000, seed=10)
    error = np.sqrt(found.variance / 2000)
    assert np.max(np.abs(found.mean - ci.plug_in_estimate(bins)) / error) < 4.5
    extra, se = mean_and_se(found.variance - ci.plug_in_variance(bins) / n)
    assert extra == pytest.approx(ci.null_sd(n, z * (1 - z)) ** 2, rel=0.15)
    assert np.all(found.lower >= 0) and np.all(found.upper > found.lower)
    again = ci.bootstrap_interval(bins, z, n_resamples=2000, seed=10)
    np.testing.assert_array_equal(found.lower, again.lower)


def test_results_do_not_depend_on_the_batches(monkeypatch):
    from workbench.studies.calibration.calibration_error_interval import simulation

    whole = ci.simulate_top_k(50, 5, 2, 4, 0.1, n_replications=7, seed=11)
    monkeypatch.setattr(simulation, "batches", lambda n, _: [3, 3, 1])
    for one, other in zip(whole, ci.simulate_top_k(50, 5, 2, 4, 0.1, n_replications=7, seed=11), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: ci.mean_debiased(1, [1.0], [0.1]), "n_samples must be an integer >= 2, got 1"),
        (lambda: ci.mean_debiased(9, [0.6, 0.6], [0, 0]), "probabilities must be nonnegative and sum to 1, got a sum"),
        (lambda: ci.mean_debiased(9, [0.5, 0.5], [0]), "gaps must have one row for each of the 2 bins, got 1"),
        (lambda: ci.mean_plug_in(9, [1.0], [0], [[1, 2]]), r"covariances must have shape \(1, 1, 1\)"),
        (lambda: ci.adjusted_interval(0, 1, 1, level=0.5), r"level must lie in \(0, 0.5\), got 0.5"),
        (lambda: ci.adjusted_interval(0, -1, 1), "standard_error must be >= 0, got -1"),
        (lambda: ci.adjusted_interval(0, 1, 0), "null_sd must be > 0, got 0"),
        (lambda: ci.covers((0, 1, True), -1), "target must be >= 0, got -1"),
        (lambda: ci.transition_coverage(0, 2), "noncentrality must be > 0, got 0"),
        (lambda: ci.transition_coverage(1, 0), "n_bins must be integers >= 1, got 0"),
        (lambda: ci.sigma0_squared(2, 2), "top_k must be 1 or 2 and less than n_classes = 2, got 2"),
        (lambda: ci.top_k_bin_probabilities(21, 1, 5), r"n_classes must be an integer in \[2, 20\], got 21"),
        (lambda: ci.wave_bins(0, 0.1, 1), "n_bins must be an integer >= 1, got 0"),
        (lambda: ci.wave_bins(5, 0.2, 1), r"amplitude must lie in \[0, 0.1\], got 0.2"),
        (lambda: ci.wave_bins(5, 0.1, 0), "cycles must be an integer >= 1, got 0"),
        (
            lambda: ci.simulate_top_k(9, 5, 1, 5, 0.3, n_replications=2, seed=0),
            r"shift must lie in \[0, 1/n_classes\] = \[0, 0.2\], got 0.3",
        ),
        (
            lambda: ci.simulate_groups(9, [1.0], [0.9], [0.2], n_replications=2, seed=0),
            r"scores and scores \+ gaps must lie in \[0, 1\]",
        ),
        (
            lambda: ci.simulate_groups(9, [0.9], [0.9], [0.0], n_replications=2, seed=0),
            "probabilities must be nonnegative",
        ),
        (lambda: ci.bootstrap_interval(None, [0.5], n_resamples=3), "n_resamples must be an integer >= 20, got 3"),
    ],
)
def test_bad_input_gets_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
