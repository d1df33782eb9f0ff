"""Bring the README up to date with the committed notebooks: `make readme`.

The table of claims and the figure come from the notebooks' own outputs; nothing is typed by hand.
"""

import base64
import io
import re
from pathlib import Path

from rich.console import Console

from workbench.runner.report import collect, print_claims

ROOT = Path(__file__).resolve().parents[1]
FIGURE = ("high_dimensional_regression/sketched_ridgeless", 1)  # study, and which of its figures


def table():
    """The table of claims as the terminal shows it."""
    buffer = io.StringIO()
    print_claims(collect(ROOT / "notebooks"), Console(file=buffer, width=112, color_system=None))
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines())


def with_table(readme):
    """The README's text with the block between the markers replaced by the present table."""
    block = f"<!-- claims -->\n```text\n{table()}\n```\n<!-- /claims -->"
    return re.sub(r"<!-- claims -->.*<!-- /claims -->", lambda _: block, readme, flags=re.DOTALL)


def figure():
    """The README's figure as PNG bytes, and its description."""
    study, number = FIGURE
    (executed,) = [one for one in collect(ROOT / "notebooks") if one.study == study]
    png, alt = executed.figures[number]
    return base64.b64decode(png), alt


def with_figure(readme):
    """The README's text with the description of its figure brought up to date."""
    return re.sub(
        r"!\[[^\]]*\]\(experiments/readme\.png\)", lambda _: f"![{figure()[1]}](experiments/readme.png)", readme
    )


if __name__ == "__main__":
    path = ROOT / "README.md"
    path.write_text(with_figure(with_table(path.read_text(encoding="utf-8"))), encoding="utf-8")
    (ROOT / "experiments" / "readme.png").write_bytes(figure()[0])
