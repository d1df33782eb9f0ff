"""The first things that a forked process does, so that it is like a new one; and the last, so that nothing is lost."""

import atexit
import gc
import io
import os
import resource
import signal
import sys
import time
import traceback

REHEARSALS = 12  # of what every notebook does, in the zygote: CPython 3.11 specialises code after eight calls


def run(serve, request, descriptors, connection):
    """Become the process that ``request`` asks for, and be its kernel with ``serve``; never returns."""
    code, complaints = 1, os.dup(descriptors[2])  # the kernel puts a pipe to itself in the place of descriptor 2
    try:
        _become(request, descriptors[:3])
        code = serve(request["argv"], connection, descriptors[3:])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        os.write(complaints, traceback.format_exc().encode())
    finally:
        os._exit(code & 0xFF)


def _become(request, streams):
    os.setsid()  # its own process group, so that an interrupt or a kill reaches what it starts, and only that
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        if descriptor > 2:
            os.close(descriptor)
    for number in (signal.SIGINT, signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    os.umask(request["umask"])
    os.sched_setaffinity(0, request["affinity"])
    for name, limits in request["limits"].items():
        try:
            resource.setrlimit(getattr(resource, name), tuple(limits))
        except (OSError, ValueError):
            pass  # a hard limit cannot be raised again
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    os.chdir(request["cwd"])
    sys.argv[:] = request["argv"]
    _reseed()


def _reseed():
    """The generators that libraries seed when they are imported; the standard library reseeds its own after a fork."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed(None)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.default_generator.seed()


def end():
    """What an interpreter does at its end, without taking it apart: exit handlers, and files that are still open."""
    atexit._run_exitfuncs()
    flushed = {}  # by type: asked once, since there are many things and few types
    for thing in gc.get_objects():  # not those of the zygote: they are frozen
        kind = type(thing)
        if kind not in flushed:
            flushed[kind] = issubclass(kind, io.IOBase) and not issubclass(kind, io.RawIOBase)
        if flushed[kind]:
            try:
                if not thing.closed:
                    thing.flush()
            except Exception:  # noqa: S110 - an odd file of the notebook's must not keep the others from being flushed
                pass
