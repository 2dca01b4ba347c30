"""Nanocrystals computed on a grid of edges and of what scatters, and smooth functions through them.

Every function passes through the computed values: a tensor product of interpolating splines, cubic where there are four
values or more, in the inverse edges and in the scattered numbers themselves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandg.api.plan import Work, plan
from bandg.base.arguments import choices, number
from bandg.base.errors import BandgError
from bandg.base.quantities import Grammar
from bandg.base.text import nearest, one_line
from bandg.crystal.distortion import parse_tilt
from bandg.crystal.shapes import Nanocrystal
from bandg.models.levels import Levels, LevelState
from bandg.models.observable import CARRIERS
from bandg.runs import sweep
from bandg.runs.options import Run
from bandg.runs.request import Variation

Floats = NDArray[np.float64]

REACH = 2.5
"""Standard deviations at which a Gaussian scatter is cut off."""

_LIMITS = {
    "edges": (0.0, math.inf),
    "aspect": (0.0, math.inf),
    "occupancy": (0.0, 1.0),
    "surface_bonds": (-0.2, 0.2),
    "surface_scale": (-math.inf, math.inf),
    "angle_1": (-25.0, 25.0),
    "angle_2": (-25.0, 25.0),
    "angle_3": (-25.0, 25.0),
}
SCATTERED = tuple(_LIMITS)
"""What may scatter from one nanocrystal to the next."""

OF_EDGES = ("edges", "aspect")
_NODES = 3
_EXAMPLE = "0.9+-0.05 or 0.8..1"


@dataclass(frozen=True)
class Scatter:
    """A number that scatters: Gaussian with a standard deviation, cut off at 2.5 of them, or uniform in a range."""

    mean: float
    spread: float = 0.0
    lower: float = -math.inf
    upper: float = math.inf
    uniform: bool = False

    @classmethod
    def of(cls, name: str, given: Any) -> Scatter:
        """From "0.9+-0.05", "0.8..1" or a number. Raises BandgError."""
        if name not in _LIMITS:
            raise BandgError(one_line(f"`scatter` knows no {name!r}{nearest(name, SCATTERED)}: {choices(SCATTERED)}"))
        least, most = _LIMITS[name]
        grammar = Grammar(f"`scatter` {name}", _EXAMPLE)
        if not isinstance(given, str):
            mean, spread, uniform = number(name, given), 0.0, False
        elif ".." in given:
            span = grammar.span(given)
            if span.rest is not None or span.lower < least or span.upper > most:
                raise grammar.wrong(given, f"must be a range within {least:g} and {most:g}: write {_EXAMPLE}")
            return cls((span.lower + span.upper) / 2, 0.0, span.lower, span.upper, True)
        else:
            middle, sign, width = given.partition("+-")
            mean, uniform = grammar.value(middle, given).number, False
            spread = grammar.value(width, given).number if sign else 0.0
        if spread < 0 or not least <= mean <= most or (name in OF_EDGES and mean <= 0):
            raise BandgError(
                one_line(
                    f"`scatter` {name} {given!r} must have its mean within {least:g} and {most:g} and a standard "
                    f"deviation of 0 or more: write {_EXAMPLE}"
                )
            )
        low, high = max(least, mean - REACH * spread), min(most, mean + REACH * spread)
        return cls(mean, spread, low, high, uniform)

    @property
    def scatters(self) -> bool:
        """Whether there is more than one value."""
        return self.upper > self.lower

    def nodes(self) -> Floats:
        """Values at which nanocrystals are computed."""
        return np.linspace(self.lower, self.upper, _NODES) if self.scatters else np.array([self.mean])

    def draw(self, rng: np.random.Generator, count: int) -> Floats:
        """Values at random, shape (count,)."""
        if not self.scatters:
            return np.full(count, self.mean)
        if self.uniform:
            return rng.uniform(self.lower, self.upper, count)
        from scipy.special import ndtr, ndtri

        low, high = (float(ndtr((end - self.mean) / self.spread)) for end in (self.lower, self.upper))
        return np.asarray(self.mean + self.spread * ndtri(rng.uniform(low, high, count)))

    def __str__(self) -> str:
        return f"{self.lower:g}..{self.upper:g}" if self.uniform else f"{self.mean:g}+-{self.spread:g}"


class Values(NamedTuple):
    """Of n nanocrystals: transition energies in eV (n,), g tensors of electron and hole (n, 2, 3, 3)."""

    energy_eV: Floats
    tensors: Floats


def basis(nodes: Floats, at: ArrayLike) -> Floats:
    """Weights of the values at the nodes in the spline through them, shape (n, n_nodes); NaN outside of the nodes."""
    from scipy.interpolate import make_interp_spline

    x = np.asarray(at, dtype=float)
    if len(nodes) == 1:
        return np.ones((len(x), 1))
    order = np.argsort(nodes)
    ascending = nodes[order]
    slack = 1e-9 * (ascending[-1] - ascending[0])
    outside = (x < ascending[0] - slack) | (x > ascending[-1] + slack)
    inside = np.clip(x, ascending[0], ascending[-1])
    spline = make_interp_spline(ascending, np.eye(len(nodes))[:, np.argsort(order)], k=min(3, len(nodes) - 1))
    return np.where(outside[:, None], np.nan, spline(inside))


@dataclass(frozen=True, eq=False)
class Grid:
    """Computed nanocrystals of one termination.

    groups: axes whose edges are equal in all nanocrystals, as ((0, 1, 2),) of cubes. edges_nm: (n,) computed edges.
    axes: computed values of what scatters by name. values: (n, ... one axis a group, ... one of each name, seeds, 19)
    with the energy and both g tensors.
    """

    termination: str
    groups: tuple[tuple[int, ...], ...]
    edges_nm: Floats
    axes: Mapping[str, Floats]
    values: Floats

    @property
    def seeds(self) -> int:
        """Number of random arrangements of each nanocrystal."""
        return int(self.values.shape[-2])

    def of_scatter(self, drawn: Mapping[str, Floats], seed: NDArray[np.int64]) -> Floats:
        """Values with the scattered numbers inserted: (n, ... one axis a group, 19)."""
        inner = len(self.groups)
        moved = np.moveaxis(self.values, tuple(range(inner)), tuple(range(-inner - 1, -1)))
        found = np.broadcast_to(moved, (len(seed), *moved.shape))
        for name, nodes in self.axes.items():
            found = np.einsum("ni,ni...->n...", basis(nodes, drawn[name]), found)
        return np.asarray(found[np.arange(len(seed)), seed])

    def at_edges(self, held: Floats, edges_nm: Floats) -> Floats:
        """Values at edges (n, 3) in nm of what `of_scatter` gives, shape (n, ...)."""
        for group in self.groups:
            held = np.einsum("ni,ni...->n...", basis(1 / self.edges_nm, 1 / edges_nm[:, group[0]]), held)
        return held

    def left_out(self) -> Floats:
        """Largest error (3,) of energy in eV, g_e and g_h where one inner size is left out, at the means of the rest.

        NaN for less than five sizes. The functions through all sizes are better than that.
        """
        n, inner = len(self.edges_nm), len(self.groups)
        if n < 5:
            return np.full(3, np.nan)
        middle = self.values[tuple(np.arange(n) for _ in range(inner))]  # equal edges
        for nodes in self.axes.values():
            middle = middle[:, len(nodes) // 2]
        mean = middle.mean(axis=1)
        worst = np.zeros(3)
        for gone in range(1, n - 1):
            kept = np.arange(n) != gone
            guess = basis(1 / self.edges_nm[kept], [1 / self.edges_nm[gone]]) @ mean[kept]
            off = (guess[0] - mean[gone])[[0, 1, 5, 9, 10, 14, 18]]
            worst = np.maximum(worst, np.abs([off[0], off[1:4].mean(), off[4:].mean()]))
        return worst


def grid(
    size: Any,
    shape: str,
    termination: str | None,
    given: Mapping[str, Any],
    chosen: tuple[Any, Any],
    variation: Variation,
    scatter: Mapping[str, Scatter],
    run: Run,
) -> Grid:
    """Compute the nanocrystals of one termination. Raises BandgError.

    given: options of the model. chosen: parameter set and model.
    """
    first = _planned(size, shape, termination, given, chosen, variation)
    groups = _groups(scatter)
    if len(groups) > 1 and shape != "cube":
        raise BandgError(f"`scatter` of {' and '.join(OF_EDGES)} makes cuboids of cubes: leave `shape` {shape!r} out")
    seeds = variation.get("seeds") or 1
    edges = np.array([one.size_nm for one in first.crystals[::seeds]])
    if len(edges) < 2:
        raise BandgError("the transition energy follows from the size: give `size` a range, as 4..8cells")
    axes = {name: one.nodes() for name, one in scatter.items() if name not in OF_EDGES}
    works, places = [], []
    for numbers in product(*axes.values()):
        work, place = _at(dict(zip(axes, numbers, strict=True)), first, groups, given, chosen, variation, seeds)
        works.append(work)
        places.append(place)
    jobs = [job for work in works for job in work.jobs]
    found = iter(levels for levels, _ in sweep.run_jobs(jobs, run, first.check))
    blocks = []
    for work, place in zip(works, places, strict=True):
        own = np.array([_numbers(next(found)) for _ in work.crystals]).reshape(-1, seeds, 19)
        blocks.append(np.array([_turned(own[index], order) for index, order in place]))
    whole = np.array(blocks).reshape(*map(len, axes.values()), *[len(edges)] * len(groups), seeds, 19)
    back = tuple(range(len(axes), len(axes) + len(groups)))
    return Grid(first.crystals[0].termination, groups, edges, axes, np.moveaxis(whole, back, tuple(range(len(groups)))))


def _groups(scatter: Mapping[str, Scatter]) -> tuple[tuple[int, ...], ...]:
    if "edges" in scatter and scatter["edges"].scatters:
        return (0,), (1,), (2,)
    return ((0, 1), (2,)) if "aspect" in scatter else ((0, 1, 2),)


def _planned(
    size: Any,
    shape: str,
    termination: str | None,
    given: Mapping[str, Any],
    chosen: tuple[Any, Any],
    variation: Variation,
) -> Work:
    return plan(size, shape, termination, chosen[0], chosen[1], None, given, variation)


def _at(
    numbers: Mapping[str, float],
    first: Work,
    groups: tuple[tuple[int, ...], ...],
    given: Mapping[str, Any],
    chosen: tuple[Any, Any],
    variation: Variation,
    seeds: int,
) -> tuple[Work, list[tuple[int, tuple[int, ...]]]]:
    """The work at one value of all that scatters, and for each point of the edges its nanocrystal and axes' order."""
    changed = {**variation, **{name: one for name, one in numbers.items() if name in ("occupancy", "surface_bonds")}}
    angles = {int(name[-1]) - 1: one for name, one in numbers.items() if name.startswith("angle_")}
    if angles:
        own = _angles(first, variation)
        if max(angles) >= len(own):
            raise BandgError(f"`scatter` angle_{max(angles) + 1}: the tilt has {len(own)} angles")
        changed["angles"] = ",".join(repr(float(angles.get(n, one))) for n, one in enumerate(own))
    model, work = cast(Variation, changed), first
    ideal = first.crystals[::seeds]
    place: list[tuple[int, tuple[int, ...]]] = [(n, (0, 1, 2)) for n in range(len(ideal))]
    ends = first.options.terminations[0]
    if len(groups) > 1:
        cells = [one.cells for one in ideal]
        one_order = not any(one.tilt or one.strain or one.is_random for one in ideal)
        wanted: dict[tuple[int, ...], int] = {}
        place = []
        for many in product(cells, repeat=len(groups)):
            of = [next(n for n, group in zip(many, groups, strict=True) if axis in group) for axis in range(3)]
            order = tuple(int(axis) for axis in np.argsort(of, kind="stable")) if one_order else (0, 1, 2)
            key = tuple(of[axis] for axis in order)
            place.append((wanted.setdefault(key, len(wanted)), order))
        size = ",".join("x".join(map(str, key)) + "cells" for key in wanted)
        work = _planned(size, "cuboid", ends, given, chosen, model)
    elif numbers:
        crystal = ideal[0]
        size = (
            ",".join(f"{one.cells}cells" for one in ideal)
            if crystal.cells
            else ",".join(f"{one.diameter_nm!r}nm" for one in ideal)
        )
        work = _planned(size, crystal.shape, ends, given, chosen, model)
    if (scale := numbers.get("surface_scale")) is not None:
        if not work.crystals[0].surface:
            raise BandgError("`scatter` surface_scale has nothing to scale: add `surface='slabs'` or shifts in eV")
        work = replace(work, crystals=tuple(_scaled(one, scale) for one in work.crystals))
    return work, place


