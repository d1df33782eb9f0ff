"""Bring notebooks/catalogue.toml up to date with the committed notebooks: part of `make readme`.

An entry's claims, seconds and packages are those of its notebook; the rest is written by hand. Entries are sorted, and
the file's comments are the header below.
"""

import json
import tomllib
from pathlib import Path

from workbench.recording import from_notebook
from workbench.runner import catalogue, project
from workbench.runner.files import write_atomically
from workbench.sweep.fingerprint import fingerprint

PATH = Path(__file__).resolve().parents[1] / "notebooks" / catalogue.FILE
HEADER = """\
# One entry per study: `workbench list`, the README's table and the site's index are made from it. Written by hand, but
# for claims, seconds (at the default parameters) and packages, which `make readme` takes from the executed notebooks.
"""
EVERYWHERE = {"ipython", "ipywidgets", "python", "threadpoolctl"}  # what no study can do without


def measured(name):
    """The fields that follow from the executed notebook of a study."""
    notebook = project.load(name).notebook
    found = from_notebook(notebook)
    parts = [part.removeprefix("version ") for part in fingerprint(notebook) if part.startswith("version ")]
    return {
        "claims": [claim["identifier"] for claim in found["claims"]],
        "seconds": max(1, round(found["provenance"]["seconds"])),
        "packages": sorted(set(parts) - EVERYWHERE),
    }


def refreshed(text):
    """The file's text with every entry as its notebook has it."""
    entries = tomllib.loads(text).get("study", [])
    entries.sort(key=lambda entry: (entry["chapter"], entry["name"]))
    blocks = []
    for entry in entries:
        entry = {**entry, **measured(f"{entry['chapter']}/{entry['name']}")}
        order = sorted(entry, key=[*catalogue.FIELDS, *entry].index)
        blocks.append("\n".join(["[[study]]", *(f"{field} = {_toml(entry[field])}" for field in order)]) + "\n")
    return "\n".join([HEADER, *blocks])


def _toml(value):
    """Strings, integers and short lists of strings look in TOML as they do in JSON."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) < 100 or not isinstance(value, list):
        return text
    return "[\n" + "".join(f"    {json.dumps(item, ensure_ascii=False)},\n" for item in value) + "]"


if __name__ == "__main__":
    write_atomically(PATH, refreshed(PATH.read_text(encoding="utf-8")))
