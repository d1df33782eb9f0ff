"""In a kernel that grades: a cell that prints without end is stopped before its output fills the memory."""

import sys
import threading


def install(limit):
    """Interrupt a cell that writes more than ``limit`` characters to its output; of other threads, write no more.

    IPython keeps what is printed, and ipykernel collects it for a fifth of a second before it sends it: at full speed,
    hundreds of megabytes.
    """
    from IPython import get_ipython

    def begin(_):
        written = [0]
        for stream in (sys.stdout, sys.stderr):
            write = getattr(stream.write, "unbounded", stream.write)  # IPython puts its own in place for each cell
            stream.write = _bounded(write, written, limit)

    get_ipython().events.register("pre_run_cell", begin)


def _bounded(write, written, limit):
    def bounded(text):
        written[0] += len(text)
        if written[0] <= limit:
            return write(text)
        if threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt("printed too much")
        return len(text)

    bounded.unbounded = write
    return bounded
