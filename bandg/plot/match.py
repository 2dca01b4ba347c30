"""Matches in one picture: curves of the candidates through the sample, and what it says of their unknowns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from bandg.analysis.match.sample import OUTPUTS
from bandg.plot.legends import legend_below
from bandg.plot.palette import BLACK, DASHES, FAINT, GRAY, LINES, NAMES
from bandg.plot.points import point_look
from bandg.plot.sheet import Contents, Sheet, letters, sheet
from bandg.plot.style import Look, literal, number, pt, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bandg.analysis.match.request import Matches
    from bandg.analysis.match.result import Fit, Match
    from bandg.analysis.match.sample import Datum

_LEAST, _MOST = 0.03, 5
"""Least probability and largest number of candidates that are drawn."""

_CURVES = 15
"""Curves of each posterior that are drawn."""

_BINS = 16
_SPAN_EV = 0.12

_SHORT, _LETTERS = 4, 40
"""Letters of a name that stands beside a point, and of a line above a panel."""

_SIZE = "size"
_PARTS = {"g_e": ("g_e",), "g_h": ("g_h",), "g_bx": ("g_e", "g_h")}
_LABELS = {
    "size_nm": "Size (nm)",
    "inverse_eps": r"Screening, $1/\varepsilon$",
    "occupancy": "Surface (CsX: 1)",
    "potential": "Potential (slabs: 1)",
    "xx": "X\N{EN DASH}X strength",
    "bulk_g_h": r"Bulk $g_{\mathrm{h}}$",
    "bromide": "Bromide share",
    "tilt": "Tilt (degrees)",
}
"""Short labels of unknowns; another knob has its name."""


def contents(unknowns: Sequence[str]) -> Contents:
    """What may be chosen of the picture where candidates have these unknowns besides the size."""
    counts = range(1, _MOST + 1)
    return Contents(("g_e", "g_h", "g_bx", _SIZE, *unknowns), labels=counts, colors=counts)


def plot_match(found: Matches, ax: Axes | Sequence[Axes] | None = None, **look: Unpack[Look]) -> tuple[Axes, ...]:
    """Draw g against energy with curves of the most probable candidates, and the posteriors of their unknowns.

    Of one sample the posteriors are histograms. Of several, which are named beside their points, they are medians and
    68 % intervals of the most probable candidate against energy. Unknowns that no drawn candidate has, or no most
    probable one of several samples, have no panel. Thick lines are the best nanocrystals, thin ones drawn from the
    posterior. Where none fits there are no posteriors.

    Parameters
    ----------
    found : Matches
        From `bandg.match`.
    ax : matplotlib axes, as many as panels, optional
        Where to draw. Without it a new figure is made.
    **look
        As in `plot_levels`; labels and colors of the candidates. The panels are g_e, g_h, g_bx if it is measured, size
        and the names of the other unknowns.

    Returns
    -------
    tuple of matplotlib.axes.Axes
        The axes; `bandg.plot.save` writes their figure.
    """
    drawn = _drawn(found)
    unknowns = _unknowns(found, drawn)
    quantities = [name for name in NAMES if name in ("g_e", "g_h") or (name == "g_bx" and _measured(found, name))]
    with sheet(ax, look) as page:
        names = page.pick([*quantities, *unknowns])
        labels = page.labels([literal(label) for label in drawn.values()])
        colors = dict(zip(drawn, page.colors([LINES[n % len(LINES)] for n in range(len(drawn))]), strict=True))
        axes = page.axes(len(names), 1.75, 2 if len(names) == 4 else 4)
        for one, name in zip(axes, names, strict=True):
            if name in quantities:
                _curves(one, found, name, colors)
            elif len(found.samples) == 1:
                _posterior(one, found.samples[0], unknowns[name], colors)
            else:
                _intervals(one, found, unknowns[name], colors)
        if page.is_new:
            letters(axes)
        _legend(page, axes, found, dict(zip(colors.values(), labels, strict=True)))
    return axes


def _legend(page: Sheet, axes: Sequence[Axes], found: Matches, labels: dict[str, str]) -> None:
    """Below a new figure, else in the first axes. labels: of the candidates, by color."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=color, linewidth=pt(2)) for color in labels]
    texts, fits = list(labels.values()), {one.found for one in found.samples}
    names = [literal(one.sample.name) for one in found.samples]
    name = f"{names[0]}, " if len(names) == 1 and names[0] else ""
    for fit, color, text in ((True, BLACK, f"{name}measured"), (False, FAINT, f"{name}measured, nothing fits")):
        if fit in fits:
            handles.append(Line2D([], [], **point_look("g_e", True, color)))
            texts.append(text)
    if page.is_new:
        title = "thick: best nanocrystal; thin, histograms: posterior; dotted: prior"
        title = title if len(names) == 1 else "thick: best nanocrystal; thin: posterior; intervals: median and 68 %"
        title += "; gray bar: with errors of the curves"
        legend_below(page, axes, handles, texts, "; ".join([title] * (True in fits) + _key(found)))
    else:
        axes[0].legend(handles, texts, fontsize="small", title="\n".join(_key(found)) or None)


