"""``workbench course build | grade``."""

import click


@click.group()
def course():
    """Student and instructor packs from the notebooks, and grading."""


@course.command()
@click.argument("spec", type=click.Path(), metavar="SPEC.toml")
@click.option(
    "-o", "--output", required=True, type=click.Path(), metavar="DIR", help="A new folder, or an earlier build."
)
@click.option("--variants", type=int, metavar="N", help="Packs for N groups, each with parameters of its own.")
def build(spec, output, variants):
    """Build student and instructor packs and the syllabus from SPEC.toml."""
    from workbench.course.build import build

    build(spec, output, variants, told=click.echo)
    click.echo(f"Course: {output}")


@course.command()
@click.argument("submissions", type=click.Path())
@click.argument("built", type=click.Path(), metavar="DIR")
@click.option("-o", "--output", type=click.Path(), metavar="OUT", help="Where the points go [DIR/grades].")
def grade(submissions, built, output):
    """Grade SUBMISSIONS, a folder with one folder for each student, against the course built in DIR."""
    from workbench.course.submissions import grade

    grade(submissions, built, output, told=click.echo)
    click.echo(f"Points: {output or f'{built}/grades'}/points.csv")
