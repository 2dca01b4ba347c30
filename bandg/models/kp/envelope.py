"""Confined band-edge levels of the 8-band k.p model in a cube or a sphere, with hard walls or in glass.

Two conditions keep spurious solutions out. The remote-band inverse masses must make the k^2 terms elliptic (R6+
falls, R6- and R8- rise in every direction), else states of arbitrarily short wavelength come into the gap; and the band
edge is recognized by its overlap with Bloch function x ground function of the empty box, never by its place in the
spectrum.
"""

from __future__ import annotations

import math
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from bandg.base.errors import BandgError, SolverError
from bandg.base.units import HBAR2_OVER_M0
from bandg.crystal.lattice import PEROVSKITE
from bandg.crystal.shapes import Nanocrystal
from bandg.models.kp.ball import ball_block
from bandg.models.kp.basis import Interval, interval
from bandg.models.kp.box import BoxBlock, box_block, moment_z
from bandg.models.kp.matrices import DEFAULTS, KpModel, numeric
from bandg.models.kp.sets import KpSet
from bandg.models.levels import Levels, LevelState
from bandg.solvers.base import ShiftIsLevel
from bandg.solvers.registry import AUTO, factorizing_solver

if TYPE_CHECKING:
    from scipy import sparse

ELLIPTICITY = 0.03
"""Least inverse mass (1/m0) of the k^2 terms of R6- and R8- in any direction, below which a_8 is raised to reach it."""

LARGEST_RAISE = 1.0
"""A set that needs a larger change of a_8 (1/m0) is refused."""

LEAST_BARRIER_EV = 0.5
WINDOW_EV = 2.5
"""From mid-gap, where the band edge is looked for before all levels are computed."""

IN_GLASS, IN_SHELL = 3, 6
"""Functions on each layer of glass along an edge (one more serves both sides of the interface), and on a shell."""

_EDGES: dict[str, tuple[int, str, int, Literal["valence", "conduction"]]] = {
    "hole": (0, "6+", -1, "valence"),
    "electron": (2, "6-", 1, "conduction"),
}
"""First row of the band edge, irrep about Pb, sign of the confinement energy, band edge of the perovskite."""


@dataclass(frozen=True)
class Barrier:
    """Heights in eV of the glass above R6-, R8- (electron) and below R6+ (hole)."""

    electron_eV: float
    hole_eV: float

    def __post_init__(self) -> None:
        for value in (self.electron_eV, self.hole_eV):
            if not LEAST_BARRIER_EV <= value <= 100:
                raise BandgError(f"barrier {value:g} eV is outside {LEAST_BARRIER_EV:g}..100 eV")

    @property
    def bands(self) -> NDArray[np.float64]:
        """What the glass adds to each of the eight bands in eV, shape (8,)."""
        return np.array([-self.hole_eV] * 2 + [self.electron_eV] * 6)


def elliptic(values: dict[str, float], name: str = "this set") -> tuple[dict[str, float], float]:
    """The parameters with a_8 raised until the k^2 terms of R6- and R8- are elliptic, and by how much (1/m0).

    a_8 enters neither the mass nor g of R6+ and R6- at second order. Raises BandgError for a set whose remote bands
    cannot be confined: a crystal field, a_v not negative, a_6 not positive, or a raise above LARGEST_RAISE.
    """
    chosen = DEFAULTS | values
    if chosen["delta"] or chosen["epsilon"]:
        raise BandgError(
            f"{name}: a nanocrystal is computed for the cubic crystal: delta and epsilon must be zero; `bandg kp bulk` "
            "takes the crystal field"
        )
    for wrong, edge, sign in ((chosen["a_v"] >= 0, "a_v", "negative"), (chosen["a_6"] <= 0, "a_6", "positive")):
        if wrong:
            raise BandgError(
                f"{name}: {edge} = {chosen[edge]:g} must be {sign}, else states of short wavelength fill the gap of a "
                "nanocrystal; a set from `bandg kp from-etb` has masses that can be confined"
            )
    wanted = [raise_for(matrix) for matrix in _forms(numeric(chosen))]
    raised = max(0.0, *wanted)
    if raised > LARGEST_RAISE:
        raise BandgError(f"{name}: a_8 is too small by {raised:.3g}: R8- would fall into the gap at short wavelengths")
    return chosen | {"a_8": chosen["a_8"] + raised}, raised


def _forms(model: KpModel) -> NDArray[np.complex128]:
    """Inverse masses of the k^2 terms between the six conduction bands along many directions, shape (n, 6, 6)."""
    t = np.linspace(0, 1, 7)
    wedge = np.array([(1, u, u * v) for u in t for v in t])
    wedge /= np.linalg.norm(wedge, axis=1)[:, None]
    return np.einsum("na,nb,abij->nij", wedge, wedge, model.h2)[:, 2:, 2:] / (HBAR2_OVER_M0 / 2)


