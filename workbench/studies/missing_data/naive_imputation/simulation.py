"""Monte Carlo: the risk of a predictor on zero-imputed rows, and averaged SGD trained on such rows."""

import numpy as np

from workbench.montecarlo import batches, one_blas_thread, streams
from workbench.studies.missing_data.naive_imputation.sgd_theory import check_sgd
from workbench.studies.missing_data.naive_imputation.theory import LAWS, check_rates, imputed_risk


@one_blas_thread
def simulate_risk(
    theta,
    factor,
    coefficients,
    noise,
    rates,
    *,
    law="independent",
    mean=None,
    n_samples,
    n_replications,
    seed,
):
    """Mean excess risk over new rows, (Y - theta'(P o X))^2 - noise^2, with X = mean + A Z and Z standard Gaussian.

    The square of the *drawn* label noise is taken off, not its mean: the same expectation with less scatter.

    Parameters
    ----------
    theta : array of shape (k, d)
        Predictors; all see the same rows.
    factor : array of shape (d, m), A
    coefficients : array of shape (d,)
    noise : float >= 0
    rates : array of shape (d,), in (0, 1]
    law : "independent", "fixed_count" or "all_or_nothing"
        See `mask_covariance`; the last two read the first rate alone.
    mean : array of shape (d,), optional
        Of X; 0 if left out.
    n_samples, n_replications : int >= 1
        Rows per replication; replications.
    seed : int or sequence of int

    Returns
    -------
    array of shape (n_replications, k). Cost: n_replications n_samples d (m + k).

    Raises
    ------
    ValueError
        For arguments out of range.
    """
    rates = check_rates(rates)
    check_sgd(n_samples, 1.0, noise)
    theta, (d, m) = np.atleast_2d(theta), factor.shape
    x_stream, mask_stream, noise_stream = streams(seed, 3)
    result, done = np.empty((n_replications, len(theta))), 0
    for count in batches(n_replications, n_samples * (3 * d + m)):
        x = x_stream.standard_normal((count, n_samples, m)) @ factor.T
        if mean is not None:
            x += mean
        error = noise * noise_stream.standard_normal((count, n_samples, 1))
        gap = (x @ coefficients)[..., None] - (x * draw_masks(law, rates, mask_stream, (count, n_samples))) @ theta.T
        result[done : done + count] = np.mean(gap * (gap + 2 * error), axis=1)
        done += count
    return result


@one_blas_thread
def simulate_averaged_sgd(n_steps, step, factor, coefficients, noise, rates, *, n_replications, seed):
    """Excess risk on new imputed rows of averaged SGD, trained in one pass over imputed rows.

    Equation (16) of Ayme et al. (2023), arXiv 2301.13585; see `averaged_sgd_risk` for the arguments. The risk of the
    fitted predictor is taken in closed form (`imputed_risk`), so all scatter comes from training.

    Returns
    -------
    array of shape (n_replications,). Cost: n_replications n_steps d m.

    Raises
    ------
    ValueError
        For arguments out of range.
    """
    rates = check_rates(rates)
    check_sgd(n_steps, step, noise)
    d, m = factor.shape
    signal = coefficients @ factor
    x_stream, mask_stream, noise_stream = streams(seed, 3)
    second_moment, result = factor @ factor.T, []
    for count in batches(n_replications, 4 * d + m, megabytes=2):  # what a step touches should stay in cache
        theta, total = np.zeros((count, d)), np.zeros((count, d))
        for _ in range(n_steps):
            z = x_stream.standard_normal((count, m))
            x = (z @ factor.T) * draw_masks("independent", rates, mask_stream, (count,))
            y = z @ signal + noise * noise_stream.standard_normal(count)
            theta += step * (y - np.einsum("rd,rd->r", x, theta))[:, None] * x
            total += theta
        result.append(imputed_risk(total / (n_steps + 1), second_moment, coefficients, rates))
    return np.concatenate(result)


def draw_masks(law, rates, stream, shape):
    """Masks, true where observed, of shape ``shape + (d,)``. The laws are those of `mask_covariance`."""
    d = len(rates)
    if law == "independent":
        # single precision is plenty for a coin, and twice as fast
        return stream.random((*shape, d), dtype=np.float32) < rates
    if law == "fixed_count":
        order = np.argsort(stream.random((*shape, d), dtype=np.float32), axis=-1)
        return order < round(rates[0] * d)
    if law == "all_or_nothing":
        return np.broadcast_to(stream.random((*shape, 1), dtype=np.float32) < rates[0], (*shape, d))
    raise ValueError(f"law must be one of {', '.join(LAWS)}, got {law!r}")
