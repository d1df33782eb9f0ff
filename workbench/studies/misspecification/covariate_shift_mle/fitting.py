"""Weighted likelihood estimators of the three models, all replications at once, by one iteration.

Each loss depends on a row through eta = x'theta; with its slope and a positive curvature in eta (the information given
x) the step is that of Fisher scoring: Newton's for linear and logistic, Gauss and Newton's for phase retrieval.
"""

import numpy as np
from scipy.special import expit

from workbench.studies.misspecification.covariate_shift_mle.theory import MODELS


def fit(model, x, y, weights=None, *, n_iterations=60, tolerance=1e-10):
    """Minimisers of sum_i weights_i loss(y_i, x_i'theta), with loss -log f(y|x) up to constants.

    Parameters
    ----------
    model : "linear", "logistic" (y in {0, 1}) or "phase"
    x : array (R, n, d)
    y : array (R, n)
    weights : array (R, n), positive, optional
    n_iterations : int
    tolerance : float
        A fit stops when twice the decrease of the mean loss that its next step promises is below it.

    Returns
    -------
    array (R, d). For phase retrieval the sign is that of the starting value, a leading eigenvector, hence arbitrary.

    Raises
    ------
    ValueError
        For an unknown model or shapes that do not match.

    Notes
    -----
    Phase retrieval starts from a spectral estimate. Separable labels have no logistic MLE, whatever the weights; the
    fit then stops somewhere far out. Cost: R n d^2 per iteration; linear takes one, the others about 8.
    Standard algorithms; no theorem of the paper.
    """
    if model not in MODELS:
        raise ValueError(f"model must be 'linear', 'logistic' or 'phase', got {model!r}")
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    weights = np.ones(y.shape) if weights is None else np.asarray(weights, dtype=float)
    if x.ndim != 3 or y.shape != x.shape[:2] or weights.shape != y.shape:
        raise ValueError(f"x, y and weights must have shapes (R, n, d), (R, n), (R, n), got {x.shape}, {y.shape}")
    share = weights / weights.sum(axis=1, keepdims=True)
    theta = _spectral_start(x, y) if model == "phase" else np.zeros((len(x), x.shape[2]))
    loss, slope, curvature = _pieces(model, _along(x, theta), y)
    value = np.sum(share * loss, axis=1)
    for _ in range(n_iterations):
        gradient = (x.transpose(0, 2, 1) @ (share * slope)[..., None])[..., 0]
        hessian = x.transpose(0, 2, 1) @ ((share * curvature)[..., None] * x)
        ridge = 1e-12 * np.trace(hessian, axis1=1, axis2=2)[:, None, None] + 1e-300
        step = np.linalg.solve(hessian + ridge * np.eye(x.shape[2]), gradient[..., None])[..., 0]
        decrement = np.sum(step * gradient, axis=1)
        moving = decrement >= tolerance
        if not moving.any():
            break
        step = np.where(moving[:, None], step, 0.0)  # so that no fit depends on the others of its batch
        theta, (loss, slope, curvature), value = _shorten(model, x, y, share, theta, step, decrement, value)
    return theta


def _shorten(model, x, y, share, theta, step, decrement, value):
    """The step, halved in each replication until the loss falls enough (Armijo's rule)."""
    size = np.ones(len(x))
    for _ in range(40):
        trial = theta - size[:, None] * step
        pieces = _pieces(model, _along(x, trial), y)
        after = np.sum(share * pieces[0], axis=1)
        failed = ~(after <= value - 1e-4 * size * decrement + 1e-13 * np.abs(value))
        if not failed.any():
            break
        size = np.where(failed, size / 2, size)
    return trial, pieces, after


def _pieces(model, eta, y):
    """Loss, slope and curvature in eta = x'theta of each row."""
    if model == "linear":
        return (eta - y) ** 2 / 2, eta - y, np.ones_like(eta)
    if model == "logistic":
        p = expit(eta)
        return np.logaddexp(0, eta) - y * eta, p - y, p * (1 - p)
    residual = eta**2 - y
    return residual**2 / 2, 2 * eta * residual, 4 * eta**2


def _along(x, theta):
    return (x @ theta[..., None])[..., 0]


def _spectral_start(x, y):
    """Leading eigenvector of the whitened mean of y x x', with the length that fits the mean of y.

    For Gaussian x it is theta in the limit: E[y S^-1/2 x x' S^-1/2] = t^2 I + 2 v v' with v = S^1/2 theta, t = |v|.
    """
    n = x.shape[1]
    factor = np.linalg.cholesky(x.transpose(0, 2, 1) @ x / n)
    moment = x.transpose(0, 2, 1) @ (y[..., None] * x) / n
    white = np.linalg.solve(factor, np.linalg.solve(factor, moment).transpose(0, 2, 1))
    leading = np.linalg.eigh(white)[1][..., -1:]
    direction = np.linalg.solve(factor.transpose(0, 2, 1), leading)[..., 0]
    return direction * np.sqrt(np.maximum(y.mean(axis=1), 1e-3))[:, None]
