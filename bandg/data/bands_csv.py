"""Reads a table of bands from a CSV file; errors are one line."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, ConfigDict, Field

from bandg.base.rows import Number, Positive, Row
from bandg.base.tables import Table, read_table
from bandg.base.text import quote
from bandg.data.bands import POINTS, ReferenceBands, Section, point_at

_SETTINGS = {"top_valence_band": "# top_valence_band = 20", "kramers": "# kramers = both"}
_SPLIT_EV = 0.02
"""Partners further apart than this are none."""


def _near(value: float) -> float:
    if abs(value) > 2:
        raise ValueError("which is beyond 2 in units of 2 pi/a; is it in 1/nm?")
    return value


def _share(value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError("it runs from 0 to 1")
    return value


def _point(name: str) -> str:
    if name not in POINTS:
        raise ValueError(f"which is not a known point; known are {', '.join(POINTS)}")
    return name


K = Annotated[Number, AfterValidator(_near)]
Point = Annotated[str, AfterValidator(_point)]


class _Bands(Row):
    """A k point; every column that is not a field is an energy."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Number]
    weight: Positive = 1.0

    @property
    def energies(self) -> dict[str, float]:
        """Energies in eV by column."""
        return self.__pydantic_extra__


class _AtK(_Bands):
    kx: K
    ky: K
    kz: K

    @property
    def k(self) -> list[float]:
        """k in 2 pi/a."""
        return [self.kx, self.ky, self.kz]


class _Between(_Bands):
    start: Point = Field(alias="from")
    to: Point
    fraction: Annotated[Number, AfterValidator(_share)]

    @property
    def k(self) -> list[float]:
        """k in 2 pi/a."""
        start, end = np.array(POINTS[self.start]), np.array(POINTS[self.to])
        return list(start + self.fraction * (end - start))


def parse(text: str, label: str) -> ReferenceBands:
    """The bands of the text; see :func:`bandg.data.reference.read_bands`."""
    table = read_table(text, label, "the header kx,ky,kz,band_1,band_2,... and rows below it")
    for key, example in _SETTINGS.items():
        if key not in table.settings:
            table.fail(f"a comment line must say {key}: write {example}")
    kramers = table.settings["kramers"]
    if kramers not in ("both", "once"):
        table.fail(f"kramers is {quote(kramers)}: write both (each partner has a column) or once")
    model: Any = _Between if "from" in table.columns else _AtK
    bands = _band_numbers(table, ("from", "to", "fraction") if model is _Between else ("kx", "ky", "kz"))
    rows = table.rows(model)
    if not rows:
        table.fail("has no row of numbers below its header")
    for number, row in enumerate(rows):
        if empty := [f"band_{band}" for band in bands if f"band_{band}" not in row.energies]:
            table.fail(f"{empty[0]} is empty: every row needs a value", number)
    k = np.array([row.k for row in rows])
    energies = np.array([[row.energies[f"band_{band}"] for band in bands] for row in rows])
    weights = np.array([row.weight for row in rows])
    per_doublet = 1 if kramers == "once" else 2
    doublets = _doublets(energies, per_doublet, table)
    top = _top(bands, per_doublet, table)
    at_R = [index for index, one in enumerate(k) if point_at(one) == "R"]
    zero = doublets[at_R[0], top] if len(at_R) else doublets[:, top].max()
    section = Section(k, doublets - zero, weights / weights.sum())
    R = doublets[at_R[0]] - zero if len(at_R) else None
    name = label.replace("\\", "/").rsplit("/", 1)[-1]
    return ReferenceBands(name, f"bands of {name}", None, {"path": section}, top, bands[0], (), {}, R, per_doublet)


def _band_numbers(table: Table, k_names: tuple[str, ...]) -> list[int]:
    """Numbers of the band columns, which follow each other."""
    if missing := [name for name in k_names if name not in table.columns]:
        table.fail(f"there is no column {missing[0]}; write kx,ky,kz or from,to,fraction")
    bands = []
    for name in table.columns:
        if name in (*k_names, "weight"):
            continue
        digits = name.removeprefix("band_")
        if digits == name or not (digits.isascii() and digits.isdigit() and len(digits) < 7):
            table.fail(f"{quote(name)} is not a known column; known are {','.join(k_names)},weight,band_N")
        bands.append(int(digits))
    if not bands or bands != list(range(bands[0], bands[0] + len(bands))):
        table.fail("the bands must follow each other: band_1,band_2,... from the lowest up")
    return bands


def _doublets(energies: NDArray[np.float64], per_doublet: int, table: Table) -> NDArray[np.float64]:
    order = np.sort(energies, axis=1)
    if per_doublet == 1:
        return order
    if order.shape[1] % 2:
        table.fail(f"has {order.shape[1]} bands, an odd number, though kramers = both")
    split = float(np.max(order[:, 1::2] - order[:, ::2]))
    if split > _SPLIT_EV:
        table.fail(
            f"Kramers partners are up to {split:.3f} eV apart: is the first band half of a pair, or kramers once?"
        )
    return np.asarray(order.reshape(len(order), -1, 2).mean(axis=2))


def _top(bands: list[int], per_doublet: int, table: Table) -> int:
    """Column of the upper valence doublet."""
    text = table.settings["top_valence_band"]
    if text not in map(str, bands):
        table.fail(f"top_valence_band is {quote(text)}: it must be a band of the table, {bands[0]} to {bands[-1]}")
    position = int(text) - bands[0]
    if per_doublet == 2 and position % 2 == 0:
        table.fail(f"top_valence_band {text} is the lower partner of a pair: give the upper one")
    return position // per_doublet
