"""From the published theory line to the measurement, one ingredient at a time, at fixed energy.

A state is a set of ingredients. It has one curve of g against energy, and a step between two states is the difference
of their curves at the energy of a measured number. The steps of a path therefore add up to its end, in any order; how
large one step is depends on the order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from bandg.analysis.hypotheses.case import CUBE_CELLS, Case, bulk_of
from bandg.analysis.hypotheses.changes import with_bulk
from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.analysis.verdict.line import Array, Line, at_points
from bandg.analysis.verdict.pair import IMAGE, SCALES, Constants, Scale, pair_observables
from bandg.analysis.verdict.study import values_of
from bandg.base.errors import BandgError
from bandg.data.measured import MeasuredPoint
from bandg.models.etb.local import resolve_neighbors
from bandg.parameters.loader import load_set
from bandg.parameters.sets import ParameterSet

START, FITTED, GAMMA = "nestoklon2023-standin", "bandg-cspbi3-nnn", "bandg-cspbi3-gamma"

INGREDIENTS = {
    "termination": "halide planes",
    "second-neighbors": "second neighbors",
    "surface": "surface potential",
    "screening": "screened attraction",
    "image": "image potential",
    "tilt": "tilted crystal",
}
"""Names and labels, in the order of the first path."""

FORWARD = tuple(INGREDIENTS)
REVERSE = ("tilt", "screening", "image", "surface", "second-neighbors", "termination")
"""The other way, but for the image potential, whose energy is part of that of the pair: the attraction comes first."""

VARIANTS = {"tilt-same-g_h": "tilt", "tilt-gamma-set": "tilt", "screening-weak": "screening"}
"""Other choices for an ingredient: gap and g_h of the tilted bulk held, or the set of the tilted crystal, in place of
the gap alone; and the other corner of the screening constants."""

TILT = (("tilt", "a-b+a-"), ("angles", "9,8"))
TILTED_CELLS = (3, 4, 5, 6, 8)


@dataclass(frozen=True, eq=False)
class Waterfall:
    """A path of states.

    Parameters
    ----------
    steps : tuple of str
        Names of the ingredients in their order.
    values : array (steps + 1, points)
        g of each state at the measured energies, the start first.
    measured : array (points,)
        The measured numbers.
    """

    steps: tuple[str, ...]
    values: Array
    measured: Array

    @property
    def changes(self) -> Array:
        """What each step does, (steps, points)."""
        return np.diff(self.values, axis=0)

    @property
    def residual(self) -> Array:
        """Measured minus the end, (points,)."""
        return np.asarray(self.measured - self.values[-1])


def path(
    steps: Sequence[str], points: Sequence[MeasuredPoint], evaluator: Evaluator, cells: tuple[int, ...] = CUBE_CELLS
) -> Waterfall:
    """The states of a path from the published line on.

    Parameters
    ----------
    steps : sequence of str
        Ingredients or variants, each once.
    points : sequence of MeasuredPoint
        Where the states are compared.
    evaluator : Evaluator
        Computes the nanocrystals.
    cells : tuple of int
        Edges of the cubes in cells; tilted ones have fewer (`TILTED_CELLS`).

    Returns
    -------
    Waterfall
        NaN where a state has no value.

    Raises
    ------
    BandgError
        For an unknown ingredient, one that comes twice, or an image potential before the attraction.
    """
    kinds = [VARIANTS.get(step, step) for step in steps]
    if unknown := [kind for kind in kinds if kind not in INGREDIENTS]:
        raise BandgError(f"no ingredient is called {unknown[0]!r}; there are: {', '.join((*INGREDIENTS, *VARIANTS))}")
    if len(set(kinds)) < len(kinds):
        raise BandgError("an ingredient comes twice")
    if "image" in kinds and "screening" not in kinds[: kinds.index("image")]:
        raise BandgError("the image potential needs the screened attraction before it")
    values = [state(steps[:count], points, evaluator, cells) for count in range(len(steps) + 1)]
    return Waterfall(tuple(steps), np.array(values), np.array([point.value for point in points]))


def state(
    have: Collection[str], points: Sequence[MeasuredPoint], evaluator: Evaluator, cells: tuple[int, ...] = CUBE_CELLS
) -> Array:
    """g of a state at the measured energies, (points,).

    Few tilted nanocrystals are computed: what that costs in the same cubic crystal is taken off.
    """
    own = [VARIANTS.get(name, name) for name in have]
    if "tilt" not in own:
        return _at(have, points, evaluator, cells)
    cubic = [name for name, kind in zip(have, own, strict=True) if kind != "tilt"]
    few = _at(cubic, points, evaluator, TILTED_CELLS)
    return _at(have, points, evaluator, TILTED_CELLS) + _at(cubic, points, evaluator, cells) - few


def _at(have: Collection[str], points: Sequence[MeasuredPoint], evaluator: Evaluator, cells: tuple[int, ...]) -> Array:
    return at_points(*transition(nanocrystals(have, cells), scale_of(have), evaluator), points)[0]


def transition(case: Case, scale: Scale, evaluator: Evaluator) -> tuple[Array, Array]:
    """Transition energies in eV, (1, n), and g, (1, n, 2), of the nanocrystals of a case and their bulk.

    Where the case has an image potential it counts with the strength that the scale gives it.
    """
    image = "image" in dict(case.distortion)
    pairs = [replace(one, observables=pair_observables()) for one in (without(case, "image"), case)]
    found = [values_of(*one) for one in zip(pairs, evaluator.levels(pairs), strict=True)]
    line = Line(np.zeros(1), np.array(found)[:, None], np.zeros((len(found[0]), 3, 0)))
    return line.at(np.zeros(1), image, scale.family, Constants.of(scale, 1), np.zeros((1, 0)))


def nanocrystals(have: Collection[str], cells: tuple[int, ...] = CUBE_CELLS) -> Case:
    """The nanocrystals of a state."""
    parameters = load_set(FITTED if "second-neighbors" in have else START)
    termination = "halide" if "termination" in have else "lead"
    distortion: list[tuple[str, Any]] = []
    if "surface" in have:
        distortion.append(("surface", "slabs"))
    if "image" in have:
        distortion.append(("image", ",".join(f"{one:g}" for one in IMAGE)))
    if tilt := next((name for name in have if VARIANTS.get(name, name) == "tilt"), None):
        parameters = load_set(GAMMA) if tilt == "tilt-gamma-set" else tilted(parameters, tilt == "tilt-same-g_h")
        distortion += TILT
    neighbors = resolve_neighbors(parameters, None)
    return Case(parameters, neighbors, "cube", termination, cells=cells, distortion=tuple(distortion))


@lru_cache(maxsize=8)
def tilted(parameters: ParameterSet, hold_g_h: bool = False, tilt: tuple[tuple[str, str], ...] = TILT) -> ParameterSet:
    """The set with the gap of the tilted bulk brought to that of its cubic one, and perhaps g_h. Raises BandgError."""
    neighbors = resolve_neighbors(parameters, None)
    case = Case(parameters, neighbors, cells=(4,), distortion=tilt)
    return with_bulk(case, bulk_of(parameters, neighbors), hold_g_h).parameters


def without(case: Case, name: str) -> Case:
    """The case without one of its distortions."""
    return replace(case, distortion=tuple(one for one in case.distortion if one[0] != name))


def scale_of(have: Collection[str]) -> Scale:
    """The energy scale of a state."""
    return SCALES[3 if "screening-weak" in have else 1 if "screening" in have else 0]


def sets_of(paths: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Names of the shipped sets that paths go through."""
    return (START, FITTED) if any("second-neighbors" in one for one in paths) else (START,)
