"""Find the zygote that a notebook needs, or start it; keep few of them, in a folder of this user's own."""

import contextlib
import json
import os
import select
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from workbench.runner.warm import wire

IDLE_SECONDS = 600
MOST = 3  # zygotes of one user at a time; each holds the libraries that it has imported, up to half a gigabyte
START_SECONDS = 180


class CannotFork(Exception):
    """Why an ordinary kernel is to be used; one line."""


def folder():
    """This user's private folder for sockets; ``CannotFork`` if somebody else could reach into it."""
    base = os.environ.get("XDG_RUNTIME_DIR")
    base = Path(base) if base and os.access(base, os.W_OK) else Path(tempfile.gettempdir())
    path = base / f"workbench-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) != 0o700:
        raise CannotFork(f"{path} is not a folder that only this user can read")
    return path


def connect(name, order, environment):
    """A connection to the zygote of that name, started as ``order`` says if there is none; else ``CannotFork``."""
    import fcntl  # where there is fork

    place = folder()
    path = place / f"{name}.sock"
    if len(os.fsencode(path)) > 100:
        raise CannotFork(f"the path {path} is too long for a socket")
    connection = _try(path)
    if connection is not None:
        return connection
    with open(place / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        connection = _try(path)
        if connection is None:
            refused = place / f"{name}.unsafe"
            if refused.exists():
                raise CannotFork(refused.read_text())
            path.unlink(missing_ok=True)
            _make_room(place)
            _start(place, name, order, environment)
            connection = _try(path)
    if connection is None:
        raise CannotFork("the process to fork from did not start")
    return connection


def _try(path):
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(str(path))
        if wire.peer_user(connection) != os.getuid():
            raise PermissionError("somebody else's socket")
        os.utime(path)  # so that the least recently used one is known
        return connection
    except OSError:
        connection.close()
        return None


def _make_room(place):
    """Without its socket a zygote ends as soon as its last kernel has."""
    sockets = sorted(place.glob("*.sock"), key=lambda path: path.stat().st_mtime)
    for path in sockets[: max(0, len(sockets) - MOST + 1)]:
        path.unlink(missing_ok=True)


def _start(place, name, order, environment):
    order = {**order, "socket": str(place / f"{name}.sock"), "log": str(place / f"{name}.log")}
    with open(order["log"], "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "workbench.runner.warm.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
    threading.Thread(target=process.wait, daemon=True).start()  # or it would stay a zombie of ours when it ends
    with process.stdin, process.stdout:
        process.stdin.write(json.dumps(order).encode())
        process.stdin.close()
        ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
        answer = process.stdout.readline().decode().strip() if ready else "it takes too long to import"
    if answer != "ready":
        if answer and ready:
            (place / f"{name}.unsafe").write_text(answer)
        process.kill()
        raise CannotFork(answer or f"the process to fork from ended early; see {order['log']}")
