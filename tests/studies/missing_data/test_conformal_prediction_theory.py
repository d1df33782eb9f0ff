"""Conformal prediction with holes: formulas against brute force, quadrature, limits and other libraries."""

import itertools

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from workbench.montecarlo import mean_and_se
from workbench.studies.missing_data import conformal_prediction as cp
from workbench.studies.missing_data.conformal_prediction import masks, predictors


def test_masks_are_numbered_by_their_bits():
    np.testing.assert_array_equal(cp.all_masks(2), [[0, 0], [1, 0], [0, 1], [1, 1]])
    assert [cp.mask_name(m, 3) for m in (0, 1, 6, 7)] == ["none", "X1", "X2 X3", "X1 X2 X3"]
    for a, b in itertools.product(range(8), repeat=2):
        contained = np.all(cp.all_masks(3)[b] | ~cp.all_masks(3)[a])
        assert ((a | b) == b) == contained


def test_mask_chances_are_products():
    chances = np.array([0.1, 0.5, 0.3])
    expected = [np.prod(np.where(m, chances, 1 - chances)) for m in cp.all_masks(3)]
    np.testing.assert_allclose(cp.mask_chances(chances), expected)
    np.testing.assert_allclose(cp.mask_chances(np.tile(chances, (4, 2, 1)))[3, 1], expected)


@pytest.mark.parametrize("mechanism", masks.MECHANISMS)
def test_every_mechanism_has_the_same_overall_rate(mechanism):
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((200_000, 3)), rng.standard_normal(200_000)
    chances = masks.missing_chances(x, y, 0.3, mechanism, 1.5)
    se = max(chances.std(axis=0).max() / np.sqrt(len(x)), 1e-9)
    assert np.all(np.abs(chances[:, 1:].mean(axis=0) - 0.3) < 4.5 * se)
    assert np.all(chances[:, 0] == 0) if mechanism == "mar" else abs(chances[:, 0].mean() - 0.3) < 4.5 * se


def test_shares_of_subsets_and_unions_by_enumeration():
    chances = [0.2, 0.5, 0.1]
    own = cp.mask_chances(chances)
    union = np.zeros((8, 8))
    for m, k in itertools.product(range(8), repeat=2):
        union[m, m | k] += own[k]
    np.testing.assert_allclose(cp.union_share(chances), union)
    np.testing.assert_allclose(cp.subset_share(chances), np.diag(union))
    np.testing.assert_allclose(cp.union_share(chances).sum(axis=1), 1)


def test_residual_variance_is_that_of_least_squares():
    """An independent route: the variance of Y given X_obs is a Schur complement of the joint covariance."""
    coefficients, covariance = cp.model(4, 0.6)
    joint = np.zeros((5, 5))
    joint[:4, :4] = covariance
    joint[4, :4] = joint[:4, 4] = covariance @ coefficients
    joint[4, 4] = coefficients @ covariance @ coefficients + 0.7**2
    for number, missing in enumerate(cp.all_masks(4)):
        keep = np.append(np.flatnonzero(~missing), 4)
        schur = 1 / np.linalg.inv(joint[np.ix_(keep, keep)])[-1, -1]
        assert cp.residual_variance(coefficients, covariance, 0.7)[number] == pytest.approx(schur)


def test_residual_variance_at_its_ends():
    coefficients, covariance = cp.model(3, 0.8)
    variance = cp.residual_variance(coefficients, covariance, 1.0)
    assert variance[0] == pytest.approx(1) and variance[7] == pytest.approx(
        1 + coefficients @ covariance @ coefficients
    )
    np.testing.assert_allclose(variance, [1, 1.28889, 2.15556, 3.44, 1.28889, 1.4, 2.16, 5.4], atol=5e-6)
    independent = cp.residual_variance(*cp.model(3, 0.0), 1.0)
    np.testing.assert_allclose(independent, 1 + cp.all_masks(3) @ coefficients**2)
    for a, b in itertools.product(range(8), repeat=2):
        assert (a | b) != b or variance[a] <= variance[b] + 1e-12
    np.testing.assert_allclose(
        cp.oracle_length(*cp.model(3, 0.8), 1.0, 0.05), 2 * 1.959964 * np.sqrt(variance), rtol=1e-6
    )


def test_rank_and_split_coverage():
    assert list(cp.rank([0, 8, 9, 19, 20, 99], 0.1)) == [1, 9, 9, 18, 19, 90]
    assert cp.rank(9, 0.1) == 9 and cp.rank(8, 0.1) == 9  # with 8 rows there is no cutoff
    n = np.arange(9, 400)
    coverage = cp.split_coverage(n, 0.1)
    assert np.all(coverage >= 0.9 - 1e-12) and np.all(coverage <= 0.9 + 1 / (n + 1))


def test_split_coverage_by_simulation():
    rng = np.random.default_rng(2)
    for n in (7, 10, 33):
        scores = np.sort(rng.random((20_000, n)), axis=1)
        k = int(cp.rank(n, 0.2))
        mean, se = mean_and_se(scores[:, k - 1])  # the coverage of a cutoff among uniform scores
        assert abs(mean - cp.split_coverage(n, 0.2)) < 4.5 * se


