"""What the site and slides are made of, and what is refused with a sentence. No browser."""

import copy
import json

import pytest

from workbench.errors import UserError
from workbench.runner import project
from workbench.site import notebook, text
from workbench.site.build import build
from workbench.site.mathematics import typeset

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+M8AAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
ALT = "A figure of one single dot, which is all there is to see."


def figure(alt=ALT):
    return {"output_type": "display_data", "data": {"image/png": PNG}, "metadata": {"image/png": {"alt": alt}}}


def code(identifier, source, *outputs):
    return {
        "cell_type": "code",
        "id": identifier,
        "metadata": {},
        "source": [source],
        "outputs": list(outputs),
        "execution_count": 1,
    }


def study(*cells, **own):
    run = {"study": "toys/toy", "seconds": 1.0, "cpu": "one", "versions": {}, "git": {"commit": None, "dirty": False}}
    paper = {"title": "On toys", "authors": "A & B", "year": 2026, "arxiv": "0000.00000"}
    own = {"paper": paper, "presets": {}, "run": run, **own}
    title = {
        "cell_type": "markdown",
        "id": "title",
        "metadata": {},
        "source": ["# On $x$ and *toys*\n", "\n", "Text $x^2$."],
    }
    parameters = {**code("parameters", "seed: int = 1  # root [0, inf)"), "metadata": {"tags": ["parameters"]}}
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}, "workbench": own}
    content = {"cells": [title, parameters, *cells], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return project.Study("toys/toy", None, content)


@pytest.fixture
def toy_project(tmp_path, monkeypatch):
    """A project with one study; returns a function that writes it from cells."""
    (tmp_path / "notebooks" / "toys").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("")
    monkeypatch.chdir(tmp_path)

    def write(*cells, **own):
        path = tmp_path / "notebooks" / "toys" / "toy.ipynb"
        path.write_text(json.dumps(study(*cells, **own).notebook))
        return tmp_path

    return write


def test_formulas_are_drawn_and_spoken():
    inline, display = typeset(r"\frac12"), typeset(r"\begin{aligned}a&=b\\c&=d\end{aligned}", display=True)
    assert inline.count("<svg") == 1 and "<mfrac>" in inline and "formula-display" not in inline
    assert "formula-display" in display and "<mtable" in display and "&amp;=" not in display.split("<svg")[1]


@pytest.mark.parametrize("tex", [r"\frac{1", r"\nosuchthing x", r"\left( x"])
def test_tex_that_cannot_be_set_is_an_error_that_shows_it(tex):
    with pytest.raises(UserError) as error:
        typeset(tex)
    assert f"cannot typeset ${tex}$" in str(error.value)


def test_a_cell_with_two_figures_becomes_two_so_that_both_keep_their_descriptions():
    other = "Another figure, which shows one more single dot."
    cells = notebook.for_reading(study(code("two", "draw()", figure(), figure(other))))["cells"]
    found = [cell["metadata"]["mystnb"]["image"]["alt"] for cell in cells if "mystnb" in cell["metadata"]]
    assert found == [ALT, other]


def test_a_figure_without_a_description_is_refused():
    with pytest.raises(UserError, match="a figure of cell 'bare' has no description"):
        notebook.for_reading(study(code("bare", "draw()", figure(""))))


def test_the_cover_is_the_named_cell_else_the_first_figure():
    cells = [code("one", "", figure()), code("two", "", figure("The second one, which is named as the cover."))]
    assert notebook.cover(study(*cells))[1] == ALT
    assert "second" in notebook.cover(study(*cells, cover="two"))[1]
    with pytest.raises(UserError, match="'three' that its metadata names as its cover"):
        notebook.cover(study(*cells, cover="three"))


def test_reading_leaves_the_notebook_alone_and_hides_marks_and_long_code():
    graded = code("solution", "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION")
    graded["metadata"] = {"nbgrader": {"solution": True}}
    original = study(graded, code("long", "x = 1\n" * 30), code("short", "x = 1"), code("figure", "", figure()))
    before = copy.deepcopy(original.notebook)
    cells = {cell["id"]: cell for cell in notebook.for_reading(original)["cells"]}
    assert original.notebook == before
    assert "###" not in cells["solution"]["source"] and "return 1" in cells["solution"]["source"]
    folded = [name for name, cell in cells.items() if "hide-input" in cell["metadata"].get("tags", [])]
    assert folded == ["solution", "long", "figure"]


def test_plain_text_stays_plain_in_markdown():
    from markdown_it import MarkdownIt

    wild = "a*b*c _d_ $e$ <f> [g](h) `i` ~j~ & {k}`l` 1. m"
    shown = MarkdownIt().render(text.plain(wild))
    import html

    assert html.unescape(shown) == f"<p>{wild}</p>\n"


def test_a_site_of_one_study_shows_its_sweeps_and_replaces_an_older_site(toy_project):
    root = toy_project(code("figure", "", figure()))
    folder = root / "experiments" / "toys" / "toy"
    folder.mkdir(parents=True)
    rows = "\n".join(f"{i},{i / 7},done" for i in range(60))
    (folder / "grid.csv").write_text(f"n_samples,risk,status\n{rows}\n")
    assert build("out") == 1
    page = (root / "out" / "sweeps.html").read_text()
    assert "The first 40 of 60 points" in page and '<th scope="col">n_samples</th>' in page and 'tabindex="0"' in page
    assert "Sweep results" in (root / "out" / "studies" / "toys" / "toy.html").read_text()
    assert "Binder" not in (root / "out" / "run.html").read_text() and not (root / "out" / "colab").exists()
    (root / "out" / "stale.html").write_text("")
    build("out")
    assert not (root / "out" / "stale.html").exists()
    assert sorted(path.name for path in root.iterdir()) == ["experiments", "notebooks", "out", "pyproject.toml"]


def test_nothing_is_written_where_the_site_cannot_be(toy_project):
    root = toy_project(code("figure", "", figure()))
    (root / "letters").mkdir()
    (root / "letters" / "love.txt").write_text("")
    for output, message in [
        ("letters", "not a site"),
        ("pyproject.toml", "is a file"),
        ("pyproject.toml/x", "not a folder"),
    ]:
        with pytest.raises(UserError, match=message):
            build(output)
    assert [path.name for path in (root / "letters").iterdir()] == ["love.txt"]


@pytest.mark.parametrize(
    "cells, own, message",
    [
        ([code("figure", "", figure())], {"run": {}}, "toys/toy has not been executed"),
        ([code("figure", "")], {}, "shows no figure"),
        (
            [
                code("figure", "", figure()),
                {"cell_type": "markdown", "id": "m", "metadata": {}, "source": ["$\\nosuch$"]},
            ],
            {},
            "nosuch",
        ),
        (
            [
                code("figure", "", figure()),
                {"cell_type": "markdown", "id": "m", "metadata": {}, "source": ["[a](gone.ipynb)"]},
            ],
            {},
            "gone",
        ),
    ],
)
def test_a_notebook_that_cannot_be_shown_is_named_and_nothing_is_left(toy_project, cells, own, message):
    root = toy_project(*cells, **own)
    with pytest.raises(UserError, match=message):
        build("out")
    assert sorted(path.name for path in root.iterdir()) == ["notebooks", "pyproject.toml"]


def test_a_sweep_table_that_cannot_be_read_is_named(toy_project):
    root = toy_project(code("figure", "", figure()))
    (root / "experiments" / "toys" / "toy").mkdir(parents=True)
    (root / "experiments" / "toys" / "toy" / "bad.csv").write_text("")
    with pytest.raises(UserError, match="bad.csv"):
        build("out")


@pytest.mark.parametrize("option, value", [("--repository", "https://github.com/a/b"), ("--ref", "v1 0")])
def test_a_repository_that_is_none_is_refused(workbench, tmp_path, option, value):
    done = workbench("site", "build", "-o", tmp_path / "site", option, value)
    assert done.returncode == 2 and f"{option} {value!r} is not" in done.stderr
    assert not (tmp_path / "site").exists()
