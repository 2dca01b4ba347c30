"""Nanocrystals: which atoms of the ideal cubic crystal they hold, and how they are distorted.

Coordinates are integers in units of a/2 about the center of symmetry. With an atom of the frame (Pb of a perovskite) in
the center every atom of the frame has even coordinates; with the middle of the cell (Cs) every one has odd ones.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.base.show import Shown, plain
from bandg.crystal.lattice import PEROVSKITE, Lattice

SHAPES = ("cube", "sphere", "cuboid", "octahedron", "truncated-cube")
MAX_CELLS = 1000
"""Largest number of cells across; larger ones come from wrong units."""


@dataclass(frozen=True, repr=False)
class Nanocrystal(Shown):
    """Description of a nanocrystal, without its atoms. Build it with `cube`, `sphere`, ... and `distorted`.

    Parameters
    ----------
    shape : str
        One of `SHAPES`, or "structure" for explicit atoms.
    a_nm : float
        Lattice constant in nm.
    termination : str
        "halide" (CsX-terminated: every Pb keeps its six X) or "lead" (PbX2-terminated: only X that bridge two Pb), or a
        termination of another lattice.
    center : str
        Atom in the center of the shape, "Pb" or "Cs" (of the lattice's centers the first or last). "X" or "face" in
        cuboids whose edges differ in parity.
    cells : int
        Number of Pb along an edge of a cube or truncated cube, else 0.
    diameter_nm : float
        Diameter of a sphere or distance of opposite corners of an octahedron in nm, else 0.
    edges : tuple of int
        Number of Pb along x, y, z of a cuboid.
    truncation : float
        Share of the corners that is cut off: 0 a cube, 1 a cuboctahedron.
    strain : tuple of float
        Components xx, yy, zz, yz, xz, xy.
    tilt, tilt_deg : str, tuple of float
        Glazer's symbol, and the angles about x, y, z in degrees.
    keep : str
        What the tilt keeps: the "bonds" Pb-X, so that the lattice contracts, or the "lattice". Sizes count the cells of
        the undistorted crystal in either case.
    fraction : float
        Share of X that belongs to the second halide.
    x_vacancies, pb_vacancies : float
        Missing share of the surface X and of the surface Pb.
    occupancy : float
        Mean-field occupancy of the surface X.
    seed : int, optional
        Random seed of alloy and vacancies.
    surface : tuple of (str, int, float)
        Onsite shifts near the surface: species, plane of a/2 counted from the nearest face (0 the outermost), eV.
    surface_bonds : float
        Relative change of the length of the outermost bonds.
    image : tuple of float
        Dielectric constants inside and outside, whose image self-energy is added to each carrier's energy.
    atoms : str
        Rows "species x y z" in nm of an explicit structure.
    lattice : Lattice
        The crystal. In another lattice Pb and X stand for the frame and the ligands.

    Examples
    --------
    >>> from bandg.crystal.shapes import cube
    >>> crystal = cube(4, a_nm=0.6289)
    >>> crystal.center, crystal.estimate_n_pb()
    ('Cs', 64)
    """

    shape: str
    a_nm: float
    termination: str
    center: str
    cells: int = 0
    diameter_nm: float = 0.0
    edges: tuple[int, ...] = ()
    truncation: float = 0.0
    strain: tuple[float, ...] = ()
    tilt: str = ""
    tilt_deg: tuple[float, ...] = ()
    keep: Literal["bonds", "lattice"] = "bonds"
    fraction: float = 0.0
    x_vacancies: float = 0.0
    pb_vacancies: float = 0.0
    occupancy: float = 1.0
    seed: int | None = None
    surface: tuple[tuple[str, int, float], ...] = ()
    surface_bonds: float = 0.0
    image: tuple[float, ...] = ()
    atoms: str = ""
    lattice: Lattice = PEROVSKITE

    def plain(self) -> dict[str, Any]:
        """The fields that differ from their defaults, as plain types."""
        content = {name: value for name, value in asdict(self).items() if value not in ((), "", None)}
        unused = {"lattice"} if self.lattice == PEROVSKITE else set()
        unused |= set() if self.tilt else {"keep"}
        return {name: value for name, value in content.items() if name not in unused}

    @property
    def size_nm(self) -> float:
        """Edge N a of a cube, diameter of a sphere, or edge of the cube that holds as many Pb (cuboid, structure)."""
        if self.shape in ("cube", "truncated-cube"):
            return self.cells * self.a_nm
        if self.diameter_nm:
            return self.diameter_nm
        return float(self.estimate_n_pb() ** (1 / 3) * self.a_nm)

    @property
    def has_skin(self) -> bool:
        """Whether ligands with a single neighbor of the frame are kept."""
        return self.lattice.termination(self.termination).needs == 1

    @property
    def is_random(self) -> bool:
        """Whether the seed decides which atoms it holds."""
        return self.seed is not None

    @property
    def is_ideal(self) -> bool:
        """Whether all atoms sit on the ideal grid and are of the two ideal kinds."""
        return not (
            self.atoms or self.strain or self.tilt or self.is_random or self.occupancy != 1 or self.surface_bonds
        )

    @property
    def grid_offset(self) -> NDArray[np.int64]:
        """What added to the coordinates of sites() makes those of the frame even, shape (3,)."""
        if self.edges:
            return np.array([1 - n % 2 for n in self.edges])
        return np.full(3, 0 if self.center == self.lattice.centers[0] else 1)

    def estimate_n_pb(self) -> int:
        """Number of Pb (the frame), exact for cubes and cuboids, to a few per cent for others; costs no memory."""
        if self.atoms:
            return self.atoms.count(self.lattice.frame)
        if self.edges:
            return int(np.prod(self.edges))
        if self.shape == "cube":
            return self.cells**3
        if self.shape == "truncated-cube":
            return max(1, round(self.cells**3 * (1 - self.truncation**3 / 6)))
        volume = np.pi / 6 if self.shape == "sphere" else 1 / 6
        return max(1, round(volume * (self.diameter_nm / self.a_nm) ** 3))

    def estimate_counts(self) -> tuple[int, ...]:
        """Number of atoms of each kind, in a perovskite of Pb and X as exact as that of the Pb."""
        n_frame = self.estimate_n_pb()
        if self.atoms:
            return n_frame, self.atoms.count("\n") + 1 - n_frame
        faces = n_frame ** (2 / 3)
        if self.edges:
            x, y, z = self.edges
            faces = (x * y + y * z + z * x) / 3
        sign = 1 if self.has_skin else -1
        ligands = [sum(n_frame + sign * sum(place) * faces for place in one.places) for one in self.lattice.species[1:]]
        return (n_frame, *map(round, ligands))

    def same_atoms(self, other: Nanocrystal) -> bool:
        """Whether two ideal nanocrystals hold the same atoms although their diameters differ; costs no memory."""
        own = replace(self, diameter_nm=other.diameter_nm)
        return own == other and bool(self.diameter_nm) and self._outermost() == other._outermost()

    def _outermost(self) -> int:
        """The largest x^2 + y^2 + z^2 (sphere) or |x| + |y| + |z| (octahedron) of the frame, which it is given by."""
        bound = self._radius if self.shape == "octahedron" else self._radius**2
        power = 1 if self.shape == "octahedron" else 2
        first = int(self.grid_offset[0])
        line = np.arange(first, int(self._radius) + 1, 2) ** power
        pairs = (line[:, None] + line).ravel()
        place = np.searchsorted(line, bound - pairs, side="right") - 1
        return int((pairs + line[place])[place >= 0].max())

    @property
    def _radius(self) -> float:
        """Half the diameter in units of a/2."""
        return self.diameter_nm / self.a_nm + 2e-9

    def sites(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Ideal coordinates (n, 3) in units of a/2 and kinds (n,), indices into lattice.kinds; the frame first.

        Raises BandgError where no ligand has as many neighbors as the termination needs.
        """
        parts = [self._frame()]
        needs = self.lattice.termination(self.termination).needs
        for name in self.lattice.kinds[1:]:
            vectors = np.array(self.lattice.shell(f"{self.lattice.frame}-{name}").vectors)
            candidates = (parts[0][:, None, :] + vectors).reshape(-1, 3)
            width = 2 * int(np.abs(candidates).max()) + 1
            key = (candidates + width // 2) @ np.array([width * width, width, 1])
            _, first, count = np.unique(key, return_index=True, return_counts=True)
            parts.append(candidates[first[count >= needs]])
            if not len(parts[-1]):
                raise BandgError(
                    f"without its surface {name} this nanocrystal has no {name} at all: choose a larger one"
                )
        return np.concatenate(parts), np.repeat(np.arange(len(parts)), [len(part) for part in parts])

    def _frame(self) -> NDArray[np.int64]:
        """Coordinates of the frame, shape (n, 3)."""
        if self.cells or self.edges:
            lines = [2 * np.arange(n) - (n - 1) for n in self.edges or (self.cells,) * 3]
            box = np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1).reshape(-1, 3)
            if self.truncation:
                box = box[np.abs(box).sum(axis=1) <= (3 - self.truncation) * (self.cells - 1) + 1e-9]
            return box
        radius = self._radius
        reach = int(radius) + 2
        line = np.arange(-reach, reach + 1)
        line = line[line % 2 == self.grid_offset[0]]
        box = np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1).reshape(-1, 3)
        if self.shape == "octahedron":
            return box[np.abs(box).sum(axis=1) <= radius]
        return box[(box**2).sum(axis=1) <= radius**2]

    def shown(self) -> tuple[str, dict[str, Any]]:
        """One line."""
        known = ("shape", "a_nm", "termination", "center", "cells", "diameter_nm", "atoms")
        more = {name: value for name, value in self.plain().items() if name not in known and value not in (0, 1.0)}
        atoms = {"atoms": self.atoms.count("\n") + 1} if self.atoms else {}
        title = f"{self.shape} of {self.size_nm:.4g} nm, {self.termination} termination, center {self.center}"
        return ", ".join([title, *(f"{name} {plain(value)}" for name, value in (more | atoms).items())]), {}


