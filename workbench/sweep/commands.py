"""``workbench sweep | results | plot``. Thin; everything heavy is imported when it is needed."""

import os
import sys

import click

from workbench.errors import CellFailed, UserError

_output = click.option("-o", "--output", metavar="DIR", help="Folder or fsspec URL of the sweep [runs/sweeps/…].")


@click.command()
@click.argument("spec")
@_output
@click.option("--dry-run", is_flag=True, help="Say what would run and why, how long and how large; execute nothing.")
@click.option("--pilot", type=click.IntRange(1), metavar="N", help="Run N points spread over the design, to estimate.")
@click.option("--only-failed", is_flag=True, help="Run only points that failed before.")
@click.option("--fail-fast", is_flag=True, help="Start no further point after the first failure.")
@click.option(
    "--retries", type=click.IntRange(0, 100), default=0, metavar="N", help="Try a failing point N more times."
)
@click.option("--timeout", metavar="TIME", help="Per point: 90s, 5min, 2h.")
@click.option("--memory", metavar="SIZE", help="Per point: 500M, 2G.")
@click.option("--workers", type=click.IntRange(1, 10_000), metavar="N", help="Points at once [one a processor].")
@click.option("--cluster", metavar="ADDRESS", help="A Dask scheduler's address, or local, or slurm.")
def sweep(spec, output, dry_run, pilot, only_failed, fail_fast, retries, timeout, memory, workers, cluster):
    """Run the points of SPEC that are not done yet; running again is resuming.

    SPEC is a YAML file, or its name below experiments/.
    """
    from workbench.sweep import drive, executors, session
    from workbench.sweep.text import parse_size, parse_span

    options = drive.Options(
        retries=retries,
        fail_fast=fail_fast,
        timeout=parse_span(timeout) if timeout else None,
        memory=parse_size(memory) if memory else None,
        limit=pilot,
    )
    executors.check(cluster)
    loaded, made, mirror = _prepare(spec, output, only_failed)
    if dry_run:
        _say_plan(made, workers, cluster)
        if not pilot:
            return
    pick = _spread(made, pilot) if pilot else None
    left = len(pick) if pilot else sum(made.count()[1].values())
    if not left:
        click.echo(f"Nothing to run: {_counts(made)}")
        if not made.journal.done:
            return
    outcome = _run(session, made, options, cluster, workers, pick, left, mirror) if left else None
    made = session.prepare(loaded, made.folder)
    if outcome is None:
        session.refresh(made)
    if mirror:
        mirror.push()
    click.echo(f"{_counts(made)}\nResults: {mirror.url if mirror else _shown(made.folder)}/results.parquet")
    if dry_run:
        _say_estimate(made, workers)
    if outcome and outcome.interrupted:
        raise CellFailed("interrupted; what has run is kept, run it again to go on")
    if outcome and outcome.failed:
        raise CellFailed(f"{outcome.failed} point{'s' * (outcome.failed != 1)} failed; again: --only-failed")


@click.command()
@click.argument("spec")
@_output
@click.option("--csv", type=click.Path(), metavar="FILE", help="Write the table, or the rows of --sql, as CSV.")
@click.option("--parquet", type=click.Path(), metavar="FILE", help="Write the table as Parquet.")
@click.option("--sql", metavar="QUERY", help="Ask DuckDB; tables: results and the recorded ones.")
@click.option("--open", "opened", metavar="POINT", help="Open a point's executed notebook, by key or row number.")
@click.option("--mlflow", metavar="URI", help="Export to an MLflow tracking server.")
def results(spec, output, csv, parquet, sql, opened, mlflow):
    """Print the table of a sweep, export it, or open a point's notebook."""
    from workbench.sweep import results, session

    _, made, mirror = _prepare(spec, output)
    facts = session.refresh(made)
    if sql and parquet:
        raise UserError("--sql goes to the terminal or, with --csv, to a file; --parquet is the whole table")
    if csv and sql:
        results.write_rows(*results.query(made.folder, sql), csv)
        click.echo(f"Written: {csv}")
        return
    if csv or parquet:
        results.export(made.folder, csv, parquet)
        for path in filter(None, (csv, parquet)):
            click.echo(f"Written: {path}")
    if sql:
        _print(*results.query(made.folder, sql))
    if mlflow:
        from workbench.sweep.mlflow_export import export

        click.echo(f"{export(made, facts, mlflow)} points exported to {mlflow}")
    if opened:
        _open(made, mirror, opened)
    if not (csv or parquet or sql or mlflow or opened):
        names, rows, total = results.shown(made.folder, facts)
        _print(names, rows)
        more = f"; the first {len(rows)} are shown" if total > len(rows) else ""
        click.echo(f"{total} rows of {facts['points']} points{more}: {_shown(made.folder / 'results.parquet')}")


