"""Warm kernels are isolated from each other, limited, private, and gone when nobody wants them."""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from same_notebook import notebook_of, own_zygotes

from workbench.runner.execute import execute
from workbench.runner.warm import client, key, preload, start, wire, zygote

__all__ = ["own_zygotes"]  # a fixture
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forking needs Linux")


def texts(done):
    assert done.failure is None, done.failure
    outputs = [output for cell in done.notebook.cells for output in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs)


def notebook(folder, *sources):
    path = folder / "notebook.ipynb"
    nbformat.write(notebook_of(sources), path)
    return path


def processes(marker):
    """Living processes that were started with this MARKER in their environment."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("MARKER") == marker and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def eventually(condition, seconds=20):
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)
    return condition()


SET = """\
import os, random, sys, threading, warnings
import numpy as np
import matplotlib.pyplot as plt
import wave
leaked = 1
np.random.seed(0); random.seed(0); np.set_printoptions(precision=1); np.seterr(all="ignore")
os.environ["LEAKED"] = "1"; os.makedirs("leaked", exist_ok=True); os.chdir("leaked")
warnings.simplefilter("error"); sys.path.append("leaked"); sys.setrecursionlimit(500)
plt.rcParams["lines.linewidth"] = 9; plt.figure(num=7); np.leaked = 1
import builtins; builtins.leaked_too = 1
"""
SEEN = """\
import os, sys, warnings
import builtins, threading
import numpy as np
import matplotlib.pyplot as plt
print("leaked" in globals(), "wave" in sys.modules, os.environ.get("LEAKED"), os.path.basename(os.getcwd()))
print(warnings.filters[0][0] == "error", "leaked" in sys.path, sys.getrecursionlimit(), plt.rcParams["lines.linewidth"])
print(plt.get_fignums(), hasattr(np, "leaked"), hasattr(builtins, "leaked_too"), np.get_printoptions()["precision"])
print(np.geterr()["divide"])
"""


def test_nothing_leaks_from_one_notebook_to_the_next(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = notebook(tmp_path, SEEN)
    before = texts(execute(seen, {}))  # an ordinary kernel
    setting = tmp_path / "setting.ipynb"
    nbformat.write(notebook_of([SET]), setting)
    for _ in range(2):
        assert execute(setting, {}, warm=True).failure is None
        assert texts(execute(seen, {}, warm=True)) == before
    assert before.startswith(f"False False None {tmp_path.name}\nFalse False 1000")


def test_generators_are_fresh_in_each_process(tmp_path):
    path = notebook(
        tmp_path, "import random, numpy as np, torch\nprint(np.random.rand(), torch.rand(1), random.random())"
    )
    drawn = [texts(execute(path, {}, warm=True)).split() for _ in range(3)]
    for column in zip(*drawn, strict=True):
        assert len(set(column)) == 3


def test_seeded_numbers_are_those_of_an_ordinary_kernel(tmp_path):
    source = (
        "import numpy as np, torch\nnp.random.seed(3); torch.manual_seed(3)\nprint(np.random.rand(3), torch.rand(3))"
    )
    path = notebook(
        tmp_path,
        source,
        "print(np.linalg.svd(np.random.rand(200, 200))[1][:3], (torch.rand(99, 99) @ torch.rand(99)).sum())",
    )
    assert texts(execute(path, {}, warm=True)) == texts(execute(path, {}))


def test_open_files_are_flushed_and_exit_handlers_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    last = "import atexit\nfile = open('open.txt', 'w'); file.write('kept')\n"
    last += "atexit.register(lambda: open('handler.txt', 'w').write('ran'))"
    assert execute(notebook(tmp_path, last), {}, warm=True).failure is None
    assert Path("open.txt").read_text() == "kept" and Path("handler.txt").read_text() == "ran"


def test_our_package_is_imported_as_it_is_on_disk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = notebook(tmp_path, "import helper_of_mine\nprint(helper_of_mine.VALUE)")
    for value in ("1", "2"):
        Path("helper_of_mine.py").write_text(f"import numpy\nVALUE = 'version {value}'")
        assert texts(execute(path, {}, warm=True)) == f"version {value}\n"


@pytest.mark.parametrize(
    "source, limits, failure",
    [
        ("import time\ntime.sleep(60)", {"timeout": 0.5}, "timed out after 0.5 s"),
        (
            "while True:\n    try:\n        pass\n    except BaseException:\n        pass",
            {"timeout": 0.5},
            "timed out after 0.5 s",
        ),
        ("x = b'x' * 2**29\nimport time; time.sleep(60)", {"memory": 2**28}, "ran out of its memory limit of 256 MiB"),
        ("import os; os._exit(3)", {}, "failed: the kernel died"),
        ("import os; os.kill(os.getpid(), 11)", {}, "failed: the kernel died"),
        ("import sys; sys.exit(0)", {}, "ended the kernel (exit) before the notebook's end"),
        ("raise ValueError('no')", {}, "failed: ValueError: no"),
    ],
)
def test_what_ends_a_notebook_is_named(tmp_path, source, limits, failure):
    done = execute(notebook(tmp_path, "print('before')", source, "print('after')"), {}, warm=True, **limits)
    assert done.failure.startswith("cell 4 (") and done.failure.endswith(failure)
    outputs = str([cell.get("outputs") for cell in done.notebook.cells])
    assert "before" in outputs and "after" not in outputs


def test_exit_in_a_cell_ends_the_kernel_and_is_named(tmp_path):
    done = execute(notebook(tmp_path, "exit()", "import asyncio\nawait asyncio.sleep(30)"), {}, warm=True)
    assert "failed: the kernel died" in done.failure


def test_many_threads_execute_at_once(tmp_path):
    path, results = notebook(tmp_path, "import numpy as np\nprint(x, np.ones(x).sum())"), {}

    def work(numbers):
        for n in numbers:
            results[n] = texts(execute(path, {"x": n}, warm=True))

    threads = [threading.Thread(target=work, args=(range(i, 32, 4),)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {n: f"{n} {n}.0\n" for n in range(32)}


LAUNCHER = """\
import sys
from workbench.runner.execute import execute
print(execute(sys.argv[1], {}, warm=True).failure, flush=True)
"""


@contextlib.contextmanager
def launched(path):
    """A process that executes the notebook; MARKER in its environment is the notebook's folder."""
    environment = {**os.environ, "MARKER": str(path.parent)}
    command = [sys.executable, "-c", LAUNCHER, str(path)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as launcher:
        yield launcher
        launcher.kill()


def kernel_of(folder):
    started = folder / "pid"
    assert eventually(lambda: started.exists() and started.read_text(), 60)
    return int(started.read_text())


def test_a_killed_launcher_leaves_no_process(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    execute(notebook(tmp_path, "import os, subprocess, time"), {}, warm=True)  # the zygote is not to have the marker
    sleeper = "import os, subprocess, time\nsubprocess.Popen(['sleep', '600'])\n"
    sleeper += "open('pid', 'w').write(str(os.getpid()))\ntime.sleep(600)"
    with launched(notebook(tmp_path, sleeper)) as launcher:
        kernel = kernel_of(tmp_path)
        assert len(processes(str(tmp_path))) == 2 and psutil.pid_exists(kernel)  # the launcher, and `sleep`
        launcher.kill()
    assert eventually(lambda: not processes(str(tmp_path)) and not psutil.pid_exists(kernel))


def test_a_killed_zygote_costs_no_point_and_is_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")  # part of the key: a zygote of this test's own
    path = notebook(tmp_path, "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(1)")
    with launched(path) as launcher:
        parent = psutil.Process(kernel_of(tmp_path)).ppid()
        os.kill(parent, signal.SIGKILL)
        assert launcher.communicate(timeout=60)[0] == "None\n"
    (tmp_path / "pid").unlink()
    with launched(path) as again:
        assert psutil.Process(kernel_of(tmp_path)).ppid() not in (parent, again.pid)
        assert again.communicate(timeout=60)[0] == "None\n"


def test_without_its_socket_a_zygote_ends(tmp_path, own_zygotes, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    before = set(own_zygotes.glob("*/*.sock"))
    execute(notebook(tmp_path, "import os\nopen('zygote', 'w').write(str(os.getppid()))"), {}, warm=True)
    pid = int(Path("zygote").read_text())
    (file,) = set(own_zygotes.glob("*/*.sock")) - before
    assert psutil.pid_exists(pid)
    file.unlink()
    assert eventually(lambda: not psutil.pid_exists(pid))
    assert not file.with_suffix(".log").exists()


def test_at_most_three_zygotes_and_the_least_recently_used_goes(tmp_path):
    names = ["old", "older", "new", "newer"]
    for i, name in enumerate(names):
        (tmp_path / f"{name}.sock").touch()
        os.utime(tmp_path / f"{name}.sock", (i, i))
    start._make_room(tmp_path)
    assert sorted(path.stem for path in tmp_path.glob("*.sock")) == ["new", "newer"]


def test_the_folder_is_private(own_zygotes, tmp_path, monkeypatch):
    assert start.folder().stat().st_mode & 0o777 == 0o700
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    open_to_all = tmp_path / f"workbench-{os.getuid()}"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    with pytest.raises(start.CannotFork, match="not a folder that only this user can read"):
        start.folder()


def test_another_user_is_refused_by_both_ends(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as other:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        monkeypatch.setattr(wire, "peer_user", lambda connection: os.getuid() + 1)
        assert start._try(tmp_path / "s") is None
        listener.accept()[0].close()
        other.connect(str(tmp_path / "s"))
        monkeypatch.setattr(os, "fork", lambda: pytest.fail("forked for another user"))
        children = {}
        zygote._accept(None, listener, selectors.DefaultSelector(), children, (0, 0))
        assert other.recv(1) == b"" and not children


def test_the_key_changes_with_packages_environment_and_what_is_preloaded(tmp_path, monkeypatch):
    site = tmp_path / "site-packages"
    (site / "one-1.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(site))
    order = {"mode": "engine", "preload": ["numpy"]}
    first = key.digest(order, {"HOME": "/nowhere", "EDITOR": "vi"})
    assert key.digest(order, {"HOME": "/nowhere", "EDITOR": "emacs"}) == first
    assert key.digest(order, {"HOME": "/nowhere", "OMP_NUM_THREADS": "2"}) != first
    assert key.digest({**order, "preload": []}, {"HOME": "/nowhere", "EDITOR": "vi"}) != first
    (site / "one-1.0.dist-info").rename(site / "one-1.1.dist-info")
    assert key.digest(order, {"HOME": "/nowhere", "EDITOR": "vi"}) != first


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_where_forking_is_unsafe_an_ordinary_kernel_is_used_and_that_is_said_once(
    tmp_path, monkeypatch, caplog, platform
):
    path = notebook(tmp_path, "print('ran')")
    monkeypatch.setattr(client, "sys", type("sys", (), {"platform": platform}))
    monkeypatch.setattr(client, "_said", set())
    for _ in range(2):
        assert texts(execute(path, {}, warm=True)) == "ran\n"
    said = [record.message for record in caplog.records if record.name == "workbench"]
    assert said == [f"using ordinary kernels: forking a process with libraries loaded is not safe on {platform}"]


def test_imports_that_initialise_cuda_are_not_forked_from(monkeypatch):
    torch = type("torch", (), {"cuda": type("cuda", (), {"is_initialized": staticmethod(lambda: True)})})
    monkeypatch.setitem(sys.modules, "torch", torch)
    assert zygote.unsafe() == "importing the notebook's modules initialises CUDA"


def test_a_reason_not_to_fork_is_remembered(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (start.folder() / "name.unsafe").write_text("a forked process hung")
    with pytest.raises(start.CannotFork, match="a forked process hung"):
        start.connect("name", {}, {})


def test_preloaded_is_what_the_notebook_imports_from_others(tmp_path):
    (tmp_path / "mine.py").write_text("from scipy import stats, linalg as la\nfrom . import gone\nimport other_of_mine")
    (tmp_path / "other_of_mine.py").write_text("def f():\n    import torch.nn.functional as F")
    sources = [
        "import numpy as np, os, json\nfrom numpy.random import default_rng",
        "%matplotlib inline\n!ls\nimport mine; from matplotlib import pyplot as plt",
        "%%bash\nimport pandas",
        "import not_there, a b c",
        "import workbench\nfrom workbench.figures import subplots",
    ]
    found = preload.of_notebook(notebook_of(sources), tmp_path)
    assert set(found) >= {"numpy", "numpy.random", "scipy", "scipy.stats", "scipy.linalg", "matplotlib.pyplot"}
    assert "torch.nn.functional" in found and "pandas" not in found
    assert not {name.split(".")[0] for name in found} & {
        "os",
        "json",
        "mine",
        "other_of_mine",
        "workbench",
        "not_there",
    }


def test_the_kernelspec_is_installed_and_names_the_provisioner():
    from jupyter_client.kernelspec import KernelSpecManager

    spec = KernelSpecManager().get_kernel_spec("workbench")
    assert spec.metadata["kernel_provisioner"]["provisioner_name"] == "workbench-provisioner"


@pytest.mark.parametrize(
    "command",
    [
        "papermill --engine workbench notebook.ipynb out.ipynb -p x 3",
        "papermill -k workbench notebook.ipynb out.ipynb -p x 3",
        "jupyter nbconvert --to html --execute --ExecutePreprocessor.kernel_name=workbench notebook.ipynb",
        "pytest -q -p no:cacheprovider --nbval-lax --nbval-kernel-name workbench notebook.ipynb",
    ],
)
def test_other_tools_use_it_unchanged(tmp_path, command, own_zygotes):
    notebook(
        tmp_path, "import os\nassert 'zygote' in ' '.join(open(f'/proc/{os.getppid()}/cmdline').read().split('\\0'))"
    )
    program, *arguments = command.split()
    done = subprocess.run(
        [Path(sys.executable).with_name(program), *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
