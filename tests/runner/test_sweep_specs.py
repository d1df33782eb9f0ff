"""Every spec in experiments/ is valid for its study as it is now, and every study has one."""

import importlib.util
from pathlib import Path

import pytest
from click.testing import CliRunner

from workbench.cli import main
from workbench.runner import project
from workbench.sweep.design import Design
from workbench.sweep.spec import load

ROOT = Path(__file__).resolve().parents[2]
SPECS = sorted(ROOT.glob("experiments/*/*/*.yaml"))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_spec_validates_and_dry_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    design = Design(load(path))
    assert path.parent.relative_to(ROOT / "experiments").as_posix() == design.study.name
    assert 2 <= len(design) <= 500 and len(list(design)) == len(design)
    done = CliRunner().invoke(main, ["sweep", str(path), "-o", str(tmp_path / "out"), "--dry-run"])
    assert done.exit_code == 0 and f"{len(design)} will run: not run yet" in done.output
    assert not (tmp_path / "out").exists()


def test_every_study_has_a_spec(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert {path.parent.relative_to(ROOT / "experiments").as_posix() for path in SPECS} >= set(project.study_names())


def test_a_large_journal_becomes_a_table_that_answers_queries(tmp_path, monkeypatch):
    """The benchmark of scale, small; it checks the counts itself."""
    monkeypatch.chdir(ROOT)
    spec = importlib.util.spec_from_file_location("sweep_scale", ROOT / "experiments" / "benchmarks" / "sweep_scale.py")
    scale = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scale)
    scale.measure(tmp_path, 6400)
    assert (tmp_path / "results.parquet").stat().st_size < 6400 * 200
