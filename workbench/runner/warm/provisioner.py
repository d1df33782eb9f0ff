"""A kernel provisioner: every tool that starts kernels through jupyter_client gets them forked, with ``-k workbench``.

All it changes is how the kernel's process is made, and how long one waits for it; the kernel is ipykernel itself.
"""

import asyncio
import contextlib
import functools
import os
import shutil
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from queue import Empty

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.provisioning import LocalProvisioner
from jupyter_core.utils import ensure_async, run_sync

from workbench.runner.warm import client, preload, start

ORDERLY_EXIT = 3.0  # seconds for exit handlers and open files before the manager may kill


class WarmProvisioner(LocalProvisioner):
    """Forks the kernel where that is safe, else starts it as jupyter_client would."""

    folder = None

    async def pre_launch(self, **options):
        self._use_private_sockets()
        return await super().pre_launch(**options)

    async def launch_kernel(self, cmd, **options):
        try:
            self.process = await asyncio.to_thread(self._fork, cmd, options)
        except (start.CannotFork, OSError) as reason:
            client.say_once(str(reason))
            return await super().launch_kernel(cmd, **options)
        self.pid = self.pgid = self.process.pid
        self.cwd = options.get("cwd") or os.getcwd()
        return self.connection_info

    def _fork(self, cmd, options):
        if cmd[1:3] != ["-m", "ipykernel_launcher"]:
            raise start.CannotFork(f"{' '.join(cmd[:3])} is not this Python's own kernel")
        with open(os.devnull, "rb") as null:
            given = (options.get("stdin"), options.get("stdout"), options.get("stderr"))
            streams = [_descriptor(stream, own) for stream, own in zip(given, (null.fileno(), 1, 2), strict=True)]
            arguments = [find_spec("ipykernel_launcher").origin, *cmd[3:]]
            environment = options.get("env") or dict(os.environ)
            process = client.fork("kernel", _modules(), arguments, environment, options.get("cwd") or ".", streams)
        if not process.wait_ready():
            process.close()
            raise start.CannotFork("the forked kernel did not start")
        return process

    async def shutdown_requested(self, restart=False):
        """Look for its end more often than the manager, which looks ten times a second."""
        await super().shutdown_requested(restart=restart)
        await self._ended(ORDERLY_EXIT)

    async def kill(self, restart=False):
        await super().kill(restart=restart)
        await self._ended(1.0)

    async def _ended(self, seconds):
        until = time.monotonic() + seconds
        while self.process and self.process.poll() is None and time.monotonic() < until:
            await asyncio.sleep(0.002)

    async def cleanup(self, restart=False):
        await super().cleanup(restart=restart)
        if self.folder and not restart:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    def _use_private_sockets(self):
        """No port that another kernel could take first: sockets in a folder of their own, below an absolute path."""
        manager = self.parent
        if manager is None or manager.has_kernel or self.folder or manager.transport != "tcp" or _has_ports(manager):
            return
        try:
            folder = tempfile.mkdtemp(prefix="k", dir=start.folder())
        except (start.CannotFork, OSError):
            return
        if len(folder) < 80:  # a socket's path has at most 107 bytes
            self.folder = folder
            manager.transport, manager.ip = "ipc", str(Path(folder) / "kernel")
        manager.client_factory = _quick(manager.client_factory)


@functools.cache
def _quick(factory):
    """The client class less its sleep: after the kernel's answer it waits 0.2 s for messages that never come."""

    async def wait_for_ready(self, timeout=None):
        until = time.monotonic() + (timeout or 3600.0)
        while time.monotonic() < until:
            self.kernel_info()
            with contextlib.suppress(Empty):
                reply = await ensure_async(self.shell_channel.get_msg(timeout=1))
                if reply["msg_type"] == "kernel_info_reply":
                    await ensure_async(self.iopub_channel.get_msg(timeout=0.2))  # Empty: not subscribed yet
                    self._handle_kernel_info_reply(reply)
                    with contextlib.suppress(Empty):
                        while True:
                            await ensure_async(self.iopub_channel.get_msg(timeout=0))
                    return
            if not await ensure_async(self.is_alive()):
                raise RuntimeError("Kernel died before replying to kernel_info")
        raise RuntimeError(f"Kernel didn't respond in {timeout} seconds")

    waits = wait_for_ready if issubclass(factory, AsyncKernelClient) else run_sync(wait_for_ready)
    return type(factory.__name__, (factory,), {"wait_for_ready": waits})


def _has_ports(manager):
    return any((manager.shell_port, manager.iopub_port, manager.stdin_port, manager.hb_port, manager.control_port))


def _modules():
    """What to preload for a notebook that is not known: WORKBENCH_PRELOAD, or what is installed of the stack."""
    wanted = os.environ.get("WORKBENCH_PRELOAD")
    names = preload.STACK if wanted is None else tuple(name for name in wanted.split(",") if name)
    return tuple(sorted(name for name in names if find_spec(name.split(".")[0])))


def _descriptor(stream, own):
    if stream is None:
        return own
    return stream if isinstance(stream, int) else stream.fileno()
