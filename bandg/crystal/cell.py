"""Periodic cells of a distorted crystal: strained, tilted, or given by their atoms.

Neighbors are those of the ideal crystal, as in nanocrystals, so a distortion breaks no bond. The cell of a tilted
crystal is the smallest one in which the tilts repeat.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.crystal.axes import smallest_turn
from bandg.crystal.distortion import Keep, checked_keep, deformation, displacements
from bandg.crystal.lattice import PEROVSKITE, Lattice, Shell, require_perovskite
from bandg.crystal.shapes import Nanocrystal

_BOND = 0.42
"""Pb and X closer than this in nm are bonded: bonds have 0.28-0.33 nm, the next Pb of an X is beyond 0.6 nm."""


@dataclass(frozen=True, eq=False)
class Cell:
    """A periodic crystal.

    vectors_nm: (3, 3), rows. positions_nm: (n, 3). kind: (n,) index into the lattice's kinds.
    on_frame: (n, 3) ideal coordinates in units of a/2, even on the frame. steps: (3, 3) the cell vectors in the ideal
    crystal in the same units. turn: (3, 3) rotation that takes x, y, z to the cubic axes of the crystal. is_second:
    (n,) which X are the second halide; none where it is None.
    """

    lattice: Lattice
    vectors_nm: NDArray[np.float64]
    positions_nm: NDArray[np.float64]
    kind: NDArray[np.int64]
    on_frame: NDArray[np.int64]
    steps: NDArray[np.int64]
    turn: NDArray[np.float64]
    is_second: NDArray[np.bool_] | None = None

    @property
    def n_formulas(self) -> int:
        """Number of ideal cells in the cell."""
        return round(abs(np.linalg.det(self.steps)) / 8)

    @property
    def formulas(self) -> str:
        """The number of ideal cells in words."""
        return f"{self.n_formulas} formula unit{'' if self.n_formulas == 1 else 's'}"

    @property
    def a_nm(self) -> float:
        """Lattice constant of the cubic crystal of the same volume, in nm."""
        return float(abs(np.linalg.det(self.vectors_nm)) / self.n_formulas) ** (1 / 3)

    @cached_property
    def mixing(self) -> NDArray[np.float64]:
        """Share of the second halide: 0 or 1 on X, that of its X neighbors on Pb, shape (n,)."""
        own = np.zeros(len(self.kind)) if self.is_second is None else self.is_second.astype(float)
        pairs = np.concatenate([self.pairs(shell)[0] for shell in self.lattice.bonds])
        count = np.bincount(pairs[:, 0], minlength=len(own)).clip(1)
        return np.where(self.kind == 0, np.bincount(pairs[:, 0], own[pairs[:, 1]], len(own)) / count, own)

    @property
    def fraction(self) -> float:
        """Share of the second halide."""
        return 0.0 if self.is_second is None else float(self.mixing[self.kind > 0].mean())

    def tilt_deg(self) -> NDArray[np.float64]:
        """Angles (3,) by which the octahedra of a perovskite turn about its cubic axes, the mean size over all Pb.

        A bond along x ends at (s_x, s_y t_z, -s_z t_y), as in `bandg.crystal.distortion`; t is the mean over all bonds.
        """
        bonds = self.pairs(self.lattice.bonds[0])[1].reshape(-1, 6, 3) @ self.turn  # to +x, +y, +z, -x, -y, -z
        half = (bonds[:, :3] - bonds[:, 3:]) / 2
        ratio = half / np.diagonal(half, axis1=1, axis2=2)[:, None]
        tangents = [(ratio[:, a, b] - ratio[:, b, a]) / 2 for a, b in ((1, 2), (2, 0), (0, 1))]
        return np.asarray(np.degrees(np.arctan(np.abs(tangents).mean(axis=1))))

    def turns(self, digits: int) -> str:
        """The same in words, as "9.00, 8.00, 9.00"; empty where all are zero to these digits."""
        angles = [f"{angle:.{digits}f}" for angle in self.tilt_deg()]
        return ", ".join(angles) if any(map(float, angles)) else ""

    @cached_property
    def edge_fraction(self) -> NDArray[np.float64]:
        """The k point to which that of the band edges folds, in reciprocal cell vectors, (3,), each 0 or 1/2."""
        return (self.steps @ np.array(self.lattice.edge_vector) // 2 % 2) / 2

    @property
    def edge_point(self) -> NDArray[np.float64]:
        """The same in 1/nm, (3,)."""
        return np.asarray(2 * np.pi * np.linalg.solve(self.vectors_nm, self.edge_fraction))

    def folded(self, q: NDArray[np.float64]) -> NDArray[np.float64]:
        """k in 1/nm (3,) of the cell onto which a k point q of the ideal crystal folds, q in units of pi/a."""
        return np.asarray(np.pi / 2 * np.linalg.solve(self.vectors_nm, self.steps @ q))

    @cached_property
    def edge_points(self) -> NDArray[np.float64]:
        """All k points of the ideal crystal that fold onto that of the band edges, the edges' own first.

        Shape (n_formulas, 3), in units of pi/a, components from 0 up to 2.
        """
        n = self.n_formulas
        vectors = np.rint(2 * n * np.linalg.inv(self.steps)).astype(np.int64)  # reciprocal ones, in 2 pi / (n a)
        reached = np.zeros((1, 3), dtype=np.int64)
        for vector in vectors.T:
            reached = np.unique(((reached[:, None] + np.arange(n)[:, None] * vector) % n).reshape(-1, 3), axis=0)
        return (self.lattice.edge_vector + 2 * reached / n) % 2

    def pairs(self, shell: Shell) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Neighbors of a shell, each pair once: atoms (m, 2) in the cell, vectors in nm from the first (m, 3)."""
        first, second = (self.lattice.kinds.index(name) for name in (shell.first, shell.second))
        starts, ends = np.flatnonzero(self.kind == first), np.flatnonzero(self.kind == second)
        wanted = self.on_frame[starts][:, None] + np.array(shell.pair_vectors)  # (start, vector, 3)
        cells = (wanted[:, :, None] - self.on_frame[ends]) @ np.linalg.inv(self.steps)  # (start, vector, end, 3)
        start, vector, end = np.nonzero(np.abs(cells - np.rint(cells)).max(axis=-1) < 1e-6)
        pairs = np.stack([starts[start], ends[end]], axis=1)
        shift = np.rint(cells[start, vector, end]) @ self.vectors_nm
        return pairs, self.positions_nm[pairs[:, 1]] + shift - self.positions_nm[pairs[:, 0]]


