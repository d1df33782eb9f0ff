"""The best-of-n notebook: what it records at smoke size, and that wrong formulas cost it a verdict."""

import pytest
from mutations import claims_after

import workbench
from workbench import best_of_n
from workbench.studies.evaluation import expected_best_of_n as eb
from workbench.studies.evaluation.expected_best_of_n import laws, simulation, theory

NAME = "evaluation/expected_best_of_n"


@pytest.mark.parametrize("changes", [{}, dict(law="coin", n_pool=2, n_replications=50)])
def test_smoke_run(tmp_path, changes):
    found = workbench.run(NAME, changes, preset="smoke", output=tmp_path / "out.ipynb")
    verdicts = {claim["identifier"]: claim["verdict"] for claim in found["claims"]}
    assert len(verdicts) == 12 and set(verdicts.values()) == {"confirmed"}, verdicts
    law, pool = changes.get("law", "exponential"), changes.get("n_pool", 12)
    rows = found["tables"]["curves"]
    assert rows[0]["n"] == 1 and rows[-1]["n"] == 2 * pool
    for row in rows:
        assert row["expected_best"] == pytest.approx(float(eb.expected_best(law, row["n"])))
        assert row["plug_in_theory"] == pytest.approx(eb.mean_plug_in(law, pool, row["n"]))
        assert (row["unbiased_mean"] is None) == (row["n"] > pool)
        assert abs(row["plug_in_mean"] - row["plug_in_theory"]) < 4.5 * row["plug_in_se"]
    exact = eb.mean_plug_in(law, pool, pool) - eb.expected_best(law, pool)
    assert found["scalars"]["bias_at_pool_size"] == pytest.approx(float(exact))


def test_unchanged_code_keeps_every_verdict(monkeypatch):
    assert set(claims_after(monkeypatch, NAME, eb).values()) == {"confirmed"}


DROPPED_TERMS = [
    ("plug-in weights: the power", theory, "/ n_pool) ** float(n)", "/ n_pool) ** float(n + 1)"),
    ("different runs: the old ones", theory, "law * seen / n_pool", "law * (seen - 1).clip(0) / n_pool"),
    ("different runs: the new ones", theory, "(n_pool - seen[:-1]) /", "(n_pool - seen[:-1] - 1).clip(0) /"),
    ("leading bias: pairs", theory, "-n * (n - 1) / (2 * n_pool)", "-n * n / (2 * n_pool)"),
    ("leading bias: the step", theory, "expected_best(law, n - 1))", "expected_best(law, n - 2))"),
    ("uniform covariance", theory, "(n_pool + 1 - high)", "(n_pool - high)"),
    ("uniform covariance: scale", theory, "((n_pool + 1) ** 2 * (n_pool + 2))", "((n_pool + 1) ** 2 * n_pool)"),
    ("exponential covariance", theory, "np.cumsum(spacing**2)[low - 1]", "np.cumsum(spacing**2)[high - 1]"),
    ("exponential mean", laws, "digamma(n + 1) + np.euler_gamma", "digamma(n) + np.euler_gamma"),
    ("uniform mean", laws, "return n / (n + 1)", "return (n + 1) / (n + 2)"),
    ("bimodal: the gap", laws, "- 0.3 * bad", "- 0.2 * bad"),
    ("bimodal: the good runs", laws, "bad * (1 - GOOD)) / ((n + 1)", "bad) / ((n + 1)"),
    ("estimates: order", simulation, "np.sort(np.asarray(scores, dtype=float), axis=-1)", "np.asarray(scores)"),
    ("bootstrap: lower end", simulation, "[(1 - level) / 2", "[level / 2"),
]  # fmt: skip


@pytest.mark.parametrize(
    "module, old, new", [case[1:] for case in DROPPED_TERMS], ids=[case[0] for case in DROPPED_TERMS]
)
def test_dropping_a_term_costs_a_verdict(monkeypatch, module, old, new):
    verdicts = claims_after(monkeypatch, NAME, eb, module, old, new)
    assert set(verdicts.values()) != {"confirmed"}, verdicts


def test_the_shared_weights_are_the_ones_that_are_tested():
    assert eb.subset_weights is best_of_n.subset_weights
