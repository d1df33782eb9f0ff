"""Write the Markdown and notebooks from which Sphinx makes the site."""

import base64
import json
import re
from pathlib import Path

import workbench
from workbench.recording import from_notebook, show_measured, show_number
from workbench.runner import parameters
from workbench.site import hosting, sweeps, text
from workbench.site.notebook import cover, for_reading

TEMPLATES = Path(__file__).parent / "pages"


def write(folder, studies, experiments, repository, ref):
    """Write pages below ``folder``; ``experiments`` is the project's folder of that name."""
    found = {study.name: from_notebook(study.notebook) for study in studies}
    swept = {study.name: tables for study in studies if (tables := sweeps.tables(experiments / study.name))}
    claims = [claim for one in found.values() for claim in one["claims"]]
    summary = f"{len(studies)} {'study' if len(studies) == 1 else 'studies'}: {text.counted(claims)}."
    cards = "\n".join(_chapter_of_cards(chapter, members, found, folder) for chapter, members in _chapters(studies))
    _page(folder, "index", summary=summary, cards=cards, sweeps_entry="sweeps" if swept else "")
    _page(folder, "claims", summary=summary, tables="\n".join(_claims(study, found[study.name]) for study in studies))
    hosted, provenance = hosting.section(repository, ref), _provenance(studies, found)
    _page(folder, "run", study=studies[0].name.split("/")[-1], hosted=hosted, provenance=provenance)
    _page(folder, "cite", workbench=_bibtex_workbench(), papers="\n".join(_bibtex(study) for study in studies))
    if swept:
        parts = [f"## {text.plain(s.title)}\n\n{sweeps.section(swept[s.name])}" for s in studies if s.name in swept]
        (folder / "sweeps.md").write_text("# Sweep results\n\n" + "\n".join(parts), encoding="utf-8")
    _studies_index(folder, studies)
    for study in studies:
        _study(folder, study, found[study.name], swept.get(study.name), repository, ref)


def _page(folder, name, **parts):
    content = (TEMPLATES / f"{name}.md").read_text(encoding="utf-8")
    content = re.sub(r"@@(\w+)@@", lambda match: parts[match.group(1)], content)
    (folder / f"{name}.md").write_text(content, encoding="utf-8")


def _chapters(studies):
    """Pairs of a chapter's name for people and its studies, in the order of the studies."""
    chapters = {}
    for study in studies:
        chapters.setdefault(study.name.split("/")[0].replace("_", " ").capitalize(), []).append(study)
    return chapters.items()


def _chapter_of_cards(chapter, studies, found, folder):
    cards = "\n".join(_card(study, found[study.name], folder) for study in studies)
    return f"## {text.plain(chapter)}\n\n:::::{{grid}} 1 1 2 2\n:gutter: 3\n\n{cards}\n:::::\n"


def _card(study, found, folder):
    png, alt = cover(study)
    path = folder / "figures" / f"{study.name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(base64.b64decode(png))
    return f"""::::{{grid-item-card}} {text.plain(study.title)}
:img-top: figures/{study.name}.png
:img-alt: {" ".join(alt.split())}
:link: studies/{study.name}
:link-type: doc
:link-alt: {" ".join(study.title.split())}

{text.plain(study.summary)}

:::{{card-footer}}
{" · ".join(filter(None, [text.plain(_paper(study)), text.counted(found["claims"]), study.effort]))}
:::
::::
"""


def _paper(study):
    return f"{study.paper.get('authors', '')} ({study.paper.get('year', '')})"


def _claims(study, found):
    rows = [
        [
            f"**{text.plain(claim['identifier'])}** {text.plain(claim['statement'])}<br>"
            f"{text.plain(claim['source'])}. {text.plain(claim['check'])}",
            text.plain(show_number(claim["theory"])),
            text.plain(show_measured(claim)),
            text.verdict(claim["verdict"]),
            ("rejected: " if claim["control"]["rejected"] else "not rejected: ")
            + text.plain(claim["control"]["description"]),
        ]
        for claim in found["claims"]
    ]
    columns = ["Claim, its source and test", "Theory", "Simulated", "Verdict", "Control, which the test must reject"]
    heading = f"## [{text.plain(study.title)}](studies/{study.name}.ipynb)"
    count = text.counted(found["claims"]).capitalize()
    return f"{heading}\n\n{count}.\n\n{text.list_table(columns, rows, '40 10 15 10 25')}"


