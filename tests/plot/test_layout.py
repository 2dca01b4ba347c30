"""Nothing of a picture is cut, and no text lies on another, in every style at the widths of one and two columns."""

import functools
import itertools
import json
import re
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.text import Text

import bandg
from bandg.analysis.fit.job import parse_job
from bandg.analysis.fit.residuals import problem_of
from bandg.analysis.fit.solve import solve
from bandg.analysis.overlay import DEFAULT_CURVES, overlay
from bandg.analysis.sensitivity.indices import GlobalSensitivity, Index
from bandg.analysis.verdict.waterfall import FORWARD, INGREDIENTS, REVERSE, Waterfall
from bandg.base import resources
from bandg.base.errors import BandgError
from bandg.crystal.shapes import cube
from bandg.data.compare import verdict_points
from bandg.data.measured import load_measured
from bandg.models.etb.full import densities
from bandg.parameters.loader import load_set
from bandg.parameters.ranges import parameter_ranges
from bandg.plot.bands import plot_bands
from bandg.plot.density import plot_densities
from bandg.plot.dos import plot_dos
from bandg.plot.ensemble import plot_ensemble
from bandg.plot.fit import plot_fit
from bandg.plot.hypotheses import plot_hypotheses
from bandg.plot.indices import plot_indices
from bandg.plot.levels import plot_levels
from bandg.plot.match import plot_match
from bandg.plot.output import figure_of
from bandg.plot.overlay import plot_overlay
from bandg.plot.posterior import plot_bands_of_models
from bandg.plot.spin import plot_spin
from bandg.plot.style import STYLES
from bandg.plot.tornado import plot_tornado
from bandg.plot.unfolded import plot_unfolded
from bandg.plot.verdict import plot_verdict
from bandg.plot.waterfall import plot_waterfall
from bandg.spin import Ensemble, Traces, decay

SET = "nestoklon2023-standin"
POINTS = load_measured("meliakov2025")
JOB = """schema = 1
name = "my-cspbi3"
start = "nestoklon2023-standin"
starts = 1
[free]
"onsite.Pb.p" = { lower = 3.0, upper = 6.0 }
[reference]
bands = "cspbi3_cubic_mbj_soc"
E_g_eV = 1.652
Delta_eV = 1.5
source = "nestoklon2023"
"""
JOB += "".join(
    f'[[bands]]\nname = "{name}"\nbands = {bands}\nerror_meV = 100\nevery = {every}\n'
    for name, bands, every in (
        ("upper valence", '"upper-valence"', 4),
        ("halide valence", '"halide-valence"', 8),
        ("conduction near R", "[85, 90]", 20),
        ("Pb s bonding", '"lead-s"', 4),
    )
)


def levels():
    return plot_levels, bandg.compute("2..4cells", termination="halide,lead", set=SET, run=bandg.Run(workers=1))


def curves():
    found = overlay(DEFAULT_CURVES)
    return plot_overlay, found.curves, found.points


def mechanisms(count=6):
    rows = json.loads(resources.theory_curve("computed/hypotheses.json").read_text(encoding="utf-8"))
    return plot_hypotheses, rows[:count], verdict_points(POINTS)


def stored_verdict(every=9):
    table = json.loads(resources.theory_curve("computed/verdict.json").read_text(encoding="utf-8"))
    return plot_verdict, table | {"rows": table["rows"][::every]}


def waterfall():
    points = verdict_points(POINTS)
    measured = np.array([point.value for point in points])
    step = np.linspace(-0.2, 0.25, len(FORWARD) + 1)[:, None] * np.ones(len(points))
    paths = {
        name: Waterfall(steps, 0.5 + np.cumsum(step, axis=0), measured)
        for name, steps in (("surface first", FORWARD), ("surface last", REVERSE))
    }
    return plot_waterfall, paths, INGREDIENTS, points, np.full(len(points), 0.05)


def one_match():
    return plot_match, bandg.match((1.911, 0.01), (1.41, 0.05), "|0.91|")


def several_matches():
    return plot_match, bandg.match(data="meliakov2025", set="bandg-cspbi3-nnn")


def no_match():
    return plot_match, bandg.match(1.911, (6.0, 0.05))


