"""The notebook on variance-adaptive Thompson sampling: its records, other rewards, and that mistakes cost a verdict."""

import inspect

import pytest
from mutations import claims_after

import workbench
from workbench.studies.bandits import variance_adaptive_ts as vts
from workbench.studies.bandits.variance_adaptive_ts import bounds, kernels, policies, prior

NAME = "bandits/variance_adaptive_ts"


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    return workbench.run(NAME, preset="smoke", output=tmp_path_factory.mktemp("runs") / "smoke.ipynb")


def test_every_claim_is_confirmed_at_smoke_size(smoke):
    verdicts = {claim["identifier"]: claim["verdict"] for claim in smoke["claims"]}
    assert len(verdicts) == 15 and set(verdicts.values()) == {"confirmed"}, verdicts


def test_recorded_tables_and_bounds(smoke):
    given = smoke["provenance"]["parameters"]
    rows, curve = smoke["tables"]["regret"], smoke["tables"]["curve"]
    assert [row["policy"] for row in rows] == [name for name in vts.POLICIES if name != "bernoulli_ts"]
    assert set(rows[0]) == {"policy", "regret_mean", "regret_se", "regret_median", "regret_q90"}
    assert set(curve[0]) == {"policy", "round", "regret_mean", "regret_se"}
    for row in rows:
        path = [point for point in curve if point["policy"] == row["policy"]]
        assert path[-1]["round"] == given["horizon"] and path[-1]["regret_mean"] == row["regret_mean"]
        assert all(a["regret_mean"] <= b["regret_mean"] for a, b in zip(path, path[1:], strict=False))
        assert row["regret_median"] <= row["regret_q90"]
    standard = vts.Prior(0.0, 1.0, 4.0, 3.0)
    assert smoke["scalars"]["bound_unknown_variance"] == pytest.approx(vts.bound_unknown_variance(300, standard, 4))
    assert smoke["scalars"]["bound_known_variance"] == pytest.approx(
        vts.expected_bound_known_variance(300, standard, 4)
    )


def test_other_rewards_have_no_bounds(tmp_path):
    found = workbench.run(
        NAME,
        dict(rewards="beta", mean_range=[0.1, 0.6], policies=["varts", "bernoulli_ts"]),
        preset="smoke",
        output=tmp_path / "out.ipynb",
    )
    assert found["scalars"]["bound_known_variance"] is None and found["scalars"]["bound_unknown_variance"] is None
    assert [row["policy"] for row in found["tables"]["regret"]] == ["varts", "bernoulli_ts"]


@pytest.mark.parametrize(
    "given, sentence",
    [
        (dict(policies=["varts", "ucb2"]), "unknown policy 'ucb2'; did you mean 'ucb1'"),
        (dict(policies=["bernoulli_ts"]), "needs rewards in"),
        (dict(rewards="beta", mean_range=[0.7, 0.2]), "low < high"),
    ],
)
def test_what_the_ranges_cannot_say_gets_a_sentence(tmp_path, given, sentence):
    with pytest.raises(workbench.CellFailed, match=sentence):
        workbench.run(NAME, given, preset="smoke", output=tmp_path / "out.ipynb")


REGRET = ("parameters", "setup", "claims-posterior", "claims-regret")
MISTAKES = [
    ("posterior: prior counted in beta without kappa", prior, "prior.kappa * n * (mean", "n * (mean", REGRET),
    ("one observation: alpha", prior, "prior.alpha + 0.5,", "prior.alpha + 1.0,", REGRET),
    ("draws: spread of the means", prior, "np.sqrt(variances / prior.kappa)", "np.sqrt(variances)", REGRET),
    ("best arm: mean variance given the mean", bounds, "/ (alpha - 0.5)", "/ (alpha + 0.5)", REGRET),
    (
        "bounds: the number of rounds",
        bounds,
        "np.sqrt(2 * _rounds(horizon) * best_arm_variance(prior, n_arms) * pulls)",
        "np.sqrt(2 * best_arm_variance(prior, n_arms) * pulls)",
        REGRET,
    ),
    (
        "known variances: five times too large",
        policies,
        'noise = sds * options.get("factor", 1.0)',
        'noise = 5 * sds * options.get("factor", 1.0)',
        REGRET,
    ),
    (
        "under-estimated: the factor ignored",
        policies,
        'noise = sds * options.get("factor", 1.0)',
        "noise = sds",
        (*REGRET, "claims-variance"),
    ),
]


@pytest.mark.parametrize("module, old, new, cells", [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES])
def test_a_mistake_costs_a_verdict(monkeypatch, module, old, new, cells):
    verdicts = claims_after(monkeypatch, NAME, vts, module, old, new, cells)
    assert set(verdicts.values()) != {"confirmed"}, verdicts


KERNEL_MISTAKES = [
    ("beta as a scale", "rate = 1.0 / beta if as_scale else beta", "rate = 1.0 / beta"),
    ("alpha grows by one", "arms[arm, ALPHA] += 0.5", "arms[arm, ALPHA] += 1.0"),
]


@pytest.mark.parametrize("old, new", [m[1:] for m in KERNEL_MISTAKES], ids=[m[0] for m in KERNEL_MISTAKES])
def test_a_mistake_in_the_compiled_loop_costs_a_verdict(monkeypatch, old, new):
    source = inspect.getsource(kernels)
    assert source.count(old) == 1
    changed = {"__name__": kernels.__name__}
    # never cached: a cached loop would be found again by its unchanged outer function
    exec(compile(source.replace(old, new).replace("cache=True", "cache=False"), kernels.__file__, "exec"), changed)
    monkeypatch.setattr(kernels, "play", changed["play"])
    verdicts = claims_after(monkeypatch, NAME, vts, cells=("parameters", "setup", "claims-posterior", "claims-regret"))
    assert "not confirmed" in verdicts.values(), verdicts
