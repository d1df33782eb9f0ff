"""Bring the README up to date with the committed notebooks: `make readme`.

The example's claims and figure come from a notebook's own outputs, the table of studies from the catalogue; nothing is
typed by hand.
"""

import base64
import io
import re
from pathlib import Path

from rich.console import Console

from workbench.runner import project
from workbench.runner.report import collect, print_claims, summary

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = "high_dimensional_regression/sketched_ridgeless"
FIGURE = 1  # which of the example's figures


def claims():
    """The example's claims as the terminal shows them, and the last line for all studies."""
    executed = collect(ROOT / "notebooks")
    buffer = io.StringIO()
    print_claims([one for one in executed if one.study == EXAMPLE], Console(file=buffer, width=112, color_system=None))
    lines = [line.rstrip() for line in buffer.getvalue().splitlines()]
    return "\n".join(["```text", *lines[:-1], "...", summary(executed), "```"])


def studies():
    """The studies with what it takes to read and to run them, as a Markdown table."""
    lines = ["| study | paper | what it shows | claims | read | run |", "| --- | --- | --- | ---: | ---: | ---: |"]
    for study in map(project.load, project.study_names()):
        entry = study.entry
        arxiv = f"[arXiv {entry['arxiv']}](https://arxiv.org/abs/{entry['arxiv']})"
        cells = [
            f"[`{study.name}`](notebooks/{study.name}.ipynb)",
            f"{entry['authors']} ({entry['year']}), {arxiv}",
            entry["summary"],
            len(entry["claims"]),
            f"{entry['minutes']} min",
            f"{entry['seconds']} s",
        ]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def with_tables(readme):
    """The README's text with the blocks between its markers as they are now."""
    for name, made in (("claims", claims), ("studies", studies)):
        block = f"<!-- {name} -->\n{made()}\n<!-- /{name} -->"
        readme = re.sub(rf"<!-- {name} -->.*<!-- /{name} -->", lambda _, b=block: b, readme, flags=re.DOTALL)
    return readme


def figure():
    """The README's figure as PNG bytes, and its description."""
    (executed,) = [one for one in collect(ROOT / "notebooks") if one.study == EXAMPLE]
    png, alt = executed.figures[FIGURE]
    return base64.b64decode(png), alt


def with_figure(readme):
    """The README's text with the description of its figure brought up to date."""
    return re.sub(
        r"!\[[^\]]*\]\(experiments/readme\.png\)", lambda _: f"![{figure()[1]}](experiments/readme.png)", readme
    )


if __name__ == "__main__":
    path = ROOT / "README.md"
    path.write_text(with_figure(with_tables(path.read_text(encoding="utf-8"))), encoding="utf-8")
    (ROOT / "experiments" / "readme.png").write_bytes(figure()[0])
