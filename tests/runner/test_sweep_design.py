"""Expansion: every kind of block, seeds, and designs too large to hold."""

import itertools
import math
import tracemalloc

import nbformat
import numpy as np
import pytest
import sweep_project

from workbench.errors import UserError
from workbench.runner import parameters
from workbench.sweep import plan
from workbench.sweep.design import Design
from workbench.sweep.spec import load

GRID = "blocks:\n  - grid: {n_samples: [1, 2]}\n"


@pytest.fixture
def design(tmp_path, monkeypatch):
    sweep_project.make(tmp_path)
    monkeypatch.chdir(tmp_path)
    return lambda text: Design(load(sweep_project.write_spec(tmp_path, text)))


def axes(found):
    return [tuple(point.axes.values()) for point in found]


def test_grid_zip_and_replicates_multiply_in_a_fixed_order(design):
    grid, pair = "{n_samples: [1, 2], noise: [1, 2]}", "{kind: [haar, gaussian], label: [a, b]}"
    blocks = f"blocks:\n  - grid: {grid}\n  - zip: {pair}\n"
    found = design(blocks + "replicates: 2\npreset: smoke\nfixed: {sizes: [1, 2]}\n")
    pairs = [("haar", "a"), ("gaussian", "b")]
    product = [(n, x, *pair) for n, x in itertools.product([1, 2], [1.0, 2.0]) for pair in pairs]
    assert axes(found) == product * 2 and len(found) == 16
    assert [point.replicate for point in found] == [0] * 8 + [1] * 8
    assert all(point.values["sizes"] == [1, 2] for point in found)
    with pytest.raises(IndexError):
        found[16]


def test_replicates_alone_are_a_design(design):
    found = design("preset: smoke\nreplicates: 3\n")
    assert [point.values["n_samples"] for point in found] == [2, 2, 2] and len({point.seed for point in found}) == 3


def test_points_from_a_file(design, tmp_path):
    sweep_project.write_spec(tmp_path, "")
    (tmp_path / "experiments" / "chapter" / "toy" / "p.csv").write_text(
        "n_samples,kind,sizes\n3,haar,[1]\n4,gaussian,None\n"
    )
    assert axes(design("blocks:\n  - points: p.csv\n")) == [(3, "haar", [1]), (4, "gaussian", None)]


@pytest.mark.parametrize("kind", ["random", "latin_hypercube", "sobol", "halton"])
def test_samples_fill_the_box_and_repeat(design, kind):
    text = f"blocks:\n  - {kind}: {{n: 256, noise: {{low: 0.01, high: 1, log: true}}, n_samples: [1, 1000000]}}\n"
    first, second = axes(design(text)), axes(design(text))
    assert first == second != axes(design(text + "seed: 1\n"))
    noise, n = map(np.array, zip(*first, strict=True))
    assert 0.01 <= noise.min() and noise.max() <= 1 and all(type(row[1]) is int for row in first)
    # uniform in the logarithm: the mean of 256 uniforms has a standard deviation of 0.018
    assert abs((np.log10(noise) + 2).mean() / 2 - 0.5) < 0.08 and abs(n.mean() / 1e6 - 0.5) < 0.08
    if kind == "latin_hypercube":
        assert sorted(np.floor((np.log10(noise) + 2) / 2 * 256).astype(int)) == list(range(256))


def test_whole_numbers_and_steps_reach_both_ends_equally_often(design):
    found = design("blocks:\n  - sobol: {n: 64, noise: {low: 1, high: 2, step: 0.25}, n_samples: [1, 100000000]}\n")
    noise = [row[0] for row in axes(found)]
    assert set(noise) == {1, 1.25, 1.5, 1.75, 2} and min(noise.count(v) for v in set(noise)) >= 12
    found = design("blocks:\n  - latin_hypercube: {n: 5, n_samples: [1, 5]}\n")
    assert sorted(axes(found)) == [(1,), (2,), (3,), (4,), (5,)]
    found = design("blocks:\n  - halton: {n: 3, n_samples: {low: 1, high: 1000, log: true}, noise: [1, 2]}\n")
    assert all(type(row[0]) is int and 1 <= row[0] <= 1000 for row in axes(found))


