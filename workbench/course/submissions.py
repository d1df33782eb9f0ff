"""All submissions of a course: found, graded one by one, a table of points and a page for each student."""

import csv
import io
import json
from pathlib import Path

from workbench.course import pages
from workbench.course.build import MARK
from workbench.course.exercises import exercises, source_of, strip
from workbench.course.grade import Result, run_exercises
from workbench.errors import UserError
from workbench.runner.files import write_atomically


def grade(submissions, built, out=None, told=print):
    """Grade every student's folder in ``submissions`` against the course that ``build`` put into ``built``.

    Writes ``points.csv`` and ``feedback/<student>.html`` to ``out`` [built/grades].

    Returns
    -------
    list of dict
        The rows of the table: student, session, study, exercise, points, possible, reason.

    Raises
    ------
    UserError
        If there is no built course, or no submission.
    """
    submissions, built = Path(submissions), Path(built)
    out = Path(out) if out else built / "grades"
    try:
        course = json.loads((built / "instructor" / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UserError(f"{built} is not a course that 'workbench course build' made (no instructor/{MARK})") from None
    if not submissions.is_dir():
        raise UserError(f"{submissions} is not a folder; it should hold one folder for each student")
    students = sorted(path for path in submissions.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not students:
        raise UserError(f"{submissions} holds no student's folder")
    rows = []
    for student in students:
        graded = [(unit, *_grade_one(student, unit, course, built)) for unit in course["units"]]
        for unit, results, _ in graded:
            rows += [
                {
                    "student": student.name,
                    "session": unit["session"],
                    "study": unit["study"],
                    "exercise": r.exercise.number,
                    "points": r.points,
                    "possible": r.exercise.points,
                    "reason": r.reason,
                }
                for r in results
            ]
        shown = [
            (f"Session {unit['session']}, {unit['study']}", results, complaint) for unit, results, complaint in graded
        ]
        write_atomically(
            out / "feedback" / f"{student.name}.html", pages.feedback(course["title"], student.name, shown)
        )
        mine = [row for row in rows if row["student"] == student.name]
        told(f"{student.name}: {sum(row['points'] for row in mine)} of {sum(row['possible'] for row in mine)} points")
    write_atomically(out / "points.csv", _csv(rows))
    return rows


def _grade_one(student, unit, course, built):
    """Results and a remark for one notebook of one student."""
    name = Path(unit["notebook"]).name
    found = sorted(path for path in student.rglob(name) if path.is_file() and not path.is_symlink())
    source = _source(unit, built, None, course)
    if len(found) != 1:
        reason = f"{name} was not handed in" if not found else f"{name} is there {len(found)} times; hand in one"
        return [Result(e, 0, reason, {}) for e in exercises(source)], ""
    try:
        submission = json.loads(found[0].read_text(encoding="utf-8"))
        source = _source(
            unit, built, submission["metadata"].get("workbench", {}).get("course", {}).get("variant"), course
        )
        changed = _changed(source, submission)
        for cell in submission["cells"]:
            source_of(cell) + cell["cell_type"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return [Result(e, 0, f"{name} is not a notebook that can be read", {}) for e in exercises(source)], ""
    results = run_exercises(source, submission, course["seconds"], course["memory"], found[0].parent)
    return results, "The checks in what was handed in were changed; the course's own were used." if changed else ""


def _source(unit, built, variant, course):
    count = course["n_variants"]
    known = isinstance(variant, int) and count is not None and 1 <= variant <= count
    suffix = "" if count is None else f"-{variant if known else 1}"
    path = built / "instructor" / f"notebooks{suffix}" / unit["notebook"]
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UserError(f"{path} cannot be read; build the course again") from None


def _changed(source, submission):
    """Whether a check cell differs from the one that was handed out."""
    handed_out = {_grade_id(c): source_of(c) for c in strip(source)["cells"] if _grade_id(c)}
    checks = {e.check_id for e in exercises(source)}
    own = {_grade_id(c): source_of(c) for c in submission["cells"] if _grade_id(c)}
    return any(own.get(name) != handed_out[name] for name in checks)


def _grade_id(cell):
    mark = cell.get("metadata", {}).get("nbgrader")
    return mark.get("grade_id") if isinstance(mark, dict) else None


def _csv(rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    # a text that a spreadsheet would take for a formula is quoted
    writer.writerows(
        {k: f"'{v}" if isinstance(v, str) and v[:1] in "=+-@" else v for k, v in row.items()} for row in rows
    )
    return text.getvalue()
