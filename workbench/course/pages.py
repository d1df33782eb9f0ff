"""The course's pages: plain HTML that needs no network, prints, and can be read with a keyboard or a screen reader."""

from html import escape

from workbench.course.exercises import source_of

_STYLE = """
:root { color-scheme: light dark; --line: #8888; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h1 { line-height: 1.2; } h2 { margin-top: 2rem; border-bottom: 1px solid var(--line); }
table { border-collapse: collapse; width: 100%; } .wide { overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: right; } pre, code { font-family: ui-monospace, monospace; font-size: .9rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border-left: 3px solid var(--line); padding-left: .8rem; }
@media print { body { margin: 0; max-width: none; } h2 { break-after: avoid; } tr, pre { break-inside: avoid; } }
"""


def page(title, body):
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{escape(title)}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )


def table(caption, columns, rows):
    """A table that scrolls on a narrow screen; values are escaped, numbers go to the right."""
    kinds = ['class="number"' if rows and isinstance(rows[0][i], (int, float)) else "" for i in range(len(columns))]
    head = "".join(f'<th scope="col" {kind}>{escape(name)}</th>' for name, kind in zip(columns, kinds, strict=True))
    lines = [
        "<tr>" + "".join(f"<td {kind}>{escape(str(v))}</td>" for v, kind in zip(row, kinds, strict=True)) + "</tr>"
        for row in rows
    ]
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f"<table><caption>{escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def syllabus(course, units, links=None):
    """Sessions with objectives, minutes, studies and points."""
    parts = [f"<p>{escape(course.summary)}</p>"] if course.summary else []
    rows = []
    for session in course.sessions:
        mine = [unit for unit in units if unit[0].number == session.number]
        points = sum(e.points for *_, exercises in mine for e in exercises)
        rows.append((session.number, session.title, session.minutes, points))
    rows_total = [*rows, ("", "together", sum(row[2] for row in rows), sum(row[3] for row in rows))]
    parts.append(table("Sessions", ("session", "title", "minutes", "points"), rows_total))
    for session in course.sessions:
        parts.append(f"<h2>Session {session.number}. {escape(session.title)}</h2>")
        parts.append(f"<p>{session.minutes} minutes. After it you can:</p>")
        parts.append("<ul>" + "".join(f"<li>{escape(goal)}</li>" for goal in session.objectives) + "</ul>")
        for its, unit, study, exercises in units:
            if its.number != session.number:
                continue
            paper = study.paper
            title = escape(paper.get("title", unit.study))
            if links:
                title = f'<a href="{escape(links[session.number, unit.study])}">{title}</a>'
            parts.append(
                f"<p>{title}, {escape(paper.get('authors', ''))} ({paper.get('year', '')}), "
                f"arXiv {escape(paper.get('arxiv', ''))}. "
                + (
                    f"Exercises: {', '.join(f'{e.number} ({escape(e.title)}, {e.points} points)' for e in exercises)}."
                    if exercises
                    else "No exercises."
                )
                + "</p>"
            )
    return page(course.title, "\n".join(parts)) if links is None else "\n".join(parts)


def start(course, units, names):
    """The page that a student opens first."""
    how = (
        "<h2>Before the first session</h2><ol>"
        "<li>In this folder: <code>conda env create -f environment.yml</code>, then "
        "<code>conda activate workbench</code>. Without conda, with Python 3.11: <code>python -m venv .venv</code>, "
        "activate it, then <code>pip install -r requirements.lock -e .</code></li>"
        "<li><code>jupyter lab check_installation.ipynb</code>, run its cells. It ends with “All is well.”</li>"
        "</ol><h2>How to work</h2>"
        "<p>Read the notebook from top to bottom and run it. In each exercise replace the line "
        "<code>raise NotImplementedError()</code> by your own; write all that it needs <em>inside its cell</em>, for "
        "nothing else is taken from what you hand in. The cell below it checks your answer and says what may be wrong. "
        "There are further checks that you do not see.</p>"
    )
    return page(course.title, how + "<h2>Syllabus</h2>" + syllabus(course, units, names))


def readme(course):
    return f"# {course.title}\n\nOpen `index.html` first.\n"


