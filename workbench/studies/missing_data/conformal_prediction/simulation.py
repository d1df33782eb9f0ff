"""Train, calibrate, test: five ways to calibrate on the same data, batched over replications.

Every test row is looked at under every mask, weighted by the chance of that mask given the row, so coverage given a
mask needs no rejection, whatever draws the masks. Calibration rows are shared by all test rows of a replication: only
replications are independent. Algorithms 1 and 2 of Zaffran et al. (2023), arXiv 2306.02732, with conformalised
quantile regression.
"""

from typing import NamedTuple

import numpy as np

from workbench.montecarlo import batches, one_blas_thread, streams
from workbench.studies.missing_data.conformal_prediction import predictors
from workbench.studies.missing_data.conformal_prediction.masks import (
    check_mechanism,
    mask_chances,
    missing_chances,
)
from workbench.studies.missing_data.conformal_prediction.theory import check_level, model, rank

METHODS = ("raw", "pooled", "same-mask", "exact", "one-bag", "nested")
PREDICTORS = ("oracle", "mean", "linear", "boosted")


class Trial(NamedTuple):
    """What a simulation found: arrays with the replications first, then test rows and masks."""

    weight: np.ndarray  # (R, n_test, 2^d): chance of each mask given the row
    covered: dict  # by method: bool (R, n_test, 2^d)
    length: dict  # by method: (R, 2^d), mean over test rows; inf where the interval is the whole line


@one_blas_thread
def simulate(
    *,
    n_features,
    correlation,
    noise,
    missing_rate,
    mechanism="mcar",
    strength=1.0,
    alpha,
    predictor="linear",
    imputation="regression",
    n_train=200,
    n_calibration,
    n_test=20,
    methods=("pooled", "exact", "nested"),
    n_replications,
    seed,
):
    """Coverage and length of prediction intervals under every mask.

    raw: the predicted quantiles as they are. pooled: impute, then conformalise, one cutoff for all masks. same-mask:
    a cutoff from the calibration rows with the test row's very mask. exact, nested: missing-data augmentation. one-bag:
    the variant of nested (Theorem E.4) that hides X_1 of the test row too and keeps the calibration rows that
    augmentation gives the same mask as that.

    Parameters
    ----------
    n_features : int in [1, 5]
    correlation, noise : floats, phi in [0, 1) and sigma > 0, see `theory.model`
    missing_rate, mechanism, strength : see `masks.missing_chances`
    alpha : float in (0, 1)
    predictor : "oracle", "mean", "linear" or "boosted"
        True quantiles under MCAR, true mean, or learnt from training rows that have holes by the same law.
    imputation : "mean" or "regression", learnt from the training rows
    n_train, n_calibration, n_test : int
    methods : subset of METHODS
    n_replications : int
    seed : int or sequence of int

    Returns
    -------
    Trial

    Raises
    ------
    ValueError
        For arguments out of range.

    Notes
    -----
    Cost of nested: 2^d selections among n_calibration numbers for each test row; of the others: predictions of
    (n_calibration + n_test) 2^d rows.
    """
    _check(noise, missing_rate, mechanism, strength, alpha, predictor, n_train, n_calibration, n_test, methods)
    coefficients, covariance = model(n_features, correlation)
    root = np.linalg.cholesky(covariance)
    spread = np.sqrt(coefficients @ covariance @ coefficients + noise**2)
    n_masks, n_rows = 2**n_features, n_train + n_calibration + n_test
    feature_stream, noise_stream, mask_stream = streams(seed, 3)
    parts = []
    floats = n_rows * (n_masks + 8) * 4 + ("nested" in methods) * n_test * n_calibration * 3
    for count in batches(n_replications, floats):
        x = feature_stream.standard_normal((count, n_rows, n_features)) @ root.T
        y = x @ coefficients + noise * noise_stream.standard_normal((count, n_rows))
        chances = missing_chances(x, y / spread, missing_rate, mechanism, strength)
        missing = mask_stream.random(x.shape) < chances
        x, y = x + 1, y + coefficients.sum()  # features have mean 1, as in the paper
        train, own = slice(n_train), slice(n_train, n_train + n_calibration)
        test = slice(n_train + n_calibration, n_rows)
        if predictor in ("oracle", "mean"):
            width = float(predictor == "oracle")
            predict = predictors.oracle_quantiles(coefficients, covariance, noise, alpha, width=width)
        else:
            learn = getattr(predictors, f"{predictor}_quantiles")
            predict = learn(x[:, train], missing[:, train], y[:, train], alpha, imputation)
        number = missing[:, own] @ (1 << np.arange(n_features))
        calibration, tested = predict(x[:, own]), predict(x[:, test])
        covered, length = calibrate(calibration, y[:, own], number, tested, y[:, test], alpha, methods)
        parts.append((mask_chances(chances[:, test]), covered, length))
    weight, covered, length = zip(*parts, strict=True)
    return Trial(
        np.concatenate(weight),
        {m: np.concatenate([c[m] for c in covered]) for m in methods},
        {m: np.concatenate([v[m] for v in length]) for m in methods},
    )


