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

from bandg.base.errors import BandgError
from bandg.base.units import G0, HBAR2_OVER_M0
from bandg.models.etb.bloch import BlochHamiltonian
from bandg.models.etb.sectors import rows_at_R

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
    def places(self) -> dict[str, int]:
        """Position in its irrep of the valence-band top (R6+), the conduction bands (R6-, R8-) and each level."""
        below = int("s" in self.hamiltonian.model.spaces[1].shells)  # X s brings one R6- and one R8-
        found = {"R6+": 2, "R6-": below, "R8-": below}
        found |= {f"level.R6+.{n}": 2 - n for n in (1, 2)} | {f"level.R8+.{n}": 3 - n for n in (1, 2, 3)}
        found["level.R7+.1"] = 0
        if below:
            found |= {"level.R6-.1": 0, "level.R8-.1": 0}
        for name, place in found.items():
            label = name.removeprefix("level.").partition(".")[0].removeprefix("R")
            if label not in self.rows or place >= self.rows[label].shape[2]:
                raise BandgError("the basis is too small for a band edge at R: it needs s and p on Pb and p on X")
        return found

    def _parts(self, function: Callable[[BlochHamiltonian], NDArray[np.complex128]]) -> NDArray[np.complex128]:
        return linear_parts(self.hamiltonian, self.base, self.slope, function)

    @cached_property
    def _R(self) -> NDArray[np.float64]:
        return self.hamiltonian.point("R")

    @cached_property
    def energy_parts(self) -> dict[str, NDArray[np.complex128]]:
        """H(R) of each irrep, (1 + p, n, n)."""
        whole = self._parts(lambda h: h.H(self._R))
        return {label: rows[0].conj().T @ whole @ rows[0] for label, rows in self.rows.items()}

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

    def solve(self, theta: NDArray[np.float64]) -> dict[str, Block]:
        """Eigenstates of all irreps."""
        return {label: solve_block(parts, theta) for label, parts in self.energy_parts.items()}

    def quantities(self, theta: NDArray[np.float64], names: tuple[str, ...]) -> dict[str, Pair]:
        """The named quantities with their derivatives; names as in `bandg.analysis.fit.job.QUANTITIES` and levels.

        Energies of levels are from the valence-band top; E_v is that top on the zero of the set.
        """
        blocks = self.solve(theta)
        edges = {edge: _Edge(self, edge, blocks, theta) for edge in ("6+", "6-")}
        return {name: self._quantity(name, blocks, edges) for name in names}

    def _quantity(self, name: str, blocks: dict[str, Block], edges: dict[str, _Edge]) -> Pair:
        top, bottom, upper = (self._level(blocks, key) for key in ("R6+", "R6-", "R8-"))
        if name == "E_v":
            return top
        if name == "E_g":
            return _minus(bottom, top)
        if name == "Delta":
            return _minus(upper, bottom)
        if name in ("g_h", "g_e"):
            return edges["6+" if name == "g_h" else "6-"].g()
        if name in ("m_h", "m_e"):
            return edges["6+" if name == "m_h" else "6-"].mass()
        if name in ("E_p_R6", "E_p_R8"):
            label = "6-" if name == "E_p_R6" else "8-"
            return edges["6+"].kane_energy(label, self.places[f"R{label}"])
        if name not in self.places:
            raise BandgError(f"{name}: the basis has no such level")
        return _minus(self._level(blocks, name), top)

    def _level(self, blocks: dict[str, Block], name: str) -> Pair:
        block = blocks[name.removeprefix("level.").partition(".")[0].removeprefix("R")]
        place = self.places[name]
        return float(block.energies[place]), block.slopes[:, place]


def _minus(one: Pair, other: Pair) -> Pair:
    return one[0] - other[0], one[1] - other[1]


class _Edge:
    """The doublet at a band edge, seen through its first row: velocity elements to all levels of the other parity."""

    def __init__(self, model: EdgeModel, edge: str, blocks: dict[str, Block], theta: NDArray[np.float64]) -> None:
        place, own = model.places[f"R{edge}"], blocks[edge]  # places first: it raises where the basis is too small
        self.model, self.edge, self.theta = model, edge, theta
        self.state = own.vectors[:, place]
        self.turned = np.einsum("nm,pm->pn", own.vectors, own.turns[:, :, place])
        self.energy, self.slope = own.energies[place], own.slopes[:, place]
        self.blocks = blocks
        self.elements: dict[str, tuple[NDArray[np.complex128], NDArray[np.complex128]]] = {}
        for (left, label), parts in model._velocity_parts.items():
            if left == edge:
                self.elements[label] = self._elements(parts, blocks[label].vectors)

    def _elements(
        self, parts: NDArray[np.complex128], vectors: NDArray[np.complex128]
    ) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
        """Velocity elements (2, d, m), and their derivatives (p, 2, d, m) at fixed states of the other level."""
        value = np.einsum("n,arnm->arm", self.state.conj(), at(parts, self.theta))
        change = np.einsum("pn,arnm->parm", self.turned.conj(), at(parts, self.theta))
        change += np.einsum("n,parnm->parm", self.state.conj(), parts[1:])
        return value @ vectors, change @ vectors

    def _expectation(self, matrix: NDArray[np.complex128]) -> Pair:
        right = matrix @ self.state
        return float(np.real(self.state.conj() @ right)), 2 * np.real(self.turned.conj() @ right)

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

    def g(self) -> Pair:
        """g of the doublet from spin and motion between atoms, as in `bandg.models.etb.bulk`."""
        spin, orbital = self._expectation(self.model._spin[self.edge]), self._sum(_moment)
        factor = 4 / HBAR2_OVER_M0
        return G0 * spin[0] + factor * orbital[0], G0 * spin[1] + factor * orbital[1]

    def mass(self) -> Pair:
        """Effective mass in m0, positive for an electron at the bottom and for a hole at the top."""
        parts = self.model._curvature_parts[self.edge]
        direct, slope = self._expectation(at(parts, self.theta))
        slope = slope + np.real(np.einsum("n,pnm,m->p", self.state.conj(), parts[1:], self.state))
        second = self._sum(_square)
        sign = -1 if self.edge == "6+" else 1
        inverse = sign * (direct + 2 * second[0]) / HBAR2_OVER_M0
        return 1 / inverse, -sign * (slope + 2 * second[1]) / HBAR2_OVER_M0 / inverse**2

    def kane_energy(self, label: str, place: int) -> Pair:
        """E_p in eV to one level: 2 p^2/m0, the same for R6- and R8- where one momentum element is enough."""
        value, change = self.elements[label]
        change = (change + np.einsum("ark,pkm->parm", value, self.blocks[label].turns))[..., place]
        value = value[..., place]
        factor = {"6-": 6, "8-": 3}[label] / HBAR2_OVER_M0
        return float(factor * np.sum(np.abs(value[0]) ** 2)), 2 * factor * np.sum(
            np.real(change[:, 0] * value[0].conj()), axis=1
        )


def _square(one: NDArray[np.complex128], other: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Re vx vx*, elements (..., axis, row, m)."""
    return np.real(one[..., 0, :, :] * other[..., 0, :, :].conj())


def _moment(one: NDArray[np.complex128], other: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Im vx vy*, made symmetric in the two arguments."""
    first = one[..., 0, :, :] * other[..., 1, :, :].conj()
    second = other[..., 0, :, :] * one[..., 1, :, :].conj()
    return np.imag(first + second) / 2
