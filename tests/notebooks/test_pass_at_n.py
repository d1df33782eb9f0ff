"""The pass@N notebook: what it records at smoke size, and that wrong formulas cost it a verdict."""

import pytest
from mutations import claims_after

import workbench
from workbench.studies.decoding import pass_at_n as pn
from workbench.studies.decoding.pass_at_n import losses, networks, simulation, theory

NAME = "decoding/pass_at_n"


def test_smoke_run(tmp_path):
    found = workbench.run(NAME, preset="smoke", output=tmp_path / "out.ipynb")
    verdicts = {claim["identifier"]: claim["verdict"] for claim in found["claims"]}
    assert len(verdicts) == 12 and set(verdicts.values()) == {"confirmed"}, verdicts
    p = pn.right_answers(0.5)
    for row in found["tables"]["policies"]:
        n = row["n_draws"]
        assert row["coverage_theory"] == pytest.approx(pn.coverage(p, pn.best_policy(p, n), n))
        assert abs(row["coverage_mean"] - row["coverage_theory"]) < 4.5 * row["coverage_se"] + 1e-6
    rows = found["tables"]["training"]
    assert {row["loss_draws"] for row in rows} == {1, 8, 32} and rows[-1]["epoch"] == 40
    for row in rows:
        assert abs(row["pass_mean"] - row["pass_theory"]) < 5.5 * row["pass_se"]  # six networks: heavier tails
    assert found["scalars"]["cross_entropy_last"] < found["scalars"]["cross_entropy_best"]
    assert found["scalars"]["coverage_loss_last"] > found["scalars"]["cross_entropy_last"]


def test_too_many_images_are_a_sentence(tmp_path):
    with pytest.raises(ValueError, match="n_training"):
        workbench.run(NAME, dict(n_training=3000), preset="smoke", output=tmp_path / "out.ipynb")


DROPPED_TERMS = [
    ("best policy: N for N-1", theory, "/ np.maximum(n - 1, 0.5)", "/ n"),
    ("best policy: one answer too many in the sum", theory, "1 - (k - 1) * np.where", "1 - k * np.where"),
    ("best policy: water line of all answers", theory, "* ordered < total, axis", "* ordered < np.inf, axis"),
    ("loss optimum: weights", theory, "> log_multiplier - log_p", "> log_multiplier - 0 * log_p"),
    ("loss optimum: N-1", theory, "(n - 1) * np.log1p(-np.exp(log_q))", "n * np.log1p(-np.exp(log_q))"),
    ("loss: N", losses, "n_draws * _log_complement(capped, xp)", "_log_complement(capped, xp)"),
    ("factor: N-1", losses, "(n - 1) * log_miss", "n * log_miss"),
    ("factor: N", losses, "np.log(n) + log_q", "log_q"),
    ("hits: one draw", simulation, "np.expm1(n * np.log1p(-np.minimum(given", "np.expm1(np.log1p(-np.minimum(given"),
    ("memorised: the wrong labels", simulation, "multinomial(n_labels, p,", "multinomial(n_labels, p[::-1],"),
    (
        "networks: the loss ignores N",
        networks,
        "coverage_loss(log_q, n, torch)",
        "coverage_loss(log_q, 0 * n + 8, torch)",
    ),
    ("networks: temperature", networks, "trained.logits / temperature", "trained.logits"),
    ("networks: clean labels", networks, "_truth(classes[train], ambiguity)", "_truth(classes[train], 0.0)"),
    ("networks: confidence", networks, "np.exp(log_q.max(axis=-1))", "np.exp(0 * log_q.max(axis=-1))"),
]


@pytest.mark.parametrize(
    "module, old, new", [case[1:] for case in DROPPED_TERMS], ids=[case[0] for case in DROPPED_TERMS]
)
def test_dropping_a_term_costs_a_verdict(monkeypatch, module, old, new):
    cells = ("parameters", "setup", "claims" if module is networks else "claims-policies")
    try:
        verdicts = claims_after(monkeypatch, NAME, pn, module, old, new, cells=cells)
    except ValueError as error:  # losses that became one have no paired difference; a policy can leave the simplex
        assert "standard errors must be positive" in str(error) or "must have different signs" in str(error)
        return
    assert set(verdicts.values()) != {"confirmed"}, verdicts


def test_unchanged_formulas_keep_every_verdict(monkeypatch):
    assert set(claims_after(monkeypatch, NAME, pn).values()) == {"confirmed"}
