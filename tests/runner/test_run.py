"""Running a study for real: papermill, kernels, files. Each test that starts a kernel takes about two seconds."""

import json
import os
import stat

import nbformat
import numpy as np
import pytest
from toy_study import BODY, write_study

import workbench
from workbench.errors import CellFailed, UserError
from workbench.runner.files import check_writable, write_atomically


def text_of(path):
    return path.read_text(encoding="utf-8")


def test_a_run_records_values_claims_and_provenance(project):
    found = workbench.run(
        "toy",
        {"n_samples": np.int64(7), "sizes": range(1, 4), "spectrum": ((2, 1),), "noise": 2},
        output="out/run.ipynb",
        records="out/run.json",
    )
    assert found["scalars"]["seen"] == "(7, 2.0, 'haar', [1, 2, 3], [[2.0, 1.0]], False, 0.5)"
    assert [claim["verdict"] for claim in found["claims"]] == ["confirmed"]
    assert workbench.records("out/run.ipynb") == found == workbench.records("out/run.json")

    provenance = found["provenance"]
    assert provenance["parameters"] == {
        "n_samples": 7,
        "noise": 2.0,
        "kind": "haar",
        "sizes": [1, 2, 3],
        "spectrum": [[2.0, 1.0]],
        "flag": False,
        "ridge": 0.5,
    }
    assert provenance["study"] == "chapter/toy" and provenance["failure"] is None and provenance["seconds"] > 0
    assert provenance["versions"]["numpy"] == np.__version__ and "cores" in provenance["cpu"]
    assert provenance["git"] == {"commit": None, "dirty": None}

    text = text_of(project / "out" / "run.ipynb")
    for private in (str(project), os.path.expanduser("~"), os.uname().nodename):
        assert private not in text and private not in text_of(project / "out" / "run.json")
    assert "start_time" not in text and "iopub" not in text  # no timestamps to make noise in a diff
    nbformat.validate(nbformat.read(project / "out" / "run.ipynb", 4))
    assert sorted(os.listdir("out")) == ["run.ipynb", "run.json"]  # nothing temporary is left


def test_presets_lie_under_given_values_and_defaults_under_presets(project):
    seen = []
    found = workbench.run(
        "chapter/toy", {"noise": 3.0}, preset="smoke", on_cell=lambda i, n, source: seen.append((i, n))
    )
    assert found["scalars"]["seen"] == "(2, 3.0, 'haar', None, [[1.0, 1.0]], False, 0.5)"
    assert found["provenance"]["preset"] == "smoke"
    assert (project / "runs" / "chapter" / "toy.ipynb").is_file()
    assert seen == [(0, 4), (1, 4), (2, 4), (3, 4)]


def test_same_parameters_same_records(project):
    write_study(
        project,
        "chapter/noisy",
        ["import numpy as np, workbench\nworkbench.record('x', np.random.default_rng(1).random())"],
    )
    first, second = (workbench.run("noisy")["scalars"] for _ in range(2))
    assert first == second


def test_a_failing_cell_leaves_the_partly_executed_notebook(project):
    write_study(project, "chapter/broken", ["print('before')", "value = {}\nvalue['key']", "print('after')"])
    with pytest.raises(CellFailed, match=r"cell 4 \(value = \{\}\) failed: KeyError: 'key'") as caught:
        workbench.run("broken", output="b.ipynb", records="b.json")
    assert str(caught.value.path) == "b.ipynb" and not (project / "b.json").exists()
    outputs = [output for cell in nbformat.read("b.ipynb", 4).cells for output in cell.get("outputs", [])]
    assert [output.output_type for output in outputs] == ["stream", "error"]
    assert "KeyError" in "".join(outputs[1].traceback)
    assert "failed" in json.loads(text_of(project / "b.ipynb"))["metadata"]["workbench"]["run"]["failure"]


@pytest.mark.parametrize(
    "source, reason",
    [
        ("import os; os._exit(3)", "the kernel died"),
        ("raise SystemExit(0)", "before the notebook's end"),
        ("raise ValueError('first line\\nsecond line')", "ValueError: first line$"),
    ],
)
def test_other_ways_to_end_early_are_named(project, source, reason):
    write_study(project, "chapter/ends", [source, "x = 1"])
    with pytest.raises(CellFailed, match=reason):
        workbench.run("ends")
    assert (project / "runs" / "chapter" / "ends.ipynb").is_file()


