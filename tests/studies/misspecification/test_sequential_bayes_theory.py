"""Sequential Bayes: exact errors against simulation, quadrature-free closed forms, honest refits and limits."""

import numpy as np
import pytest

from workbench.montecarlo import mean_and_se, proportion_and_se
from workbench.studies.misspecification import sequential_bayes as sb

LEARNERS = {"shared": (3.0, 0.0), "separate": (0.0, 1.0), "pooled": (2.0, 0.6)}
TRUTHS = [dict(means=np.array([0.0, 1.0, -0.5, 2.0])), dict(true_sd=0.8)]


@pytest.mark.parametrize("prior", LEARNERS.values(), ids=LEARNERS)
@pytest.mark.parametrize("truth", TRUTHS, ids=["given", "random"])
def test_simulated_errors_have_the_exact_mean_on_every_task_after_every_task(prior, truth):
    options = dict(common_sd=prior[0], assumed_sd=prior[1], **truth)
    exact = sb.task_errors([4, 9, 3, 20], 1.3, **options)
    mean, se = mean_and_se(sb.squared_errors([4, 9, 3, 20], 1.3, **options, n_replications=20_000, seed=1))
    fixed = se < 1e-9 * exact  # separate means, tasks not yet seen, given truth: the prior mean, without noise
    np.testing.assert_allclose(mean[fixed], exact[fixed])
    assert np.max(np.abs(mean - exact)[~fixed] / se[~fixed]) < 4.5


def test_posterior_of_the_task_means_from_raw_observations_at_once():
    """Every single observation as a row of a regression on task indicators, normal equations: no recursion."""
    counts, noise = [3, 5, 2], 0.7
    rng = np.random.default_rng(4)
    truth_stream, noise_stream = np.random.default_rng(4).spawn(2)
    centres, variances, truth = sb.simulate_task_means(
        counts, noise, common_sd=2.0, assumed_sd=0.5, true_sd=1.0, level=3.0, n_replications=1, seed=4
    )
    np.testing.assert_allclose(truth, 3 + truth_stream.standard_normal((1, 3)))
    averages = truth[0] + noise / np.sqrt(counts) * noise_stream.standard_normal((1, 3))[0]
    task = np.repeat(np.arange(3), counts)
    rows = np.eye(3)[task]
    y = rng.standard_normal(len(task))
    y += (averages - rows.T @ y / counts)[task]  # any observations with these averages
    mean, covariance = sb.joint_posterior(np.zeros(3), 4 + 0.25 * np.eye(3), [rows], [y], noise)
    np.testing.assert_allclose(centres[0, -1], mean)
    np.testing.assert_allclose(variances[-1], np.diag(covariance))


def test_closed_forms_are_the_wide_prior_limit_of_the_exact_errors():
    wide = dict(common_sd=1e4, assumed_sd=0.0)
    exact = sb.task_errors([7, 11], 1.5, **wide, means=[0.0, 0.8])
    assert exact[1, 0] == pytest.approx(sb.two_task_error(7, 11, 0.8, 1.5), rel=1e-6)
    assert exact[1, 0] - exact[0, 0] == pytest.approx(sb.two_task_forgetting(7, 11, 0.8, 1.5), rel=1e-5)
    v, tau = 1.5**2 / 7, 0.9
    for B in (0.2, 0.7, 1.0):
        pooled = sb.task_errors([7] * 5, 1.5, common_sd=1e4, assumed_sd=np.sqrt(v / B - v), true_sd=tau)
        np.testing.assert_allclose(pooled[:, 0], sb.pooled_error(B, np.arange(1, 6), v, tau), rtol=1e-6)


def test_forgetting_changes_sign_at_the_threshold_and_at_twice_the_right_pooling():
    threshold = 2.0 * np.sqrt(1 / 8 + 1 / 30)
    below, at, above = sb.two_task_forgetting(8, 30, threshold * np.array([0.99, 1, 1.01]), 2.0)
    assert below < 0 < above and at == pytest.approx(0, abs=1e-12)
    right = sb.right_pooling(0.4, 1.1)
    K = np.array([2, 5, 40])
    np.testing.assert_allclose(sb.pooled_error(2 * right, K, 0.4, 1.1), 0.4)
    grid = np.linspace(0, 1, 1001)
    assert abs(grid[np.argmin(sb.pooled_error(grid, 7, 0.4, 1.1))] - right) < 1e-3
    assert np.all(np.diff(sb.pooled_error(right, K, 0.4, 1.1)) < 0)