def test_coverage_of_random_size_is_the_mean_over_sizes():
    rng = np.random.default_rng(3)
    sizes = rng.binomial(40, 0.3, 200_000)
    mean, se = mean_and_se(cp.split_coverage(sizes, 0.1))
    assert abs(mean - cp.coverage_of_random_size(40, 0.3, 0.1)) < 4.5 * se
    mean, se = mean_and_se(sizes + 1 < 10)
    assert abs(mean - cp.infinite_chance(40, 0.3, 0.1)) < 4.5 * se
    assert cp.coverage_of_random_size(40, 1.0, 0.1) == pytest.approx(cp.split_coverage(40, 0.1))
    assert cp.coverage_of_random_size(40, 0.0, 0.1) == 1 == cp.infinite_chance(40, 0.0, 0.1)
    assert cp.infinite_chance(500, 0.5, 0.1) == pytest.approx(0, abs=1e-12)


def test_pooled_coverage_averages_to_split_coverage_and_has_its_limit():
    variance, share = cp.residual_variance(*cp.model(3, 0.8), 1.0), cp.mask_chances([0.2] * 3)
    for n in (20, 250):
        assert cp.pooled_coverage(variance, share, n, 0.1) @ share == pytest.approx(cp.split_coverage(n, 0.1), abs=1e-6)
    limit = cp.pooled_coverage(variance, share, np.inf, 0.1)
    assert limit @ share == pytest.approx(0.9)
    np.testing.assert_allclose(cp.pooled_coverage(variance, share, 10**5, 0.1), limit, atol=1e-4)
    np.testing.assert_allclose(cp.pooled_coverage(np.full(8, 3.0), share, 19, 0.1), 0.9, atol=1e-6)
    np.testing.assert_array_equal(cp.pooled_coverage(variance, share, 8, 0.1), np.ones(8))


def test_domination_share_by_simulation_and_at_the_median():
    coefficients, covariance = cp.model(3, 0.8)
    variance, fill = cp.residual_variance(coefficients, covariance, 1.0), cp.theory.fill_in(covariance)
    x = np.random.default_rng(4).standard_normal((100_000, 3)) @ np.linalg.cholesky(covariance).T
    means = x @ np.einsum("mcd,c->dm", fill, coefficients)
    for delta in (0.05, 0.3):
        z = -ndtri(delta) * np.sqrt(variance)
        held = (means[:, 3] - z[3] <= means[:, 0] - z[0]) & (means[:, 0] + z[0] <= means[:, 3] + z[3])
        share, se = mean_and_se(held)
        assert abs(share - cp.domination_share(variance[0], variance[3], delta)) < 4.5 * se
    assert cp.domination_share(1.0, 2.0, 0.5) == 0


def test_nested_coverage_in_its_limits():
    model = (*cp.model(3, 0.8), 1.0)
    value = cp.nested_coverage(*model, [0.2] * 3, 100, 0.1)
    assert value[7] == pytest.approx(cp.split_coverage(100, 0.1), abs=1e-3)  # one bag: exact augmentation
    rare = cp.nested_coverage(*model, [1e-9] * 3, 100, 0.1)
    np.testing.assert_allclose(rare, cp.split_coverage(100, 0.1), atol=1e-3)  # bags are the mask's own
    assert np.all(value[:7] > 0.915)
    np.testing.assert_array_equal(cp.nested_coverage(*model, [0.2] * 3, 8, 0.1), np.ones(8))


def test_nested_length_in_its_limits():
    model = (*cp.model(3, 0.8), 1.0)
    oracle = cp.oracle_length(*model, 0.1)
    length = cp.nested_length(*model, [0.2] * 3, 0.1)
    assert length[7] == pytest.approx(oracle[7]) and np.all(length[:7] > 1.05 * oracle[:7])
    np.testing.assert_allclose(cp.nested_length(*model, [1e-9] * 3, 0.1), oracle, rtol=1e-6)
    # the length belongs to the coverage: intervals of the limit, tried on fresh rows
    coverage = cp.nested_coverage(*model, [0.2] * 3, 10**6, 0.1)
    x = np.random.default_rng(5).standard_normal((4000, 3)) @ np.linalg.cholesky(model[1]).T
    means = x @ np.einsum("mcd,c->dm", cp.theory.fill_in(model[1]), model[0])
    scales, weights = np.sqrt(cp.residual_variance(*model)), cp.union_share([0.2] * 3)[0]
    ends = [s * cp.nested._end(s * means, scales, weights, 0.1) for s in (1, -1)]
    inside = ndtr(ends[0] - means[:, 0]) - ndtr(ends[1] - means[:, 0])
    mean, se = mean_and_se(inside)
    assert abs(mean - coverage[0]) < 4.5 * se + 1e-3