def cube(
    cells: int, a_nm: float, termination: str | None = None, center: str | None = None, lattice: Lattice = PEROVSKITE
) -> Nanocrystal:
    """A cube of `cells` Pb along each edge; its center follows from the parity of `cells`.

    termination: default the lattice's first. Raises BandgError for a size below one cell, a wrong termination, or a
    center that contradicts the parity.
    """
    termination = _termination(lattice, termination)
    if cells < 1:
        raise BandgError(f"a cube of {cells} cells is too small: the smallest has 1 cell ({a_nm:g} nm)")
    _check_extent(cells, a_nm)
    if cells == 1:
        _check_bridges("cube", termination, lattice)
    odd, even = lattice.size_centers
    fixed = odd if cells % 2 else even
    if center is not None and _center(lattice, center) != fixed:
        raise BandgError(
            f"a cube of {cells} cells has {fixed} in its center, not {center}: odd numbers of cells are centered "
            f"on {odd}, even ones on {even}; leave the center out or choose another size"
        )
    return Nanocrystal("cube", a_nm, termination, fixed, cells=cells, lattice=lattice)


def sphere(
    diameter_nm: float,
    a_nm: float,
    termination: str | None = None,
    center: str | None = None,
    lattice: Lattice = PEROVSKITE,
) -> Nanocrystal:
    """A sphere that holds all Pb within diameter_nm / 2 of its center, which is Pb unless said otherwise.

    Raises BandgError for a diameter that holds too little, or a wrong termination or center.
    """
    return _round("sphere", diameter_nm, a_nm, termination, center, lattice)


