"""The folder of a sweep: where it is, whether it can be written, and its lock."""

import contextlib
import os
from pathlib import Path

from workbench.errors import UserError
from workbench.runner import project
from workbench.runner.files import check_writable
from workbench.sweep.journal import NAME


def default(spec):
    """``runs/sweeps/<the spec's path below experiments/>``; git ignores ``runs/``."""
    root = project.root().resolve()
    path = spec.path.resolve().with_suffix("")
    experiments = root / "experiments"
    name = path.relative_to(experiments) if path.is_relative_to(experiments) else Path(path.name)
    return root / "runs" / "sweeps" / name


def check(folder):
    """Raise ``UserError`` unless a sweep can be written to, or continued in, ``folder``. Makes nothing."""
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file; name a folder")
    if folder.is_dir() and not (folder / NAME).exists() and any(p.name != "lock" for p in folder.iterdir()):
        raise UserError(f"{folder} is not empty and holds no sweep; name another folder")
    check_writable(folder / NAME)


@contextlib.contextmanager
def lock(folder):
    """Hold the sweep's lock; ``UserError`` if another process has it. The system lets go of it when a process dies."""
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = open(folder / "lock", "a+", encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror}") from None
    with file:
        try:
            _take(file)
        except OSError:
            file.seek(0)
            raise UserError(
                f"another sweep is writing to {folder} (process {file.read().strip() or 'unknown'})"
            ) from None
        with contextlib.suppress(OSError):  # a full disk: the number is a courtesy
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
        yield


def _take(file):
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        file.seek(2**30)  # beyond the number that others may read
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
