"""An independent route to the same posterior: PyMC's NUTS. Derived for this project; no statement of a paper."""

import numpy as np

from workbench import nuts
from workbench.studies.misspecification.sequential_bayes.checks import check_integer, check_positive


def nuts_moments(mean, covariance, design, labels, noise, *, n_draws=1500, n_tune=300, seed=0):
    """Posterior means and variances of regression weights by NUTS, with Monte Carlo standard errors; one chain.

    Parameters
    ----------
    mean : array (d,), covariance : array (d, d), positive definite
        The prior: for a later task, the posterior that was propagated.
    design : array (n, d), labels : array (n,)
    noise : float > 0
    n_draws : int >= 80, n_tune : int >= 1
    seed : int

    Returns
    -------
    values, ses : arrays (2d,)
        The d means, then the d variances; errors by 40 batch means.

    Notes
    -----
    Needs PyMC (the extra ``bayes``); 1 to 2 s besides its import. The model is written in the prior's own units, which
    spares compiling a multivariate normal.
    """
    check_positive("noise", noise)
    check_integer("n_draws", n_draws, 80)
    check_integer("n_tune", n_tune, 1)
    mean, root = np.asarray(mean, dtype=float), np.linalg.cholesky(covariance)
    with nuts.quiet_pymc() as pm, pm.Model():
        standard = pm.Normal("standard", 0.0, 1.0, shape=mean.size)
        fitted = pm.math.dot(np.asarray(design) @ root, standard) + np.asarray(design) @ mean
        pm.Normal("labels", fitted, noise, observed=np.asarray(labels, dtype=float))
        drawn = nuts.sample(pm, n_draws, n_tune=n_tune, seed=seed)
    weights = mean + drawn.posterior["standard"].values[0] @ root.T
    centred = weights - weights.mean(axis=0)
    draws = np.concatenate([weights, centred**2], axis=1)
    return draws.mean(axis=0), nuts.batch_means_se(draws)
