"""Sweep specs: what is read, and the sentence, line, key and nearest key of every mistake."""

import pytest
import sweep_project

from workbench.errors import UserError
from workbench.sweep import yamltext
from workbench.sweep.design import Design
from workbench.sweep.spec import load


@pytest.fixture
def toy(tmp_path, monkeypatch):
    sweep_project.make(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


GRID = "blocks:\n  - grid: {n_samples: [1, 2]}\n"


def complaint(folder, text):
    sweep_project.write_spec(folder, text)
    with pytest.raises(UserError) as caught:
        Design(load("small"))
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    "text, message",
    [
        (GRID + "replicats: 3\n", "small.yaml, line 4, replicats: there is no such key. Did you mean 'replicates'?"),
        ("blocks:\n  - gird: {n_samples: [1]}\n", "line 3, blocks.gird: there is no such key. Did you mean 'grid'?"),
        (
            "blocks:\n  - random: {n: 3, noise: {low: 1, hgih: 2}}\n",
            "line 3, blocks.random.noise.high: the key is missing",
        ),
        (
            "blocks:\n  - random: {n: 3, noise: {low: 1, high: 2, setp: 1}}\n",
            "noise.setp: there is no such key. Did you mean 'step'?",
        ),
        ("blocks:\n  - grid: {n_sampels: [1]}\n", "blocks.grid.n_sampels: chapter/toy has no parameter 'n_sampels'."),
        ("blocks:\n  - grid: {n_sampels: [1]}\n", "Did you mean 'n_samples'?"),
        (GRID + "fixed: {noize: 1}\n", "line 4, fixed.noize: chapter/toy has no parameter 'noize'. Did you mean"),
        (GRID + "fixed: {n_samples: 1}\n", "n_samples is an axis and fixed at once"),
        (GRID + "  - zip: {n_samples: [3]}\n", "line 4, blocks.zip.n_samples: n_samples is an axis of block 1 too"),
        (GRID + "preset: smok\n", "no preset 'smok'. Did you mean 'smoke'?"),
        (GRID + "share_seeds_over: [n_sample]\n", "'n_sample' is not an axis of the blocks. Did you mean 'n_samples'?"),
        (GRID + "replicates: 0\n", "line 4, replicates: 0 does not do: input should be greater than or equal to 1"),
        (GRID + "replicates: two\n", "'two' does not do: input should be a valid integer"),
        (GRID + "replicates: 2\nfixed: {seed: 1}\n", "replicates need seeds of their own, but the spec sets the seed"),
        ("study: chapter/toi\n" + GRID, "line 1, study: no study 'chapter/toi'. Did you mean 'chapter/toy'?"),
        ("study: ../../etc/passwd\n" + GRID, "no study '../../etc/passwd'"),
        ("blocks: []\n", "the design is empty"),
        ("blocks:\n  - {}\n", "a block is exactly one of grid, zip, random"),
        ("blocks:\n  - {grid: {noise: [1]}, zip: {n_samples: [1]}}\n", "got grid and zip"),
        ("blocks:\n  - grid: {n_samples: []}\n", "line 3, blocks.grid.n_samples: [] does not do"),
        ("blocks:\n  - grid: {}\n", "does not do"),
        ("blocks:\n  - grid: {n_samples: [1, 2, 1]}\n", "n_samples: value 3 1 is the same as value 1"),
        ("blocks:\n  - grid: {noise: [1, 1.0]}\n", "value 2 1.0 is the same as value 1"),
        ("blocks:\n  - zip: {n_samples: [1, 2], noise: [1]}\n", "the same length; got n_samples 2, noise 1"),
        ("blocks:\n  - zip: {n_samples: [1, 1], noise: [2, 2]}\n", "row 2 is the same as row 1"),
        ("blocks:\n  - grid: {n_samples: [0]}\n", "n_samples = 0 is out of range: it must lie in [1, 1e+08]"),
        ("blocks:\n  - grid: {n_samples: [1, two]}\n", "n_samples = 'two' is of the wrong type: it must be int"),
        ("blocks:\n  - grid: {noise: [.nan]}\n", "nan is not a value"),
        ("blocks:\n  - grid: {noise: [.inf]}\n", "noise = inf is out of range"),
        ("blocks:\n  - grid: {kind: [hair]}\n", "Did you mean 'haar'?"),
        ("blocks:\n  - sobol: {noise: [1, 2]}\n", "needs n, the number of points"),
        ("blocks:\n  - sobol: {n: 4}\n", "at least one parameter with its range beside n"),
        ("blocks:\n  - sobol: {n: 0, noise: [1, 2]}\n", "0 does not do: input should be greater than"),
        ("blocks:\n  - halton: {n: 4, noise: [2, 1]}\n", "low = 2 must be less than high = 1"),
        ("blocks:\n  - halton: {n: 4, noise: [1, 2, 3]}\n", "a range is [low, high]"),
        ("blocks:\n  - random: {n: 4, noise: [1, .inf]}\n", "does not do: input should be a finite number"),
        ("blocks:\n  - random: {n: 4, noise: [1, 11]}\n", "noise = 11.0 is out of range"),
        ("blocks:\n  - random: {n: 4, noise: {low: 0, high: 1, log: true}}\n", "low = 0 must be positive for a log"),
        ("blocks:\n  - random: {n: 4, noise: {low: 1, high: 2, step: 0}}\n", "should be greater than 0"),
        ("blocks:\n  - random: {n: 4, noise: {low: 1, high: 2, step: 3}}\n", "larger than the range"),
        ("blocks:\n  - random: {n: 4, kind: [1, 2]}\n", "kind = 1.0 is of the wrong type"),
        ("blocks:\n  - random: {n: 4, n_samples: [1.5, 3]}\n", "n_samples = 1.5 is of the wrong type"),
        ("blocks:\n  - points: absent.csv\n", "cannot read 'absent.csv': No such file"),
        ("blocks:\n  - points: ../../../secret.csv\n", "'../../../secret.csv' lies outside the spec's folder"),
        ("seed: -1\n" + GRID, "seed: -1 does not do"),
    ],
)
def test_mistakes_name_line_key_and_nearest_key(toy, text, message):
    assert message in complaint(toy, text)


