"""The design: a spec expanded against its notebook, point by point, without ever holding all of them.

Expansion is a pure function of spec and notebook. Blocks multiply; replicates are outermost, so that a sweep that is
stopped early has whole replicates. A point's seed depends on the values of its axes and not on their place in the
spec: two values more in a grid leave the other points as they are.
"""

import hashlib
import json
import math
from dataclasses import dataclass
from functools import lru_cache

from workbench.errors import UserError, nearest
from workbench.runner import parameters, project
from workbench.runner.names import names_of
from workbench.runner.run import preset_values
from workbench.sweep import blocks
from workbench.sweep.spec import MAX_POINTS

SEED = "seed"
_SEED_BITS = 53  # exact in JSON and in every language's floats


@dataclass(frozen=True)
class Point:
    index: int
    replicate: int
    values: dict  # every parameter of the notebook, the seed included
    axes: dict  # those that the blocks vary

    @property
    def seed(self):
        return self.values.get(SEED)


class Design:
    """A sequence of points: ``len(design)``, ``design[i]``, iteration. Parts are computed when asked for."""

    def __init__(self, spec):
        model = spec.model
        self.spec = spec
        self.study = _study(spec)
        self.declared = parameters.declared(self.study.notebook, self.study.name)
        self.base = self._base(model)
        self.tables = [
            blocks.build(block, i, spec, self.declared, self.study.name) for i, block in enumerate(model.blocks)
        ]
        self.axes = tuple(name for table in self.tables for name in table.names)
        self._check_axes(model)
        self.notebook = self._kept(model)
        self.settings = math.prod(len(table) for table in self.tables)
        if len(self) > MAX_POINTS:
            raise UserError(f"{spec.path.name}: {len(self)} points; a sweep has at most {MAX_POINTS}")
        self._seeded_by = [name for name in self.axes if name not in model.share_seeds_over]
        self._seed_range = self._range_of_seeds()
        self._seed = lru_cache(maxsize=4096)(self._derive_seed)

    def __len__(self):
        return self.settings * self.spec.model.replicates

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index):
        if not 0 <= index < len(self):
            raise IndexError(index)
        replicate, rest = divmod(index, self.settings)
        axes = {}
        for table in reversed(self.tables):
            rest, row = divmod(rest, len(table))
            axes.update(zip(table.names, table.row(row), strict=True))
        values = {**self.base, **axes}
        if self._seed_range:
            values[SEED] = self._seed(canonical([[name, axes[name]] for name in self._seeded_by]), replicate)
        return Point(index, replicate, values, {name: axes[name] for name in self.axes})

    def _base(self, model):
        preset = preset_values(self.study, model.preset)
        for name, value in model.fixed.items():
            if name not in self.declared:
                blocks._fit(name, value, ("fixed", name), self.spec, self.declared, self.study.name)
        fixed = {
            name: blocks._fit(name, value, ("fixed", name), self.spec, self.declared, self.study.name)
            for name, value in model.fixed.items()
        }
        return parameters.effective(self.declared, {**preset, **fixed}, self.study.name)[1]

    def _kept(self, model):
        """The notebook without the cells that the spec leaves out; nothing may be left out that is not there."""
        if not model.without:
            return self.study.notebook
        starts = tuple(model.without)
        cells = self.study.notebook["cells"]
        groups = {cell.get("id", "").split("-")[0] for cell in cells if parameters.TAG not in _tags(cell)} - {""}
        for i, start in enumerate(starts):
            if start not in groups:
                raise self.spec.error(
                    ("without", i),
                    f"no cell of {self.study.name} has an id that starts with {start!r}.{nearest(start, groups)} "
                    f"There are: {', '.join(sorted(groups))}.",
                )
        kept, given, gone = [], set(), set()
        for cell in cells:
            own, needed = _names(cell)
            if cell.get("id", "").split("-")[0] in starts and parameters.TAG not in _tags(cell):
                gone |= own
                continue
            if missing := needed & (gone - given):
                raise self.spec.error(
                    ("without",),
                    f"cell {cell['id']} needs {', '.join(sorted(missing))} from what is left out; "
                    f"leave out {cell['id'].split('-')[0]!r} too",
                )
            given |= own
            kept.append(cell)
        return {**self.study.notebook, "cells": kept}

    def _check_axes(self, model):
        spec, seen = self.spec, {}
        if not self.axes and model.replicates == 1:
            raise spec.error(("blocks",), "the design is empty: give at least one block, or replicates")
        for i, table in enumerate(self.tables):
            for name in table.names:
                at = ("blocks", i, model.blocks[i].kind, name)
                if name in seen:
                    raise spec.error(at, f"{name} is an axis of block {seen[name] + 1} too")
                if name in model.fixed:
                    raise spec.error(at, f"{name} is an axis and fixed at once")
                seen[name] = i
        for i, name in enumerate(model.share_seeds_over):
            if name not in self.axes:
                hint = nearest(name, self.axes)
                raise spec.error(("share_seeds_over", i), f"{name!r} is not an axis of the blocks.{hint}")
        given = SEED in self.axes or SEED in model.fixed
        if model.replicates > 1 and (given or SEED not in self.declared):
            why = "the spec sets the seed" if given else f"{self.study.name} has no parameter 'seed'"
            raise spec.error(("replicates",), f"replicates need seeds of their own, but {why}")
        if given and model.share_seeds_over:
            raise spec.error(("share_seeds_over",), "the spec sets the seed, so there are none to share")

    def _range_of_seeds(self):
        """(lowest seed, number of seeds), or None where the spec sets the seed or the notebook has none."""
        if SEED not in self.declared or SEED in self.axes or SEED in self.spec.model.fixed:
            return None
        interval = self.declared[SEED].interval or ("[", 0, math.inf, ")")
        low = 0 if interval[1] == -math.inf else math.ceil(interval[1])
        high = min(interval[2], 2**_SEED_BITS + low)
        return low, int(high) - low

    def _derive_seed(self, text, replicate):
        from numpy.random import SeedSequence

        digest = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
        low, count = self._seed_range
        words = SeedSequence([self.spec.model.seed, digest, replicate]).generate_state(2, "uint32").tolist()
        return low + (words[0] << 32 | words[1]) % count


def _names(cell):
    try:
        return names_of("".join(cell["source"])) if cell["cell_type"] == "code" else (set(), set())
    except SyntaxError:  # a magic
        return set(), set()


def _tags(cell):
    return cell.get("metadata", {}).get("tags", [])


def canonical(value):
    """The one text of a plain value, whatever the order of its keys."""
    return _encode(value)


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def _study(spec):
    try:
        return project.load(spec.model.study)
    except UserError as error:
        raise spec.error(("study",), str(error)) from None
