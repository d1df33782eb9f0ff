"""What every study's notebook must have, whatever it is about. Reads the committed notebooks; starts no kernel."""

import ast
import json
import re
from pathlib import Path

import nbformat
import pytest

from workbench.recording import from_notebook
from workbench.runner import parameters, project

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


def test_names_its_paper_and_its_parts_can_be_found_by_name(study):
    assert set(study.paper) == {"title", "authors", "year", "arxiv"}
    module = ROOT / "workbench" / "studies" / study.name
    assert module.is_dir() or module.with_suffix(".py").is_file()
    assert (ROOT / "tests" / "notebooks" / f"test_{study.name.split('/')[-1]}.py").is_file()


def test_has_what_the_site_and_the_index_show_of_it(study):
    own = study.notebook["metadata"]["workbench"]
    assert own["summary"].endswith(".") and 40 < len(own["summary"]) < 220 and "$" not in own["summary"]
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