def spin(noise=0.03):
    t, fields = np.arange(5, 900, 5.0), np.array([0.09, 0.18, 0.27, 0.36, 0.42])
    clean = sum(
        a * np.cos(decay.larmor(g, fields)[:, None] * t / 1000) * np.exp(-t / t2)
        for a, g, t2 in ((1, 1.41, 230), (0.6, 0.91, 300))
    )
    signal = clean + np.random.default_rng(0).normal(0, noise, clean.shape)
    traces = Traces.of(t, fields, signal, energy_eV=1.911, sample="#4")
    return plot_spin, bandg.spin.fit(traces, components=2, decay="exponential", slow=False, separately=True)


def ensemble():
    g = np.stack([np.random.default_rng(0).normal(1.41, 0.05, 500), np.linspace(0.6, 0.8, 500)], axis=1)
    one = np.ones(500)
    vectors = g[:, :, None] * np.array([1.0, 0, 0])
    found = Ensemble(1.911, 1, 1, 1.911 * one, one / 500, np.ones((500, 3)), vectors, 0.0, (0.0,) * 3, {"set": SET})
    return plot_ensemble, found, found.traces([0.09, 0.18, 0.42], np.arange(0, 1000, 5.0), t2_zero_ps=(300, 200))


def fitted():
    return plot_fit, solve(problem_of(parse_job(JOB, "job")), run=bandg.Run(workers=1))


def effects():
    """Effects of twelve parameters on three nanocrystals, as far as the plot reads them."""
    paths = load_set(SET).paths[:12]
    rows = [
        {"path": path, "effect_g_e": 0.07 / n, "effect_g_h": -0.04 / n, "effect_g_bx": 0.03 / n}
        for n, path in enumerate(paths, start=1)
    ]
    found = [SimpleNamespace(nanocrystal=cube(n, 0.6289, "halide")) for n in (5, 9, 24)]
    steps = [SimpleNamespace(path=path, size=0.1, unit="eV") for path in paths]
    parameters = SimpleNamespace(name=SET)
    return plot_tornado, SimpleNamespace(parameters=parameters, steps=steps, found=found, rows=lambda number: rows)


def indices():
    parameters = load_set(SET)
    ranges = parameter_ranges([f"{path}=+-0.05eV" for path in parameters.paths[:12]], parameters)
    found = tuple(
        Index(0, quantity, one.path, count, {"S1": 0.8 / n, "ST": 1 / n, "S1_conf": 0.05, "ST_conf": 0.1 / n})
        for quantity in ("g_e", "g_h", "g_bx", "E_gap_eV")
        for n, one in enumerate(ranges, start=1)
        for count in (256, 512, 1024)
    )
    crystal = cube(9, parameters.a_nm, "halide")
    return plot_indices, GlobalSensitivity("sobol", 64, 0, parameters, 1, False, ranges, (crystal,), found, 0, 0)


def dos():
    energies = np.linspace(-12, 12, 200)
    density = 1500 * (1 + np.sin(energies))
    found = SimpleNamespace(
        energies_eV=energies,
        states_per_eV=density,
        error_per_eV=0.05 * density,
        count_below=lambda energy: (1000 * (energy + 12), 10.0),
    )
    return plot_dos, found, f"{SET}, 3375 atoms", [(-1.0, 11000), (0.8, 12800)]


def slices():
    system = bandg.full_hamiltonian("3cells", set=SET, run=bandg.Run(workers=1))
    weights = densities(load_set(SET), system.reduced.nanocrystal)
    return plot_densities, system, weights, f"{SET}, {len(system.species)} atoms, Oh"


def bands():
    return functools.partial(plot_bands, n_per_segment=12), bandg.bulk(SET), SET


def unfolded():
    cell = bandg.bulk(SET, tilt="a-b+a-", angles="8,10")
    return functools.partial(plot_unfolded, n_per_segment=6), cell, SET


def models():
    def one(name, ln_z):
        return SimpleNamespace(model=SimpleNamespace(name=name), log_evidence=ln_z)

    points = SimpleNamespace(measured=verdict_points(POINTS), left_out=())
    found = SimpleNamespace(ranking=lambda: [one("mixed", -3.2), one("halide", -5.1), one("lead", -12.25)])
    found.points = points
    return with_band, found


