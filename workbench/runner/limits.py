"""Limits on one running notebook: a thread that interrupts or kills the process that executes it.

Memory is watched and not bounded by RLIMIT_AS: torch and numba reserve gigabytes of address space that they never use,
so a bound on it would fail notebooks that need little. Counted is what the process holds resident, and what only its
descendants hold (pages they share with it count once).
"""

import contextlib
import math
import os
import signal
import sys
import threading
import time

from workbench.errors import UserError

POLL = 0.05  # seconds between looks
GRACE = 2.0  # seconds from the interrupt to the kill


class Watchdog:
    """Ends the process of a notebook that breaks a limit, and says why in ``reason`` (None if it kept them).

    A context manager; ``watch(pid)`` starts the clock, when the first cell starts, so that neither a busy machine's
    slow start counts nor the imports of the kernel itself.
    """

    def __init__(self, timeout=None, memory=None):
        self.timeout = _checked("timeout", timeout, "seconds")
        self.memory = _checked("memory", memory, "bytes")
        self.reason = None
        self._done = threading.Event()
        self._thread = None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()

    def watch(self, pid):
        if self._thread is None and (self.timeout or self.memory):
            self._thread = threading.Thread(target=self._run, args=(pid,), name="workbench-watchdog", daemon=True)
            self._thread.start()

    def stop(self):
        self._done.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, pid):
        import psutil

        deadline = time.monotonic() + self.timeout if self.timeout else math.inf
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            while not self._done.wait(min(POLL, max(deadline - time.monotonic(), 0.001))):
                if self.memory and _memory_of(process) > self.memory:
                    self.reason = f"ran out of its memory limit of {show_bytes(self.memory)}"
                    _kill(process)
                    return
                if time.monotonic() >= deadline:
                    self.reason = f"timed out after {self.timeout:g} s"
                    self._end(process)
                    return

    def _end(self, process):
        """An interrupt first, so that the traceback shows where the time went."""
        if sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGINT)
            if self._done.wait(GRACE):
                return
        _kill(process)


def show_bytes(count):
    """``1 GiB``, ``1.5 MiB``, ``800 bytes``."""
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= size:
            return f"{count / size:.4g} {unit}"
    return f"{count} bytes"


def _memory_of(process):
    import psutil

    total = process.memory_info().rss
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            total += child.memory_full_info().uss
    return total


def _kill(process):
    import psutil

    for one in [*process.children(recursive=True), process]:
        with contextlib.suppress(psutil.Error):
            one.kill()


def _checked(name, value, unit):
    if value is None:
        return None
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value <= 0:
        raise UserError(f"{name} = {value!r} must be a positive number of {unit}, or None for no limit")
    return value