def deformed_cell(
    lattice: Lattice,
    a_nm: float,
    strain: tuple[float, ...] = (),
    tilt: str = "",
    tilt_deg: tuple[float, ...] = (),
    keep: Keep = "bonds",
) -> Cell:
    """The crystal of lattice constant a_nm, strained and tilted as nanocrystals are; see `bandg.crystal.distortion`.

    strain: xx, yy, zz, yz, xz, xy, applied after the tilt. tilt: Glazer's symbol; tilt_deg: angles about x, y, z.
    keep: what the tilt keeps, the bonds Pb-X or the lattice. Raises BandgError for a tilt of another lattice than the
    perovskite.
    """
    checked_keep(keep)
    if tilt:
        require_perovskite(lattice, "a tilt")
    cells = _smallest_cell(tilt)
    steps = 2 * cells
    on_frame, kind = _sites(lattice, steps)
    moved = on_frame + (displacements(on_frame, tilt, tilt_deg) if tilt else 0.0)
    to_nm = deformation(strain, tilt_deg if tilt else (), keep) * a_nm / 2
    return Cell(lattice, steps @ to_nm, moved @ to_nm, kind, on_frame, steps, np.eye(3))


def cell_of(nanocrystal: Nanocrystal) -> Cell:
    """The periodic crystal from which a nanocrystal with strain and tilt is cut."""
    one = nanocrystal
    return deformed_cell(one.lattice, one.a_nm, one.strain, one.tilt, one.tilt_deg, one.keep)


def _smallest_cell(tilt: str) -> NDArray[np.int64]:
    """Vectors (3, 3) of the smallest cell in which a tilt repeats, rows in units of a, right-handed."""
    found: list[tuple[int, ...]] = []
    candidates = sorted(product((0, 1, 2, -1), repeat=3), key=lambda vector: sum(x * x for x in vector))
    for vector in candidates:
        same = all(
            (sum(vector) - (vector[axis] if sign == "+" else 0)) % 2 == 0
            for axis, sign in enumerate(tilt[1::2])
            if sign != "0"
        )
        if same and np.linalg.matrix_rank([*found, vector]) > len(found):
            found.append(vector)
    cell = np.array(found)
    return cell if np.linalg.det(cell) > 0 else -cell