def raise_for(form: NDArray[np.complex128]) -> float:
    """What must be added to R8- so that the least eigenvalue of a (6, 6) form is ELLIPTICITY; may be negative."""
    rest = form[2:, 2:] - ELLIPTICITY * np.eye(4)
    cross, six = form[:2, 2:], form[:2, :2] - ELLIPTICITY * np.eye(2)
    if np.linalg.eigvalsh(six)[0] <= 0:
        return math.inf
    return -float(np.linalg.eigvalsh(rest - cross.conj().T @ np.linalg.solve(six, cross))[0])


def functions_along(length: float) -> int:
    """Functions along an edge of that length (nm) for g to about 1e-3 (docs/kp.md): layers of 0.2 nm need root L."""
    return 2 * math.ceil(max(10.0, 3.4 * math.sqrt(length)) / 2)


def count_functions(nanocrystal: Nanocrystal, glass: bool) -> int:
    """Functions, band x envelope, that `compute_levels` takes for a nanocrystal."""
    along = functions_along(nanocrystal.size_nm)
    if nanocrystal.shape == "cube":
        return 8 * (along + (2 * IN_GLASS if glass else 0)) ** 3
    return 3 * (2 * along + (IN_SHELL if glass else 0))


def glass_thickness(barrier: Barrier) -> float:
    """Thickness in nm after which a state at mid-barrier has decayed to exp(-4) with an inverse mass of 5 / m0."""
    lowest = min(barrier.electron_eV, barrier.hole_eV)
    return float(4 * math.sqrt(HBAR2_OVER_M0 / 2 * 5 / lowest))


@dataclass(frozen=True, eq=False)
class State:
    """A level before it is reported: energy in eV, moments in hbar, weights of R6+, R6-, R8- and in the glass."""

    energy: float
    overlap: float
    orbital: float
    zeeman: float
    bands: tuple[float, float, float]
    in_glass: float
    residual: float
    functions: int


def compute_levels(parameters: KpSet, nanocrystal: Nanocrystal, barrier: Barrier | None = None) -> Levels:
    """Band-edge levels and g-factors of a nanocrystal in the 8-band envelope model.

    nanocrystal: its edge or diameter counts, its termination does not. barrier: None for hard walls.
    Raises BandgError for a set that cannot be confined (see `elliptic`) or where no state is a band edge.
    """
    started = time.perf_counter()
    values, raised = elliptic(parameters.values, parameters.name)
    solve = _in_cube if nanocrystal.shape == "cube" else _in_sphere
    found = {name: solve(tuple(sorted(values.items())), name, nanocrystal.size_nm, barrier) for name in _EDGES}
    warnings = []
    if raised:
        warnings.append(f"a_8 is raised by {raised:.3f} to {values['a_8']:.3f}, which keeps spurious states out")
    for name, state in found.items():
        if state.overlap < 0.5:
            warnings.append(f"{name}: the best overlap with Bloch function x envelope is {state.overlap:.2f}")
    return Levels(
        nanocrystal=nanocrystal,
        neighbors=0,
        n_pb=0,
        n_orbitals=found["hole"].functions,
        electron=_level(found["electron"], "electron", nanocrystal),
        hole=_level(found["hole"], "hole", nanocrystal),
        electron_levels=(),
        hole_levels=(),
        bulk_E_v_eV=values["E_v"],
        bulk_E_c_eV=values["E_v"] + values["E_g"],
        point_group="Oh",
        point_group_order=48,
        blocks={},
        factorizations=0,
        solves=2,
        solver=factorizing_solver(AUTO).name if nanocrystal.shape == "cube" else "dense",
        seconds=time.perf_counter() - started,
        warnings=tuple(warnings),
    )


def _level(state: State, name: str, nanocrystal: Nanocrystal) -> LevelState:
    return LevelState(
        energy_eV=state.energy,
        irrep=PEROVSKITE.confined(_EDGES[name][3], nanocrystal.center),
        degeneracy=2,
        g=2 * (state.orbital + state.zeeman),
        g_quartet=None,
        g_spin=2 * state.zeeman,
        g_orbital=2 * state.orbital,
        g_atomic=None,
        sigma_z=None,
        overlap=state.overlap,
        character=dict(zip(("R6+", "R6-", "R8-"), state.bands, strict=True)),
        residual_eV=state.residual,
        extra={"glass_weight": (state.in_glass,)},
    )


Values = tuple[tuple[str, float], ...]
Found = tuple[float, NDArray[Any], float]
"""Energy in eV, vector, and weight of the trial function."""

_NEAREST = (1, 4, 16, 64)
"""So many levels nearest to mid-gap are looked at before all are computed."""


@lru_cache(maxsize=4)
def _model(values: Values) -> KpModel:
    return numeric(dict(values))


@lru_cache(maxsize=4)
def _scaled_block(values: Values, count: int, label: str) -> BoxBlock:
    """The hard-wall cube of edge 1 nm, which serves for all edges."""
    return box_block(_model(values), interval(count, 1.0), label)


