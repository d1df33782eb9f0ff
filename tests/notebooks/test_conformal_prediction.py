"""The conformal-prediction notebook: what it records at smoke size, and that wrong formulas cost it a verdict."""

import numpy as np
import pytest
from mutations import claims_after

import workbench
from workbench.studies.missing_data import conformal_prediction as cp
from workbench.studies.missing_data.conformal_prediction import masks, nested, predictors, simulation, theory

NAME = "missing_data/conformal_prediction"


def test_smoke_run(tmp_path):
    found = workbench.run(NAME, {}, preset="smoke", output=tmp_path / "out.ipynb")
    verdicts = {claim["identifier"]: claim["verdict"] for claim in found["claims"]}
    assert len(verdicts) == 12 and set(verdicts.values()) == {"confirmed"}, verdicts
    rows = found["tables"]["coverage"]
    assert [row["missing"] for row in rows] == ["none", "X1", "X3", "X1 X3", "X2", "X2 X3", "X1 X2", "X1 X2 X3"]
    expected = cp.coverage_of_random_size(80, cp.subset_share([0.2] * 3), 0.1)
    order = np.argsort(cp.oracle_length(*cp.model(3, 0.8), 1.0, 0.1), kind="stable")
    for row, m in zip(rows, order, strict=True):
        assert row["exact_theory"] == pytest.approx(expected[m])
        assert abs(row["exact_mean"] - row["exact_theory"]) < 4.5 * row["exact_se"]
    pooled, se = found["scalars"]["marginal_pooled"], found["scalars"]["marginal_pooled_se"]
    assert abs(pooled - cp.split_coverage(80, 0.1)) < 4.5 * se


def test_other_masks_and_sizes(tmp_path):
    """Few calibration rows: infinite lengths are recorded as unknown; with MAR the masks that hide X1 are left out."""
    changes = dict(n_features=2, alpha=0.2, missing_rate=0.7, mechanism="mar", n_calibration=10, imputation="mean")
    found = workbench.run(NAME, changes, preset="smoke", output=tmp_path / "out.ipynb")
    rows = found["tables"]["coverage"]
    assert [(row["missing"], row["exact_length"] is None) for row in rows] == [("none", True), ("X2", False)]
    assert abs(found["scalars"]["marginal_pooled"] - 9 / 11) < 4.5 * found["scalars"]["marginal_pooled_se"]


def test_nobody_to_drive_the_masks_is_a_sentence(tmp_path):
    with pytest.raises(workbench.CellFailed, match="'mar' needs n_features >= 2"):
        workbench.run(NAME, dict(n_features=1, mechanism="mar"), preset="smoke", output=tmp_path / "out.ipynb")


DROPPED_TERMS = [
    ("variance: the regression on what is seen", theory, "covariance - fill @ covariance @", "covariance - 0 * fill @"),
    ("rank: the test row", theory, "(n + 1) * (1 - alpha) - 1e-9", "n * (1 - alpha) - 1e-9"),
    ("coverage: k/(n + 1)", theory, "rank(n_calibration, alpha) / (np.asarray(n_calibration) + 1)",
     "rank(n_calibration, alpha) / (np.asarray(n_calibration) + 2)"),
    ("random size: its law", theory, "share[..., None]) @ split_coverage", "share[..., None] ** 2) @ split_coverage"),
    ("usable rows: contained masks", theory, "np.where(all_masks(len(chances)), 1.0, 1 - chances)",
     "np.where(all_masks(len(chances)), chances, 1 - chances)"),
    ("infinite: off by one", theory, "@ (rank(c, alpha) > c)", "@ (rank(c, alpha) >= c)"),
    ("pooled: law of the masks", theory, "@ shares < levels", "@ np.full(len(shares), 1 / len(shares)) < levels"),
    ("nested: bags", nested, "@ share.T", "@ np.eye(len(share))"),
    ("outliers: the average rank", nested, "1 - outlier_share / 2)", "1 - outlier_share)"),
    ("simulation: containment", simulation, "usable = (number[..., None] | masks) == aim",
     "usable = (number[..., None] | masks) >= 0"),
    ("simulation: scores under the test row's mask", simulation, "np.where(usable, scores[..., aim], np.inf)",
     "np.where(usable, own_score, np.inf)"),
    ("simulation: test row under the augmented mask", simulation, "augmented[:, None, :, 0], (n_rep",
     "0 * augmented[:, None, :, 0] + m, (n_rep"),
    ("simulation: score of the augmented row", simulation, "np.take_along_axis(scores, augmented, axis=2)",
     "np.take_along_axis(scores, number[:, :, None], axis=2)"),
    ("mask law: product over features", masks, "weights * p], axis=-1)", "weights * p * p], axis=-1)"),
    ("imputation: the regression", predictors, "slopes = fill_in(covariance)",
     "slopes = fill_in(np.eye(d) + 0 * covariance)"),
]  # fmt: skip


@pytest.mark.parametrize(
    "module, old, new", [case[1:] for case in DROPPED_TERMS], ids=[case[0] for case in DROPPED_TERMS]
)
def test_dropping_a_term_costs_a_verdict(monkeypatch, module, old, new):
    cheap = lambda *args, **options: predictors.oracle_quantiles(*cp.model(3, 0.8), 1.0, 0.1)  # noqa: E731
    monkeypatch.setattr(predictors, "boosted_quantiles", cheap)  # trees say nothing about formulas, and are slow
    verdicts = claims_after(monkeypatch, NAME, cp, module, old, new)
    assert set(verdicts.values()) != {"confirmed"}, verdicts
