import json

import nbformat
import numpy as np
import pandas as pd
import pytest

import workbench
from workbench.claims import Control, claim, z_test
from workbench.recording import MIME, to_json

CLAIM = claim(
    "a<b",
    "x < y",
    source="here",
    check=z_test(),
    theory=1.0,
    simulated=1.0,
    se=0.1,
    control=Control("wrong", theory=9.0),
)


@pytest.fixture
def shown(monkeypatch):
    """Display bundles that ``record`` sends, as a kernel would get them."""
    import IPython.display

    bundles = []
    monkeypatch.setattr("workbench.recording._in_kernel", lambda: True)
    monkeypatch.setattr(IPython.display, "display", lambda bundle, raw: bundles.append(bundle))
    return bundles


def as_notebook(bundles, path):
    """What nbclient makes of the bundles."""
    outputs = [nbformat.v4.new_output("display_data", data=json.loads(json.dumps(bundle))) for bundle in bundles]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=outputs)])
    path.write_text(nbformat.writes(notebook))
    return path


def test_scalars_tables_and_claims_come_back(shown, tmp_path):
    table = [{"m": 1, "risk": 2.5, "exact": None}, {"m": np.int64(2), "risk": np.float64(np.inf), "exact": 1.0}]
    workbench.record("count", np.int64(3))
    workbench.record("none", None)
    workbench.record("missing", float("nan"))
    workbench.record("flag", np.bool_(True))
    workbench.record("word", "x")
    workbench.record("risk", table)
    workbench.record("all", [CLAIM])
    found = workbench.records(as_notebook(shown, tmp_path / "a.ipynb"))
    assert repr(found["scalars"]) == "{'count': 3, 'none': None, 'missing': nan, 'flag': True, 'word': 'x'}"
    assert found["tables"] == {"risk": [{"m": 1, "risk": 2.5, "exact": None}, {"m": 2, "risk": np.inf, "exact": 1.0}]}
    assert found["claims"] == [CLAIM.to_dict()]
    assert all(json.dumps(bundle, allow_nan=False) for bundle in shown)  # strict JSON, whatever the value

    (tmp_path / "a.json").write_text(to_json(found))
    assert repr(workbench.records(tmp_path / "a.json")) == repr(found)


def test_a_data_frame_is_a_table_with_missing_values_as_none(shown, tmp_path):
    workbench.record("t", pd.DataFrame({"m": [1, 2], "risk": [0.5, np.nan]}))
    found = workbench.records(as_notebook(shown, tmp_path / "a.ipynb"))
    assert found["tables"]["t"] == [{"m": 1, "risk": 0.5}, {"m": 2, "risk": None}]


def test_the_last_record_of_a_name_counts(shown, tmp_path):
    workbench.record("x", 1)
    workbench.record("x", 2)
    assert workbench.records(as_notebook(shown, tmp_path / "a.ipynb"))["scalars"] == {"x": 2}


def test_people_see_text_and_escaped_html(shown):
    workbench.record("risk", [{"m": 1, "<b>": 0.123456}])
    workbench.record("claim", CLAIM)
    assert shown[0]["text/plain"].splitlines() == ["risk", "m     <b>", "1  0.1235"]
    assert "<b>" not in shown[0]["text/html"] and "&lt;b&gt;" in shown[0]["text/html"]
    assert shown[1]["text/plain"] == "[confirmed] a<b: x < y"
    assert set(shown[0]) == {MIME, "text/plain", "text/html"}


def test_without_a_kernel_the_text_is_printed(capsys):
    workbench.record("x", 2.0)
    assert capsys.readouterr().out == "x = 2\n"


@pytest.mark.parametrize(
    "name, value, error, message",
    [
        ("two words", 1, ValueError, "identifier"),
        ("x", [1, 2], TypeError, "neither a scalar, a table"),
        ("x", {"a": 1}, TypeError, "neither a scalar, a table"),
        ("x", [], TypeError, "neither"),
        ("x", object(), TypeError, "of type object"),
        ("x", [{"a": 1}, {"b": 1}], ValueError, "row 1 has the columns"),
        ("x", [{"a": 1}] * 10_001, ValueError, "10001 rows"),
        ("x", [{"a": {1, 2}}], TypeError, r"x\[0\]\['a'\] is of type set"),
    ],
)
def test_what_cannot_be_recorded(name, value, error, message):
    with pytest.raises(error, match=message):
        workbench.record(name, value)


@pytest.mark.parametrize("text", ["", "[]", "{}", "not json"])
def test_files_that_hold_no_records(tmp_path, text):
    (tmp_path / "x").write_text(text)
    with pytest.raises(workbench.UserError, match="neither a notebook nor a records file"):
        workbench.records(tmp_path / "x")
    with pytest.raises(workbench.UserError, match="cannot read"):
        workbench.records(tmp_path / "absent")
