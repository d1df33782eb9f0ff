"""The estimator itself: data, an explicit sketch, a minimum-norm fit, fresh test points. Slow and assumption-free."""

import numpy as np

from workbench.montecarlo import one_blas_thread, streams
from workbench.studies.high_dimensional_regression.sketched_ridgeless.simulation import fixed_signal
from workbench.studies.high_dimensional_regression.sketched_ridgeless.spectra import ISOTROPIC, check_sizes, eigenvalues
from workbench.studies.high_dimensional_regression.sketched_ridgeless.theory import Risk


def sketched_least_squares(features, labels, sketch):
    """beta_S = (S X)^+ S Y, the minimum-norm least-squares fit on the sketch (section 2 of arXiv 2302.01088).

    Parameters
    ----------
    features : array of shape (..., n, p)
    labels : array of shape (..., n)
    sketch : array of shape (..., m, n)

    Returns
    -------
    array of shape (..., p). Cost: one singular value decomposition of S X.
    """
    return np.squeeze(np.linalg.pinv(sketch @ features) @ (sketch @ labels[..., None]), -1)


def draw_sketch(kind, sketch_size, n_samples, rng, n_draws=1):
    """Sketches S of shape (n_draws, m, n).

    Kinds: "orthogonal" (Haar frame), "subsample" (distinct rows), "gaussian" (entries of variance 1/n). The
    first two satisfy S S' = I. Cost of a Haar frame: a QR factorisation of n x m, about 2 n m^2 flops.
    """
    if kind == "orthogonal":
        frame, upper = np.linalg.qr(rng.standard_normal((n_draws, n_samples, sketch_size)))
        # uniform over frames only with the signs of R's diagonal taken out
        signs = np.sign(np.diagonal(upper, axis1=-2, axis2=-1))
        return (frame * signs[:, None, :]).transpose(0, 2, 1)
    if kind == "subsample":
        rows = np.argsort(rng.random((n_draws, n_samples)), axis=1)[:, :sketch_size]
        return np.eye(n_samples)[rows]
    if kind == "gaussian":
        return rng.standard_normal((n_draws, sketch_size, n_samples)) / np.sqrt(n_samples)
    raise ValueError(f"kind of sketch must be 'orthogonal', 'subsample' or 'gaussian', got {kind!r}")


@one_blas_thread
def conditional_risk(features, sketch, signal, noise, variances):
    """The risk given (X, S) straight from its definition, by pseudo-inverse; the check of the nested simulation.

    Parameters
    ----------
    features : array (..., n, p)
    sketch : array (..., m, n)
    signal, noise : float
        Random signal N(0, signal^2/p I).
    variances : array (p,), the diagonal of Sigma

    Returns
    -------
    Risk of arrays of shape (...)
    """
    sketched = sketch @ features
    pseudo_inverse = np.linalg.pinv(sketched)
    p = features.shape[-1]
    residual = np.eye(p) - pseudo_inverse @ sketched
    bias = signal**2 / p * np.sum(np.diagonal(residual, axis1=-2, axis2=-1) * variances, axis=-1)
    reach = (pseudo_inverse @ sketch) * np.sqrt(variances)[:, None]
    return Risk(bias, noise**2 * np.sum(reach**2, axis=(-2, -1)))


@one_blas_thread
def simulate_end_to_end(
    n_samples,
    n_features,
    sketch_size,
    signal,
    noise,
    *,
    sketch="orthogonal",
    spectrum=ISOTROPIC,
    alignment=None,
    omitted_signal=0.0,
    features="gaussian",
    n_test=200,
    n_replications,
    seed,
):
    """Squared prediction error on sampled test points, everything drawn afresh in every replication.

    Parameters
    ----------
    n_samples, n_features, sketch_size : int
    signal, noise, spectrum, alignment
        As in the package's table.
    sketch : "orthogonal", "subsample" or "gaussian", formed explicitly
    omitted_signal : float
        |theta| of the misspecified model y = x'beta + w'theta + e; w has p unobserved isotropic Gaussian entries.
    features : "gaussian", "rademacher" (random signs) or "student" (t with 5 degrees of freedom, scaled)
        Law of the standardised entries of X.
    n_test : int
        Test points per replication; their label noise is left out, the unobserved part of their signal is not.
    n_replications : int
    seed : int or numpy.random.Generator

    Returns
    -------
    array of shape (n_replications,)
    """
    m = int(check_sizes(n_samples, n_features, sketch_size)[0])
    scale = np.sqrt(eigenvalues(spectrum, n_features))
    theta = omitted_signal / np.sqrt(n_features) * np.ones(n_features)
    x_stream, s_stream, beta_stream, noise_stream, test_stream = streams(seed, 5)
    errors = np.empty(n_replications)
    for i in range(n_replications):
        x = _entries(features, (n_samples, n_features), x_stream) * scale
        if alignment is None:
            beta = signal / np.sqrt(n_features) * beta_stream.standard_normal(n_features)
        else:
            beta = fixed_signal(signal, spectrum, n_features, alignment)
        y = x @ beta + noise * noise_stream.standard_normal(n_samples)
        if omitted_signal:
            y = y + noise_stream.standard_normal((n_samples, n_features)) @ theta
        estimate = sketched_least_squares(x, y, draw_sketch(sketch, m, n_samples, s_stream)[0])
        x_test = _entries(features, (n_test, n_features), test_stream) * scale
        miss = x_test @ (estimate - beta)
        if omitted_signal:
            miss = miss - test_stream.standard_normal((n_test, n_features)) @ theta
        errors[i] = np.mean(miss**2)
    return errors


def _entries(law, shape, rng):
    if law == "gaussian":
        return rng.standard_normal(shape)
    if law == "rademacher":
        return rng.choice([-1.0, 1.0], size=shape)
    if law == "student":
        return rng.standard_t(5, size=shape) * np.sqrt(3 / 5)
    raise ValueError(f"features must be 'gaussian', 'rademacher' or 'student', got {law!r}")
