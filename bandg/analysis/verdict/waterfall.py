"""From the published theory line to the measurement, one ingredient at a time, at fixed energy.

A state is a set of ingredients. It has one curve of g against energy, and a step between two states is the difference
of their curves at the energy of a measured number. The steps of a path therefore add up to its end, in any order; how
large one step is depends on the order.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.hypotheses.case import CUBE_CELLS, Case
from bandg.analysis.hypotheses.crystal_changes import Tilt
from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.analysis.verdict.combination import Combination, bulk_sets
from bandg.analysis.verdict.pair import SCALES
from bandg.analysis.verdict.study import band, lines_of
from bandg.base.errors import BandgError
from bandg.data.measured import MeasuredPoint
from bandg.models.etb.local import resolve_neighbors
from bandg.models.screening import GLASS_EPS, PRESETS, Screening
from bandg.parameters.loader import load_set
from bandg.parameters.sets import ParameterSet

Array = NDArray[np.float64]

START, FITTED = "nestoklon2023-standin", "bandg-cspbi3-nnn"
GAMMA, GAMMA_LAW = "bandg-cspbi3-gamma", "bandg-cspbi3-gamma-law"
"""Sets for the tilted crystal: the gap alone held, or g_h too at the value of the law of measured crystals."""

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

VARIANTS = {"tilt-law": "tilt", "screening-weak": "screening"}
"""Other choices for an ingredient: the other set of the tilted crystal, the other end of the screening constants."""

SCREENINGS = {"screening": PRESETS["strong"], "screening-weak": PRESETS["weak"]}
SYMBOL, ANGLES = "a-b+a-", (9.0, 8.0)
"""The tilt, in degrees."""
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


def both_orders(
    points: Sequence[MeasuredPoint], evaluator: Evaluator, cells: tuple[int, ...] = CUBE_CELLS
) -> dict[str, Waterfall]:
    """The paths FORWARD and REVERSE by their titles. Raises BandgError."""
    orders = {"first order": FORWARD, "other order": REVERSE}
    return {title: path(steps, points, evaluator, cells) for title, steps in orders.items()}


def end_band(points: Sequence[MeasuredPoint], evaluator: Evaluator, cells: tuple[int, ...] = ()) -> Array:
    """Standard errors (points,) of the end of FORWARD by what is not known of the bulk, those of the cubic crystal."""
    (bulk, *_), end = bulk_sets([FITTED]), Combination("halide", "slabs", SCALES[1], True)
    lines, _ = lines_of([bulk], [end], evaluator, cells)
    return band(lines[bulk.label, "halide"], end, points)


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
    (curve,) = evaluator.curves([nanocrystals(have, cells)])
    return np.array([float(curve.at(point.quantity.removeprefix("abs_"), point.energy_eV or 0.0)) for point in points])


def nanocrystals(have: Collection[str], cells: tuple[int, ...] = CUBE_CELLS) -> Case:
    """The nanocrystals of a state, with the energy of their transition."""
    parameters = load_set(FITTED if "second-neighbors" in have else START)
    distortion: list[tuple[str, Any]] = [("surface", "slabs")] if "surface" in have else []
    screening: Screening | None = next((of for name, of in SCREENINGS.items() if name in have), None)
    if screening and "image" in have:
        distortion.append(("image", f"{screening.eps_inf:g},{GLASS_EPS:g}"))
    if "tilt-law" in have or "tilt" in have:
        distortion += [("tilt", SYMBOL), ("angles", ",".join(f"{one:g}" for one in ANGLES))]
        parameters = _of_tilted(parameters, "tilt-law" in have)
    return Case(
        parameters,
        resolve_neighbors(parameters, None),
        termination="halide" if "termination" in have else "lead",
        cells=cells,
        distortion=tuple(distortion),
        exciton=screening,
        eps_out=GLASS_EPS if screening else None,
    )


def _of_tilted(parameters: ParameterSet, law: bool) -> ParameterSet:
    if parameters.name == FITTED:
        return load_set(GAMMA_LAW if law else GAMMA)
    if law:
        raise BandgError(f"tilt-law needs second-neighbors before it: {parameters.name} has no set of that kind")
    return tilted(parameters)


@lru_cache(maxsize=8)
def tilted(parameters: ParameterSet, angles: tuple[float, float] = ANGLES) -> ParameterSet:
    """The set with the gap of its tilted bulk brought to that of its cubic one by Pb p. Raises BandgError."""
    cubic = Case(parameters, resolve_neighbors(parameters, None))
    return Tilt(SYMBOL, angles, (4,))(cubic, 1.0).parameters
