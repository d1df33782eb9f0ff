"""Bayesian linear regression, one task at a time: what the second task does to the first.

That the last posterior is the joint posterior is Bayes' rule (the premise of arXiv 2301.01828); the exact error under
random designs was derived for this project.
"""

import numpy as np

from workbench.montecarlo import batches, one_blas_thread, streams
from workbench.studies.misspecification.sequential_bayes.checks import (
    check_integer,
    check_not_negative,
    check_positive,
)


def posterior_as_prior(mean, covariance, design, labels, noise):
    """One step: the posterior N(mean, covariance) of weights after new rows, labels = design w + noise.

    In the form of a gain, P X' (X P X' + sigma^2 I)^-1, which needs no inverse of the covariance: the standard update
    of a Gaussian belief. The rows of a task may come in any number of pieces.

    Parameters
    ----------
    mean : array (d,), covariance : array (d, d)
    design : array (n, d), labels : array (n,)
    noise : float > 0

    Returns
    -------
    mean (d,), covariance (d, d). Cost: n^2 d + n^3/3.
    """
    check_positive("noise", noise)
    mean, covariance, design = (np.asarray(x, dtype=float) for x in (mean, covariance, design))
    if design.ndim != 2 or design.shape[1] != mean.size or covariance.shape != (mean.size, mean.size):
        raise ValueError(
            f"shapes do not fit: mean {mean.shape}, covariance {covariance.shape}, design {design.shape}; "
            "they must be (d,), (d, d) and (n, d)"
        )
    if np.shape(labels) != (len(design),):
        raise ValueError(f"labels must have one entry per row of design, ({len(design)},), got {np.shape(labels)}")
    projected = design @ covariance
    gain = np.linalg.solve(projected @ design.T + noise**2 * np.eye(len(design)), projected).T
    return mean + gain @ (labels - design @ mean), covariance - gain @ projected


def joint_posterior(mean, covariance, designs, labels, noise):
    """The posterior given all tasks at once, by the normal equations: (P^-1 + X'X/sigma^2)^-1 (P^-1 m + X'y/sigma^2).

    ``designs`` and ``labels`` are lists over tasks; the route is independent of :func:`posterior_as_prior`.
    """
    check_positive("noise", noise)
    X, y = np.concatenate(designs), np.concatenate(labels)
    precision = np.linalg.inv(covariance)
    after = np.linalg.inv(precision + X.T @ X / noise**2)
    return after @ (precision @ mean + X.T @ y / noise**2), after


def regression_error(n_first, n_second, n_features, gap, noise):
    """Error E |w - w_1|^2_Sigma of shared weights after two tasks with Gaussian features of one covariance; flat prior.

        gap^2 { (n_2/N)^2 + n_1 n_2/(N (N+2)) [ 2/N + (N+1)(d-1)/((N-1)(N-d-1)) ] } + sigma^2 d/(N-d-1)

    N = n_1 + n_2 and gap = |w_2 - w_1|_Sigma. The bias is (G_1+G_2)^-1 G_2 (w_2 - w_1); its second moment follows from
    those of a Beta matrix independent of the Wishart matrix G_1 + G_2. Exact for N >= d + 2; the term after (n_2/N)^2
    is what random designs add, symmetric in the two tasks. Derived for this project.

    Parameters
    ----------
    n_first, n_second, n_features : int >= 1, n_1 + n_2 >= d + 2
    gap, noise : float >= 0
    """
    N = _check_sizes(n_first, n_second, n_features, gap, noise)
    d, share = n_features, n_second / N
    random_design = 2 / N + (N + 1) * (d - 1) / ((N - 1) * (N - d - 1))
    squared_bias = share**2 + n_first * n_second / (N * (N + 2)) * random_design
    return gap**2 * squared_bias + noise**2 * d / (N - d - 1)


