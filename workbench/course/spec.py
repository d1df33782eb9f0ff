"""A course's TOML file, read and checked; what is wrong is said with its place and the nearest valid name."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from workbench.course.exercises import exercises
from workbench.errors import UserError, nearest
from workbench.runner import parameters, project

_COURSE = {"title", "summary", "seed", "seconds", "memory_gib", "sessions", "variants"}
_SESSION = {"title", "objectives", "minutes", "studies", "exercises"}


@dataclass(frozen=True)
class Unit:
    """A study in a session, with the numbers of its exercises."""

    study: str
    exercises: tuple


@dataclass(frozen=True)
class Session:
    number: int
    title: str
    objectives: tuple
    minutes: int
    units: tuple


@dataclass(frozen=True)
class Course:
    """A course as its file says; ``variants`` maps a study to the values that its parameters may take."""

    title: str
    summary: str
    seed: int
    seconds: float  # for a submission's notebook, and for each of its cells
    memory: int  # bytes
    sessions: tuple
    variants: dict


def read(path):
    """The course of a TOML file.

    Raises
    ------
    UserError
        One sentence: the place, the value, what is allowed, and the nearest valid name.
    """
    path = Path(path)
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not a TOML file: {error}") from None
    _known(given, _COURSE, path.name)
    sessions = _typed(given, "sessions", list, path.name)
    if not sessions:
        raise UserError(f"{path.name}: a course needs at least one [[sessions]]")
    return Course(
        title=_typed(given, "title", str, path.name),
        summary=_typed(given, "summary", str, path.name, ""),
        seed=_typed(given, "seed", int, path.name, 0),
        seconds=_positive(given, "seconds", path.name, 120),
        memory=int(_positive(given, "memory_gib", path.name, 2) * 2**30),
        sessions=tuple(_session(number, one, path.name) for number, one in enumerate(sessions, 1)),
        variants=_variants(_typed(given, "variants", dict, path.name, {}), path.name),
    )


def _session(number, given, name):
    place = f"{name}, session {number}"
    if not isinstance(given, dict):
        raise UserError(f"{place} must be a table, [[sessions]]")
    _known(given, _SESSION, place)
    studies = [project.load(study).name for study in _strings(given, "studies", place)]
    if len(set(studies)) < len(studies):
        raise UserError(f"{place}: a study is named twice")
    chosen = _typed(given, "exercises", dict, place, {})
    wanted = {}
    for key, numbers in chosen.items():
        study = project.load(key).name
        if study not in studies:
            raise UserError(f"{place}: exercises are given for {key!r}, which is not among the session's studies")
        wanted[study] = numbers
    units = []
    for study in studies:
        there = [e.number for e in exercises(project.load(study).notebook, study)]
        numbers = wanted.get(study, there)
        if not isinstance(numbers, list) or any(n not in there or isinstance(n, bool) for n in numbers):
            raise UserError(f"{place}: exercises of {study} must be a list of numbers from {there}, got {numbers!r}")
        units.append(Unit(study, tuple(sorted(set(numbers)))))
    return Session(
        number,
        _typed(given, "title", str, place),
        tuple(_strings(given, "objectives", place)),
        int(_positive(given, "minutes", place)),
        tuple(units),
    )


def _variants(given, name):
    found = {}
    for key, choices in given.items():
        study, place = project.load(key), f"{name}, variants of {key!r}"
        if not isinstance(choices, dict):
            raise UserError(f"{place} must be a table of parameters, each with a list of values")
        declared = parameters.declared(study.notebook, study.name)
        for parameter, values in choices.items():
            if not isinstance(values, list) or not values:
                raise UserError(f"{place}: {parameter} must be a list of values, got {values!r}")
            for value in values:
                parameters.effective(declared, {parameter: value}, study.name)
        found[study.name] = choices
    return found


def _known(given, allowed, place):
    for key in given:
        if key not in allowed:
            raise UserError(f"{place}: unknown key {key!r}.{nearest(key, allowed)} Known: {', '.join(sorted(allowed))}")


_MISSING = object()
_KINDS = {str: "a text", int: "a whole number", list: "a list", dict: "a table", (int, float): "a number"}


def _typed(given, key, kind, place, default=_MISSING):
    value = given.get(key, default)
    if value is _MISSING:
        raise UserError(f"{place}: {key!r} is missing")
    if not isinstance(value, kind) or isinstance(value, bool):
        raise UserError(f"{place}: {key} must be {_KINDS[kind]}, got {value!r}")
    return value


def _positive(given, key, place, default=_MISSING):
    value = _typed(given, key, (int, float), place, default) if key in given or default is _MISSING else default
    if not 0 < value < float("inf"):
        raise UserError(f"{place}: {key} must be positive, got {value!r}")
    return value


def _strings(given, key, place):
    values = _typed(given, key, list, place)
    if not values or not all(isinstance(value, str) and value.strip() for value in values):
        raise UserError(f"{place}: {key} must be a list of at least one text, got {values!r}")
    return values