def _studies_index(folder, studies):
    lines = ["# Studies", ""]
    for chapter, members in _chapters(studies):
        lines += [f"## {text.plain(chapter)}", ""]
        for study in members:
            said = text.plain(study.summary)
            if study.effort:
                before = ", ".join(study.entry["prerequisites"])
                said += f" {study.effort.capitalize()}. Know before: {text.plain(before)}."
            lines += [f"[{text.plain(study.title)}]({study.name}.ipynb)", f": {said}", ""]
    lines += ["```{toctree}", ":hidden:", "", *(study.name for study in studies), "```", ""]
    path = folder / "studies" / "index.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines), encoding="utf-8")


def _study(folder, study, found, tables, repository, ref):
    notebook = for_reading(study)
    links = {"Slides": f"../../slides/{study.name}.html", "Notebook": f"../../notebooks/{study.name}.ipynb"}
    links.update(hosting.links(study.name, repository, ref))
    buttons = " ".join(f'<a href="{url}">{name}</a>' for name, url in links.items())
    buttons = text.raw(f'<p class="study-links">{buttons}</p>')
    head = f"{text.counted(found['claims']).capitalize()}.\n\n{buttons}"
    tail = []
    if tables:
        tail.append(f"## Sweep results\n\n{sweeps.section(tables)}")
    tail.append(f"## Run this study\n\n```sh\nworkbench run {study.name}\n```\n\n{_parameters(study)}")
    tail.append(f"## Cite\n\n{_bibtex(study)}")
    cells = notebook["cells"]
    notebook["cells"] = [cells[0], _markdown("site-head", head), *cells[1:]]
    notebook["cells"] += [_markdown(f"site-tail-{i}", part) for i, part in enumerate(tail)]
    path = folder / "studies" / f"{study.name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**notebook, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")


def _markdown(identifier, source):
    return {"cell_type": "markdown", "id": identifier, "metadata": {}, "source": source}


def _parameters(study):
    columns = ["parameter", "default", "meaning and range"]
    rows = [
        [f"`{p.name}`", f"`{p.default!r}`", f"{text.plain(p.help)} {text.plain(p.allowed)}"]
        for p in parameters.declared(study.notebook, study.name).values()
    ]
    presets = "\n".join(
        f"* `--preset {name}`: " + ", ".join(f"`{key}={value!r}`" for key, value in values.items())
        for name, values in study.presets.items()
    )
    return f"{text.list_table(columns, rows, '25 20 55')}\n{presets}\n"


def _provenance(studies, found):
    rows = []
    for study in studies:
        run = found[study.name]["provenance"]
        commit = (run["git"]["commit"] or "none")[:10] + (" with changes" if run["git"]["dirty"] else "")
        versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
        rows.append(
            [f"`{study.name}`", f"{run['seconds']:.0f} s", text.plain(run["cpu"]), f"`{commit}`", text.plain(versions)]
        )
    return text.list_table(["study", "took", "on", "commit", "versions"], rows, "25 8 17 15 35")


def _bibtex(study):
    paper = study.paper
    authors = " and ".join(re.split(r", | & ", paper.get("authors", "").replace(" et al.", ", others")))
    key = re.sub(r"\W", "", authors.split(" and ")[0].lower()) + str(paper.get("year", ""))
    return f"""```bibtex
@article{{{key},
  author = {{{authors}}},
  title  = {{{{{paper.get("title", "")}}}}},
  year   = {{{paper.get("year", "")}}},
  note   = {{arXiv:{paper.get("arxiv", "")}}},
}}
```
"""


def _bibtex_workbench():
    return f"""@software{{theory_workbench,
  title   = {{{{Theory workbench: theory-driven results from papers, reproduced one notebook at a time}}}},
  version = {{{workbench.__version__}}},
}}"""
