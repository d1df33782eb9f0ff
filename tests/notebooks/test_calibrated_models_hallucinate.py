"""The calibrated-models notebook: what it records at smoke size, and that wrong formulas cost it a verdict."""

import pytest
from mutations import claims_after

import workbench
from workbench.studies.calibration import calibrated_models_hallucinate as cm
from workbench.studies.calibration.calibrated_models_hallucinate import bins, models, simulation, theory

NAME = "calibration/calibrated_models_hallucinate"


@pytest.mark.parametrize("law, false_per_fact, n_samples", [("uniform", 1000, 300), ("zipf", 1, 500)])
def test_smoke_run(tmp_path, law, false_per_fact, n_samples):
    changes = dict(law=law, false_per_fact=false_per_fact, n_samples=n_samples)
    found = workbench.run(NAME, changes, preset="smoke", output=tmp_path / "out.ipynb")
    verdicts = {claim["identifier"]: claim["verdict"] for claim in found["claims"]}
    assert len(verdicts) == 12 and set(verdicts.values()) == {"confirmed"}, verdicts
    rows = found["tables"]["blends"]
    assert [row["weight"] for row in rows] == [0, 0.25, 0.5, 0.75, 1]
    facts = cm.fact_law(200, law)
    assert found["scalars"]["missing_mass"] == pytest.approx(cm.missing_mass(n_samples, facts))
    assert found["scalars"]["singletons_theory"] == pytest.approx(cm.singleton_share(n_samples, facts))
    for row in rows:
        # with as many falsehoods as facts the theory for Zipf puts the mean of K where K belongs
        allowed = 4.5 * row["hallucination_se"] + (0.003 if false_per_fact == 1 else 1e-5)
        assert abs(row["hallucination_mean"] - row["hallucination_theory"]) <= allowed
        assert row["hallucination_mean"] + 4.5 * row["hallucination_se"] >= row["floor"]


def test_a_law_that_is_not_known_is_a_sentence(tmp_path):
    with pytest.raises(ValueError, match="law"):
        workbench.run(NAME, dict(law="pareto"), preset="smoke", output=tmp_path / "out.ipynb")


DROPPED_TERMS = [
    ("singletons: n - 1", theory, "xlog1py(n[..., None] - 1, -p)", "xlog1py(n[..., None], -p)"),
    ("wall: miscalibration", theory, "dtype=float) - miscalibration - 1 /", "dtype=float) - 1 /"),
    ("floor: noise", theory, "false_per_fact * delta / 3) - noise", "false_per_fact * delta / 3)"),
    ("memoriser: the mode", theory, "m = np.floor(n * q) + 1", "m = np.ceil(n * q) + 1"),
    ("calibrated: the seen facts", theory, "(n_facts + false - k)))", "(n_facts + false)))"),
    ("occupancy", theory, "law[:-1] * (1 - old[:-1])", "law[:-1] * (1 - old[1:])"),
    ("miscalibration: the half", bins, "axis=1) / 2\n", "axis=1)\n"),
    ("levels", bins, "ordered[:, :-1] * (1 + 1e-9)", "ordered[:, :-1] * 10"),
    ("calibrated: its classes", models, "times[:, :n_facts] += counts", "times[:, :n_facts] += 0 * counts"),
    ("calibrated: what is ruled out", models, "times[:, -1] = 0", "times[:, -1] = 1"),
    ("good-turing: c + 1", models, "times[1:] * number[:, 1:]", "number[:, 1:]"),
    ("copies", simulation, "multinomial(n // copies,", "multinomial(n,"),
    ("hallucination", simulation, "(size * g)[:, n_facts:]", "g[:, n_facts:]"),
    ("missing mass", simulation, "unseen @ p,", "(counts <= 1) @ p,"),
    ("mixed bins", simulation, "(1 - seen) * seen_share - seen", "-seen"),
]


@pytest.mark.parametrize(
    "module, old, new", [case[1:] for case in DROPPED_TERMS], ids=[case[0] for case in DROPPED_TERMS]
)
def test_dropping_a_term_costs_a_verdict(monkeypatch, module, old, new):
    verdicts = claims_after(monkeypatch, NAME, cm, module, old, new)
    assert set(verdicts.values()) - {"confirmed"}, verdicts
