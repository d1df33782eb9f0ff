"""Execute one notebook through papermill: watched cell by cell, kept in memory, written by the caller.

papermill rewrites the whole notebook twice per cell and not atomically, calls cells of a dead kernel completed, and
stores absolute paths; so it runs here without an output path, and what happened is read from its manager.
"""

import asyncio
import contextlib
import contextvars
import functools
import importlib
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import UserError
from workbench.runner.kernels import kernel_manager, private_folder
from workbench.runner.limits import Watchdog

_import_lock = threading.Lock()


@dataclass(frozen=True)
class Execution:
    """An executed notebook, and the failure that ended it early (None if it reached its end)."""

    notebook: dict
    failure: str | None


def execute(path, parameters, on_cell=None, *, timeout=None, memory=None, warm=False):
    """Execute the notebook at ``path`` with overrides injected after its parameters cell.

    Safe to call from several threads at once: it changes neither the working folder nor any other global state.

    Parameters
    ----------
    path : path
    parameters : dict
        Overrides, plain and checked.
    on_cell : callable, optional
        Called as ``on_cell(index, n_cells, source)`` when a cell starts.
    timeout : float, optional
        Seconds for the whole notebook, from the start of its first cell.
    memory : int, optional
        Bytes that the notebook's process and its descendants may hold resident.
    warm : bool
        Execute in a process forked from one that has the notebook's imports already, where that is safe.

    Raises
    ------
    UserError
        If the notebook's kernel cannot be started, or a limit is not a positive number.
    """
    papermill = _papermill()
    watch = _Watch(on_cell, Watchdog(timeout, memory))
    failure = None
    try:
        with private_folder() as folder, open(Path(folder) / "stderr", "ab") as log, watch.watchdog:
            _with_event_loop(
                papermill.execute_notebook,
                str(path).replace("{", "{{").replace("}", "}}"),  # papermill formats its paths
                None,
                parameters=parameters,
                engine_name=_engine(warm),
                progress_bar=False,
                watch=watch,
                kernel_manager_class=kernel_manager(folder, log, watch.has_process),
                **({"on_process": watch.has_process, "stderr": log.fileno()} if warm else {}),
            )
    except papermill.PapermillExecutionError as error:
        failure = f"cell {watch.label()} failed: {error.ename}: {_first_line(error.evalue)}"
    except Exception as error:
        why = f"{type(error).__name__}: {_first_line(str(error))}"
        if watch.cell is None:
            raise UserError(f"the kernel for {Path(path).name} could not be started: {why}") from error
        failure = f"cell {watch.label()} failed: {'the kernel died' if why.startswith('DeadKernelError') else why}"
    notebook = watch.manager.nb
    if watch.watchdog.reason:
        failure = f"cell {watch.label()} {watch.watchdog.reason}"
    elif failure is None and not watch.finished():
        failure = f"cell {watch.label()} ended the kernel (exit) before the notebook's end"
    return Execution(_tidy(notebook), failure)


class _Watch:
    """Sees papermill's execution manager as it works."""

    def __init__(self, on_cell, watchdog):
        self.on_cell = on_cell
        self.watchdog = watchdog
        self.manager = None
        self.pid = None
        self.cell = None
        self.number = 0

    def has_process(self, pid):
        self.pid = pid

    def start(self, cell, index):
        self.cell, self.number = cell, index + 1
        self.watchdog.watch(self.pid)
        if self.on_cell:
            self.on_cell(index, len(self.manager.nb.cells), cell.source)

    def finished(self):
        return all(
            cell.metadata.papermill.get("status") == "completed" and not cell.metadata.papermill.get("exception")
            for cell in self.manager.nb.cells
        )

    def label(self):
        lines = [line for line in self.cell.source.splitlines() if line.strip()]
        quoted = f" ({lines[0].strip()[:60]})" if lines else ""
        return f"{self.number}{quoted}"


def _papermill():
    # jsonschema's format checker compiles 35 grammars that no notebook uses when rfc3987_syntax can be imported:
    # 0.8 s of every start. Hide it while nbformat is first imported; jsonschema expects that it may be missing.
    with _import_lock:
        hidden = "rfc3987_syntax" not in sys.modules and "jsonschema" not in sys.modules
        if hidden:
            sys.modules["rfc3987_syntax"] = None
        try:
            return importlib.import_module("papermill")
        finally:
            if hidden:
                del sys.modules["rfc3987_syntax"]


@functools.cache
def _engine(warm):
    """Register our papermill engines: the stock one, and ours, with a manager that reports cells and saves nothing."""
    _papermill()
    from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines

    if warm:
        from workbench.runner.warm.engine import WarmEngine as Base
    else:
        Base = NBClientEngine

    class Manager(NotebookExecutionManager):
        watch = None

        def save(self, **kwargs):
            pass

        def cell_start(self, cell, cell_index=None, **kwargs):
            super().cell_start(cell, cell_index, **kwargs)
            self.watch.start(cell, cell_index)

    class WatchedEngine(Base):
        @classmethod
        def execute_notebook(cls, nb, kernel_name, watch, output_path=None, progress_bar=False, **kwargs):
            manager = Manager(nb, progress_bar=False)
            manager.watch, watch.manager = watch, manager
            manager.notebook_start()
            cls.execute_managed_notebook(manager, kernel_name, **kwargs)
            return manager.nb

    name = "workbench-watched-warm" if warm else "workbench-watched"
    papermill_engines.register(name, WatchedEngine)
    return name


def _with_event_loop(function, *arguments, **options):
    """Call a function that may leave an event loop to this thread; close it, or each worker thread would leak one."""
    if threading.current_thread() is threading.main_thread():
        return function(*arguments, **options)

    from jupyter_core.utils import ensure_event_loop

    def call():
        loop = ensure_event_loop()
        try:
            return function(*arguments, **options)
        finally:
            if not loop.is_running():
                loop.close()
                asyncio.set_event_loop(None)

    return contextvars.Context().run(call)


def _tidy(notebook):
    """Take out what papermill stores of this machine and this minute: paths, times, empty tags."""
    run = notebook.metadata.pop("papermill", {})
    if run.get("parameters"):
        notebook.metadata["papermill"] = {"parameters": run["parameters"]}
    for cell in notebook.cells:
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]
    with contextlib.suppress(KeyError):
        del notebook.metadata["language_info"]["version"]
    return notebook


def _first_line(text):
    return (text or "").strip().split("\n")[0][:300]
