"""The manifest: what a results file is and where it comes from. No user, host or path of a machine."""

import platform
from collections import Counter

import workbench
from workbench.runner.provenance import cpu_class
from workbench.sweep.design import canonical
from workbench.sweep.fingerprint import text_digest


def manifest(plan):
    """Facts of a finished or interrupted sweep, as plain data."""
    journal, statuses = plan.journal, Counter()
    for raw in plan.raw_keys():
        statuses["done" if raw in journal.done else "failed" if raw in journal.failed else "not run"] += 1
    run = journal.runs[-1] if journal.runs else {}
    return {
        "format": 1,
        "workbench": workbench.__version__,
        "study": plan.design.study.name,
        "paper": plan.design.study.paper,
        "spec": plan.spec.content,
        "spec_digest": spec_digest(plan.spec),
        "axes": list(plan.design.axes),
        "points": len(plan.design),
        "counts": dict(statuses),
        "seed_root": plan.spec.model.seed,
        "seed_rule": "SeedSequence([root, SHA-256 of the axes not shared, replicate])",
        "code": plan.code,
        "parts": plan.parts,
        "created": run.get("started"),
        "git": run.get("git"),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpu": cpu_class(),
        "journal_bytes": journal.size,
    }


def spec_digest(spec):
    """A digest of what a spec says; comments and layout do not count."""
    return text_digest(canonical(spec.content))
