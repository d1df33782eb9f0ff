"""Blocks of a design: each a table of axis values whose row i is computed when it is asked for."""

import csv
import hashlib
import json
import math
import warnings
from dataclasses import dataclass
from functools import cached_property

from workbench.errors import UserError, nearest
from workbench.runner import parameters
from workbench.sweep.spec import SAMPLED, finite


@dataclass(frozen=True)
class Grid:
    names: tuple
    values: tuple  # one tuple of values per axis; the last axis runs fastest

    def __len__(self):
        return math.prod(len(values) for values in self.values)

    def row(self, index):
        found = []
        for values in reversed(self.values):
            index, rest = divmod(index, len(values))
            found.append(values[rest])
        return tuple(reversed(found))


@dataclass(frozen=True)
class Rows:
    names: tuple
    rows: tuple

    def __len__(self):
        return len(self.rows)

    def row(self, index):
        return self.rows[index]


@dataclass(frozen=True)
class Sample:
    """Points in a box; computed all at once on first use, 8 bytes a value."""

    names: tuple
    kind: str
    n: int
    ranges: tuple
    integer: tuple
    seed: int

    def __len__(self):
        return self.n

    def row(self, index):
        return tuple(
            int(value) if whole else value
            for value, whole in zip(self._table[index].tolist(), self.integer, strict=True)
        )

    @cached_property
    def _table(self):
        import numpy as np

        table = self._unit()
        for j, (axis, whole) in enumerate(zip(self.ranges, self.integer, strict=True)):
            table[:, j] = _scaled(table[:, j], axis, whole)
        different = len(np.unique(table, axis=0)) if any(self.integer) or any(r.step for r in self.ranges) else self.n
        if different < self.n:
            raise UserError(
                f"{self.kind} over {', '.join(self.names)}: of {self.n} points only {different} differ "
                "after rounding; widen the ranges or lower n"
            )
        return table

    def _unit(self):
        import numpy as np

        words = hashlib.sha256(json.dumps([self.kind, sorted(self.names)]).encode()).digest()
        rng = np.random.default_rng(np.random.SeedSequence([self.seed, int.from_bytes(words[:16], "big")]))
        if self.kind == "random":
            return rng.random((self.n, len(self.names)))
        from scipy.stats import qmc

        sampler = {"latin_hypercube": qmc.LatinHypercube, "sobol": qmc.Sobol, "halton": qmc.Halton}[self.kind]
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The balance properties of Sobol", UserWarning)
            return sampler(len(self.names), rng=rng).random(self.n)


def build(block, index, spec, declared, study):
    """The table of one block, its values checked against the notebook's parameters.

    Raises
    ------
    UserError
        For a name or value the notebook does not allow, and for rows that are given twice.
    """
    at = ("blocks", index, block.kind)
    if block.kind in SAMPLED:
        return _sample(block, at, spec, declared, study)
    if block.kind == "points":
        return _from_csv(block.content, at, spec, declared, study)
    columns = {
        name: tuple(_fit(name, value, (*at, name, i), spec, declared, study) for i, value in enumerate(values))
        for name, values in block.content.items()
    }
    if block.kind == "grid":
        for name, values in columns.items():
            _refuse_twice(values, lambda i, name=name: spec.error((*at, name, i), ""), "value", shown=True)
        return Grid(tuple(columns), tuple(columns.values()))
    rows = tuple(zip(*columns.values(), strict=True))
    _refuse_twice(rows, lambda i: spec.error(at, ""), "row", shown=False)
    return Rows(tuple(columns), rows)


def _sample(block, at, spec, declared, study):
    content, integer = block.content, []
    for name, axis in content.ranges.items():
        whole = axis.int or declared[name].type == "int" if name in declared else axis.int
        ends = [int(end) if whole and end == int(end) else end for end in (axis.low, axis.high)]
        for end in ends:
            _fit(name, end, (*at, name), spec, declared, study)
        integer.append(whole)
    ranges = content.ranges
    return Sample(tuple(ranges), block.kind, content.n, tuple(ranges.values()), tuple(integer), spec.model.seed)


def _from_csv(given, at, spec, declared, study):
    folder = spec.path.absolute().parent
    path = folder / given
    if not path.resolve().is_relative_to(folder.resolve()):
        raise spec.error(at, f"{given!r} lies outside the spec's folder")
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            table = [row for row in csv.reader(file, strict=True) if row]
    except OSError as error:
        raise spec.error(at, f"cannot read {given!r}: {error.strerror}") from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise spec.error(at, f"{given!r} is not a CSV file: {error}") from None
    if len(table) < 2:
        raise spec.error(at, f"{given!r} has no points: it needs a line of names and a line for each point")
    names, rows = tuple(name.strip() for name in table[0]), []
    if len(set(names)) < len(names):
        raise spec.error(at, f"{given!r} names a column twice: {', '.join(names)}")
    for number, row in enumerate(table[1:], start=2):
        if len(row) != len(names):
            raise spec.error(at, f"{given!r}, line {number} has {len(row)} values for {len(names)} columns")
        values = [
            parameters.from_text(declared[name], text) if name in declared else text
            for name, text in zip(names, row, strict=True)
        ]
        rows.append(
            tuple(
                _fit(n, v, at, spec, declared, study, f"{given!r}, line {number}: ")
                for n, v in zip(names, values, strict=True)
            )
        )
    _refuse_twice(rows, lambda i: spec.error(at, f"{given!r}: "), "point", shown=False)
    return Rows(names, tuple(rows))


def _fit(name, value, at, spec, declared, study, before=""):
    """The value as the notebook's type."""
    if name not in declared:
        hint = nearest(name, declared)
        raise spec.error(at[:4], f"{before}{study} has no parameter {name!r}.{hint} It has: {', '.join(declared)}.")
    if not finite(value):
        raise spec.error(at, f"{before}{name} = {value!r}: nan is not a value")
    try:
        return parameters.effective(declared, {name: value}, study)[0][name]
    except UserError as error:
        raise spec.error(at, f"{before}{error}") from None


def _refuse_twice(rows, where, what, shown):
    seen = {}
    for i, row in enumerate(rows):
        first = seen.setdefault(json.dumps(row), i)
        if first != i:
            value = f" {row!r}" if shown else ""
            raise UserError(f"{where(i)}{what} {i + 1}{value} is the same as {what} {first + 1}")


def _scaled(unit, axis, whole):
    import numpy as np

    low, high, step = axis.low, axis.high, axis.step or (1.0 if whole else None)
    if axis.log:
        values = np.exp(np.log(low) + unit * (np.log(high) - np.log(low)))
        return np.clip(np.rint(values) if whole else values, low, high)
    if step is None:
        return low + unit * (high - low)
    count = math.floor((high - low) / step * (1 + 1e-12)) + 1  # each multiple equally likely, the ends included
    return low + step * np.minimum(np.floor(unit * count), count - 1)
