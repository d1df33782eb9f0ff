"""The accumulate-or-replace notebook: what it records at smoke size, and that wrong formulas cost it a verdict."""

import pytest
from mutations import claims_after

import workbench
from workbench.studies.collapse import accumulate_or_replace as ar
from workbench.studies.collapse.accumulate_or_replace import miniature, simulation, theory

NAME = "collapse/accumulate_or_replace"


@pytest.mark.parametrize("regime, fresh", [("accumulate", True), ("accumulate", False), ("replace", True)])
def test_smoke_run(tmp_path, regime, fresh):
    found = workbench.run(NAME, dict(regime=regime, fresh_design=fresh), preset="smoke", output=tmp_path / "out.ipynb")
    verdicts = {claim["identifier"]: claim["verdict"] for claim in found["claims"]}
    assert len(verdicts) == 8 and set(verdicts.values()) == {"confirmed"}, verdicts
    rows = found["tables"]["test_error"]
    assert [list(row) for row in rows] == [["generation", "error_theory", "error_mean", "error_se"]] * 4
    exact = ar.test_error([1, 2, 3, 4], 8, 20, 1.0, regime=regime, fresh_design=fresh)
    for n, row in enumerate(rows):
        assert row["generation"] == n + 1 and row["error_theory"] == pytest.approx(exact[n])
        assert abs(row["error_mean"] - exact[n]) < 4.5 * row["error_se"]


def test_too_few_rows_are_a_sentence(tmp_path):
    with pytest.raises(workbench.CellFailed, match=r"n_samples must be an integer >= n_features \+ 2 = 10, got 9"):
        workbench.run(NAME, dict(n_samples=9), preset="smoke", output=tmp_path / "out.ipynb")


DROPPED_TERMS = [
    ("replace: n", theory, "return one * n\n", "return one + 0 * n\n"),
    ("one design: the square", theory, "else 1 / i**2", "else 1 / i"),
    (
        "fresh designs: the Wishart mean",
        theory,
        "1 / (i * (i * n_samples - n_features - 1))",
        "1 / (i * i * (n_samples - n_features - 1))",
    ),
    (
        "fresh designs: 1/i",
        theory,
        "1 / (i * (i * n_samples - n_features - 1))",
        "1 / (i * n_samples - n_features - 1)",
    ),
    ("limit: gamma", theory, "float(-digamma(1 - a) - np.euler_gamma)", "float(-digamma(1 - a))"),
    ("simulation: accumulating", simulation, "else gram + own", "else own"),
    ("miniature: accumulating", miniature, "counts + fresh if accumulate else fresh", "fresh"),
]


@pytest.mark.parametrize(
    "module, old, new", [case[1:] for case in DROPPED_TERMS], ids=[case[0] for case in DROPPED_TERMS]
)
def test_dropping_a_term_costs_a_verdict(monkeypatch, module, old, new):
    try:
        verdicts = claims_after(monkeypatch, NAME, ar, module, old, new)
    except ValueError as error:  # the two language models became one: a difference of zero has no standard error
        assert "language-model" in str(error)
        return
    assert "not confirmed" in verdicts.values(), verdicts