@click.command()
@click.argument("spec")
@_output
@click.option("--table", default="results", metavar="NAME", help="A recorded table in place of the results.")
@click.option("--x", required=True, metavar="COLUMN", help="Across.")
@click.option("--y", required=True, metavar="COLUMN", help="Up: mean over replicates with a 95 % interval.")
@click.option("--hue", metavar="COLUMN", help="A line for each value.")
@click.option("--facet", metavar="COLUMN", help="A panel for each value.")
@click.option(
    "--to", type=click.Path(), metavar="FILE", help="The image: .png, .svg or .pdf [plot.png beside the table]."
)
def plot(spec, output, table, x, y, hue, facet, to):
    """Draw a recorded scalar against an axis, with intervals over replicates."""
    from pathlib import Path

    from workbench.runner.files import replacing
    from workbench.sweep import plot, session

    _, made, _ = _prepare(spec, output)
    to = Path(to) if to else made.folder / "plot.png"
    if to.suffix not in (".png", ".svg", ".pdf"):
        raise UserError(f"--to {to} must end in .png, .svg or .pdf")
    facts = session.refresh(made)
    fig = plot.figure(made.folder, facts, x, y, hue, facet, table)
    with replacing(to) as target:
        fig.savefig(target, format=to.suffix[1:], dpi=150)
    click.echo(f"Figure: {_shown(to)}")


def _prepare(spec, output, only_failed=False):
    """The spec, its plan, and the mirror of an output that is a URL."""
    from importlib.util import find_spec

    missing = [name for name in ("fsspec", "pyarrow", "pydantic", "yaml") if find_spec(name) is None]
    if missing:
        raise UserError(f"sweeps need {', '.join(missing)}: pip install 'workbench[sweep]'")
    from workbench.sweep import folder, remote, session
    from workbench.sweep.spec import load

    loaded, mirror = load(spec), None
    if output and remote.is_url(output):
        mirror = remote.Mirror(output)
        mirror.pull()
    where = mirror.folder if mirror else output or folder.default(loaded)
    return loaded, session.prepare(loaded, where, only_failed), mirror


def _run(session, made, options, cluster, workers, pick, left, mirror):
    from workbench.cli import _console
    from workbench.sweep.progress import Progress

    with Progress(left, _console(stderr=True), mirror) as watch:
        outcome = session.sweep(made, options, cluster, workers, watch, pick)
    if outcome.interrupted > 1:
        click.echo("workbench: interrupted; what has run is kept, run it again to go on", err=True)
        sys.stdout.flush()
        os._exit(130)  # threads still wait for notebooks in flight, which end with this process
    return outcome


def _spread(made, number):
    """``number`` pending points at even distances over the design."""
    from workbench.sweep import fingerprint

    size = len(made.design)
    found = []
    for i in sorted({size * i // number for i in range(number)}):
        point = made.design[i]
        identity, key = fingerprint.point_key(point.values, point.replicate, made.code)
        if bytes.fromhex(key) not in made.journal.done:
            found.append((point, identity, key))
    return found


def _say_plan(made, workers, cluster):
    done, reasons = made.count()
    left = sum(reasons.values())
    click.echo(f"{made.design.study.name}, {made.spec.path.name}: {len(made.design)} points")
    click.echo(f"  {done} done")
    for reason, number in reasons.most_common():
        click.echo(f"  {number} will run: {reason}")
    if made.journal.damaged:
        click.echo(f"  the journal has {made.journal.damaged} damaged line(s); their points run again")
    if left:
        _say_estimate(made, workers)
    if cluster == "slurm":
        from workbench.sweep.executors import slurm_script

        click.echo(f"The job script of each of the {workers or 1} jobs:\n{slurm_script(workers)}")


def _say_estimate(made, workers):
    from workbench.sweep import executors
    from workbench.sweep.estimate import estimate

    done, reasons = made.count()
    left = sum(reasons.values())
    found = estimate(made.journal, left, workers or executors.cores()) if left else None
    if left:
        click.echo(f"  time: {found}" if found else "  time: not known yet; --pilot 5 runs five points to find out")


def _counts(made):
    done, reasons = made.count()
    failed = reasons.pop("failed before", 0)
    left = sum(reasons.values())
    return (
        f"{done} of {len(made.design)} points done"
        + f", {failed} failed" * bool(failed)
        + f", {left} to run" * bool(left)
    )


def _open(made, mirror, wanted):
    import subprocess

    from workbench.sweep import results

    row = results.point_row(made.folder, wanted)
    if not isinstance(row["notebook"], str):
        raise UserError(f"point {row['key'][:8]} left no notebook: {row['reason']}")
    path = mirror.fetch(row["notebook"]) if mirror else made.folder / row["notebook"]
    if not path.resolve().is_relative_to(made.folder.resolve()) or not path.is_file():
        raise UserError(f"the notebook of point {row['key'][:8]} is not in {made.folder}")
    click.echo(f"Notebook: {_shown(path)}")
    subprocess.run([sys.executable, "-m", "jupyterlab", str(path)], check=False)


def _print(names, rows):
    from rich.table import Table
    from rich.text import Text

    from workbench.cli import _console
    from workbench.recording import show_number
    from workbench.sweep.text import plain_text

    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(Text(plain_text(name)), overflow="fold")
    for row in rows:
        cells = (str(cell)[:8] if name == "key" else show_number(cell) for name, cell in zip(names, row, strict=True))
        table.add_row(*(Text(plain_text(cell)) for cell in cells))
    _console().print(table)


def _shown(path):
    from workbench.cli import _shown

    return _shown(path)
