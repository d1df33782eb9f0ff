"""In the forked process: ipykernel's own shell, display hooks and streams, without ZeroMQ.

What ipykernel would publish through its sockets goes as frames through a Unix socket; requests come through another.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import queue
import select
import socket
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

from ipykernel import iostream
from ipykernel.iostream import PIPE_BUFFER_SIZE, IOPubThread, OutStream
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from IPython.core.application import BaseIPythonApplication
from jupyter_client.session import Session, json_packer
from tornado.ioloop import IOLoop

from workbench.runner.warm import child, wire

SHELL, IOPUB = object(), object()


class Outlet:
    """Sends whole frames, whichever thread or forked process of the notebook's sends them."""

    def __init__(self, connection):
        self._connection = connection
        self._between_processes = os.memfd_create("workbench-outlet")
        self._renew_lock()
        os.register_at_fork(after_in_child=self._renew_lock)  # another thread may have held it

    def _renew_lock(self):
        self.lock = threading.RLock()

    def send(self, frame):
        with self.lock:
            fcntl.lockf(self._between_processes, fcntl.LOCK_EX)
            try:
                self._connection.sendall(frame)
            finally:
                fcntl.lockf(self._between_processes, fcntl.LOCK_UN)


class SocketSession(Session):
    outlet = None

    def send(self, stream, msg_or_type, content=None, parent=None, ident=None, buffers=None, track=False, header=None,
             metadata=None):  # fmt: skip
        if isinstance(msg_or_type, dict):
            message = msg_or_type
            buffers = buffers or message.get("buffers")
        else:
            message = self.msg(msg_or_type, content=content, parent=parent, header=header, metadata=metadata)
        fields = {key: message[key] for key in ("header", "msg_type", "parent_header", "content", "metadata")}
        fields["channel"] = "shell" if stream is SHELL else "iopub"
        try:
            text = json_packer(fields)
        except UnicodeEncodeError:  # half of a surrogate pair: no JSON file could hold it
            text = json.dumps(fields, default=str, ensure_ascii=False).encode("utf-8", "replace")
        self.outlet.send(wire.encode(text, buffers or ()))
        return message


class Publisher(IOPubThread):
    """Stands in for ipykernel's publishing thread: does at once what it is asked to do soon."""

    def __init__(self, lock):
        self.thread = None
        self.socket = IOPUB
        self.io_loop = self
        self._later = None
        self.lock = lock

    def schedule(self, function):
        function()

    def call_later(self, delay, function):
        if self._later is None:
            self._later = queue.SimpleQueue()
            threading.Thread(target=self._tick, name="workbench-flush", daemon=True).start()
        self._later.put((time.monotonic() + delay, function))

    def _tick(self):
        while True:
            due, function = self._later.get()
            time.sleep(max(0.0, due - time.monotonic()))
            with contextlib.suppress(OSError):
                function()


class LockedStream(OutStream):
    moving = threading.Lock()  # held while bytes are neither in the pipe nor in the stream

    def _flush(self):
        with self.pub_thread.lock():
            super()._flush()

    def _watch_pipe_fd(self):
        """As ipykernel's, what was written to the file descriptor itself goes into the stream; but so that one can
        know when it is there."""
        try:
            while self._fid is not None and self._should_watch:
                select.select([self._fid], [], [])
                with self.moving:
                    data = os.read(self._fid, PIPE_BUFFER_SIZE)
                    if not data:
                        return
                    self.write(data.decode(errors="replace"))
                    os.write(self._original_stdstream_copy, data)
        except Exception:
            self._exc = sys.exc_info()

    def settle(self):
        """Wait until what has been written to the file descriptor is in the stream."""
        until = time.monotonic() + 1  # whatever else goes on writing there
        while self._fid is not None and time.monotonic() < until:
            with self.moving:
                if not select.select([self._fid], [], [], 0)[0]:
                    return
            time.sleep(0.0001)


