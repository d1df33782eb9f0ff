"""Sliders over a study's curves in JupyterLab, and one still figure wherever no widget can run.

A notebook's *Explore* cell is a function that draws, and sliders for its arguments::

    def curves(noise):
        figure, axes = figures.subplots()
        ...
        return figure, f"Risk against ... for noise {noise:g} ..."

    explore(curves, noise=Slider("noise σ", start=2.0, low=0.5, high=8.0, step=0.5))

Executed without a reader (papermill, nbval, ``workbench run``) it shows the figure at the starting values and nothing
else, so committed outputs hold no widget state. ``curves`` should take well under a second: it runs at every move.
"""

import html
import os
from typing import NamedTuple

from workbench import figures


class Slider(NamedTuple):
    """One argument of the drawing: what it is, its first value, and the values it can take."""

    label: str
    start: float
    low: float
    high: float
    step: float


def explore(draw, **sliders):
    """Show ``draw(**values)`` with a slider for each value where a reader can move it, else as a still figure.

    Parameters
    ----------
    draw : callable
        Returns a figure and its description (see :func:`workbench.figures.show`) for the values of the sliders.
    **sliders : Slider
        By argument of ``draw``. Whole-number starts and steps make whole-number values.
    """
    for name, slider in sliders.items():
        if not slider.low <= slider.start <= slider.high or not slider.step > 0:
            raise ValueError(f"slider {name!r}: start must lie in [low, high] and step be positive, got {slider}")
    figure, alt = draw(**{name: slider.start for name, slider in sliders.items()})
    if _reader_present():
        _show_widgets(draw, sliders, figure, alt)
    else:
        figures.show(figure, alt)


def _reader_present():
    """Whether a Jupyter server started this kernel for a notebook that somebody has open (it says so to the kernel)."""
    return "JPY_SESSION_NAME" in os.environ


def _show_widgets(draw, sliders, figure, alt):
    import ipywidgets
    from IPython.display import display

    controls = {name: _control(slider) for name, slider in sliders.items()}
    data, metadata = figures.bundle(figure, alt)
    picture = ipywidgets.HTML(_img(data))

    def redraw(_):
        picture.value = _img(figures.bundle(*draw(**{name: control.value for name, control in controls.items()}))[0])

    for control in controls.values():
        control.observe(redraw, names="value")
    box = ipywidgets.VBox([*controls.values(), picture])
    # The still figure goes along, for where the saved notebook is read without a kernel.
    display({**box._repr_mimebundle_(), **data}, raw=True, metadata=metadata)


def _control(slider):
    import ipywidgets

    whole = all(isinstance(number, int) for number in slider[1:])
    kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
    return kind(
        slider.start,
        min=slider.low,
        max=slider.high,
        step=slider.step,
        description=slider.label,
        continuous_update=False,
        style={"description_width": "14em"},
        layout={"width": "36em", "max_width": "100%"},
    )


def _img(data):
    alt = html.escape(data["text/plain"])
    return f'<img src="data:image/png;base64,{data["image/png"]}" alt="{alt}" style="max-width: 100%">'
