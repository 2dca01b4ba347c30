"""Band edges and levels at R with exact derivatives by the free parameters.

In functions adapted to symmetry H(R) is one small block for each irrep, C its eigenvectors, and everything below is
linear in the parameters. By perturbation theory dE = (C^+ dH C)_nn and dC = C X, X_mn = (C^+ dH C)_mn / (E_n - E_m), so
that velocities, and with them momentum elements, masses and g-factors, have exact derivatives too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.fit.targets import COUPLED, EDGES, Weights, parse
from bandg.base.errors import BandgError
from bandg.base.units import G0, HBAR2_OVER_M0
from bandg.data.bands import POINTS
from bandg.models.etb.bloch import BlochHamiltonian
from bandg.models.etb.sectors import rows_at_R, sectors_at

_FACTOR = 4 / HBAR2_OVER_M0
"""From the sum of Im vx vy* / (energy difference) to g."""

Pair = tuple[float, NDArray[np.float64]]
"""A value and its derivatives by the free parameters, (n,)."""


def linear_parts(
    hamiltonian: BlochHamiltonian,
    base: NDArray[np.float64],
    slope: NDArray[np.float64],
    function: Callable[[BlochHamiltonian], NDArray[np.complex128]],
) -> NDArray[np.complex128]:
    """A matrix that is linear in the parameters as constant and derivatives, stacked: (1 + n, ...)."""
    return np.array([function(replace(hamiltonian, vector=vector)) for vector in (base, *slope.T)])


def at(parts: NDArray[np.complex128], theta: NDArray[np.float64]) -> NDArray[np.complex128]:
    """The matrix from its linear parts."""
    return parts[0] + np.tensordot(theta, parts[1:], axes=1)


@dataclass(frozen=True, eq=False)
class Block:
    """Eigenstates of one irrep: energies (n,), vectors C (n, n), changes C^+ dH C and turns X, both (p, n, n)."""

    energies: NDArray[np.float64]
    vectors: NDArray[np.complex128]
    changes: NDArray[np.complex128]
    turns: NDArray[np.complex128]

    @property
    def slopes(self) -> NDArray[np.float64]:
        """Derivatives of the energies, (p, n)."""
        return np.real(np.diagonal(self.changes, axis1=1, axis2=2))


def solve_block(parts: NDArray[np.complex128], theta: NDArray[np.float64]) -> Block:
    """Diagonalize one block and take its derivatives."""
    energies, vectors = np.linalg.eigh(at(parts, theta))
    changes = vectors.conj().T @ parts[1:] @ vectors
    gaps = energies[None, :] - energies[:, None]
    close = np.abs(gaps) < 1e-9  # within one irrep this is the diagonal, or a chance
    turns = np.where(close, 0, changes / np.where(close, 1, gaps))
    return Block(energies, vectors, changes, turns)


@dataclass(frozen=True, eq=False)
class EdgeModel:
    """The linear parts of all that the band edges at R need, for one structure and one choice of free parameters."""

    hamiltonian: BlochHamiltonian
    base: NDArray[np.float64]
    slope: NDArray[np.float64]

    @cached_property
    def rows(self) -> dict[str, NDArray[np.complex128]]:
        """Adapted functions of each irrep, (d, dim, n)."""
        return rows_at_R(self.hamiltonian)

    @cached_property
    def places(self) -> dict[str, tuple[str, int]]:
        """Block and position in it of each level that has a name in `bandg.analysis.fit.targets`.

        A block is an irrep at R ("6+"), or the point and the parity about Pb ("M-").
        """
        below = int("s" in self.hamiltonian.model.spaces[1].shells)  # X s brings one R6- and one R8-
        found = {"R6+": ("6+", 2), "R6-": ("6-", below), "R8-": ("8-", below), "R7+.1": ("7+", 0)}
        found |= {f"R6+.{n}": ("6+", 2 - n) for n in (1, 2)} | {f"R8+.{n}": ("8+", 3 - n) for n in (1, 2, 3)}
        if below:
            found |= {"R6-.1": ("6-", 0), "R8-.1": ("8-", 0)}
        for block, place in found.values():
            if block not in self.rows or place >= self.rows[block].shape[2]:
                raise BandgError("the basis is too small for a band edge at R: it needs s and p on Pb and p on X")
        for point in ("X", "M"):
            turned = round(2 * sum(POINTS[point]))  # of the three X: s is odd about Pb and p even; Pb s is even
            found[f"{point}.valence"] = (f"{point}+", below * (3 - turned) + 3 * turned)
            found[f"{point}.conduction"] = (f"{point}-", below * turned + 3 * (3 - turned))
        return found

    def _parts(self, function: Callable[[BlochHamiltonian], NDArray[np.complex128]]) -> NDArray[np.complex128]:
        return linear_parts(self.hamiltonian, self.base, self.slope, function)

    @cached_property
    def _R(self) -> NDArray[np.float64]:
        return self.hamiltonian.point("R")

    @cached_property
    def _bases(self) -> dict[str, NDArray[np.complex128]]:
        """Functions of each block, (dim, n): one of the partners of each level."""
        found = {label: rows[0] for label, rows in self.rows.items()}
        for point in ("X", "M"):
            sectors = sectors_at(self.hamiltonian, np.array(POINTS[point]), point)
            found |= {f"{point}{sector.label}": sector.basis for sector in sectors}
        return found

    @cached_property
    def _energy_parts(self) -> dict[str, dict[str, NDArray[np.complex128]]]:
        """H of each block by the point, (1 + p, n, n); filled when a point is asked for."""
        return {}

    def energy_parts(self, block: str) -> NDArray[np.complex128]:
        """H of a block, (1 + p, n, n)."""
        point = block[0] if block[0] in "XM" else "R"
        if point not in self._energy_parts:
            whole = self._parts(lambda h: h.H(h.point(point)))
            own = [label for label in self._bases if (label[0] if label[0] in "XM" else "R") == point]
            self._energy_parts[point] = {
                label: self._bases[label].conj().T @ whole @ self._bases[label] for label in own
            }
        return self._energy_parts[point][block]

    def weight(self, block: str, weights: Weights) -> NDArray[np.complex128]:
        """Projector of a block on shells, (n, n); s stands for s and s*, which have the same symmetry.

        Raises BandgError where the basis, or by symmetry the block, has none of the shells.
        """
        diagonal = np.zeros(self.hamiltonian.dimension)
        for sublattice, kind in enumerate(self.hamiltonian.kinds):
            space = self.hamiltonian.model.spaces[kind]
            own = {shell for species, shell in weights if species == self.hamiltonian.model.kinds[kind]}
            for shell in (own | {"s*"} if "s" in own else own) & set(space.shells):
                diagonal[self.hamiltonian.block(sublattice)] += np.diag(space.shell_projector(shell)).real
        shells = " and ".join(" ".join(one) for one in weights)
        if not diagonal.any():
            raise BandgError(f"the basis has no {shells}")
        basis = self._bases[block]
        projector = basis.conj().T @ (diagonal[:, None] * basis)
        if np.abs(projector).max() < 1e-9:
            raise BandgError(f"by symmetry this level has no {shells}")
        return np.asarray(projector)

    @cached_property
    def _velocity_parts(self) -> dict[tuple[str, str], NDArray[np.complex128]]:
        """dH/dk along x and y from the first row of an edge to all rows of a level, (1 + p, 2, d, n, n')."""
        whole = self._parts(lambda h: h.dH(self._R)[:2])
        found = {}
        for edge in ("6+", "6-"):
            left = self.rows[edge][0].conj().T @ whole
            for label, rows in self.rows.items():
                if label[1] != edge[1]:
                    found[edge, label] = np.einsum("pani,rim->parnm", left, rows)
        return found

    @cached_property
    def _curvature_parts(self) -> dict[str, NDArray[np.complex128]]:
        whole = self._parts(lambda h: h.d2H(self._R)[0, 0])
        return {edge: self.rows[edge][0].conj().T @ whole @ self.rows[edge][0] for edge in ("6+", "6-")}

    @cached_property
    def _spin(self) -> dict[str, NDArray[np.complex128]]:
        sigma = self.hamiltonian.sigma[2]
        return {edge: self.rows[edge][0].conj().T @ sigma @ self.rows[edge][0] for edge in ("6+", "6-")}

    def quantities(self, theta: NDArray[np.float64], names: tuple[str, ...]) -> dict[str, Pair]:
        """The named quantities with their derivatives; names as in `bandg.analysis.fit.targets`.

        Energies of levels are from the valence-band top; E_v is that top on the zero of the set.
        """
        solution = _Solution(self, theta)
        return {name: solution.quantity(name) for name in names}


class _Solution:
    """All eigenstates for one vector of free parameters; blocks at X and M when they are asked for."""

    def __init__(self, model: EdgeModel, theta: NDArray[np.float64]) -> None:
        self.model, self.theta = model, theta
        self.blocks: dict[str, Block] = {}
        self._edges: dict[str, _Edge] = {}

    def block(self, label: str) -> Block:
        """Eigenstates of one block."""
        if label not in self.blocks:
            self.blocks[label] = solve_block(self.model.energy_parts(label), self.theta)
        return self.blocks[label]

    def edge(self, level: str) -> _Edge:
        """The doublet R6+ or R6-."""
        if level not in self._edges:
            self._edges[level] = _Edge(self, level)
        return self._edges[level]

    def quantity(self, name: str) -> Pair:
        """One quantity with its derivatives."""
        target = parse(name)
        if target.kind == "level":
            return _minus(self.energy(target.level, name), self.energy("R6+"))
        if target.kind == "g":
            return self.share(target.edge, target.level, name)
        if target.kind == "E_p":
            return self.edge(target.edge).momentum_sum(*self._place(target.level, name))
        if target.kind == "character":
            return self.character(target.level, target.over, target.under, name)
        if name in EDGES:
            return self.edge(EDGES[name]).g()
        if name in ("m_h", "m_e"):
            return self.edge("R6+" if name == "m_h" else "R6-").mass()
        if name in ("E_p_R6", "E_p_R8"):
            label = "R6-" if name == "E_p_R6" else "R8-"
            value, slope = self.edge("R6+").momentum_sum(*self._place(label, name))
            half = {"R6-": 1, "R8-": 2}[label]  # the same for R6- and R8- where one momentum element is enough
            return value / half, slope / half
        between = {"E_g": ("R6-", "R6+"), "Delta": ("R8-", "R6-")}
        if name in between:
            return _minus(*(self.energy(level) for level in between[name]))
        return self.energy("R6+")  # E_v

    def _place(self, level: str, name: str) -> tuple[str, int]:
        if level not in self.model.places:
            raise BandgError(f"{name}: the basis has no such level")
        return self.model.places[level]

    def energy(self, level: str, name: str = "") -> Pair:
        """Energy of a level on the zero of the set."""
        label, place = self._place(level, name)
        block = self.block(label)
        return float(block.energies[place]), block.slopes[:, place]

    def share(self, edge: str, part: str, name: str) -> Pair:
        """Contribution to g of an edge: from the spin, from a level, or from all levels that have no name."""
        doublet = self.edge(edge)
        if part == "spin":
            return doublet.spin()
        if part != "rest":
            return doublet.share(*self._place(part, name))
        left = _minus(doublet.g(), doublet.spin())
        for level in COUPLED[edge]:
            if level in self.model.places:
                left = _minus(left, doublet.share(*self.model.places[level]))
        return left

    def character(self, level: str, over: Weights, under: Weights, name: str) -> Pair:
        """Weight of a level on shells, or the ratio of two."""
        label, place = self._place(level, name)
        state = _State(self.block(label), place)
        try:
            value, slope = state.expectation(self.model.weight(label, over))
            if not under:
                return value, slope
            below, below_slope = state.expectation(self.model.weight(label, under))
        except BandgError as error:
            raise BandgError(f"{name}: {error}") from None
        if below < 1e-12:
            raise BandgError(f"{name}: the level has none of what the weight is divided by")
        return value / below, (slope - value / below * below_slope) / below


def _minus(one: Pair, other: Pair) -> Pair:
    return one[0] - other[0], one[1] - other[1]


class _State:
    """One eigenstate of a block, (n,), and its derivatives (p, n)."""

    def __init__(self, block: Block, place: int) -> None:
        self.state = block.vectors[:, place]
        self.turned = np.einsum("nm,pm->pn", block.vectors, block.turns[:, :, place])
        self.energy, self.slope = block.energies[place], block.slopes[:, place]

    def expectation(self, matrix: NDArray[np.complex128]) -> Pair:
        """Expectation value of a matrix (n, n) that does not depend on the parameters."""
        right = matrix @ self.state
        return float(np.real(self.state.conj() @ right)), 2 * np.real(self.turned.conj() @ right)


class _Edge(_State):
    """The doublet at a band edge, seen through its first row: velocity elements to all levels of the other parity."""

    def __init__(self, solution: _Solution, level: str) -> None:
        model = solution.model
        label, place = model.places[level]
        super().__init__(solution.block(label), place)
        self.model, self.edge, self.theta = model, label, solution.theta
        self.blocks: dict[str, Block] = {}
        self.elements: dict[str, tuple[NDArray[np.complex128], NDArray[np.complex128]]] = {}
        for (left, other), parts in model._velocity_parts.items():
            if left == label:
                self.blocks[other] = solution.block(other)
                self.elements[other] = self._elements(parts, self.blocks[other].vectors)

    def _elements(
        self, parts: NDArray[np.complex128], vectors: NDArray[np.complex128]
    ) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
        """Velocity elements (2, d, m), and their derivatives (p, 2, d, m) at fixed states of the other level."""
        value = np.einsum("n,arnm->arm", self.state.conj(), at(parts, self.theta))
        change = np.einsum("pn,arnm->parm", self.turned.conj(), at(parts, self.theta))
        change += np.einsum("n,parnm->parm", self.state.conj(), parts[1:])
        return value @ vectors, change @ vectors

    def _sum(self, pair: Callable[..., NDArray[np.float64]]) -> Pair:
        """Sum over all levels of pair(elements, elements) / gap, where pair is bilinear and Hermitian.

        It is v (E - H)^-1 v^+, whose derivative by H is v (E - H)^-1 dH (E - H)^-1 v^+: levels may coincide.
        """
        total, slope = 0.0, np.zeros(len(self.theta))
        for label, (value, change) in self.elements.items():
            gap = self.energy - self.blocks[label].energies
            total += float(np.sum(pair(value, value) / gap))
            through = np.einsum("arm,pmn->parn", value / gap, self.blocks[label].changes, optimize=True)
            through += 2 * change - self.slope[:, None, None, None] * value / gap
            slope += np.sum(pair(through, value[None]) / gap, axis=(1, 2))
        return total, slope

    def spin(self) -> Pair:
        """Contribution of the spin to g."""
        value, slope = self.expectation(self.model._spin[self.edge])
        return G0 * value, G0 * slope

    def g(self) -> Pair:
        """g of the doublet from spin and motion between atoms, as in `bandg.models.etb.bulk`."""
        spin, orbital = self.spin(), self._sum(_moment)
        return spin[0] + _FACTOR * orbital[0], spin[1] + _FACTOR * orbital[1]

    def mass(self) -> Pair:
        """Effective mass in m0, positive for an electron at the bottom and for a hole at the top."""
        parts = self.model._curvature_parts[self.edge]
        direct, slope = self.expectation(at(parts, self.theta))
        slope = slope + np.real(np.einsum("n,pnm,m->p", self.state.conj(), parts[1:], self.state))
        second = self._sum(_square)
        sign = -1 if self.edge == "6+" else 1
        inverse = sign * (direct + 2 * second[0]) / HBAR2_OVER_M0
        return 1 / inverse, -sign * (slope + 2 * second[1]) / HBAR2_OVER_M0 / inverse**2

    def _to_level(self, label: str, place: int) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
        """Velocity elements to one level (2, d), and their derivatives (p, 2, d)."""
        value, change = self.elements[label]
        turned = np.einsum("ark,pk->par", value, self.blocks[label].turns[:, :, place])
        return value[..., place], change[..., place] + turned

    def share(self, label: str, place: int) -> Pair:
        """Contribution of one level to g."""
        value, change = (part[..., None] for part in self._to_level(label, place))
        gap = self.energy - self.blocks[label].energies[place]
        moment = _FACTOR * float(np.sum(_moment(value, value))) / gap
        slope = 2 * _FACTOR * np.sum(_moment(change, value[None]), axis=(1, 2)) / gap
        return moment, slope - moment / gap * (self.slope - self.blocks[label].slopes[:, place])

    def momentum_sum(self, label: str, place: int) -> Pair:
        """(2/m0) sum of |p|^2 over x, y, z and the states of one level, from one state of the edge, in eV."""
        value, change = self._to_level(label, place)
        factor = 6 / HBAR2_OVER_M0
        slope = 2 * factor * np.sum(np.real(change[:, 0] * value[0].conj()), axis=1)
        return float(factor * np.sum(np.abs(value[0]) ** 2)), slope


def _square(one: NDArray[np.complex128], other: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Re vx vx*, elements (..., axis, row, m)."""
    return np.real(one[..., 0, :, :] * other[..., 0, :, :].conj())


def _moment(one: NDArray[np.complex128], other: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Im vx vy*, made symmetric in the two arguments."""
    first = one[..., 0, :, :] * other[..., 1, :, :].conj()
    second = other[..., 0, :, :] * one[..., 1, :, :].conj()
    return np.imag(first + second) / 2
