"""The inverse-RL sensitivity notebook: what it records at smoke size, and that wrong formulas cost it a verdict."""

# ruff: noqa: E501 (the mutations quote lines of source whole)

import inspect

import matplotlib
import pytest

matplotlib.use("agg")

import matplotlib.pyplot as plt

import workbench
from workbench.runner import project
from workbench.studies.misspecification import irl_sensitivity as irl
from workbench.studies.misspecification.irl_sensitivity import (
    bayes,
    behaviour,
    mdp,
    observer,
    regret,
    sensitivity,
    solve,
    starc,
    transformations,
)

NAME = "misspecification/irl_sensitivity"
MODULES = (irl, mdp, solve, behaviour, transformations, starc, regret, observer, sensitivity, bayes)
COLUMNS = ["error_kind", "error_size", "distance_least_norm", "distance_state_only", "distance_worst", "regret"]
PARAMETERS = [
    "n_states", "n_actions", "discount", "observer_discount", "behaviour", "temperature", "observer_temperature",
    "slip", "observer_slip", "n_mdps", "seed",
]  # fmt: skip


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    return workbench.run(NAME, preset="smoke", output=tmp_path_factory.mktemp("runs") / "smoke.ipynb")


def test_every_claim_is_confirmed_at_smoke_size(smoke):
    verdicts = {claim["identifier"]: claim["verdict"] for claim in smoke["claims"]}
    assert len(verdicts) == 21
    assert set(verdicts.values()) == {"confirmed"}, verdicts


def test_recorded_tables_and_parameters(smoke):
    assert list(smoke["provenance"]["parameters"]) == PARAMETERS
    rows = smoke["tables"]["sensitivity"]
    assert all(list(row) == COLUMNS for row in rows)
    assert {row["error_kind"] for row in rows} == set(sensitivity.ERROR_KINDS)
    expected = irl.sweep(
        6,
        5,
        3,
        discount=0.9,
        observer_discount=0.95,
        behaviour="mce",
        temperature=0.5,
        observer_temperature=1.0,
        seed=[2024, 0],
    )
    for row, other in zip(rows, expected, strict=True):
        assert row == pytest.approx(other, abs=1e-6)
    assert smoke["scalars"]["grid_distance_worst"] == pytest.approx(1)
    assert smoke["scalars"]["grid_prediction_error"] < 1e-9
    assert 0.01 < smoke["scalars"]["grid_distance_wrong_discount"] < 0.7
    posterior = smoke["tables"]["posterior"]
    assert posterior[2]["distance_mean"] > 5 * posterior[0]["distance_mean"]
    assert posterior[2]["distance_sd"] < posterior[1]["distance_sd"]


def test_other_parameters(tmp_path):
    """An optimal agent, an observer who is right about the discount, the smallest MDPs."""
    found = workbench.run(
        NAME,
        dict(behaviour="optimal", n_states=2, n_actions=2, observer_discount=0.9, observer_slip=0.1, n_mdps=4),
        output=tmp_path / "out.ipynb",
    )
    assert {claim["verdict"] for claim in found["claims"]} == {"confirmed"}
    assert found["scalars"]["grid_distance_both_wrong"] < 1e-9


@pytest.fixture(scope="module")
def cells():
    """The code of the claims, without the sampler, which takes seconds and has its own tests."""
    study = project.load(NAME)
    chosen = [
        (cell["id"], "".join(cell["source"]))
        for cell in study.notebook["cells"]
        if cell["cell_type"] == "code"
        and cell["id"].startswith(("parameters", "setup", "figure-regret", "claims"))
        and cell["id"] not in ("claims-posterior", "claims-table")
    ]
    return chosen, study.presets["smoke"]


def verdicts_after(monkeypatch, cells, module, old, new):
    """Verdicts of the notebook's claims, executed in this process, with a piece of a module's source replaced."""
    monkeypatch.setattr(workbench, "record", lambda name, value: None)
    monkeypatch.setattr("workbench.figures.show", lambda figure, alt: plt.close(figure))
    if module:
        source = inspect.getsource(module)
        assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in {module.__name__}"
        changed = {"__name__": module.__name__}
        exec(compile(source.replace(old, new), module.__file__, "exec"), changed)
        for holder in MODULES:
            for name, function in changed.items():
                if inspect.isfunction(function) and getattr(holder, name, None) is getattr(module, name, NAME):
                    monkeypatch.setattr(holder, name, function)
    namespace, (chosen, preset) = {}, cells
    for identifier, source in chosen:
        exec(source, namespace)
        if identifier == "parameters":
            namespace.update(preset)
    found = namespace.values()
    return {c.identifier: c.verdict for c in found if type(c).__name__ == "Claim"}