def test_opposed_outliers_simulation_and_limits():
    for n in (60, 300):
        nested, exact = cp.simulate_opposed_outliers(0.15, n, 0.1, n_replications=800, seed=6)
        mean, se = mean_and_se(nested)
        assert abs(mean - cp.opposed_outliers_coverage(0.15, n, 0.1)) < 4.5 * se
        mean, se = mean_and_se(exact)
        assert abs(mean - cp.coverage_of_random_size(n, 0.5, 0.1)) < 4.5 * se
    assert cp.opposed_outliers_coverage(0.19, 10**6, 0.1) == pytest.approx(0.81)
    assert cp.opposed_outliers_coverage(0.21, 10**6, 0.1) == pytest.approx(1)


def test_pinball_regression_against_linear_programming():
    from sklearn.linear_model import QuantileRegressor

    rng = np.random.default_rng(7)
    features = np.concatenate([np.ones((3, 150, 1)), rng.standard_normal((3, 150, 3))], axis=2)
    y = features @ [1.0, 2.0, -1.0, 0.5] + (1 + np.abs(features[..., 1])) * rng.standard_normal((3, 150))

    def loss(prediction, r, level):
        off = y[r] - prediction
        return np.mean(np.maximum(level * off, (level - 1) * off))

    for level in (0.05, 0.5, 0.95):
        theta = predictors.pinball_regression(features, y, level)
        for r in range(3):
            best = QuantileRegressor(quantile=level, alpha=0, solver="highs").fit(features[r, :, 1:], y[r])
            least = loss(best.predict(features[r, :, 1:]), r, level)
            assert least - 1e-9 <= loss(features[r] @ theta[r], r, level) < 1.01 * least


@pytest.mark.parametrize("kind", ["mean", "regression"])
def test_imputation_fills_holes_from_training_rows_only(kind):
    rng = np.random.default_rng(8)
    _, covariance = cp.model(3, 0.8)
    x = 1 + rng.standard_normal((2, 20_000, 3)) @ np.linalg.cholesky(covariance).T
    missing = rng.random(x.shape) < 0.3
    learnt = predictors.learn_imputation(x, missing, kind)
    again = predictors.learn_imputation(np.where(missing, 1e6, x), missing, kind)
    np.testing.assert_array_equal(learnt[0], again[0])  # what is missing was not looked at
    rows = predictors.design(x[:, :50], missing[:, :50], learnt)
    assert rows.shape == (2, 50, 7) and np.all(rows[..., 0] == 1)
    np.testing.assert_allclose(rows[..., 1:4][~missing[:, :50]], x[:, :50][~missing[:, :50]])
    np.testing.assert_array_equal(rows[..., 4:], missing[:, :50])
    blind = predictors.design(np.where(missing, 1e6, x)[:, :50], missing[:, :50], learnt)
    np.testing.assert_allclose(blind, rows, rtol=1e-6, atol=1e-6)
    truth = cp.theory.fill_in(covariance)[3] if kind == "regression" else np.diag([0.0, 0.0, 1.0])
    np.testing.assert_allclose(learnt[0][:, 3], np.broadcast_to(truth, (2, 3, 3)), atol=0.05)


EMPTY = np.zeros((1, 2, 2))


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: cp.all_masks(6), r"n_features must be an integer in \[1, 5\], got 6"),
        (lambda: cp.model(3, 1.0), r"correlation must lie in \[0, 1\), got 1.0"),
        (lambda: cp.residual_variance(*cp.model(2, 0), 0), "noise must be a finite number > 0, got 0"),
        (lambda: cp.rank(10, 1.0), r"alpha must lie in \(0, 1\), got 1.0"),
        (lambda: cp.rank(-1, 0.1), "n_calibration must be >= 0, got -1"),
        (lambda: cp.infinite_chance(10, 1.2, 0.1), r"share must lie in \[0, 1\]"),
        (lambda: cp.domination_share(2.0, 1.0, 0.1), "variance_large must be larger"),
        (lambda: cp.domination_share(1.0, 2.0, 0.7), r"delta must lie in \(0, 0.5\], got 0.7"),
        (lambda: cp.opposed_outliers_coverage(1.0, 10, 0.1), r"outlier_share must lie in \(0, 1\), got 1.0"),
        (lambda: masks.missing_chances(np.zeros((2, 1)), 0, 0.2, "mar", 1.0), "'mar' needs n_features >= 2"),
        (lambda: masks.missing_chances(np.zeros((2, 2)), 0, 0.0, "mcar", 1.0), r"rate must lie in \(0, 1\), got 0.0"),
        (lambda: masks.missing_chances(np.zeros((2, 2)), 0, 0.2, "often", 1.0), "mechanism must be one of mcar, mar"),
        (lambda: masks.missing_chances(np.zeros((2, 2)), 0, 0.2, "mnar", -1), "strength must be a finite number >= 0"),
        (
            lambda: predictors.learn_imputation(np.zeros((1, 2, 2)), np.zeros((1, 2, 2), bool), "zero"),
            "imputation must",
        ),
        (
            lambda: predictors.pinball_regression(EMPTY, EMPTY[0], 0),
            r"level must lie in \(0, 1\)",
        ),
    ],
)
def test_bad_input_gets_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
