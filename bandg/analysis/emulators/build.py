"""Builds an emulator from computed nanocrystals.

Every size has the same design: nanocrystals at points of the knobs that a Sobol sequence spreads over the ranges, dense
near the ends. A polynomial is fitted to them by least squares. Further nanocrystals, left out of the fit, give its
error.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg import __version__
from bandg.analysis.emulators.emulator import OUTPUTS, Emulator, Exciton, powers
from bandg.analysis.emulators.knobs import Variation, variations
from bandg.analysis.hypotheses.case import Case, bulk_of
from bandg.analysis.hypotheses.changes import together
from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.base.errors import BandgError
from bandg.models.exciton import coulomb_radius_nm, reduced_mass
from bandg.models.levels import Levels
from bandg.parameters.sets import ParameterSet
from bandg.runs.options import DEFAULT_RUN, Run

Array = NDArray[np.float64]

CELLS = (4, 5, 6, 8, 10, 12)
LEFT_OUT = 8
_POINTS_PER_TERM = 1.5
_DIGITS = 9


def build(
    parameters: ParameterSet, shape: str = "cube", cells: Sequence[int] = CELLS, run: Run = DEFAULT_RUN
) -> Emulator:
    """The emulator of halide-terminated nanocrystals of a set. Raises BandgError."""
    from bandg.models.etb.local import resolve_neighbors

    case = Case(parameters, resolve_neighbors(parameters, None), shape, "halide", cells=tuple(cells))
    varied = variations(case)
    exponents = terms_of(varied)
    count = round(_POINTS_PER_TERM * len(exponents))
    design, test = points(len(varied), count, dense=True), points(len(varied), LEFT_OUT, dense=False)
    found = computed(case, varied, np.concatenate([design, test]), run)
    fitted = np.linalg.lstsq(powers(design, exponents), found[: len(design)].reshape(len(design), -1), rcond=None)[0]
    coefficients = fitted.T.reshape(*found.shape[1:], len(exponents))
    error = np.einsum("pt,ont->pon", powers(test, exponents), coefficients) - found[len(design) :]
    crystals = case.crystals()
    bulk = bulk_of(parameters, case.neighbors)
    return Emulator(
        parameters.name,
        shape,
        "halide",
        tuple(case.counts),
        tuple(float(one.size_nm) for one in crystals),
        tuple(one.knob for one in varied),
        tuple(map(tuple, exponents.tolist())),
        OUTPUTS,
        _plain(coefficients),
        _plain(np.sqrt((error**2).mean(axis=0))),
        _plain(np.abs(error).max(axis=0)),
        None,
        Exciton(reduced_mass(bulk), coulomb_radius_nm(crystals[0]) / crystals[0].size_nm),
        {"bandg": __version__, "set_sha256": parameters.digest(), "computed": str(found.shape[0] * found.shape[2])},
    )


def terms_of(varied: Sequence[Variation]) -> NDArray[np.int64]:
    """Exponents (n_terms, d): 1, the powers of each knob, and the products of each pair."""
    unit = np.eye(len(varied), dtype=np.int64)
    main = [power * unit[k] for k, one in enumerate(varied) for power in one.powers]
    pairs = [unit[i] + unit[j] for i, j in itertools.combinations(range(len(varied)), 2)]
    return np.array([np.zeros(len(varied), dtype=np.int64), *main, *pairs])


def points(d: int, count: int, dense: bool) -> Array:
    """Points (count, d) within -1..1 of a Sobol sequence; dense: near the ends, as Chebyshev's zeros."""
    from scipy.stats import qmc

    unit = qmc.Sobol(d, scramble=True, rng=1 if dense else 2).random(1 << (count - 1).bit_length())[:count]
    return -np.cos(np.pi * unit) if dense else 2 * unit - 1


def computed(case: Case, varied: Sequence[Variation], t: Array, run: Run) -> Array:
    """OUTPUTS (n_points, 4, n_sizes) at points (n_points, d) of t. Raises BandgError where one cannot be computed."""
    cases = [changed(case, varied, one) for one in t]
    evaluator = Evaluator(run)
    found = evaluator.levels(cases)
    for one, levels in zip(cases, found, strict=True):
        if None in levels:
            raise BandgError(f"no emulator of {case.parameters.name}: {evaluator.reason(one)}")
    return np.array([[_row(one) for one in levels] for levels in found]).transpose(0, 2, 1)


def changed(case: Case, varied: Sequence[Variation], t: Array) -> Case:
    """The case at one point (d,) of t."""
    values = [one.knob.low + (one.knob.high - one.knob.low) * (at + 1) / 2 for one, at in zip(varied, t, strict=True)]
    return together(case, *((one.change, float(value)) for one, value in zip(varied, values, strict=True)))


def _row(found: Levels | None) -> tuple[float, ...]:
    assert found is not None and found.electron.g is not None and found.hole.g is not None
    return found.electron.energy_eV, found.hole.energy_eV, found.electron.g, found.hole.g


def _plain(values: Any) -> Any:
    """Nested tuples of rounded numbers."""
    if np.ndim(values) == 0:
        return float(f"{values:.{_DIGITS}g}")
    return tuple(_plain(one) for one in values)
