"""The model-collapse notebook: what it records at smoke size, and that wrong formulas cost it a verdict."""

import pytest
from mutations import claims_after

import workbench
from workbench import spectral
from workbench.studies.collapse import model_collapse_regression as mc
from workbench.studies.collapse.model_collapse_regression import downsampling, scaling, simulation, theory

NAME = "collapse/model_collapse_regression"


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    return workbench.run(NAME, preset="smoke", output=tmp_path_factory.mktemp("runs") / "smoke.ipynb")


def test_every_claim_is_confirmed_at_smoke_size(smoke):
    verdicts = {claim["identifier"]: claim["verdict"] for claim in smoke["claims"]}
    assert len(verdicts) == 12 and set(verdicts.values()) == {"confirmed"}, verdicts


def test_recorded_table(smoke):
    rows = smoke["tables"]["test_error"]
    columns = [
        "generation",
        "error_theory",
        "error_mean",
        "error_se",
        "bias_theory",
        "variance_theory",
        "collapse_theory",
    ]
    assert [list(row) for row in rows] == [columns] * 4
    for n, row in enumerate(rows):
        assert row["generation"] == n
        assert row["error_theory"] == pytest.approx((n + 1) * 0.25 * 20 / 19)
        assert row["error_theory"] == pytest.approx(
            row["bias_theory"] + row["variance_theory"] + row["collapse_theory"]
        )
        assert abs(row["error_mean"] - row["error_theory"]) < 4.5 * row["error_se"]


@pytest.mark.parametrize(
    "given",
    [
        dict(ridge="adaptive", spectrum_exponent=1.5, n_generator_samples=80, n_samples=100),
        dict(n_generator_samples=15, n_samples=12, signal=2),
        dict(noise=0, generator_noise=0, n_generator_samples=15, ridge=0.3),
    ],
)
def test_other_regimes(tmp_path, given):
    found = workbench.run(NAME, given, preset="smoke", output=tmp_path / "out.ipynb")
    parameters = found["provenance"]["parameters"]
    s, truth = mc.covariance_and_signal(20, parameters["spectrum_exponent"], 0.5, parameters["signal"])
    lam = parameters["ridge"]
    lam = 100 ** -(1.5 / 2.5) if lam == "adaptive" else lam
    names = ("n_samples", "n_generator_samples", "noise", "generator_noise")
    expected = mc.test_error(range(4), s, truth, *(parameters[name] for name in names), lam).total
    assert [row["error_theory"] for row in found["tables"]["test_error"]] == pytest.approx(list(expected))


DROPPED_TERMS = [
    ("collapse: tr (Sigma+kappa)^-2", theory, "df2 + np.sum(shrunk, axis=-1) * df2 / (n_samples - df2)", "df2"),
    ("collapse: df_2", theory, "df2 + np.sum(shrunk, axis=-1) *", "np.sum(shrunk, axis=-1) *"),
    (
        "ridge bias: T/(T - df_2)",
        theory,
        "signal_squared, axis=-1) * n_samples / (n_samples - df2)",
        "signal_squared, axis=-1)",
    ),
    ("ridge variance", theory, "variance = noise**2 * df2 / (n_samples - df2)", "variance = 0 * df2"),
    ("generators: the -1", theory, "(s * (t0 - d - 1)), signal_squared", "(s * (t0 - d)), signal_squared"),
    ("generators: n", theory, "n * generator_noise**2 / (s *", "(n > 0) * generator_noise**2 / (s *"),
    ("projection: kept share", theory, "t0 / d * np.mean(second[i]) +", "np.mean(second[i]) +"),
    ("projection: noise", theory, "generator_noise**2 * t0 / (d * s * (d - t0 - 1))", "0"),
    ("recursion: spread", theory, "kappa**2 * spread * np.sum(spread * second[i]) / gap", "0"),
    ("recursion: shrinkage", theory, "keep**2 * second[i]\n", "second[i]\n"),
    ("last fit: variance", theory, "noise**2 * d / (t - d - 1), s, 2 * s", "0.0, s, 2 * s"),
    ("last fit, few rows: share of the second moment", theory, "share * s, 2 * share * s", "s, 2 * share * s"),
    (
        "optimal ridge: not the optimum",
        scaling,
        "float(np.exp(found.x)), float(found.fun)",
        "float(np.exp(found.x + 4)), float(found.fun)",
    ),
    ("exponent: min(r, 1) beta", scaling, "spectrum_exponent if noise_free else", "1.0 if noise_free else"),
    ("downsampling: T*", downsampling, "n_features * (1 - noise / effective)", "n_features * 0.9"),
    ("effective ridge", spectral, "kappa[positive] = np.exp(", "kappa[positive] = 1.5 * np.exp("),
    (
        "simulation: generator noise",
        simulation,
        "covariance + generator_noise**2 * inverse",
        "covariance + 0.9 * generator_noise**2 * inverse",
    ),
]


@pytest.mark.parametrize(
    "module, old, new", [case[1:] for case in DROPPED_TERMS], ids=[case[0] for case in DROPPED_TERMS]
)
def test_dropping_a_term_costs_a_verdict(monkeypatch, module, old, new):
    verdicts = claims_after(monkeypatch, NAME, mc, module, old, new)
    assert "not confirmed" in verdicts.values(), verdicts