def calibrate(calibration, y, number, tested, test_y, alpha, methods):
    """Intervals from the quantiles of calibration and test rows under every mask: are test responses covered?

    Parameters
    ----------
    calibration : pair of arrays (R, n, 2^d), lower and upper quantiles of the calibration rows
    y, number : arrays (R, n), their responses and the numbers of their masks
    tested : pair of arrays (R, t, 2^d)
    test_y : array (R, t)
    alpha : float
    methods : subset of METHODS

    Returns
    -------
    covered : dict of bool arrays (R, t, 2^d), length : dict of arrays (R, 2^d)
    """
    low, high = tested
    scores = np.maximum(calibration[0] - y[..., None], y[..., None] - calibration[1])
    test_scores = np.maximum(low - test_y[..., None], test_y[..., None] - high)
    own_score = np.take_along_axis(scores, number[..., None], axis=2)
    masks = np.arange(scores.shape[-1])
    covered, length = {}, {}
    for method in methods:
        if method == "nested":
            covered[method], length[method] = _nested(scores, number, tested, test_y, alpha)
            continue
        aim = masks | 1 if method == "one-bag" else masks
        if method == "raw":
            cutoff = np.zeros((len(y), len(masks)))
        elif method == "pooled":
            cutoff = np.repeat(_cutoff(own_score, alpha), len(masks), axis=1)
        elif method == "same-mask":
            cutoff = _cutoff(np.where(number[..., None] == masks, scores, np.inf), alpha)
        else:  # exact: rows whose mask is contained in the test row's, hidden as much as that
            usable = (number[..., None] | masks) == aim
            cutoff = _cutoff(np.where(usable, scores[..., aim], np.inf), alpha)
        covered[method] = test_scores[..., aim] <= cutoff[:, None]
        length[method] = np.mean(np.maximum((high - low)[..., aim] + 2 * cutoff[:, None], 0), axis=1)
    return covered, length


def _cutoff(scores, alpha):
    """The rank-th smallest of the finite scores along axis 1; infinite where there are too few. (R, n, k) -> (R, k)."""
    n_used = np.isfinite(scores).sum(axis=1)
    padded = np.concatenate([np.sort(scores, axis=1), np.full_like(scores[:, :1], np.inf)], axis=1)
    return np.take_along_axis(padded, rank(n_used, alpha)[:, None] - 1, axis=1)[:, 0]


def _nested(scores, number, tested, test_y, alpha):
    """Algorithm 2: the test row predicted as each augmented calibration row would show it, moved by its score."""
    n_replications, n, n_masks = scores.shape
    k = int(rank(n, alpha))
    covered, length = np.ones((*test_y.shape, n_masks), bool), np.full((n_replications, n_masks), np.inf)
    if k > n:
        return covered, length
    for m in range(n_masks):
        augmented = (number | m)[:, :, None]
        score = np.take_along_axis(scores, augmented, axis=2)[..., 0][:, None]
        index = np.broadcast_to(augmented[:, None, :, 0], (n_replications, test_y.shape[1], n))
        # minus the lower ends, so that both ends are the k-th smallest of their bag
        down, up = (
            np.partition(np.take_along_axis(sign * end, index, axis=2) + score, k - 1, axis=2)[..., k - 1]
            for sign, end in zip((-1, 1), tested, strict=True)
        )
        covered[..., m] = (-down <= test_y) & (test_y <= up)
        length[:, m] = np.mean(np.maximum(up + down, 0), axis=1)
    return covered, length


def given_mask(weight, covered):
    """Coverage given each mask, pooled over replications, and its standard error.

    The ratio of E[P(M = m | row) covered] to P(M = m); the error is that of the ratio with replications as units.

    Parameters
    ----------
    weight, covered : arrays (R, t, 2^d)

    Returns
    -------
    coverage, se : arrays (2^d,), nan for masks that never occur
    """
    hit, base = np.mean(weight * covered, axis=1), np.mean(weight, axis=1)
    share = np.where(base.mean(axis=0) > 0, base.mean(axis=0), np.nan)
    coverage = hit.mean(axis=0) / share
    off = hit - np.nan_to_num(coverage) * base
    return coverage, off.std(axis=0, ddof=1) / np.sqrt(len(hit)) / share


def overall(weight, covered):
    """Coverage over rows and masks for each replication, array (R,): marginal coverage is its mean."""
    return np.mean(np.sum(weight * covered, axis=2), axis=1)


def _check(noise, missing_rate, mechanism, strength, alpha, predictor, n_train, n_calibration, n_test, methods):
    if not (np.isfinite(noise) and noise > 0):
        raise ValueError(f"noise must be a finite number > 0, got {noise}")
    check_mechanism(missing_rate, mechanism, strength)
    check_level(alpha)
    if predictor not in PREDICTORS:
        raise ValueError(f"predictor must be one of {', '.join(PREDICTORS)}, got {predictor!r}")
    for name, value, least in (
        ("n_train", n_train, 20),
        ("n_calibration", n_calibration, 1),
        ("n_test", n_test, 1),
    ):
        if int(value) != value or value < least:
            raise ValueError(f"{name} must be an integer >= {least}, got {value}")
    unknown = set(methods) - set(METHODS)
    if unknown or not methods:
        raise ValueError(f"methods must be some of {', '.join(METHODS)}, got {sorted(unknown) or 'none'}")
