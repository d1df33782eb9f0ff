"""The page of a sweep: its table, failures and manifest as one HTML file that needs no network."""

import html
import json
from itertools import islice
from pathlib import Path

from workbench.recording import show_number
from workbench.runner.files import write_atomically
from workbench.sweep import store

ROWS = 500


def write(plan, facts):
    """Write ``report.html`` in the sweep's folder."""
    rows = list(islice(store.executed(plan), ROWS))
    scalars = sorted({name for _, row in rows for name in row["scalars"]})
    heads = [*plan.design.axes, "replicate", *scalars, "status", "seconds", "notebook"]
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in heads)
    body = "\n".join(_row(plan, scalars, *one) for one in rows)
    counts = ", ".join(f"{number} {status}" for status, number in facts["counts"].items())
    shown = f"The first {ROWS} points." if sum(facts["counts"].values()) > ROWS else ""
    listed = "\n".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(str(facts[name]))}</dd>"
        for name in ("study", "paper", "spec", "git", "python", "platform", "cpu", "code", "created")
    )
    title = html.escape(f"{facts['study']}: {plan.spec.path.stem}")
    page = _PAGE.format(title=title, counts=html.escape(counts), shown=shown, head=head, body=body, facts=listed)
    write_atomically(Path(plan.folder) / "report.html", page)


def _row(plan, scalars, key, row):
    cells = [_shown(row["values"][name]) for name in plan.design.axes]
    cells += [str(row["replicate"]), *(_shown(row["scalars"].get(name)) for name in scalars)]
    cells += [row["status"] + (f": {row['reason']}" if row["reason"] else ""), f"{row['seconds']:.2f}"]
    link = f'<a href="{store.notebook_of(key)}">{key[:8]}</a>' if row["bytes"] else ""
    return "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + f"<td>{link}</td></tr>"


def _shown(value):
    return show_number(value) if not isinstance(value, list) else json.dumps(value)


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;margin:2rem;color:#1a1a1a}}
table{{border-collapse:collapse}}.scroll{{overflow-x:auto}}
th,td{{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ccc;vertical-align:top}}
dl{{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;font-size:.9rem}}
dt{{font-weight:600}}dd{{margin:0}}
</style></head><body><h1>{title}</h1><p>{counts}. {shown}</p>
<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>
{body}
</tbody></table></div><dl>{facts}</dl></body></html>
"""
