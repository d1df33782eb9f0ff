"""Write a course: student packs, the instructor pack, the syllabus. Built beside the target and moved there whole."""

import json
import os
import shutil
import tempfile
from pathlib import Path

from workbench.course import pages, variants
from workbench.course.exercises import exercises, keep, source_of, strip
from workbench.course.grade import run_exercises
from workbench.course.spec import read
from workbench.errors import UserError
from workbench.runner import project

MARK = "course.json"


def build(spec, out, n_variants=None, told=print):
    """Build the course of a TOML file into the folder ``out``.

    Parameters
    ----------
    spec : path
    out : path
        A new or empty folder, or one that an earlier build made, which is replaced.
    n_variants : int, optional
        Student groups with parameters and answers of their own; None for one pack with the notebooks' defaults.
    told : callable
        Gets a line for each step.

    Raises
    ------
    UserError
        For a mistake in the file, a folder that holds something else, or exercises whose own solutions do not pass.
    """
    course, out = read(spec), Path(out).absolute()
    if n_variants is not None and not 1 <= n_variants <= 100:
        raise UserError(f"the number of variants must lie in [1, 100], got {n_variants}")
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / "instructor" / MARK).is_file())):
        raise UserError(f"{out} exists and is not a course that was built here; name another folder")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".course-", dir=out.parent) as folder:
            made = Path(folder) / "course"
            _write(course, made, n_variants, told)
            if out.exists():
                os.replace(out, Path(folder) / "old")
            os.replace(made, out)
    except OSError as error:
        raise UserError(f"cannot write the course to {out}: {error.strerror}") from None


def notebook_name(session, study):
    """The file of a study within the packs' ``notebooks`` folder."""
    return f"session-{session.number:02d}/{session.number:02d}-{study.split('/')[-1]}.ipynb"


def instructor_notebook(course, session, unit, variant):
    """A unit's notebook with solutions, with the variant's parameters and the chosen exercises."""
    chosen = variants.values(course, unit.study, variant)
    notebook = variants.with_values(keep(project.load(unit.study).notebook, unit.exercises), chosen)
    for cell in notebook["cells"]:
        cell["source"] = source_of(cell)
    notebook["metadata"].setdefault("workbench", {})["course"] = {
        "title": course.title,
        "session": session.number,
        "study": unit.study,
        "variant": variant,
        "parameters": chosen,
    }
    return notebook


def _write(course, made, n_variants, told):
    numbers = [None] if n_variants is None else range(1, n_variants + 1)
    instructor, answers = made / "instructor", []
    for variant in numbers:
        suffix = "" if variant is None else f"-{variant}"
        student = made / f"student{suffix}"
        for session in course.sessions:
            for unit in session.units:
                notebook, name = instructor_notebook(course, session, unit, variant), notebook_name(session, unit.study)
                _save(instructor / f"notebooks{suffix}" / name, notebook)
                _save(student / "notebooks" / name, strip(notebook))
                if unit.exercises:
                    told(f"checking the solutions of {unit.study}" + (f", variant {variant}" if variant else ""))
                    results = run_exercises(notebook, notebook, course.seconds, course.memory)
                    failed = [result for result in results if result.points < result.exercise.points]
                    if failed:
                        raise UserError(
                            f"{unit.study}: the solution of exercise {failed[0].exercise.number} fails its own check"
                            + (f" with the parameters of variant {variant}" if variant else "")
                            + f": {failed[0].reason}"
                        )
                    answers.append((variant, session, unit, notebook["metadata"]["workbench"]["course"], results))
        _student_files(course, student)
        shutil.make_archive(str(student), "zip", student)
    units = [
        (session, unit, project.load(unit.study), exercises(keep(project.load(unit.study).notebook, unit.exercises)))
        for session in course.sessions
        for unit in session.units
    ]
    _text(instructor / "marking.html", pages.marking(course, units))
    _text(instructor / "answers.html", pages.answers(course, answers))
    _text(made / "syllabus.html", pages.syllabus(course, units))
    _text(instructor / "syllabus.html", pages.syllabus(course, units))
    _text(instructor / MARK, json.dumps(_resolved(course, n_variants), indent=1) + "\n")
    shutil.make_archive(str(instructor), "zip", instructor)


def _student_files(course, student):
    """What a student needs beside the notebooks: the package, its environment, a start page, a check of the set-up."""
    root = project.root()
    units = [
        (session, unit, project.load(unit.study), exercises(keep(project.load(unit.study).notebook, unit.exercises)))
        for session in course.sessions
        for unit in session.units
    ]
    names = {
        (session.number, unit.study): f"notebooks/{notebook_name(session, unit.study)}" for session, unit, *_ in units
    }
    _text(student / "index.html", pages.start(course, units, names))
    _text(student / "README.md", pages.readme(course))
    _save(student / "check_installation.ipynb", pages.check_installation(units))
    package = Path(__file__).resolve().parents[1]
    shutil.copytree(
        package, student / "workbench", ignore=shutil.ignore_patterns("__pycache__", "*.pyc", "*.nbi", "*.nbc")
    )
    for name in ("environment.yml", "pyproject.toml", "requirements.lock"):
        if (root / name).is_file():
            shutil.copyfile(root / name, student / name)


def _resolved(course, n_variants):
    return {
        "title": course.title,
        "summary": course.summary,
        "seed": course.seed,
        "seconds": course.seconds,
        "memory": course.memory,
        "n_variants": n_variants,
        "units": [
            {"session": session.number, "study": unit.study, "notebook": notebook_name(session, unit.study)}
            for session in course.sessions
            for unit in session.units
            if unit.exercises
        ],
    }


def _save(path, notebook):
    _text(path, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")


def _text(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
