"""Figures for people: one style, colours that the colour-blind can tell apart, and a description for each figure."""

import base64
import io

# Okabe and Ito's palette (2008), without yellow, which is too faint on white.
COLORS = {
    "blue": "#0072B2",
    "orange": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "amber": "#E69F00",
    "black": "#000000",
}
WIDTH = 7.0  # inches: a text column at which the labels below stay legible


def subplots(n_columns=1, height=3.4, **options):
    """``matplotlib.pyplot.subplots(1, n_columns)`` in the house style, ``WIDTH`` inches wide."""
    import matplotlib.pyplot as plt

    plt.rcParams.update(
        {
            "axes.prop_cycle": plt.cycler(color=list(COLORS.values())),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.alpha": 0.25,
            "font.size": 9,
            "legend.frameon": False,
            "lines.linewidth": 1.8,
            "lines.markersize": 5,
            "figure.facecolor": "white",
        }
    )
    return plt.subplots(1, n_columns, figsize=(WIDTH, height), layout="constrained", **options)


def show(figure, alt):
    """Display a figure with its description for those who cannot see it, and close it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    alt : str
        What the figure shows and what to conclude from it: a sentence or two of at least 20 characters. It is stored as
        the output's alternative text, where nbconvert and the site look for it, and as its plain-text form.
    """
    from IPython.display import display

    data, metadata = bundle(figure, alt)
    display(data, raw=True, metadata=metadata)


def bundle(figure, alt):
    """What :func:`show` displays, as MIME data and metadata; closes the figure."""
    if not isinstance(alt, str) or len(alt.strip()) < 20:
        raise ValueError("alt must describe what the figure shows, in a sentence of at least 20 characters")
    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=144)
    plt.close(figure)
    width, height = (round(inches * 96) for inches in figure.get_size_inches())
    data = {"image/png": base64.b64encode(buffer.getvalue()).decode(), "text/plain": alt}
    return data, {"image/png": {"alt": alt, "width": width, "height": height}}
