"""The covariate-shift notebook: what it records at smoke size, and that wrong formulas cost it a verdict."""

import numpy as np
import pytest
from mutations import claims_after

import workbench
from workbench.studies.misspecification import covariate_shift_mle as cs
from workbench.studies.misspecification.covariate_shift_mle import fitting, misspecified, risk, simulation, theory

NAME = "misspecification/covariate_shift_mle"


@pytest.mark.parametrize("ratio", [0.4, 3.0])
def test_smoke_run(tmp_path, ratio):
    found = workbench.run(NAME, dict(ratio=ratio), preset="smoke", output=tmp_path / "out.ipynb")
    verdicts = {claim["identifier"]: claim["verdict"] for claim in found["claims"]}
    assert len(verdicts) == 12 and set(verdicts.values()) == {"confirmed"}, verdicts
    rows = found["tables"]["scaled_risk"]
    assert [(row["model"], row["weighting"]) for row in rows] == [
        (model, name) for model in cs.MODELS for name in ("MLE", "half-weighted", "MWLE")
    ]
    ratios, theta = cs.shift(4, 2, ratio), np.full(4, 0.5)
    for row, power in zip(rows, [0, 0.5, 1] * 3, strict=True):
        assert row["risk_theory"] == pytest.approx(cs.limiting_risk(row["model"], theta, ratios, power))
    for row in rows[:2]:  # n = 150: the finite-size excess of the linear model is 5/145
        assert abs(row["risk_mean"] - row["risk_theory"]) < 4.5 * row["risk_se"] + 0.1 * row["risk_theory"]
    exact = 150 * cs.exact_linear_risk(150, ratios)
    assert found["scalars"]["mle_mean"] == pytest.approx(exact, rel=0.02)
    assert found["scalars"]["mle_mean"] < found["scalars"]["clipped_mean"] < found["scalars"]["mwle_mean"]


def test_more_shifted_directions_than_features_are_a_sentence(tmp_path):
    with pytest.raises(workbench.CellFailed, match=r"n_shifted must lie in \[1, n_features\] = \[1, 4\], got 5"):
        workbench.run(NAME, dict(n_shifted=5), preset="smoke", output=tmp_path / "out.ipynb")


DROPPED_TERMS = [
    ("exact risk: the 1 of n - d - 1", theory, "(2 * (n - d - 1))", "(2 * (n - d))", "limits"),
    ("information along theta", theory, "(a_2 / square - a_0) / square", "(a_2 / square) / square", "limits"),
    ("logistic: 1 - p", theory, "expit(u) * expit(-u)", "expit(u) ** 2", "limits"),
    ("tilt: the constant", theory, "variances) - power * np.log(ratios)", "variances) - np.log(ratios)", "limits"),
    ("sandwich: squared weights", theory, "tilt(ratios, 2 * power)", "tilt(ratios, power)", "limits"),
    ("sandwich: the half", theory, "bread @ meat @ bread) / 2", "bread @ meat @ bread)", "limits"),
    ("clipping", theory, "np.minimum(log_w, np.log(clip))", "log_w", "limits"),
    ("phase: the slope's y", fitting, "residual = eta**2 - y", "residual = eta**2 - 0.9 * y", "limits"),
    ("weights: the density ratio's halves", simulation, "(1 - 1 / ratios) / 2 - np", "(1 - 1 / ratios) - np", "limits"),
    ("phase: the exact risk's 2", risk, "+ 2 * (a**2 + b**2", "+ (a**2 + b**2", "limits"),
    ("ridge: its bias", simulation, "variance + penalty**2", "variance + 0 * penalty**2", "misspecified"),
    ("misspecified: the bias on random features", misspecified, "+ b * beta", "+ 0 * b * beta", "misspecified"),
    ("misspecified: residual in the meat", misspecified, "* u + mm_xx)", "* u)", "misspecified"),
    ("misspecified: the best line", misspecified, "theta + 3 * _cubic", "theta + 2 * _cubic", "misspecified"),
]


@pytest.mark.parametrize(
    "module, old, new, group", [case[1:] for case in DROPPED_TERMS], ids=[case[0] for case in DROPPED_TERMS]
)
def test_dropping_a_term_costs_a_verdict(monkeypatch, module, old, new, group):
    cells = ("parameters", "setup", "claims-designs", f"claims-{group}")
    verdicts = claims_after(monkeypatch, NAME, cs, module, old, new, cells=cells)
    assert set(verdicts.values()) != {"confirmed"}, verdicts
