"""The README shows what the committed notebooks say, and its map and commands exist."""

import importlib.util
import re
from pathlib import Path

from workbench.cli import main
from workbench.runner import project

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SPEC = importlib.util.spec_from_file_location("readme", ROOT / "experiments" / "readme.py")
readme = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(readme)


def test_tables_and_figure_are_those_of_the_notebooks():
    assert readme.with_figure(readme.with_tables(README)) == README, "run: make readme"
    assert (ROOT / "experiments" / "readme.png").read_bytes() == readme.figure()[0], "run: make readme"


def test_every_study_is_listed():
    for name in project.study_names():
        study = project.load(name)
        assert f"`{name}`" in README and study.paper["arxiv"] in README


def test_the_map_names_what_is_there():
    block = re.search(r"## Map\n\n```text\n(.*?)```", README, flags=re.DOTALL)[1]
    top = [line.split()[0] for line in block.splitlines() if line and not line.startswith(" ")]
    inner = [line.split()[0] for line in block.splitlines() if line.startswith(" ")]
    for entry in [*top, *(f"workbench/{name}" for name in inner)]:
        assert (ROOT / entry.split("<")[0]).exists(), entry
    assert {path.name for path in (ROOT / "workbench").glob("*.py")} - {
        "__init__.py",
        "__main__.py",
        "errors.py",
        "plain.py",
    } == {name for name in inner if name.endswith(".py")}


def test_commands_and_targets_exist():
    commands = set(re.findall(r"^workbench (\w+)", README, flags=re.MULTILINE))
    assert commands == set(main.commands)
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"`?make (\w+)", README)) - {"all"}:
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_links_lead_somewhere():
    for link in re.findall(r"\]\(((?!http)[^)]+)\)", README):
        assert (ROOT / link).exists(), link
