"""The calibration-interval notebook: what it records at smoke size, and that wrong formulas cost it a verdict."""

import pytest
from mutations import claims_after

import workbench
from workbench.studies.calibration import calibration_error_interval as ci
from workbench.studies.calibration.calibration_error_interval import (
    bootstrap,
    estimators,
    interval,
    scores,
    simulation,
    theory,
    transition,
)

NAME = "calibration/calibration_error_interval"


@pytest.mark.parametrize("changes", [{}, dict(n_classes=6, top_k=2, n_bins=8, largest_error=4.0)])
def test_smoke_run(tmp_path, changes):
    found = workbench.run(NAME, changes, preset="smoke", output=tmp_path / "out.ipynb")
    verdicts = {claim["identifier"]: claim["verdict"] for claim in found["claims"]}
    assert len(verdicts) == 12 and set(verdicts.values()) == {"confirmed"}, verdicts
    rows = found["tables"]["coverage"]
    assert len(rows) == 9 and rows[0]["error"] == 0 and rows[-1]["error_in_sd"] == changes.get("largest_error", 20)
    assert found["scalars"]["lowest_coverage"] == min(row["coverage_mean"] for row in rows)
    for row in rows:
        assert row["error"] == pytest.approx(changes.get("top_k", 1) * row["shift"] ** 2)
        assert abs(row["estimate_mean"] - row["estimate_theory"]) < 4.5 * row["estimate_se"]
        assert row["plug_in_mean"] > row["estimate_mean"]


def test_a_shift_that_leaves_the_simplex_is_a_sentence(tmp_path):
    with pytest.raises(workbench.CellFailed, match=r"shift must lie in \[0, 1/n_classes\] = \[0, 0.05\]"):
        workbench.run(NAME, dict(n_classes=20), preset="smoke", output=tmp_path / "out.ipynb")


MOMENTS, RATES, COVERAGE = (
    ("claims-moments",),
    ("claims-moments", "claims-rates"),
    ("claims-moments", "claims-coverage"),
)
BOOTSTRAP, TARGET = ("claims-moments", "claims-coverage", "claims-bootstrap"), ("claims-moments", "claims-target")
DROPPED_TERMS = [
    ("T: n - 1", MOMENTS, estimators, "usable, counts - 1, 1)", "usable, counts, 1)"),
    ("T: lonely ones", MOMENTS, theory, "np.sum(p * (1 - (1 - p) ** (n_samples - 1)) *", "np.sum(p *"),
    ("plug-in: empty bins", MOMENTS, theory, "traces * (1 - (1 - p) ** n_samples)", "traces"),
    ("variance: the 2 of the pairs", MOMENTS, theory, "within += 2 * np.einsum", "within += np.einsum"),
    ("variance: N/(N - 1)", MOMENTS, theory, "mass * count / (count - 1)", "mass"),
    ("variance: between bins", MOMENTS, theory, "(within + between)", "within"),
    ("simulation: the gap", RATES, simulation, "accuracy = z + gaps", "accuracy = z + 0 * gaps"),
    ("estimated variance: 4", COVERAGE, estimators, "4 * quadratic - 3", "2 * quadratic - 3"),
    ("null: the 2", COVERAGE, theory, "np.sqrt(2 * np.sum(cov", "np.sqrt(np.sum(cov"),
    ("interval: one-sided near zero", COVERAGE, interval, "np.maximum(0, clipped - one", "np.maximum(0, clipped - 0.5"),
    ("interval: half", COVERAGE, interval, "clipped - one * s), clipped / 2)", "clipped - one * s), clipped)"),
    ("law: the upper end", COVERAGE, transition, "(x / (2 * two)) ** 2", "0 * x"),
    ("law: the half", COVERAGE, transition, "bins + 2 * x", "bins + x"),
    ("bootstrap: whole samples", BOOTSTRAP, bootstrap, "multinomial(n, (part", "multinomial(n // 2, (part"),
    ("sigma 0: the 2", TARGET, scores, "return 2 * float(total)", "return float(total)"),
    ("wave: its length", TARGET, scores, "cycles / width", "cycles"),
]


@pytest.mark.parametrize(
    "cells, module, old, new", [case[1:] for case in DROPPED_TERMS], ids=[case[0] for case in DROPPED_TERMS]
)
def test_dropping_a_term_costs_a_verdict(monkeypatch, cells, module, old, new):
    verdicts = claims_after(monkeypatch, NAME, ci, module, old, new, cells=("parameters", "setup", *cells))
    assert set(verdicts.values()) != {"confirmed"}, verdicts


@pytest.mark.parametrize("cells", [MOMENTS, COVERAGE, BOOTSTRAP, TARGET])
def test_the_cells_alone_confirm_everything(monkeypatch, cells):
    """What the mutations are compared with: an error of the cells themselves would look like a lost verdict."""
    verdicts = claims_after(monkeypatch, NAME, ci, cells=("parameters", "setup", *cells))
    assert set(verdicts.values()) == {"confirmed"}, verdicts
