"""What a verdict is checked by: the spread of g within a sample, and CsPbBr3 by the same law without a new number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bandg.analysis.hypotheses.case import Case
from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.analysis.verdict.combination import BulkSet, Combination, bulk_sets, case_of
from bandg.analysis.verdict.line import Array, Line, at_energy
from bandg.analysis.verdict.pair import IMAGE, Constants, Scale
from bandg.analysis.verdict.study import Verdict, line_of
from bandg.base.errors import BandgError
from bandg.models.levels import Levels, LevelState
from bandg.models.screening import PRESETS

BROMIDES = ("bandg-cspbbr3-nnn", "bandg-cspbbr3-nn")
BROMIDE_CELLS = (5, 8, 14)
"""Cubes of 2.9, 4.7 and 8.2 nm."""

ENERGIES_EV = (1.69, 1.911, 2.25)
SCATTER = 0.5
"""Standard deviation of the scale of the surface shifts from one nanocrystal to the next: assumed."""

ASPECT = 1.2
"""Largest ratio of edges, up to which every ratio is as likely: assumed."""

ASPECT_CELLS = (5, 10)
TILT_CELLS = (5,)
_COSINES = (np.arange(200) + 0.5) / 200


@dataclass(frozen=True)
class Spread:
    """Standard deviation of g_e and g_h at one energy within a sample by one cause, NaN where it is not known."""

    set: str
    cause: str
    energy_eV: float
    dg_e: float
    dg_h: float


@dataclass(frozen=True)
class Bromide:
    """One cube of CsPbBr3: size in nm, pair energy in eV, g."""

    set: str
    image: bool
    size_nm: float
    energy_eV: float
    g_e: float
    g_h: float


def surface_spreads(found: Verdict) -> list[Spread]:
    """The spread by a scatter of the surface shifts, for halide planes and the first energy scale with binding."""
    spreads: list[Spread] = []
    for row in found.rows:
        one = row.combination
        if row.bulk.minimum or (one.termination, one.surface, one.image) != ("halide", "slabs", False):
            continue
        if one.scale.screening is None or row.bulk.label in [other.set for other in spreads]:
            continue
        line = found.lines[row.bulk.label, one.termination]
        for energy in ENERGIES_EV:
            up, down = (_at(line, one, one.amount + step, energy) for step in (SCATTER, -SCATTER))
            spreads.append(Spread(row.bulk.label, "surface shifts", energy, *map(float, np.abs(up - down) / 2)))
    return spreads


def _at(line: Line, combination: Combination, amount: float, energy: float) -> Array:
    """g_e and g_h at one energy, (2,)."""
    scale = combination.scale
    none = np.zeros((1, line.deviates))
    found = line.at(np.array([amount]), combination.image, scale.family, Constants.of(scale, 1), none)
    return at_energy(*found, energy)[0]


def shape_spreads(bulk: BulkSet, evaluator: Evaluator) -> list[Spread]:
    """The spread by edges of unlike length, at the energies E_e - E_h of the cuboids. Raises BandgError."""
    cube, long = _of_shapes(bulk)
    cubes, cuboids = evaluator.levels([cube, long])
    line = line_of(cube, cubes)
    none = np.zeros((1, 0))
    energy, g = line.at(np.zeros(1), False, "none", Constants.of(Scale("none"), 1), none)
    spreads = []
    for one in cuboids:
        if one is None:
            continue
        own = at_energy(energy, g, one.E_gap_eV)[0]
        values = [_uniform_aspect(at, state) for at, state in zip(own, (one.electron, one.hole), strict=True)]
        spreads.append(Spread(bulk.label, f"edges 1 to {ASPECT:g}", round(one.E_gap_eV, 3), *values))
    return spreads


def _of_shapes(bulk: BulkSet) -> tuple[Case, Case]:
    """Cubes, and cuboids with one longer edge."""
    cube = case_of(bulk, "halide", 1.0)
    return cube, replace(cube, shape="cuboid", aspect=ASPECT, cells=ASPECT_CELLS)


def _uniform_aspect(of_cube: float, state: LevelState) -> float:
    """Standard deviation of g over ratios of edges and directions, principal values being linear in the ratio."""
    share = np.linspace(0, 1, 21)[:, None, None]
    values = of_cube + share * (np.array(state.g_principal) - of_cube)
    return over_directions(values)


def over_directions(principal: Array) -> float:
    """Standard deviation of |g n| over directions n, for principal values (..., 1, 3), each as likely."""
    turn = 2 * np.pi * (np.arange(40) + 0.5) / 40
    cosine, angle = (one.ravel() for one in np.meshgrid(_COSINES, turn))
    sine = np.sqrt(1 - cosine**2)
    squares = np.column_stack([sine * np.cos(angle), sine * np.sin(angle), cosine]) ** 2
    return float(np.sqrt(np.sum(principal**2 * squares, axis=-1)).std())


def tilt_spreads(bulk: BulkSet, evaluator: Evaluator) -> list[Spread]:
    """The spread by orientation of tilted nanocrystals, at their energies E_e - E_h. Raises BandgError."""
    return [
        Spread(bulk.label, "orientation of the tilted crystal", round(one.E_gap_eV, 3), *_directions(one))
        for one in evaluator.levels([_of_tilt(bulk)])[0]
        if one is not None
    ]


def _of_tilt(bulk: BulkSet) -> Case:
    """A cube of the tilted crystal."""
    return replace(case_of(bulk, "halide", 1.0), cells=TILT_CELLS, observables=())


def _directions(levels: Levels) -> list[float]:
    return [over_directions(np.array(state.g_principal)) for state in (levels.electron, levels.hole)]


def bromides(evaluator: Evaluator, names: Sequence[str] = BROMIDES) -> list[Bromide]:
    """Cubes of CsPbBr3 with halide planes, the shifts of the iodide's slab and quoted constants. Raises BandgError."""
    scale = Scale("haken", PRESETS["CsPbBr3"], IMAGE[1])
    sets, pairs = _of_bromides(names)
    found = iter(evaluator.levels([case for pair in pairs for case in pair]))
    rows = []
    for one, (plain, _) in zip(sets, pairs, strict=True):
        line = line_of(plain, next(found), next(found))
        for image in (False, True):
            energy, g = line.at(np.zeros(1), image, scale.family, Constants.of(scale, 1), np.zeros((1, 0)))
            for place, crystal in enumerate(plain.crystals()):
                numbers = [round(float(x), 4) for x in (energy[0, place], *g[0, place])]
                rows.append(Bromide(one.label, image, round(crystal.size_nm, 2), *numbers))
    return rows


