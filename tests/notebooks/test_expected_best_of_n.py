"""The notebook on the expected best of n: what it records at smoke size, and that wrong formulas cost it a verdict."""

import pytest
from mutations import claims_after

import workbench
from workbench import best_of_n
from workbench.studies.evaluation import expected_best_of_n as eb
from workbench.studies.evaluation.expected_best_of_n import laws, simulation, theory

NAME = "evaluation/expected_best_of_n"


@pytest.mark.parametrize("changes", [{}, dict(first_law="bimodal", second_law="pareto", n_pool=7)])
def test_smoke_run(tmp_path, changes):
    found = workbench.run(NAME, changes, preset="smoke", output=tmp_path / "out.ipynb")
    verdicts = {claim["identifier"]: claim["verdict"] for claim in found["claims"]}
    assert len(verdicts) == 14 and set(verdicts.values()) == {"confirmed"}, verdicts
    rows = found["tables"]["curves"]
    for row in rows:
        for model in ("first", "second"):
            for kind, exact in (("plug_in", "plug_in_theory"), ("unbiased", "truth")):
                gap = row[f"{model}_{kind}_mean"] - row[f"{model}_{exact}"]
                assert abs(gap) < 4.5 * row[f"{model}_{kind}_se"]
            assert row[f"{model}_plug_in_theory"] <= row[f"{model}_truth"] + 1e-12
    n_pool, name = changes.get("n_pool", 20), changes.get("first_law", "small")
    assert rows[-1]["n"] == n_pool
    bias, _ = eb.bias_and_variance(eb.law(name), n_pool, n_pool, "plug-in")
    assert found["scalars"]["bias_at_full_pool"] == pytest.approx(bias)
    assert len(found["tables"]["coverage"]) == 36


DROPPED_TERMS = [
    ("plug-in: a power short", theory, "/ n_pool) ** float(n))", "/ n_pool) ** float(n - 1))"),
    ("different runs: n draws", theory, "for _ in range(int(n)):", "for _ in range(int(n) - 1):"),
    ("different runs: the old ones", theory, "share = share * d / n_pool +", "share = share * (d + 1) / n_pool +"),
    ("expected best: the power", theory, "law.levels ** n[..., None]", "law.levels ** (n[..., None] + 1)"),
    ("variance: the lower score", theory, "step = share ** float(d) * width", "step = width"),
    ("variance: both orders", theory, "variance += 2 * sizes", "variance += sizes"),
    ("variance: the others", theory, "@ mass[d:]", "@ mass[: rest + 1]"),
    ("error: the bias", theory, "return variance + bias**2", "return variance"),
    ("bound: the whole pool", theory, "expected_best(law, n)) ** n_pool)", "expected_best(law, n)) ** n)"),
    ("negative errors: n draws", theory, "expected_best(law, n)) ** n)", "expected_best(law, n)))"),
    ("law: the cut", laws, "low + u * (high - low)", "low + u * (1 - low)"),
    ("resampling: as many draws", simulation, "stream.multinomial(n_pool, ", "stream.multinomial(n_pool - 1, "),
    ("shared runs: the own share", simulation, "np.sqrt(1 - shared) * ndtri", "(1 - shared) * ndtri"),
]


@pytest.mark.parametrize(
    "module, old, new", [case[1:] for case in DROPPED_TERMS], ids=[case[0] for case in DROPPED_TERMS]
)
def test_dropping_a_term_costs_a_verdict(monkeypatch, module, old, new):
    verdicts = claims_after(monkeypatch, NAME, eb, module, old, new)
    assert {"not confirmed", "undecided"} & set(verdicts.values()), verdicts


def test_a_wrong_unbiased_estimator_costs_a_verdict(monkeypatch):
    """The shared estimator too is under test: subsets of size n + 1 for n."""
    right = best_of_n.expected_maximum
    monkeypatch.setattr(best_of_n, "expected_maximum", lambda scores, n: right(scores, min(n + 1, scores.shape[-1])))
    verdicts = claims_after(monkeypatch, NAME, eb)
    assert verdicts["unbiased"] == "not confirmed"
