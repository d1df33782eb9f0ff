"""Files that appear whole or not at all."""

import contextlib
import os
import tempfile
import threading
from pathlib import Path

from workbench.errors import UserError


def check_writable(path):
    """Raise ``UserError`` if no file can be made at ``path``; makes nothing itself."""
    path = Path(path)
    if path.is_dir():
        raise UserError(f"{path} is a folder; name a file")
    folder = path.absolute().parent
    while not folder.exists():
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None


def write_atomically(path, text):
    """Write ``text`` beside ``path`` and move it there, so that no reader and no crash ever sees half a file."""
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        os.unlink(temporary)
        raise UserError(f"cannot write {path}: {error.strerror}") from None
    except BaseException:
        os.unlink(temporary)
        raise


@contextlib.contextmanager
def replacing(path):
    """The name of a temporary file beside ``path``, moved there when the block ends well: for writers of files."""
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        os.close(descriptor)
        try:
            yield temporary
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from None


_UMASK_LOCK = threading.Lock()


def _umask():
    with _UMASK_LOCK:  # it can only be read by setting it, for the whole process
        mask = os.umask(0)
        os.umask(mask)
    return mask
