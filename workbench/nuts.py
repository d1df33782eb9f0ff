"""PyMC's NUTS as an independent route to a posterior: quiet, on one core. Needs the extra ``bayes``."""

import warnings
from contextlib import contextmanager

import numpy as np


@contextmanager
def quiet_pymc():
    """``with quiet_pymc() as pm:`` PyMC, without its dependencies' notices about their own future versions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pymc

        yield pymc


def sample(pm, n_draws, *, n_tune, seed, n_chains=1, mode="FAST_COMPILE"):
    """Draws of the model in whose context this is called, as ArviZ data.

    Parameters
    ----------
    pm : module
        As ``quiet_pymc`` gives it.
    n_draws, n_tune, n_chains : int
        Chains run one after the other.
    seed : int
    mode : str
        PyTensor's: "FAST_COMPILE" takes a second or two and suits a few hundred draws, "NUMBA" suits many.
    """
    return pm.sample(
        n_draws,
        tune=n_tune,
        chains=n_chains,
        cores=1,
        random_seed=seed,
        progressbar=False,
        quiet=True,
        compute_convergence_checks=False,
        compile_kwargs={"mode": mode},
    )


def batch_means_se(draws, n_batches=40):
    """Monte Carlo standard error of the mean of one chain, from the spread of the means of its batches.

    Parameters
    ----------
    draws : array of shape (n_draws, ...), n_draws >= 2 n_batches
        What is left over at the end of whole batches is not used.

    Returns
    -------
    array of shape (...)

    Raises
    ------
    ValueError
        For a chain too short for its batches.
    """
    draws = np.asarray(draws, dtype=float)
    size = len(draws) // n_batches
    if size < 2:
        raise ValueError(f"{len(draws)} draws are too few for {n_batches} batches of at least 2")
    means = draws[: size * n_batches].reshape(n_batches, size, *draws.shape[1:]).mean(axis=1)
    return means.std(axis=0, ddof=1) / np.sqrt(n_batches)
