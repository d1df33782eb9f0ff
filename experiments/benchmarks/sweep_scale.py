"""How a sweep's own cost grows with its size: dry runs, the table, queries. No notebook is executed.

python experiments/benchmarks/sweep_scale.py [POINTS ...]      (default: 10000 100000 1000000)

Journals with that many finished points are made up, line for line as a sweep writes them.
"""

import json
import resource
import sys
import tempfile
import time
import zlib
from pathlib import Path

from workbench.sweep import plan, results, store
from workbench.sweep.spec import load

SPEC = """study: high_dimensional_regression/sketched_ridgeless
preset: smoke
blocks:
  - grid: {{sketch: [orthogonal, gaussian], n_features: [16, 40, 72, 96, 128]}}
  - sobol: {{noise: [0.5, 4], n: {n}}}
replicates: 10
share_seeds_over: [sketch]
"""


def main():
    sizes = [int(text) for text in sys.argv[1:]] or [10_000, 100_000, 1_000_000]
    print(f"{'points':>9} {'fresh':>9} {'journal':>9} {'dry run':>9} {'table':>9} {'query':>9} {'peak':>9}")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            cells = measure(Path(folder), size)
        print(
            f"{size:9} " + " ".join(f"{seconds:7.2f} s" for seconds in cells[:-1]) + f" {cells[-1]:6.0f} MB", flush=True
        )


def measure(folder, size):
    """Seconds of: a dry run of a fresh design, reading the journal, a dry run with all done, the table, a query."""
    path = folder / "scale.yaml"
    path.write_text(SPEC.format(n=size // 100))
    times = [timed(lambda: plan.make(load(path), folder).count())]
    pretend(plan.make(load(path), folder))
    made = None

    def read():
        nonlocal made
        made = plan.make(load(path), folder)

    times.append(timed(read))
    times.append(timed(lambda: made.count()))
    times.append(timed(lambda: store.write(made)))
    sql = "SELECT n_features, sketch, avg(risk), count(*) FROM results GROUP BY ALL"
    times.append(timed(lambda: results.query(folder, sql)))
    assert made.count() == (size, {}) and sum(row[3] for row in results.query(folder, sql)[1]) == size
    return [*times, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]


def pretend(made):
    """A journal in which every point is done."""
    with open(made.journal.path, "wb") as file:
        facts = {"study": made.design.study.name, "code": made.code, "parts": made.parts, "git": {}, "started": ""}
        file.write(line(f"run {json.dumps(facts)}"))
        for point, identity, key in made.keyed():
            row = {"status": "done", "reason": None, "seconds": 0.05, "scalars": {"risk": point.values["noise"] ** 2}}
            row.update(tables={}, claims=[], values=point.values, replicate=point.replicate, attempts=1, bytes=40_000)
            row.update(commit=None, cpu="made up")
            file.write(line(f"point {key} {identity} {made.code} done {json.dumps(row)}"))


def line(text):
    rest = text.encode() + b"\n"
    return b"%08x " % zlib.crc32(rest) + rest


def timed(function):
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