def _of_bromides(names: Sequence[str] = BROMIDES) -> tuple[list[BulkSet], list[list[Case]]]:
    """The sets, and of each the cubes without and with the image potential."""
    sets = [one for one in bulk_sets(names) if not one.minimum]
    return sets, [[case_of(one, "halide", 1.0, image, BROMIDE_CELLS) for image in (False, True)] for one in sets]


@dataclass(frozen=True, eq=False)
class Checks:
    """The spreads, CsPbBr3, and a note for each that cannot be computed."""

    spreads: tuple[Spread, ...] = ()
    bromides: tuple[Bromide, ...] = ()
    notes: tuple[str, ...] = ()


def check(found: Verdict, sets: Sequence[BulkSet], evaluator: Evaluator) -> Checks:
    """All checks of a verdict. Raises BandgError."""
    spreads, notes = surface_spreads(found), []
    cubic, tilted = _examples(sets)
    for bulk, function in ((cubic, shape_spreads), (tilted, tilt_spreads)):
        if bulk is None:
            continue
        try:
            spreads += function(bulk, evaluator)
        except BandgError as error:
            notes.append(f"{bulk.label}: {error}")
    return Checks(tuple(spreads), tuple(bromides(evaluator)), tuple(notes))


def cases_of_checks(sets: Sequence[BulkSet]) -> list[Case]:
    """All cases of `check`, to say how much work there is."""
    cubic, tilted = _examples(sets)
    cases = [*(_of_shapes(cubic) if cubic else ()), *([_of_tilt(tilted)] if tilted else ())]
    return cases + [case for pair in _of_bromides()[1] for case in pair]


def _examples(sets: Sequence[BulkSet]) -> tuple[BulkSet | None, BulkSet | None]:
    """The set for the shapes and the one for the tilt, None where there is none."""
    cubic = next((one for one in reversed(sets) if not one.tilt and not one.minimum), None)
    return cubic, next((one for one in sets if one.tilt), None)
