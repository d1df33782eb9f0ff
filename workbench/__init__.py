"""Helpers behind the notebooks: record results, state claims, run studies.

Importing the package is cheap; NumPy, matplotlib, papermill and the rest are loaded by the part that needs them.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOME = {
    "record": "workbench.recording",
    "records": "workbench.recording",
    "run": "workbench.runner.run",
    "UserError": "workbench.errors",
    "CellFailed": "workbench.errors",
}
__all__ = sorted(_HOME)


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'workbench' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_HOME])
