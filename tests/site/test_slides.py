"""Slides: the rule, the deck as text, and the deck presented in a Chromium without a network."""

import copy
import re

import pytest

from workbench.runner import project
from workbench.slides.deck import deck
from workbench.slides.markdown import ROOM, blocks, split
from workbench.slides.rule import TYPES, slide_type, with_metadata

STUDIES = project.study_names()


@pytest.mark.parametrize("name", STUDIES)
def test_the_committed_metadata_is_complete_and_the_rule_changes_nothing(name):
    notebook = project.load(name).notebook
    types = [cell["metadata"]["slideshow"]["slide_type"] for cell in notebook["cells"]]
    assert set(types) <= set(TYPES) and types[0] == "slide" and types.count("slide") >= 4
    assert with_metadata(copy.deepcopy(notebook)) == notebook


def test_the_rule_keeps_text_figures_claims_and_theory():
    def cell(kind, source="x = 1", **more):
        return {"cell_type": kind, "id": "some", "source": [source], "metadata": {}, "outputs": [], **more}

    figure = [{"output_type": "display_data", "data": {"image/png": "..."}}]
    assert slide_type(cell("markdown", "## Section")) == "slide"
    assert slide_type(cell("markdown", "### Part")) == slide_type(cell("markdown", "text")) == "subslide"
    assert slide_type(cell("code", outputs=figure)) == slide_type(cell("code", id="theory")) == "subslide"
    assert slide_type(cell("code")) == "skip"
    assert slide_type(cell("code", outputs=figure, metadata={"nbgrader": {}})) == "skip"
    assert slide_type(cell("code", metadata={"slideshow": {"slide_type": "notes"}})) == "notes"


def test_long_text_is_split_between_blocks_and_formulas_stay_with_their_text():
    source = "## Title\n\n" + "\n\n".join(["word " * 60 + "\n\n$$x = 1$$"] * 4) + "\n\n* one\n* two\n\n## Next\n\nend"
    slides = split(blocks(source))
    assert [slide[0].heading for slide in slides if slide[0].heading] == ["Title", "Next"]
    assert "".join(part.html for slide in slides for part in slide).count("<li>") == 2
    for slide in slides:
        assert sum(part.size for part in slide[1:]) <= ROOM
        assert all(part.html.count("<p>") == 1 for part in slide if "<svg" in part.html)


@pytest.mark.parametrize("name", STUDIES)
def test_a_deck_is_one_file_with_everything_in_it(name):
    text = deck(project.load(name))
    page = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=\"(?!data:)|@import", page)
    assert not re.search(r"url\(\s*['\"]?(?!data:)[a-z]", page)
    assert text.count("<math ") == text.count('<svg aria-hidden="true"') > 10
    figures = re.findall(r'<img [^>]*alt="([^"]*)"', text)
    assert figures and all(len(alt) >= 20 for alt in figures)
    body = text.split("<body>")[1].split("<script>")[0]
    assert "BEGIN SOLUTION" not in body and body.count("<h1") == 1 and ".ipynb" not in body


@pytest.mark.parametrize("name", STUDIES)
def test_every_slide_shows_and_fits(name, offline, tmp_path):
    path = tmp_path / "slides.html"
    path.write_text(deck(project.load(name)), encoding="utf-8")
    visit = offline(width=1280, height=720)
    page = visit.open(path)
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    total, seen = page.evaluate("Reveal.getTotalSlides()"), 1
    while True:
        height, width, scale = page.evaluate(
            "(() => { const s = Reveal.getCurrentSlide(); "
            "return [s.scrollHeight, s.scrollWidth, parseInt(s.style.fontSize || '100')] })()"
        )
        assert height <= 720 and width <= 1280 and scale >= 64, f"slide {seen}"
        if page.evaluate("Reveal.isLastSlide()"):
            break
        page.keyboard.press("Space")
        seen += 1
        assert seen <= total
    assert seen == total > 15 and not visit.wrong


def test_the_command_writes_a_file_and_refuses_nonsense(workbench, tmp_path):
    done = workbench("slides", "accumulate_or_replace", "-o", tmp_path / "talk.html")
    assert done.returncode == 0 and (tmp_path / "talk.html").stat().st_size > 200_000
    for arguments, message in [
        (["slides", "acumulate_or_replace"], "Did you mean 'collapse/accumulate_or_replace'?"),
        (["slides", "accumulate_or_replace", "-o", tmp_path / "talk.pdf"], "must end in .html"),
    ]:
        done = workbench(*arguments)
        assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr
