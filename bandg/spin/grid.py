"""Nanocrystals computed on a grid of edges and of what scatters, and smooth functions through them.

Every function passes through the computed values: a tensor product of interpolating splines, cubic where there are four
values or more, in the inverse edges and in the scattered numbers themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandg.api.plan import Work, in_own_crystal, plan
from bandg.base.errors import BandgError
from bandg.crystal.distortion import parse_tilt
from bandg.crystal.shapes import Nanocrystal
from bandg.models.base import Model
from bandg.models.levels import Levels, LevelState
from bandg.models.observable import CARRIERS
from bandg.runs import sweep
from bandg.runs.options import Run
from bandg.runs.request import Variation
from bandg.spin.scatter import OF_EDGES, Scatter

Floats = NDArray[np.float64]

_VARIED = ("occupancy", "surface_bonds")
_SAME = 1e-9


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


@dataclass(frozen=True)
class Sample:
    """What all nanocrystals of an ensemble have in common.

    size, shape: as `bandg.compute` takes them. options: of the model, by name. variation: of the geometry.
    scatter: what scatters, by name.
    """

    size: Any
    shape: str
    model: Model
    parameters: Any
    options: Mapping[str, Any]
    variation: Variation
    scatter: Mapping[str, Scatter]
    run: Run

    @property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Axes whose edges are equal in all nanocrystals."""
        if "edges" in self.scatter and self.scatter["edges"].scatters:
            return (0,), (1,), (2,)
        return ((0, 1), (2,)) if "aspect" in self.scatter else ((0, 1, 2),)

    @property
    def seeds(self) -> int:
        """Number of random arrangements of each nanocrystal."""
        return self.variation.get("seeds") or 1

    def work(
        self, termination: str | None, size: Any = None, shape: str | None = None, variation: Variation | None = None
    ) -> Work:
        """The plan of one termination, with another size, shape and variation where they are given."""
        return plan(
            self.size if size is None else size,
            shape or self.shape,
            termination,
            self.parameters,
            self.model,
            None,
            self.options,
            self.variation if variation is None else variation,
        )


def grid(sample: Sample, termination: str | None) -> Grid:
    """Compute the nanocrystals of one termination. Raises BandgError."""
    groups, seeds = sample.groups, sample.seeds
    first = sample.work(termination)
    if len(groups) > 1 and sample.shape != "cube":
        raise BandgError(
            f"`scatter` of {' and '.join(OF_EDGES)} makes cuboids of cubes: leave `shape` {sample.shape!r} out"
        )
    edges = np.array([one.size_nm for one in first.crystals[::seeds]])
    if len(edges) < 2:
        raise BandgError("the transition energy follows from the size: give `size` a range, as 4..8cells")
    axes = {name: one.nodes() for name, one in sample.scatter.items() if name not in OF_EDGES}
    works, places = [], []
    for numbers in product(*axes.values()):
        work, place = _at(sample, dict(zip(axes, numbers, strict=True)), first)
        works.append(work)
        places.append(place)
    jobs = [job for work in works for job in work.jobs]
    found = iter(levels for levels, _ in sweep.run_jobs(jobs, sample.run, first.check))
    blocks = []
    for work, place in zip(works, places, strict=True):
        own = np.array([_numbers(next(found)) for _ in work.crystals]).reshape(-1, seeds, 19)
        blocks.append(np.array([_turned(own[index], order) for index, order in place]))
    whole = np.array(blocks).reshape(*map(len, axes.values()), *[len(edges)] * len(groups), seeds, 19)
    back = tuple(range(len(axes), len(axes) + len(groups)))
    return Grid(first.crystals[0].termination, groups, edges, axes, np.moveaxis(whole, back, tuple(range(len(groups)))))


Place = tuple[int, tuple[int, ...]]
"""Number of a computed nanocrystal, and the order of its axes."""