class SocketKernel(IPythonKernel):
    def _abort_queues(self, subshell_id=None):
        """No request is queued behind one that fails: the next is sent when the reply has come."""

    async def handle(self, message):
        """Answer one request as ``dispatch_shell`` does."""
        self.set_parent([], message, channel="shell")
        self._publish_status("busy", "shell")
        self.pre_handler_hook()
        try:
            await self.shell_handlers[message["header"]["msg_type"]](SHELL, [], message)
        except (Exception, KeyboardInterrupt):
            self.log.exception("in a message handler")
        finally:
            self.post_handler_hook()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        self._publish_status("idle", "shell")

    async def do_execute(self, *arguments, **options):
        try:
            return await super().do_execute(*arguments, **options)
        finally:
            for stream in (sys.stdout, sys.stderr):
                getattr(stream, "settle", lambda: None)()


class SocketKernelApp(IPKernelApp):
    """ipykernel's application less its ZeroMQ sockets and the threads that serve them, in two parts.

    ``prepare`` happens once, in the zygote: configuration, shell, kernel. ``adopt`` happens in each forked process: all
    that depends on its folder, environment and streams, and all that runs code of the user's.
    """

    def prepare(self, argv):
        iostream.OutStream = LockedStream  # the application finds the class there by name
        BaseIPythonApplication.initialize(self, argv)
        self.init_pdb()
        self.session = SocketSession(parent=self)
        self.iopub_socket = IOPUB
        self.iopub_thread = Publisher(lambda: self.session.outlet.lock)
        self.kernel = SocketKernel.instance(
            parent=self,
            session=self.session,
            iopub_thread=self.iopub_thread,
            iopub_socket=self.iopub_socket,
            shell_channel_thread=SimpleNamespace(parent_thread=threading.main_thread()),
            log=self.log,
            profile_dir=self.profile_dir,
            user_ns=self.user_ns,
        )
        self.init_shell()
        for name in self.default_extensions:
            self.shell.extension_manager.load_extension(name)
        self.default_extensions = []
        for _ in range(child.REHEARSALS):
            self.shell.run_cell("0", silent=True, store_history=False)
        self.shell._sys_modules_keys = set(sys.modules)

    def adopt(self, connection):
        self.session.outlet = Outlet(connection)
        self.session.pid = os.getpid()
        self.init_path()
        self.init_blackhole()
        self.init_io()
        self.displayhook.get_execution_count = lambda: self.kernel.execution_count
        self.init_signal()
        self.shell.init_environment()
        self.shell.starting_dir = os.getcwd()
        self.shell.user_ns["_dh"][:] = [Path.cwd()]
        self.init_gui_pylab()
        self.init_extensions()
        self._run_startup_files()  # what init_code does that depends on the user; the rest has been done
        self._run_exec_lines()
        self._run_exec_files()
        if self.hide_initial_ns:
            self.shell.user_ns_hidden.update(self.shell.user_ns)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()


def prepare(argv):
    """Make the kernel that every forked process starts with."""
    SocketKernelApp.instance().prepare(argv[1:])


def serve(argv, connection, sockets):
    """Answer requests until the launcher closes its end; returns the exit code."""
    connection.close()
    requests, messages = (socket.socket(fileno=descriptor) for descriptor in sockets)
    for one in (requests, messages):
        one.set_inheritable(False)
    app = SocketKernelApp.instance()
    app.adopt(messages)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    work = loop.create_task(_answer(app.kernel, requests))
    work.add_done_callback(lambda _: loop.stop())
    loop.run_forever()  # not run_until_complete: `exit` in a cell stops the loop
    if work.done() and not work.cancelled():
        work.result()
    child.end()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    messages.shutdown(socket.SHUT_WR)  # all is done but the taking apart of the process, which takes a while
    return 0


async def _answer(kernel, requests):
    kernel.io_loop = IOLoop.current()
    requests.setblocking(False)
    frames = wire.Frames()
    while data := await asyncio.get_running_loop().sock_recv(requests, 1 << 16):
        for message, _ in frames.feed(data):
            await kernel.handle(message)
