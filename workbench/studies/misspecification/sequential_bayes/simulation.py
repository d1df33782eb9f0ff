"""Tasks one at a time: each posterior over the task means is the prior of the next step. Derived for this project.

The learner is that of Kessler et al. (2023), arXiv 2301.01828, section on analytic examples, as far as known: exact
sequential inference in a conjugate Gaussian model.
"""

import numpy as np

from workbench.montecarlo import streams
from workbench.studies.misspecification.sequential_bayes.checks import (
    check_counts,
    check_integer,
    check_positive,
    check_prior,
    check_truth,
)


def simulate_task_means(
    counts, noise, *, common_sd, assumed_sd, means=None, true_sd=None, level=0.0, n_replications, seed
):
    """Posterior means and variances of all task means after each task.

    Parameters
    ----------
    counts : array of int >= 1, shape (K,)
    noise : float > 0
    common_sd, assumed_sd : float >= 0
        The learner's prior N(0, omega^2 11' + tau_a^2 I); not both 0.
    means : array (K,), or true_sd : float >= 0
        The true means, or their spread about ``level``; give one of the two.
    level : float
        Common level of the drawn means; the learner expects 0 give or take ``common_sd``.
    n_replications : int >= 1
    seed : int or sequence of int
        The same data for the same seed, ``counts`` and truth, whatever the learner.

    Returns
    -------
    posterior_means : array (n_replications, K, K), entry [r, k, j] after tasks 0 ... k, of task j
    posterior_variances : array (K, K); the same in all replications
    truth : array (n_replications, K)

    Notes
    -----
    The n_k observations of a task enter by their average, which is sufficient. Cost: K^2 per replication.
    """
    counts = check_counts(counts)
    check_positive("noise", noise)
    check_prior(common_sd, assumed_sd)
    check_integer("n_replications", n_replications, 1)
    K = counts.size
    check_truth(means, true_sd, K)
    truth_stream, noise_stream = streams(seed, 2)
    if means is None:
        truth = level + true_sd * truth_stream.standard_normal((n_replications, K))
    else:
        truth = np.tile(np.asarray(means, dtype=float), (n_replications, 1))
    averages = truth + noise / np.sqrt(counts) * noise_stream.standard_normal((n_replications, K))
    belief = np.zeros((n_replications, K))
    covariance = common_sd**2 + assumed_sd**2 * np.eye(K)
    posterior_means, posterior_variances = np.empty((n_replications, K, K)), np.empty((K, K))
    for k in range(K):
        gain = covariance[:, k] / (covariance[k, k] + noise**2 / counts[k])
        belief = belief + gain * (averages[:, k] - belief[:, k])[:, None]
        covariance = covariance - np.outer(gain, covariance[k])
        posterior_means[:, k] = belief
        posterior_variances[k] = np.diag(covariance)
    return posterior_means, posterior_variances, truth


def squared_errors(counts, noise, **options):
    """Squared errors (n_replications, K, K) of the posterior means; arguments of :func:`simulate_task_means`."""
    posterior_means, _, truth = simulate_task_means(counts, noise, **options)
    return (posterior_means - truth[:, None]) ** 2
