"""Executing one notebook: limits, deaths and parallel calls, with failures that are named."""

import os
import threading

import pytest
from toy_study import write_study

from workbench.errors import UserError
from workbench.runner.execute import execute
from workbench.runner.limits import show_bytes


def outputs_of(done):
    return [output for cell in done.notebook.cells for output in cell.get("outputs", [])]


def test_a_timeout_interrupts_and_keeps_what_was_there(tmp_path):
    path = write_study(tmp_path, "a/slow", ["print('before')", "import time\ntime.sleep(60)", "print('after')"])
    done = execute(path, {}, timeout=1)
    assert done.failure == "cell 4 (import time) timed out after 1 s"
    stream, error = outputs_of(done)
    assert stream.text == "before\n" and error.ename == "KeyboardInterrupt"


def test_a_notebook_that_ignores_the_interrupt_is_killed(tmp_path):
    stubborn = "import time\nwhile True:\n    try:\n        time.sleep(60)\n    except BaseException:\n        pass"
    done = execute(write_study(tmp_path, "a/slow", [stubborn]), {}, timeout=0.5)
    assert done.failure == "cell 3 (import time) timed out after 0.5 s"


def test_a_memory_limit_kills_and_is_named(tmp_path):
    greedy = "import time\ndata = b'x' * 2**29\ntime.sleep(60)"
    done = execute(write_study(tmp_path, "a/greedy", [greedy]), {}, memory=2**28)
    assert done.failure == "cell 3 (import time) ran out of its memory limit of 256 MiB"


def test_memory_of_child_processes_counts(tmp_path):
    child = "import time; x = b'x' * 2**29; time.sleep(60)"
    greedy = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}])"
    done = execute(write_study(tmp_path, "a/greedy", [greedy]), {}, memory=2**28)
    assert done.failure == "cell 3 (import subprocess, sys) ran out of its memory limit of 256 MiB"


def test_limits_that_are_kept_change_nothing(tmp_path):
    done = execute(write_study(tmp_path, "a/quick", ["print(n_samples)"]), {"n_samples": 7}, timeout=60, memory=2**32)
    assert done.failure is None and outputs_of(done)[-1].text == "7\n"


@pytest.mark.parametrize("limit", [{"timeout": 0}, {"timeout": float("nan")}, {"memory": -1}, {"memory": "1 GiB"}])
def test_a_limit_must_be_a_positive_number(tmp_path, limit):
    with pytest.raises(UserError, match=f"{next(iter(limit))} = .* must be a positive number of"):
        execute(write_study(tmp_path, "a/quick", []), {}, **limit)


def test_points_run_on_one_thread_each_unless_the_environment_says_otherwise(tmp_path, monkeypatch):
    path = write_study(
        tmp_path, "a/b", ["import os\nprint(os.environ['OMP_NUM_THREADS'], os.environ['MKL_NUM_THREADS'])"]
    )
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    assert outputs_of(execute(path, {}))[0].text == "1 1\n"
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert outputs_of(execute(path, {}))[0].text == "3 3\n"


def test_several_threads_may_execute_at_once(tmp_path):
    path = write_study(tmp_path, "a/b", ["import os\nprint(n_samples, os.getcwd())"])
    here, results = os.getcwd(), {}

    def run(n):
        results[n] = outputs_of(execute(path, {"n_samples": n}))[0].text

    threads = [threading.Thread(target=run, args=(n,)) for n in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {n: f"{n} {here}\n" for n in (1, 2, 3, 4)} and os.getcwd() == here


def test_bytes_are_shown_in_the_unit_people_use():
    assert [show_bytes(n) for n in (2**30, 3 * 2**19, 800)] == ["1 GiB", "1.5 MiB", "800 bytes"]
