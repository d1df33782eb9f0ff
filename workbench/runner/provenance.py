"""Where a result comes from: versions, commit, parameters, machine class. No user, host or absolute path."""

import os
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("workbench", "numpy", "scipy", "matplotlib", "torch", "pymc", "papermill", "nbclient", "ipykernel")


def provenance(study, parameters, preset, seconds, folder=None, git=None):
    """The run's provenance as plain data.

    Parameters
    ----------
    study : str
    parameters : dict
        The effective values: defaults united with overrides.
    preset : str or None
    seconds : float
    folder : path, optional
        Folder of the repository, for the commit.
    git : dict, optional
        What :func:`git_state` said, where it is known already or the repository is elsewhere.
    """
    return {
        "study": study,
        "parameters": parameters,
        "seed": parameters.get("seed"),
        "preset": preset,
        "seconds": round(seconds, 2),
        "git": git or git_state(folder),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpu": cpu_class(),
        "versions": {name: v for name in PACKAGES if (v := _version(name))},
    }


def git_state(folder):
    """Commit and whether the tree differs from it; both None outside a git checkout."""
    commit = _git(folder, "rev-parse", "HEAD")
    status = _git(folder, "status", "--porcelain") if commit else None
    return {"commit": commit, "dirty": None if status is None else bool(status)}


def cpu_class():
    """Model and number of the processors that this process may use, such as ``Intel Xeon, 2 cores``."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} core{'s' * (cores != 1)}"


def _git(folder, *arguments):
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


@cache
def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None
