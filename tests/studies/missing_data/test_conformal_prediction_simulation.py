"""The batched calibration against the algorithms written out row by row, and against exact coverage."""

import numpy as np
import pytest

from workbench.montecarlo import mean_and_se, proportion_and_se
from workbench.studies.missing_data import conformal_prediction as cp
from workbench.studies.missing_data.conformal_prediction import simulation

MODEL = dict(n_features=3, correlation=0.8, noise=1.0, missing_rate=0.3, alpha=0.1)


def by_hand(low, high, y, masks, test_low, test_high, m, alpha, method):
    """One interval for a test row of mask m, as the algorithms are printed; predictions are functions of the mask."""

    def cutoff(values):
        k = int(np.ceil((len(values) + 1) * (1 - alpha) - 1e-9))
        return np.inf if k > len(values) else np.sort(values)[k - 1]

    def score(i, mask):
        return max(low[i, mask] - y[i], y[i] - high[i, mask])

    if method == "nested":
        lower, upper = [], []
        for i, own in enumerate(masks):
            union = own | m
            lower.append(-(test_low[union] - score(i, union)))
            upper.append(test_high[union] + score(i, union))
        return -cutoff(lower), cutoff(upper)
    if method == "pooled":
        q = cutoff([score(i, own) for i, own in enumerate(masks)])
    elif method == "same-mask":
        q = cutoff([score(i, own) for i, own in enumerate(masks) if own == m])
    else:
        q = cutoff([score(i, m) for i, own in enumerate(masks) if own & ~m == 0])
    return test_low[m] - q, test_high[m] + q


@pytest.mark.parametrize("method", ["pooled", "same-mask", "exact", "nested"])
@pytest.mark.parametrize("n", [8, 40])
def test_calibration_equals_the_printed_algorithms(method, n):
    rng = np.random.default_rng(1)
    low = rng.standard_normal((3, n, 8))
    high = low + rng.random((3, n, 8))
    test_low = rng.standard_normal((3, 5, 8))
    test_high = test_low + rng.random((3, 5, 8))
    y, test_y, masks = rng.standard_normal((3, n)), 2 * rng.standard_normal((3, 5)), rng.integers(0, 8, (3, n))
    covered, length = simulation.calibrate((low, high), y, masks, (test_low, test_high), test_y, 0.1, [method])
    for r in range(3):
        for m in range(8):
            ends = [
                by_hand(low[r], high[r], y[r], masks[r], test_low[r, t], test_high[r, t], m, 0.1, method)
                for t in range(5)
            ]
            inside = [a <= v <= b for (a, b), v in zip(ends, test_y[r], strict=True)]
            np.testing.assert_array_equal(covered[method][r, :, m], inside)
            assert length[method][r, m] == pytest.approx(np.mean([max(b - a, 0) for a, b in ends]))


@pytest.mark.parametrize("mechanism", ["mcar", "mar", "mnar", "outcome"])
@pytest.mark.parametrize("imputation", ["mean", "regression"])
def test_marginal_coverage_is_exact_for_any_mask_law(mechanism, imputation):
    trial = cp.simulate(
        **MODEL,
        mechanism=mechanism,
        strength=2.0,
        imputation=imputation,
        n_train=60,
        n_calibration=22,
        methods=["pooled"],
        n_replications=600,
        seed=2,
    )
    mean, se = mean_and_se(cp.overall(trial.weight, trial.covered["pooled"]))
    assert abs(mean - cp.split_coverage(22, 0.1)) < 4.5 * se


@pytest.mark.parametrize("predictor", ["mean", "linear"])
def test_coverage_given_each_mask_is_exact_under_mcar(predictor):
    methods = ("same-mask", "exact", "one-bag")
    trial = cp.simulate(
        **MODEL, predictor=predictor, n_train=60, n_calibration=50, methods=methods, n_replications=800, seed=3
    )
    union, m = cp.union_share([0.3] * 3), np.arange(8)
    for method, share in zip(methods, (cp.mask_chances([0.3] * 3), union[m, m], union[m, m | 1]), strict=True):
        coverage, se = cp.given_mask(trial.weight, trial.covered[method])
        # 2e-3: for masks so rare that nearly all intervals are infinite, the error itself is poorly known
        assert np.all(np.abs(coverage - cp.coverage_of_random_size(50, share, 0.1)) < 4.5 * se + 2e-3), method
        infinite, se = proportion_and_se(np.isinf(trial.length[method]))
        assert np.all(np.abs(infinite - cp.infinite_chance(50, share, 0.1)) < 4.5 * se), method


def test_calibration_mask_by_mask_is_exact_for_any_mask_law():
    trial = cp.simulate(
        **MODEL, mechanism="outcome", strength=2.0, n_train=60, n_calibration=80, methods=["same-mask"],
        n_replications=800, seed=4,
    )  # fmt: skip
    coverage, se = cp.given_mask(trial.weight, trial.covered["same-mask"])
    expected = cp.coverage_of_random_size(80, trial.weight.mean(axis=(0, 1)), 0.1)
    assert np.all(np.abs(coverage - expected) < 4.5 * se + 2e-3)  # as above


