"""In the forked process: the real ipykernel, with its sockets, for every tool that speaks Jupyter's protocol."""

import atexit
import os
import select
import signal
import threading

from workbench.runner.warm import child, wire


def serve(argv, connection, sockets):
    """Run ipykernel until it is told to shut down; returns the exit code."""
    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance()
    app.initialize([*argv[1:], "--IPKernelApp.parent_handle=1"])  # 1: its parent is the zygote, do not watch that
    wire.send(connection, {"ready": True})  # its sockets are bound: a client that connects now need not try again
    threading.Thread(target=_end_with_launcher, args=(connection,), name="launcher-watch", daemon=True).start()
    app.start()
    # Its close waits for children and for threads that may hang. Nothing waits for these sockets: they end with us.
    atexit.unregister(app.close)
    app.cleanup_connection_file()
    child.end()
    return 0


def _end_with_launcher(connection):
    """The zygote kills a kernel whose launcher is gone; this does where the zygote is gone, too."""
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    poll.poll()
    os.killpg(0, signal.SIGKILL)
