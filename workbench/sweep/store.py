"""The results as Parquet: one row per point and replicate, recorded tables and claims in long form beside it.

Made from the journal, in the design's order, a batch at a time: the same whatever executed the points and when. Each
file appears whole or not at all, and carries the manifest in its metadata.
"""

import json
import os
import shutil
import tempfile
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

from workbench.errors import UserError
from workbench.sweep import columns, manifest
from workbench.sweep.drive import notebook_of

RESULTS = "results.parquet"
TABLES = "tables"
BATCH = 5000
_METADATA = b"workbench"


def write(plan):
    """Write ``results.parquet`` and ``tables/*.parquet`` of a plan's folder from its journal; returns the manifest.

    Raises
    ------
    UserError
        If the disk is full or cannot be written; what was there before is left.
    """
    folder = Path(plan.folder)
    try:
        with tempfile.TemporaryDirectory(prefix=".results-", dir=folder) as temporary:
            facts = _write_into(plan, Path(temporary))
            old = folder / TABLES
            shutil.rmtree(old, ignore_errors=True)
            os.replace(Path(temporary) / TABLES, old)
            os.replace(Path(temporary) / RESULTS, folder / RESULTS)
    except OSError as error:
        why = error.strerror or str(error)
        raise UserError(f"cannot write {folder / RESULTS}: {why}; the journal is kept, run it again") from None
    return facts


def _write_into(plan, folder):
    (folder / TABLES).mkdir()
    kinds, tables = _survey(plan)
    facts = manifest.manifest(plan)
    with ExitStack() as stack:
        outputs = {None: _writer(stack, folder / RESULTS, _schema(plan, kinds), facts)}
        for name, found in tables.items():
            schema = {"key": "string", "replicate": "int64", "row": "int64", **_axes(plan, kinds["parameters"])}
            outputs[name] = _writer(
                stack, folder / TABLES / f"{name}.parquet", {**schema, **_apart(found.types(), schema)}, facts
            )
        for batch in _batches(executed(plan)):
            for name, (schema, writer) in outputs.items():
                rows = [row for point in batch for row in _lines(plan, name, *point)]
                if rows:
                    writer.write_table(_arrow(rows, schema))
    return facts


def executed(plan):
    """``(key, row)`` of every point that has run, in the design's order."""
    with plan.journal.reader() as source:
        for raw in plan.raw_keys():
            row = plan.journal.row(raw, source)
            if row is not None:
                yield raw.hex(), row


def _survey(plan):
    """Types of parameters and scalars, and those of each table's columns."""
    parameters, scalars, tables = columns.Columns(), columns.Columns(), {}
    for _, row in executed(plan):
        parameters.note(row["values"])
        scalars.note(row["scalars"])
        for name, table in _tables(row):
            for line in table:
                tables.setdefault(name, columns.Columns()).note(line)
    return {"parameters": parameters.types(), "scalars": scalars.types()}, tables


def _tables(row):
    yield from sorted(row["tables"].items())
    if row["claims"]:
        yield "claims", [_claim(claim) for claim in row["claims"]]


def _claim(claim):
    kept = {name: claim[name] for name in ("identifier", "statement", "theory", "simulated", "se", "verdict")}
    control = claim["control"]
    return {**kept, "control": control["description"], "control_rejected": control["rejected"]}


def _schema(plan, kinds):
    names = {columns.parameter_name(name): kind for name, kind in kinds["parameters"].items()}
    taken = kinds["parameters"]
    scalars = {columns.recorded_name(name, taken): kind for name, kind in sorted(kinds["scalars"].items())}
    texts = dict.fromkeys(("reason", "notebook", "code", "commit", "cpu"), "string")
    ends = {"status": "string", "reason": "string", "seconds": "float64", "attempts": "int64", **texts}
    return {"key": "string", **names, "replicate": "int64", **scalars, **ends}


def _axes(plan, kinds):
    return {columns.parameter_name(name): kinds[name] for name in plan.design.axes if name in kinds}


def _apart(kinds, taken):
    """A table's own columns, renamed where a leading column has their name."""
    return {f"recorded_{name}" if name in taken else name: kind for name, kind in kinds.items()}


def _lines(plan, table, key, row):
    values = {columns.parameter_name(name): value for name, value in row["values"].items()}
    if table is None:
        scalars = {columns.recorded_name(name, row["values"]): value for name, value in row["scalars"].items()}
        rest = {name: row[name] for name in ("replicate", "status", "reason", "seconds", "attempts", "commit", "cpu")}
        notebook = notebook_of(key) if row["bytes"] else None
        yield {**values, **scalars, **rest, "key": key, "notebook": notebook, "code": plan.code}
        return
    lead = {"key": key, "replicate": row["replicate"]}
    lead.update((columns.parameter_name(name), row["values"][name]) for name in plan.design.axes)
    taken = {*lead, "row"}
    for number, line in enumerate(dict(_tables(row)).get(table, [])):
        yield {**lead, "row": number, **{f"recorded_{n}" if n in taken else n: v for n, v in line.items()}}


def _writer(stack, path, schema, facts):
    import pyarrow as pa
    import pyarrow.parquet as pq

    named = {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64()}
    schema = pa.schema([(name, named.get(kind, kind)) for name, kind in schema.items()])
    schema = schema.with_metadata({_METADATA: json.dumps(facts).encode()})
    return schema, stack.enter_context(pq.ParquetWriter(path, schema, compression="zstd"))


def _arrow(rows, schema):
    import pyarrow as pa

    arrays = [pa.array([columns.fit(row.get(f.name), f.type) for row in rows], f.type) for f in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _batches(iterable):
    iterator = iter(iterable)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def read_manifest(folder):
    """The manifest of a folder's results, None where there are none that can be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return json.loads(pq.read_schema(Path(folder) / RESULTS).metadata[_METADATA])
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
        return None
