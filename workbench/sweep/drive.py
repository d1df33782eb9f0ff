"""Drive a sweep: hand points to an executor, journal what comes back. One thread writes, whoever executes."""

import itertools
import queue
import signal
import threading
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass, field

from workbench.runner.files import write_atomically
from workbench.sweep import task

TICK = 0.2  # seconds between looks at the keyboard


@dataclass
class Options:
    retries: int = 0
    fail_fast: bool = False
    timeout: float | None = None
    memory: int | None = None
    limit: int | None = None  # at most so many points, for a pilot


@dataclass
class Outcome:
    done: int = 0
    failed: int = 0
    left: bool = False  # points remain that were not started
    interrupted: int = 0  # how often Ctrl-C was pressed
    failures: list = field(default_factory=list)


def drive(plan, executor, window, options, git, watch, pick=None):
    """Run the pending points of a plan.

    Parameters
    ----------
    plan : Plan
        Its journal is open for writing.
    executor : concurrent.futures.Executor
    window : callable
        Returns how many points may be in flight.
    options : Options
    git : dict
        The commit, for every point's provenance.
    watch : object
        Told of ``started(point)``, ``finished(point, row, tail)``, ``tick(in_flight)`` and ``stopping(times)``.
    pick : iterable, optional
        Points in place of ``plan.pending()``.
    """
    outcome, finished, in_flight = Outcome(), queue.SimpleQueue(), {}
    waiting = iter(plan.pending() if pick is None else pick)
    waiting = itertools.islice(waiting, options.limit)
    exhausted = False

    def submit(item, attempt):
        future = executor.submit(task.run, _task(plan, item[0], options, git))
        in_flight[future] = (item, attempt)
        future.add_done_callback(finished.put)
        watch.started(item[0])

    with _ctrl_c(outcome, watch):
        while True:
            stop = outcome.interrupted or (options.fail_fast and outcome.failed)
            while not stop and not exhausted and len(in_flight) < window():
                item = next(waiting, None)
                if item is None:
                    exhausted = True
                else:
                    submit(item, 1)
            if outcome.interrupted > 1 or not in_flight:
                break
            watch.tick(len(in_flight))
            try:
                future = finished.get(timeout=TICK)
            except queue.Empty:
                continue
            item, attempt = in_flight.pop(future)
            result = _result(future)
            if result["status"] == "failed" and attempt <= options.retries and not stop:
                submit(item, attempt + 1)
                continue
            _keep(plan, item, result, attempt, git, outcome, watch)
    outcome.left = bool(in_flight) or next(waiting, None) is not None
    return outcome


def _task(plan, point, options, git):
    return {
        "notebook": plan.notebook,
        "study": plan.design.study.name,
        "values": point.values,
        "preset": plan.spec.model.preset,
        "code": plan.code,
        "parts": plan.parts,
        "git": git,
        "timeout": options.timeout,
        "memory": options.memory,
    }


def _result(future):
    try:
        return future.result()
    except (Exception, CancelledError) as error:  # a worker that died, a result that could not travel
        why = " ".join(str(error).split())[:300]
        failed = {"status": "failed", "reason": f"{type(error).__name__}: {why}", "tail": "", "seconds": 0.0}
        return {**failed, "scalars": {}, "tables": {}, "claims": [], "notebook": None, "cpu": None}


def _keep(plan, item, result, attempt, git, outcome, watch):
    point, identity, key = item
    notebook, tail = result.pop("notebook"), result.pop("tail")
    if notebook:
        write_atomically(plan.folder / notebook_of(key), notebook)
    row = {
        **result,
        "values": point.values,
        "replicate": point.replicate,
        "attempts": attempt,
        "bytes": len(notebook.encode()) if notebook else 0,
        "commit": git["commit"],
    }
    plan.journal.add_point(key, identity, plan.code, row)
    if row["status"] == "done":
        outcome.done += 1
    else:
        outcome.failed += 1
        outcome.failures.append((point, key, row["reason"]))
    watch.finished(point, row, tail)


def notebook_of(key):
    """Where a point's executed notebook lies in the sweep's folder."""
    return f"notebooks/{key[:2]}/{key}.ipynb"


@contextmanager
def _ctrl_c(outcome, watch):
    """Count interrupts: the first lets points in flight finish, the second gives them up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def pressed(number, frame):
        outcome.interrupted += 1
        watch.stopping(outcome.interrupted)

    before = signal.signal(signal.SIGINT, pressed)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