def test_a_kernel_that_does_not_exist_is_named(project):
    path = project / "notebooks" / "chapter" / "toy.ipynb"
    path.write_text(text_of(path).replace('"name": "python3"', '"name": "nonesuch"'))
    with pytest.raises(UserError, match="the kernel for toy.ipynb could not be started: NoSuchKernel"):
        workbench.run("toy")
    assert not (project / "runs").exists()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(study="toi"), "no study 'toi'. Did you mean 'toy'?"),
        (dict(study="toy", given={"n_smples": 3}), "Did you mean 'n_samples'?"),
        (dict(study="toy", given={"n_samples": 0}), "out of range"),
        (dict(study="toy", preset="smok"), "no preset 'smok'. Did you mean 'smoke'?"),
        (dict(study="toy", output="out.txt"), "must end in .ipynb"),
        (dict(study="toy", output="notebooks"), "must end in .ipynb"),
        (dict(study="toy", output="pyproject.toml/out.ipynb"), "cannot write"),
        (dict(study="toy", records="notebooks"), "notebooks is a folder"),
        (dict(study="toy", given={"n_samples": 5}, output="notebooks/chapter/toy.ipynb"), "the study's own notebook"),
    ],
)
def test_mistakes_are_found_before_anything_starts(project, monkeypatch, arguments, message):
    monkeypatch.setattr("workbench.runner.run.execute", lambda *a, **k: pytest.fail("a kernel was started"))
    before = text_of(project / "notebooks" / "chapter" / "toy.ipynb")
    with pytest.raises(UserError) as caught:
        workbench.run(**arguments)
    assert message in str(caught.value) and "\n" not in str(caught.value)
    assert not (project / "runs").exists() and not (project / "out.txt").exists()
    assert text_of(project / "notebooks" / "chapter" / "toy.ipynb") == before


def test_a_name_that_several_studies_share_needs_its_path(project):
    write_study(project, "other/toy", [BODY])
    with pytest.raises(UserError, match="'toy' names several studies: chapter/toy, other/toy"):
        workbench.run("toy")


def test_the_study_may_be_run_in_place_with_its_own_parameters(project):
    path = project / "notebooks" / "chapter" / "toy.ipynb"
    workbench.run("toy", output=path)
    assert workbench.records(path)["provenance"]["preset"] is None
    again = workbench.run("toy", {"n_samples": 3})  # the committed outputs do not disturb the next run
    assert again["scalars"]["seen"].startswith("(3,")
    assert "papermill" not in json.loads(text_of(path))["metadata"]


def test_paths_with_braces_and_spaces(project):
    found = workbench.run("toy", output="a {b} c/{d}.ipynb")
    assert workbench.records("a {b} c/{d}.ipynb") == found


def test_git_state_is_recorded(project):
    import subprocess

    from workbench.runner.provenance import git_state

    def git(*arguments):
        subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid", *arguments],
            check=True,
            capture_output=True,
        )

    git("init", ".")
    git("add", ".")
    git("commit", "-m", "one")
    clean = git_state(project)
    assert len(clean["commit"]) == 40 and clean["dirty"] is False
    (project / "pyproject.toml").write_text("changed")
    assert git_state(project) == {"commit": clean["commit"], "dirty": True}


def test_atomic_writes_keep_the_old_file_when_they_fail(tmp_path, monkeypatch):
    target = tmp_path / "x.json"
    target.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(target, "\ud800")
    assert target.read_text() == "old" and os.listdir(tmp_path) == ["x.json"]

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="cannot write .*x.json: No space left on device"):
        write_atomically(target, "new")
    assert target.read_text() == "old" and os.listdir(tmp_path) == ["x.json"]


def test_written_files_have_ordinary_permissions(tmp_path):
    write_atomically(tmp_path / "x", "text")
    (tmp_path / "y").write_text("text")
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == stat.S_IMODE((tmp_path / "y").stat().st_mode)
    check_writable(tmp_path / "new" / "folder" / "file")
    assert not (tmp_path / "new").exists()  # a check leaves nothing behind
    write_atomically(tmp_path / "new" / "folder" / "file", "text")
    assert (tmp_path / "new" / "folder" / "file").read_text() == "text"
