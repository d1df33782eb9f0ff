import base64

import matplotlib
import pytest

matplotlib.use("agg")

from workbench import figures  # noqa: E402


def test_a_figure_carries_its_description_and_is_closed(monkeypatch):
    import IPython.display
    import matplotlib.pyplot as plt

    shown = []
    monkeypatch.setattr(IPython.display, "display", lambda bundle, raw, metadata: shown.append((bundle, metadata)))
    fig, axes = figures.subplots(2)
    axes[0].plot([1, 2], [3, 4])
    figures.show(fig, alt="A line that rises from 3 to 4 over two points.")
    (bundle, metadata), png = shown[0], base64.b64decode(shown[0][0]["image/png"])
    assert png.startswith(b"\x89PNG")
    assert metadata["image/png"]["alt"] == bundle["text/plain"] == "A line that rises from 3 to 4 over two points."
    assert metadata["image/png"]["width"] == 672  # 7 inches at 96 per inch
    assert plt.get_fignums() == []


@pytest.mark.parametrize("alt", ["", "risk", None])
def test_a_figure_without_a_description_is_refused(alt):
    with pytest.raises(ValueError, match="at least 20 characters"):
        figures.show(None, alt=alt)


def test_no_two_colours_share_a_lightness_and_none_is_faint():
    def luminance(colour):
        red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    values = [luminance(colour) for colour in figures.COLORS.values()]
    assert len(set(values)) == len(values) and max(values) < 0.72  # none too faint on white
