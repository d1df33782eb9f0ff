"""NUTS on a known posterior, and the errors of a chain's mean on chains whose spread is known."""

import numpy as np
import pytest

from workbench import nuts


def test_a_normal_posterior_within_its_errors():
    with nuts.quiet_pymc() as pm, pm.Model():
        pm.Normal("x", 0.0, 1.0)
        drawn = nuts.sample(pm, 400, n_tune=200, seed=1)
        again = nuts.sample(pm, 400, n_tune=200, seed=1)
    x = drawn.posterior["x"].values
    assert x.shape == (1, 400)
    np.testing.assert_array_equal(x, again.posterior["x"].values)
    assert abs(x.mean()) < 4.5 * nuts.batch_means_se(x[0])


def test_errors_of_autocorrelated_chains():
    """An autoregression with coefficient r: the mean of n draws has variance (1 + r)/((1 - r) n)."""
    rng, r, n = np.random.default_rng(0), 0.6, 4000
    chains = np.zeros((n, 300))
    for t in range(1, n):
        chains[t] = r * chains[t - 1] + np.sqrt(1 - r**2) * rng.standard_normal(300)
    se = nuts.batch_means_se(chains)
    assert se.shape == (300,)
    exact = np.sqrt((1 + r) / (1 - r) / n)
    assert np.mean(se**2) == pytest.approx(exact**2, rel=0.06)
    assert np.mean(np.abs(chains.mean(axis=0)) < 2.02 * se) == pytest.approx(0.95, abs=4.5 * np.sqrt(0.0475 / 300))
    with pytest.raises(ValueError, match="70 draws are too few for 40 batches"):
        nuts.batch_means_se(np.zeros(70))
