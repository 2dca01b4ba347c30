"""A table of bands from a CSV file: one clear line for each thing that can be wrong in it."""

from __future__ import annotations

import math
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.base.text import one_line
from bandg.data.bands import POINTS, ReferenceBands, Section, point_at

_SETTINGS = {"top_valence_band": "# top_valence_band = 20", "kramers": "# kramers = both"}
_SPLIT_EV = 0.02
"""Partners further apart than this are none."""


def parse(text: str, label: str) -> ReferenceBands:
    """The bands of the text; see :func:`bandg.reference.read_bands`."""
    settings, lines = _head(text, label)
    if not lines:
        _fail(label, "has no header line: write kx,ky,kz,band_1,band_2,...")
    number, header = lines[0]
    columns = _cells(header)
    k_names = ("from", "to", "fraction") if "from" in columns else ("kx", "ky", "kz")
    missing = [name for name in k_names if name not in columns]
    if missing:
        _fail(label, f"line {number}: there is no column {missing[0]}; write kx,ky,kz or from,to,fraction")
    bands = _band_numbers(columns, k_names, number, label)
    rows = [_row(line, columns, label) for line in lines[1:]]
    if not rows:
        _fail(label, "has no row of numbers below its header")
    k = np.array([_k(row, k_names, label) for row in rows])
    energies = np.array([[_float(row, f"band_{band}", label) for band in bands] for row in rows])
    weights = np.array([_float(row, "weight", label) if "weight" in columns else 1.0 for row in rows])
    if not (weights > 0).all():
        _fail(label, "a weight is not positive: leave the row out instead")
    per_doublet = 1 if settings["kramers"] == "once" else 2
    doublets = _doublets(energies, per_doublet, label)
    top = _top(settings["top_valence_band"], bands, per_doublet, label)
    at_R = [index for index, one in enumerate(k) if point_at(one) == "R"]
    zero = doublets[at_R[0], top] if len(at_R) else doublets[:, top].max()
    section = Section(k, doublets - zero, weights / weights.sum())
    R = doublets[at_R[0]] - zero if len(at_R) else None
    name = label.replace("\\", "/").rsplit("/", 1)[-1]
    return ReferenceBands(name, f"bands of {name}", None, {"path": section}, top, bands[0], (), {}, R, per_doublet)


def _fail(label: str, what: str) -> NoReturn:
    raise BandgError(one_line(f"{label}: {what}"))


def _head(text: str, label: str) -> tuple[dict[str, str], list[tuple[int, str]]]:
    """The settings of the comment lines, and the other lines with their numbers."""
    settings: dict[str, str] = {}
    lines = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("#"):
            key, equals, value = line[1:].partition("=")
            if equals and key.strip() in _SETTINGS:
                settings[key.strip()] = value.strip()
        elif line.strip():
            lines.append((number, line))
    for key, example in _SETTINGS.items():
        if key not in settings:
            _fail(label, f"a comment line must say {key}: write {example}")
    if settings["kramers"] not in ("both", "once"):
        _fail(label, f"kramers is {settings['kramers'][:40]!r}: write both (each partner has a column) or once")
    return settings, lines


def _band_numbers(columns: list[str], k_names: tuple[str, ...], number: int, label: str) -> list[int]:
    """Numbers of the band columns, which follow each other."""
    bands = []
    for name in columns:
        if name in (*k_names, "weight"):
            continue
        digits = name.removeprefix("band_")
        if digits == name or not (digits.isascii() and digits.isdigit() and len(digits) < 7):
            _fail(label, f"line {number}: {name[:40]!r} is no column; there are {','.join(k_names)},weight,band_N")
        bands.append(int(digits))
    if len(set(columns)) != len(columns):
        _fail(label, f"line {number}: a column stands twice")
    if not bands or bands != list(range(bands[0], bands[0] + len(bands))):
        _fail(label, f"line {number}: the bands must follow each other: band_1,band_2,... from the lowest up")
    return bands


def _cells(text: str) -> list[str]:
    return [cell.strip().strip('"') for cell in text.split(",")]


def _row(line: tuple[int, str], columns: list[str], label: str) -> dict[str, str]:
    number, text = line
    cells = _cells(text)
    if len(cells) != len(columns):
        _fail(label, f"line {number}: has {len(cells)} cells, but the header has {len(columns)} columns")
    return {"line": str(number)} | dict(zip(columns, cells, strict=True))


def _float(row: dict[str, str], name: str, label: str) -> float:
    try:
        value = float(row[name])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        _fail(label, f"line {row['line']}: {name} is {row[name][:40]!r}, which is no finite number")
    return value


def _k(row: dict[str, str], names: tuple[str, ...], label: str) -> NDArray[np.float64]:
    if names[0] == "kx":
        k = np.array([_float(row, name, label) for name in names])
        if np.abs(k).max() > 2:
            _fail(label, f"line {row['line']}: k is beyond 2 in units of 2 pi/a; is it in 1/nm?")
        return k
    for name in names[:2]:
        if row[name].strip() not in POINTS:
            _fail(label, f"line {row['line']}: {row[name][:40]!r} is no point; there are {', '.join(POINTS)}")
    start, end = (np.array(POINTS[row[name].strip()]) for name in names[:2])
    fraction = _float(row, names[2], label)
    if not 0 <= fraction <= 1:
        _fail(label, f"line {row['line']}: fraction is {fraction:g}: it runs from 0 to 1")
    return start + fraction * (end - start)


def _doublets(energies: NDArray[np.float64], per_doublet: int, label: str) -> NDArray[np.float64]:
    order = np.sort(energies, axis=1)
    if per_doublet == 1:
        return order
    if order.shape[1] % 2:
        _fail(label, f"has {order.shape[1]} bands, an odd number, though kramers = both")
    split = float(np.max(order[:, 1::2] - order[:, ::2]))
    if split > _SPLIT_EV:
        _fail(
            label,
            f"Kramers partners are up to {split:.3f} eV apart: is the first band half of a pair, or kramers once?",
        )
    return np.asarray(order.reshape(len(order), -1, 2).mean(axis=2))


def _top(text: str, bands: list[int], per_doublet: int, label: str) -> int:
    """Column of the upper valence doublet."""
    if text not in map(str, bands):
        _fail(label, f"top_valence_band is {text[:40]!r}: it must be a band of the table, {bands[0]} to {bands[-1]}")
    position = int(text) - bands[0]
    if per_doublet == 2 and position % 2 == 0:
        _fail(label, f"top_valence_band {text} is the lower partner of a pair: give the upper one")
    return position // per_doublet
