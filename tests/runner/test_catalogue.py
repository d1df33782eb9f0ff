"""The catalogue: the committed one is complete and up to date, and mistakes in one are told in a sentence."""

import importlib.util
from pathlib import Path

import pytest
from click.testing import CliRunner

from workbench.cli import main
from workbench.errors import UserError
from workbench.runner import catalogue, project

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("catalogue_script", ROOT / "experiments" / "catalogue.py")
script = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(script)
ENTRY = """
[[study]]
chapter = "chapter"
name = "toy"
title = "On toys"
authors = "A & B"
year = 2026
arxiv = "0000.00000"
summary = "Toys are small."
prerequisites = ["play"]
minutes = 5
"""


def test_lists_every_study_and_nothing_else(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert sorted(catalogue.read(ROOT / "notebooks")) == project.study_names()


def test_what_follows_from_the_notebooks_is_up_to_date(monkeypatch):
    monkeypatch.chdir(ROOT)
    text = (ROOT / "notebooks" / "catalogue.toml").read_text(encoding="utf-8")
    assert script.refreshed(text) == text, "run: make readme"


def test_an_entry_gives_a_study_its_paper_and_what_it_takes(project):
    (project / "notebooks" / "catalogue.toml").write_text(
        ENTRY.replace("On toys", "On catalogued toys") + 'claims = ["one"]\nseconds = 2\npackages = ["numpy"]\n'
    )
    shown = CliRunner().invoke(main, ["show", "toy"]).output
    assert "On catalogued toys" in shown and "5 minutes to read, 2 s to run. Know before: play." in shown
    listed = CliRunner().invoke(main, ["list"]).output
    assert "5 min" in listed and "2 s" in listed


def test_a_study_that_is_being_written_has_no_measured_fields(project):
    (project / "notebooks" / "catalogue.toml").write_text(ENTRY)
    assert "Toys are small." in CliRunner().invoke(main, ["show", "toy"]).output


@pytest.mark.parametrize(
    "text, message",
    [
        (ENTRY.replace("year = 2026", ""), r"study 1 \(toy\) has no 'year'"),
        (ENTRY.replace("minutes = 5", 'minutes = "five"'), "minutes must be int, got 'five'"),
        (ENTRY.replace('["play"]', "[1]"), r"prerequisites must be list of str, got \[1\]"),
        (ENTRY + "sumary = 1\n", "unknown field 'sumary'. Did you mean 'summary'?"),
        (ENTRY + ENTRY, "lists chapter/toy twice"),
        ("[[study]\n", "cannot be read"),
    ],
)
def test_a_mistake_is_a_sentence(project, text, message):
    path = project / "notebooks" / "catalogue.toml"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        catalogue.read(path.parent)
    done = CliRunner().invoke(main, ["list"])
    assert done.exit_code == 2 and "Traceback" not in done.output
