"""A project with one small, quick study, for tests of sweeps."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat

PARAMETERS = """\
n_samples: int = 4  # rows [1, 100000000]
noise: float = 1.0  # standard deviation (0, 10)
kind: str = "haar"  # kind of sketch {haar, gaussian, bad, html, slow}
label: str = "plain"  # any text
sizes: list[int] = None  # sizes [1, 50]
seed: int = 1  # root of all random streams [0, inf)
"""
BODY = """\
import time, workbench
if kind == "bad":
    raise ValueError(f"no kind for {n_samples}")
if kind == "slow":
    time.sleep(0.3)
workbench.record("total", n_samples * noise)
workbench.record("draw", seed % 1000)
workbench.record("table", [{"i": i, "n_samples": i * n_samples} for i in range(3)])
"""
WORKBENCH = [sys.executable, "-m", "workbench"]


def make(folder, body=BODY, parameters=PARAMETERS):
    """The project, with a study chapter/toy; returns the notebook's path."""
    (folder / "pyproject.toml").write_text("")
    notebook = nbformat.v4.new_notebook(
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "workbench": {"paper": {"title": "On toys", "arxiv": "0"}, "presets": {"smoke": {"n_samples": 2}}},
        }
    )
    notebook.cells = [
        nbformat.v4.new_markdown_cell("# A toy"),
        nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(body),
    ]
    path = folder / "notebooks" / "chapter" / "toy.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


def write_spec(folder, text, name="small"):
    path = Path(folder) / "experiments" / "chapter" / "toy" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if "study:" in text else f"study: chapter/toy\n{text}")
    return path


def cli(*arguments, timeout=120, **options):
    """Run the command line in a process of its own."""
    environment = {**os.environ, **options.pop("env", {})}
    return subprocess.run(
        [*WORKBENCH, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, env=environment, **options
    )


def table(folder, *without):
    """The results as a list of rows; without what may differ from run to run."""
    import pyarrow.parquet as pq

    rows = pq.read_table(Path(folder) / "results.parquet").to_pylist()
    return [{k: v for k, v in row.items() if k not in {"seconds", *without}} for row in rows]


RUNS = Path("runs/sweeps/chapter/toy/small")