def with_band(found, **look):
    """The bands of models that are drawn from nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "bandg.analysis.inference.posterior.band",
            lambda one, grid: np.multiply.outer([0.9, 1.0, 1.1], np.outer(grid, [0.7, 0.4, 1.1])),
        )
        return plot_bands_of_models(found, **look)


PICTURES = (
    levels, curves, mechanisms, stored_verdict, waterfall, one_match, several_matches, no_match, spin, ensemble,
    fitted, effects, indices, dos, slices, bands, unfolded, models,
)  # fmt: skip
QUICK = (curves, ensemble, effects, dos, models)
WIDTHS = ("86mm", "178mm")


@functools.cache
def drawn(picture):
    """What draws a picture, and its content."""
    return picture()


def draw(picture, **look):
    function, *content = drawn(picture)
    return figure_of(function(*content, **look))


def shown_texts(figure):
    """(axes or None, text, box) of all texts that are seen."""
    owners = [(axes, one) for axes in figure.axes for one in axes.findobj(Text)]
    own = {one for _, one in owners}
    owners += [(None, one) for one in figure.findobj(Text) if one not in own]
    hidden = {tick for axes in figure.axes for tick in unseen(axes)}
    for axes, one in owners:
        if one.get_visible() and one.get_text().strip() and one not in hidden:
            yield axes, one, one.get_window_extent()


def unseen(axes):
    """Labels of ticks outside of the limits, which matplotlib does not draw."""
    for axis in (axes.xaxis, axes.yaxis):
        ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
        seen = axis._update_ticks() if axis.get_visible() and axes.axison else []
        yield from (label for tick in ticks if tick not in seen for label in (tick.label1, tick.label2))


def blemishes(figure):
    """What is cut, and what lies on another, in words."""
    figure.draw_without_rendering()
    found, seen = [], list(shown_texts(figure))
    for _, text, box in seen:
        out = max(-box.x0, -box.y0, box.x1 - figure.bbox.width, box.y1 - figure.bbox.height)
        if out > 1:
            found.append(f"cut by {out / figure.dpi * 25.4:.1f} mm: {text.get_text()!r}")
    for axes, text, box in seen:
        inside = axes and axes.bbox.y0 < (box.y0 + box.y1) / 2 < axes.bbox.y1
        if inside and type(text).__name__ == "Annotation" and box.x0 < axes.bbox.x1 - 1 and box.x1 > axes.bbox.x1 + 1:
            found.append(f"on the frame: {text.get_text()!r}")
    for axes in figure.axes:
        key = axes.get_legend()
        box = key and key.get_window_extent()
        if box and box.overlaps(axes.bbox) and box.x1 > axes.bbox.x1 + 1:
            found.append(f"a legend on the frame of {axes.get_ylabel()!r}")
    for (axes, text, box), (other_axes, other, other_box) in itertools.combinations(seen, 2):
        if axes is other_axes is not None and type(text).__name__ == type(other).__name__ == "Annotation":
            continue  # what is drawn where the data are
        across = min(box.x1, other_box.x1) - max(box.x0, other_box.x0)
        up = min(box.y1, other_box.y1) - max(box.y0, other_box.y0)
        if min(across, up) > 0.15 * min(text.get_fontsize(), other.get_fontsize()) * figure.dpi / 72:
            found.append(f"{text.get_text()!r} on {other.get_text()!r}")
    return found


def drawn_or_refused(picture, style, width):
    """The figure; where that is too narrow, the one of the least width that the error says."""
    try:
        return draw(picture, style=style, width=width)
    except BandgError as error:
        least = int(re.search(r"this picture needs (\d+) mm at least in the style", str(error))[1])
        assert least > float(width.removesuffix("mm"))
        return draw(picture, style=style, width=least)


@pytest.mark.parametrize("picture", QUICK)
def test_nothing_of_a_narrow_picture_is_cut_or_lies_on_another(picture):
    assert blemishes(drawn_or_refused(picture, "talk", "86mm")) == []


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("picture", PICTURES)
def test_nothing_of_a_picture_is_cut_or_lies_on_another(picture, style, width):
    assert blemishes(drawn_or_refused(picture, style, width)) == []


def test_the_check_sees_what_is_cut_and_what_overlaps():
    figure, (left, right) = plt.subplots(1, 2, figsize=(3, 2))
    left.set_title("a long title that runs over the other one")
    right.set_title("the other one")
    left.set_xlabel("outside", x=-1)
    words = " ".join(blemishes(figure))
    assert "cut by" in words and "outside" in words and "on 'the other one'" in words
