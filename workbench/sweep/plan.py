"""What a sweep has done and what it will do, and why: counted point by point, nothing executed."""

from collections import Counter
from dataclasses import dataclass, field

from workbench.sweep import fingerprint, task
from workbench.sweep.design import Design
from workbench.sweep.journal import Journal


@dataclass
class Plan:
    """A design, the fingerprint of its code and the journal of its folder."""

    spec: object
    design: Design
    folder: object
    notebook: str  # its text as the workers get it
    parts: dict
    code: str
    journal: Journal
    only_failed: bool = False
    changes: dict = field(default_factory=dict)
    _keys: tuple = (None, b"")

    def keyed(self):
        """``(point, identity, key)`` in the design's order."""
        for point in self.design:
            yield point, *fingerprint.point_key(point.values, point.replicate, self.code)

    def raw_keys(self):
        """The keys of all points in the design's order, 16 bytes each; computed once for a fingerprint."""
        if self._keys[0] != self.code:
            self._keys = self.code, b"".join(bytes.fromhex(key) for _, _, key in self.keyed())
        keys = self._keys[1]
        return (keys[i : i + 16] for i in range(0, len(keys), 16))

    def pending(self):
        """The points that are to run, in order."""
        journal = self.journal
        for point, identity, key in self.keyed():
            raw = bytes.fromhex(key)
            if raw not in journal.done and (not self.only_failed or raw in journal.failed):
                yield point, identity, key

    def why(self, identity, key):
        """Why a point that is not done will run."""
        if bytes.fromhex(key) in self.journal.failed:
            return "failed before"
        code = self.journal.elsewhere.get(bytes.fromhex(identity))
        if code is None:
            return "not run yet"
        if code not in self.changes:
            self.changes[code] = fingerprint.changes(self.journal.parts_of(code), self.parts) or "the code changed"
        return self.changes[code]

    def count(self):
        """``(number done, Counter of reasons)`` over the whole design."""
        journal = self.journal
        if not (journal.done or journal.failed):
            return 0, Counter({} if self.only_failed else {"not run yet": len(self.design)})
        done = sum(raw in journal.done for raw in self.raw_keys())
        if done == len(self.design):
            return done, Counter()
        done, reasons = 0, Counter()
        for _, identity, key in self.keyed():
            raw = bytes.fromhex(key)
            if raw in journal.done:
                done += 1
            elif not self.only_failed or raw in journal.failed:
                reasons[self.why(identity, key)] += 1
        return done, reasons


def make(spec, folder, only_failed=False):
    """The plan of a spec in a folder; reads, and writes nothing."""
    design = Design(spec)
    text = task.without_outputs(design.notebook)
    parts = task.parts_of(text)
    code = fingerprint.digest(parts, design.study.name)
    return Plan(spec, design, folder, text, parts, code, Journal(folder, code), only_failed)
