"""The command line as its user meets it: exit codes, sentences, files, and no traceback for a mistake."""

import os
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from toy_study import BODY, write_study

import workbench

WORKBENCH = [sys.executable, "-m", "workbench"]


def cli(*arguments):
    return subprocess.run([*WORKBENCH, *arguments], capture_output=True, text=True, timeout=120)


def test_list_and_show(project):
    listed = cli("list")
    assert listed.returncode == 0 and "chapter/toy" in listed.stdout and "A & B (2026): On toys" in listed.stdout
    shown = cli("show", "toy")
    assert shown.returncode == 0
    for piece in (
        "arXiv 0000.00000",
        "n_samples",
        "int",
        "[1, 100]",
        "rows of the design",
        "{haar, gaussian}",
        "smoke",
        "n_samples=2",
    ):
        assert piece in shown.stdout


def test_run_prints_claims_and_writes_both_files(project):
    done = cli(
        "run",
        "chapter/toy",
        "-p",
        "n_samples=5",
        "-p",
        "kind=gaussian",
        "-p",
        "sizes=[1,2]",
        "-o",
        "o.ipynb",
        "--records",
        "o.json",
    )
    assert done.returncode == 0, done.stderr
    assert "1 claims of 1 study: 1 confirmed" in done.stdout and "rejected: nine" in done.stdout
    assert workbench.records("o.json")["scalars"]["seen"] == "(5, 1.0, 'gaussian', [1, 2], [[1.0, 1.0]], False, 0.5)"
    assert workbench.records("o.ipynb") == workbench.records("o.json")


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["run", "toi"], "no study 'toi'. Did you mean 'toy'?"),
        (["rnu", "toy"], "no command 'rnu'. Did you mean 'run'?"),
        (["show", "nothing"], "no study 'nothing'. See 'workbench list'."),
        (["run"], "name one study, or give --all"),
        (["run", "toy", "--all"], "name one study, or give --all"),
        (["run", "--all", "-p", "x=1"], "-p, -o and --records need one study"),
        (["run", "--all", "--preset", "huge"], "has no preset 'huge'. It has: smoke."),
        (["run", "toy", "-p", "n_samples"], "not of the form NAME=VALUE"),
        (["run", "toy", "-p", "n_samples=1", "-p", "n_samples=2"], "given twice"),
        (["run", "toy", "-p", "n_samples=many"], "n_samples = 'many' is of the wrong type: it must be int"),
        (["run", "toy", "-p", "n_samples=1000"], "n_samples = 1000 is out of range: it must lie in [1, 100]"),
        (["run", "toy", "-p", "n_sample=1"], "Did you mean 'n_samples'?"),
        (["report"], "no executed study below"),
        (["report", "absent"], "no executed study below absent"),
    ],
)
def test_mistakes_end_with_one_sentence_and_exit_code_2(project, arguments, sentence):
    before = sorted(project.rglob("*"))
    done = cli(*arguments)
    assert done.returncode == 2
    assert sentence in done.stderr and "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert sorted(project.rglob("*")) == before


def test_a_failing_cell_exits_with_1_and_names_the_cell(project):
    write_study(project, "chapter/broken", ["1 / 0"])
    done = cli("run", "broken")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "workbench: chapter/broken: cell 3 (1 / 0) failed: ZeroDivisionError: division by zero" in done.stderr
    assert "runs/chapter/broken.ipynb" in done.stderr
    assert (project / "runs" / "chapter" / "broken.ipynb").is_file()


def test_ctrl_c_says_so_writes_nothing_and_leaves_no_kernel(project):
    write_study(
        project, "chapter/slow", ["import os, time\nopen('started', 'w').write(str(os.getpid()))\ntime.sleep(60)"]
    )
    running = subprocess.Popen(
        [*WORKBENCH, "run", "slow"],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # tests started with & inherit "ignore"
    )
    started = project / "started"
    for _ in range(600):
        if started.exists() and started.read_text():
            break
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    _, stderr = running.communicate(timeout=30)
    assert running.returncode == 130
    assert stderr.splitlines()[-1] == "workbench: interrupted; nothing was written" and "Traceback" not in stderr
    assert not (project / "runs").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)


def test_run_all_goes_on_after_a_failure_reports_and_exits_with_1(project):
    write_study(project, "a_chapter/broken", ["1 / 0"])
    done = cli("run", "--all", "--preset", "smoke")
    assert done.returncode == 1
    assert "1 claims of 2 studies: 1 confirmed; 1 notebook did not finish" in done.stdout
    assert "1 of 2 studies did not finish: a_chapter/broken" in done.stderr
    assert "runs/report.html" in done.stdout


def test_report_page_is_escaped_and_needs_no_network(project):
    claims = BODY.replace('"1 = 1"', '"<img src=x>"')
    figure = "from workbench import figures\nfig, ax = figures.subplots()\n"
    figure += "figures.show(fig, alt='Empty axes, \"quoted\" & bare.')"
    path = write_study(project, "chapter/toy", [claims, figure])
    notebook = nbformat.read(path, 4)
    notebook.metadata.workbench["paper"]["title"] = "<script>alert(1)</script>"
    nbformat.write(notebook, path)
    assert cli("run", "toy").returncode == 0
    done = cli("report")
    assert done.returncode == 0, done.stderr
    page = (project / "runs" / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page and "<img src=x>" not in page
    assert "&lt;img src=x&gt;" in page and 'alt="Empty axes, &quot;quoted&quot; &amp; bare."' in page
    assert "http://" not in page and "https://" not in page
    assert 'href="chapter/toy.ipynb"' in page and str(project) not in page


def test_report_passes_over_checkpoints_and_other_notebooks(project):
    assert cli("run", "toy").returncode == 0
    copy = project / "runs" / "chapter" / ".ipynb_checkpoints" / "toy-checkpoint.ipynb"
    copy.parent.mkdir()
    copy.write_bytes((project / "runs" / "chapter" / "toy.ipynb").read_bytes())
    (project / "runs" / "other.ipynb").write_bytes((project / "notebooks" / "chapter" / "toy.ipynb").read_bytes())
    (project / "runs" / "broken.ipynb").write_text("{")
    done = cli("report")
    assert done.returncode == 0 and "1 claims of 1 study" in done.stdout


def test_help_and_version():
    assert "list" in cli("--help").stdout and cli("run", "-h").returncode == 0
    assert cli("--version").stdout.strip().endswith(workbench.__version__)
