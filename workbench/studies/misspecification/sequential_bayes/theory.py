"""Exact squared errors of a learner of task means, after each task and on each task.

The paper (arXiv 2301.01828) says in words that a misspecified model and unequal task sizes make exact sequential
inference forget. The formulas were derived for this project.
"""

import numpy as np
from scipy.special import ndtr, ndtri

from workbench.studies.misspecification.sequential_bayes.checks import (
    check_counts,
    check_integer,
    check_not_negative,
    check_positive,
    check_prior,
    check_truth,
)


def task_errors(counts, noise, *, common_sd, assumed_sd, means=None, true_sd=None):
    """Mean squared error on every task after every task, for any learner of the family.

    After k tasks the posterior means are W ybar with W = P_k (P_kk + V)^-1, P = omega^2 11' + tau_a^2 I and
    V = diag(sigma^2/n_i), solved for all k tasks at once. For given means the error on task j is
    (W mu - mu_j)^2 + (W V W')_jj; for means drawn from N(0, tau^2) it is tau^2 |W_j - e_j|^2 + (W V W')_jj.
    Derived for this project.

    Parameters
    ----------
    counts : array of int >= 1, shape (K,)
        Observations n_k per task, in the order of arrival.
    noise : float > 0, sigma
    common_sd, assumed_sd : float >= 0, omega and tau_a
        The learner's prior; not both 0. assumed_sd = 0 is one shared mean, common_sd = 0 is separate means.
    means : array (K,), or
    true_sd : float >= 0
        Give one of the two.

    Returns
    -------
    array (K, K)
        Entry [k, j]: after tasks 0 ... k, on task j. For j > k the task is not yet seen. Cost: K^4.
    """
    counts = check_counts(counts)
    check_positive("noise", noise)
    check_prior(common_sd, assumed_sd)
    K = counts.size
    check_truth(means, true_sd, K)
    prior = common_sd**2 + assumed_sd**2 * np.eye(K)
    variance = noise**2 / counts
    errors = np.empty((K, K))
    for k in range(1, K + 1):
        weights = np.linalg.solve(prior[:k, :k] + np.diag(variance[:k]), prior[:k]).T  # (K, k)
        if means is not None:
            squared_bias = (weights @ np.asarray(means, dtype=float)[:k] - means) ** 2
        else:
            squared_bias = true_sd**2 * np.sum((np.pad(weights, ((0, 0), (0, K - k))) - np.eye(K)) ** 2, axis=1)
        errors[k - 1] = squared_bias + weights**2 @ variance[:k]
    return errors


def two_task_error(n_first, n_second, gap, noise):
    """Error of one shared mean on the first of two tasks: (n_2/N)^2 gap^2 + sigma^2/N, N = n_1 + n_2, flat prior.

    The squared bias is the statement checked for arXiv 2301.01828 (misspecification and imbalance); the variance is
    that of a mean of N observations. Broadcasts over its arguments.
    """
    n_1, n_2 = _two(n_first, n_second, gap, noise)
    return (n_2 / (n_1 + n_2)) ** 2 * np.square(gap) + np.square(noise) / (n_1 + n_2)


def two_task_forgetting(n_first, n_second, gap, noise):
    """How much the error on the first task rises with the second: (n_2/N)^2 [gap^2 - sigma^2 (1/n_1 + 1/n_2)].

    Negative, that is, the second task helps, if and only if the gap is smaller than the standard error with which the
    data could show it. Derived for this project. Broadcasts over its arguments.
    """
    n_1, n_2 = _two(n_first, n_second, gap, noise)
    return (n_2 / (n_1 + n_2)) ** 2 * (np.square(gap) - np.square(noise) * (1 / n_1 + 1 / n_2))


def coverage(n_first, n_second, gap, noise, level=0.95):
    """Chance that the shared mean's credible interval after two tasks holds the first task's mean; flat prior.

    Phi(z - b) - Phi(-z - b) with b = n_2 gap/(sigma sqrt N): the bias in units of the posterior's own spread.
    Derived for this project. Broadcasts; level in (0, 1).
    """
    n_1, n_2 = _two(n_first, n_second, gap, noise)
    if not 0 < level < 1:
        raise ValueError(f"level must lie in (0, 1), got {level}")
    z = ndtri((1 + level) / 2)
    shift = n_2 * np.asarray(gap) / (noise * np.sqrt(n_1 + n_2))
    return ndtr(z - shift) - ndtr(-z - shift)


def pooled_error(pooling, n_tasks, variance, true_sd):
    """Error on a task seen among K equal ones: v/K + (1 - 1/K) [(1-B)^2 v + B^2 tau^2], flat prior on the level.

    v = sigma^2/n is the variance of one task's average. The learner moves each average by the share B towards the
    average of all: B = 0 keeps the tasks apart, B = 1 is one shared mean. Derived for this project.

    Parameters
    ----------
    pooling : array in [0, 1], B = v/(v + tau_a^2)
    n_tasks : array of int >= 1, K
    variance : float > 0, v
    true_sd : float >= 0, tau
    """
    B, K = np.asarray(pooling, dtype=float), np.asarray(n_tasks, dtype=float)
    if not np.all((B >= 0) & (B <= 1)):
        raise ValueError(f"pooling must lie in [0, 1], got {pooling}")
    if np.any(K < 1) or np.any(K != np.round(K)):
        raise ValueError(f"n_tasks must be integers >= 1, got {n_tasks}")
    check_positive("variance", variance)
    check_not_negative("true_sd", true_sd)
    return variance / K + (1 - 1 / K) * ((1 - B) ** 2 * variance + B**2 * true_sd**2)


def right_pooling(variance, true_sd):
    """The share B* = v/(v + tau^2) that minimises :func:`pooled_error`; a learner forgets if and only if B > 2 B*.

    The rise over the first task's v is (1 - 1/K) (v + tau^2) B (B - 2 B*). Derived for this project.
    """
    check_positive("variance", variance)
    check_not_negative("true_sd", true_sd)
    return variance / (variance + np.square(true_sd))


def _two(n_first, n_second, gap, noise):
    for name, counts in (("n_first", n_first), ("n_second", n_second)):
        for value in np.ravel(counts):
            check_integer(name, value, 1)
    check_positive("noise", noise)
    if not np.all(np.isfinite(gap)):
        raise ValueError(f"gap must be finite, got {gap}")
    return np.asarray(n_first, dtype=float), np.asarray(n_second, dtype=float)
