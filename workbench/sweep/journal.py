"""The journal: every result of a sweep, one line each, appended by one writer and never changed.

A line is ``CRC KIND … JSON``: a checksum of the rest, then either ``run`` and what is common to the points of one run,
or ``point KEY IDENTITY CODE STATUS`` and the point's row. Reading needs the JSON of no point. A line whose checksum is
wrong (a crash, a full disk, a bad sector) is passed over, and its point runs again.
"""

import json
import os
import zlib
from pathlib import Path

from workbench.errors import UserError

NAME = "journal.txt"


class Journal:
    """What a journal says; :meth:`open` it for writing only under the sweep's lock."""

    def __init__(self, folder, code=None):
        """Read the journal of a folder, empty if it has none; ``code`` is the digest of the present fingerprint."""
        self.path = Path(folder) / NAME
        self.code = code
        self.runs = []
        self.done = {}  # key -> offset of the line
        self.failed = {}
        self.elsewhere = {}  # identity -> code, of points done with other code
        self.damaged = 0
        self.size = 0
        self._file = None
        self._read()

    def _read(self):
        try:
            file = open(self.path, "rb")
        except FileNotFoundError:
            return
        except OSError as error:
            raise UserError(f"cannot read {self.path}: {error.strerror}") from None
        with file:
            for line in file:
                if line.endswith(b"\n"):
                    if not self._note(line, self.size):
                        self.damaged += 1
                    self.size += len(line)
                else:
                    self.damaged += 1  # the tail of a write that was cut off; `open` takes it away

    def _note(self, line, offset):
        if not _sound(line):
            return False
        head = line[9:120].split(b" ", 5)
        if head[0] == b"run":
            self.runs.append(json.loads(line[13:]))
        elif head[0] == b"point" and len(head) == 6:
            key, identity, code, status = bytes.fromhex(head[1].decode()), *head[2:5]
            if status == b"done":
                self.done[key] = offset
                self.failed.pop(key, None)
                if code.decode() != self.code:
                    self.elsewhere[bytes.fromhex(identity.decode())] = code.decode()
            elif key not in self.done:
                self.failed[key] = offset
        return True

    def open(self):
        """Make ready to append: create the file, cut off a damaged tail."""
        try:
            self._file = open(self.path, "r+b" if self.path.exists() else "w+b", buffering=0)
            self._file.truncate(self.size)
            self._file.seek(self.size)
        except OSError as error:
            raise UserError(f"cannot write {self.path}: {error.strerror}") from None
        return self

    def close(self):
        if self._file:
            self._file.close()
            self._file = None

    def add_run(self, facts):
        self._append(f"run {_dump(facts)}")

    def add_point(self, key, identity, code, row):
        """Append a row; it is on the disk when this returns."""
        self._append(f"point {key} {identity} {code} {row['status']} {_dump(row)}")

    def _append(self, text):
        rest = text.encode() + b"\n"
        line = b"%08x " % zlib.crc32(rest) + rest
        try:
            written = 0
            while written < len(line):
                written += self._file.write(line[written:])
            os.fsync(self._file.fileno())
        except OSError as error:
            self._file.truncate(self.size)
            raise UserError(
                f"cannot write {self.path}: {error.strerror}; what was done before is kept, run it again"
            ) from None
        self._note(line, self.size)
        self.size += len(line)

    def row(self, key, source=None):
        """The row of a point that is done or failed, None for another; ``source`` is a file of :meth:`reader`."""
        key = bytes.fromhex(key) if isinstance(key, str) else key
        offset = self.done.get(key, self.failed.get(key))
        if offset is None:
            return None
        if source is None:
            with self.reader() as source:
                return self._row_at(offset, source)
        return self._row_at(offset, source)

    def reader(self):
        return open(self.path, "rb")

    @staticmethod
    def _row_at(offset, source):
        source.seek(offset)
        return json.loads(source.readline()[9:].split(b" ", 5)[5])

    def parts_of(self, code):
        """The fingerprint's parts that a run with this code recorded."""
        return next((run["parts"] for run in reversed(self.runs) if run["code"] == code), {})


def _sound(line):
    try:
        return line[8:9] == b" " and int(line[:8], 16) == zlib.crc32(line[9:])
    except ValueError:
        return False


def _dump(content):
    return json.dumps(content, separators=(",", ":"))
