"""The Explore helper: one still figure without a reader, sliders that redraw with one."""

import matplotlib

matplotlib.use("Agg")

import pytest  # noqa: E402

from workbench import figures  # noqa: E402
from workbench.explore import Slider, explore  # noqa: E402
from workbench.runner import project  # noqa: E402

STUDIES = project.study_names()


def drawing(slope):
    figure, axes = figures.subplots()
    axes.plot([0, 1], [0, slope])
    return figure, f"A straight line through the origin with slope {slope:g}."


@pytest.fixture
def shown(monkeypatch):
    from IPython import display

    found = []
    monkeypatch.setattr(display, "display", lambda data, raw, metadata: found.append((data, metadata)))
    return found


def test_without_a_reader_one_still_figure_and_no_widget(shown, monkeypatch):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    explore(drawing, slope=Slider("slope", start=2.0, low=0.0, high=3.0, step=0.5))
    ((data, metadata),) = shown
    assert set(data) == {"image/png", "text/plain"}
    assert metadata["image/png"]["alt"] == "A straight line through the origin with slope 2."


def test_with_a_reader_sliders_that_redraw_and_the_still_figure_beside(shown, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "study.ipynb")
    boxes = []
    import ipywidgets

    class Box(ipywidgets.VBox):
        def __init__(self, children):
            super().__init__(children)
            boxes.append(self)

    monkeypatch.setattr(ipywidgets, "VBox", Box)
    explore(drawing, slope=Slider("slope", 1, 0, 3, 1))
    ((data, _),) = shown
    assert {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"} <= set(data)
    control, picture = boxes[0].children
    assert isinstance(control, ipywidgets.IntSlider) and control.description == "slope"
    before = picture.value
    control.value = 3
    assert picture.value != before and "slope 3." in picture.value


@pytest.mark.parametrize("slider", [Slider("x", 5, 0, 3, 1), Slider("x", 1, 0, 3, 0)])
def test_a_slider_that_cannot_be_is_refused(slider):
    with pytest.raises(ValueError, match="slider 'slope'"):
        explore(drawing, slope=slider)


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_has_an_explore_cell_whose_curves_exist_on_the_whole_range(name, monkeypatch, shown):
    """The cells it needs are run, and the drawing at the ends of every slider."""
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    namespace = {}
    for cell in project.load(name).notebook["cells"]:
        if cell["id"] in ("parameters", "setup", "explore"):
            exec("".join(cell["source"]), namespace)
        if cell["id"] == "explore":
            (output,) = cell["outputs"]
            assert set(output["data"]) == {"image/png", "text/plain"}, "execute the notebook without a reader"
            break
    assert shown[-1][0]["text/plain"] == "".join(output["data"]["text/plain"])
    drawn = set()
    monkeypatch.setitem(namespace, "explore", lambda draw, **sliders: drawn.update(_everywhere(draw, sliders)))
    exec("".join(cell["source"]).replace("import Slider, explore", "import Slider"), namespace)
    assert len(drawn) >= 4


def _everywhere(draw, sliders):
    start = {name: slider.start for name, slider in sliders.items()}
    for name, slider in sliders.items():
        for value in (slider.low, slider.high):
            data, _ = figures.bundle(*draw(**{**start, name: value}))
            assert "nan" not in data["text/plain"]
            yield data["image/png"]
