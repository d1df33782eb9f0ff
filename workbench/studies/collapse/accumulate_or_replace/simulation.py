"""Chains of fits, batched over replications, by rank updates: earlier rows are never stacked again.

The normal equations of all rows so far give G_n (w_n - w_{n-1}) = X_n' E_n, with G_n the sum of the Gram matrices:
the rows already fitted by w_{n-1} cancel. So the error moves by G_n^-1 X_n' E_n (replace: by (X_n' X_n)^-1 X_n' E_n).
"""

import numpy as np
from scipy.linalg.lapack import dposv

from workbench.montecarlo import batches, one_blas_thread, streams
from workbench.studies.collapse.accumulate_or_replace.theory import check


@one_blas_thread
def simulate_test_error(
    n_fits,
    n_features,
    n_samples,
    noise,
    *,
    regime,
    fresh_design,
    eigenvalues=None,
    conditional=False,
    n_replications,
    seed,
):
    """Test error |w_i - w_0|^2_Sigma of fits 1 ... n_fits.

    Parameters
    ----------
    n_fits, n_features, n_samples : int
    noise : float
    regime : "replace" or "accumulate"
    fresh_design : bool
    eigenvalues : array (d,), optional
        Of Sigma; all 1 if left out. The mean error does not depend on them.
    conditional : bool
        Average over the label noise in closed form, sigma^2 sum_i tr[G_i^-1 X_i'X_i G_i^-1 Sigma], given the designs.
    n_replications : int
    seed : int or numpy.random.Generator

    Returns
    -------
    array of shape (n_replications, n_fits); the fits of one replication form a chain and are dependent.

    Raises
    ------
    ValueError
        For arguments out of range.

    Notes
    -----
    Flops per replication and fit: T d^2 for the Gram matrix and d^3/3 for its Cholesky factor (once per replication
    if one design is reused), against i T d^2 for fit i when all rows are stacked. With ``conditional`` 2 d^3 more.
    """
    check(n_features, n_samples, noise, regime)
    if n_fits < 1:
        raise ValueError(f"n_fits must be at least 1, got {n_fits}")
    s = np.ones(n_features) if eigenvalues is None else np.asarray(eigenvalues, dtype=float)
    x_stream, noise_stream = streams(seed, 2)
    errors = np.empty((n_replications, n_fits))
    done = 0
    for count in batches(n_replications, 2 * n_samples * n_features + 3 * n_features**2):
        part = slice(done, done + count)
        done += count
        gram = np.zeros((count, n_features, n_features))
        delta, trace, design = np.zeros((count, n_features)), np.zeros(count), None
        for i in range(n_fits):
            if design is None or fresh_design:
                design = x_stream.standard_normal((count, n_samples, n_features)) * np.sqrt(s)
                own = design.transpose(0, 2, 1) @ design
            gram = own if regime == "replace" else gram + own
            if conditional:
                inverse = _solve(gram, np.broadcast_to(np.eye(n_features), gram.shape))
                trace = trace + np.einsum("bij,bjk,bki,i->b", inverse, own, inverse, s, optimize=True)
                errors[part, i] = noise**2 * trace
            else:
                # X_i' E_i in one step: the labels' noise enters in no other way
                moment = design.transpose(0, 2, 1) @ noise_stream.standard_normal((count, n_samples, 1))
                delta = delta + noise * _solve(gram, moment)[..., 0]
                errors[part, i] = np.sum(s * delta**2, axis=1)
    return errors


def _solve(gram, right):
    """Solutions of symmetric positive definite systems, one LAPACK call (Cholesky) each."""
    result = np.empty(right.shape)
    for b in range(len(gram)):
        result[b] = dposv(gram[b], right[b], lower=1)[1]
    return result
