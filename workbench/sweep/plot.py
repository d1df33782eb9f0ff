"""A figure of a sweep: a recorded scalar against an axis, with intervals over replicates."""

import math

from workbench.errors import UserError
from workbench.sweep import results

MAX_SERIES = 12


def summary(rows, x, y, by):
    """Mean, half width of the 95 % t interval and count of ``y`` for each value of ``x`` and of the columns ``by``.

    Parameters
    ----------
    rows : DataFrame
    x, y : str
    by : list of str

    Returns
    -------
    DataFrame
        Columns ``by``, x, ``mean``, ``half`` (NaN for a single replicate) and ``count``.
    """
    from scipy.stats import t

    groups = rows.groupby([*by, x], dropna=False, sort=True)[y]
    found = groups.agg(["mean", "std", "count"]).reset_index()
    quantile = t.ppf(0.975, (found["count"] - 1).clip(lower=1))
    found["half"] = (quantile * found["std"] / found["count"] ** 0.5).where(found["count"] > 1)
    return found


def figure(folder, facts, x, y, hue=None, facet=None, table="results"):
    """Draw the figure; returns it, for the caller to save.

    Raises
    ------
    UserError
        For a column that does not exist or holds no numbers, and for more than 12 lines or panels.
    """
    rows = results.frame(folder, table)
    for given, option in ((x, "--x"), (y, "--y"), (hue, "--hue"), (facet, "--facet")):
        if given is not None:
            results.column(list(rows.columns), given, option)
    if table == "results":
        rows = rows[rows["status"] == "done"]
    rows = rows.dropna(subset=[y])
    if rows.empty:
        raise UserError(f"no finished point has a value of {y!r}")
    if rows[y].dtype.kind not in "iufb":
        raise UserError(f"--y {y!r} holds no numbers")
    by = list(dict.fromkeys(name for name in (facet, hue) if name is not None and name != x))
    if rows[x].dtype.kind == "f" and rows[x].nunique() > 100:
        import pandas

        rows = rows.assign(**{x: pandas.qcut(rows[x], 20, duplicates="drop").map(lambda part: part.mid).astype(float)})
    return _draw(summary(rows, x, y, by), facts, x, y, hue, facet)


def _draw(table, facts, x, y, hue, facet):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels, lines = _values(table, facet, "--facet"), _values(table, hue, "--hue")
    across = min(len(panels), 3)
    down = math.ceil(len(panels) / across)
    fig = Figure(figsize=(1.2 + 4.2 * across, 0.6 + 3.2 * down), layout="constrained")
    FigureCanvasAgg(fig)
    axes = fig.subplots(down, across, squeeze=False, sharex=True, sharey=True).ravel()
    for panel, axis in zip(panels, axes, strict=False):
        for line in lines:
            part = _where(_where(table, facet, panel), hue, line)
            if part.empty:
                continue
            axis.errorbar(
                part[x], part["mean"], yerr=part["half"].fillna(0), marker="o", ms=4, capsize=3, label=_text(line)
            )
        if facet is not None:
            axis.set_title(f"{_text(facet)} = {_text(panel)}")
        axis.set_xlabel(_text(x))
        axis.set_ylabel(_text(y))
        axis.grid(alpha=0.3)
    for axis in axes[len(panels) :]:
        axis.remove()
    if hue is not None:
        axes[0].legend(title=_text(hue))
    least, most = table["count"].min(), table["count"].max()
    n = f"{least}" if least == most else f"{least} to {most}"
    bars = "bars: 95 % t intervals of the mean" if most > 1 else "one value each"
    fig.suptitle(_text(f"{facts['study']}; n = {n} a point, {bars}"), fontsize=9)
    return fig


def _values(table, name, option):
    found = [None] if name is None else list(table[name].unique())
    if len(found) > MAX_SERIES:
        raise UserError(f"{option} {name!r} has {len(found)} values; at most {MAX_SERIES} can be told apart")
    return found


def _where(table, name, value):
    return table if name is None else table[table[name].isna() if value != value else table[name] == value]


def _text(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("$", r"\$")
