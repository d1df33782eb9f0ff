"""Ordinary kernels for the runner: sockets in a private folder, one thread of computation each."""

import contextlib
import os
import sys
import tempfile
from pathlib import Path

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def environment():
    """The environment of a notebook: ours, with one thread per process unless it says otherwise.

    Two notebooks at once must not fight over two cores, and the last digits of a matrix product depend on the number of
    threads: with one, a point gives the same numbers alone and beside others.
    """
    threads = os.environ.get("OMP_NUM_THREADS", "1")
    return {**dict.fromkeys(THREADS, threads), **os.environ}


def kernel_manager(folder, log, started):
    """A kernel manager class that talks through sockets in a private folder: no port to lose to another kernel.

    What the kernel's process itself complains of, as on an interrupt, goes to ``log`` and not to the user's terminal.
    ``started(pid)`` is called when the kernel's process runs.
    """
    from jupyter_client.manager import AsyncKernelManager
    from traitlets import default

    class WatchedKernelManager(AsyncKernelManager):
        async def _async_pre_start_kernel(self, **options):
            options = {"env": environment(), **options, "stderr": log}
            return await super()._async_pre_start_kernel(**options)

        async def _async_post_start_kernel(self, **options):
            await super()._async_post_start_kernel(**options)
            started(self.provisioner.pid)

    class PrivateKernelManager(WatchedKernelManager):
        @default("transport")
        def _default_transport(self):
            return "ipc"

        @default("ip")
        def _default_ip(self):
            return str(Path(folder) / "kernel")

    short_enough = len(folder) < 90  # a socket's path has at most 107 bytes
    return PrivateKernelManager if sys.platform != "win32" and short_enough else WatchedKernelManager


@contextlib.contextmanager
def private_folder():
    """A folder of this user's own for one kernel's sockets, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="workbench-", ignore_cleanup_errors=True) as folder:
        yield folder
