"""``workbench site build`` and ``workbench slides``: the notebooks as pages and as slides."""

import re

import click

from workbench.errors import UserError, require


@click.group()
def site():
    """The studies as pages that read without a network."""


@site.command()
@click.option("-o", "--output", type=click.Path(), default="site", show_default=True, metavar="DIR", help="The folder.")
@click.option("--repository", metavar="OWNER/NAME", help="On GitHub; pages then link to Binder and Colab.")
@click.option("--ref", default="main", show_default=True, help="The repository's tag or branch for those links.")
def build(output, repository, ref):
    """Build the site from the executed notebooks."""
    require("quickjax", "site")
    from workbench.site.build import build

    for name, value, form in [("--repository", repository, r"[\w.-]+/[\w.-]+"), ("--ref", ref, r"[\w./-]+")]:
        if value is not None and not re.fullmatch(form, value):
            example = "OWNER/NAME, such as ada/workbench" if name == "--repository" else "a tag or branch, such as v1.0"
            raise UserError(f"{name} {value!r} is not {example}")
    count = build(output, repository, ref)
    click.echo(f"Site of {count} {'study' if count == 1 else 'studies'}: {output}/index.html")


@click.command()
@click.argument("study")
@click.option("-o", "--output", type=click.Path(), metavar="OUT.html", help="The file [STUDY.html].")
def slides(study, output):
    """A study's slides as one HTML file that presents offline."""
    require("quickjax", "site")
    from workbench.runner import project
    from workbench.runner.files import check_writable, write_atomically
    from workbench.slides.deck import deck

    study = project.load(study)
    output = output or f"{study.name.split('/')[-1]}.html"
    if not output.endswith(".html"):
        raise UserError(f"the output {output} must end in .html")
    check_writable(output)
    write_atomically(output, deck(study))
    click.echo(f"Slides: {output}")