def _sites(lattice: Lattice, steps: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ideal coordinates in units of a/2 (n, 3) and kinds (n,) of all sites of a cell."""
    around = 2 * np.array(list(product(range(-4, 5), repeat=3)))
    inside = around @ np.linalg.inv(steps)
    origins = around[((inside > -1e-6) & (inside < 1 - 1e-6)).all(axis=1)]
    kinds, places = zip(*lattice.sublattices, strict=True)
    sites = (origins[:, None] + np.array(places)).reshape(-1, 3)
    return sites, np.tile(kinds, len(origins))


def cell_of_atoms(
    vectors_nm: NDArray[np.float64],
    positions_nm: NDArray[np.float64],
    is_lead: NDArray[np.bool_],
    is_second: NDArray[np.bool_] | None = None,
) -> Cell:
    """A periodic perovskite of given atoms, turned and deformed in any way.

    vectors_nm: (3, 3) cell vectors, rows. positions_nm: (n, 3). is_lead: (n,) Pb or X; A cations are left out.
    is_second: (n,) which X are the second halide. Raises BandgError where the bonds Pb-X do not make a perovskite.
    """
    vectors_nm, positions_nm = np.asarray(vectors_nm, dtype=float), np.asarray(positions_nm, dtype=float)
    positions_nm = (positions_nm @ np.linalg.inv(vectors_nm) % 1) @ vectors_nm
    lead, halide = np.flatnonzero(is_lead), np.flatnonzero(~np.asarray(is_lead))
    shifts = np.array(list(product(range(-2, 3), repeat=3)))
    images = positions_nm[halide][:, None] + shifts @ vectors_nm  # (halide, shift, 3)
    vectors = images - positions_nm[lead][:, None, None]  # (lead, halide, shift, 3)
    start, end, shift = np.nonzero(np.linalg.norm(vectors, axis=-1) < _BOND)
    counts = np.bincount(start, minlength=len(lead)), np.bincount(end, minlength=len(halide))
    if len(halide) != 3 * len(lead) or (counts[0] != 6).any() or (counts[1] != 2).any():
        raise BandgError(
            f"the cell is no perovskite PbX3: {len(lead)} Pb and {len(halide)} X, {_range(counts[0])} X within "
            f"{_BOND:g} nm of a Pb and {_range(counts[1])} Pb of an X (there must be 6 and 2)"
        )
    bonds = vectors[start, end, shift]
    both = np.argsort(end, kind="stable").reshape(-1, 2)
    from scipy.spatial.transform import Rotation

    turn = Rotation.from_rotvec(smallest_turn(bonds[both[:, 1]] - bonds[both[:, 0]])).as_matrix()
    along = bonds @ turn
    axis = np.argmax(np.abs(along), axis=1)
    wanted = np.zeros(along.shape)
    wanted[np.arange(len(along)), axis] = np.sign(along[np.arange(len(along)), axis])
    on_frame, steps = _ideal(len(is_lead), lead[start], halide[end], shifts[shift], wanted)
    kind = np.where(is_lead, 0, 1)
    return Cell(PEROVSKITE, vectors_nm, positions_nm, kind, on_frame - on_frame[lead[0]], steps, turn, is_second)


def _ideal(
    n: int,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    shift: NDArray[np.int64],
    wanted: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ideal coordinates (n, 3) and cell vectors (3, 3) for which all bonds are the wanted unit vectors."""
    equations = np.zeros((len(first), n + 3))
    rows = np.arange(len(first))
    equations[rows, second] += 1
    equations[rows, first] -= 1
    equations[:, n:] = shift
    found = np.linalg.lstsq(equations, wanted, rcond=None)[0]
    found[:n] -= found[first[0]]
    whole = np.rint(found).astype(np.int64)
    if np.linalg.matrix_rank(equations) != n + 2 or np.abs(equations @ whole - wanted).max() > 1e-6:
        raise BandgError("the bonds Pb-X of the cell do not close to a perovskite lattice")
    return whole[:n], whole[n:]


def _range(counts: NDArray[np.int64]) -> str:
    low, high = int(counts.min(initial=0)), int(counts.max(initial=0))
    return f"{low}" if low == high else f"{low} to {high}"
