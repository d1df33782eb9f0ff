"""Ask a zygote for a forked process; start the zygote if there is none."""

import contextlib
import logging
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from workbench.runner.warm import key, wire
from workbench.runner.warm.start import IDLE_SECONDS, CannotFork, connect

_LIMITS = ("RLIMIT_AS", "RLIMIT_CORE", "RLIMIT_CPU", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_NPROC")
_log = logging.getLogger("workbench")
_said = set()
_lock = threading.Lock()


def fork(mode, preload, argv, environment, cwd, streams, sockets=()):
    """A process forked from a zygote with ``preload`` imported, as a :class:`ForkedProcess`; ``CannotFork`` if unsafe.

    Parameters
    ----------
    mode : {"kernel", "engine"}
    preload : tuple of str
    argv : list of str
    environment : dict
    cwd : path
    streams : three descriptors
        Its standard input, output and error.
    sockets : sequence of descriptors
        Passed on to the kernel.
    """
    if sys.platform != "linux":
        raise CannotFork(f"forking a process with libraries loaded is not safe on {sys.platform}")
    request = {"mode": mode, "argv": argv, "environment": environment, "cwd": os.path.abspath(cwd), **_inherited()}
    order = {"mode": mode, "preload": list(preload), "idle": IDLE_SECONDS}
    if mode == "engine":
        order["argv"] = list(argv)  # it makes the kernel before it forks
    name = key.digest(order, environment)
    for _ in range(2):  # a zygote may end between our connecting to it and our asking
        connection = connect(name, order, environment)
        try:
            wire.send_with_descriptors(connection, request, [*streams, *sockets])
            answer = wire.receive(connection)
        except OSError:
            answer = None
        if answer is not None:
            return ForkedProcess(answer["pid"], connection)
        connection.close()
    raise CannotFork("the process to fork from does not answer")


def say_once(reason):
    """Tell the user that ordinary kernels are used, and why: once per process and reason."""
    with _lock:
        if reason not in _said:
            _said.add(reason)
            _log.warning("using ordinary kernels: %s", reason)


class ForkedProcess:
    """Has what jupyter_client uses of ``subprocess.Popen``, for a process that is the zygote's child and not ours."""

    stdin = stdout = stderr = None

    def __init__(self, pid, connection):
        self.pid = pid
        self.returncode = None
        self._connection = connection
        self._frames = wire.Frames()
        self._messages = []
        connection.setblocking(False)

    def wait_ready(self, timeout=60):
        """Until the process says that it answers; False if it ends before."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self._read(0.05)
            if any("ready" in message for message in self._messages):
                return True
            if self.returncode is not None:
                return False
        return False

    def poll(self):
        if self.returncode is None:
            self._read(0)
        return self.returncode

    def wait(self, timeout=None):
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("forked kernel", timeout)
            self._read(0.05)
        return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def close(self):
        """Give the process up: the zygote kills what is left of its group."""
        self._connection.close()

    def _read(self, timeout):
        if timeout:
            poll = select.poll()  # not select, which fails beyond 1024 open files
            poll.register(self._connection, select.POLLIN)
            poll.poll(timeout * 1000)
        try:
            data = self._connection.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data and self.returncode is None:
            self._orphaned(timeout)
        for message, _ in self._frames.feed(data):
            self._messages.append(message)
            if "exit" in message:
                self.returncode = message["exit"]
                self.close()

    def _orphaned(self, timeout):
        """The zygote is gone, and with it the exit code."""
        try:
            os.kill(self.pid, 0)
            time.sleep(timeout)
        except ProcessLookupError:
            self.returncode = -signal.SIGKILL
            self.close()


def _inherited():
    """What a child of ours would have from us, and a child of the zygote has not."""
    import resource  # where there is fork

    status = Path("/proc/self/status").read_text()  # the umask is read, not set and set back, beside other threads
    return {
        "umask": int(next(line.split()[1] for line in status.splitlines() if line.startswith("Umask:")), 8),
        "affinity": sorted(os.sched_getaffinity(0)),
        "limits": {name: resource.getrlimit(getattr(resource, name)) for name in _LIMITS},
    }
