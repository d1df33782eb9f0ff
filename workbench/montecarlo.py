"""What every simulation shares: independent random streams, batches of bounded memory, means with errors."""

import numpy as np


def streams(seed, n_streams):
    """Independent generators, one for each source of randomness.

    With a stream per source, results do not depend on how the replications are cut into batches.

    Parameters
    ----------
    seed : int, numpy.random.SeedSequence or numpy.random.Generator
    n_streams : int

    Returns
    -------
    list of numpy.random.Generator
    """
    return list(np.random.default_rng(seed).spawn(n_streams))


def batches(n_replications, floats_per_replication, megabytes=64):
    """Sizes of consecutive batches, as large as fit into about ``megabytes`` of float64 and at least 1."""
    if n_replications < 1:
        raise ValueError(f"n_replications must be at least 1, got {n_replications}")
    size = max(1, int(megabytes * 2**17 / max(1, floats_per_replication)))
    full, rest = divmod(n_replications, size)
    return [size] * full + [rest] * (rest > 0)


def mean_and_se(samples):
    """Mean over the leading replication axis and its standard error, s/sqrt(R).

    Parameters
    ----------
    samples : array of shape (R, ...), R >= 2

    Returns
    -------
    mean, se : arrays of shape (...)
    """
    samples = np.asarray(samples, dtype=float)
    n = samples.shape[0]
    if n < 2:
        raise ValueError(f"a standard error needs at least 2 replications, got {n}")
    return samples.mean(axis=0), samples.std(axis=0, ddof=1) / np.sqrt(n)
