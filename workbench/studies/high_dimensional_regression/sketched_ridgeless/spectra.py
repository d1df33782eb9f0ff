"""Spectra of the feature covariance, and the checks of arguments that all parts share.

The setting of Chen, Zeng, Yang & Sun (2023), arXiv 2302.01088.
"""

import numpy as np

ISOTROPIC = ((1.0, 1.0),)
SKETCHES = ("orthogonal", "gaussian")


def parse_spectrum(spectrum):
    """Eigenvalues and shares, two arrays of shape (K,).

    Raises ``ValueError`` unless eigenvalues and shares are positive and the shares add up to 1.
    """
    pairs = np.asarray(spectrum, dtype=float)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or len(pairs) == 0:
        raise ValueError(f"spectrum must be a list of [eigenvalue, share] pairs, got {spectrum!r}")
    if not np.all(np.isfinite(pairs)) or np.any(pairs <= 0):
        raise ValueError(f"eigenvalues and shares of the spectrum must be positive, got {spectrum!r}")
    if abs(pairs[:, 1].sum() - 1) > 1e-6:
        raise ValueError(f"the shares of the spectrum must add up to 1, they add up to {pairs[:, 1].sum():.6g}")
    return pairs[:, 0], pairs[:, 1] / pairs[:, 1].sum()


def parse_alignment(alignment, n_eigenvalues):
    """Shares of the squared signal per eigenspace, an array of shape (K,) that adds up to 1."""
    shares = np.asarray(alignment, dtype=float)
    if shares.shape != (n_eigenvalues,) or np.any(shares < 0) or abs(shares.sum() - 1) > 1e-6:
        raise ValueError(
            f"alignment must be {n_eigenvalues} non-negative shares that add up to 1, one per eigenvalue, "
            f"got {alignment!r}"
        )
    return shares / shares.sum()


def multiplicities(spectrum, n_features):
    """How many of the p directions have each eigenvalue, shape (K,): shares of p, rounded by largest remainder.

    Raises ``ValueError`` if an eigenvalue would get no direction at all.
    """
    _, shares = parse_spectrum(spectrum)
    quota = shares * n_features
    counts = np.floor(quota + 1e-9).astype(int)
    order = np.argsort(-(quota - counts), kind="stable")
    counts[order[: n_features - counts.sum()]] += 1
    if np.any(counts == 0):
        raise ValueError(f"n_features = {n_features} is too small for a share of {shares.min():.3g} in the spectrum")
    return counts


def eigenvalues(spectrum, n_features):
    """Diagonal of Sigma for p features, shape (p,)."""
    values, _ = parse_spectrum(spectrum)
    return np.repeat(values, multiplicities(spectrum, n_features))


def realised_spectrum(spectrum, n_features):
    """The spectrum with the shares that p features really have; theory for finite p is evaluated at these."""
    values, _ = parse_spectrum(spectrum)
    return list(zip(values, multiplicities(spectrum, n_features) / n_features, strict=True))


def check_sketch(sketch):
    """``ValueError`` with a sentence for a kind of sketch that there is not."""
    if sketch not in SKETCHES:
        raise ValueError(f"sketch must be 'orthogonal' or 'gaussian', got {sketch!r}")


def check_sizes(n_samples, n_features, sketch_sizes):
    """Sketch sizes as an integer array of shape (k,); ``ValueError`` where the mean risk does not exist."""
    for name, value in (("n_samples", n_samples), ("n_features", n_features)):
        if int(value) != value or value < 1:
            raise ValueError(f"{name} must be a positive integer, got {value}")
    given = np.atleast_1d(np.asarray(sketch_sizes))
    sizes = given.astype(int)
    if given.ndim != 1 or given.size == 0 or np.any(sizes != given):
        raise ValueError(f"sketch sizes must be integers, got {sketch_sizes!r}")
    for m in sizes:
        if not 1 <= m <= n_samples:
            raise ValueError(f"sketch size {m} is out of range: it must lie in [1, n_samples = {n_samples}]")
        if abs(m - n_features) <= 1:
            raise ValueError(
                f"sketch size {m} is within 1 of n_features = {n_features}, where the risk has no finite mean"
            )
    return sizes


def sketch_size_grid(n_samples, n_features, n_sizes=16):
    """About ``n_sizes`` sketch sizes over (0, n], none so near p that averages settle slowly.

    Sizes closer to p than max(6, p/15) are left out, and the nearest ones kept on either side are put in: the peak's
    flanks. At |m - p| <= 3 the risk has infinite variance, at |m - p| <= 1 an infinite mean.
    """
    gap = max(6, round(n_features / 15))
    sizes = np.unique(np.round(np.linspace(0.08, 1.0, n_sizes) * n_samples).astype(int))
    sizes = np.union1d(sizes, [n_features - gap, n_features + gap])
    sizes = sizes[(sizes >= 1) & (sizes <= n_samples) & (np.abs(sizes - n_features) >= gap)]
    if sizes.size == 0:
        raise ValueError(
            f"no sketch size up to n_samples = {n_samples} keeps its distance from n_features = {n_features}"
        )
    return [int(m) for m in sizes]
