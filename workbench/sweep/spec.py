"""The sweep spec: what may stand in the YAML file, and where a mistake is."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from workbench.errors import UserError, nearest
from workbench.runner import project
from workbench.sweep import yamltext

SAMPLED = ("random", "latin_hypercube", "sobol", "halton")
KINDS = ("grid", "zip", *SAMPLED, "points")
MAX_POINTS = 10**9


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Range(_Strict):
    """An axis that is sampled: uniform in [low, high], or in its logarithm."""

    low: Annotated[float, Field(allow_inf_nan=False)]
    high: Annotated[float, Field(allow_inf_nan=False)]
    log: bool = False
    int: bool = False
    step: Annotated[float | None, Field(gt=0, allow_inf_nan=False)] = None

    @model_validator(mode="before")
    @classmethod
    def _from_pair(cls, value):
        if isinstance(value, list):
            if len(value) != 2:
                raise ValueError(f"a range is [low, high] or {{low: …, high: …}}, got {len(value)} values")
            return {"low": value[0], "high": value[1]}
        return value

    @model_validator(mode="after")
    def _ordered(self):
        if not self.low < self.high:
            raise ValueError(f"low = {self.low:g} must be less than high = {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"low = {self.low:g} must be positive for a log range")
        if self.log and self.step:
            raise ValueError("a range has either log or step, not both")
        if self.step and self.step > self.high - self.low:
            raise ValueError(f"step = {self.step:g} is larger than the range")
        return self


class Sampled(_Strict):
    """``n`` points in the box of some ranges."""

    n: Annotated[int, Field(ge=1, le=10_000_000)]
    ranges: dict[str, Range]

    @model_validator(mode="before")
    @classmethod
    def _split(cls, value):
        if not isinstance(value, dict):
            raise ValueError("needs ranges by parameter, and n")
        if "n" not in value:
            raise ValueError("needs n, the number of points")
        if len(value) == 1:
            raise ValueError("needs at least one parameter with its range beside n")
        return {"n": value["n"], "ranges": {key: one for key, one in value.items() if key != "n"}}


Values = Annotated[list[Any], Field(min_length=1)]
Axes = Annotated[dict[str, Values], Field(min_length=1)]


class Block(_Strict):
    """One block of the design; exactly one of its keys is given."""

    grid: Axes | None = None
    zip: Axes | None = None
    random: Sampled | None = None
    latin_hypercube: Sampled | None = None
    sobol: Sampled | None = None
    halton: Sampled | None = None
    points: str | None = None

    @model_validator(mode="after")
    def _one(self):
        given = [key for key in KINDS if getattr(self, key) is not None]
        if len(given) != 1:
            what = " and ".join(given) if given else "none"
            raise ValueError(f"a block is exactly one of {', '.join(KINDS)}; got {what}")
        if self.zip and len({len(values) for values in self.zip.values()}) > 1:
            lengths = ", ".join(f"{key} {len(values)}" for key, values in self.zip.items())
            raise ValueError(f"the lists of a zip must have the same length; got {lengths}")
        return self

    @property
    def kind(self):
        return next(key for key in KINDS if getattr(self, key) is not None)

    @property
    def content(self):
        return getattr(self, self.kind)


class SpecModel(_Strict):
    study: str
    preset: str | None = None
    fixed: dict[str, Any] = {}
    blocks: list[Block] = []
    replicates: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    share_seeds_over: list[str] = []
    seed: Annotated[int, Field(ge=0, lt=2**64)] = 0
    without: list[str] = []


@dataclass(frozen=True)
class Spec:
    """A validated spec, and where it was read: for messages and for files named relative to it."""

    model: SpecModel
    path: Path
    content: dict
    lines: dict

    def error(self, location, sentence):
        """A ``UserError`` that names the file, the line and the key."""
        return UserError(_where(self.path.name, location, self.lines) + sentence)


def load(given):
    """The spec at a path, or under ``experiments/`` by the path's last parts, without or with ``.yaml``."""
    path = find(given)
    content, lines = yamltext.read(path)
    try:
        model = SpecModel.model_validate(content)
    except ValidationError as error:
        raise UserError(_sentence(error, path.name, content, lines)) from None
    except OverflowError:
        raise UserError(f"{path.name}: a number is too large") from None
    return Spec(model, path, content, lines)


def find(given):
    """The path of a spec; ``UserError`` with the nearest spec's name if there is none."""
    path = Path(given)
    if path.is_file():
        return path
    folder = project.root() / "experiments"
    known = {p.relative_to(folder).with_suffix("").as_posix(): p for p in sorted(folder.glob("*/*/*.yaml"))}
    wanted = path.as_posix().removeprefix("experiments/").removesuffix(".yaml")
    matches = [name for name in known if name == wanted] or [n for n in known if n.split("/")[-1] == wanted]
    if len(matches) == 1:
        return known[matches[0]]
    if matches:
        raise UserError(f"{wanted!r} names several specs: {', '.join(matches)}; give the whole path")
    hint = nearest(wanted, known) or nearest(wanted.split("/")[-1], [name.split("/")[-1] for name in known])
    raise UserError(f"no sweep spec {str(given)!r}.{hint}")


def _sentence(error, name, content, lines):
    """The first of pydantic's complaints, as our own sentence with line, key and nearest key."""
    first = error.errors(include_url=False)[0]
    location, kind = tuple(first["loc"]), first["type"]
    if len(location) > 3 and location[0] == "blocks":  # Sampled keeps its parameters under 'ranges'; the file does not
        location = tuple(part for i, part in enumerate(location) if not (i == 3 and part == "ranges"))
    where = _where(name, location, lines)
    if kind == "extra_forbidden":
        model = Block if location[0] == "blocks" and len(location) == 3 else SpecModel if len(location) == 1 else Range
        known = [key for key in model.model_fields]
        return f"{where}there is no such key.{nearest(location[-1], known)} It has: {', '.join(known)}."
    if kind == "missing":
        return f"{where}the key is missing"
    if kind == "value_error":
        return where + str(first["ctx"]["error"])
    shown = repr(first["input"])
    shown = shown if len(shown) <= 60 else shown[:57] + "…"
    return f"{where}{shown} does not do: {first['msg'][0].lower()}{first['msg'][1:]}"


def _where(name, location, lines):
    at = tuple(location)
    while at and at not in lines:
        at = at[:-1]
    keys = ".".join(str(part) for part in location if isinstance(part, str))
    return f"{name}, line {lines.get(at, 1)}, {keys}: " if keys else f"{name}, line {lines.get(at, 1)}: "


def finite(value):
    """Whether no number in a plain value is NaN; infinities are left to the parameter's own range."""
    if isinstance(value, list):
        return all(finite(item) for item in value)
    return not (isinstance(value, float) and math.isnan(value))