def _drawn(found: Matches) -> dict[str, str]:
    """Names of the candidates that are drawn, with their labels."""
    best: dict[str, float] = {}
    for sample in found.samples:
        for n, one in enumerate(sample.fits):
            if one.best and (n == 0 or (one.probability >= _LEAST and sample.found)):
                best[one.name] = max(best.get(one.name, 0.0), one.probability)
    names = sorted(best, key=lambda name: -best[name])[:_MOST]
    if len(found.samples) > 1:
        return {name: name for name in names}
    if not found.samples[0].found:
        return {name: f"{name} (does not fit)" for name in names}
    return {name: f"{name} ({number(best[name], '.2f')})" for name in names}


def _tags(found: Matches) -> list[str]:
    """What stands beside the points of each of several samples: short names, else numbers that `_key` explains."""
    names = [one.sample.name for one in found.samples]
    if len(names) == 1:
        return [""]
    if all(0 < len(name) <= _SHORT for name in names) and len({*names}) == len(names):
        return [literal(name) for name in names]
    return [str(number) for number in range(1, len(names) + 1)]


def _key(found: Matches) -> list[str]:
    """The samples of the numbers, in one sentence; nothing where their names stand beside the points."""
    names = [literal(one.sample.name or f"{one.sample.energy_eV:g} eV") for one in found.samples]
    tags = _tags(found)
    if len(names) == 1 or tags == names:
        return []
    return ["samples " + "; ".join(f"{tag}: {name}" for tag, name in zip(tags, names, strict=True))]


def _tag(axes: Axes, x: float, y: float, text: str) -> None:
    """The name of a sample beside its point."""
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=pt(1.6), foreground="white")]
    place: dict[str, Any] = {"textcoords": "offset points", "fontsize": "x-small", "zorder": 8}
    axes.annotate(text, (x, y), (pt(4), pt(3)), **place, path_effects=halo)


def _unknowns(found: Matches, drawn: Collection[str]) -> dict[str, str]:
    """Panels of the unknowns of the samples that something fits: name of the panel, name of the unknown.

    drawn: names of the candidates that have histograms; of several samples the most probable one of each counts.
    """
    if len(found.samples) == 1:
        fits = [fit for one in found.samples if one.found for fit in one.fits if fit.name in drawn]
    else:
        fits = [one.fits[0] for one in found.samples if one.found]
    names = [name for fit in fits for name in fit.unknowns]
    order = [name for name in dict.fromkeys(names) if name != "inverse_eps"]
    last = ["inverse_eps"] if "inverse_eps" in names else []
    return {(_SIZE if name == "size_nm" else name): name for name in (*order, *last)}


def _span(found: Matches) -> tuple[float, float]:
    """Energies that are shown."""
    energies = [one.sample.energy_eV for one in found.samples]
    return min(energies) - _SPAN_EV, max(energies) + _SPAN_EV


def _measured(found: Matches, name: str) -> bool:
    return any(datum.name == name for one in found.samples for datum in one.sample.data)


def _curves(axes: Axes, found: Matches, quantity: str, colors: dict[str, str]) -> None:
    """Curves of g against energy, and the samples."""
    low, high = _span(found)
    for sample, tag in zip(found.samples, _tags(found), strict=True):
        for fit in sample.fits:
            if fit.name in colors and fit.best and fit.probability >= _LEAST:
                _candidate(axes, fit, quantity, colors[fit.name], (low, high), sample.found)
        for datum in sample.sample.data:
            if datum.name == quantity:
                _point(axes, sample, datum)
                _tag(axes, sample.sample.energy_eV, datum.value, tag)
    axes.set_xlim(low, high)
    axes.set_xlabel("Transition energy (eV)")
    axes.set_ylabel(NAMES[quantity])


