"""pyproject.toml, requirements.lock and environment.yml agree, and the lock names no place and no local build."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if line.strip()]
PINS = {Requirement(line).name: Requirement(line) for line in LOCK}
EXTRAS = {name: needs for name, needs in PROJECT["optional-dependencies"].items() if name != "all"}
DIRECT = [
    Requirement(text) for text in [*PROJECT["dependencies"], *(need for needs in EXTRAS.values() for need in needs)]
]
CONDA_NAMES = {"pytorch-cpu": "torch"}


def conda_pins():
    content = yaml.safe_load((ROOT / "environment.yml").read_text())
    conda = [entry for entry in content["dependencies"] if isinstance(entry, str) and "=" in entry]
    (pip,) = [entry["pip"] for entry in content["dependencies"] if isinstance(entry, dict)]
    pins = dict(entry.split("=", 1) for entry in conda)
    pins.update(entry.split("==") for entry in pip if "==" in entry)
    assert "--editable ." in pip
    return {CONDA_NAMES.get(name, name): version for name, version in pins.items()}


@pytest.mark.parametrize("need", DIRECT, ids=lambda need: need.name)
def test_every_direct_dependency_is_pinned_within_its_range(need):
    (pin,) = PINS[need.name].specifier
    assert pin.operator == "==" and need.specifier.contains(pin.version)


def test_conda_environment_has_the_same_direct_dependencies_at_the_same_versions():
    pins = conda_pins()
    assert pins.pop("python") == PROJECT["requires-python"].removeprefix(">=")
    assert pins == {need.name: str(PINS[need.name].specifier).removeprefix("==") for need in DIRECT}


def test_the_whole_stack_is_in_the_lock():
    assert {"jupyterlab", "numpy", "scipy", "matplotlib", "torch", "pymc", "papermill", "nbval"} <= set(PINS)


def test_the_lock_names_only_packages_and_plain_versions():
    for line in LOCK:
        assert re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line), line


def test_all_means_every_extra():
    (everything,) = PROJECT["optional-dependencies"]["all"]
    assert Requirement(everything).extras == set(EXTRAS)


def test_this_environment_is_the_locked_one():
    """Every pin whose package is installed has the pinned version; a local label such as +cpu may differ."""
    from importlib.metadata import distributions

    installed = {re.sub(r"[-_.]+", "-", d.metadata["Name"]).lower(): d.version for d in distributions()}
    for name, pin in PINS.items():
        assert Version(installed[name]).public == str(pin.specifier).removeprefix("=="), name


def test_code_style():
    done = subprocess.run([sys.executable, "-m", "ruff", "check", "."], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--check", "."], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_version_is_stated_once():
    import workbench

    assert workbench.__version__ == PROJECT["version"]
