"""Where the notebooks are, and what a study's notebook says of itself.

A study is a notebook ``notebooks/<chapter>/<study>.ipynb`` with an entry in ``notebooks/catalogue.toml``. The
notebook's metadata holds ``workbench.presets`` (named sets of parameter values); its paper and summary are the
catalogue's, and are written into the metadata of every executed copy, which may travel without the catalogue.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from workbench.errors import UserError, nearest
from workbench.runner import catalogue


@dataclass(frozen=True)
class Study:
    name: str  # "<chapter>/<study>"
    path: Path
    notebook: dict
    entry: dict = field(default_factory=dict)  # the catalogue's

    @property
    def paper(self):
        """Title, authors, year and arXiv id."""
        return {key: self.entry[key] for key in catalogue.PAPER} if self.entry else self._metadata("paper")

    @property
    def title(self):
        """The notebook's first heading, as plain text."""
        for cell in self.notebook["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] == "markdown" and source.startswith("# "):
                return re.sub(r"[*$`]", "", source.splitlines()[0][2:]).strip()
        return self.name

    @property
    def summary(self):
        """What the paper claims, in one sentence."""
        return self.entry.get("summary") or self._metadata("summary") or self.title

    @property
    def effort(self):
        """What it takes, for people: ``20 minutes to read, 14 s to run``; empty where the catalogue does not say."""
        if "seconds" not in self.entry:
            return ""
        return f"{self.entry['minutes']} minutes to read, {self.entry['seconds']} s to run"

    @property
    def presets(self):
        return self._metadata("presets")

    def _metadata(self, key):
        return self.notebook.get("metadata", {}).get("workbench", {}).get(key, {})


def root():
    """The project's folder: the nearest one upwards with notebooks/ and pyproject.toml, else the package's own."""
    here = Path.cwd()
    for folder in [here, *here.parents, Path(__file__).resolve().parents[2]]:
        if (folder / "notebooks").is_dir() and (folder / "pyproject.toml").is_file():
            return folder
    raise UserError(f"no notebooks/ beside a pyproject.toml in {here} or above; start in the project's folder")


def study_names():
    """Names of all studies, sorted."""
    folder = root() / "notebooks"
    return sorted(
        path.relative_to(folder).with_suffix("").as_posix()
        for path in folder.glob("*/*.ipynb")
        if not path.name.startswith(".")
    )


def load(name):
    """The study of that name: its path below notebooks/, or the last part where only one study has it."""
    names = study_names()
    wanted = str(name).strip("/").removesuffix(".ipynb").removeprefix("notebooks/")
    matches = [n for n in names if n == wanted] or [n for n in names if n.split("/")[-1] == wanted]
    if not matches:
        hint = nearest(wanted, names) or nearest(wanted.split("/")[-1], [n.split("/")[-1] for n in names])
        raise UserError(f"no study {wanted!r}.{hint} See 'workbench list'.")
    if len(matches) > 1:
        raise UserError(f"{wanted!r} names several studies: {', '.join(matches)}; give the whole path")
    path = root() / "notebooks" / f"{matches[0]}.ipynb"
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        notebook["cells"]
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(f"{path} is not a notebook that can be read") from None
    return Study(matches[0], path, notebook, catalogue.read(root() / "notebooks").get(matches[0], {}))