def test_right_model_never_forgets_and_separate_means_stay():
    exact = sb.task_errors([4, 30, 2, 9], 1.0, common_sd=50.0, assumed_sd=0.7, true_sd=0.7)
    assert np.all(np.diff(exact, axis=0)[:, 0] < 0)
    separate = sb.task_errors([4, 30, 2, 9], 1.0, common_sd=0.0, assumed_sd=9.0, true_sd=0.7)
    np.testing.assert_allclose(separate[:, 0], separate[0, 0])


def test_order_of_arrival_does_not_matter():
    counts, means = np.array([5, 50, 12]), np.array([0.0, 1.0, -2.0])
    one = sb.task_errors(counts, 1.0, common_sd=3.0, assumed_sd=0.4, means=means)[-1]
    order = [2, 0, 1]
    other = sb.task_errors(counts[order], 1.0, common_sd=3.0, assumed_sd=0.4, means=means[order])[-1]
    np.testing.assert_allclose(other, one[order])


def test_a_large_second_task_costs_the_whole_gap():
    assert sb.two_task_error(10, 10**9, 0.7, 1.0) == pytest.approx(0.49, rel=1e-6)
    assert sb.two_task_error(10, 10, 0.0, 1.0) == pytest.approx(1 / 20)


def test_coverage():
    assert sb.coverage(10, 30, 0.0, 1.0) == pytest.approx(0.95)
    assert sb.coverage(10, 30, 9.0, 1.0) < 1e-9
    draws = np.random.default_rng(5).standard_normal((40_000, 16)) * 1.4 + np.repeat([0.0, 0.6], [6, 10])
    hits = np.abs(draws.mean(axis=1)) <= 1.2815516 * 1.4 / 4
    share, se = proportion_and_se(hits)
    assert abs(share - sb.coverage(6, 10, 0.6, 1.4, level=0.8)) < 4.5 * se


@pytest.mark.parametrize("sizes", [(20, 20, 10), (5, 20, 10), (20, 5, 10), (10, 4, 1), (3, 11, 6)])
def test_regression_error_is_exact_for_any_sizes(sizes):
    mean, se = mean_and_se(sb.simulate_regression(*sizes, 1.2, 0.7, n_replications=20_000, seed=3))
    assert abs(mean - sb.regression_error(*sizes, 1.2, 0.7)) < 4.5 * se


def test_regression_error_for_correlated_features_by_least_squares_of_its_own():
    rng = np.random.default_rng(6)
    n_1, n_2, d, sigma = 9, 14, 3, 0.5
    root = np.array([[1.0, 0.0, 0.0], [0.8, 0.6, 0.0], [-0.3, 0.2, 2.0]])
    w_1, w_2, S = np.array([1.0, -2.0, 0.3]), np.array([0.5, -1.0, 0.6]), root @ root.T
    errors = np.empty(6000)
    for r in range(errors.size):
        X = rng.standard_normal((n_1 + n_2, d)) @ root.T
        y = np.concatenate([X[:n_1] @ w_1, X[n_1:] @ w_2]) + sigma * rng.standard_normal(n_1 + n_2)
        off = np.linalg.solve(X.T @ X, X.T @ y) - w_1
        errors[r] = off @ S @ off
    mean, se = mean_and_se(errors)
    gap = np.sqrt((w_2 - w_1) @ S @ (w_2 - w_1))
    assert abs(mean - sb.regression_error(n_1, n_2, d, gap, sigma)) < 4.5 * se