@pytest.mark.parametrize(
    "content, message",
    [
        ("", "has no points"),
        ("n_samples\n", "has no points"),
        ("n_samples,noise\n1\n", "line 2 has 1 values for 2 columns"),
        ("n_samples,n_samples\n1,2\n", "names a column twice"),
        ("n_samples\n1\n1\n", "point 2 is the same as point 1"),
        ("n_samples\nmany\n", "line 2: n_samples = 'many' is of the wrong type"),
        ("n_sampels\n1\n", "no parameter 'n_sampels'. Did you mean 'n_samples'?"),
        ('n_samples\n"1\n', "is not a CSV file"),
    ],
)
def test_mistakes_in_a_file_of_points(toy, content, message):
    path = sweep_project.write_spec(toy, "blocks:\n  - points: p.csv\n")
    (path.parent / "p.csv").write_text(content)
    assert message in complaint(toy, "blocks:\n  - points: p.csv\n")


def test_a_sample_that_rounding_makes_equal_is_refused(toy):
    sweep_project.write_spec(toy, "blocks:\n  - random: {n: 16, n_samples: [1, 3]}\n")
    with pytest.raises(UserError, match="random over n_samples: of 16 points only 3 differ after rounding"):
        list(Design(load("small")))


@pytest.mark.parametrize(
    "text, message",
    [
        ("study: !!python/object/apply:os.system ['true']\n", "line 1: tags (!) are not allowed"),
        ("a: &a [1]\nb: [*a, *a]\n", "line 1: anchors (&) are not allowed"),
        ("a: [x, *b]\n", "aliases (*) are not allowed"),
        ("a: 1\n---\nb: 2\n", "document marks (---) are not allowed"),
        ("a: 1\na: 2\n", "line 2: key 'a' is given twice, first in line 1"),
        ("a: [1\n", "not valid YAML"),
        ("a: " + "[" * 3000 + "]" * 3000, "nested"),
        ("a: " + "[" * 30 + "]" * 30, "nested more than 20 deep"),
        ("? [a, b]\n: 1\n", "a key must be a word"),
        ("- 1\n", "is a mapping of keys to values"),
        ("", "is empty"),
        ("a: " + "9" * 5000, "an integer of 5000 digits"),
        ("a: \x07", "not valid YAML"),
    ],
)
def test_tags_bombs_and_broken_yaml(text, message):
    with pytest.raises(UserError) as caught:
        yamltext.parse(text, "bad.yaml")
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_that_is_too_large_or_not_text(tmp_path):
    (tmp_path / "a.yaml").write_text("#" * 1_000_001)
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe")
    for name, message in (("a.yaml", "has 1000001 bytes"), ("b.yaml", "is not UTF-8"), ("c.yaml", "cannot read")):
        with pytest.raises(UserError, match=message):
            yamltext.read(tmp_path / name)


def test_scalars_follow_yaml_1_2():
    text = "a: [1, -2, 1e-3, .5, 1., .inf, -.INF, no, yes, on, true, False, null, ~, '1', 012, 0x1, 1_000, 12:30]"
    inf = float("inf")
    values = [1, -2, 1e-3, 0.5, 1.0, inf, -inf, "no", "yes", "on", True, False, None, None, "1", 12, "0x1", "1_000"]
    got = yamltext.parse(text)[0]["a"]
    assert got == [*values, "12:30"] and [type(a) for a in got] == [type(b) for b in [*values, ""]]
    assert yamltext.parse("a: .nan")[0]["a"] != yamltext.parse("a: .nan")[0]["a"]


def test_a_spec_is_found_by_name_or_told_the_nearest(toy):
    path = sweep_project.write_spec(toy, GRID)
    for given in (path, "small", "chapter/toy/small", "experiments/chapter/toy/small.yaml"):
        assert load(given).path.samefile(path)
    with pytest.raises(UserError, match="no sweep spec 'smal'. Did you mean 'chapter/toy/small'?|Did you mean 'small'"):
        load("smal")


def test_a_notebook_without_a_parameters_cell(toy):
    path = toy / "notebooks" / "chapter" / "toy.ipynb"
    path.write_text(path.read_text().replace('"parameters"\n', '"other"\n'))
    assert "has no cells tagged 'parameters'" in complaint(toy, GRID)


def test_a_notebook_without_a_seed_takes_no_replicates(toy):
    sweep_project.make(toy, parameters="n_samples: int = 1\n")
    assert "chapter/toy has no parameter 'seed'" in complaint(toy, GRID + "replicates: 2\n")
