"""The result tables of sweeps, ``experiments/<chapter>/<study>/*.{parquet,csv}``, as the site shows them."""

from workbench.errors import UserError
from workbench.recording import show_number
from workbench.site import text

ROWS = 40  # shown; the file has all


def tables(folder):
    """Name to DataFrame for each result table in a study's folder of experiments."""
    return {path.stem: _read(path) for path in sorted(folder.glob("*")) if path.suffix in (".parquet", ".csv")}


def _read(path):
    import pandas

    try:
        return pandas.read_parquet(path) if path.suffix == ".parquet" else pandas.read_csv(path)
    except (OSError, ValueError, ImportError) as error:
        raise UserError(f"cannot read the result table {path.name}: {error}") from None


def section(found):
    """Markdown with the beginning of each table."""
    return "\n".join(_one(name, frame) for name, frame in found.items())


def _one(name, frame):
    shown = frame.head(ROWS)
    rows = [[show_number(_plain(value)) for value in row] for row in shown.itertuples(index=False)]
    label = f"Sweep {name}"
    count = f"{len(frame)} points" if len(shown) == len(frame) else f"The first {len(shown)} of {len(frame)} points"
    return f"### {text.plain(name)}\n\n{count}.\n\n{text.raw(text.table(map(str, frame.columns), rows, label))}"


def _plain(value):
    value = value.item() if hasattr(value, "item") else value
    return None if value != value else value
