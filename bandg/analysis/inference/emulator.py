"""Band edges of nanocrystals as polynomials in a few parameters, made from exact values and exact derivatives.

Along each axis the polynomial has the values and slopes at the middle and at both ends of the range (fifth order). The
slopes by the other parameters at those ends give the terms x_i x_j and x_i x_j^2. Nothing is fitted; what is left out
starts with x_i x_j x_k, and its size is found by computing points inside the ranges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.base.text import nearest, one_line
from bandg.crystal.shapes import Nanocrystal
from bandg.models.etb.bulk import bulk
from bandg.models.etb.derivatives import DerivativeJob, Derivatives
from bandg.parameters.names import LATTICE
from bandg.parameters.ranges import Range
from bandg.parameters.sets import ParameterSet
from bandg.runs import sweep
from bandg.runs.options import DEFAULT_RUN, Run
from bandg.runs.request import rescaled

OUTPUTS = ("E_gap_eV", "g_e", "g_h")
"""What is emulated for each nanocrystal, and for the bulk."""

SCALE = "scale:"
"""`scale:hopping.X-X` multiplies every parameter of that table by one factor."""

_BULK_STEP = 1e-3


@dataclass(frozen=True)
class Knob:
    """One number that moves parameters along a line: p = p0 + (value - origin) * direction.

    range: of the value. direction: (n_paths,) over `lattice.a` and the paths of the set.
    """

    range: Range
    origin: float
    direction: tuple[float, ...]


def knob(parameters: ParameterSet, chosen: Range) -> Knob:
    """The knob of a path of the set, or of `scale:TABLE`. Raises BandgError for an unknown one."""
    paths = (LATTICE, *parameters.paths)
    if chosen.path.startswith(SCALE):
        table = chosen.path.removeprefix(SCALE)
        own = [parameters.value(path) if path.startswith(f"{table}.") else 0.0 for path in paths]
        if not any(own):
            raise BandgError(one_line(f"{chosen.path}: {parameters.name} has no parameters {table}.* other than zero"))
        return Knob(chosen, 1.0, tuple(own))
    if chosen.path not in paths:
        raise BandgError(one_line(f"{parameters.name} has no parameter {chosen.path!r}{nearest(chosen.path, paths)}"))
    return Knob(chosen, parameters.value(chosen.path), tuple(float(path == chosen.path) for path in paths))


@dataclass(frozen=True, eq=False)
class Emulator:
    """Polynomials of OUTPUTS for nanocrystals and, last, for the bulk.

    center: (n, 3) values in the middle. along: (d, 6, n, 3) coefficients of x_i^k. mixed: (d, d, n, 3) of x_i x_j.
    bent: (d, d, n, 3) of x_i x_j^2. x = (value - middle) / half width.
    """

    knobs: tuple[Knob, ...]
    center: NDArray[np.float64]
    along: NDArray[np.float64]
    mixed: NDArray[np.float64]
    bent: NDArray[np.float64]

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """OUTPUTS at values (..., d) of the knobs, shape (..., n, 3); NaN outside the ranges."""
        middle, half = self._frame
        x = (np.asarray(values) - middle) / half
        square = x * x
        cube = square * x
        powers = np.stack([np.ones_like(x), x, square, cube, square * square, square * cube], axis=-1)
        products = (powers, x[..., None] * x[..., None, :], x[..., None] * square[..., None, :])
        terms = np.concatenate([one.reshape(*x.shape[:-1], -1) for one in products], axis=-1)
        result = self.center + (terms @ self._coefficients).reshape(*x.shape[:-1], *self.center.shape)
        result[(np.abs(x) > 1 + 1e-9).any(axis=-1)] = np.nan
        return result

    @cached_property
    def _frame(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Middles and half widths of the ranges, (d,) each."""
        ends = np.array([(k.range.middle, (k.range.upper - k.range.lower) / 2) for k in self.knobs]).reshape(-1, 2)
        return ends[:, 0], ends[:, 1]

    @cached_property
    def _coefficients(self) -> NDArray[np.float64]:
        """Coefficients of all terms, one below the other: (n_terms, n * 3)."""
        return np.concatenate([one.reshape(-1, self.center.size) for one in (self.along, self.mixed, self.bent)])


def parameters_at(parameters: ParameterSet, knobs: Sequence[Knob], values: Sequence[float]) -> ParameterSet:
    """The set with its knobs at the given values. Raises BandgError where that is absurd."""
    paths = (LATTICE, *parameters.paths)
    moved = np.array([parameters.value(path) for path in paths])
    touched = np.zeros(len(paths), dtype=bool)
    for of, value in zip(knobs, values, strict=True):
        direction = np.array(of.direction)
        moved = moved + (value - of.origin) * direction
        touched |= direction != 0
    changed = {path: float(moved[n]) for n, path in enumerate(paths) if touched[n]}
    return parameters.with_values(changed, source="inference") if changed else parameters


def points_of(knobs: Sequence[Knob]) -> list[list[float]]:
    """Values of the knobs at which `build` computes: the middle, then both ends of every range, 2 d + 1 points."""
    middle = [k.range.middle for k in knobs]
    ends = [(number, end) for number, of in enumerate(knobs) for end in (of.range.lower, of.range.upper)]
    return [middle, *([*middle[:number], end, *middle[number + 1 :]] for number, end in ends)]


