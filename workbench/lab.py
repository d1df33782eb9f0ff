"""JupyterLab at the notebooks, with an index of the studies as its first tab."""

import os
import sys
from pathlib import Path

from workbench.errors import require
from workbench.recording import from_notebook
from workbench.runner import project
from workbench.runner.files import write_atomically

INDEX = "index.md"
SETTINGS = Path(__file__).parent / "lab_settings"  # Markdown opens as a page; nothing is fetched from elsewhere


def open_lab(options=()):
    """Write the index and become ``jupyter lab``; ``options`` go to it as they are."""
    require("jupyterlab", "lab")
    folder = project.root() / "notebooks"
    write_atomically(folder / INDEX, index())
    start = [
        f"--ServerApp.root_dir={folder}",
        f"--LabApp.default_url=/lab/tree/{INDEX}",
        f"--LabApp.app_settings_dir={SETTINGS}",
    ]
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", *start, *options])


def index():
    """The index as Markdown: the studies by chapter, each with its claim in one sentence and its verdicts."""
    lines = [
        "# Theory workbench",
        "",
        "Open a study, run it from the top (*Run › Run All Cells*), change its parameters, and move the sliders of its",
        "*Explore* cell. Below each title: what the paper claims, and the verdicts as the notebook stands.",
    ]
    chapter = None
    for study in map(project.load, project.study_names()):
        claims = from_notebook(study.notebook)["claims"]
        confirmed = sum(claim["verdict"] == "confirmed" for claim in claims)
        if chapter != (chapter := study.name.split("/")[0]):
            lines += ["", f"## {chapter.replace('_', ' ').capitalize()}"]
        lines += ["", f"### [{study.title}]({study.name}.ipynb)", "", study.summary]
        lines += [
            "",
            f"{study.paper['authors']} ({study.paper['year']}); {confirmed} of {len(claims)} claims confirmed"
            + (f"; {study.effort}." if study.effort else "."),
        ]
    return "\n".join(lines) + "\n"
