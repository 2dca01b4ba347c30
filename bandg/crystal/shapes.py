"""Nanocrystals of a perovskite: which atoms of the ideal cubic crystal they hold, and how they are distorted.

Coordinates are integers in units of a/2 about the center of symmetry. With Pb in the center every Pb has even
coordinates; with Cs in the center every Pb has odd ones.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError

SHAPES = ("cube", "sphere", "cuboid", "octahedron", "truncated-cube")
TERMINATIONS = ("halide", "lead")
CENTERS = ("Pb", "Cs")
MAX_CELLS = 1000
"""More cells across than this are a slip of units, and no machine holds them."""

_NEIGHBORS = np.concatenate([np.eye(3, dtype=np.int64), -np.eye(3, dtype=np.int64)])


def cube_center(cells: int) -> Literal["Pb", "Cs"]:
    """The center of a cube of that many Pb along each edge: Pb if odd, Cs if even."""
    return "Pb" if cells % 2 else "Cs"


@dataclass(frozen=True)
class Nanocrystal:
    """A nanocrystal without atoms yet: what was asked for. Build it with `cube`, `sphere`, ... and `distorted`.

    shape: one of SHAPES, or "structure". a_nm: lattice constant. termination: "halide" (every Pb keeps its six X) or
    "lead" (only X that bridge two Pb). center: what lies in the center of the shape, "Pb" or "Cs"; "X" or "face" in
    cuboids whose edges differ in parity. cells: Pb along an edge (cube, truncated cube), else 0. diameter_nm: diameter
    (sphere) or distance of opposite corners (octahedron), else 0. edges: Pb along x, y, z (cuboid). truncation: share
    of the corners that is cut off, 0 a cube, 1 a cuboctahedron. strain: xx, yy, zz, yz, xz, xy. tilt: Glazer's symbol
    with tilt_deg, angles about x, y, z in degrees. fraction: share of X that are of the second halide. x_vacancies,
    pb_vacancies: share of the surface X and Pb that is missing. occupancy: mean-field occupancy of the surface X.
    seed: of all that is random. atoms: rows of an explicit structure, "species x y z" in nm.
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
    fraction: float = 0.0
    x_vacancies: float = 0.0
    pb_vacancies: float = 0.0
    occupancy: float = 1.0
    seed: int | None = None
    atoms: str = ""

    @classmethod
    def of(cls, content: dict[str, Any]) -> Nanocrystal:
        """From the plain types of `asdict` or JSON."""
        fixed: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in content.items()}
        return cls(**fixed)

    def plain(self) -> dict[str, Any]:
        """The fields that say something, as plain types."""
        return {name: value for name, value in asdict(self).items() if value not in ((), "", None)}

    @property
    def size_nm(self) -> float:
        """Edge N a of a cube, diameter of a sphere, or edge of the cube that holds as many Pb (cuboid, structure)."""
        if self.shape in ("cube", "truncated-cube"):
            return self.cells * self.a_nm
        if self.diameter_nm:
            return self.diameter_nm
        return float(self.estimate_n_pb() ** (1 / 3) * self.a_nm)

    @property
    def has_halide_skin(self) -> bool:
        """Whether halide ions without a second Pb are kept."""
        return self.termination == "halide"

    @property
    def is_random(self) -> bool:
        """Whether the seed decides which atoms it holds."""
        return self.seed is not None

    @property
    def is_ideal(self) -> bool:
        """Whether all atoms sit on the ideal grid and are of the two ideal kinds."""
        return not (self.atoms or self.strain or self.tilt or self.is_random or self.occupancy != 1)

    @property
    def grid_offset(self) -> NDArray[np.int64]:
        """What added to the coordinates of sites() makes those of Pb even, shape (3,)."""
        if self.edges:
            return np.array([1 - n % 2 for n in self.edges])
        return np.full(3, 0 if self.center == "Pb" else 1)

    def estimate_n_pb(self) -> int:
        """Number of Pb, exact for cubes and cuboids, to a few per cent for others; costs no memory."""
        if self.atoms:
            return self.atoms.count("Pb")
        if self.edges:
            return int(np.prod(self.edges))
        if self.shape == "cube":
            return self.cells**3
        if self.shape == "truncated-cube":
            return max(1, round(self.cells**3 * (1 - self.truncation**3 / 6)))
        volume = np.pi / 6 if self.shape == "sphere" else 1 / 6
        return max(1, round(volume * (self.diameter_nm / self.a_nm) ** 3))

    def estimate_n_x(self) -> int:
        """Number of X, as exact as that of the Pb."""
        if self.atoms:
            return self.atoms.count("\n") + 1 - self.estimate_n_pb()
        n_pb = self.estimate_n_pb()
        faces = 3 * n_pb ** (2 / 3)
        if self.edges:
            x, y, z = self.edges
            faces = x * y + y * z + z * x
        return round(3 * n_pb + faces * (1 if self.has_halide_skin else -1))

    def sites(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Ideal coordinates (n, 3) in units of a/2 and kinds (n,), 0 for Pb and 1 for X; Pb first.

        Raises BandgError where no X bridges two Pb and others are not kept.
        """
        lead = self._lead()
        candidates = (lead[:, None, :] + _NEIGHBORS).reshape(-1, 3)
        width = 2 * int(np.abs(candidates).max()) + 1
        key = (candidates + width // 2) @ np.array([width * width, width, 1])
        _, first, count = np.unique(key, return_index=True, return_counts=True)
        halide = candidates[first if self.has_halide_skin else first[count == 2]]
        if not len(halide):
            raise BandgError("without its surface X this nanocrystal has no X at all: choose a larger one")
        kind = np.repeat([0, 1], [len(lead), len(halide)])
        return np.concatenate([lead, halide]), kind

    def _lead(self) -> NDArray[np.int64]:
        """Coordinates of the Pb, shape (n, 3)."""
        if self.cells or self.edges:
            lines = [2 * np.arange(n) - (n - 1) for n in self.edges or (self.cells,) * 3]
            box = np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1).reshape(-1, 3)
            if self.truncation:
                box = box[np.abs(box).sum(axis=1) <= (3 - self.truncation) * (self.cells - 1) + 1e-9]
            return box
        radius = self.diameter_nm / self.a_nm + 2e-9  # in units of a/2
        reach = int(radius) + 2
        line = np.arange(-reach, reach + 1)
        line = line[line % 2 == (0 if self.center == "Pb" else 1)]
        box = np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1).reshape(-1, 3)
        if self.shape == "octahedron":
            return box[np.abs(box).sum(axis=1) <= radius]
        return box[(box**2).sum(axis=1) <= radius**2]


def cube(cells: int, a_nm: float, termination: str = "halide", center: str | None = None) -> Nanocrystal:
    """A cube of `cells` Pb along each edge; its center follows from the parity of `cells`.

    Raises BandgError for a size below one cell, a wrong termination, or a center that contradicts the parity.
    """
    _check_choice("termination", termination, TERMINATIONS)
    if cells < 1:
        raise BandgError(f"a cube of {cells} cells does not exist; the smallest has 1 cell ({a_nm:g} nm)")
    _check_extent(cells, a_nm)
    if cells == 1 and termination == "lead":
        raise BandgError("a lead-terminated cube needs 2 cells or more: a single Pb has no bridging halide")
    fixed = cube_center(cells)
    if center is not None:
        _check_choice("center", center, CENTERS)
        if center != fixed:
            raise BandgError(
                f"a cube of {cells} cells has {fixed} in its center, not {center}: odd numbers of cells are centered "
                "on Pb, even ones on Cs; leave the center out or choose another size"
            )
    return Nanocrystal("cube", a_nm, termination, fixed, cells=cells)


def sphere(diameter_nm: float, a_nm: float, termination: str = "halide", center: str | None = None) -> Nanocrystal:
    """A sphere that holds all Pb within diameter_nm / 2 of its center, which is Pb unless said otherwise.

    Raises BandgError for a diameter that holds too little, or a wrong termination or center.
    """
    _check_choice("termination", termination, TERMINATIONS)
    center = center or "Pb"
    _check_choice("center", center, CENTERS)
    _check_extent(diameter_nm / a_nm, a_nm)
    smallest = a_nm * (np.sqrt(3) if center == "Cs" else 2 if termination == "lead" else 1)
    if not diameter_nm >= smallest * (1 - 1e-9):
        raise BandgError(
            f"a sphere of {diameter_nm:g} nm centered on {center} is too small; the smallest that makes sense here "
            f"has {smallest:.3g} nm"
        )
    return Nanocrystal("sphere", a_nm, termination, center, diameter_nm=diameter_nm)


def cuboid(edges: tuple[int, int, int], a_nm: float, termination: str = "halide") -> Nanocrystal:
    """A box of Pb along x, y and z; its center follows from the parities. Raises BandgError for a wrong edge."""
    _check_choice("termination", termination, TERMINATIONS)
    for cells in edges:
        if cells < 1:
            raise BandgError(f"a cuboid with an edge of {cells} cells does not exist; the smallest has 1 ({a_nm:g} nm)")
        _check_extent(cells, a_nm)
    if max(edges) == 1 and termination == "lead":
        raise BandgError("a lead-terminated cuboid needs 2 Pb or more: a single Pb has no bridging halide")
    center = ("Pb", "X", "face", "Cs")[sum(1 - n % 2 for n in edges)]
    return Nanocrystal("cuboid", a_nm, termination, center, edges=tuple(edges))


def truncated_cube(cells: int, a_nm: float, termination: str = "halide", truncation: float = 0.5) -> Nanocrystal:
    """A cube without its corners: Pb whose distances along the axes sum up to (3 - truncation) half spans at most.

    Raises BandgError for a truncation outside 0..1 and what `cube` refuses.
    """
    if not 0 < truncation <= 1:
        raise BandgError(f"the truncation must lie above 0 and up to 1 (a cuboctahedron), not {truncation:g}")
    whole = cube(cells, a_nm, termination)
    if cells < 3:
        raise BandgError(f"a truncated cube of {cells} cells does not exist; the smallest has 3 ({3 * a_nm:.4g} nm)")
    return replace(whole, shape="truncated-cube", truncation=float(truncation))


def octahedron(diameter_nm: float, a_nm: float, termination: str = "halide", center: str | None = None) -> Nanocrystal:
    """An octahedron of all Pb whose distances along the axes sum up to half of diameter_nm, corner to corner, at most.

    Raises BandgError for a size that holds too little, or a wrong termination or center.
    """
    center = center or "Pb"
    smallest = a_nm * (3 if center == "Cs" else 2 if termination == "lead" else 1)
    if diameter_nm < smallest * (1 - 1e-9):
        raise BandgError(
            f"an octahedron of {diameter_nm:g} nm centered on {center} is too small; the smallest that makes sense "
            f"here has {smallest:.3g} nm"
        )
    return replace(sphere(diameter_nm, a_nm, termination, center), shape="octahedron")


def _check_extent(cells: float, a_nm: float) -> None:
    if cells > MAX_CELLS:
        raise BandgError(
            f"{cells * a_nm:.6g} nm are more than {MAX_CELLS} cells across; "
            f"the largest that bandg takes has {MAX_CELLS * a_nm:.4g} nm"
        )


def _check_choice(what: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise BandgError(f"{what} {value!r} is unknown; choose {' or '.join(choices)}")
