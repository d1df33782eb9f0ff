"""The parameters cell: what is read from it, and what is refused before any kernel starts."""

import math

import numpy as np
import pytest
from toy_study import PARAMETERS

from workbench.errors import UserError
from workbench.runner.parameters import declared, effective, from_text


def notebook(source, tags=("parameters",)):
    return {"cells": [{"cell_type": "code", "source": source, "metadata": {"tags": list(tags)}}]}


DECLARED = declared(notebook(PARAMETERS))


def test_names_types_defaults_help_and_ranges():
    assert list(DECLARED) == ["n_samples", "noise", "kind", "sizes", "spectrum", "flag", "ridge"]
    rows = {p.name: (p.type, p.default, p.help, p.allowed) for p in DECLARED.values()}
    assert rows["n_samples"] == ("int", 4, "rows of the design", "[1, 100]")
    assert rows["noise"] == ("float", 1.0, "standard deviation", "(0, 10)")
    assert rows["kind"] == ("str", "haar", "kind of sketch", "{haar, gaussian}")
    assert rows["sizes"] == ("list[int]", None, "sketch sizes, None for all", "[1, 50]")
    assert rows["spectrum"] == ("list[list[float]]", [[1.0, 1.0]], "[eigenvalue, share] pairs", "")
    assert rows["ridge"] == ("float | str", 0.5, "a number or a rule", "[0, inf] or {adaptive}")


def test_a_source_as_list_of_lines_and_defaults_over_several_lines():
    source = [
        "x: list[int] = [\n",
        "    1,\n",
        "    2,\n",
        "]  # numbers [0, 5]\n",
        "y = -1e-3  # no annotation\n",
        "'text'\n",
    ]
    found = declared(notebook(source))
    assert found["x"].default == [1, 2] and found["x"].allowed == "[0, 5]"
    assert (found["y"].type, found["y"].default) == ("float", -1e-3)


@pytest.mark.parametrize(
    "given, values",
    [
        (dict(n_samples=np.int64(3)), 3),
        (dict(n_samples=3.0), 3),
        (dict(noise=2), 2.0),
        (dict(noise=np.float32(0.5)), 0.5),
        (dict(sizes=range(2, 8, 3)), [2, 5]),
        (dict(sizes=(1, np.int32(2))), [1, 2]),
        (dict(sizes=np.arange(1, 3)), [1, 2]),
        (dict(sizes=None), None),
        (dict(spectrum=((1, 0.5), (2, 0.5))), [[1.0, 0.5], [2.0, 0.5]]),
        (dict(flag=np.bool_(True)), True),
        (dict(ridge="adaptive"), "adaptive"),
        (dict(ridge=1), 1.0),
        (dict(ridge=math.inf), math.inf),
    ],
)
def test_values_are_made_plain_and_fitted_to_the_type(given, values):
    overrides, united = effective(DECLARED, given)
    (name,) = given
    assert repr(overrides) == repr({name: values})
    assert united == {**{p.name: p.default for p in DECLARED.values()}, name: values}


@pytest.mark.parametrize(
    "given, message",
    [
        (dict(n_sample=3), "no parameter 'n_sample'. Did you mean 'n_samples'? It has: n_samples, noise"),
        (dict(zzz=3), "no parameter 'zzz'. It has:"),
        (dict(n_samples=0), "n_samples = 0 is out of range: it must lie in [1, 100]"),
        (dict(n_samples=2.5), "n_samples = 2.5 is of the wrong type: it must be int"),
        (dict(n_samples=True), "wrong type: it must be int"),
        (dict(n_samples="3"), "wrong type"),
        (dict(n_samples=None), "wrong type"),
        (dict(n_samples=10**400), "out of range"),
        (dict(noise=10**400), "wrong type"),
        (dict(noise=0), "noise = 0.0 is out of range: it must lie in (0, 10)"),
        (dict(noise=10.0), "out of range"),
        (dict(noise=math.nan), "nan is not a value"),
        (dict(noise=math.inf), "out of range"),
        (dict(kind="hair"), "kind = 'hair' is not one of {haar, gaussian}. Did you mean 'haar'?"),
        (dict(sizes=[1, 51]), "sizes = 51 is out of range"),
        (dict(sizes=3), "sizes = 3 is of the wrong type: it must be list[int] or None"),
        (dict(sizes={1, 2}), "sizes is of type set"),
        (dict(spectrum=[[1, "a"]]), "wrong type: it must be list[list[float]]"),
        (dict(spectrum=[[math.inf, 1]]), "spectrum = inf is out of range"),
        (dict(flag=1), "wrong type: it must be bool"),
        (dict(ridge=-1.0), "out of range: it must lie in [0, inf] or {adaptive}"),
        (dict(ridge="adaptiv"), "Did you mean 'adaptive'?"),
    ],
)
def test_bad_values_get_a_sentence(given, message):
    with pytest.raises(UserError) as caught:
        effective(DECLARED, given)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name, text, value",
    [
        ("n_samples", "3", 3),
        ("n_samples", "1e1", 10.0),
        ("noise", ".5", 0.5),
        ("noise", "inf", math.inf),
        ("kind", "gaussian", "gaussian"),
        ("kind", "'gaussian'", "gaussian"),
        ("kind", "1", "1"),
        ("sizes", "[1, 2]", [1, 2]),
        ("sizes", "None", None),
        ("sizes", "null", None),
        ("flag", "true", True),
        ("flag", "False", False),
        ("ridge", "adaptive", "adaptive"),
        ("ridge", "0.1", 0.1),
        ("n_samples", "__import__('os').system('true')", "__import__('os').system('true')"),
    ],
)
def test_texts_from_the_command_line(name, text, value):
    got = from_text(DECLARED[name], text)
    assert got == value and type(got) is type(value)


@pytest.mark.parametrize(
    "source, message",
    [
        ("x: int = 'a'", "x = 'a' is of the wrong type"),
        ("x: int = 9  # [0, 5]", "out of range"),
        ("x: int = n + 1", "the default of 'x' is not a plain literal"),
        ("import os", "line 1 of the parameters cell is not of the form"),
        ("x, y = 1, 2", "not of the form"),
        ("x: int", "not of the form"),
        ("x = (", "not valid Python"),
        ("x: tuple = 1", "uses the type 'tuple'"),
    ],
)
def test_cells_that_cannot_be_read(source, message):
    with pytest.raises(UserError, match="(?s)" + message.replace("(", r"\(").replace("[", r"\[")):
        declared(notebook(source))


def test_there_must_be_exactly_one_tagged_cell():
    with pytest.raises(UserError, match="no cells tagged 'parameters'"):
        declared(notebook("x = 1", tags=()))
    twice = {"cells": notebook("x = 1")["cells"] * 2}
    with pytest.raises(UserError, match="2 cells tagged"):
        declared(twice)
