"""Quantile predictors on imputed features joined with the mask; imputation uses the training rows only.

A predictor is a function of features (R, n, d) that returns lower and upper quantiles, arrays (R, n, 2^d): for every
row its prediction under every mask, from what that mask shows. Section 4 of Zaffran et al. (2023), arXiv 2306.02732,
recommends quantile regression on imputed features joined with the mask.
"""

import numpy as np
from scipy.special import ndtri

from workbench.studies.missing_data.conformal_prediction.masks import all_masks
from workbench.studies.missing_data.conformal_prediction.theory import fill_in, residual_variance


def oracle_quantiles(coefficients, covariance, noise, alpha, *, width=1.0):
    """The true conditional quantiles under MCAR, mean -+ width z s_m (Proposition D.2); width 0 is the mean alone.

    With width 0 the score max(lower - y, y - upper) is the absolute residual: mean-based split conformal prediction.
    Features have mean 1, as in `simulation`.
    """
    slopes = np.einsum("mcd,c->md", fill_in(covariance), coefficients)
    half = -width * ndtri(alpha / 2) * np.sqrt(residual_variance(coefficients, covariance, noise))

    def predict(x):
        mean = (x - 1) @ slopes.T + np.sum(coefficients)
        return mean - half, mean + half

    return predict


def learn_imputation(x, missing, kind):
    """Imputation learnt from training rows: an affine map for every mask.

    Parameters
    ----------
    x : array (R, n, d); what is missing is not looked at
    missing : bool array (R, n, d)
    kind : "mean" or "regression"
        Column means, or the regression on what is seen with means and covariances of the rows where both are seen,
        shrunk a little so that it is positive definite (the paper: iterative ridge).

    Returns
    -------
    slopes : array (R, 2^d, d, d), intercepts : array (R, 2^d, d)
        Filled-in features are intercepts_m + slopes_m x.

    Raises
    ------
    ValueError
        For an unknown kind.
    """
    if kind not in ("mean", "regression"):
        raise ValueError(f"imputation must be 'mean' or 'regression', got {kind!r}")
    seen = (~missing).astype(float)
    known = np.where(missing, 0.0, x)
    mean = known.sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    d = x.shape[-1]
    if kind == "mean":
        covariance = np.broadcast_to(np.eye(d), mean.shape[:1] + (d, d))
    else:
        centred = np.where(missing, 0.0, x - mean[:, None])
        pairs = np.swapaxes(seen, 1, 2) @ seen
        covariance = np.swapaxes(centred, 1, 2) @ centred / np.maximum(pairs, 1)
        # covariances of available pairs need not be positive definite together: lift the eigenvalues that are not
        values, vectors = np.linalg.eigh(covariance)
        floor = 0.01 * np.trace(covariance, axis1=1, axis2=2)[:, None] / d
        covariance = (vectors * np.maximum(values, floor)[:, None]) @ np.swapaxes(vectors, 1, 2)
    slopes = fill_in(covariance)
    return slopes, mean[:, None] - np.einsum("rmij,rj->rmi", slopes, mean)


def design(x, missing, imputation):
    """Imputed features, the mask and a constant, for rows seen under masks of their own: array (R, n, 2 d + 1)."""
    slopes, intercepts = imputation
    number = missing @ (1 << np.arange(x.shape[-1]))
    own = np.take_along_axis(intercepts, number[..., None], axis=1)
    filled = own + np.einsum("rnij,rnj->rni", slopes[np.arange(len(x))[:, None], number], x)
    return np.concatenate([np.ones(x.shape[:-1] + (1,)), filled, missing], axis=-1)


def pinball_regression(features, y, level, n_steps=40):
    """Linear quantile regression for all replications at once: reweighted least squares.

    Each step minimises the quadratic that touches the pinball loss from above at the current residuals (Hunter and
    Lange, 2000, "Quantile regression via an MM algorithm").

    Parameters
    ----------
    features : array (R, n, p)
    y : array (R, n)
    level : float in (0, 1)

    Returns
    -------
    array (R, p). Cost: n_steps R n p^2.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie in (0, 1), got {level}")
    transposed = np.swapaxes(features, 1, 2)
    p = features.shape[-1]
    lift = 1e-6 * np.eye(p)  # a mask column may be constant in small samples
    weights, width = np.ones(y.shape), y.std(axis=1, keepdims=True)
    for step in range(n_steps):
        gram = (transposed * weights[:, None]) @ features + lift
        moment = transposed @ (weights * y + (2 * level - 1) * (step > 0))[..., None]
        theta = np.linalg.solve(gram, moment)[..., 0]
        residual = y - (features @ theta[..., None])[..., 0]
        # smoothed near zero, ever less
        weights = 1 / (np.abs(residual) + width * max(1e-3, 0.3 * 0.8**step))
    return theta


def linear_quantiles(x, missing, y, alpha, imputation):
    """Linear quantile regressions of levels alpha/2 and 1 - alpha/2 on imputed features joined with the mask."""
    learnt = learn_imputation(x, missing, imputation)
    rows = design(x, missing, learnt)
    d = x.shape[-1]
    ends = []
    for level in (alpha / 2, 1 - alpha / 2):
        theta = pinball_regression(rows, y, level)
        slope = np.einsum("rc,rmcd->rmd", theta[:, 1 : d + 1], learnt[0])
        constant = theta[:, :1] + np.einsum("rc,rmc->rm", theta[:, 1 : d + 1], learnt[1])
        ends.append((slope, constant + theta[:, d + 1 :] @ all_masks(d).T))

    def predict(new):
        low, high = (new @ np.swapaxes(slope, 1, 2) + constant[:, None] for slope, constant in ends)
        return np.minimum(low, high), np.maximum(low, high)

    return predict


def boosted_quantiles(x, missing, y, alpha, imputation, n_trees=30):
    """The same with scikit-learn's gradient-boosted trees, one model for each replication and level: slow."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    learnt = learn_imputation(x, missing, imputation)
    rows = design(x, missing, learnt)
    masks = all_masks(x.shape[-1])
    models = [
        [
            HistGradientBoostingRegressor(
                loss="quantile", quantile=level, max_iter=n_trees, max_leaf_nodes=8, early_stopping=False
            ).fit(rows[r], y[r])
            for level in (alpha / 2, 1 - alpha / 2)
        ]
        for r in range(len(x))
    ]

    def predict(new):
        hidden = np.broadcast_to(masks, new.shape[:2] + masks.shape)
        repeated = np.broadcast_to(new[:, :, None], hidden.shape)
        shape = (len(new), -1, new.shape[-1])
        rows = design(repeated.reshape(shape), hidden.reshape(shape), learnt)
        ends = np.array([[m.predict(rows[r]) for m in models[r]] for r in range(len(new))])
        ends = np.sort(ends, axis=1).reshape(len(new), 2, new.shape[1], len(masks))
        return ends[:, 0], ends[:, 1]

    return predict
