"""The command line, ``workbench COMMAND``. Thin; heavy imports wait until they are needed."""

import sys

import click

from workbench.course.commands import course
from workbench.errors import CellFailed, UserError
from workbench.site.commands import site, slides
from workbench.sweep import commands as sweep_commands


class _Commands(click.Group):
    """Turns a user's mistake into one sentence and an exit code, without a traceback."""

    def invoke(self, context):
        try:
            return super().invoke(context)
        except UserError as error:
            click.echo(f"workbench: {error}", err=True)
            context.exit(2)
        except CellFailed as error:
            click.echo(f"workbench: {error}", err=True)
            if error.path:
                click.echo(f"The notebook up to there: {_shown(error.path)}", err=True)
            context.exit(1)
        except KeyboardInterrupt:
            click.echo("workbench: interrupted; nothing was written", err=True)
            context.exit(130)

    def resolve_command(self, context, arguments):
        from workbench.errors import nearest

        if arguments and not arguments[0].startswith("-") and self.get_command(context, arguments[0]) is None:
            raise UserError(
                f"no command {arguments[0]!r}.{nearest(arguments[0], self.commands)} See 'workbench --help'."
            )
        return super().resolve_command(context, arguments)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="workbench")
def main():
    """Theory-driven results from papers, each a notebook that ends in a verdict.

    A STUDY is named by its path, such as high_dimensional_regression/sketched_ridgeless, or by its last part.
    """


main.add_command(course)
main.add_command(site)
main.add_command(slides)


@main.command("list")
def list_studies():
    """List the studies."""
    from rich.table import Table
    from rich.text import Text

    from workbench.runner import project

    table = Table(box=None, pad_edge=False)
    for column in ("study", "paper"):
        table.add_column(column, overflow="fold")
    for column in ("claims", "read", "run"):
        table.add_column(column, justify="right", no_wrap=True)
    for study in map(project.load, project.study_names()):
        paper, entry = study.paper, study.entry
        cells = [study.name, f"{paper.get('authors', '')} ({paper.get('year', '')}): {paper.get('title', '')}"]
        if "seconds" in entry:
            cells += [str(len(entry["claims"])), f"{entry['minutes']} min", f"{entry['seconds']} s"]
        table.add_row(*map(Text, cells))
    _console().print(table)


@main.command()
@click.argument("study")
def show(study):
    """Show a study's paper, parameters, presets and claims."""
    from rich.table import Table
    from rich.text import Text

    from workbench.recording import from_notebook
    from workbench.runner import parameters, project

    study = project.load(study)
    console, paper = _console(), study.paper
    console.print(Text(study.name, style="bold"))
    console.print(
        Text(f'{paper.get("authors")}, "{paper.get("title")}", {paper.get("year")}, arXiv {paper.get("arxiv")}')
    )
    console.print(Text(study.summary))
    if study.effort:
        console.print(Text(f"{study.effort}. Know before: {', '.join(study.entry['prerequisites'])}."))
        console.print(Text(f"Packages: {', '.join(study.entry['packages'])}."))

    table = Table(title="Parameters", title_justify="left", box=None, pad_edge=False)
    for column in ("name", "type", "default", "allowed", "meaning"):
        table.add_column(column, overflow="fold")
    for p in parameters.declared(study.notebook, study.name).values():
        table.add_row(*map(Text, (p.name, p.type, repr(p.default), p.allowed, p.help)))
    console.print("", table)

    presets = Table(title="Presets", title_justify="left", box=None, pad_edge=False, show_header=False)
    for preset, values in study.presets.items():
        presets.add_row(Text(preset), Text(", ".join(f"{key}={value!r}" for key, value in values.items())))
    console.print("", presets)

    claims = Table(
        title="Claims (verdicts of the notebook as committed)", title_justify="left", box=None, pad_edge=False
    )
    for column in ("claim", "statement", "source", "verdict"):
        claims.add_column(column, overflow="fold")
    for claim in from_notebook(study.notebook)["claims"]:
        claims.add_row(*(Text(claim[key]) for key in ("identifier", "statement", "source", "verdict")))
    console.print("", claims)


