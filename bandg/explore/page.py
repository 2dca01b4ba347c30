"""The page as one HTML file: emulators, measured points, the reader's rules, Bokeh and the scripts."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from bandg.analysis.emulators.emulator import LEAST_OVERLAP, MAX_SPREAD, Emulator
from bandg.analysis.emulators.stored import load_emulator, stored_names
from bandg.base.errors import BandgError
from bandg.base.text import install
from bandg.data.choice import material_of, measured_points
from bandg.data.measured import MeasuredPoint, available_measured, load_measured
from bandg.data.pairs import with_pairs
from bandg.explore.rules import rules
from bandg.explore.state import KINDS, opening
from bandg.plot.palette import POINTS

SCRIPTS = ("curve.js", "reader.js", "workbook.js", "points.js", "picture.js", "page.js")
SPAN_EV = (1.62, 2.32)
"""Energies that are shown if nothing measured lies beyond, as in the paper."""

MARKERS = (
    ("circle", "square"),
    ("triangle", "diamond"),
    ("star", "inverted_triangle"),
    ("circle_dot", "square_dot"),
    ("circle_cross", "square_cross"),
)
"""Pairs of markers: electrons and sums, holes."""

COMMON = (
    {"name": "inverse_eps", "label": "Screening of the exciton: 1/ε (0: no attraction)", "unit": ""},
    {"name": "size_spread", "label": "Standard deviation of the sizes, relative", "unit": ""}
    | {"low": 0.0, "high": MAX_SPREAD, "default": 0.0},
)
"""Sliders of every curve; the range of 1 / eps is the emulator's."""

OPTIONS = {"occupancy": "--occupancy", "potential": {"0": "--surface none", "1": "--surface slabs"}}
"""Options of `bandg compute` by slider: one that takes the value, or one for each value that has one."""

ABOUT = [
    "Curves are polynomials in the sliders' values at each computed size, made by bandg on computed nanocrystals; "
    "white circles are the emulated sizes; the largest follow from computed ones and the bulk.",
    "The dark band is the error of the emulator (root mean square), the light band that of the bulk parameters (68 %).",
    "Spheres scatter about their curve, because their atoms come in shells: the dark band has that. Their size is the "
    "diameter of the ball with the volume of their cells.",
    "A distribution of sizes gives the mean g against the mean energy.",
]

OUTSIDE = (
    "Outside of the emulator: at these values the band edge may be another level at some size, mostly large ones, "
    "because its overlap with the bulk's is below one half. The curve is not to be trusted."
)
"""What the page says where the emulator does not hold."""


def explore(
    set: str | None = None,
    shape: str | None = None,
    data: object = None,
    state: str = "",
    emulators: Sequence[Emulator] | None = None,
) -> str:
    """A page with emulated curves beside measured points, and sliders.

    Parameters
    ----------
    set, shape : str, optional
        What the page shows first; all emulators are in it.
    data : path, name or sequence of these, optional
        Measured points besides those that ship of the materials, as `load_measured` takes them; "none" for none
        of those that ship.
    state : str
        The state that the page opens in, as its address has it: "set=bandg-nnn&shape=cube&occupancy=0.8".
    emulators : sequence of Emulator, optional
        By default all that ship.

    Returns
    -------
    str
        HTML that needs neither network nor server.

    Raises
    ------
    BandgError
        For a set or shape without an emulator, a state that does not fit, wrong data, and where Bokeh is missing.
    """
    known = tuple(load_emulator(*name) for name in stored_names()) if emulators is None else tuple(emulators)
    collections = collections_of(data, known)
    opened = opening(set, shape, state, known, [str(one["name"]) for one in collections])
    return _html([_plain(one) for one in known], collections, opened)


def _plain(emulator: Emulator) -> dict[str, Any]:
    """An emulator for the page, with its material and without what only tells how good it is."""
    return asdict(replace(emulator, checks=())) | {"material": material_of(emulator.set)}


def collections_of(data: object, emulators: Sequence[Emulator]) -> list[dict[str, Any]]:
    """Measured points for the page: the user's, and those that ship of the materials, measurements before checks."""
    given = [] if data is None else [data] if isinstance(data, str | os.PathLike) else list(data)  # type: ignore[call-overload]
    found = [_collection(Path(one).name, measured_points(one), file=str(one)) for one in given if one != "none"]
    for material in [] if "none" in given else dict.fromkeys(material_of(one.set) for one in emulators):
        for name in available_measured():
            points = [point for point in load_measured(name) if point.material == material]
            if points and name not in given:
                found.append(_collection(name, points, material))
    return sorted(found, key=lambda one: ("file" not in one, all(point["why"] for point in one["points"])))


def _html(emulators: Sequence[Mapping[str, Any]], collections: Sequence[Mapping[str, Any]], state: str) -> str:
    """The page of emulators and points in plain types. Raises BandgError where Bokeh is not installed."""
    try:
        from bokeh.embed import json_item
        from bokeh.resources import Resources
    except ImportError:
        raise BandgError(f"the page needs Bokeh, which is not installed: {install('explore')}") from None
    from bandg.explore.figures import COLUMNS, PANELS, panel

    data = {
        "emulators": emulators,
        "collections": collections,
        "state": state,
        "rules": rules(),
        "figures": {name: json_item(panel(name)) for name in PANELS},
        "panels": PANELS,
        "columns": COLUMNS,
        "kinds": KINDS,
        "common": COMMON,
        "options": OPTIONS,
        "colors": POINTS,
        "markers": MARKERS,
        "span_eV": SPAN_EV,
        "about": ABOUT,
        "outside": OUTSIDE,
        "least_overlap": LEAST_OVERLAP,
    }
    here = files(__package__)
    scripts = "\n".join((here / name).read_text(encoding="utf-8") for name in SCRIPTS)
    bokeh = "\n".join(Resources(mode="inline", components=["bokeh"]).js_raw)
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    parts = {"data": text.replace("<", "\\u003c"), "bokeh": bokeh.replace("</script", "<\\/script"), "scripts": scripts}
    return Template((here / "page.html").read_text(encoding="utf-8")).substitute(parts)


def _collection(name: str, points: Sequence[MeasuredPoint], material: str = "", file: str = "") -> dict[str, Any]:
    """Points in plain types; those of a shipped collection with their material, others with their file."""
    rows = [asdict(point) | {"why": point.why_not_judged_by} for point in with_pairs(points)]
    return {"name": name, "count": len(points), "points": rows} | ({"file": file} if file else {"material": material})
