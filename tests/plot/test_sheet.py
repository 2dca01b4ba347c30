"""The look of pictures: style, width, panels, labels and colors do what they say, and what cannot be is refused."""

import itertools
import re

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from bandg.base.errors import BandgError
from bandg.data.compare import TheoryCurve
from bandg.data.measured import MeasuredPoint
from bandg.plot import save, style
from bandg.plot.overlay import plot_overlay
from bandg.plot.points import series_of
from bandg.plot.style import STYLES, formulas, number, pt

X = np.linspace(1.6, 2.4, 5)
CURVES = [TheoryCurve(name, X, {"g_e": 3 - X, "g_h": X - shift}, X * np.nan) for name, shift in (("a", 1), ("b-1", 2))]
POINTS = [
    MeasuredPoint(1.8, "g_e", 1.2, 0.02, "A", source="own.csv"),
    MeasuredPoint(1.8, "g_h", 0.8, 0.3, "A", source="own.csv"),
]


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def draw(**look):
    """A picture whose height is not looked for, which takes most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bandg.plot.overlay.grow", lambda *_: None)
        return plot_overlay(CURVES, POINTS, **look)


def test_a_file_is_as_wide_as_asked_for(tmp_path):
    for width, mm in (("86mm", 86), ("8.6cm", 86), ("4in", 101.6), (120, 120)):
        axes = draw(width=width, panels=["g_e"])
        assert axes[0].get_figure().get_figwidth() * 25.4 == pytest.approx(mm, abs=0.01)
    save(axes, tmp_path / "a.svg")
    points = re.search(r'<svg [^>]*width="([0-9.]+)pt"', (tmp_path / "a.svg").read_text())
    assert float(points[1]) / 72 * 25.4 == pytest.approx(120, abs=0.01)


def test_narrow_pictures_have_their_panels_below_each_other():
    for width, same in (("86mm", False), ("178mm", True)):
        one, other = plot_overlay(CURVES, POINTS, width=width)
        assert (one.get_subplotspec().rowspan == other.get_subplotspec().rowspan) == same


def test_styles_scale_text_lines_and_markers():
    found = {}
    for name in STYLES:
        axes = draw(style=name)
        caps = max(line.get_markersize() for line in axes[0].lines if line.get_marker() == "_")
        found[name] = (axes[0].xaxis.label.get_fontsize(), axes[0].lines[0].get_linewidth(), caps)
        with style(name):
            assert pt(8) == found[name][0] == matplotlib.rcParams["font.size"]
    paper = np.array(found["paper"])
    assert np.array(found["talk"]) / paper == pytest.approx(14 / 8, rel=0.08)
    assert np.array(found["poster"]) / paper == pytest.approx(3, rel=0.08)


def test_a_style_of_ones_own_comes_after_that_of_the_paper(tmp_path):
    (tmp_path / "own.mplstyle").write_text("lines.linewidth: 4\n")
    (one, _) = draw(style=tmp_path / "own.mplstyle")
    assert one.lines[0].get_linewidth() == 4 and one.xaxis.label.get_fontsize() == 8


def test_panels_labels_and_colors():
    axes = draw(panels=["g_h", "g_bx", "g_e+g_h"], labels=["first", r"$E_\mathrm{g}$"], colors=["red", "#00FF00"])
    assert [one.get_ylabel() for one in axes[:1]] == [r"$g_{\mathrm{h}}$"] and len(axes) == 3
    assert axes[0].lines[0].get_ydata()[0] == pytest.approx(axes[0].lines[0].get_xdata()[0] - 1)
    assert [line.get_color() for line in axes[0].lines[:2]] == ["red", "#00FF00"]
    texts = [text.get_text() for text in axes[0].get_legend().get_texts()]
    assert texts[:2] == ["first", r"$E_\mathrm{g}$"]


REFUSED = [
    ({"style": "fancy"}, "`style` 'fancy' is unknown: choose paper, talk, poster"),
    ({"style": "none.mplstyle"}, "there is no file"),
    ({"style": 3}, "`style` must be"),
    ({"colours": ["red"]}, "a picture has no argument 'colours' (did you mean 'colors'?)"),
    ({"width": "86"}, "has no unit: write '86mm'"),
    ({"width": "3mm"}, "must lie within 40..2000 mm"),
    ({"width": True}, "`width` must be a length"),
    ({"panels": ["g_x"]}, "`panels` has 'g_x', which this picture has not: choose of g_e, g_h, g_bx"),
    ({"panels": ["g_e", "g_e"]}, "twice"),
    ({"panels": []}, "`panels` must be"),
    ({"labels": ["a"]}, "`labels` has 1, but this picture has 2 curves: a, b-1"),
    ({"labels": ["a", "$E_{$"]}, "whose formula matplotlib cannot read"),
    ({"labels": ["a", "b\nc"]}, "control character"),
    ({"colors": ["red"]}, "`colors` has 1, but this picture has 2"),
    ({"colors": ["red", "reddish"]}, "'reddish', which is no color"),
]


@pytest.mark.parametrize(("look", "message"), REFUSED)
def test_a_look_that_cannot_be_is_one_line(look, message):
    with pytest.raises(BandgError) as caught:
        draw(**look)
    assert message in str(caught.value) and len(str(caught.value).splitlines()) == 1


def test_given_axes_keep_their_width_and_settings():
    figure, axes = plt.subplots(1, 2)
    with pytest.raises(BandgError, match="`width` is that of a new figure"):
        draw(ax=axes, width="86mm")
    assert draw(ax=axes, panels=["g_e", "g_h"]) == tuple(axes)
    assert axes[1].get_ylabel() == r"$g_{\mathrm{h}}$" and plt.get_fignums() == [figure.number]


def test_error_bars_lie_above_every_marker_and_curve_and_have_wider_caps():
    axes = draw()
    for one in axes:
        bars = [bar for container in one.containers for bar in container.lines[2]]
        caps = [cap for container in one.containers for cap in container.lines[1]]
        markers = [line for line in one.lines if len(line.get_xdata()) == 1 and line not in caps]
        curves = [line for line in one.lines if len(line.get_xdata()) > 1]
        assert bars and markers and curves
        below = max(line.get_zorder() for line in (*markers, *curves))
        assert min(bar.get_zorder() for bar in bars) > below
        assert min(cap.get_zorder() for cap in caps) > below
        assert min(cap.get_markersize() for cap in caps) > max(line.get_markersize() for line in markers) + 2


def test_own_pairs_have_a_sum_with_its_error():
    (_, right) = draw()
    (container,) = right.containers
    (low, high) = container.lines[2][0].get_segments()[0][:, 1]
    assert (low + high) / 2 == pytest.approx(2.0) and (high - low) / 2 == pytest.approx(np.hypot(0.02, 0.3))


def test_twelve_samples_differ_pairwise():
    points = [MeasuredPoint(1.8, "g_h", 1.0, sample=f"S{n}") for n in range(12)]
    looks = [group.look() for group in series_of(points)]
    for one, other in itertools.combinations(looks, 2):
        assert (one["marker"], one["markeredgecolor"]) != (other["marker"], other["markeredgecolor"])


def test_formulas_and_minus():
    assert formulas("CsPbI3 and MAPbBr3, PbX2, bandg-cspbi3-nn, R6, CsPb(Br) 10") == (
        "CsPbI$_{3}$ and MAPbBr$_{3}$, PbX$_{2}$, bandg-cspbi3-nn, R6, CsPb(Br) 10"
    )
    assert number(-0.25, "+.2f") == "\N{MINUS SIGN}0.25" and number(1e-9, ".0e") == "1e\N{MINUS SIGN}09"
