"""Look into the results: print, export, ask in SQL, find a point's notebook."""

import shutil
from pathlib import Path

from workbench.errors import UserError, nearest
from workbench.runner.files import check_writable, replacing
from workbench.sweep import store

SHOWN_ROWS = 40
SHOWN_COLUMNS = 9
_RUN_COLUMNS = ("attempts", "notebook", "code", "commit", "cpu")


def frame(folder, table="results"):
    """The results table, or a recorded one, as a pandas DataFrame."""
    import pyarrow.parquet as pq

    known = tables(folder)
    if table not in known:
        raise UserError(f"there is no table {table!r}.{nearest(table, known)} There are: {', '.join(known)}.")
    return pq.read_table(known[table]).to_pandas(ignore_metadata=True)


def tables(folder):
    """Paths of the Parquet files by name: ``results`` and the recorded tables."""
    folder = Path(folder)
    return {"results": folder / store.RESULTS, **{p.stem: p for p in sorted((folder / store.TABLES).glob("*.parquet"))}}


def query(folder, sql):
    """Rows of an SQL query over ``results`` and the recorded tables; ``(columns, rows)``.

    The query sees these tables only: no other file, no network, no extension.
    """
    try:
        import duckdb
    except ImportError:
        raise UserError("--sql needs DuckDB: pip install 'workbench[sweep]'") from None
    with duckdb.connect() as connection:
        for name, path in tables(folder).items():
            quoted = str(path).replace("'", "''")
            connection.execute(f"CREATE TABLE \"{name}\" AS SELECT * FROM read_parquet('{quoted}')")
        connection.execute("SET enable_external_access = false; SET lock_configuration = true")
        try:
            found = connection.execute(sql)
            return [column[0] for column in found.description], found.fetchall()
        except duckdb.Error as error:
            raise UserError(f"--sql: {' '.join(str(error).split())[:400]}") from None


def export(folder, csv=None, parquet=None):
    """Write the results table as CSV or Parquet, whole or not at all."""
    for path in filter(None, (csv, parquet)):
        check_writable(path)
    source = Path(folder) / store.RESULTS
    if parquet:
        with replacing(parquet) as target:
            shutil.copyfile(source, target)
    if csv:
        from pyarrow import csv as arrow_csv
        from pyarrow import parquet as pq

        with replacing(csv) as target, pq.ParquetFile(source) as table:
            with arrow_csv.CSVWriter(target, table.schema_arrow) as writer:
                for batch in table.iter_batches():
                    writer.write_batch(batch)


def write_rows(names, rows, path):
    """The rows of a query as a CSV file."""
    import csv

    check_writable(path)
    with replacing(path) as target, open(target, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([names, *rows])


def point_row(folder, wanted):
    """The row of a point by the beginning of its key or by its number in the table, from 0."""
    rows = frame(folder)
    if str(wanted).isdigit() and len(str(wanted)) < 7:
        if int(wanted) >= len(rows):
            raise UserError(f"there is no row {wanted}; the table has {len(rows)} rows, from 0")
        return rows.iloc[int(wanted)]
    found = rows[rows["key"].str.startswith(str(wanted))]
    if len(found) != 1:
        what = f"{len(found)} points begin" if len(found) else "no point begins"
        raise UserError(f"{what} with the key {wanted!r}; 'workbench results SPEC' shows the keys")
    return found.iloc[0]


def shown(folder, facts):
    """``(columns, rows, number of all rows)`` for the terminal: what varies, what was recorded, how it went."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(Path(folder) / store.RESULTS) as source:
        total = source.metadata.num_rows
        head = next(source.iter_batches(SHOWN_ROWS)).to_pylist() if total else []
    constant = set(head[0]) & set(_constant(facts)) if head else set()
    names = [name for name in (head[0] if head else []) if name not in constant and name not in _RUN_COLUMNS]
    names = [name for name in names if name != "reason" or any(row["reason"] for row in head)]
    ends = [name for name in ("status", "reason", "seconds") if name in names]
    names = [name for name in names if name not in ends][:SHOWN_COLUMNS] + ends
    return names, [[row[name] for name in names] for row in head], total


def _constant(facts):
    """Columns of parameters that the design does not vary."""
    from workbench.runner import parameters, project

    declared = parameters.declared(project.load(facts["study"]).notebook)
    return [name for name in declared if name not in facts["axes"]]


def column(names, given, option):
    """A column's name, or a sentence with the nearest one."""
    if given not in names:
        raise UserError(f"{option} {given!r} is not a column.{nearest(given, names)} There are: {', '.join(names)}.")
    return given