def test_regression_limits():
    assert sb.regression_error(10**6, 3 * 10**6, 4, 2.0, 0.0) == pytest.approx(0.75**2 * 4, rel=1e-5)
    one = sb.regression_error(6, 9, 1, 1.0, 0.0)  # one feature: the second moment of a Beta variable
    assert one == pytest.approx(9 * 11 / (15 * 17))


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
def test_sequential_posterior_is_the_joint_one(order):
    rng = np.random.default_rng(7)
    designs = [rng.standard_normal((n, 4)) for n in (2, 9, 5)]
    labels = [rng.standard_normal(len(X)) for X in designs]
    root = rng.standard_normal((4, 4))
    mean, covariance = rng.standard_normal(4), root @ root.T + np.eye(4)
    joint = sb.joint_posterior(mean, covariance, designs, labels, 0.6)
    for k in order:
        mean, covariance = sb.posterior_as_prior(mean, covariance, designs[k], labels[k], 0.6)
    np.testing.assert_allclose(mean, joint[0], atol=1e-10)
    np.testing.assert_allclose(covariance, joint[1], atol=1e-10)


def test_propagation_by_the_package_s_own_update_and_the_loss_by_cutting():
    """One replication redone with exact updates, and with a precision cut to its diagonal."""
    options = dict(correlation=0.8, n_replications=1, seed=8)
    truth_stream, x_stream, noise_stream = np.random.default_rng(8).spawn(3)
    truth = truth_stream.standard_normal((1, 2))[0]
    tasks = []
    for k in range(3):
        X = x_stream.standard_normal((1, 4, 2))[0]
        rho = 0.8 * (-1) ** k
        X[:, 1] = rho * X[:, 0] + np.sqrt(1 - rho**2) * X[:, 1]
        tasks.append((X, X @ truth + noise_stream.standard_normal((1, 4))[0]))
    for diagonal in (False, True):
        mean, covariance, errors = np.zeros(2), np.eye(2), []
        for X, y in tasks:
            mean, covariance = sb.posterior_as_prior(mean, covariance, X, y, 1.0)
            if diagonal:
                covariance = np.diag(1 / np.diag(np.linalg.inv(covariance)))
            errors.append(np.sum((mean - truth) ** 2))
        np.testing.assert_allclose(sb.simulate_propagation(3, 4, diagonal=diagonal, **options)[0], errors)


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda: sb.task_errors([3, 0], 1.0, common_sd=1, assumed_sd=0, true_sd=1),
            "counts must be a list of integers",
        ),
        (lambda: sb.task_errors([3], 0.0, common_sd=1, assumed_sd=0, true_sd=1), "noise must be a finite number > 0"),
        (lambda: sb.task_errors([3], 1.0, common_sd=0, assumed_sd=0, true_sd=1), "both 0"),
        (lambda: sb.task_errors([3], 1.0, common_sd=1, assumed_sd=0), "either means or true_sd"),
        (lambda: sb.task_errors([3], 1.0, common_sd=1, assumed_sd=0, means=[1, 2]), "one number per task"),
        (lambda: sb.squared_errors([3], 1.0, common_sd=1, assumed_sd=-1, true_sd=1, n_replications=2, seed=0), ">= 0"),
        (lambda: sb.two_task_error(2.5, 3, 1.0, 1.0), "n_first must be an integer >= 1, got 2.5"),
        (lambda: sb.two_task_forgetting(2, 3, np.inf, 1.0), "gap must be finite"),
        (lambda: sb.coverage(2, 3, 1.0, 1.0, level=1.0), r"level must lie in \(0, 1\)"),
        (lambda: sb.pooled_error(1.2, 3, 1.0, 1.0), r"pooling must lie in \[0, 1\], got 1.2"),
        (lambda: sb.pooled_error(0.2, 0, 1.0, 1.0), "n_tasks must be integers >= 1"),
        (lambda: sb.regression_error(2, 3, 4, 1.0, 1.0), r"at least n_features \+ 2 = 6, got 5"),
        (lambda: sb.posterior_as_prior(np.zeros(2), np.eye(3), np.ones((1, 2)), [1.0], 1.0), "shapes do not fit"),
        (lambda: sb.posterior_as_prior(np.zeros(2), np.eye(2), np.ones((1, 2)), [1.0, 2.0], 1.0), "one entry per row"),
        (
            lambda: sb.simulate_propagation(2, 2, correlation=1.0, diagonal=True, n_replications=2, seed=0),
            r"correlation must lie in \(-1, 1\), got 1.0",
        ),
        (lambda: sb.nuts_moments(np.zeros(1), np.eye(1), [[1.0]], [1.0], 1.0, n_draws=10), "n_draws must be"),
    ],
)
def test_bad_input_gets_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
