"""A papermill engine: ``papermill --engine workbench``. Cells run in a forked process, without ZeroMQ.

papermill and nbclient do here what they always do, from the notebook's metadata to ``update_display`` and widgets; what
they take for a kernel's manager and client is the connection to the forked process.
"""

import asyncio
import contextlib
import functools
import os
import signal
import socket
import sys
from importlib.util import find_spec
from queue import Empty

from jupyter_client.jsonutil import extract_dates
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.session import Session, json_packer
from nbclient.util import run_hook, run_sync
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine
from papermill.log import logger
from papermill.utils import merge_kwargs, remove_args

from workbench.runner.kernels import environment
from workbench.runner.warm import client, preload, wire
from workbench.runner.warm.start import CannotFork

PYTHON_NAMES = {"python", "python3", f"python{sys.version_info[0]}.{sys.version_info[1]}", sys.executable}


class WarmEngine(NBClientEngine):
    """Runs a notebook in a process forked from one with its imports done; elsewhere as the stock engine does."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, **options):
        """As papermill's own engine; ``on_process(pid)`` and ``stderr`` (a descriptor) are for our runner."""
        ours = {name: options.pop(name, None) for name in ("on_process", "stderr")}
        try:
            notebook_client = _client(nb_man, kernel_name, **ours, **options)
            kernel = notebook_client.fork()
        except CannotFork as reason:
            client.say_once(str(reason))
            return super().execute_managed_notebook(nb_man, kernel_name, **options)
        with contextlib.closing(kernel):
            return notebook_client.execute()


def _client(nb_man, kernel_name, on_process, stderr, log_output=False, stdout_file=None, stderr_file=None,
            start_timeout=60, execution_timeout=None, **options):  # fmt: skip
    # The same names mean the same as in papermill's own engine, which translates them so for nbclient.
    options = remove_args(["input_path", "timeout", "startup_timeout", "kernel_manager_class"], **options)
    options = merge_kwargs(
        options,
        timeout=execution_timeout,
        startup_timeout=start_timeout,
        kernel_name=kernel_name,
        log=logger,
        log_output=log_output,
        stdout_file=stdout_file,
        stderr_file=stderr_file,
    )
    return WarmNotebookClient(nb_man, on_process=on_process, stderr=stderr, **options)


class WarmNotebookClient(PapermillNotebookClient):
    def __init__(self, nb_man, on_process=None, stderr=None, **options):
        super().__init__(nb_man, **options)
        self.on_process, self.stderr = on_process, stderr

    def fork(self):
        """Start the process that the cells will run in; ``CannotFork`` where it must be an ordinary kernel."""
        arguments, variables = _ipykernel(self.kernel_name)
        cwd = self.resources.get("metadata", {}).get("path") or os.getcwd()
        with open(os.devnull, "rb") as null:
            streams = [null.fileno(), 1, 2 if self.stderr is None else self.stderr]
            self.kc = self.km = ForkedKernel(preload.of_notebook(self.nb, cwd), arguments, variables, cwd, streams)
        if self.on_process:
            self.on_process(self.kc.process.pid)
        return self.kc

    @contextlib.contextmanager
    def setup_kernel(self, **options):
        run_sync(run_hook)(self.on_notebook_start, notebook=self.nb)
        try:
            yield
        finally:
            self.kc.finish()
            run_sync(run_hook)(self.on_notebook_complete, notebook=self.nb)

    async def _async_poll_kernel_alive(self):
        await self.kc.died()
        self.task_poll_for_reply.cancel()  # as nbclient tells itself, but at once


@functools.lru_cache(maxsize=64)
def _ipykernel(kernel_name):
    """Extra arguments and environment of a kernel; ``CannotFork`` unless it is ipykernel in this interpreter."""
    spec = KernelSpecManager().get_kernel_spec(kernel_name)
    runs = [
        argument for argument in spec.argv[1:] if argument not in ("-f", "{connection_file}", "-Xfrozen_modules=off")
    ]
    if spec.argv[0] not in PYTHON_NAMES or runs[:2] != ["-m", "ipykernel_launcher"]:
        raise CannotFork(f"the kernel {kernel_name!r} is not this Python's own")
    return tuple(runs[2:]), tuple(spec.env.items())


