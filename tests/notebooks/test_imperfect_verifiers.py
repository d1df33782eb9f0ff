"""The imperfect-verifiers notebook: what it records at smoke size, and that wrong formulas cost it a verdict."""

import pytest
from mutations import claims_after

import workbench
from workbench.studies.decoding import imperfect_verifiers as iv
from workbench.studies.decoding.imperfect_verifiers import beta_law, simulation, theory

NAME = "decoding/imperfect_verifiers"


@pytest.mark.parametrize("changes", [{}, dict(hardness_link=1.5, abstention_value=0.2, false_positive_rate=0.3)])
def test_smoke_run(tmp_path, changes):
    found = workbench.run(NAME, changes, preset="smoke", output=tmp_path / "out.ipynb")
    verdicts = {claim["identifier"]: claim["verdict"] for claim in found["claims"]}
    assert len(verdicts) == 12 and set(verdicts.values()) == {"confirmed"}, verdicts
    rows = found["tables"]["budgets"]
    assert [row["attempts"] for row in rows] == [1, 2, 3, 5, 6, 9, 12]
    for row in rows:
        for name in ("accuracy", "utility"):
            assert abs(row[f"{name}_mean"] - row[f"{name}_theory"]) < 4.5 * row[f"{name}_se"]
        if not changes:
            assert row["accuracy_theory"] == pytest.approx(iv.beta_accuracy(row["attempts"], 1.0, 1.6, 0.1))
    if not changes:
        assert found["scalars"]["best_attempts"] == iv.beta_optimal_attempts(1.0, 1.6, 0.1, 2.0) == 4
        assert found["scalars"]["ceiling"] == pytest.approx(iv.beta_ceiling(1.0, 1.6, 0.1))


def test_extreme_parameters_still_run(tmp_path):
    changes = dict(false_positive_rate=0.0, cost=0.0, n_replications=50, max_attempts=2, n_problems=2)
    found = workbench.run(NAME, changes, preset="smoke", output=tmp_path / "out.ipynb")
    assert found["scalars"]["best_attempts"] == 2 and found["scalars"]["ceiling"] == pytest.approx(1.0)


DROPPED_TERMS = [
    ("acceptance: one factor 1 - p", theory, "return p + (1 - p) * f", "return p + (1 - p) ** 2 * f"),
    ("accuracy: attempts stop at acceptance", theory, "k * np.log1p(-s)) / s", "k * np.log1p(-np.asarray(p))) / s"),
    ("false acceptance: the factor f", theory, "(1 - np.asarray(p)) * np.asarray(f) *", "(1 - np.asarray(p)) *"),
    ("effective cost: the unit", theory, "return (cost + abstention) / (1 - abstention)", "return cost + abstention"),
    ("search: rejections", theory, "ahead = (1 - s) ** k @ gain", "ahead = (1 - s) ** (k + 1) @ gain"),
    ("catch-up: odds of the strong model", theory, "p / (1 - p) / (a / (1 - a))", "p / (1 - p) / a"),
    ("beta ceiling: the mean", beta_law, "a / (a + b) * hyp2f1(", "a / (a + b + 1) * hyp2f1("),
    ("beta ceiling: the perfect share", beta_law, "a + b + 1, 1 - f)", "a + b, 1 - f)"),
    ("best budget: b", beta_law, "np.ceil(round(a / rate - b, 9))", "np.ceil(round(a / rate, 9))"),
    ("best budget: ceiling", beta_law, "np.ceil(round(", "np.floor(round("),
    ("simulation: the verifier", simulation, "accepted = right | (", "accepted = right & ("),
    ("simulation: stops at acceptance", simulation, "open_ = open_[~accepted]", "open_ = open_[~right]"),
    ("reward: the budget", simulation, "attempt <= n", "attempt < n"),
]


@pytest.mark.parametrize(
    "module, old, new", [case[1:] for case in DROPPED_TERMS], ids=[case[0] for case in DROPPED_TERMS]
)
def test_dropping_a_term_costs_a_verdict(monkeypatch, module, old, new):
    try:
        verdicts = claims_after(monkeypatch, NAME, iv, module, old, new)
    except ValueError as error:  # some mutants make every replication the same, and a difference has no standard error
        assert "standard errors must be positive" in str(error)
        return
    assert {"not confirmed", "undecided"} & set(verdicts.values()), verdicts