@one_blas_thread
def simulate_regression(n_first, n_second, n_features, gap, noise, *, n_replications, seed):
    """Squared errors |w - w_1|^2 of least squares on two tasks with standard normal features, shape (R,).

    Arguments as for :func:`regression_error`. Rows, labels and fit are drawn and computed; nothing is averaged out.
    Derived for this project. Cost: N d^2 per replication.
    """
    N = _check_sizes(n_first, n_second, n_features, gap, noise)
    check_integer("n_replications", n_replications, 1)
    x_stream, noise_stream = streams(seed, 2)
    errors = []
    for count in batches(n_replications, 2 * N * n_features):
        X = x_stream.standard_normal((count, N, n_features))
        y = noise * noise_stream.standard_normal((count, N))
        y[:, n_first:] += gap * X[:, n_first:, 0]  # task 1 has weights 0, task 2 the gap along one direction
        moment = np.einsum("rnd,rn->rd", X, y)
        fitted = np.linalg.solve(X.transpose(0, 2, 1) @ X, moment[..., None])[..., 0]
        errors.append(np.sum(fitted**2, axis=1))
    return np.concatenate(errors)


@one_blas_thread
def simulate_propagation(n_tasks, n_per_task, *, correlation, diagonal, noise=1.0, n_replications, seed):
    """Squared error after each task when the weights *are* the same in all tasks, two features, prior N(0, I).

    With ``diagonal`` the covariance handed to the next task is cut to its diagonal (the entries of the precision are
    kept, as mean-field variational inference does); otherwise inference is exact. Weights are drawn from the prior, so
    the exact posterior mean has the least expected error. Derived for this project.

    Parameters
    ----------
    n_tasks, n_per_task : int >= 1
    correlation : float in (-1, 1)
        Between the two features; its sign alternates from task to task.
    diagonal : bool
    noise : float > 0
    n_replications : int; seed : int or sequence of int, the same data for either value of ``diagonal``

    Returns
    -------
    array (n_replications, n_tasks)
    """
    check_integer("n_tasks", n_tasks, 1)
    check_integer("n_per_task", n_per_task, 1)
    check_integer("n_replications", n_replications, 1)
    check_positive("noise", noise)
    if not -1 < correlation < 1:
        raise ValueError(f"correlation must lie in (-1, 1), got {correlation}")
    truth_stream, x_stream, noise_stream = streams(seed, 3)
    truth = truth_stream.standard_normal((n_replications, 2))
    belief, precision = np.zeros((n_replications, 2)), np.tile(np.eye(2), (n_replications, 1, 1))
    errors = np.empty((n_replications, n_tasks))
    for k in range(n_tasks):
        X = x_stream.standard_normal((n_replications, n_per_task, 2))
        rho = correlation * (-1) ** k
        X[..., 1] = rho * X[..., 0] + np.sqrt(1 - rho**2) * X[..., 1]
        y = np.einsum("rnd,rd->rn", X, truth) + noise * noise_stream.standard_normal((n_replications, n_per_task))
        after = precision + X.transpose(0, 2, 1) @ X / noise**2
        residual = y - np.einsum("rnd,rd->rn", X, belief)
        step = np.einsum("rnd,rn->rd", X, residual) / noise**2
        belief = belief + np.linalg.solve(after, step[..., None])[..., 0]
        precision = after * np.eye(2) if diagonal else after
        errors[:, k] = np.sum((belief - truth) ** 2, axis=1)
    return errors


def _check_sizes(n_first, n_second, n_features, gap, noise):
    for name, value in (("n_first", n_first), ("n_second", n_second), ("n_features", n_features)):
        check_integer(name, value, 1)
    check_not_negative("gap", gap)
    check_not_negative("noise", noise)
    if n_first + n_second < n_features + 2:
        raise ValueError(
            f"n_first + n_second must be at least n_features + 2 = {n_features + 2}, got {n_first + n_second}"
        )
    return n_first + n_second