def _choose(matrix: NDArray[Any], trial: NDArray[Any], mid_gap: float, sign: int, name: str) -> Found:
    """Energy, vector and overlap of the level on the carrier's side that overlaps most with the trial function."""
    for reach in (WINDOW_EV, math.inf):
        window = sorted((mid_gap, mid_gap + sign * reach))
        energies, vectors = eigh(matrix, subset_by_value=window)
        weights = np.abs(trial @ vectors) ** 2
        if len(energies) and weights.max() > 0.5:
            break
    if not len(energies) or weights.max() < 0.1:
        raise BandgError(f"{name}: no level of the envelope model is a band edge; the nanocrystal is too small")
    best = int(np.argmax(weights))
    return float(energies[best]), vectors[:, best], float(weights[best])


def _nearest(matrix: sparse.csr_array, trial: NDArray[Any], mid_gap: float, sign: int, name: str) -> Found:
    """What `_choose` finds, for a sparse matrix: among the levels nearest to mid-gap, else among all.

    The weights of all levels sum to one: none of the others can have more than what these leave.
    """
    try:
        factor = factorizing_solver(AUTO).factorization(matrix, mid_gap)
    except (SolverError, ShiftIsLevel):
        return _choose(matrix.toarray(), trial, mid_gap, sign, name)
    inverse = LinearOperator(matrix.shape, factor.solve, dtype=matrix.dtype)
    for count in _NEAREST:
        with suppress(ArpackNoConvergence):
            side = "LA" if sign > 0 else "SA"
            energies, vectors = eigsh(matrix, count, sigma=mid_gap, which=side, OPinv=inverse, v0=trial)
            weights = np.abs(trial @ vectors) ** 2
            best = int(np.argmax(weights))
            if weights[best] > 1 - weights.sum() and sign * (energies[best] - mid_gap) > 0:
                return float(energies[best]), vectors[:, best], float(weights[best])
    return _choose(matrix.toarray(), trial, mid_gap, sign, name)


def _mid_gap(values: dict[str, float]) -> float:
    return values["E_v"] + values["E_g"] / 2


def _in_cube(values: Values, name: str, length: float, barrier: Barrier | None) -> State:
    first, label, sign, _ = _EDGES[name]
    model, count = _model(values), functions_along(length)
    if barrier is None:
        block, scale = _scaled_block(values, count, label), length
    else:
        axis: Interval = interval(count - 2, length, glass_thickness(barrier), IN_GLASS)
        block, scale = box_block(model, axis, label, barrier.bands), 1.0
    matrix, n = block.at(scale), block.axis.size
    row = block.basis[first * n**3].toarray().ravel()  # real, or i times real
    trial = np.real(row * np.exp(-0.5j * np.angle(np.sum(row**2)))) / np.linalg.norm(row)
    energy, vector, overlap = _nearest(matrix, trial, _mid_gap(dict(values)), sign, name)
    orbital, zeeman = moment_z(model, block, vector, scale)
    psi = (block.basis @ vector).reshape(8, n, n, n)
    density = np.sum(np.abs(psi) ** 2, axis=(1, 2, 3))
    within = psi
    for axis_number in (1, 2, 3):
        within = np.moveaxis(np.tensordot(block.axis.inside, within, axes=(1, axis_number)), 0, axis_number)
    in_glass = 0.0 if barrier is None else 1 - float(np.real(np.vdot(psi, within)))
    residual = float(np.linalg.norm(matrix @ vector - energy * vector))
    return State(energy, overlap, orbital, zeeman, _by_band(density), in_glass, residual, 8 * n**3)


def _by_band(density: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(density[:2].sum()), float(density[2:4].sum()), float(density[4:].sum())


def _in_sphere(values: Values, name: str, diameter: float, barrier: Barrier | None) -> State:
    _, label, sign, _ = _EDGES[name]
    count = 2 * functions_along(diameter)
    heights = None if barrier is None else barrier.bands
    thickness = 0.0 if barrier is None else glass_thickness(barrier)
    block = ball_block(_model(values), label, diameter / 2, count, heights, thickness, IN_SHELL)
    own = np.flatnonzero(block.channels == 0 if name == "hole" else block.channels == 1)
    trial = np.zeros(len(block.matrix))
    trial[own] = block.ground
    energy, vector, overlap = _choose(block.matrix, trial, _mid_gap(dict(values)), sign, name)
    orbital, zeeman, outside = (
        float(np.real(vector.conj() @ part @ vector)) for part in (block.orbital, block.zeeman, block.outside)
    )
    density = [float(np.sum(np.abs(vector[block.channels == band]) ** 2)) for band in range(3)]
    residual = float(np.linalg.norm(block.matrix @ vector - energy * vector))
    return State(
        energy, overlap, orbital, zeeman, (density[0], density[1], density[2]), outside, residual, len(block.matrix)
    )
