"""The marginalised-MCMC notebook: what it records at smoke size, and that wrong formulas cost it a verdict."""

import pytest
from mutations import claims_after

import workbench
from workbench.studies.bayesian_computation import marginalised_mcmc as mm
from workbench.studies.bayesian_computation.marginalised_mcmc import (
    automatic,
    densities,
    pooling,
    simulation,
    theory,
)

NAME = "bayesian_computation/marginalised_mcmc"


def test_smoke_run(tmp_path):
    found = workbench.run(NAME, preset="smoke", output=tmp_path / "out.ipynb")
    verdicts = {claim["identifier"]: claim["verdict"] for claim in found["claims"]}
    assert len(verdicts) == 12 and set(verdicts.values()) == {"confirmed"}, verdicts
    rows = found["tables"]["gibbs"]
    assert [list(row) for row in rows] == [["pooling", "form", "draws_theory", "draws_mean", "draws_se"]] * 15
    for row in rows:
        assert row["draws_theory"] == pytest.approx(mm.draws_per_effective_draw(row["pooling"], row["form"], 100))
        assert abs(row["draws_mean"] - row["draws_theory"]) < 4.5 * row["draws_se"]
    assert {row["form"] for row in found["tables"]["hmc"]} == set(mm.FORMS)
    assert [row["form"] for row in found["tables"]["nuts"]] == list(mm.FORMS)
    assert found["scalars"]["gradients_marginalised"] < found["scalars"]["gradients_centred"]


EXACT, CHAINS = "claims-exact", "claims-chains"
DROPPED_TERMS = [
    ("gain: no noise", EXACT, automatic, "gain = slope * sd**2 / total**2", "gain = slope**-1.0"),
    (
        "marginal: standard deviations added",
        EXACT,
        automatic,
        "sqrt(slope**2 * sd**2 + noise**2)",
        "slope * sd + noise",
    ),
    ("conditional: the noise's share", EXACT, automatic, "sd * noise / total)", "sd * sd / total)"),
    ("line: the intercept", EXACT, automatic, "predicted = slope * mean + intercept", "predicted = slope * mean"),
    ("beta: the misses", EXACT, automatic, "b + (trials - value)", "b + trials"),
    ("gamma: the exposure", EXACT, automatic, "rate + exposure))", "rate + 1.0))"),
    (
        "Gibbs: the width of mu given the latents",
        EXACT,
        simulation,
        "np.sqrt(tau2 / n_groups) * noise",
        "np.sqrt(1 / n_groups) * noise",
    ),
    ("worth: finitely many draws", EXACT, pooling, "- 2 * r * (1 - r**n_draws)", "- r * (1 - r**n_draws)"),
    (
        "condition number: the root",
        EXACT,
        pooling,
        "r = np.sqrt(gibbs_autocorrelation(pooling, form))",
        "r = gibbs_autocorrelation(pooling, form)",
    ),
    ("hand-written: tau^2", EXACT, theory, "variance = np.exp(2 * h2) * k + s2", "variance = np.exp(h2) * k + s2"),
    (
        "recovery: the beta's misses",
        CHAINS,
        theory,
        "generator.beta(a + y, b + scale - y)",
        "generator.beta(a + y, b + scale)",
    ),
    ("density: the walk's normaliser", CHAINS, densities, "+ square) - y.size * log_tau[:, 0]", "+ square)"),
    ("density: beta's normaliser", CHAINS, densities, "gammaln(kappa) - gammaln(a)", "-gammaln(a)"),
]


@pytest.mark.parametrize(
    "cell, module, old, new", [case[1:] for case in DROPPED_TERMS], ids=[case[0] for case in DROPPED_TERMS]
)
def test_dropping_a_term_costs_a_verdict(monkeypatch, cell, module, old, new):
    verdicts = claims_after(monkeypatch, NAME, mm, module, old, new, cells=("parameters", "setup", cell))
    assert "not confirmed" in verdicts.values(), verdicts
