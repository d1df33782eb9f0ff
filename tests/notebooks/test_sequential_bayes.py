"""The sequential-Bayes notebook: what it records at smoke size, and that wrong formulas cost it a verdict."""

import pytest
from mutations import claims_after

import workbench
from workbench.studies.misspecification import sequential_bayes as sb
from workbench.studies.misspecification.sequential_bayes import (
    digits_stream,
    prototypes,
    reference,
    regression,
    simulation,
    theory,
)

NAME = "misspecification/sequential_bayes"


def test_smoke_run(tmp_path):
    found = workbench.run(NAME, dict(n_first=4, n_later=12), preset="smoke", output=tmp_path / "out.ipynb")
    verdicts = {claim["identifier"]: claim["verdict"] for claim in found["claims"]}
    assert len(verdicts) == 13 and set(verdicts.values()) == {"confirmed"}, verdicts
    rows = found["tables"]["first_task_error"]
    exact = {
        "shared": sb.task_errors([4, 12, 12, 12], 1.0, common_sd=100.0, assumed_sd=0.0, true_sd=0.6)[:, 0],
        "pooled": sb.task_errors([4, 12, 12, 12], 1.0, common_sd=100.0, assumed_sd=0.6, true_sd=0.6)[:, 0],
        "separate": sb.task_errors([4, 12, 12, 12], 1.0, common_sd=0.0, assumed_sd=100.0, true_sd=0.6)[:, 0],
    }
    assert [row["tasks_seen"] for row in rows] == [1, 2, 3, 4]
    for k, row in enumerate(rows):
        for name, values in exact.items():
            assert row[f"{name}_theory"] == pytest.approx(values[k])
            assert abs(row[f"{name}_mean"] - values[k]) < 4.5 * row[f"{name}_se"]
    assert found["scalars"]["forgetting_shared"] == pytest.approx(exact["shared"][-1] - exact["shared"][0])
    assert len(found["tables"]["accuracy"]) == 15


TASKS, POOLING, REGRESSION, NUTS, DIGITS = (
    f"claims-{part}" for part in ("tasks", "pooling", "regression", "nuts", "digits")
)
# each case: what is dropped, the module, old and new text, and the cell whose claims must notice
DROPPED_TERMS = [
    ("update: the variance of the noise", regression, "+ noise**2 * np.eye(len", "+ 2 * noise * np.eye(len", None),
    (
        "update: the covariance",
        regression,
        "covariance - gain @ projected",
        "covariance - 0.9 * gain @ projected",
        None,
    ),
    (
        "two tasks: the square of the share",
        theory,
        "(n_2 / (n_1 + n_2)) ** 2 * np.square(gap) +",
        "n_2 / (n_1 + n_2) * np.square(gap) +",
        TASKS,
    ),
    ("forgetting: the second task's noise", theory, "* (1 / n_1 + 1 / n_2))", "* (1 / n_1))", TASKS),
    ("coverage: the other tail", theory, "ndtr(z - shift) - ndtr(-z - shift)", "ndtr(z - shift)", TASKS),
    ("simulation: the gain's noise", simulation, "+ noise**2 / counts[k])", "+ noise**2)", TASKS),
    ("simulation: the root of the count", simulation, "noise / np.sqrt(counts)", "noise / counts", TASKS),
    ("pooling: the noise of the average", theory, "variance / K + (1 - 1 / K)", "(1 - 1 / K)", POOLING),
    ("pooling: the task among the K", theory, "(1 - 1 / K) * ((1 - B) ** 2", "((1 - B) ** 2", POOLING),
    ("simulation: the assumed spread", simulation, "common_sd**2 + assumed_sd**2 * np.eye", "0 + np.eye", POOLING),
    ("regression: the random designs", regression, "= share**2 + n_first", "= share**2 + 0 * n_first", REGRESSION),
    ("regression: the Wishart mean", regression, "/ ((N - 1) * (N - d - 1))", "/ ((N - 1) * (N - 1))", REGRESSION),
    ("propagation: the cut", regression, "after * np.eye(2) if diagonal else after", "after", REGRESSION),
    ("NUTS: the prior's mean", reference, "weights = mean + drawn", "weights = drawn", NUTS),
    ("softmax: old images kept", digits_stream, 'pair if learner == "softmax" else seen', "seen", DIGITS),
    ("prototypes: old sums", prototypes, "        weighted + member.T", "        0.99 * weighted + member.T", DIGITS),
]


@pytest.mark.parametrize(
    "module, old, new, cell", [case[1:] for case in DROPPED_TERMS], ids=[case[0] for case in DROPPED_TERMS]
)
def test_dropping_a_term_costs_a_verdict(monkeypatch, module, old, new, cell):
    cells = ("parameters", "setup", "claims-inference", *([cell] if cell else []))
    try:
        verdicts = claims_after(monkeypatch, NAME, sb, module, old, new, cells=cells)
    except ValueError as error:  # two learners became one: a difference of zero has no standard error
        assert "standard errors must be positive" in str(error)
        return
    assert "not confirmed" in verdicts.values(), verdicts