def _at(sample: Sample, numbers: Mapping[str, float], first: Work) -> tuple[Work, list[Place]]:
    """The work at one value of all that scatters, and the place of each point of the edges in it."""
    changed = {**sample.variation, **{name: numbers[name] for name in _VARIED if name in numbers}}
    if any(name.startswith("angle_") for name in numbers):
        changed |= _tilted(sample, numbers)
    variation = cast(Variation, changed)
    ideal = first.crystals[:: sample.seeds]
    end, work = first.options.terminations[0], first
    place: list[Place] = [(n, (0, 1, 2)) for n in range(len(ideal))]
    if len(sample.groups) > 1:
        size, place = _cuboids(ideal, sample.groups)
        work = sample.work(end, size, "cuboid", variation)
    elif numbers:
        cells = [f"{one.cells}cells" if one.cells else f"{one.diameter_nm!r}nm" for one in ideal]
        work = sample.work(end, ",".join(cells), None, variation)
    if (scale := numbers.get("surface_scale")) is not None:
        if not work.crystals[0].surface:
            raise BandgError("`scatter` surface_scale has nothing to scale: add `surface='slabs'` or shifts in eV")
        work = replace(work, crystals=tuple(_scaled(one, scale) for one in work.crystals))
    return work, place


def _cuboids(ideal: Sequence[Nanocrystal], groups: Sequence[tuple[int, ...]]) -> tuple[str, list[Place]]:
    """Sizes of the cuboids to compute, and the place of each point of the edges among them.

    Cuboids that differ by a turn are computed once, where nothing else tells the axes apart.
    """
    alike = not any(one.tilt or one.strain or one.is_random for one in ideal)
    wanted: dict[tuple[int, ...], int] = {}
    place = []
    for many in product([one.cells for one in ideal], repeat=len(groups)):
        of = [next(n for n, group in zip(many, groups, strict=True) if axis in group) for axis in range(3)]
        order = tuple(int(axis) for axis in np.argsort(of, kind="stable")) if alike else (0, 1, 2)
        key = tuple(of[axis] for axis in order)
        place.append((wanted.setdefault(key, len(wanted)), order))
    return ",".join("x".join(map(str, key)) + "cells" for key in wanted), place


def with_angles(parameters: Any, variation: Variation, scatter: Mapping[str, Scatter]) -> Variation:
    """The variation with the middles of the angles that scatter. Raises BandgError where it states others.

    angle_1 belongs to the first letter of the tilt's symbol that turns, angle_2 to the second one.
    """
    middles = {int(name[-1]) - 1: one.mean for name, one in scatter.items() if name.startswith("angle_")}
    if not middles:
        return variation
    asked = in_own_crystal(parameters, variation)
    tilt = asked.get("tilt")
    if tilt is None:
        raise BandgError("`scatter` of angles needs a tilt: add `tilt='a-b+a-'` and `angles`")
    letters = dict.fromkeys(of for of, sign in zip(tilt.strip()[::2], tilt.strip()[1::2], strict=False) if sign != "0")
    if max(middles) >= len(letters):
        raise BandgError(f"`scatter` angle_{max(middles) + 1}: the tilt {tilt!r} has {len(letters)} angles")
    if not asked.get("angles") and len(middles) == len(letters):
        own = [0.0] * len(letters)
    else:
        x_y_z = parse_tilt(tilt, str(asked.get("angles") or ""))[1]
        by_letter = {of: x_y_z[axis] for axis, of in enumerate(tilt.strip()[::2]) if of in letters}
        own = [by_letter[of] for of in letters]
    for number, middle in middles.items():
        if variation.get("angles") and abs(own[number] - middle) > _SAME:
            raise BandgError(
                f"`angles` says {own[number]:g} degrees and the middle of `scatter` angle_{number + 1} is {middle:g}: "
                "make them equal"
            )
        own[number] = middle
    return cast(Variation, {**asked, "angles": ",".join(map(repr, own))})


def _tilted(sample: Sample, numbers: Mapping[str, float]) -> dict[str, str]:
    """The angles with those that scatter at these values."""
    own = str(sample.variation["angles"]).split(",")
    return {"angles": ",".join(repr(float(numbers.get(f"angle_{n + 1}", one))) for n, one in enumerate(own))}


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