def marking(course, units):
    """Points, run times, common mistakes and solutions: for the instructor."""
    from workbench.recording import from_notebook

    rows = []
    for session, unit, study, exercises in units:
        seconds = from_notebook(study.notebook)["provenance"].get("seconds")
        shown = "not known" if seconds is None else f"{seconds:.0f} s"
        rows.append((session.number, unit.study, sum(e.points for e in exercises), shown))
    parts = [table("Points and run times", ("session", "study", "points", "whole notebook takes"), rows)]
    for session, unit, _, exercises in units:
        parts.append(f"<h2>Session {session.number}: {escape(unit.study)}</h2>")
        for exercise in exercises:
            parts.append(f"<h3>Exercise {exercise.number} ({escape(exercise.title)}), {exercise.points} points</h3>")
            parts.append(
                "<p>All points if every check passes, else none. A failing check says (… stands for a value):</p>"
            )
            parts.append("<ul>" + "".join(f"<li>{escape(message)}</li>" for message in exercise.messages) + "</ul>")
            parts.append(f"<pre><code>{escape(exercise.solution)}</code></pre>")
    return page(f"{course.title}: marking scheme", "\n".join(parts))


def answers(course, found):
    """Parameters and the values that the solutions give, for each variant."""
    parts = [
        "<p>Values of the names that each check cell assigns, from the course's own solutions; all of them pass.</p>"
    ]
    for variant, session, unit, made, results in found:
        heading = f"Session {session.number}: {unit.study}" + (f", variant {variant}" if variant else "")
        parts.append(f"<h2>{escape(heading)}</h2>")
        given = (
            ", ".join(f"{name} = {value!r}" for name, value in made["parameters"].items()) or "the notebook's defaults"
        )
        parts.append(f"<p>Parameters: {escape(given)}.</p>")
        rows = [
            (r.exercise.number, name, value) for r in results for name, value in (r.answers or {"": "no value"}).items()
        ]
        parts.append(table(f"Answers, {heading}", ("exercise", "name", "value"), rows))
    return page(f"{course.title}: answers", "\n".join(parts))


def feedback(course_title, student, graded):
    """A student's page: points and what the checks said; everything that the student wrote is escaped."""
    parts = []
    for name, results, complaint in graded:
        earned, possible = sum(r.points for r in results), sum(r.exercise.points for r in results)
        parts.append(f"<h2>{escape(name)}: {earned} of {possible} points</h2>")
        if complaint:
            parts.append(f"<p>{escape(complaint)}</p>")
        rows = [
            (r.exercise.number, r.exercise.title, f"{r.points} of {r.exercise.points}", r.reason or "passed")
            for r in results
        ]
        parts.append(table(f"Exercises of {name}", ("exercise", "kind", "points", "what the checks say"), rows))
    total = sum(r.points for _, results, _ in graded for r in results)
    possible = sum(r.exercise.points for _, results, _ in graded for r in results)
    return page(f"{course_title}: {student}", f"<p>Together {total} of {possible} points.</p>" + "\n".join(parts))


def check_installation(units):
    """A small notebook that says whether the set-up works."""
    import nbformat

    studies = sorted({unit.study for _, unit, *_ in units})
    packages = sorted({name for _, _, study, _ in units for name in _packages(study)} & {"torch", "pymc", "numba"})
    lines = [
        "import importlib",
        "import sys",
        "",
        'assert sys.version_info >= (3, 11), f"Python 3.11 or later is needed; this is {sys.version}"',
    ]
    lines += [
        f"for name in {['numpy', 'scipy', 'matplotlib', 'workbench', *packages]!r}:",
        "    try:",
        '        print(name, getattr(importlib.import_module(name), "__version__", "is there"))',
        "    except ImportError:",
        '        raise SystemExit(f"{name} is missing: was the environment activated before Jupyter?") from None',
    ]
    imports = [f"importlib.import_module('workbench.studies.{study.replace('/', '.')}')" for study in studies]
    cells = [
        nbformat.v4.new_markdown_cell(
            "# Check my installation\n\nRun both cells. The last line must be “All is well.”"
        ),
        nbformat.v4.new_code_cell("\n".join(lines)),
        nbformat.v4.new_code_cell("\n".join([*imports, "print('All is well.')"])),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"check-{number}"
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def _packages(study):
    """Which of the optional packages a study's notebook or modules import."""
    import re
    from pathlib import Path

    module = Path(__file__).resolve().parents[1] / "studies" / study.name
    files = [module.with_suffix(".py")] if module.with_suffix(".py").is_file() else sorted(module.glob("*.py"))
    text = "\n".join([*(path.read_text(encoding="utf-8") for path in files), *map(source_of, study.notebook["cells"])])
    return set(re.findall(r"^\s*(?:import|from) (torch|pymc|numba)", text, flags=re.MULTILINE))
