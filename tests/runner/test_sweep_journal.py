"""The journal and the fingerprint: what survives a crash, and what makes a point run again."""

import json
import os

import nbformat
import pytest
import sweep_project

import workbench
from workbench.errors import UserError
from workbench.sweep import fingerprint, folder
from workbench.sweep.journal import NAME, Journal

KEYS = [f"{i:032x}" for i in range(5)]


def written(path, n=5, code="a" * 16):
    journal = Journal(path, code).open()
    journal.add_run({"code": code, "parts": {"code": "1"}})
    for i, key in enumerate(KEYS[:n]):
        journal.add_point(key, key[::-1], code, {"status": "failed" if i == 3 else "done", "n": i, "text": "x\ny ☃"})
    journal.close()
    return path / NAME


def test_what_is_written_is_read_back(tmp_path):
    written(tmp_path)
    journal = Journal(tmp_path, "a" * 16)
    assert len(journal.done) == 4 and len(journal.failed) == 1 and not journal.damaged
    assert [journal.row(key)["n"] for key in KEYS] == list(range(5)) and journal.row("f" * 32) is None
    assert journal.parts_of("a" * 16) == {"code": "1"} and not journal.elsewhere
    assert len(Journal(tmp_path, "b" * 16).elsewhere) == 4


def test_cut_off_anywhere_it_loses_the_last_line_only(tmp_path):
    path = written(tmp_path)
    whole = path.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    for end in range(last, len(whole)):
        path.write_bytes(whole[:end])
        journal = Journal(tmp_path).open()
        assert len(journal.done) == 3 and journal.row(KEYS[4]) is None and journal.damaged == (end > last)
        journal.add_point(KEYS[4], KEYS[4], "a" * 16, {"status": "done", "n": "again"})
        journal.close()
        again = Journal(tmp_path)
        assert again.row(KEYS[4])["n"] == "again" and not again.damaged
        path.write_bytes(whole)


@pytest.mark.parametrize("garbage", [b"\x00" * 4096, b"\xff\xfe garbage\n\n", b"00000000 point x\n", os.urandom(999)])
def test_garbage_at_the_end_is_passed_over(tmp_path, garbage):
    path = written(tmp_path)
    path.write_bytes(path.read_bytes() + garbage)
    journal = Journal(tmp_path).open()
    assert len(journal.done) == 4 and journal.damaged
    journal.add_point("e" * 32, "e" * 32, "a" * 16, {"status": "done", "n": 9})
    journal.close()
    assert Journal(tmp_path).row("e" * 32)["n"] == 9


def test_a_flipped_bit_loses_its_own_line(tmp_path):
    path = written(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"n":1', b'"n":7')
    path.write_bytes(b"".join(lines))
    journal = Journal(tmp_path)
    assert journal.damaged == 1 and [bool(journal.row(key)) for key in KEYS] == [True, False, True, True, True]


def test_a_failure_is_forgotten_when_the_point_is_done_and_never_replaces_it(tmp_path):
    written(tmp_path)
    journal = Journal(tmp_path).open()
    journal.add_point(KEYS[3], KEYS[3], "a" * 16, {"status": "done", "n": "done"})
    journal.add_point(KEYS[3], KEYS[3], "a" * 16, {"status": "failed", "n": "late"})
    journal.close()
    again = Journal(tmp_path)
    assert again.row(KEYS[3])["n"] == "done" and not again.failed


def test_a_full_disk_leaves_whole_lines(tmp_path, monkeypatch):
    written(tmp_path)
    journal = Journal(tmp_path).open()
    real = os.fsync

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="No space left on device; what was done before is kept"):
        journal.add_point("d" * 32, "d" * 32, "a" * 16, {"status": "done"})
    monkeypatch.setattr(os, "fsync", real)
    journal.close()
    again = Journal(tmp_path)
    assert len(again.done) == 4 and not again.damaged


def test_the_lock_is_held_by_one_and_named(tmp_path):
    with folder.lock(tmp_path / "new"):
        with pytest.raises(UserError, match=rf"another sweep is writing to .*new \(process {os.getpid()}\)"):
            with folder.lock(tmp_path / "new"):
                pass
    with folder.lock(tmp_path / "new"):
        pass