class ForkedKernel:
    """A forked process as nbclient sees a kernel: client, channels and manager in one."""

    allow_stdin = False
    has_kernel = ipykernel = True

    def __init__(self, modules, arguments, variables, cwd, streams):
        self._requests, theirs = socket.socketpair()
        self._messages, theirs_too = socket.socketpair()
        argv = [
            find_spec("ipykernel_launcher").origin,
            "-f",
            "none.json",
            "--HistoryManager.hist_file=:memory:",
            *arguments,
        ]
        variables = {**environment(), **dict(variables), "JPY_PARENT_PID": str(os.getpid())}
        try:
            with theirs, theirs_too:
                ends = [theirs.fileno(), theirs_too.fileno()]
                self.process = client.fork("engine", modules, argv, variables, cwd, streams, ends)
        except BaseException:
            self._requests.close()
            self._messages.close()
            raise
        self._messages.setblocking(False)
        self._frames, self._waiter, self._dead = wire.Frames(), None, False
        self.session = Session()
        self.shell_channel, self.iopub_channel = Channel(self), Channel(self)

    def execute(self, code, silent=False, store_history=True, user_expressions=None, stop_on_error=True):
        return self._ask(
            "execute_request",
            {
                "code": code,
                "silent": silent,
                "store_history": store_history,
                "user_expressions": user_expressions or {},
                "allow_stdin": False,
                "stop_on_error": stop_on_error,
            },
        )

    def kernel_info(self):
        return self._ask("kernel_info_request", {})

    def _ask(self, kind, content):
        message = self.session.msg(kind, content)
        self.send(message)
        return message["header"]["msg_id"]

    def send(self, message):
        fields = {key: message[key] for key in ("header", "parent_header", "metadata", "content")}
        with contextlib.suppress(OSError):  # it is dead; who waits for the answer will be told
            self._requests.sendall(wire.encode(json_packer(fields)))

    async def is_alive(self):
        return not self._dead

    async def died(self):
        while not self._dead:
            await self.more(None)
        await asyncio.sleep(0)  # what had come before is seen first

    async def interrupt_kernel(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGINT)

    async def more(self, timeout):
        """Wait until something has come, or the other end is closed."""
        if self._waiter is None or self._waiter.done():
            loop = asyncio.get_running_loop()
            self._waiter = loop.create_future()
            loop.add_reader(self._messages, self._read, loop)
        await asyncio.wait_for(asyncio.shield(self._waiter), timeout)

    def _read(self, loop):
        try:
            data = self._messages.recv(1 << 20)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._dead = self._dead or not data
        for message, buffers in self._frames.feed(data):
            message["header"] = extract_dates(message["header"])
            message["buffers"] = buffers
            channel = self.shell_channel if message.pop("channel") == "shell" else self.iopub_channel
            channel.messages.append(message)
        loop.remove_reader(self._messages)
        if not self._waiter.done():
            self._waiter.set_result(None)

    def finish(self):
        """Let the process end in order: exit handlers, open files. It says so by closing its end."""
        self._requests.close()
        with contextlib.suppress(OSError):
            self._messages.settimeout(5)
            while self._messages.recv(1 << 20):
                pass

    def close(self):
        for one in (self._requests, self._messages, self.process):
            one.close()


class Channel:
    def __init__(self, kernel):
        self.kernel = kernel
        self.messages = []

    def send(self, message):
        self.kernel.send(message)

    async def get_msg(self, timeout=None):
        while not self.messages:
            if self.kernel._dead:
                if timeout is None:
                    await asyncio.Event().wait()  # until cancelled, as on a channel where nothing comes any more
                raise Empty
            try:
                await self.kernel.more(timeout)
            except TimeoutError:
                raise Empty from None
        return self.messages.pop(0)
