"""Simulated risk given (X, S), in closed form over beta and the noise, for all sketch sizes from one factorisation.

Gaussian X absorbs an orthogonal S: S X has the law of the first m rows of X, so the sketch is never formed and the
sizes are nested, each a leading block of the next. With X_m = L_m Q_m (L lower triangular, Q of orthonormal rows),
growing m by one adds one row to L and to Q and changes neither's leading block; what is needed are cumulative sums.
"""

import numpy as np
from scipy.linalg.lapack import dtrtri

from workbench.montecarlo import batches, one_blas_thread, streams
from workbench.studies.high_dimensional_regression.sketched_ridgeless.spectra import (
    ISOTROPIC,
    check_sizes,
    check_sketch,
    eigenvalues,
    multiplicities,
    parse_alignment,
)
from workbench.studies.high_dimensional_regression.sketched_ridgeless.theory import Risk


@one_blas_thread
def simulate_risk(
    n_samples,
    n_features,
    sketch_sizes,
    signal,
    noise,
    *,
    sketch="orthogonal",
    spectrum=ISOTROPIC,
    alignment=None,
    n_replications,
    seed,
):
    """Risk E[(x0'beta_S - x0'beta)^2 | S, X] for Gaussian X, with fresh (X, S) in every replication.

    Given A = S X and P = A^+ A, bias = alpha^2/p tr[(I-P) Sigma] for a random signal, beta'(I-P) Sigma (I-P) beta for a
    fixed one, and variance = sigma^2 tr[Sigma A^+ S S' A^+']: far less noisy than sampling beta, the noise and test
    points too. For a Gaussian sketch with m > p the part of S that X does not see is averaged out as well. With m < p
    both sketches have one law, since only the row space of S matters (Theorem 3.2), and one sampler.

    Parameters
    ----------
    n_samples, n_features : int
    sketch_sizes : array of int, shape (k,)
        Each in [1, n] and not within 1 of p.
    signal, noise, sketch, spectrum, alignment
        As in the package's table.
    n_replications : int
    seed : int or numpy.random.Generator

    Returns
    -------
    Risk
        Arrays of shape (n_replications, k). The sizes of one replication share X and are dependent.

    Raises
    ------
    ValueError
        For arguments out of range.

    Notes
    -----
    Flops per replication, with q the largest size below p: q^2 p (Gram) + 2/3 q^3 for all sizes below p together, and
    as much again for correlated features; p^2 n + 2/3 p^3 per size above p. The result does not depend on how the
    replications are cut into batches.
    """
    check_sketch(sketch)
    sizes = check_sizes(n_samples, n_features, sketch_sizes)
    variances = eigenvalues(spectrum, n_features)
    beta = None if alignment is None else fixed_signal(signal, spectrum, n_features, alignment)
    x_stream, s_stream = streams(seed, 2)
    below, above = sizes < n_features, sizes > n_features
    bias, variance = np.zeros((n_replications, sizes.size)), np.zeros((n_replications, sizes.size))
    rows = n_samples if np.any(above) else sizes.max()
    done = 0
    for count in batches(n_replications, 4 * rows * n_features):
        part = slice(done, done + count)
        done += count
        design = x_stream.standard_normal((count, rows, n_features)) * np.sqrt(variances)
        if np.any(below):
            bias[part, below], variance[part, below] = _fewer_rows(design, sizes[below], variances, signal, beta)
        if np.any(above) and sketch == "orthogonal":
            variance[part, above] = _more_rows_orthogonal(design, sizes[above], variances)
        if np.any(above) and sketch == "gaussian":
            # the sketch's part within the column space of X: m x p Gaussian, nested in m like X
            inner = s_stream.standard_normal((count, sizes.max(), n_features))
            variance[part, above] = _more_rows_gaussian(design, inner, sizes[above], variances)
    return Risk(bias, noise**2 * variance)