def test_a_folder_of_something_else_is_not_touched(tmp_path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(UserError, match="is not empty and holds no sweep"):
        folder.check(tmp_path)
    with pytest.raises(UserError, match="is a file"):
        folder.check(tmp_path / "mine")
    with pytest.raises(UserError, match="cannot write"):
        folder.check(tmp_path / "mine" / "below")
    with pytest.raises(UserError, match="cannot write"):
        folder.check("/proc/nothing/here")


def notebook(path):
    return json.loads(path.read_text())


def changed(path, body, **options):
    """What changes when the study's code becomes ``body``."""
    before = fingerprint.fingerprint(notebook(path))
    sweep_project.make(path.parents[2], body, **options)
    return fingerprint.changes(before, fingerprint.fingerprint(notebook(path)))


CODE = 'import workbench\nworkbench.record("x", n_samples)'


@pytest.mark.parametrize(
    "body, said",
    [
        (CODE + "  # said", ""),
        ("# before\n\nimport workbench\n\n\nworkbench.record( 'x' ,n_samples )", ""),
        (CODE.replace("n_samples", "n_samples + 1"), "the notebook's code changed"),
        (CODE + "\n%matplotlib inline", "the notebook's code changed"),
        ("import yaml\n" + CODE, "the notebook's code changed, pyyaml none → "),
    ],
)
def test_comments_and_layout_of_cells_do_not_count(tmp_path, body, said):
    path = sweep_project.make(tmp_path, CODE)
    found = changed(path, body)
    assert found.startswith(said) and bool(found) == bool(said)


def test_markdown_outputs_parameter_cell_and_docstrings_do_not_count(tmp_path):
    path = sweep_project.make(tmp_path, 'def f():\n    "Old."\n    return 1\nf()')
    before = fingerprint.fingerprint(notebook(path))
    sweep_project.make(tmp_path, 'def f():\n    "New."\n    return 1\nf()', "n_samples: int = 9  # other words\n")
    one = nbformat.read(path, 4)
    one.cells.insert(0, nbformat.v4.new_markdown_cell("# Another title"))
    one.cells.append(nbformat.v4.new_code_cell("# nothing"))
    one.cells[3].outputs = [nbformat.v4.new_output("stream", text="out")]
    nbformat.write(one, path)
    assert fingerprint.fingerprint(notebook(path)) == before


def test_modules_are_followed_and_lazy_names_too(tmp_path):
    path = sweep_project.make(tmp_path, "import workbench as w\nw.record('x', 1)\nfrom workbench.claims import claim")
    parts = fingerprint.fingerprint(notebook(path))
    assert {"module workbench.recording", "module workbench.claims", "module workbench.plain"} <= set(parts)
    assert "version python" in parts and "version numpy" in parts
    assert not [name for name in parts if "runner" in name or "studies" in name or "sweep" in name]


def test_a_modules_code_counts_and_its_comments_do_not(tmp_path, monkeypatch):
    package = tmp_path / "workbench"
    (package / "deep").mkdir(parents=True)
    for name in ("__init__", "deep/__init__"):
        (package / f"{name}.py").write_text("")
    (package / "deep" / "one.py").write_text('"""Doc."""\nfrom . import two\n\n\ndef f():\n    return two.g()\n')
    (package / "deep" / "two.py").write_text("def g():\n    return 1\n")
    monkeypatch.setattr(fingerprint, "_PACKAGE", package)
    path = sweep_project.make(tmp_path, "from workbench.deep import one\none.f()")

    def parts():
        return fingerprint.fingerprint(notebook(path))

    before = parts()
    assert {"module workbench.deep", "module workbench.deep.one", "module workbench.deep.two"} <= set(before)
    (package / "deep" / "two.py").write_text("# said\ndef g():\n    'Said.'\n\n    return 1  # so\n")
    os.utime(package / "deep" / "two.py", ns=(1, 1))
    assert parts() == before
    (package / "deep" / "two.py").write_text("def g():\n    return 2\n")
    os.utime(package / "deep" / "two.py", ns=(2, 2))
    assert fingerprint.changes(before, parts()) == "workbench.deep.two changed"


def test_versions_are_told(tmp_path):
    parts = {"code": "1", "version numpy": "2.4", "module workbench.claims": "1"}
    after = {"code": "2", "version numpy": "2.5", "module workbench.plain": "1"}
    said = fingerprint.changes(parts, after)
    assert said == (
        "the notebook's code changed, workbench.claims is no longer used, workbench.plain is used, numpy 2.4 → 2.5"
    )
    assert workbench.__version__  # the package's own version does not count, its source does