def _candidate(
    axes: Axes, fit: Fit, quantity: str, color: str, span: tuple[float, float], with_posterior: bool
) -> None:
    """The best curve of a candidate, and some of its posterior."""
    names = [name for name in fit.best if name not in ("size_nm", "inverse_eps")]
    rows = [(fit.best, pt(1.6), 1.0, 3)]
    if with_posterior and fit.drawn is not None:
        own = (*names, "inverse_eps")
        every = len(fit.drawn.values) // _CURVES
        rows += [(dict(zip(own, row, strict=True)), pt(0.5), 0.35, 2) for row in fit.drawn.values[every // 2 :: every]]
    for values, width, alpha, order in rows:
        knobs = {name: float(values[name]) for name in names}
        sizes = np.geomspace(fit.emulator.size_nm[0], fit.emulator.size_nm[-1], 400)
        curve = fit.emulator.evaluate(knobs, float(values["inverse_eps"]), size_nm=sizes)
        shown = (curve.energy_eV > span[0]) & (curve.energy_eV < span[1])
        line: dict[str, Any] = {"color": color, "linewidth": width, "alpha": alpha, "zorder": order}
        axes.plot(curve.energy_eV[shown], getattr(curve, quantity)[shown], linestyle=DASHES["g_e"], **line)


def _point(axes: Axes, sample: Match, datum: Datum) -> None:
    """A measured value with both errors, and in gray with those of the best candidate's curves besides."""
    energy, color, fit = sample.sample.data[0], BLACK if sample.found else FAINT, sample.fits[0]
    axes.plot([energy.value], [datum.value], **point_look(datum.name, datum.name == datum.quantity, color), zorder=5)
    bars: dict[str, Any] = {"fmt": "none", "ecolor": color, "elinewidth": pt(0.9), "capsize": pt(2), "zorder": 6}
    axes.errorbar([energy.value], [datum.value], yerr=datum.error, xerr=energy.error, **bars)
    if fit.drawn is not None:
        own = np.array([name in _PARTS[datum.name] for name in OUTPUTS])
        whole = float(np.sqrt(datum.error**2 + (fit.drawn.error[:, own] ** 2).sum(axis=1).mean()))
        axes.errorbar([energy.value], [datum.value], yerr=whole, **bars | {"ecolor": FAINT, "capsize": 0, "zorder": 4})


def _label(name: str, fits: Sequence[Fit]) -> str:
    """What the axis of an unknown says."""
    units = [knob.unit for one in fits for knob in one.emulator.knobs if knob.name == name]
    return _LABELS.get(name, literal(f"{name} ({units[0]})" if units and units[0] else name))


def _values(fit: Fit, name: str) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    """Points of the posterior of one unknown, None where the candidate has it not."""
    if fit.drawn is None or name not in fit.unknowns:
        return None
    if name == "size_nm":
        return fit.drawn.predicted[:, 3]
    return fit.drawn.values[:, list(fit.unknowns).index(name) - 1]


def _posterior(axes: Axes, found: Match, name: str, colors: dict[str, str]) -> None:
    """Histograms of one unknown, each as high as its candidate is probable."""
    own = [(fit, values) for fit in found.fits if fit.name in colors and (values := _values(fit, name)) is not None]
    ends = [_range(fit, name, values) for fit, values in own]
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    bins = np.linspace(low, high, _BINS + 1)
    for fit, values in own:
        height, _ = np.histogram(values, bins, weights=np.full(len(values), fit.probability / len(values)))
        axes.stairs(height, bins, fill=True, color=colors[fit.name], alpha=0.25)
        axes.stairs(height, bins, color=colors[fit.name], linewidth=pt(1.0))
        if name != "size_nm":
            first, last = _range(fit, name, values)
            prior = fit.probability * (bins[1] - bins[0]) / (last - first)
            axes.plot([first, last], [prior, prior], ":", color=colors[fit.name], linewidth=pt(1.0))
    axes.set_xlim(low, high)
    axes.set_ylim(bottom=0)
    axes.set_yticks([])
    axes.locator_params(axis="x", nbins=4)
    axes.set_xlabel(_label(name, found.fits))
    axes.set_ylabel("Probability")


def _range(fit: Fit, name: str, values: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, float]:
    """The range of an unknown, of a size that of its posterior."""
    if name == "size_nm":
        low, high = np.quantile(values, [0.005, 0.995])
        return float(low - 0.15 * (high - low)), float(high + 0.15 * (high - low))
    for knob in fit.emulator.knobs:
        if knob.name == name:
            return knob.low, knob.high
    return fit.emulator.exciton.inverse_eps_low, fit.emulator.exciton.inverse_eps_high


def _intervals(axes: Axes, found: Matches, name: str, colors: dict[str, str]) -> None:
    """Median and 68 % of one unknown of each sample, of its most probable candidate, against energy."""
    missing = []
    for one, tag in zip(found.samples, _tags(found), strict=True):
        fit = one.fits[0]
        if one.found and name not in fit.unknowns:
            missing.append(tag)
        elif one.found:
            own = fit.unknowns[name]
            errors = [[own.median - own.low], [own.high - own.median]]
            axes.errorbar(
                [one.sample.energy_eV], [own.median], yerr=errors, fmt="o", color=colors.get(fit.name, FAINT),
                markersize=pt(4), capsize=pt(2), elinewidth=pt(0.9),
            )  # fmt: skip
            _tag(axes, one.sample.energy_eV, own.median, tag)
    fits = [fit for one in found.samples for fit in one.fits]
    if missing:
        note = "not among the unknowns of " + ", ".join(missing)
        axes.set_title("\n".join(wrapped(note, _LETTERS)), fontsize="x-small", color=GRAY)
    axes.set_xlim(*_span(found))
    axes.set_xlabel("Transition energy (eV)")
    axes.set_ylabel(_label(name, fits))
