"""Seconds per sweep point, by how its notebook is executed. ``python experiments/benchmarks/engines.py`` (minutes).

The point: import NumPy, SciPy, PyTorch, PyMC and matplotlib, 50 ms of processor time, one figure, one number. A route
has a process of its own; its first point (imports, the start of a warm process) is not counted, save where every point
pays it again. Routes take turns, and the median over rounds is shown, because shared machines drift. The bare function
does a point's work, and makes the same image, in a process that has its imports already: the limit. The same function
in a process forked for each point is the limit for points that share nothing.
"""

import argparse
import concurrent.futures
import importlib.util
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STACK = """\
import time
import matplotlib.pyplot as plt
import numpy as np
import pymc
import scipy.stats
import torch
"""
WORK = """\
generator, end = np.random.default_rng(seed), time.process_time() + 0.05
while time.process_time() < end:
    mean = generator.standard_normal(10_000).mean()
"""
FIGURE = """\
fig, ax = plt.subplots(figsize=(4, 3))
ax.plot(generator.standard_normal(50).cumsum())
ax.set(xlabel="step", ylabel="walk", title=f"seed {seed}");
"""
ROUTES = {  # name: (function, points in a round for one worker, for two)
    "papermill in a shell loop": ("command_line", 2, 0),
    "papermill.execute_notebook": ("stock", 2, 4),
    "nbclient": ("nbclient", 2, 4),
    "ploomber-engine (no isolation)": ("ploomber", 20, 0),
    "papermill -k workbench, in a shell loop": ("command_line_warm", 5, 0),
    "provisioner: execute_notebook, -k workbench": ("provisioner", 20, 40),
    "engine: execute_notebook, --engine workbench": ("engine", 30, 60),
    "engine: workbench.runner.execute (sweeps)": ("runner", 30, 60),
    "the function in a fork of its own, no kernel": ("forked", 30, 60),
    "bare function": ("bare", 30, 60),
}


def notebook():
    import nbformat

    cells = [STACK, WORK, FIGURE, 'import workbench\nworkbench.record("mean", mean)']
    parameters = nbformat.v4.new_code_cell("seed: int = 0", metadata={"tags": ["parameters"]})
    title = nbformat.v4.new_markdown_cell("# One point")
    return nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        cells=[title, parameters, *map(nbformat.v4.new_code_cell, cells)],
    )


def command_line(path, seed, *options):
    command = [Path(sys.executable).with_name("papermill"), path, output(path, seed), "-p", "seed", str(seed), *options]
    subprocess.run(command, check=True, capture_output=True)


def command_line_warm(path, seed):
    command_line(path, seed, "-k", "workbench")


def stock(path, seed, **options):
    from workbench.runner.execute import _papermill  # its import without 0.8 s that no notebook needs

    _papermill().execute_notebook(path, output(path, seed), {"seed": seed}, progress_bar=False, **options)


def provisioner(path, seed):
    stock(path, seed, kernel_name="workbench")


def engine(path, seed):
    stock(path, seed, engine_name="workbench")


def nbclient(path, seed):
    import nbformat
    from nbclient import NotebookClient

    content = nbformat.read(path, 4)
    content.cells[1].source = f"seed = {seed}"
    NotebookClient(content).execute()
    nbformat.write(content, output(path, seed))


def ploomber(path, seed):
    from ploomber_engine import execute_notebook

    execute_notebook(path, output(path, seed), parameters={"seed": seed}, progress_bar=False, verbose=False)


def runner(path, seed):
    import nbformat

    from workbench.runner.execute import execute
    from workbench.runner.files import write_atomically

    done = execute(path, {"seed": seed}, warm=True)
    assert done.failure is None, done.failure
    write_atomically(output(path, seed), nbformat.writes(done.notebook))


def bare(path, seed):
    names = {"seed": seed}
    exec(STACK + WORK + FIGURE, names)
    names["fig"].savefig(io.BytesIO(), format="png", bbox_inches="tight")  # as a notebook shows figures
    names["plt"].close(names["fig"])


def forked(path, seed):
    if "pymc" not in sys.modules:
        bare(path, seed)
    pid = os.fork()
    if pid == 0:
        bare(path, seed)
        os._exit(0)
    os.waitpid(pid, 0)


def output(path, seed):
    return str(Path(path).with_name(f"out-{os.getpid()}-{seed}.ipynb"))


def measure(route, points, workers, path):
    """Seconds per point of one route, in this process."""
    function = globals()[route]
    if workers == 1:
        function(path, 0)
        started = time.perf_counter()
        for seed in range(1, points + 1):
            function(path, seed)
        return (time.perf_counter() - started) / points
    # A sweep of warm processes is a pool of threads; whatever computes or starts kernels itself needs processes.
    pools = {"runner": concurrent.futures.ThreadPoolExecutor, "engine": concurrent.futures.ThreadPoolExecutor}
    with pools.get(route, concurrent.futures.ProcessPoolExecutor)(workers) as pool:
        list(pool.map(function, [path] * 2 * workers, range(2 * workers)))
        started = time.perf_counter()
        list(pool.map(function, [path] * points, range(100, 100 + points)))
        return (time.perf_counter() - started) / points


def compare(rounds):
    """Every route in turn, ``rounds`` times; prints the table of medians."""
    seconds = {}
    routes = [(name, workers) for workers in (1, 2) for name in ROUTES if ROUTES[name][workers]]
    if importlib.util.find_spec("ploomber_engine") is None:
        print("ploomber-engine is not installed and left out")
        routes = [(name, workers) for name, workers in routes if "ploomber" not in name]
    folder = tempfile.mkdtemp(prefix="benchmark-")
    try:
        path = str(Path(folder) / "point.ipynb")
        Path(path).write_text(json.dumps(notebook()))
        for _ in range(rounds):
            for name, workers in routes:
                seconds.setdefault((name, workers), []).append(_in_its_own_process(name, workers, path))
                print(f"{name}, {workers}: {seconds[name, workers][-1]:.3f} s", file=sys.stderr, flush=True)
    finally:
        shutil.rmtree(folder)
    _print({key: statistics.median(values) for key, values in seconds.items()})


def _in_its_own_process(name, workers, path):
    route, points = ROUTES[name][0], ROUTES[name][workers]
    command = [sys.executable, __file__, "--measure", route, str(points), str(workers), path]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr[-2000:]}")
    return float(done.stdout.split()[-1])


def _print(seconds):
    loop = seconds["papermill in a shell loop", 1]
    print(f"{'':46}{'workers':>8}{'s/point':>9}{'faster than the loop':>22}{'/ bare':>8}{'overhead':>10}")
    for (name, workers), value in seconds.items():
        limit = seconds["bare function", workers]
        # With two workers on two cores, a point takes a worker twice as long as points come out.
        overhead = f"{(value - limit) * workers * 1000:7.0f} ms"
        print(f"{name:46}{workers:8}{value:9.3f}{loop / value:20.1f} x{value / limit:8.2f}{overhead:>10}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        route, points, workers, path = arguments.measure
        print(measure(route, int(points), int(workers), path))
    else:
        compare(arguments.rounds)


if __name__ == "__main__":
    main()