def octahedron(
    diameter_nm: float,
    a_nm: float,
    termination: str | None = None,
    center: str | None = None,
    lattice: Lattice = PEROVSKITE,
) -> Nanocrystal:
    """An octahedron of all Pb whose distances along the axes sum up to half of diameter_nm, corner to corner, at most.

    Raises BandgError for a size that holds too little, or a wrong termination or center.
    """
    return _round("octahedron", diameter_nm, a_nm, termination, center, lattice)


def _round(
    shape: str, diameter_nm: float, a_nm: float, termination: str | None, center: str | None, lattice: Lattice
) -> Nanocrystal:
    termination = _termination(lattice, termination)
    center = lattice.centers[0] if center is None else _center(lattice, center)
    _check_extent(diameter_nm / a_nm, a_nm)
    corner = np.sqrt(3) if shape == "sphere" else 3
    bridges = lattice.termination(termination).needs > 1
    smallest = a_nm * (corner if center == lattice.centers[3] else 2 if bridges else 1)
    if not diameter_nm >= smallest * (1 - 1e-9):
        raise BandgError(
            f"{'an' if shape == 'octahedron' else 'a'} {shape} of {diameter_nm:g} nm centered on {center} is too "
            f"small; the smallest that makes sense here has {smallest:.3g} nm"
        )
    return Nanocrystal(shape, a_nm, termination, center, diameter_nm=diameter_nm, lattice=lattice)


