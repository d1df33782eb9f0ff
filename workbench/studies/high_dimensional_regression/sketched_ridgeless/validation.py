"""The practical procedure: choose the sketch size on a held-out set of noisy labels."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve, qr, solve_triangular

from workbench.montecarlo import one_blas_thread, streams
from workbench.studies.high_dimensional_regression.sketched_ridgeless.spectra import ISOTROPIC, check_sizes, eigenvalues


class ValidationChoice(NamedTuple):
    """What each replication saw and chose; R replications, k candidate sizes."""

    chosen: np.ndarray  # (R,) index of the candidate of smallest validation loss
    validation_loss: np.ndarray  # (R, k) mean squared error on the held-out noisy labels
    training_loss: np.ndarray  # (R, k) mean squared error on all n training labels
    risk: np.ndarray  # (R, k) true risk of each candidate, (b - beta)' Sigma (b - beta)

    @property
    def chosen_risk(self):
        return np.take_along_axis(self.risk, self.chosen[:, None], axis=1)[:, 0]


@one_blas_thread
def simulate_validation_choice(
    n_samples,
    n_features,
    sketch_sizes,
    signal,
    noise,
    *,
    spectrum=ISOTROPIC,
    n_validation=100,
    n_replications,
    seed,
):
    """Fit every candidate size to subsampled rows, and choose by the loss on ``n_validation`` fresh noisy labels.

    The procedure of section 5 of arXiv 2302.01088, with noisy validation labels, as they are in practice (the authors'
    code scores noise-free ones). Row subsampling, nested over sizes. Gaussian X, random signal.

    Parameters
    ----------
    n_samples, n_features : int
    sketch_sizes : array of int, shape (k,)
    signal, noise, spectrum
        As in the package's table.
    n_validation, n_replications : int
    seed : int or numpy.random.Generator

    Returns
    -------
    ValidationChoice

    Notes
    -----
    For m <= p one factorisation X_m = L Q serves all sizes: beta_m = sum over i <= m of q_i z_i with z = L^-1 Y.
    For m > p the Gram matrix grows by the added rows, and each size costs a Cholesky factorisation.
    """
    sizes = check_sizes(n_samples, n_features, sketch_sizes)
    scale = np.sqrt(eigenvalues(spectrum, n_features))
    x_stream, beta_stream, noise_stream, validation_stream = streams(seed, 4)
    shape = (n_replications, sizes.size)
    validation_loss, training_loss, risk = np.empty(shape), np.empty(shape), np.empty(shape)
    for i in range(n_replications):
        beta = signal / np.sqrt(n_features) * beta_stream.standard_normal(n_features)
        x = x_stream.standard_normal((n_samples, n_features)) * scale
        y = x @ beta + noise * noise_stream.standard_normal(n_samples)
        x_val = validation_stream.standard_normal((n_validation, n_features)) * scale
        y_val = x_val @ beta + noise * validation_stream.standard_normal(n_validation)
        fits = subsampled_fits(x, y, sizes)
        validation_loss[i] = np.mean((x_val @ fits.T - y_val[:, None]) ** 2, axis=0)
        training_loss[i] = np.mean((x @ fits.T - y[:, None]) ** 2, axis=0)
        risk[i] = np.sum(((fits - beta) * scale) ** 2, axis=1)
    return ValidationChoice(np.argmin(validation_loss, axis=1), validation_loss, training_loss, risk)


def subsampled_fits(features, labels, sizes):
    """Minimum-norm fits to the first m rows, for each m in ``sizes``: shape (k, p)."""
    p = features.shape[1]
    fits = np.empty((len(sizes), p))
    below = sizes <= p
    if np.any(below):
        q = sizes[below].max()
        rows, upper = qr(features[:q].T, mode="economic")
        coordinates = solve_triangular(upper, labels[:q], trans="T")
        fits[below] = np.cumsum(rows.T * coordinates[:, None], axis=0)[sizes[below] - 1]
    gram, moment, used = np.zeros((p, p)), np.zeros(p), 0
    for k in np.argsort(sizes):
        if sizes[k] > p:
            block = features[used : sizes[k]]
            gram += block.T @ block
            moment += block.T @ labels[used : sizes[k]]
            used = sizes[k]
            fits[k] = cho_solve(cho_factor(gram), moment)
    return fits
