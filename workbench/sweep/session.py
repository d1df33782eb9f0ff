"""A whole sweep: check, lock, execute, write the table. What the command line calls, and notebooks may call."""

import datetime
from pathlib import Path

from workbench.errors import UserError
from workbench.runner import provenance
from workbench.runner.files import write_atomically
from workbench.sweep import drive, executors, folder, plan, report, store
from workbench.sweep.progress import Silent


def prepare(spec, where, only_failed=False):
    """The plan of a spec in a folder, which is checked first; nothing is made."""
    where = Path(where)
    folder.check(where)
    made = plan.make(spec, where, only_failed)
    study = made.design.study.name
    for run in made.journal.runs[-1:]:
        if run["study"] != study:
            raise UserError(f"{where} holds a sweep of {run['study']}; name another folder for {study}")
    return made


def sweep(made, options=None, cluster=None, workers=None, watch=None, pick=None):
    """Execute the pending points of a prepared plan.

    Returns
    -------
    drive.Outcome

    Raises
    ------
    UserError
        If the folder is another process's, a disk is full, or a cluster cannot be reached. What was journalled stays.
    """
    executors.check(cluster)
    with folder.lock(made.folder):
        made = plan.make(made.spec, made.folder, made.only_failed)  # under the lock: another may just have finished
        journal = made.journal.open()
        try:
            git = provenance.git_state(made.design.study.path.parent)
            journal.add_run(_run(made, git))
            write_atomically(made.folder / "spec.yaml", made.spec.path.read_text(encoding="utf-8"))
            with executors.open_executor(cluster, workers) as (executor, window):
                outcome = drive.drive(made, executor, window, options or drive.Options(), git, watch or Silent(), pick)
                if outcome.interrupted < 2:
                    facts = store.write(made)
                    report.write(made, facts)
        finally:
            journal.close()
    return outcome


def refresh(made):
    """Results that match the journal: those on the disk, or made anew where a sweep was killed before writing them.

    Raises
    ------
    UserError
        If nothing has run yet.
    """
    if not (made.journal.done or made.journal.failed):
        raise UserError(f"no point of {made.spec.path.name} has run in {made.folder}; run it: workbench sweep SPEC")
    last = made.journal.runs[-1]["code"]
    if last != made.code:  # what has run, even though the code has changed since
        made.parts, made.code = made.journal.parts_of(last), last
    facts = store.read_manifest(made.folder)
    from workbench.sweep.manifest import spec_digest

    same = facts and facts["journal_bytes"] == made.journal.size and facts["spec_digest"] == spec_digest(made.spec)
    if not same:
        with folder.lock(made.folder):
            facts = store.write(made)
            report.write(made, facts)
    return facts


def _run(made, git):
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"study": made.design.study.name, "code": made.code, "parts": made.parts, "git": git, "started": now}
