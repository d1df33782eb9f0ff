"""Output at a URL: the sweep is written to a local folder, which is copied to the URL as it goes.

Any URL that fsspec knows. Object stores cannot append, so the journal is written here and copied whole; since each of
its lines stands for itself, a journal that another machine continued is united with ours, line by line.
"""

import hashlib
import time

from workbench.errors import UserError
from workbench.runner import project
from workbench.sweep.journal import NAME

EVERY = 60.0  # seconds between copies while the sweep runs


def is_url(where):
    """Whether an output is a URL and not a path."""
    return "://" in str(where)


class Mirror:
    """The local folder of a URL, and what has been copied."""

    def __init__(self, url):
        import fsspec

        self.url = url.rstrip("/")
        try:
            self.files, self.base = fsspec.url_to_fs(self.url)
        except (ImportError, ValueError, OSError) as error:
            raise UserError(f"cannot write to {url}: {' '.join(str(error).split())[:200]}") from None
        digest = hashlib.sha256(self.url.encode()).hexdigest()[:16]
        self.folder = project.root() / "runs" / ".remote" / digest
        self._copied = {}
        self._last = time.monotonic()

    def pull(self):
        """Unite the journal at the URL with ours."""
        try:
            there = f"{self.base}/{NAME}"
            text = self.files.cat_file(there) if self.files.exists(there) else b""
        except Exception as error:  # each store has its own kinds
            raise self._error("read", error) from None
        ours = self.folder / NAME
        known = set(ours.read_bytes().splitlines(keepends=True)) if ours.exists() else set()
        new = [line for line in text.splitlines(keepends=True) if line not in known and line.endswith(b"\n")]
        if new:
            self.folder.mkdir(parents=True, exist_ok=True)
            with open(ours, "ab") as file:
                file.writelines(new)

    def push(self):
        """Copy what is new or has changed."""
        for path in sorted(self.folder.rglob("*")):
            name = path.relative_to(self.folder).as_posix()
            if not path.is_file() or name == "lock" or path.name.startswith(".") or name.startswith("."):
                continue
            stamp = (path.stat().st_mtime_ns, path.stat().st_size)
            if self._copied.get(name) == stamp:
                continue
            try:
                target = f"{self.base}/{name}"
                self.files.makedirs(target.rpartition("/")[0], exist_ok=True)
                self.files.put_file(str(path), target)
            except Exception as error:
                raise self._error("write", error) from None
            self._copied[name] = stamp
        self._last = time.monotonic()

    def tick(self):
        """Copy if the last copy is a while ago."""
        if time.monotonic() - self._last > EVERY:
            self.push()

    def fetch(self, name):
        """A file's local path, copied here from the URL where it is missing."""
        path = self.folder / name
        if not path.exists() and self.files.exists(f"{self.base}/{name}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            self.files.get_file(f"{self.base}/{name}", str(path))
        return path

    def _error(self, verb, error):
        why = " ".join(str(error).split())[:200] or type(error).__name__
        return UserError(f"cannot {verb} {self.url}: {why}; what has run is kept in {self.folder}")