def test_a_longer_sobol_sequence_begins_with_the_shorter(design):
    text = "blocks:\n  - sobol: {{n: {}, noise: [1, 2]}}\n"
    assert axes(design(text.format(16)))[:8] == axes(design(text.format(8)))


def test_seeds_are_shared_over_the_axes_named_and_over_no_other(design):
    found = list(
        design(
            "blocks:\n  - grid: {n_samples: [1, 2], kind: [haar, gaussian]}\nreplicates: 2\nshare_seeds_over: [kind]\n"
        )
    )
    groups = {}
    for point in found:
        groups.setdefault((point.axes["n_samples"], point.replicate), set()).add(point.seed)
    assert all(len(seeds) == 1 for seeds in groups.values())
    assert len(set.union(*groups.values())) == 4


def test_seeds_do_not_depend_on_what_else_is_in_the_design(design):
    def seeds(text):
        return {(p.axes["n_samples"], p.replicate): p.seed for p in design(text)}

    few = seeds("blocks:\n  - grid: {n_samples: [1, 2]}\nreplicates: 2\n")
    many = seeds("blocks:\n  - grid: {n_samples: [7, 2, 1, 5]}\nreplicates: 3\n")
    assert few.items() < many.items() and len(set(many.values())) == 12
    other = seeds("blocks:\n  - grid: {n_samples: [1, 2]}\nreplicates: 2\nseed: 5\n")
    assert not set(other.values()) & set(few.values())


def test_seeds_keep_to_the_notebooks_range_and_to_a_spec_that_sets_them(design, tmp_path):
    assert all(p.seed < 2**53 for p in design("replicates: 50\n"))
    assert [p.seed for p in design("blocks:\n  - grid: {seed: [5, 6]}\n")] == [5, 6]
    sweep_project.make(tmp_path, parameters="seed: int = 3  # [3, 10]\n")
    assert {p.seed for p in design("replicates: 200\n")} == set(range(3, 10))


def test_a_million_points_are_expanded_lazily(design):
    tracemalloc.start()
    grid = f"blocks:\n  - grid: {{n_samples: {list(range(1, 101))}}}\n"
    found = design(grid + "  - sobol: {n: 1024, noise: [1, 2]}\nreplicates: 10\n")
    assert len(found) == 1_024_000
    last = found[len(found) - 1]
    assert (
        last.replicate == 9
        and last.axes["n_samples"] == 100
        and math.isclose(last.axes["noise"], found[1023].axes["noise"])
    )
    sum(1 for _ in itertools.islice(found, 20_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30e6  # a list of the points would take hundreds of megabytes


def test_cells_that_no_point_needs_are_left_out_and_change_the_code(design, tmp_path):
    path = sweep_project.make(tmp_path)
    notebook = nbformat.read(path, 4)
    for name in ("claims-text", "claims", "claimsmade", "exercise-1"):
        notebook.cells.append(nbformat.v4.new_code_cell(f"print('{name}')", id=name))
    nbformat.write(notebook, path)
    notebook.cells[-1].source = "later = 1"
    nbformat.write(notebook, path)
    whole = design(GRID)
    less = design(GRID + "without: [claims, exercise]\n")
    gone = {cell["id"] for cell in whole.notebook["cells"]} - {cell["id"] for cell in less.notebook["cells"]}
    assert gone == {"claims-text", "claims", "exercise-1"}
    assert plan.make(whole.spec, tmp_path / "a").code != plan.make(less.spec, tmp_path / "b").code
    assert parameters.declared(less.notebook, "toy")  # the parameters cell stays, whatever its id
    with pytest.raises(UserError, match=r"without: no cell of chapter/toy .* with 'claim'. Did you mean 'claims'\?"):
        design(GRID + "without: [claim]\n")
    notebook.cells.append(nbformat.v4.new_code_cell("print(later)", id="verdicts-2"))
    nbformat.write(notebook, path)
    with pytest.raises(UserError, match="without: cell verdicts-2 needs later from .*; leave out 'verdicts' too"):
        design(GRID + "without: [claims, exercise]\n")
    assert len(design(GRID + "without: [claims, exercise, verdicts]\n").notebook["cells"]) == 4
