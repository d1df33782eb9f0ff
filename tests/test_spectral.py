import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.spectral import degrees_of_freedom, effective_ridge


@settings(max_examples=80, deadline=None)
@given(
    exponent=st.floats(0, 3),
    d=st.integers(1, 60),
    samples=st.floats(0.5, 200),
    ridge=st.one_of(st.just(0.0), st.floats(1e-8, 100)),
)
def test_the_effective_ridge_solves_its_equation(exponent, d, samples, ridge):
    s = np.arange(1, d + 1.0) ** -exponent
    kappa = float(effective_ridge(samples, s, ridge=ridge))
    if ridge == 0 and samples >= d:
        assert kappa == 0
    else:
        assert kappa > 0
        assert kappa == pytest.approx(ridge + kappa * degrees_of_freedom(kappa, s) / samples, rel=1e-7, abs=1e-12)


def test_isotropic_closed_form_and_broadcasting():
    lam, phi = np.array([0.1, 1.0]), np.array([[0.5], [2.0]])
    closed = (lam + phi - 1 + np.sqrt((lam + phi - 1) ** 2 + 4 * lam)) / 2
    got = effective_ridge(60 / phi, np.ones(60), ridge=lam)
    np.testing.assert_allclose(got, closed, rtol=1e-10)
    assert closed[0, 0] == pytest.approx(0.174166, abs=1e-6)


def test_weights_count_repeated_eigenvalues():
    one = effective_ridge(10, np.array([1.0, 1, 1, 2, 2] * 5), ridge=0.1)
    assert effective_ridge(10, np.array([1.0, 2.0]), weights=[15, 10], ridge=0.1) == pytest.approx(one, rel=1e-12)


def test_limits_and_bad_input():
    s = np.array([1.0, 2.0])
    assert effective_ridge(1e9, s, ridge=0.3) == pytest.approx(0.3, rel=1e-6)
    with pytest.raises(ValueError, match="must be positive"):
        effective_ridge(0, s)
    with pytest.raises(ValueError, match="the ridge must be >= 0, got -1"):
        effective_ridge(5, s, ridge=-1)