@main.command()
@click.argument("study", required=False)
@click.option(
    "-p", "--parameter", "assignments", multiple=True, metavar="NAME=VALUE", help="Set a parameter; repeatable."
)
@click.option("--preset", help="A named set of values: smoke, paper; -p goes on top.")
@click.option(
    "-o", "--output", type=click.Path(), metavar="OUT.ipynb", help="The executed notebook [runs/STUDY.ipynb]."
)
@click.option("--records", type=click.Path(), metavar="OUT.json", help="Write scalars, tables, claims and provenance.")
@click.option("--all", "run_all", is_flag=True, help="Run every study, then print the report.")
def run(study, assignments, preset, output, records, run_all):
    """Execute a study's notebook and print its claims."""
    from workbench.runner import project

    if run_all == bool(study):
        raise UserError("name one study, or give --all")
    if run_all and (assignments or output or records):
        raise UserError("--all runs every study with its own parameters; -p, -o and --records need one study")
    if run_all:
        _run_all(preset)
        return
    study = project.load(study).name
    given = _parse(study, assignments)
    path = _run_one(study, given, preset, output, records)
    _report([path])
    click.echo(f"Executed notebook: {_shown(path)}")
    if records:
        click.echo(f"Records: {records}")


@main.command()
@click.argument("folder", required=False, type=click.Path())
def report(folder):
    """Print the claims of executed notebooks below FOLDER [runs] and write FOLDER/report.html."""
    from pathlib import Path

    from workbench.runner import project
    from workbench.runner.report import collect, print_claims, write_page

    folder = Path(folder) if folder else project.root() / "runs"
    executed = collect(folder)
    print_claims(executed, _console())
    write_page(executed, folder / "report.html")
    click.echo(f"Executed notebooks: {_shown(folder)}")
    click.echo(f"Report: {_shown(folder / 'report.html')}")


for _command in (sweep_commands.sweep, sweep_commands.results, sweep_commands.plot):
    main.add_command(_command)


@main.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS OF JUPYTER LAB]")
def lab(options):
    """Open JupyterLab at the notebooks, with the index of studies in front."""
    from workbench.lab import open_lab

    open_lab(options)


def _run_all(preset):
    from workbench.runner import project
    from workbench.runner.run import preset_values

    names = project.study_names()
    if not names:
        raise UserError("there is no study in notebooks/ yet")
    for name in names:  # a preset that one of them lacks is an error before the first starts
        preset_values(project.load(name), preset)
    failures = []
    for name in names:
        try:
            _run_one(name, {}, preset, None, None)
        except CellFailed as error:  # told at once; the others go on
            click.echo(f"workbench: {error}", err=True)
            failures.append(name)
    click.get_current_context().invoke(report)
    if failures:
        raise CellFailed(f"{len(failures)} of {len(names)} studies did not finish: {', '.join(failures)}")


def _run_one(study, given, preset, output, records):
    """Run with progress on the terminal; returns the executed notebook's path."""
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

    from workbench.runner.run import default_output, run

    columns = ["{task.description}", BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn(), "{task.fields[cell]}"]
    progress = Progress(*columns, console=_console(stderr=True))
    task = progress.add_task(study, total=None, cell="")

    def on_cell(index, n_cells, source):
        progress.start()  # not before: until the first cell starts, all there can be is a user's mistake
        first_line = next((line.strip() for line in source.splitlines() if line.strip()), "")
        progress.update(task, completed=index, total=n_cells, cell=escape(first_line[:50]))

    try:
        run(study, given, preset=preset, output=output, records=records, on_cell=on_cell)
        progress.update(task, completed=progress.tasks[0].total, cell="done")
    finally:
        progress.stop()
    return output or default_output(study)


def _parse(study, assignments):
    """``-p`` texts as values, according to the types that the notebook declares."""
    from workbench.runner import parameters, project

    declared = parameters.declared(project.load(study).notebook, study)
    given = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        name = name.strip()
        if not equals or not name:
            raise UserError(f"-p {assignment!r} is not of the form NAME=VALUE")
        if name in given:
            raise UserError(f"-p {name} is given twice")
        given[name] = parameters.from_text(declared[name], text) if name in declared else text
    return given


def _report(paths):
    from workbench.runner.report import load_executed, print_claims

    print_claims([load_executed(path) for path in paths], _console())


def _console(stderr=False):
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else 120, highlight=False)


def _shown(path):
    """A path as short as it can be written from here."""
    from pathlib import Path

    path = Path(path)
    return path.relative_to(Path.cwd()) if path.is_absolute() and path.is_relative_to(Path.cwd()) else path
