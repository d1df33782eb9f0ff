"""Chains of generators, batched over replications; one chain gives every generation.

The last fit is linear in the generator's weights, w_pred = H w_n + noise, with the same H for every n: one
factorisation of the downstream design serves all generations.

The model of Dohmatob, Feng & Kempe (2024), arXiv 2402.07712.
"""

import numpy as np
from scipy.linalg.lapack import dposv

from workbench.montecarlo import batches, one_blas_thread, streams
from workbench.studies.collapse.model_collapse_regression.spectra import check_design, check_noise


@one_blas_thread
def simulate_test_error(
    n_generations,
    eigenvalues,
    signal_squared,
    n_samples,
    n_generator_samples,
    noise,
    generator_noise,
    ridge=0.0,
    *,
    conditional=False,
    reuse_design=False,
    n_replications,
    seed,
):
    """Test error |w_pred - w_0|^2_Sigma after 0 ... n_generations generations, everything drawn afresh per replication.

    Parameters
    ----------
    n_generations : int
    eigenvalues, signal_squared, n_samples, n_generator_samples, noise, generator_noise, ridge
        As in :func:`theory.test_error`.
    conditional : bool
        Average over all label noise in closed form, given the designs: far less noisy per replication, but O(d^3) per
        generation for the covariance of w_n.
    reuse_design : bool
        All generators share one X (the last fit's is still its own).
    n_replications : int
    seed : int or numpy.random.Generator

    Returns
    -------
    array of shape (n_replications, n_generations + 1)
        Generations of one replication share a chain and a last design, and are dependent.

    Raises
    ------
    ValueError
        For arguments out of range.

    Notes
    -----
    Flops per replication and generation: T_0 q^2 (half a Gram matrix) + q^3/3 (Cholesky), q = min(T_0, d), through the
    smaller Gram matrix; the last fit once per replication, T d^2 + d^3/3 or its dual. The truth points along fixed
    positive coordinates: only their squares matter.
    """
    s, w0 = np.asarray(eigenvalues, dtype=float), np.sqrt(np.asarray(signal_squared, dtype=float))
    d = s.size
    check_design(d, n_samples, n_generator_samples, ridge)
    check_noise(noise, generator_noise)
    design_stream, label_stream, last_stream, last_label_stream = streams(seed, 4)
    scale = np.sqrt(s)
    errors = np.empty((n_replications, n_generations + 1))
    done = 0
    for count in batches(n_replications, 2 * max(n_samples, n_generator_samples) * d + conditional * 3 * d * d):
        part = slice(done, done + count)
        done += count
        last = last_stream.standard_normal((count, n_samples, d)) * scale
        mean = np.broadcast_to(w0, (count, d))
        covariance = np.zeros((count, d, d)) if conditional else None
        hat = _hat(last, ridge)  # H' s.t. w_pred = H w_n
        if conditional:
            weight = hat.transpose(0, 2, 1) @ (s[:, None] * hat)
            fixed = noise**2 * _noise_trace(last, ridge, s)
        else:
            labels = noise * last_label_stream.standard_normal((count, n_samples))
            fixed_fit = _fit(last, labels[..., None], ridge)[..., 0]
        design = None
        for n in range(n_generations + 1):
            if n > 0:
                if design is None or not reuse_design:
                    design = design_stream.standard_normal((count, n_generator_samples, d)) * scale
                if conditional:
                    mean, covariance = _next_moments(design, mean, covariance, generator_noise)
                else:
                    y = np.einsum("btd,bd->bt", design, mean)
                    y += generator_noise * label_stream.standard_normal(y.shape)
                    mean = _fit(design, y[..., None], 0.0)[..., 0]
            predicted = np.einsum("bij,bj->bi", hat, mean)
            if conditional:
                spread = np.sum(weight * covariance, axis=(1, 2))
                errors[part, n] = np.sum(s * (predicted - w0) ** 2, axis=1) + spread + fixed
            else:
                errors[part, n] = np.sum(s * (predicted + fixed_fit - w0) ** 2, axis=1)
    return errors


def _fit(design, labels, ridge):
    """(X'X/T + ridge)^-1 X'Y/T, minimum norm for ridge 0; labels (count, T, k), result (count, d, k)."""
    t, d = design.shape[1:]
    penalty = ridge * t
    if t >= d:
        gram = design.transpose(0, 2, 1) @ design
        gram[:, np.arange(d), np.arange(d)] += penalty
        return _solve(gram, design.transpose(0, 2, 1) @ labels)
    gram = design @ design.transpose(0, 2, 1)
    gram[:, np.arange(t), np.arange(t)] += penalty
    return design.transpose(0, 2, 1) @ _solve(gram, labels)


def _hat(design, ridge):
    """The matrix H of w_pred = H w + ..., shape (count, d, d)."""
    if ridge == 0 and design.shape[1] >= design.shape[2]:
        return np.broadcast_to(np.eye(design.shape[2]), (len(design), design.shape[2], design.shape[2]))
    return _fit(design, design, ridge)


def _noise_trace(design, ridge, eigenvalues):
    """tr[Sigma B B'] for B with w_pred = B Y, shape (count,)."""
    t = design.shape[1]
    to_weights = _fit(design, np.broadcast_to(np.eye(t), (len(design), t, t)), ridge)
    return np.sum(eigenvalues[:, None] * to_weights**2, axis=(1, 2))


def _next_moments(design, mean, covariance, generator_noise):
    """Mean and covariance of the next generator's weights given the designs, over its labels' noise."""
    t, d = design.shape[1:]
    if t >= d:
        gram = design.transpose(0, 2, 1) @ design
        inverse = _solve(gram, np.broadcast_to(np.eye(d), gram.shape))
        return mean, covariance + generator_noise**2 * inverse
    gram = design @ design.transpose(0, 2, 1)
    to_weights = design.transpose(0, 2, 1) @ _solve(gram, np.broadcast_to(np.eye(t), gram.shape))
    projector = to_weights @ design
    mean = np.einsum("bij,bj->bi", projector, mean)
    covariance = projector @ covariance @ projector
    return mean, covariance + generator_noise**2 * (to_weights @ to_weights.transpose(0, 2, 1))


def _solve(gram, right):
    """Solutions of symmetric positive definite systems, one LAPACK call (Cholesky) each."""
    result = np.empty(np.broadcast_shapes(gram.shape[:1] + right.shape[1:], right.shape))
    for i in range(len(gram)):
        _, result[i], info = dposv(gram[i], right[i], lower=1)
        if info:
            raise ValueError("a design is numerically singular: its number of rows is too near n_features")
    return result
