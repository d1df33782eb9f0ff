"""Course packs: what students get holds no solution, the instructor's version scores full marks, grading is robust."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner

from workbench.cli import main
from workbench.course.build import build
from workbench.course.exercises import exercises, keep, needed, source_of, strip
from workbench.course.grade import PRINTED, run_exercises
from workbench.course.spec import read
from workbench.course.submissions import grade
from workbench.course.variants import values
from workbench.errors import UserError
from workbench.runner import project

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "experiments" / "courses" / "four_results_in_eight_weeks.toml"
STUDY = "collapse/accumulate_or_replace"
SMALL = f"""
title = "A <small> course"
seconds = 20
[[sessions]]
title = "One & only"
objectives = ["bound the error"]
minutes = 45
studies = ["{STUDY}"]
[variants."{STUDY}"]
n_samples = [30, 40, 50]
"""


def code(source, **metadata):
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": [], "execution_count": None}


def mark(grade_id, points=None):
    own = points is not None
    return {
        "schema_version": 3,
        "grade_id": grade_id,
        "grade": own,
        "solution": not own,
        "locked": own,
        "task": False,
    } | ({"points": points} if own else {})


def tiny():
    """A notebook of two exercises whose checks need one cell and not the other."""
    solution = "def double(x):\n    ### BEGIN SOLUTION\n    return factor * x\n    ### END SOLUTION"
    check = 'assert double(2) == 4, f"twice 2 is 4; you have {double(2)}"\n### BEGIN HIDDEN TESTS\n'
    check += 'assert double(5) == 10, "hidden"\n### END HIDDEN TESTS\nfour = double(2)'
    second = "def seven():\n    ### BEGIN SOLUTION\n    return 7\n    ### END SOLUTION"
    cells = [
        code("n: int = 3  # a number", tags=["parameters"]),
        code("factor = 2"),
        code("raise RuntimeError('not needed')"),
        {"cell_type": "markdown", "metadata": {}, "source": "## Exercises\n\n**Exercise 1 (predict).** Double it."},
        code(solution, nbgrader=mark("double")),
        code(check, nbgrader=mark("double_check", 2)),
        {"cell_type": "markdown", "metadata": {}, "source": "**Exercise 2 (extend).** Seven."},
        code(second, nbgrader=mark("seven")),
        code('assert seven() == 7, f"not {seven()}"', nbgrader=mark("seven_check", 3)),
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def answered(first, second="def seven():\n    return 7"):
    notebook = strip(tiny())
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in ("double", "seven"):
            cell["source"] = first if name == "double" else second
    return notebook


def graded(submission, seconds=20, memory=2**30, folder=None):
    results = run_exercises(tiny(), submission, seconds, memory, folder)
    return [r.points for r in results], [r.reason for r in results]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    (folder / "small.toml").write_text(SMALL, encoding="utf-8")
    build(folder / "small.toml", folder / "built", 2, told=lambda line: None)
    return folder / "built"


# ---- exercises


def test_exercises_are_read_kept_and_needed():
    first, second = exercises(tiny())
    assert (first.title, first.points, second.title, second.points) == ("predict", 2, "extend", 3)
    assert first.messages == ["twice 2 is 4; you have …", "hidden"] and first.answers == ["four"]
    only = keep(tiny(), [2])
    assert [(e.solution_id, e.number) for e in exercises(only)] == [("seven", 2)]
    assert source_of(only["cells"][3]) == "## Exercises"  # the heading stays
    assert [source_of(c) for c in needed(tiny(), {"double", "double_check"})] == [
        "n: int = 3  # a number",
        "factor = 2",
    ]


@pytest.mark.parametrize("study", project.study_names())
def test_every_study_has_exercises_that_end_in_checks(study):
    found = exercises(project.load(study).notebook, study)
    assert [e.number for e in found] == list(range(1, len(found) + 1))
    assert 3 <= len(found) <= 5 and all(e.messages and e.points > 0 for e in found)
    assert len({e.title for e in found}) >= 3  # predict, modify, derive, extend …


@pytest.mark.parametrize("study", project.study_names())
def test_stripped_notebooks_hold_no_trace_of_a_solution(study):
    notebook = project.load(study).notebook
    student = json.dumps(strip(notebook), ensure_ascii=False)
    for region in ("SOLUTION", "HIDDEN TESTS"):
        assert f"BEGIN {region}" not in student and f"END {region}" not in student
    elsewhere = "\n".join(source_of(c) for c in notebook["cells"] if "nbgrader" not in c["metadata"])
    shown = "\n".join(
        re.sub(r"### BEGIN HIDDEN.*?### END HIDDEN TESTS", "", e.check, flags=re.DOTALL) for e in exercises(notebook)
    )
    secret = 0
    for exercise in exercises(notebook):
        for text in re.findall(
            r"### BEGIN (?:SOLUTION|HIDDEN TESTS)\n(.*?)### END", exercise.solution + exercise.check, re.DOTALL
        ):
            for line in map(str.strip, text.splitlines()):
                if len(line) > 8 and line not in elsewhere and line not in shown:
                    secret += 1
                    assert json.dumps(line, ensure_ascii=False)[1:-1] not in student, line
    assert secret >= 3
    nbformat.validate(nbformat.from_dict(strip(notebook)))


# ---- the packs


def test_packs_of_a_course(course):
    assert sorted(p.name for p in course.iterdir()) == [
        "instructor", "instructor.zip", "student-1", "student-1.zip", "student-2", "student-2.zip", "syllabus.html",
    ]  # fmt: skip
    names = {p.relative_to(course / "student-1").as_posix() for p in (course / "student-1").rglob("*") if p.is_file()}
    assert {
        "index.html",
        "check_installation.ipynb",
        "environment.yml",
        "pyproject.toml",
        "workbench/claims.py",
    } <= names
    assert "notebooks/session-01/01-accumulate_or_replace.ipynb" in names
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_no_file_of_the_student_pack_holds_a_solution(course):
    secrets = [
        e.solution.split("### BEGIN SOLUTION")[1].split("### END")[0].strip().splitlines()[-1]
        for e in exercises(project.load(STUDY).notebook)
    ]
    for path in (course / "student-1").rglob("*"):
        if path.is_file() and "workbench" not in path.relative_to(course / "student-1").parts:
            text = path.read_text(encoding="utf-8")
            assert "BEGIN SOLUTION" not in text and "BEGIN HIDDEN" not in text
            assert not [line for line in secrets if line.strip() in text], path


def test_variants_differ_in_parameters_and_come_again(course):
    def parameters(variant):
        path = course / f"student-{variant}" / "notebooks" / "session-01" / "01-accumulate_or_replace.ipynb"
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cell = next(c for c in notebook["cells"] if "parameters" in c["metadata"].get("tags", []))
        namespace = {}
        exec(source_of(cell), namespace)
        assert notebook["metadata"]["workbench"]["course"]["variant"] == variant
        return {name: namespace[name] for name in ("n_samples", "seed")}

    assert parameters(1) != parameters(2) and parameters(1)["n_samples"] in (30, 40, 50)
    spec = course.parent / "small.toml"
    assert parameters(2) == values(read(spec), STUDY, 2)
    answers = (course / "instructor" / "answers.html").read_text(encoding="utf-8")
    assert "variant 1" in answers and "variant 2" in answers and str(parameters(2)["seed"]) in answers


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen, self.urls = [], [], []

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        self.urls += [value for name, value in attributes if name in ("href", "src")]
        if tag not in ("meta", "link", "br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_pages_are_whole_need_no_network_and_escape(course):
    pages = [
        course / "syllabus.html",
        course / "student-1" / "index.html",
        *sorted((course / "instructor").glob("*.html")),
    ]
    for path in pages:
        text, tags = path.read_text(encoding="utf-8"), _Tags()
        tags.feed(text)
        assert not tags.open and tags.seen.count("h1") == 1 and "main" in tags.seen
        assert not [url for url in tags.urls if "//" in url]
        assert "<small>" not in text and "A &lt;small&gt; course" in text
        for url in tags.urls:
            assert (path.parent / url).is_file(), url
    marking = (course / "instructor" / "marking.html").read_text(encoding="utf-8")
    for exercise in exercises(project.load(STUDY).notebook):
        assert f"{exercise.points} points" in marking


def test_check_my_installation_says_that_all_is_well(course):
    notebook = json.loads((course / "student-1" / "check_installation.ipynb").read_text(encoding="utf-8"))
    sources = [source_of(c) for c in notebook["cells"] if c["cell_type"] == "code"]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "\n".join(sources)],
        cwd=course / "student-1",
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines()[-1] == "All is well.", done.stderr


def test_the_example_course_is_valid_and_names_eight_weeks():
    course = read(EXAMPLE)
    assert len(course.sessions) == 8 and len({unit.study for s in course.sessions for unit in s.units}) >= 4


# ---- grading


def test_solutions_score_full_marks_and_stubs_none(course, tmp_path):
    name = "01-accumulate_or_replace.ipynb"
    for student, source in (
        ("able", course / "instructor" / "notebooks-2" / "session-01" / name),
        ("idle", course / "student-1" / "notebooks" / "session-01" / name),
    ):
        (tmp_path / "in" / student).mkdir(parents=True)
        shutil.copy(source, tmp_path / "in" / student / name)
    (tmp_path / "in" / "<b>absent").mkdir()
    rows = grade(tmp_path / "in", course, told=lambda line: None)
    able, idle, absent = ([r for r in rows if r["student"] == s] for s in ("able", "idle", "<b>absent"))
    assert all(r["points"] == r["possible"] for r in able)
    assert all(r["points"] == 0 and r["reason"] == "not filled in (NotImplementedError)" for r in idle)
    assert all(r["reason"] == f"{name} was not handed in" for r in absent)
    with open(course / "grades" / "points.csv", encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == len(rows)
    text = "".join(path.read_text(encoding="utf-8") for path in (course / "grades" / "feedback").iterdir())
    assert "<b>absent" not in text and "&lt;b&gt;absent" in text


def test_a_right_and_a_wrong_answer():
    assert graded(answered("def double(x):\n    return x + x")) == ([2, 3], ["", ""])
    points, reasons = graded(answered("def double(x):\n    return x**2"))
    assert points == [0, 3] and reasons[0] == "hidden"
    assert graded(answered("def double(x): return x"))[1][0] == "twice 2 is 4; you have 2"
    assert graded(answered("def double(x)"))[1][0].startswith("SyntaxError")
    assert graded(answered("raise ValueError('<script>')"))[1][0] == "ValueError: <script>"


def test_a_loop_costs_its_own_points():
    points, reasons = graded(answered("def double(x):\n    while True:\n        pass"), seconds=2)
    assert points == [0, 3] and reasons[0] == "took too long"


def test_a_loop_that_ignores_the_interrupt_is_ended():
    stubborn = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    pass"
    points, reasons = graded(answered(stubborn), seconds=1)
    assert points == [0, 0] and "timed out" in reasons[0]


def test_megabytes_of_output_are_cut_off():
    points, reasons = graded(answered("def double(x):\n    while True:\n        print('x' * 10_000)"), seconds=10)
    assert points[0] == 0 and ("printed more than" in reasons[0]) and PRINTED < 2**20
    assert points[1] == 3


def test_memory_and_sudden_ends():
    points, reasons = graded(answered("hoard = [bytearray(2**24) for _ in range(200)]"), memory=2**29)
    assert points == [0, 0] and "memory limit" in reasons[1]
    points, reasons = graded(answered("import os\nos._exit(0)"))
    assert points == [0, 0] and reasons[1] == "the kernel died"


def test_deleted_files_and_changed_checks(tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    wipe = "import pathlib\nfor p in pathlib.Path('.').iterdir(): p.unlink()\ndef double(x): return 2 * x"
    assert graded(answered(wipe), folder=tmp_path)[0] == [2, 3]
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"
    cheat = answered("def double(x): return 0")
    for cell in cheat["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade"):
            cell["source"] = "pass"
    assert graded(cheat)[0] == [0, 3]


def test_missing_and_repeated_cells():
    without = answered("def double(x): return 2 * x")
    without["cells"] = [c for c in without["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") != "double"]
    assert graded(without)[1][0] == "the cell to be filled in is missing"
    twice = answered("def double(x): return 2 * x")
    twice["cells"].append(twice["cells"][4])
    assert graded(twice)[1][0] == "the cell to be filled in is there more than once"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"cells": 3, "metadata": {}}',
        '{"cells": [{}], "metadata": {}}',
        '{"cells": [], "metadata": []}',
    ],
)
def test_what_is_not_a_notebook_costs_its_author_only(course, tmp_path, text):
    folder = tmp_path / "in" / "careless"
    folder.mkdir(parents=True)
    (folder / "01-accumulate_or_replace.ipynb").write_text(text, encoding="utf-8")
    rows = grade(tmp_path / "in", course, tmp_path / "out", told=lambda line: None)
    assert all(r["points"] == 0 for r in rows) and "not a notebook" in rows[0]["reason"]


def test_changed_checks_are_told(course, tmp_path):
    folder = tmp_path / "in" / "bold"
    folder.mkdir(parents=True)
    name = "01-accumulate_or_replace.ipynb"
    notebook = json.loads((course / "student-1" / "notebooks" / "session-01" / name).read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade"):
            cell["source"] = "pass  # <i>"
    (folder / name).write_text(json.dumps(notebook), encoding="utf-8")
    assert not any(r["points"] for r in grade(tmp_path / "in", course, tmp_path / "out", told=lambda line: None))
    assert "were changed" in (tmp_path / "out" / "feedback" / "bold.html").read_text(encoding="utf-8")


# ---- nbgrader, where it is installed


def test_nbgrader_accepts_and_autogrades(course, tmp_path):
    pytest.importorskip("nbgrader", reason="nbgrader is optional: pip install nbgrader")
    name = "01-accumulate_or_replace.ipynb"
    (tmp_path / "nbgrader_config.py").write_text(
        'c = get_config()\nc.CourseDirectory.course_id = "c"\n', encoding="utf-8"
    )
    source = tmp_path / "source" / "one" / name
    source.parent.mkdir(parents=True)
    shutil.copy(course / "instructor" / "notebooks-1" / "session-01" / name, source)

    def nbgrader(*arguments):
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # it calls alembic
        command = [sys.executable, "-m", "nbgrader", *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=os.environ | {"PATH": path})
        assert done.returncode == 0, done.stderr[-2000:]

    nbgrader("generate_assignment", "one")
    released = tmp_path / "release" / "one" / name
    assert "BEGIN SOLUTION" not in released.read_text(encoding="utf-8")
    for student, path in (("able", source), ("idle", released)):
        target = tmp_path / "submitted" / student / "one" / name
        target.parent.mkdir(parents=True)
        shutil.copy(path, target)
    nbgrader("autograde", "one")
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        able, idle = (book.find_submission("one", student) for student in ("able", "idle"))
        assert able.score == able.max_score > 0 and idle.score == 0


# ---- mistakes of the lecturer's


@pytest.mark.parametrize(
    "old, new, sentence",
    [
        ("minutes = 45", "minuts = 45", "session 1: unknown key 'minuts'. Did you mean 'minutes'?"),
        ("minutes = 45", "", "session 1: 'minutes' is missing"),
        ("minutes = 45", "minutes = -1", "minutes must be positive, got -1"),
        ("minutes = 45", 'minutes = "45"', "minutes must be a number, got '45'"),
        (f'"{STUDY}"]', '"accumulate_or_replce"]', "Did you mean 'collapse/accumulate_or_replace'?"),
        (f'"{STUDY}"]', f'"{STUDY}"]\nexercises = {{ accumulate_or_replace = [9] }}', "from [1, 2, 3], got [9]"),
        ("n_samples = [30, 40, 50]", "n_sample = [30]", "Did you mean 'n_samples'?"),
        ("n_samples = [30, 40, 50]", "n_samples = [1]", "n_samples"),
        ("n_samples = [30, 40, 50]", "n_samples = 30", "must be a list of values, got 30"),
        ("seconds = 20", "seconds = 20\nseconds = 30", "is not a TOML file"),
    ],
)  # fmt: skip
def test_mistakes_in_the_spec_get_a_sentence(tmp_path, old, new, sentence):
    assert old in SMALL
    path = tmp_path / "c.toml"
    path.write_text(SMALL.replace(old, new), encoding="utf-8")
    with pytest.raises(UserError) as error:
        read(path)
    assert sentence in str(error.value) and "\n" not in str(error.value).strip()


def test_mistakes_on_the_command_line(course, tmp_path):
    def said(*arguments):
        result = CliRunner().invoke(main, ["course", *map(str, arguments)])
        assert result.exit_code == 2 and "Traceback" not in result.output
        return result.output

    spec = course.parent / "small.toml"
    assert "cannot read" in said("build", tmp_path / "none.toml", "-o", tmp_path / "out")
    assert "number of variants must lie in [1, 100], got 0" in said(
        "build", spec, "-o", tmp_path / "out", "--variants", 0
    )
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x", encoding="utf-8")
    assert "is not a course that was built here" in said("build", spec, "-o", tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").is_file() and not (tmp_path / "out").exists()
    assert "holds no student's folder" in said("grade", tmp_path / "mine", course)
    assert "is not a course that" in said("grade", tmp_path / "mine", tmp_path)
    assert "is not a folder" in said("grade", tmp_path / "nobody", course)
