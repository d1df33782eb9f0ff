"""The table of claims and verdicts over executed notebooks, for the terminal and as one HTML page."""

import html
import json
import os
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import UserError
from workbench.recording import from_notebook, show_error, show_measured, show_number
from workbench.runner.files import check_writable, write_atomically


@dataclass(frozen=True)
class Executed:
    """An executed notebook and what it recorded."""

    path: Path
    title: str
    paper: dict
    found: dict
    figures: list  # (PNG in base64, alternative text)

    @property
    def study(self):
        return self.found["provenance"]["study"]

    @property
    def failure(self):
        return self.found["provenance"].get("failure")


def collect(folder):
    """Executed notebooks below ``folder``, sorted by study; ``UserError`` if there is none."""
    folder = Path(folder)
    executed = [one for path in _notebooks(folder) if (one := load_executed(path))]
    if not executed:
        raise UserError(f"no executed study below {folder}; run one first: workbench run STUDY")
    return sorted(executed, key=lambda one: (one.study, str(one.path)))


def _notebooks(folder):
    for parent, folders, files in os.walk(folder):
        if "journal.txt" in files:  # a sweep: it has a report of its own, and may have a million notebooks
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith(".")]  # .ipynb_checkpoints
        yield from (Path(parent) / name for name in files if name.endswith(".ipynb") and not name.startswith("."))


def load_executed(path):
    """The executed study at ``path``, or None if the file is something else."""
    path = Path(path)
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        found = from_notebook(notebook)
        if not found["provenance"].get("study"):
            return None
        own = notebook["metadata"]["workbench"]
        return Executed(path, _title(notebook), own.get("paper", {}), found, list(_figures(notebook)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def print_claims(executed, console):
    """Print one table per study, and a last line that counts the verdicts."""
    from rich.table import Table
    from rich.text import Text

    for one in executed:
        seconds = one.found["provenance"]["seconds"]
        table = Table(title=f"{one.study} ({seconds:.0f} s)", title_justify="left", show_lines=False, expand=False)
        table.add_column("claim", overflow="fold")
        for name in ("theory", "simulated", "se"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("verdict", no_wrap=True)
        table.add_column("control (must be rejected)", overflow="fold")
        for claim in one.found["claims"]:
            control = claim["control"]
            table.add_row(
                Text(claim["identifier"]),
                show_number(claim["theory"]),
                show_number(claim["simulated"]),
                show_error(claim["se"]),
                Text(claim["verdict"], style=_STYLE[claim["verdict"]]),
                Text(f"{'rejected' if control['rejected'] else 'NOT rejected'}: {control['description']}"),
            )
        console.print(table)
        if one.failure:
            console.print(Text(one.failure, style="bold red"))
    console.print(summary(executed))


def summary(executed):
    """One line, such as ``14 claims of 1 study: 13 confirmed, 1 undecided``."""
    verdicts = [claim["verdict"] for one in executed for claim in one.found["claims"]]
    counts = ", ".join(f"{verdicts.count(v)} {v}" for v in _STYLE if v in verdicts) or "none"
    failed = sum(1 for one in executed if one.failure)
    studies = len({one.study for one in executed})
    text = f"{len(verdicts)} claims of {studies} {'study' if studies == 1 else 'studies'}: {counts}"
    return text + (f"; {failed} notebook{'s' * (failed != 1)} did not finish" if failed else "")


def write_page(executed, path):
    """Write the report as one HTML file that needs no network."""
    check_writable(path)
    path = Path(path)
    sections = "\n".join(_section(one, path.parent) for one in executed)
    text = _PAGE.format(style=_CSS, summary=html.escape(summary(executed)), sections=sections)
    write_atomically(path, text)


def _section(one, folder):
    provenance, paper = one.found["provenance"], one.paper
    rows = "\n".join(_claim_row(claim) for claim in one.found["claims"])
    figures = "\n".join(
        f'<figure><img src="data:image/png;base64,{png}" alt="{html.escape(alt)}"></figure>' for png, alt in one.figures
    )
    commit = (provenance["git"]["commit"] or "")[:10]
    dirty = " with uncommitted changes" if provenance["git"]["dirty"] else ""
    facts = {
        "parameters": ", ".join(f"{key} = {value}" for key, value in provenance["parameters"].items()),
        "took": f"{provenance['seconds']:.1f} s on {provenance['cpu']}",
        "commit": f"{commit}{dirty}" if commit else "none",
        "versions": ", ".join(f"{key} {value}" for key, value in provenance["versions"].items()),
    }
    listed = "\n".join(f"<dt>{key}</dt><dd>{html.escape(str(value))}</dd>" for key, value in facts.items())
    link = one.path.relative_to(folder).as_posix() if one.path.is_relative_to(folder) else one.path.name
    authors, title, year, arxiv = (paper.get(key, "") for key in ("authors", "title", "year", "arxiv"))
    source = f"{authors}, “{title}”, {year}, arXiv {arxiv}"
    failure = f'<p class="failed">{html.escape(one.failure)}</p>' if one.failure else ""
    return f"""<section>
<h2>{html.escape(one.title)}</h2>
<p>{html.escape(source)}. Executed notebook: <a href="{html.escape(link)}">{html.escape(link)}</a></p>{failure}
<div class="scroll"><table><thead><tr>
<th scope="col">Claim</th><th scope="col">Theory</th><th scope="col">Simulated</th>
<th scope="col">Verdict</th><th scope="col">Control, which the same test must reject</th></tr></thead><tbody>
{rows}
</tbody></table></div>
{figures}
<dl>{listed}</dl>
</section>"""


def _claim_row(claim):
    control = claim["control"]
    test = f"{claim['source']}. {claim['check']}; {claim['detail']}"
    rejected = "rejected" if control["rejected"] else "not rejected"
    return (
        f"<tr><td><b>{html.escape(claim['identifier'])}</b> {html.escape(claim['statement'])}"
        f"<br><small>{html.escape(test)}</small></td>"
        f"<td>{show_number(claim['theory'])}</td><td>{show_measured(claim)}</td>"
        f'<td class="{claim["verdict"].replace(" ", "-")}">{claim["verdict"]}</td>'
        f"<td>{rejected}: {html.escape(control['description'])}"
        f"<br><small>{html.escape(control['detail'])}</small></td></tr>"
    )


def _title(notebook):
    for cell in notebook["cells"]:
        source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        if cell["cell_type"] == "markdown" and source.startswith("# "):
            return source.splitlines()[0][2:]
    return notebook["metadata"]["workbench"]["run"]["study"]


def _figures(notebook):
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            png = output.get("data", {}).get("image/png")
            if png:
                png = png if isinstance(png, str) else "".join(png)
                yield png.replace("\n", ""), output.get("metadata", {}).get("image/png", {}).get("alt", "")


_STYLE = {"confirmed": "green", "not confirmed": "bold red", "undecided": "yellow"}
_CSS = """body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
table{border-collapse:collapse;width:100%}.scroll{overflow-x:auto}
th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid #ccc}
small{color:#555}figure{margin:1rem 0}img{max-width:100%;height:auto}
.confirmed{color:#00664b;font-weight:600}.not-confirmed,.failed{color:#a33;font-weight:700}.undecided{color:#7a5200;font-weight:600}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;font-size:.9rem}dt{font-weight:600}dd{margin:0}"""
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Workbench report</title><style>{style}</style></head>
<body><h1>Claims and verdicts</h1>
<p>{summary}. A claim is confirmed if it passes its test and the same test rejects its control, a deliberately wrong
twin; if the control is not rejected, the claim is undecided.</p>
{sections}
</body></html>
"""