def test_unchanged_code_keeps_every_verdict(monkeypatch, cells):
    verdicts = verdicts_after(monkeypatch, cells, None, "", "")
    assert len(verdicts) == 19 and set(verdicts.values()) == {"confirmed"}


MUTATIONS = [
    ("Boltzmann at half the temperature", behaviour, "log_softmax(action_value / check_temperature(temperature)[..., None, None], axis=-1)\n    slack", "log_softmax(np.abs(action_value), axis=-1)\n    slack"),
    ("Boltzmann with soft values", behaviour, "action_value = hard_values(transitions, expected, discount).action_value\n    if", "action_value = soft_values(transitions, expected, discount, 1.0).action_value\n    if"),
    ("MCE with hard values", behaviour, "value, action_value = soft_values(transitions, expected, discount, temperature)", "action_value = hard_values(transitions, expected, discount).action_value"),
    ("inverse of Boltzmann without the maximum", behaviour, "log_probabilities - np.max(log_probabilities, axis=-1, keepdims=True)", "1.0 * log_probabilities"),
    ("inverse of MCE with the wrong sign", behaviour, "return (check_temperature(temperature)[..., None, None] * log", "return (-check_temperature(temperature)[..., None, None] * log"),
    ("soft values without the temperature", solve, "soft = top[..., 0] + alpha[..., 0] * np.log", "soft = top[..., 0] + np.log(2) * alpha[..., 0] * np.log"),
    ("shaping without the discount", transformations, "gamma * potential[..., None, None, :]", "potential[..., None, None, :]"),
    ("redistribution without its mean", transformations, "noise - expected_reward(transitions, noise)[..., None]", "1.0 * noise"),
    ("extremal angle, eps for 2 arcsin eps", transformations, "angle = 2 * np.arcsin(tolerance)", "angle = 2 * tolerance"),
    ("canonical form without the weights", starc, "return np.linalg.norm(transitions, axis=-1)", "return np.ones(transitions.shape[:-1])"),
    ("canonical form with the wrong discount", starc, "rows = gamma * transitions - np.eye", "rows = 0.99 * gamma * transitions - np.eye"),
    ("VAL without the discount", starc, "found = expected + gamma * np.matmul", "found = expected + np.matmul"),
    ("distance without the half", starc, "return 0.5 * np.linalg.norm(standardise(one)", "return np.linalg.norm(standardise(one)"),
    ("distance without standardising", starc, "return vectors / np.where(norm > 0, norm, 1.0)", "return vectors"),
    ("expected reward without probabilities", mdp, "np.where(transitions > 0, transitions * reward, 0.0)", "np.where(transitions > 0, reward / transitions.shape[-1], 0.0)"),
    ("regret of the better policy", regret, "np.concatenate([-one, one])", "np.concatenate([-0.2 * one, 0.2 * one])"),
    ("worst case, cosine of the wrong sign", observer, "np.sqrt(max(0.0, (1 - cosine) / 2))", "np.sqrt(max(0.0, (1 + cosine) / 2))"),
    ("worst potential towards the truth", observer, "potential = -np.matmul", "potential = np.matmul"),
    ("unseen directions of the true discount", observer, "potentials = shaping(np.eye(n_states), observer_discount)", "potentials = shaping(np.eye(n_states), discount)"),
    ("state-only fit without the potential", observer, "gamma * transitions - state], axis=-1)", "0 * transitions], axis=-1)"),
    ("tremble twice as large", behaviour, "np.logaddexp(np.log1p(-size) + log_probabilities, np.log(size / n_actions))", "np.logaddexp(log_probabilities, np.log(np.sqrt(size)))"),
]  # fmt: skip


@pytest.mark.parametrize("module, old, new", [case[1:] for case in MUTATIONS], ids=[case[0] for case in MUTATIONS])
def test_a_wrong_formula_costs_a_verdict(monkeypatch, cells, module, old, new):
    try:
        verdicts = verdicts_after(monkeypatch, cells, module, old, new)
    except ValueError:
        return  # some mistakes are caught before any verdict: no convergence, or a value that is not finite
    assert set(verdicts.values()) != {"confirmed"}, verdicts
