"""The zygote: imports once, then forks one process per request. ``python -m workbench.runner.warm.zygote``.

It stays single-threaded, and it imports but never computes: after one parallel region of torch or numba a forked
process would hang in the next. A self-test makes sure before the first request.

It reads ``{"mode", "preload", "argv", "idle", "socket", "log"}`` as JSON from standard input and answers with one
line on standard output: ``ready``, or why forking is not safe. A request is one frame (see ``wire``) with descriptors.
"""

import ctypes
import gc
import importlib
import io
import json
import os
import selectors
import signal
import socket
import sys
import time
import weakref

from workbench.runner.warm import child, wire

KERNEL = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.debugger",
    "ipykernel.zmqshell",
    "IPython.core.magics",
    "IPython.core.logger",
    "IPython.core.pylabtools",
    "faulthandler",
    "matplotlib_inline.config",
    "tornado.platform.asyncio",
)
INLINE = "matplotlib_inline.backend_inline"
SELF_TEST_SECONDS = 60
HUGE, MADV_COLLAPSE = 2**21, 25


def main():
    order = json.load(sys.stdin)
    if sys.path and sys.path[0] in ("", os.getcwd()):  # put there by -m; no notebook should see it
        del sys.path[0]
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # as kernels do; pyplot reads it
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # as ipykernel's launcher does
    preload([*KERNEL, *order["preload"]])
    _draw()
    serve = _kernel(order)
    _forget()
    reason = unsafe()
    if reason:
        print(reason, flush=True)
        return
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(order["socket"])
        listener.listen(64)
        inode = os.stat(order["socket"]).st_ino
        gc.collect()
        gc.freeze()  # nothing from before is looked at, and so copied, when a child collects its garbage
        _use_huge_pages()
        print("ready", flush=True)
        _detach()
        try:
            answer(serve, listener, lambda: _has_inode(order["socket"], inode), order["idle"])
        finally:
            if _has_inode(order["socket"], inode):
                os.unlink(order["socket"])
            os.unlink(order["log"])


def preload(names):
    """Import what can be imported; what cannot will fail in the notebook, with its own message."""
    for name in names:
        try:
            importlib.import_module(name)
        except BaseException as error:
            print(f"{name} was not preloaded: {type(error).__name__}: {error}", file=sys.stderr)


def _draw():
    """A first figure takes twice as long as a second (fonts, image formats); drawing uses one thread.

    Several figures, so that the interpreter has specialised the code before the fork: what it writes into the code
    later, each child would do again on a copy of its own.
    """
    if "matplotlib.figure" in sys.modules:
        from matplotlib.backends import backend_registry
        from matplotlib.figure import Figure

        backend_registry.list_all()
        for _ in range(child.REHEARSALS):
            figure = Figure(figsize=(1, 1))
            axes = figure.subplots()
            axes.plot([0, 1], [0, 1])
            axes.set(title="t", xlabel="x", ylabel="$y$")
            figure.savefig(io.BytesIO(), format="png", bbox_inches="tight")


def _kernel(order):
    """The function that makes a forked process a kernel; what of the kernel can be made in advance is made now."""
    if order["mode"] == "kernel":
        return importlib.import_module("workbench.runner.warm.zmqkernel").serve
    kernel = importlib.import_module("workbench.runner.warm.kernel")
    kernel.prepare(order["argv"])
    return kernel.serve


def _forget():
    """Take out what a forked process must not find. Looking at every module there would cost it a copy of them."""
    for name in list(sys.modules):
        # Our package is imported anew by each notebook, as it is on disk then. The inline backend registers the display
        # of figures with the running shell when it is imported.
        if name.split(".")[0] == "workbench" or name == INLINE:
            del sys.modules[name]
    for finalizer in list(getattr(weakref.finalize, "_registry", ())):
        finalizer.atexit = False  # the zygote's to clean up, not each child's


def unsafe():
    """Why a fork of this process could not be trusted, or None."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return "importing the notebook's modules initialises CUDA"
    pid = os.fork()
    if pid == 0:
        _self_test()
    deadline = time.monotonic() + SELF_TEST_SECONDS
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return None if status == 0 else "a forked process could not multiply matrices"
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return "a forked process hung while it multiplied matrices"


def _self_test():
    try:
        for name in ("numpy", "torch"):
            library = sys.modules.get(name)
            if library is not None:
                ones = library.ones((64, 64))
                assert float((ones @ ones).sum()) == 64.0**3
        os._exit(0)
    finally:
        os._exit(1)


def answer(serve, listener, wanted, idle):
    """Fork as requested, until nobody is left and nobody has come for ``idle`` seconds or the socket's file is gone."""
    children = {}  # pid: the connection that its end is told on
    waker, wakened = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wakened, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ, "new")
    selector.register(waker, selectors.EVENT_READ, "ended")
    last = time.monotonic()
    while True:
        for key, _ in selector.select(timeout=min(idle, 5)):
            last = time.monotonic()
            if key.data == "new":
                _accept(serve, listener, selector, children, (waker, wakened))
            elif key.data == "ended":
                os.read(waker, 4096)
                _reap(selector, children)
            else:
                _gone(key.fileobj, key.data, selector)
        if not children and (time.monotonic() - last > idle or not wanted()):
            return


def _accept(serve, listener, selector, children, wakers):
    connection, _ = listener.accept()
    if wire.peer_user(connection) != os.getuid():
        connection.close()
        return
    connection.settimeout(5)
    try:
        request, descriptors = wire.receive_with_descriptors(connection)
    except (OSError, ValueError):
        connection.close()
        return
    pid = os.fork()
    if pid == 0:
        signal.set_wakeup_fd(-1)
        selector.close()
        listener.close()
        for other in (*wakers, *(c.fileno() for c in children.values())):
            os.close(other)
        child.run(serve, request, descriptors, connection)
    for descriptor in descriptors:
        os.close(descriptor)
    children[pid] = connection
    selector.register(connection, selectors.EVENT_READ, pid)
    _tell(connection, {"pid": pid})


def _reap(selector, children):
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        connection = children.pop(pid, None)
        if connection is not None:
            _tell(connection, {"exit": os.waitstatus_to_exitcode(status)})
            if connection in {key.fileobj for key in selector.get_map().values()}:
                selector.unregister(connection)
            connection.close()


def _gone(connection, pid, selector):
    """The launcher closed its end, or died: its kernel goes, with whatever that started."""
    try:
        if connection.recv(4096):
            return
    except OSError:
        pass
    selector.unregister(connection)
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        os.kill(pid, signal.SIGKILL)


def _tell(connection, message):
    try:
        wire.send(connection, message)
    except OSError:
        pass


def _has_inode(path, inode):
    try:
        return os.stat(path).st_ino == inode
    except OSError:
        return False


def _use_huge_pages():
    """Ask Linux (6.1 on) to hold what is there in large pages: there are fewer to copy at a fork, and fewer to free."""
    libc = ctypes.CDLL(None)
    libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    with open("/proc/self/maps") as maps:
        lines = [line.split() for line in maps]
    for line in lines:
        if line[1].startswith("rw") and line[5:] in ([], ["[heap]"]):
            start, end = (int(address, 16) for address in line[0].split("-"))
            for page in range(-(-start // HUGE) * HUGE, end - HUGE + 1, HUGE):
                libc.madvise(page, HUGE, MADV_COLLAPSE)  # where it cannot, everything stays as it is


def _detach():
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    os.chdir("/")


if __name__ == "__main__":
    main()
