"""What every study's notebook must have, whatever it is about. Reads the committed notebooks; starts no kernel."""

import ast
import json
import re
from pathlib import Path

import nbformat
import pytest

from workbench.course.exercises import strip
from workbench.course.grade import run_exercises
from workbench.recording import from_notebook
from workbench.runner import catalogue, parameters, project

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(
    path.relative_to(ROOT / "notebooks").with_suffix("").as_posix() for path in ROOT.glob("notebooks/*/*.ipynb")
)
pytestmark = pytest.mark.parametrize("study", [project.load(name) for name in NAMES], ids=NAMES)


def source(cell):
    return cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])


def code_cells(study):
    return [cell for cell in study.notebook["cells"] if cell["cell_type"] == "code"]


def outputs(study):
    return [output for cell in code_cells(study) for output in cell["outputs"]]


def test_is_a_valid_notebook_for_the_ordinary_kernel(study):
    nbformat.validate(nbformat.from_dict(study.notebook))
    assert study.notebook["metadata"]["kernelspec"]["name"] == "python3"


def modules(study):
    """Source files of a study: its module, or all of its package."""
    path = ROOT / "workbench" / "studies" / study.name
    return sorted(path.glob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


def test_its_parts_can_be_found_by_name(study):
    chapter, name = study.name.split("/")
    assert all(path.is_file() for path in modules(study))
    assert (ROOT / "tests" / "notebooks" / f"test_{name}.py").is_file()
    assert list((ROOT / "tests" / "studies" / chapter).glob(f"test_{name}*.py"))
    assert list((ROOT / "experiments" / chapter / name).glob("*.yaml"))


def test_is_in_the_catalogue_and_carries_its_paper_with_it(study):
    own = study.notebook["metadata"]["workbench"]
    assert study.entry, f"{study.name} has no entry in notebooks/catalogue.toml"
    assert own["paper"] == {key: study.entry[key] for key in catalogue.PAPER}
    assert own["summary"] == study.entry["summary"]
    assert study.entry["prerequisites"] and 5 <= study.entry["minutes"] <= 60


def test_docstrings_say_what_and_name_their_source(study):
    """One module at least names the paper; each says, itself or by its functions, where its mathematics is from."""
    named = re.compile(r"arXiv|[Dd]erived|[Tt]heorem|[Ee]quation|et al\.|\((19|20)\d\d\)")
    texts = {}
    for path in modules(study):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        texts[path.name] = ast.get_docstring(tree)
        assert texts[path.name], f"{path} has no docstring"
        public = [
            node
            for node in tree.body
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
        ]
        for node in public:
            said = ast.get_docstring(node)
            assert said, f"{path}: {node.name} has no docstring"
            texts[path.name] += said
    assert any(study.paper["arxiv"] in text for text in texts.values())
    assert [name for name, text in texts.items() if not named.search(text)] == []


def test_has_what_the_site_and_the_index_show_of_it(study):
    own = study.notebook["metadata"]["workbench"]
    assert study.summary.endswith(".") and 40 < len(study.summary) < 220 and "$" not in study.summary
    (cover,) = [cell for cell in code_cells(study) if cell["id"] == own["cover"]]
    assert any("image/png" in output.get("data", {}) for output in cover["outputs"])
    assert all("slide_type" in cell["metadata"]["slideshow"] for cell in study.notebook["cells"]), "run: make slideshow"


def test_explore_cell_comes_before_the_claims_and_holds_a_still_figure(study):
    ids = [cell["id"] for cell in study.notebook["cells"]]
    assert ids.index("explore") < ids.index("claims-text")
    text = json.dumps(study.notebook)
    assert "widget-view" not in text and "widget-state" not in text


def test_one_title_and_text_before_every_idea(study):
    text = "\n".join(source(cell) for cell in study.notebook["cells"] if cell["cell_type"] == "markdown")
    assert len(re.findall(r"^# ", text, flags=re.MULTILINE)) == 1
    assert source(study.notebook["cells"][0]).startswith("# ")
    assert study.paper["arxiv"] in source(study.notebook["cells"][0])
    for heading in ("Claims", "Exercises", "What this does not show"):
        assert re.search(rf"^## .*{heading}", text, flags=re.MULTILINE), f"no section {heading!r}"
    assert "**Not tested.**" in text.split("What this does not show")[1], "which claims are left out?"


def test_parameters_are_typed_explained_and_seen_by_papermill(study, capsys):
    from papermill.inspection import inspect_notebook

    declared = parameters.declared(study.notebook, study.name)
    assert all(p.help for p in declared.values()) and "seed" in declared
    seen = inspect_notebook(str(study.path))
    assert list(seen) == list(declared)  # so that papermill --help-notebook lists them all
    assert all(entry["help"] and entry["inferred_type_name"] != "None" for entry in seen.values())


def test_presets_hold_valid_values(study):
    declared = parameters.declared(study.notebook, study.name)
    assert {"smoke", "paper"} <= set(study.presets)
    for name, values in study.presets.items():
        parameters.effective(declared, values, name)


def test_committed_outputs_are_complete_and_come_from_the_defaults(study):
    counts = [cell["execution_count"] for cell in code_cells(study)]
    assert counts == list(range(1, len(counts) + 1)), "run the notebook from top to bottom before committing it"
    assert not [
        output for output in outputs(study) if output["output_type"] == "error" or output.get("name") == "stderr"
    ]
    assert not [cell for cell in study.notebook["cells"] if "injected-parameters" in cell["metadata"].get("tags", [])]
    declared = parameters.declared(study.notebook, study.name)
    recorded = from_notebook(study.notebook)["provenance"]["parameters"]
    assert recorded == {name: p.default for name, p in declared.items()}


def test_every_claim_is_decided_and_its_control_rejected(study):
    claims = from_notebook(study.notebook)["claims"]
    assert len(claims) >= 3
    for claim in claims:
        assert claim["control"]["rejected"], claim["identifier"]
        assert claim["verdict"] in ("confirmed", "not confirmed") and claim["source"] and claim["statement"]


def test_every_figure_has_a_description(study):
    figures = [output for output in outputs(study) if "image/png" in output.get("data", {})]
    assert figures
    for output in figures:
        assert len(output["metadata"]["image/png"]["alt"]) >= 20


def test_nothing_in_it_belongs_to_one_machine(study):
    text = json.dumps(study.notebook)
    assert not re.search(r"(/home/|/root/|/Users/|[A-Z]:\\\\Users|/tmp/|/work/)", text)
    assert '"iopub' not in text and '"start_time"' not in text


def test_cells_that_nbval_would_misread(study):
    for cell in code_cells(study):
        assert not source(cell).rstrip().endswith(";"), "nbval shows what a trailing semicolon hides"
        assert "tqdm" not in source(cell), "widget progress bars break headless runs"


def test_default_run_takes_well_under_half_a_minute(study):
    """As recorded when the notebook was last executed; nothing is timed here."""
    assert from_notebook(study.notebook)["provenance"]["seconds"] < 30


def test_exercises_carry_nbgrader_metadata_and_regions(study):
    cells = [cell for cell in code_cells(study) if "nbgrader" in cell["metadata"]]
    grades = [cell["metadata"]["nbgrader"] for cell in cells]
    assert len({grade["grade_id"] for grade in grades}) == len(grades)
    assert 3 <= sum(grade["grade"] for grade in grades) <= 5
    for cell, grade in zip(cells, grades, strict=True):
        assert grade["schema_version"] == 3
        if grade["solution"]:
            assert source(cell).count("### BEGIN SOLUTION") == source(cell).count("### END SOLUTION") == 1
        else:
            assert grade["points"] > 0 and grade["locked"]
            assert source(cell).count("### BEGIN HIDDEN TESTS") == source(cell).count("### END HIDDEN TESTS")
            checks = [node for node in ast.walk(ast.parse(source(cell))) if isinstance(node, ast.Assert)]
            assert checks and all(node.msg for node in checks), "a check must speak"


def test_exercises_grade(study):
    """The notebook's own solutions score every point in a kernel of their own, the stripped version none."""
    whole = run_exercises(study.notebook, study.notebook, seconds=120, memory=2**33)
    assert all(result.points == result.exercise.points for result in whole), [result.reason for result in whole]
    bare = run_exercises(study.notebook, strip(study.notebook), seconds=120, memory=2**33)
    assert [result.reason for result in bare] == ["not filled in (NotImplementedError)"] * len(whole)


def test_untouched_student_version_fails_only_with_not_implemented(study):
    """Every solution region replaced as nbgrader does; the stub must raise NotImplementedError, and nothing else."""
    for cell in code_cells(study):
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            body = re.sub(
                r"( *)### BEGIN SOLUTION.*?### END SOLUTION",
                r"\1# YOUR CODE HERE\n\1raise NotImplementedError()",
                source(cell),
                flags=re.DOTALL,
            )
            assert "SOLUTION" not in body
            namespace = {}
            exec(body, namespace)
            (function,) = [value for name, value in namespace.items() if callable(value) and not name.startswith("__")]
            with pytest.raises(NotImplementedError):
                function(*[1] * function.__code__.co_argcount)
