"""Levels and g-factors of a nanocrystal in tight binding, by symmetry-reduced blocks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.crystal.shapes import Nanocrystal
from bandg.hamiltonian.blocks import AdaptedBasis
from bandg.hamiltonian.moments import g_of_doublet, g_of_quartet, g_tensor, moments_of, symmetric_turn
from bandg.models.etb.bulk import BandEdge, Bulk
from bandg.models.etb.identify import CubicTrial, confinement_energy, trial_of
from bandg.models.etb.local import resolve_neighbors
from bandg.models.etb.material import Material
from bandg.models.etb.near import NearCrystal, direct_fits, near_wanted
from bandg.models.etb.reduced import ReducedNanocrystal, reduced_nanocrystal, reduced_of
from bandg.models.etb.states import Doublet
from bandg.models.levels import Levels, LevelState, with_observables
from bandg.models.observable import Observable
from bandg.parameters.sets import ParameterSet
from bandg.solvers.base import Estimate, Window, Work
from bandg.solvers.near_symmetric import NearSymmetric, NotProven
from bandg.solvers.registry import AUTO
from bandg.solvers.spectrum import Spectrum

__all__ = ["ReducedNanocrystal", "band_edges", "compute_levels", "reduced_nanocrystal"]

_FIRST_DEPTH = 1.3
"""The first window reaches this many estimated confinement energies into the band."""

_DEEPER = 1.6
_MAX_WINDOWS = 6

_BEYOND_EV = 5e-3
"""The window reaches this much beyond the place where a few solves have found the band edge."""

_SAME_LEVEL_EV = 1e-7
"""Levels of one irrep that lie closer are one flat level: any mixture of their states is as good as another."""

_ALIGNED = 0.01
"""Overlap from which on a doublet is aligned with the Bloch pair; that of an excited one vanishes by symmetry."""

_WHOLE_BAND_EV = 300.0
"""No level of any set lies further from the gap: no parameter is larger than 100 eV."""


@dataclass(frozen=True, eq=False)
class _Found:
    """A level before its properties are worked out."""

    label: str
    energy: float
    vector: NDArray[Any]
    residual: float
    overlap: float
    is_flat: bool = False


class _Carrier:
    """Electron or hole of one nanocrystal: search range and result."""

    def __init__(self, edge: BandEdge, bulk_: Bulk, reduced: ReducedNanocrystal) -> None:
        self.edge = edge
        self.sign = 1 if edge is bulk_.conduction else -1
        self.name = "electron" if self.sign > 0 else "hole"
        self.trial = trial_of(reduced, bulk_, edge)
        self.label = self.trial.label
        self.depth = _FIRST_DEPTH * confinement_energy(reduced, edge, bulk_.E_g)
        other = bulk_.valence if edge is bulk_.conduction else bulk_.conduction
        self.far_edge, self.mid_gap = other.energy, (edge.energy + other.energy) / 2

    def estimate(self, spectrum: Spectrum) -> Estimate | None:
        """Where the band edge lies, by solves in the middle of the gap; None where the first depth is good anyway."""
        if isinstance(self.trial, CubicTrial):
            return None
        return spectrum.strongest(self.trial.start(spectrum.matrix.dtype), self.mid_gap, self.sign > 0)

    def window(self, spectrum: Spectrum, inner: float, depth: float) -> Window:
        """All levels from the energy `inner` in the gap to the given depth in the band."""
        outer = self.edge.energy + self.sign * depth
        if self.sign > 0:
            return spectrum.between(inner, outer, shift="upper")
        return spectrum.between(outer, inner, shift="lower")

    def count(self, spectrum: Spectrum, inner: float, depth: float) -> int:
        """Number of levels in that window."""
        outer = self.edge.energy + self.sign * depth
        number = abs(spectrum.count_below(outer) - spectrum.count_below(inner))
        spectrum.release()  # keeping six factorizations would take six times the memory
        return number


def compute_levels(
    parameters: ParameterSet | Material,
    nanocrystal: Nanocrystal,
    neighbors: int | None = None,
    levels: int = 1,
    intra_atomic: bool = False,
    solver: str = "auto",
    observables: Sequence[Observable] = (),
) -> Levels:
    """Band-edge levels and g-factors of one nanocrystal, and with levels > 1 the lowest ones of each carrier.

    parameters: a set, or a Material of two for a mixed halide. levels: K levels of each carrier from all irreps; 1
    computes the two band edges alone.
    intra_atomic: add the angular momentum of the p shells to g. solver: name of a solver, or "auto".
    observables: those that are computed from the states.
    Raises BandgError for a set without gap, or where a level cannot be verified.
    """
    started = time.perf_counter()
    solution, neighbors = _prepared(parameters, nanocrystal, neighbors, intra_atomic, solver, levels)
    reduced, bulk_ = solution.reduced, solution.bulk
    hole_found, electron_found = solution.band_edges()
    hole, hole_levels = solution.with_levels(hole_found, solution.hole, levels)
    electron, electron_levels = solution.with_levels(electron_found, solution.electron, levels)
    found = Levels(
        nanocrystal=nanocrystal,
        neighbors=neighbors,
        n_pb=reduced.n_pb,
        n_orbitals=reduced.system.n_orbitals,
        electron=electron,
        hole=hole,
        electron_levels=electron_levels,
        hole_levels=hole_levels,
        bulk_E_v_eV=bulk_.valence.energy,
        bulk_E_c_eV=bulk_.conduction.energy,
        point_group_order=reduced.orbits.group.order,
        blocks=solution.sizes,
        factorizations=solution.work.factorizations,
        solves=solution.work.solves,
        solver="+".join(sorted(solution.work.solvers)),
        seconds=time.perf_counter() - started,
        warnings=(*solution.warnings, *solution.work.warnings),
        point_group=reduced.orbits.group.name,
    )
    if not observables:
        return found
    doublets = solution.doublet(electron_found, solution.electron), solution.doublet(hole_found, solution.hole)
    return with_observables(found, observables, doublets)


def _prepared(
    parameters: ParameterSet | Material,
    nanocrystal: Nanocrystal,
    neighbors: int | None,
    intra_atomic: bool,
    solver: str,
    levels: int = 1,
) -> tuple[_Solution, int]:
    if levels > 1 and solver == NearSymmetric.name:
        raise BandgError(f"the solver {solver} finds band edges alone: `levels` above 1 need superlu or pardiso")
    material = parameters if isinstance(parameters, Material) else Material(parameters)
    if nanocrystal.fraction and material.second is None:
        raise BandgError("a mixed halide needs the parameter set of the second halide")
    neighbors = resolve_neighbors(material.parameters, neighbors)
    reduced = reduced_of(nanocrystal, material.parameters, material.spec(neighbors))
    bulk_ = material.bulk(neighbors, nanocrystal.fraction)
    solution = _Solution(reduced, material.vector(neighbors), bulk_, intra_atomic, solver)
    if near_wanted(solver, levels, nanocrystal, neighbors, reduced.system.n_orbitals, reduced.orbits.group):
        solution.near = partial(NearCrystal, reduced, material.parameters, neighbors, solution.vector, solution.work)
    return solution, neighbors


def band_edges(
    parameters: ParameterSet | Material, nanocrystal: Nanocrystal, neighbors: int | None = None, solver: str = "auto"
) -> tuple[Doublet, Doublet]:
    """Electron and hole of a nanocrystal with their states, as `compute_levels` finds them. Raises BandgError."""
    solution, _ = _prepared(parameters, nanocrystal, neighbors, False, solver)
    hole, electron = solution.band_edges()
    return solution.doublet(electron, solution.electron), solution.doublet(hole, solution.hole)


class _Solution:
    """The levels of one nanocrystal for one parameter vector."""

    def __init__(
        self, reduced: ReducedNanocrystal, vector: NDArray[np.float64], bulk_: Bulk, intra_atomic: bool, solver: str
    ) -> None:
        self.reduced, self.vector, self.bulk, self.intra_atomic, self.solver = (
            reduced,
            vector,
            bulk_,
            intra_atomic,
            solver,
        )
        self.work, self.warnings, self.sizes = Work(), [], {}  # type: Work, list[str], dict[str, int]
        self._spectra: dict[tuple[str, int], Spectrum] = {}
        self.near: Callable[[], NearCrystal] | None = None
        self.electron = _Carrier(bulk_.conduction, bulk_, reduced)
        self.hole = _Carrier(bulk_.valence, bulk_, reduced)

    def spectrum(self, label: str, carrier: _Carrier) -> Spectrum:
        """The reduced matrix of an irrep, ready to solve; one serves both carriers where they have one Hamiltonian."""
        key = label, carrier.sign if self.reduced.nanocrystal.image else 0
        if key not in self._spectra:
            matrix = self.reduced.hamiltonian(label, self.vector, carrier.sign)
            self.sizes[label] = matrix.shape[0]
            self._spectra[key] = Spectrum(matrix, self.solver, self.work)
        return self._spectra[key]

    def with_levels(self, found: _Found, carrier: _Carrier, levels: int) -> tuple[LevelState, tuple[LevelState, ...]]:
        """The band edge of a carrier, and its lowest levels if more than one is asked for."""
        edge = self.state(found, carrier)
        if levels == 1:
            return edge, ()
        return edge, tuple(self.state(found, carrier) for found in self.lowest(carrier, levels))

    def band_edges(self) -> tuple[_Found, _Found]:
        """Band edge of the hole and of the electron, which share what they can where they lie in one irrep."""
        if self.near is not None:
            try:
                crystal = self.near()
                return self._near_edge(crystal, self.hole), self._near_edge(crystal, self.electron)
            except NotProven:
                if self.solver != AUTO or not direct_fits(self.reduced):
                    raise
                self.work.solvers.clear()
        carriers = (self.hole, self.electron)
        shared: dict[Spectrum, list[_Carrier]] = {}
        for carrier in carriers:
            shared.setdefault(self.spectrum(carrier.label, carrier), []).append(carrier)
        found = {}
        for spectrum, mine in shared.items():
            estimates = [carrier.estimate(spectrum) for carrier in mine]  # both with the factorization in the gap
            for carrier, estimate in zip(mine, estimates, strict=True):
                found[carrier] = self._band_edge(carrier, spectrum, estimate)
            spectrum.release()
        return found[self.hole], found[self.electron]

    def _band_edge(self, carrier: _Carrier, spectrum: Spectrum, estimate: Estimate | None) -> _Found:
        """The state of the carrier's irrep that overlaps most with Bloch function x envelope.

        The first window begins in the middle of the gap; where it does not hold the state, deeper ones begin at the
        other band.
        """
        enough = 0.5
        if estimate is not None:
            reach = carrier.sign * (estimate.energy - carrier.edge.energy)
            carrier.depth = reach + _BEYOND_EV + 2 * estimate.error
            enough = min(enough, 0.9 * estimate.weight)
        inner = carrier.mid_gap
        spectrum.expect(inner, self.reduced.filled(carrier.label))
        for depth in carrier.depth * _DEEPER ** np.arange(_MAX_WINDOWS):
            window = carrier.window(spectrum, inner, depth)
            weights = carrier.trial.overlaps(carrier.label, window.states)
            if len(weights) and weights.max() >= enough:
                break
            inner = carrier.far_edge
        if not len(weights):
            raise BandgError(
                f"{carrier.name}: no {carrier.label} level within {depth:.2f} eV of the bulk band edge; "
                "the nanocrystal is too small, or the set is wrong"
            )
        best = int(np.argmax(weights))
        if weights[best] < 0.5:
            self.warnings.append(
                f"{carrier.name}: the best overlap with Bloch function x envelope is {weights[best]:.2f}, "
                "below one half; the band-edge state is uncertain"
            )
        copies = self.reduced.orbits.group.irrep(carrier.label).copies
        in_gap = np.sum(carrier.sign * (window.energies - window.energies[best]) < -_SAME_LEVEL_EV) // copies
        if in_gap:
            self.warnings.append(
                f"{carrier.name}: {in_gap} {carrier.label} level(s) lie nearer to the gap than the band edge; "
                "`levels` above 1 shows those of all irreps with their surface weight"
            )
        return _Found(
            carrier.label, float(window.energies[best]), window.states[:, best], window.residual, float(weights[best])
        )

    def _near_edge(self, crystal: NearCrystal, carrier: _Carrier) -> _Found:
        """The band edge by iteration from the symmetric form of the crystal."""
        label, pair, vector = crystal.band_edge(self.bulk, carrier.edge, carrier.sign, carrier.name)
        self.sizes[label] = len(vector)
        return _Found(label, pair.energy, vector, pair.residual, pair.weight)

    def lowest(self, carrier: _Carrier, levels: int) -> list[_Found]:
        """The levels nearest to the gap from all irreps, in order, each counted once."""
        spectra = {label: self.spectrum(label, carrier) for label in self.reduced.labels}
        depth = self._depth_for(carrier, spectra, levels)
        found = []
        for label, spectrum in spectra.items():
            window = carrier.window(spectrum, carrier.mid_gap, depth)
            spectrum.release()
            weights = carrier.trial.overlaps(label, window.states)
            copies = self.reduced.orbits.group.irrep(label).copies
            states = zip(window.energies, window.states.T, weights, strict=True)
            for energy, vector, weight in list(states)[::copies]:  # Kramers partners stand side by side
                found.append(_Found(label, float(energy), vector, window.residual, float(weight)))
        return self._nearest(found, carrier, levels)

    def _nearest(self, found: list[_Found], carrier: _Carrier, levels: int) -> list[_Found]:
        """The first levels in order, flat ones marked; levels that coincide are ordered by irrep."""
        ordered = sorted(found, key=lambda state: (carrier.sign * round(state.energy, 7), state.label))
        last: dict[str, int] = {}
        for number, state in enumerate(ordered):
            before = last.get(state.label)
            if before is not None and abs(ordered[before].energy - state.energy) < _SAME_LEVEL_EV:
                for index in (before, number):
                    ordered[index] = replace(ordered[index], is_flat=True)
            last[state.label] = number
        flat = sum(state.is_flat for state in ordered[:levels])
        if flat:
            self.warnings.append(
                f"{carrier.name}: {flat} of the {levels} levels coincide with others of their irrep; "
                "their g is not defined and is left out"
            )
        return ordered[:levels]

    def _depth_for(self, carrier: _Carrier, spectra: dict[str, Spectrum], levels: int) -> float:
        """A depth that holds at least the wanted number of levels and, where levels are not flat, few more."""

        def total(depth: float) -> int:
            return sum(
                carrier.count(spectrum, carrier.mid_gap, depth) // self.reduced.orbits.group.irrep(label).copies
                for label, spectrum in spectra.items()
            )

        shallow, deep = 0.0, carrier.depth
        while total(deep) < levels:
            if deep > _WHOLE_BAND_EV:
                raise BandgError(f"`levels={levels}`: there are only {total(deep)} {carrier.name} levels")
            shallow, deep = deep, deep * _DEEPER
        for _ in range(_MAX_WINDOWS):
            if total(deep) <= 2 * levels + 6:
                break
            middle = (shallow + deep) / 2
            if total(middle) >= levels:
                deep = middle
            else:
                shallow = middle
        return deep

    def doublet(self, found: _Found, carrier: _Carrier) -> Doublet:
        """A band edge with its states."""
        turn = carrier.trial.pseudospin(self.reduced.basis(found.label).multiplet(found.vector))
        return Doublet(self.reduced, self.vector, found.label, found.energy, found.vector, turn, carrier.sign)

    def state(self, found: _Found, carrier: _Carrier) -> LevelState:
        """The reported properties of a level."""
        basis = self.reduced.basis(found.label)
        degeneracy = basis.irrep.degeneracy
        states = basis.multiplet(found.vector)
        moment = moments_of(states, self.vector)
        surface, character = self._weights(basis, found.vector)
        common = LevelState(
            energy_eV=found.energy,
            irrep=found.label,
            degeneracy=degeneracy,
            surface_weight=surface,
            overlap=found.overlap,
            character=character,
            residual_eV=found.residual,
        )
        if found.is_flat:
            return common
        total = moment.total(self.intra_atomic)
        if degeneracy == 4:
            is_quartet = basis.irrep.dimension == 4 and basis.irrep.rows_aligned
            return replace(common, g_quartet=g_of_quartet(total)) if is_quartet else common
        aligned = self.reduced.is_simple or found.overlap >= _ALIGNED
        turn = carrier.trial.pseudospin(states) if aligned else symmetric_turn(total)
        tensor = g_tensor(total, turn)
        parts = (moment.total() - moment.orbital, moment.orbital, moment.atomic)
        spin, orbital, atomic = (g_of_doublet(turn.conj().T @ part @ turn) for part in parts)
        return replace(
            common,
            g=tensor.scalar,
            g_spin=spin,
            g_orbital=orbital,
            g_atomic=atomic,
            sigma_z=float(np.real(turn[:, 0].conj() @ moment.sigma[2] @ turn[:, 0])),
            g_principal=tuple(tensor.principal.tolist()),
            g_axes=tuple(tuple(axis) for axis in tensor.axes.tolist()),
            g_tensor=tuple(tuple(row) for row in tensor.matrix.tolist()),
        )

    def _weights(self, basis: AdaptedBasis, vector: NDArray[Any]) -> tuple[float, dict[str, float]]:
        """Weight on surface atoms, and weights by "species shell"."""
        orbits, model = self.reduced.orbits, self.reduced.system.model
        surface, character = 0.0, dict[str, float]()
        for number, kind in enumerate(orbits.kinds):
            part = orbits.of_type(number)
            psi = basis.amplitudes(vector, number, basis.identity)
            density = orbits.sizes[part][:, None] * np.sum(np.abs(psi) ** 2, axis=2) / basis.irrep.dimension
            surface += float(density[self.reduced.surface[part]].sum())
            space = model.spaces[kind]
            by_orbital = density.sum(axis=0).reshape(-1, 2).sum(axis=1)
            for shell in space.shells:
                name = f"{model.kinds[kind]} {shell}"
                character[name] = character.get(name, 0.0) + float(by_orbital[space.shell_slice(shell)].sum())
        return surface, character
