"""One point, wherever it runs: executed in a thread of this process or on a worker of a cluster.

Takes and returns plain data, so that a worker shares nothing with the writer but this package.
"""

import atexit
import json
import tempfile
import threading
import time
from functools import cache
from pathlib import Path

from workbench.errors import UserError
from workbench.recording import from_notebook
from workbench.runner import provenance
from workbench.runner.execute import execute
from workbench.sweep import fingerprint

TAIL_LINES = 8
_lock = threading.Lock()


def run(task):
    """Execute a point.

    Parameters
    ----------
    task : dict
        ``notebook`` (text), ``study``, ``values`` (all parameters), ``preset``, ``code`` (the fingerprint's digest
        that the writer expects), ``parts``, ``git``, ``timeout``, ``memory``.

    Returns
    -------
    dict
        ``status`` (``done`` or ``failed``), ``reason``, ``tail`` (the error's last lines), ``seconds``, ``scalars``,
        ``tables``, ``claims``, ``cpu`` and ``notebook`` (the executed notebook's text, None if there is none).
    """
    here = parts_of(task["notebook"])
    found = {"status": "failed", "reason": None, "tail": "", "seconds": 0.0, "notebook": None, "cpu": _cpu()}
    found.update(scalars={}, tables={}, claims=[])
    if fingerprint.digest(here, task["study"]) != task["code"]:
        return {**found, "reason": f"this worker has other code: {fingerprint.changes(task['parts'], here)}"}
    started = time.perf_counter()
    try:
        done = execute(
            _snapshot(task["notebook"]), task["values"], timeout=task["timeout"], memory=task["memory"], warm=True
        )
    except UserError as error:
        return {**found, "reason": str(error)}
    seconds = time.perf_counter() - started
    stamp = provenance.provenance(task["study"], task["values"], task["preset"], seconds, git=task["git"])
    stamp["failure"] = done.failure
    done.notebook["metadata"].setdefault("workbench", {})["run"] = stamp
    records = from_notebook(done.notebook)
    found.update(seconds=round(seconds, 3), notebook=_text(done.notebook), reason=done.failure)
    unsafe = next((name for name in [*records["scalars"], *records["tables"]] if not _is_name(name)), None)
    if done.failure:
        found["tail"] = _tail(done.notebook)
    elif unsafe is not None:
        found["reason"] = f"it recorded {unsafe!r}, which is not a name"
    else:
        found.update(status="done", **{kind: records[kind] for kind in ("scalars", "tables", "claims")})
    return found


def without_outputs(notebook):
    """A notebook's text with its committed outputs left out: they would travel to every worker for nothing."""
    cells = [
        {**cell, "outputs": [], "execution_count": None} if cell["cell_type"] == "code" else cell
        for cell in notebook["cells"]
    ]
    return json.dumps({**notebook, "cells": cells})


def _is_name(name):
    return isinstance(name, str) and name.isidentifier() and len(name) <= 100


@cache
def parts_of(text):
    """The fingerprint of a notebook's text, computed once in a process."""
    return fingerprint.fingerprint(json.loads(text))


def _snapshot(text):
    """The notebook as it was when the sweep began, as a file: a change of the original must not reach later points."""
    with _lock:  # threads that come at once must not make two folders, of which one would vanish
        return _file(text)


@cache
def _file(text):
    with tempfile.NamedTemporaryFile("w", dir=_folder().name, suffix=".ipynb", delete=False, encoding="utf-8") as file:
        file.write(text)
    return Path(file.name)


@cache
def _folder():
    folder = tempfile.TemporaryDirectory(prefix="workbench-sweep-", ignore_cleanup_errors=True)
    atexit.register(folder.cleanup)
    return folder


@cache
def _cpu():
    return provenance.cpu_class()


def _text(notebook):
    import nbformat

    return nbformat.writes(notebook) + "\n"


def _tail(notebook):
    """The last lines of the traceback, without colours."""
    from workbench.sweep.text import plain_text

    errors = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    errors = [output for output in errors if output.get("output_type") == "error"]
    if not errors:
        return ""
    lines = plain_text("\n".join(errors[-1].get("traceback", []))).splitlines()
    return "\n".join([line for line in lines if line.strip()][-TAIL_LINES:])