def _angles(first: Work, variation: Variation) -> list[float]:
    """The angles of the tilt, one for each letter."""
    crystal = first.crystals[0]
    if not crystal.tilt:
        raise BandgError("`scatter` of angles needs a tilt: add `tilt='a-b+a-'` and `angles`")
    letters = crystal.tilt[0::2]
    by_letter = {of: angle for of, angle in zip(letters, crystal.tilt_deg, strict=True) if angle}
    assert parse_tilt(crystal.tilt, ",".join(map(repr, by_letter.values())))
    return list(by_letter.values())


def _scaled(crystal: Nanocrystal, scale: float) -> Nanocrystal:
    return replace(crystal, surface=tuple((kind, plane, scale * shift) for kind, plane, shift in crystal.surface))


def _numbers(levels: Levels) -> Floats:
    """Energy and both g tensors, shape (19,). Raises BandgError where a band edge has no g tensor."""
    return np.concatenate([[levels.E_gap_eV], *(_tensor(levels, name).ravel() for name in CARRIERS)])


def _tensor(levels: Levels, carrier: str) -> Floats:
    state: LevelState = getattr(levels, carrier)
    if state.g is None:
        size = levels.nanocrystal.size_nm
        raise BandgError(
            f"the {carrier} of {size:.3g} nm has no g tensor ({state.irrep}, {state.degeneracy} states): leave it out"
        )
    return np.array(state.g_tensor) if state.g_tensor else state.g * np.eye(3)


def _turned(values: Floats, order: Sequence[int]) -> Floats:
    """Values (seeds, 19) of a crystal whose axes stand in another order: axis i of the result was axis order[i]."""
    tensors = values[:, 1:].reshape(-1, 2, 3, 3)
    back = np.argsort(order)
    return np.concatenate([values[:, :1], tensors[:, :, back][:, :, :, back].reshape(-1, 18)], axis=1)
