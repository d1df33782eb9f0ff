"""What every simulation shares: independent random streams, batches of bounded memory, means with errors."""

from functools import wraps

import numpy as np
from threadpoolctl import threadpool_limits


def one_blas_thread(simulation):
    """Decorate a simulation of many small matrix operations so that each of them runs on one thread.

    On matrices of order 100 to 1000 the threads of a BLAS wait for each other longer than they work (up to nine times
    slower on two cores), and two workers of a sweep would fight over the cores. Costs about 1 ms per call.
    """

    @wraps(simulation)
    def limited(*arguments, **options):
        with threadpool_limits(limits=1, user_api="blas"):
            return simulation(*arguments, **options)

    return limited


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


def proportion_and_se(hits):
    """Share of hits over the leading replication axis, and a standard error that is never zero.

    The error is that of the share with one hit and one miss added, so that a rate of 0 or 1 in R replications is not
    taken for certain; for shares away from 0 and 1 it is the usual sqrt(p (1-p)/R).

    Parameters
    ----------
    hits : array of bool, shape (R, ...), R >= 2

    Returns
    -------
    share, se : arrays of shape (...)
    """
    hits = np.asarray(hits, dtype=float)
    share, _ = mean_and_se(hits)
    if not np.all((hits == 0) | (hits == 1)):
        raise ValueError("hits must be true or false")
    n = len(hits)
    padded = (hits.sum(axis=0) + 1) / (n + 2)
    return share, np.sqrt(padded * (1 - padded) / n)
