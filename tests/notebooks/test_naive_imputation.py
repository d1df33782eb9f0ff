"""The naive-imputation notebook: what it records at smoke size, and that wrong formulas cost it a verdict."""

import pytest
from mutations import claims_after

import workbench
from workbench.studies.missing_data import naive_imputation as ni
from workbench.studies.missing_data.naive_imputation import mar, sgd_theory, simulation, theory

NAME = "missing_data/naive_imputation"


@pytest.mark.parametrize("spectrum, spread", [("low_rank", 0.0), ("power_law", 0.3)])
def test_smoke_run(tmp_path, spectrum, spread):
    values = dict(spectrum=spectrum, rate_spread=spread)
    found = workbench.run(NAME, values, preset="smoke", output=tmp_path / "out.ipynb")
    verdicts = {claim["identifier"]: claim["verdict"] for claim in found["claims"]}
    assert len(verdicts) == 12 and set(verdicts.values()) == {"confirmed"}, verdicts
    rows = found["tables"]["bias"]
    assert all(list(row) == ["dimension", "bias_theory", "bias_mean", "bias_se"] for row in rows)
    for row in rows:
        factor, b = ni.design(spectrum, row["dimension"], min(4, row["dimension"]))
        rates = ni.mean_rates(row["dimension"], 0.5, spread)
        assert row["bias_theory"] == pytest.approx(ni.imputation_bias(factor @ factor.T, b, rates))
        assert abs(row["bias_mean"] - row["bias_theory"]) < 4.5 * row["bias_se"]
    for row in found["tables"]["sgd"]:
        assert abs(row["sgd_mean"] - row["sgd_theory"]) < 4.5 * row["sgd_se"]
    assert found["scalars"]["imputation_share"] == pytest.approx(
        rows[-1]["bias_theory"] / found["tables"]["sgd"][-1]["sgd_theory"]
    )


def test_a_rank_that_does_not_fit_is_a_sentence(tmp_path):
    with pytest.raises(workbench.CellFailed, match=r"rank must be an integer in \[1, n_features\] = \[1, 24\], got 25"):
        workbench.run(NAME, dict(rank=25), preset="smoke", output=tmp_path / "out.ipynb")


RISK, SGD, MAR = (("parameters", "setup", "claims-start", f"claims-{part}") for part in ("risk", "sgd", "mar"))
DROPPED_TERMS = [
    ("risk: the rate", theory, "gap = coefficients - rates * theta", "gap = coefficients - theta", RISK),
    ("risk: the penalty", theory, "+ _quadratic(theta, v * second_moment)", "", RISK),
    ("optimum: the mask's covariance", theory, "(v + np.outer(rates, rates)) *", "np.outer(rates, rates) *", RISK),
    ("penalty: 1/rho", theory, "* (1 - rates) / rates", "* (1 - rates)", RISK),
    ("ridge bias: weights", theory, "np.diag(weights), weights *", "np.diag(weights), weights.mean() *", RISK),
    ("closed form: the second r", theory, "(rho * d + (1 - rho) * r)", "(rho * d)", RISK),
    ("fixed count: off the diagonal", theory, "(d * np.eye(d) - 1) / (d - 1)", "np.eye(d)", RISK),
    ("simulation: the mean of X", simulation, "x += mean", "pass", RISK),
    ("recursion: fourth moments", sgd_theory, "+ step**2 * masked_fourth_moment(", "+ 0 * masked_fourth_moment(", SGD),
    ("fourth moments: distinct columns", sgd_theory, "1 - rates, rates * (1 - rates)", "0 * rates, 0 * rates", SGD),
    ("recursion: the iterates' covariance", sgd_theory, "spread += 2 * np.sum(moment * product) +", "spread +=", SGD),
    ("simulation: averaging", simulation, "imputed_risk(total / (n_steps + 1)", "imputed_risk(theta", SGD),
    ("MAR: the tilt", mar, "np.outer(c, c) * (", "0 * np.outer(c, c) * (", MAR),
    ("MAR: a column with itself", mar, "fill_diagonal(moment, np.diag(once))", "fill_diagonal(moment, 1.0)", MAR),
    ("MAR: what the mask reads", mar, "x[..., :1] if depends_on_x else copy", "copy", MAR),
]


@pytest.mark.parametrize(
    "module, old, new, cells", [case[1:] for case in DROPPED_TERMS], ids=[case[0] for case in DROPPED_TERMS]
)
def test_dropping_a_term_costs_a_verdict(monkeypatch, module, old, new, cells):
    verdicts = claims_after(monkeypatch, NAME, ni, module, old, new, cells)
    assert "not confirmed" in verdicts.values(), verdicts


@pytest.mark.parametrize("cells, count", [(RISK, 6), (SGD, 4), (MAR, 2)])
def test_nothing_dropped_confirms_all(monkeypatch, cells, count):
    verdicts = claims_after(monkeypatch, NAME, ni, cells=cells)
    assert list(verdicts.values()) == ["confirmed"] * count
