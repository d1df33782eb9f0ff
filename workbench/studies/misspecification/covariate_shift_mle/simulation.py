"""Experiments: source rows, one fit for each weighting, and the exact excess target risk of each fit.

A weighting is a pair (power, clip): weights min(w, clip)^power. All weightings of one replication see the same rows.
Derived for this project.
"""

import numpy as np
from scipy.special import expit

from workbench.montecarlo import batches, one_blas_thread, streams
from workbench.studies.misspecification.covariate_shift_mle.fitting import fit
from workbench.studies.misspecification.covariate_shift_mle.misspecified import pseudo_true
from workbench.studies.misspecification.covariate_shift_mle.risk import excess_risk
from workbench.studies.misspecification.covariate_shift_mle.theory import check


def log_weights(x, ratios):
    """log w(x), the log of the density ratio of N(0, diag(ratios)) to N(0, I); x has shape (..., d)."""
    ratios = np.asarray(ratios, dtype=float)
    return np.asarray(x, dtype=float) ** 2 @ (1 - 1 / ratios) / 2 - np.sum(np.log(ratios)) / 2


@one_blas_thread
def simulate_estimates(model, theta, n_samples, ratios, weightings, *, cubic=None, n_replications, seed):
    """Estimates from n source rows, for each weighting.

    Parameters
    ----------
    model : "linear", "logistic" or "phase"
    theta : array (d,)
    n_samples : int, at least d + 2
    ratios : array (d,)
    weightings : sequence of (power, clip)
        clip may be infinite.
    cubic : array (d,), optional
        Coefficients of X_j^3 that the linear model leaves out; only for ``model="linear"``.
    n_replications : int
    seed : int or sequence of int

    Returns
    -------
    array (n_replications, len(weightings), d)

    Raises
    ------
    ValueError
        For arguments out of range.

    Notes
    -----
    Cost: that of :func:`fit` for each weighting.
    """
    theta, ratios = check(model, theta, ratios, "ratios")
    _check_design(n_samples, theta.size, weightings)
    if cubic is not None and model != "linear":
        raise ValueError(f"cubic is for the linear model, got model {model!r}")
    if cubic is not None:
        pseudo_true(theta, ratios, cubic)  # for its sentence on a wrong length
        cubic = np.asarray(cubic, dtype=float)
    x_stream, y_stream = streams(seed, 2)
    estimates = np.empty((n_replications, len(weightings), theta.size))
    done = 0
    for count in batches(n_replications, 4 * n_samples * theta.size):
        x = x_stream.standard_normal((count, n_samples, theta.size))
        eta = x @ theta if cubic is None else x @ theta + (x * x * x) @ cubic
        if model == "logistic":
            y = (y_stream.random(eta.shape) < expit(eta)).astype(float)
        else:
            y = (eta**2 if model == "phase" else eta) + y_stream.standard_normal(eta.shape)
        log_w = log_weights(x, ratios)
        for k, weighting in enumerate(weightings):
            estimates[done : done + count, k] = fit(model, x, y, _weights(log_w, weighting))
        done += count
    return estimates


def simulate_risk(model, theta, n_samples, ratios, weightings, *, cubic=None, n_replications, seed):
    """Excess target risk of each weighting's estimate, in nats; arguments as for :func:`simulate_estimates`.

    With ``cubic`` it is the excess over the best linear fit to the target.

    Returns
    -------
    array (n_replications, len(weightings)); the weightings of one replication share their rows and are dependent.
    """
    options = dict(cubic=cubic, n_replications=n_replications, seed=seed)
    estimates = simulate_estimates(model, theta, n_samples, ratios, weightings, **options)
    best = theta if cubic is None else pseudo_true(theta, ratios, cubic, 1.0)
    return excess_risk(model, estimates, best, ratios)


@one_blas_thread
def conditional_risk(n_samples, ratios, weightings, *, n_replications, seed):
    """Mean excess target risk of weighted least squares given the rows' features: tr(R A A')/2, A = (X'WX)^-1 X'W.

    The labels' noise is averaged over in closed form (linear model, well-specified); the true parameter cancels.

    Returns
    -------
    array (n_replications, len(weightings)). By Gauss and Markov no entry lies below that of equal weights.
    """
    ratios = check("linear", np.zeros(np.size(ratios)), ratios, "ratios")[1]
    _check_design(n_samples, ratios.size, weightings)
    (x_stream,) = streams(seed, 1)
    risks = np.empty((n_replications, len(weightings)))
    done = 0
    for count in batches(n_replications, 4 * n_samples * ratios.size):
        x = x_stream.standard_normal((count, n_samples, ratios.size))
        log_w = log_weights(x, ratios)
        for k, weighting in enumerate(weightings):
            weighted = _weights(log_w, weighting)[..., None] * x
            operator = np.linalg.solve(x.transpose(0, 2, 1) @ weighted, weighted.transpose(0, 2, 1))
            risks[done : done + count, k] = np.einsum("rjn,j->r", operator**2, ratios) / 2
        done += count
    return risks


@one_blas_thread
def ridge_risk(n_samples, theta, ratios, penalty, *, n_replications, seed):
    """Mean excess target risk of ridge regression given the features, for A = (X'X + penalty I)^-1:

        (tr(R A X'X A) + penalty^2 theta' A R A theta)/2.

    Penalty 0 is the MLE. Linear model, equal weights. Returns an array (n_replications,).
    """
    theta, ratios = check("linear", theta, ratios, "ratios")
    _check_design(n_samples, ratios.size, [])
    if not (np.isfinite(penalty) and penalty >= 0):
        raise ValueError(f"penalty must be a finite number >= 0, got {penalty}")
    (x_stream,) = streams(seed, 1)
    x = x_stream.standard_normal((n_replications, n_samples, ratios.size))
    gram = x.transpose(0, 2, 1) @ x
    inverse = np.linalg.inv(gram + penalty * np.eye(ratios.size))
    variance = np.einsum("rjj,j->r", inverse @ gram @ inverse, ratios)
    return (variance + penalty**2 * np.sum(ratios * (inverse @ theta) ** 2, axis=1)) / 2


def _weights(log_w, weighting):
    """min(w, clip)^power, divided by the largest of each replication so that nothing overflows."""
    power, clip = weighting
    log_v = power * np.minimum(log_w, np.log(clip))
    return np.exp(log_v - log_v.max(axis=1, keepdims=True))


def _check_design(n_samples, n_features, weightings):
    if int(n_samples) != n_samples or n_samples < n_features + 2:
        raise ValueError(f"n_samples must be an integer >= n_features + 2 = {n_features + 2}, got {n_samples}")
    for power, clip in weightings:
        if not (power >= 0 and clip > 0):
            raise ValueError(f"a weighting is (power >= 0, clip > 0), got {(power, clip)}")
