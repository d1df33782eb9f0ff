"""The coverage loss and how it rescales the gradient of cross-entropy, safe at N = 1, large N, and q near 0 or 1."""

import numpy as np

# Below this log q the loss is log(1/(N q)) to rounding; above it, every step stays inside float32's range.
SMALLEST_LOG = -40.0


def coverage_loss(log_q, n_draws, xp=np):
    """Coverage loss -log(1 - (1-q)^N) of an answer that has probability q.

    Equation: Chen et al. (2025), arXiv 2502.07154, there "direct coverage optimization". N = 1 is cross-entropy.

    Computed as -L(N L(log q)) with L(x) = log(1 - e^x), which is its own inverse. Formed naively, 1 - (1-q)^N is 0 in
    float32 for q below 6e-8, the loss infinite and its gradient not a number; and for q near 1 the loss rounds to 0.

    Parameters
    ----------
    log_q : array or tensor of floats <= 0: log q
    n_draws : int >= 1 or array (with torch: tensor), broadcast against log_q
    xp : module, numpy or torch
        Whose functions to use; torch differentiates through them.

    Returns
    -------
    array or tensor, >= 0, finite for finite log_q. Cost: a few elementwise functions.

    Raises
    ------
    ValueError
        For n_draws below 1.
    """
    if not bool((xp.asarray(n_draws) >= 1).all()):
        raise ValueError(f"n_draws must be at least 1, got {n_draws}")
    # Capped on both sides, so that the branch not taken has a finite gradient too.
    capped = xp.clip(log_q, SMALLEST_LOG, -float(xp.finfo(log_q.dtype).eps))
    inside = -_log_complement(n_draws * _log_complement(capped, xp), xp)
    return xp.where(log_q < SMALLEST_LOG, -log_q - xp.log(xp.asarray(n_draws)), inside)


def gradient_factor(q, n_draws):
    """F(N, q) = N q (1-q)^(N-1) / (1 - (1-q)^N): gradient of the coverage loss = F times that of cross-entropy.

    1 at N = 1 and for q -> 0, and falling to 0 once q exceeds about 1/N: an answer that N draws would find anyway
    teaches nothing more. Equation: Chen et al. (2025), arXiv 2502.07154 (as in the authors' account of their paper).

    Parameters
    ----------
    q : array in [0, 1]
    n_draws : int >= 1 or array, broadcast against q

    Returns
    -------
    array in [0, 1]

    Raises
    ------
    ValueError
        For values out of range.
    """
    q = np.asarray(q, dtype=float)
    if not np.all((q >= 0) & (q <= 1)):
        raise ValueError("q must lie in [0, 1]")
    n = np.asarray(n_draws, dtype=float)
    log_q = np.log(np.maximum(q, np.finfo(float).tiny))
    log_miss = _log_complement(np.clip(log_q, SMALLEST_LOG, -np.finfo(float).eps), np)
    return np.exp(np.log(n) + log_q + (n - 1) * log_miss + coverage_loss(log_q, n))


def _log_complement(x, xp):
    """log(1 - e^x) for x < 0, accurate at both ends (the switch at -log 2 is Maechler's, 2012)."""
    switch = -float(np.log(2))
    near_zero = xp.log(-xp.expm1(xp.clip(x, switch, None)))
    far = xp.log1p(-xp.exp(xp.clip(x, None, switch)))
    return xp.where(x > switch, near_zero, far)