def jobs_of(
    parameters: ParameterSet,
    knobs: Sequence[Knob],
    crystals: Sequence[Nanocrystal],
    neighbors: int,
    intra_atomic: bool = False,
    solver: str = "auto",
) -> list[DerivativeJob]:
    """What `build` computes: for each nanocrystal all `points_of` the knobs."""
    sets = [parameters_at(parameters, knobs, point) for point in points_of(knobs)]
    return [
        DerivativeJob(moved, rescaled(crystal, moved.a_nm), neighbors, intra_atomic, solver)
        for crystal in crystals
        for moved in sets
    ]


def build(
    parameters: ParameterSet,
    knobs: Sequence[Knob],
    crystals: Sequence[Nanocrystal],
    neighbors: int,
    intra_atomic: bool = False,
    solver: str = "auto",
    run: Run = DEFAULT_RUN,
) -> Emulator:
    """Compute 2 d + 1 points of d knobs for every nanocrystal, with all derivatives, and lay the polynomials through.

    Raises BandgError, also where the set has no gap at an end of a range.
    """
    extents = bulk_points(parameters, knobs, neighbors, intra_atomic)
    jobs = jobs_of(parameters, knobs, crystals, neighbors, intra_atomic, solver)
    return assembled(parameters, knobs, extents, [result for result, _ in sweep.run_jobs(jobs, run)])


def assembled(
    parameters: ParameterSet,
    knobs: Sequence[Knob],
    extents: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
    found: Sequence[Derivatives],
) -> Emulator:
    """The emulator of computed `bulk_points` and results of `jobs_of`."""
    half = np.array([(k.range.upper - k.range.lower) / 2 for k in knobs])
    directions = np.array([k.direction for k in knobs]).reshape(len(knobs), 1 + len(parameters.paths))
    count, d = len(extents), len(knobs)
    n = len(found) // count + 1
    values, slopes = np.zeros((count, n, 3)), np.zeros((count, d, n, 3))
    for place, one in enumerate(found):
        number, at = divmod(place, count)
        values[at, number] = [one.value(name) for name in OUTPUTS]
        if d:
            slopes[at, :, number] = np.array([directions @ one.gradient(name) for name in OUTPUTS]).T
    for at, (of_bulk, slope) in enumerate(extents):
        values[at, -1], slopes[at, :, -1] = of_bulk, slope
    return polynomials(tuple(knobs), values, slopes * half[:, None, None])


def polynomials(knobs: tuple[Knob, ...], values: NDArray[np.float64], slopes: NDArray[np.float64]) -> Emulator:
    """The emulator of values (2 d + 1, n, 3) and slopes (2 d + 1, d, n, 3) by x at the middle and at the ends."""
    d = len(knobs)
    x = np.array([-1.0, 0.0, 1.0])
    k = np.arange(6)
    system = np.concatenate([x[:, None] ** k, k * x[:, None] ** np.maximum(k - 1, 0)])
    along = np.zeros((d, 6, *values.shape[1:]))
    mixed, bent = np.zeros((2, d, d, *values.shape[1:]))
    for i in range(d):
        ends = [1 + 2 * i, 0, 2 + 2 * i]
        right = np.concatenate([values[ends] - values[0], slopes[ends, i]])
        along[i] = np.linalg.solve(system, right.reshape(6, -1)).reshape(right.shape)
        for j in range(d):
            if i != j:
                low, high = slopes[1 + 2 * j, i], slopes[2 + 2 * j, i]
                mixed[i, j] = (high - low) / 4  # each pair counts twice, once from each side
                bent[i, j] = (high + low) / 2 - slopes[0, i]
    return Emulator(knobs, values[0], along, mixed, bent)


def bulk_outputs(parameters: ParameterSet, neighbors: int, intra_atomic: bool) -> NDArray[np.float64]:
    """OUTPUTS of the bulk, shape (3,). Raises BandgError for a set without a gap."""
    crystal = bulk(parameters, neighbors)
    return np.array([crystal.E_g, crystal.conduction.g(intra_atomic), crystal.valence.g(intra_atomic)])


def bulk_points(
    parameters: ParameterSet, knobs: Sequence[Knob], neighbors: int, intra_atomic: bool = False
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Values and slopes of the bulk at all `points_of` the knobs. Raises BandgError for a set without a gap."""
    return [_bulk_with_slopes(parameters, knobs, point, neighbors, intra_atomic) for point in points_of(knobs)]


def _bulk_with_slopes(
    parameters: ParameterSet, knobs: Sequence[Knob], point: Sequence[float], neighbors: int, intra_atomic: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """OUTPUTS of the bulk (3,) and their central differences by the knobs (d, 3)."""

    def at(values: Sequence[float]) -> NDArray[np.float64]:
        """OUTPUTS of the bulk (3,) at values of the knobs. Raises BandgError."""
        try:
            return bulk_outputs(parameters_at(parameters, knobs, values), neighbors, intra_atomic)
        except BandgError as error:
            where = ", ".join(f"{k.range.path} = {v:g}" for k, v in zip(knobs, values, strict=True))
            raise BandgError(f"at {where}: {error}; narrow the ranges") from error

    slopes = np.zeros((len(knobs), 3))
    for number, of in enumerate(knobs):
        step = _BULK_STEP * (of.range.upper - of.range.lower)
        ends = [[*point[:number], point[number] + sign * step, *point[number + 1 :]] for sign in (1, -1)]
        slopes[number] = (at(ends[0]) - at(ends[1])) / (2 * step)
    return at(point), slopes