def test_pooled_and_nested_have_the_derived_coverage():
    shared = dict(MODEL, missing_rate=0.2, n_train=20, n_replications=800)
    variance = cp.residual_variance(*cp.model(3, 0.8), 1.0)
    trial = cp.simulate(**shared, predictor="mean", n_calibration=25, methods=["pooled"], seed=5)
    coverage, se = cp.given_mask(trial.weight, trial.covered["pooled"])
    expected = cp.pooled_coverage(variance, cp.mask_chances([0.2] * 3), 25, 0.1)
    assert np.all(np.abs(coverage - expected) < 4.5 * se)
    trial = cp.simulate(**shared, predictor="oracle", n_calibration=60, methods=["nested"], seed=6)
    coverage, se = cp.given_mask(trial.weight, trial.covered["nested"])
    expected = cp.nested_coverage(*cp.model(3, 0.8), 1.0, [0.2] * 3, 60, 0.1)
    assert np.all(np.abs(coverage - expected) < 4.5 * se + 1e-3)


def test_lengths_reach_the_oracle():
    shared = dict(MODEL, missing_rate=0.2, n_calibration=1500, n_replications=12)
    trial = cp.simulate(**shared, predictor="oracle", n_train=20, methods=["exact", "nested"], seed=7)
    oracle = cp.oracle_length(*cp.model(3, 0.8), 1.0, 0.1)
    np.testing.assert_allclose(trial.length["exact"].mean(axis=0), oracle, rtol=0.03)
    nested = cp.nested_length(*cp.model(3, 0.8), 1.0, [0.2] * 3, 0.1)
    np.testing.assert_allclose(trial.length["nested"].mean(axis=0), nested, rtol=0.03)


def test_weights_are_the_chances_of_the_masks():
    trial = cp.simulate(**MODEL, n_calibration=30, n_replications=4, methods=["raw"], seed=8)
    np.testing.assert_allclose(trial.weight, np.broadcast_to(cp.mask_chances([0.3] * 3), trial.weight.shape))
    trial = cp.simulate(**MODEL, mechanism="mar", n_calibration=30, n_replications=4, methods=["raw"], seed=8)
    np.testing.assert_allclose(trial.weight.sum(axis=2), 1)
    assert np.all(trial.weight[..., 1::2] == 0)  # X1 is never missing
    coverage, _ = cp.given_mask(trial.weight, trial.covered["raw"])
    assert np.all(np.isnan(coverage[1::2])) and np.all(np.isfinite(coverage[::2]))


def test_given_mask_is_the_frequency_among_rows_with_that_mask():
    """The weighted ratio against rejection: keep a test row under the mask that it happens to have."""
    rng = np.random.default_rng(9)
    weight = rng.dirichlet([1.0, 2.0, 1.0, 3.0], (4000, 6))
    covered = rng.random(weight.shape) < 0.5 + 0.4 * weight
    drawn = (rng.random((4000, 6, 1)) > weight.cumsum(axis=2)).sum(axis=2)
    ratio, se = cp.given_mask(weight, covered)
    for m in range(4):
        kept = np.take_along_axis(covered, drawn[..., None], axis=2)[..., 0][drawn == m]
        share, own_se = mean_and_se(kept)
        assert abs(share - ratio[m]) < 4.5 * np.hypot(se[m], own_se)


def test_boosted_trees_are_a_predictor_like_the_others():
    trial = cp.simulate(
        **MODEL, predictor="boosted", n_train=80, n_calibration=19, n_test=20, n_replications=12, seed=10
    )
    assert trial.covered["exact"].shape == (12, 20, 8)
    mean, se = mean_and_se(cp.overall(trial.weight, trial.covered["pooled"]))
    assert abs(mean - 0.9) < 4.5 * se


def test_batches_do_not_change_results(monkeypatch):
    options = dict(MODEL, n_calibration=30, n_replications=5, seed=[11, 1])
    whole = cp.simulate(**options)
    monkeypatch.setattr(simulation, "batches", lambda n, _: [2, 2, 1])
    cut = cp.simulate(**options)
    np.testing.assert_array_equal(whole.weight, cut.weight)
    for method in whole.covered:
        np.testing.assert_array_equal(whole.covered[method], cut.covered[method])
        np.testing.assert_allclose(whole.length[method], cut.length[method])


@pytest.mark.parametrize(
    "changes, message",
    [
        (dict(noise=0), "noise must be a finite number > 0, got 0"),
        (dict(alpha=0), r"alpha must lie in \(0, 1\), got 0"),
        (dict(missing_rate=1), r"rate must lie in \(0, 1\), got 1"),
        (dict(n_train=10), "n_train must be an integer >= 20, got 10"),
        (dict(n_calibration=0), "n_calibration must be an integer >= 1, got 0"),
        (dict(n_test=0), "n_test must be an integer >= 1, got 0"),
        (dict(predictor="forest"), "predictor must be one of oracle, mean, linear, boosted, got 'forest'"),
        (dict(imputation="zero"), "imputation must be 'mean' or 'regression', got 'zero'"),
        (dict(methods=["split"]), r"methods must be some of raw, pooled, .* got \['split'\]"),
        (dict(methods=[]), "methods must be some of .* got none"),
        (dict(n_features=6), r"n_features must be an integer in \[1, 5\], got 6"),
    ],
)
def test_bad_input_gets_a_sentence(changes, message):
    with pytest.raises(ValueError, match=message):
        cp.simulate(**{**MODEL, **dict(n_calibration=30, n_replications=2, seed=0), **changes})
