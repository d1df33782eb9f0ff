"""Sweeps from start to end, as their user meets them: resuming, failures, faults, kills."""

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import time

import pytest
import sweep_project
from sweep_project import RUNS, WORKBENCH, cli, table

import workbench
from workbench.sweep.journal import NAME, Journal


@pytest.fixture
def toy(tmp_path, monkeypatch):
    sweep_project.make(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


SMALL = "blocks:\n  - grid: {n_samples: [1, 2, 3], noise: [1, 2]}\nreplicates: 2\n"
BAD = "blocks:\n  - grid: {kind: [haar, bad], n_samples: [1, 2]}\n"


def test_a_sweep_gives_one_row_per_point_and_resuming_runs_only_what_is_new(toy):
    sweep_project.write_spec(toy, SMALL)
    said = cli("sweep", "small", "--dry-run")
    assert said.returncode == 0 and "12 will run: not run yet" in said.stdout and not (toy / "runs").exists()
    done = cli("sweep", "small", "--workers", "2")
    assert done.returncode == 0 and "12 of 12 points done" in done.stdout, done.stderr
    rows = table(RUNS)
    assert [(row["n_samples"], row["noise"], row["replicate"]) for row in rows] == [
        (n, x, r) for r in (0, 1) for n in (1, 2, 3) for x in (1.0, 2.0)
    ]
    assert all(row["total"] == row["n_samples"] * row["noise"] and row["draw"] == row["seed"] % 1000 for row in rows)
    assert all(row["status"] == "done" and row["attempts"] == 1 and row["reason"] is None for row in rows)
    found = workbench.records(RUNS / rows[3]["notebook"])
    assert found["scalars"]["total"] == rows[3]["total"] and found["provenance"]["parameters"]["noise"] == 2.0
    journal = (RUNS / NAME).read_bytes()

    again = cli("sweep", "small")
    assert again.returncode == 0 and "Nothing to run: 12 of 12 points done" in again.stdout
    assert (RUNS / NAME).read_bytes() == journal
    sweep_project.write_spec(toy, SMALL.replace("[1, 2, 3]", "[3, 4, 1, 2]"))  # a value more, and another order
    said = cli("sweep", "small", "--dry-run").stdout
    assert "12 done" in said and "4 will run: not run yet" in said and "from 12 recorded points" in said
    assert cli("sweep", "small").returncode == 0
    assert (RUNS / NAME).read_bytes().startswith(journal) and len(table(RUNS)) == 16

    sweep_project.make(toy, "# a comment\n" + sweep_project.BODY)
    assert "16 done" in cli("sweep", "small", "--dry-run").stdout
    sweep_project.make(toy, sweep_project.BODY.replace("* noise", "/ noise"))
    said = cli("sweep", "small", "--dry-run").stdout
    assert "0 done" in said and "16 will run: the notebook's code changed" in said


def test_the_table_is_the_same_whatever_the_workers_and_the_order(toy):
    sweep_project.write_spec(toy, SMALL)
    assert cli("sweep", "small", "-o", "one", "--workers", "1").returncode == 0
    assert cli("sweep", "small", "-o", "three", "--workers", "3").returncode == 0
    assert cli("sweep", "small", "-o", "dask", "--cluster", "local", "--workers", "2").returncode == 0
    assert table("one") == table("three") == table("dask")
    for name in ("one", "three", "dask"):
        import pyarrow.parquet as pq

        rows = pq.read_table(f"{name}/tables/table.parquet").to_pylist()
        assert len(rows) == 36 and rows[4]["recorded_n_samples"] == rows[4]["n_samples"] * rows[4]["i"]


def test_a_failing_point_is_told_and_kept_and_runs_again(toy):
    sweep_project.write_spec(toy, BAD)
    done = cli("sweep", "small", "--workers", "1", "--retries", "1")
    assert done.returncode == 1 and "Traceback (most recent call last)\nworkbench" not in done.stderr
    assert "failed: kind='bad', n_samples=1 (replicate 0): cell 4" in done.stderr
    assert "ValueError: no kind for 1" in done.stderr and "2 points failed; again: --only-failed" in done.stderr
    assert "2 of 4 points done, 2 failed" in done.stdout
    rows = table(RUNS)
    assert [row["status"] for row in rows] == ["done", "done", "failed", "failed"]
    assert [row["attempts"] for row in rows] == [1, 1, 2, 2] and "no kind for 2" in rows[3]["reason"]
    assert (RUNS / rows[3]["notebook"]).is_file() and rows[3]["total"] is None
    assert "2 will run: failed before" in cli("sweep", "small", "--dry-run").stdout

    sweep_project.write_spec(toy, BAD.replace("[1, 2]", "[1, 2, 3]"))
    again = cli("sweep", "small", "--only-failed", "--workers", "1")
    told = [line for line in again.stderr.splitlines() if line.startswith("failed: ")]
    assert again.returncode == 1 and len(told) == 2 and "2 to run" in again.stdout


def test_fail_fast_starts_no_further_point(toy):
    sweep_project.write_spec(toy, "blocks:\n  - grid: {kind: [bad, haar], n_samples: [1, 2, 3]}\n")
    done = cli("sweep", "small", "--fail-fast", "--workers", "1")
    assert done.returncode == 1 and len(table(RUNS)) == 1 and "5 to run" in done.stdout


def test_limits_of_time_and_memory_are_named_in_the_row(toy):
    body = "import time\nif kind == 'slow': time.sleep(60)\nx = bytearray(n_samples)\n"
    sweep_project.make(toy, body + "for i in range(0, n_samples, 4096): x[i] = 1\ntime.sleep(0.5)")
    sweep_project.write_spec(toy, "blocks:\n  - zip: {kind: [haar, slow], n_samples: [99000000, 1]}\n")
    done = cli("sweep", "small", "--timeout", "5s", "--memory", "80M", "--workers", "2")
    reasons = [row["reason"] for row in table(RUNS)]
    assert done.returncode == 1 and "memory limit of 80 MiB" in reasons[0] and "timed out after 5 s" in reasons[1]


def test_a_pilot_gives_an_estimate_with_a_range(toy):
    sweep_project.write_spec(toy, SMALL)
    done = cli("sweep", "small", "--dry-run", "--pilot", "3")
    assert done.returncode == 0 and "3 of 12 points done, 9 to run" in done.stdout, done.stderr
    assert "from 3 recorded points" in done.stdout and " to " in done.stdout.splitlines()[-1]
    assert "3 done" in cli("sweep", "small", "--dry-run").stdout


def test_killed_in_the_middle_it_resumes_to_the_identical_table(toy):
    spec = "fixed: {kind: slow}\nblocks:\n  - grid: {n_samples: [1, 2, 3, 4, 5, 6, 7, 8]}\n"
    sweep_project.write_spec(toy, spec)
    assert cli("sweep", "small", "-o", "whole").returncode == 0
    for _ in range(2):
        running = subprocess.Popen([*WORKBENCH, "sweep", "small"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        before = len(Journal(RUNS).done)
        wait_for(lambda before=before: len(Journal(RUNS).done) > before)
        running.kill()
        running.wait()
        assert before < len(Journal(RUNS).done) < 8
    rows = cli("results", "small")  # a killed sweep has left no table; it is made from the journal
    assert rows.returncode == 0 and "of 8 points" in rows.stdout
    assert cli("sweep", "small").returncode == 0
    assert table(RUNS) == table("whole")
    points = [line for line in (RUNS / NAME).read_bytes().splitlines() if b" point " in line[:20]]
    assert len(points) == 8 == len({line.split()[2] for line in points})


def test_a_corrupted_tail_costs_its_point_only(toy):
    sweep_project.write_spec(toy, SMALL)
    assert cli("sweep", "small").returncode == 0
    before = table(RUNS)
    path = RUNS / NAME
    path.write_bytes(path.read_bytes()[:-25])
    said = cli("sweep", "small", "--dry-run").stdout
    assert "11 done" in said and "1 will run: not run yet" in said and "1 damaged line" in said
    assert cli("sweep", "small").returncode == 0
    assert sorted(map(str, table(RUNS))) == sorted(map(str, before))


def test_two_sweeps_on_one_spec_at_once(toy):
    sweep_project.write_spec(toy, "fixed: {kind: slow}\nblocks:\n  - grid: {n_samples: [1, 2, 3, 4, 5, 6]}\n")
    first = subprocess.Popen(
        [*WORKBENCH, "sweep", "small"], stderr=subprocess.PIPE, text=True, stdout=subprocess.DEVNULL
    )
    wait_for(lambda: Journal(RUNS).done)
    second = cli("sweep", "small")
    assert second.returncode == 2 and f"another sweep is writing to {toy}/{RUNS} (process {first.pid})" in second.stderr
    assert first.communicate()[1] is not None and first.returncode == 0 and len(table(RUNS)) == 6


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_finishes_what_is_in_flight_and_twice_gives_it_up(toy, times):
    sweep_project.make(
        toy, "import os, time\nopen(f'pid{n_samples}', 'w').write(str(os.getpid()))\ntime.sleep(noise * 3)"
    )
    sweep_project.write_spec(toy, "blocks:\n  - zip: {n_samples: [1, 2, 3, 4], noise: [0.1, 1, 9, 9]}\n")
    running = subprocess.Popen(
        [*WORKBENCH, "sweep", "small", "--workers", "1"],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        start_new_session=True,
    )
    wait_for(lambda: (toy / "pid2").exists() and (toy / "pid2").read_text())
    for _ in range(times):
        os.killpg(running.pid, signal.SIGINT)
        time.sleep(0.5)
    stderr = running.communicate(timeout=30)[1]
    assert running.returncode in (1, 130) and "Traceback" not in stderr
    assert "interrupted; what has run is kept, run it again to go on" in stderr
    assert len(Journal(RUNS).done) == (2 if times == 1 else 1) and not (toy / "pid3").exists()
    wait_for(lambda: not alive(int((toy / "pid2").read_text())))


@contextlib.contextmanager
def small_disk(folder):
    """A small tmpfs where this user may mount one; else a limit on the size of files, for this process's children."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", folder], capture_output=True)
    try:
        yield (
            {}
            if mounted.returncode == 0
            else {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))}
        )
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", folder], check=True)


def test_a_full_disk_stops_with_a_sentence_and_keeps_what_is_done(toy):
    sweep_project.write_spec(toy, f"blocks:\n  - grid: {{n_samples: {list(range(1, 31))}}}\n")
    with small_disk(toy / "disk") as limits:
        done = cli("sweep", "small", "-o", "disk/out", **limits)
        assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
        assert "cannot write" in done.stderr and ("No space left" in done.stderr or "File too large" in done.stderr)
        kept = Journal(toy / "disk" / "out")
        assert kept.done and not kept.damaged
        assert not [name for name in os.listdir(toy / "disk" / "out") if name.endswith(".tmp") or name.startswith(".")]
        rows = {line.split()[2]: line for line in (toy / "disk" / "out" / NAME).read_bytes().splitlines()[1:]}
        (toy / "moved").mkdir()
        (toy / "moved" / NAME).write_bytes((toy / "disk" / "out" / NAME).read_bytes())
    assert cli("sweep", "small", "-o", "moved").returncode == 0
    assert len(table("moved")) == 30
    assert all(line in (toy / "moved" / NAME).read_bytes() for line in rows.values())


def test_a_record_that_climbs_out_of_the_folder_fails_its_point(toy):
    mime = "application/vnd.workbench.record.v1+json"
    for name in ("../../../evil", "/tmp/evil", "a/b"):
        body = f"from IPython.display import display\ndisplay({{'{mime}': {{'name': {name!r}, 'kind': 'table', "
        sweep_project.make(toy, body + "'value': [{'a': 1}]}, 'text/plain': ''}, raw=True)")
        sweep_project.write_spec(toy, "blocks:\n  - grid: {n_samples: [1]}\n")
        before = set(toy.rglob("*evil*"))
        done = cli("sweep", "small")
        assert done.returncode == 1 and f"it recorded {name!r}, which is not a name" in done.stderr, done.stderr
        assert set(toy.rglob("*evil*")) == before and not list(RUNS.rglob("evil*"))


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["sweep", "smal"], "no sweep spec 'smal'. Did you mean"),
        (["sweep", "small", "-o", "pyproject.toml"], "pyproject.toml is a file; name a folder"),
        (["sweep", "small", "-o", "pyproject.toml/x"], "cannot write"),
        (["sweep", "small", "-o", "/proc/sweep"], "cannot write /proc/sweep"),
        (["sweep", "small", "-o", "notebooks"], "notebooks is not empty and holds no sweep"),
        (["sweep", "small", "--memory", "lots"], "--memory 'lots' is not a size such as 500M"),
        (["sweep", "small", "--timeout", "soon"], "--timeout 'soon' is not a time"),
        (["sweep", "small", "--timeout", "0"], "--timeout '0' is not a time"),
        (["sweep", "small", "--cluster", "locla"], "--cluster 'locla' is neither local, slurm nor an address"),
        (["sweep", "small", "-o", "nosuch://x"], "cannot write to nosuch://x"),
        (["results", "small"], "no point of small.yaml has run"),
        (["plot", "small", "--x", "a", "--y", "b"], "no point of small.yaml has run"),
        (["plot", "small", "--x", "a", "--y", "b", "--to", "a.txt"], "must end in .png, .svg or .pdf"),
    ],
)
def test_mistakes_end_with_one_sentence_and_leave_nothing(toy, arguments, sentence):
    sweep_project.write_spec(toy, SMALL)
    before = sorted(toy.rglob("*"))
    done = cli(*arguments)
    assert done.returncode == 2 and sentence in done.stderr and len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert sorted(toy.rglob("*")) == before


def test_a_folder_of_another_study_is_refused(toy):
    sweep_project.write_spec(toy, SMALL)
    assert cli("sweep", "small", "--pilot", "1", "-o", "out").returncode == 0
    source = (toy / "notebooks" / "chapter" / "toy.ipynb").read_text()
    (toy / "notebooks" / "chapter" / "other.ipynb").write_text(source)
    sweep_project.write_spec(toy, "study: chapter/other\n" + SMALL)
    done = cli("sweep", "small", "-o", "out")
    assert done.returncode == 2 and "out holds a sweep of chapter/toy; name another folder" in done.stderr


def test_the_manifest_is_in_the_file_and_names_no_place(toy):
    from workbench.sweep import store

    sweep_project.write_spec(toy, SMALL)
    assert cli("sweep", "small").returncode == 0
    facts = store.read_manifest(RUNS)
    assert facts["study"] == "chapter/toy" and facts["counts"] == {"done": 12} and facts["spec"]["replicates"] == 2
    text = json.dumps(facts) + (RUNS / NAME).read_text() + (RUNS / "report.html").read_text()
    for private in (str(toy), os.path.expanduser("~") + "/", os.uname().nodename):
        assert private not in text
    assert sys.version.split()[0] in text


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(condition, seconds=60):
    for _ in range(seconds * 20):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("it did not come about")