def fixed_signal(signal, spectrum, n_features, alignment):
    """A beta of norm ``signal`` whose squared length is shared out over the eigenspaces as told, shape (p,)."""
    counts = multiplicities(spectrum, n_features)
    beta = np.zeros(n_features)
    beta[np.concatenate([[0], np.cumsum(counts)[:-1]])] = signal * np.sqrt(parse_alignment(alignment, len(counts)))
    return beta


def _fewer_rows(design, sizes, variances, signal, beta):
    """Bias and unit-noise variance for m < p, each of shape (count, k)."""
    p = design.shape[-1]
    x = design[:, : sizes.max()]
    inverse = triangular_inverses(np.linalg.cholesky(x @ x.transpose(0, 2, 1)))  # T = L^-1
    last = sizes - 1
    isotropic = np.all(variances == variances[0])
    if isotropic and beta is None:
        # tr (A A')^-1 is the cumulative sum of squared row norms of T
        trace = np.cumsum(np.sum(inverse**2, axis=-1), axis=-1)[:, last]
        return np.broadcast_to(signal**2 * variances[0] * (1 - sizes / p), trace.shape), variances[0] * trace
    rows = inverse @ x  # Q, orthonormal
    overlap = (rows * variances) @ rows.transpose(0, 2, 1)  # Q Sigma Q'
    # tr[Sigma A^+ A^+'] = sum over i, k <= m of (Q Sigma Q')_ik (T T')_ik: leading-block sums
    blocks = overlap * (inverse @ inverse.transpose(0, 2, 1))
    variance = np.cumsum(np.cumsum(blocks, axis=-1), axis=-2)[:, last, last]
    if beta is None:
        captured = np.cumsum(np.diagonal(overlap, axis1=-2, axis2=-1), axis=-1)[:, last]
        return signal**2 / p * (variances.sum() - captured), variance
    missed = beta - np.cumsum(rows * (rows @ beta)[..., None], axis=-2)[:, last]
    return np.sum(variances * missed**2, axis=-1), variance


def _more_rows_orthogonal(design, sizes, variances):
    """tr[Sigma (A'A)^-1] for m > p, shape (count, k)."""
    result = np.empty((len(design), sizes.size))
    for k, factor in _nested_factors(design, sizes):
        result[:, k] = np.sum(triangular_inverses(factor) ** 2 * variances, axis=(-2, -1))
    return result


def _more_rows_gaussian(design, inner, sizes, variances):
    """tr[Sigma A^+ S S' A^+'] for m > p, averaged over the part of S outside X's columns, shape (count, k).

    X = U R, G = S U, and N the rest: A^+ S = R^-1 (U' + G^+ N U_perp'), E N N' = (n-p) I.
    """
    n, p = design.shape[1:]
    outer = triangular_inverses(np.linalg.cholesky(design.transpose(0, 2, 1) @ design)) * np.sqrt(
        variances
    )  # R^-T Sigma^1/2
    result = np.empty((len(design), sizes.size))
    full_sample = np.sum(outer**2, axis=(-2, -1))
    for k, factor in _nested_factors(inner, sizes):
        result[:, k] = full_sample + (n - p) * np.sum((triangular_inverses(factor) @ outer) ** 2, axis=(-2, -1))
    return result


def _nested_factors(rows, sizes):
    """For each size its position and the Cholesky factor of the first m rows' Gram matrix, which grows in steps."""
    order = np.argsort(sizes)
    gram, used = 0.0, 0
    for k in order:
        block = rows[:, used : sizes[k]]
        gram = gram + block.transpose(0, 2, 1) @ block
        used = sizes[k]
        yield k, np.linalg.cholesky(gram)


def triangular_inverses(lower):
    """Inverses of a stack of lower triangular matrices, (count, q, q) to the same shape: q^3/3 flops each."""
    result = np.empty_like(lower)
    for i, matrix in enumerate(lower):
        result[i] = dtrtri(matrix.T, lower=0)[0].T  # LAPACK sees the transpose, upper triangular and in its own order
    return result