def cuboid(
    edges: tuple[int, int, int], a_nm: float, termination: str | None = None, lattice: Lattice = PEROVSKITE
) -> Nanocrystal:
    """A box of Pb along x, y and z; its center follows from the parities. Raises BandgError for a wrong edge."""
    termination = _termination(lattice, termination)
    for cells in edges:
        if cells < 1:
            raise BandgError(f"a cuboid with an edge of {cells} cells does not exist; the smallest has 1 ({a_nm:g} nm)")
        _check_extent(cells, a_nm)
    if max(edges) == 1:
        _check_bridges("cuboid", termination, lattice)
    center = lattice.centers[sum(1 - n % 2 for n in edges)]
    return Nanocrystal("cuboid", a_nm, termination, center, edges=tuple(edges), lattice=lattice)


def truncated_cube(
    cells: int, a_nm: float, termination: str | None = None, truncation: float = 0.5, lattice: Lattice = PEROVSKITE
) -> Nanocrystal:
    """A cube without its corners: Pb whose distances along the axes sum up to (3 - truncation) half spans at most.

    Raises BandgError for a truncation outside 0..1 and what `cube` refuses.
    """
    if not 0 < truncation <= 1:
        raise BandgError(f"the truncation must lie above 0 and up to 1 (a cuboctahedron), not {truncation:g}")
    whole = cube(cells, a_nm, termination, lattice=lattice)
    if cells < 3:
        raise BandgError(f"a truncated cube of {cells} cells does not exist; the smallest has 3 ({3 * a_nm:.4g} nm)")
    return replace(whole, shape="truncated-cube", truncation=float(truncation))


def _check_bridges(shape: str, termination: str, lattice: Lattice) -> None:
    if lattice.termination(termination).needs > 1:
        raise BandgError(
            f"a {termination}-terminated {shape} needs 2 cells or more: a single {lattice.frame} has no bridging "
            f"{' or '.join(lattice.kinds[1:])}"
        )


def _check_extent(cells: float, a_nm: float) -> None:
    if cells > MAX_CELLS:
        raise BandgError(
            f"{cells * a_nm:.6g} nm are more than {MAX_CELLS} cells across; "
            f"the largest that bandg takes has {MAX_CELLS * a_nm:.4g} nm"
        )


def _termination(lattice: Lattice, name: str | None) -> str:
    """The termination's own name, for one in either spelling; the default for None."""
    return lattice.terminations[0].name if name is None else lattice.termination(name).name


def _center(lattice: Lattice, center: str) -> str:
    if center not in lattice.size_centers:
        raise BandgError(f"center {center!r} is unknown; choose {' or '.join(lattice.size_centers)}")
    return center
