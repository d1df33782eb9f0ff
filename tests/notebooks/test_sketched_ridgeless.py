"""The sketched-ridgeless notebook: what it records at smoke size, and that wrong formulas cost it a verdict."""

import numpy as np
import pytest
from mutations import claims_after

import workbench
from workbench.studies.high_dimensional_regression import sketched_ridgeless as sr
from workbench.studies.high_dimensional_regression.sketched_ridgeless import (
    optimum,
    simulation,
    theory,
    validation,
)

NAME = "high_dimensional_regression/sketched_ridgeless"


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    return workbench.run(NAME, preset="smoke", output=tmp_path_factory.mktemp("runs") / "smoke.ipynb")


def test_every_claim_is_confirmed_at_smoke_size(smoke):
    verdicts = {claim["identifier"]: claim["verdict"] for claim in smoke["claims"]}
    assert len(verdicts) == 15
    assert set(verdicts.values()) == {"confirmed"}, verdicts


def test_recorded_table_and_scalars(smoke):
    rows = smoke["tables"]["risk"]
    columns = ["sketch_size", "bias_theory", "variance_theory", "risk_theory", "risk_exact", "risk_mean", "risk_se"]
    assert all(list(row) == columns for row in rows)
    sizes = [row["sketch_size"] for row in rows]
    assert sizes == sr.sketch_size_grid(80, 72)
    exact = sr.exact_risk(80, 72, sizes, 6, 2).total
    for row, mean in zip(rows, exact, strict=True):
        assert row["risk_exact"] == pytest.approx(mean)
        assert row["risk_theory"] == pytest.approx(row["bias_theory"] + row["variance_theory"])
        assert (
            abs(row["risk_mean"] - mean) < 4.5 * row["risk_se"] or row["sketch_size"] >= 66
        )  # skewed next to the peak
    assert smoke["scalars"] == {"optimal_sketch_size_theory": 48, "optimal_risk_theory": pytest.approx(20)}


def test_gaussian_sketch_and_correlated_features(tmp_path):
    found = workbench.run(
        NAME,
        dict(sketch="gaussian", spectrum=[[2, 0.5], [1, 0.5]], sketch_sizes=np.array([20, 70]), n_features=40),
        preset="smoke",
        output=tmp_path / "out.ipynb",
    )
    below, above = found["tables"]["risk"]
    assert below["risk_exact"] is None
    assert below["risk_theory"] == pytest.approx(
        float(sr.limiting_risk(1, 0.5, 6, 2, spectrum=[[2, 0.5], [1, 0.5]]).total)
    )
    assert above["risk_exact"] == pytest.approx(4 * 40 / 39 * (1 + 40 / 29))
    assert found["provenance"]["parameters"]["sketch_sizes"] == [20, 70]


def test_unchanged_code_keeps_every_verdict(monkeypatch):
    assert set(claims_after(monkeypatch, NAME, sr).values()) == {"confirmed"}


DROPPED_TERMS = [
    ("limit, c > 1: bias", theory, "bias[under] = signal**2 * kappa[..., 0] / c[under]", "pass"),
    ("limit, c > 1: bias without 1/c", theory, "signal**2 * kappa[..., 0] / c[under]", "signal**2 * kappa[..., 0]"),
    (
        "limit, c > 1: variance without 1/(1-I)",
        theory,
        "noise**2 * inflation / (1 - inflation)\n    if",
        "noise**2 * inflation\n    if",
    ),
    (
        "limit, c > 1: variance",
        theory,
        "variance[under] = noise**2 * inflation / (1 - inflation)",
        "variance[under] = 0",
    ),
    ("limit, fixed signal without 1/(1-I)", theory, "signal**2 * left_over / (1 - inflation)", "signal**2 * left_over"),
    ("limit, c < 1: without 1/(1-c)", theory, "noise**2 * c[over] / (1 - c[over])", "noise**2 * c[over]"),
    ("limit, Gaussian sketch: second term", theory, "variance[over] += noise**2 * phi[over] / (1 - phi[over])", "pass"),
    ("limit, Gaussian: 1/(1-phi)", theory, "noise**2 * phi[over] / (1 - phi[over])", "noise**2 * phi[over]"),
    ("exact, m < p: bias", theory, "bias[under] = scale * signal**2 * (1 - m[under] / p)", "pass"),
    ("exact, m < p: the -1", theory, "m[under] / (p - m[under] - 1)", "m[under] / (p - m[under])"),
    ("exact, m > p orthogonal: the -1", theory, "p / (m[over] - p - 1)", "p / (m[over] - p)"),
    ("exact, m > p Gaussian: the 1", theory, "(1 + (n - p) / (m[over] - p - 1))", "((n - p) / (m[over] - p - 1))"),
    ("exact, m > p Gaussian: second term", theory, "(1 + (n - p) / (m[over] - p - 1))", "1"),
    ("optimum: alpha - sigma", optimum, "np.log(scaled / (scaled - noise))", "np.log(scaled / noise)"),
    ("misspecified: the lost square", theory, "risk.bias + omitted_signal**2", "risk.bias"),
    ("misspecified: the added noise", theory, "np.hypot(noise, omitted_signal)", "noise"),
    ("effective ridge: 5 % off", theory, "return spectral.effective_ridge(", "return 1.05 * spectral.effective_ridge("),
    (
        "simulation: one row's share of the trace",
        simulation,
        "np.sum(inverse**2, axis=-1)",
        "np.diagonal(inverse, axis1=1, axis2=2)**2",
    ),
    ("simulation: the captured part of the bias", simulation, "(variances.sum() - captured)", "variances.sum()"),
    (
        "simulation: Gaussian sketch, second term",
        simulation,
        "full_sample + (n - p) * np.sum",
        "full_sample + 0 * np.sum",
    ),
    (
        "validation: chooses by training loss",
        validation,
        "np.argmin(validation_loss, axis=1)",
        "np.argmin(training_loss, axis=1)",
    ),
]


@pytest.mark.parametrize(
    "module, old, new", [case[1:] for case in DROPPED_TERMS], ids=[case[0] for case in DROPPED_TERMS]
)
def test_dropping_a_term_costs_a_verdict(monkeypatch, module, old, new):
    verdicts = claims_after(monkeypatch, NAME, sr, module, old, new)
    assert "not confirmed" in verdicts.values(), verdicts
