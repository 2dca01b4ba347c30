"""Nanocrystals of a cubic perovskite: which atoms they hold.

Coordinates are integers in units of a/2 about the center of symmetry. With Pb in the center every Pb has even
coordinates; with Cs in the center every Pb has odd ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bandg.errors import BandgError

SHAPES = ("cube", "sphere")
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
    """A nanocrystal without atoms yet: what was asked for. Build it with `cube` or `sphere`.

    shape: "cube" or "sphere". a_nm: lattice constant. termination: "halide" (every Pb keeps its six X) or "lead"
    (only X that bridge two Pb). center: "Pb" or "Cs". cells: Pb along an edge (cube), 0 for a sphere.
    diameter_nm: diameter (sphere), 0 for a cube.
    """

    shape: str
    a_nm: float
    termination: str
    center: str
    cells: int = 0
    diameter_nm: float = 0.0

    @property
    def size_nm(self) -> float:
        """Edge N a of a cube, for both terminations, or diameter of a sphere, in nm."""
        return self.cells * self.a_nm if self.shape == "cube" else self.diameter_nm

    @property
    def has_halide_skin(self) -> bool:
        """Whether halide ions without a second Pb are kept."""
        return self.termination == "halide"

    def estimate_n_pb(self) -> int:
        """Number of Pb, exact for a cube, to a few per cent for a sphere; costs no memory."""
        if self.shape == "cube":
            return self.cells**3
        return max(1, round(np.pi / 6 * (self.diameter_nm / self.a_nm) ** 3))

    def sites(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Coordinates (n, 3) in units of a/2 and kinds (n,), 0 for Pb and 1 for X; Pb first."""
        lead = self._lead()
        candidates = (lead[:, None, :] + _NEIGHBORS).reshape(-1, 3)
        width = 2 * int(np.abs(candidates).max()) + 1
        key = (candidates + width // 2) @ np.array([width * width, width, 1])
        _, first, count = np.unique(key, return_index=True, return_counts=True)
        halide = candidates[first if self.has_halide_skin else first[count == 2]]
        kind = np.repeat([0, 1], [len(lead), len(halide)])
        return np.concatenate([lead, halide]), kind

    def _lead(self) -> NDArray[np.int64]:
        """Coordinates of the Pb, shape (n, 3)."""
        if self.shape == "cube":
            line = 2 * np.arange(self.cells) - (self.cells - 1)
            return np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1).reshape(-1, 3)
        radius = self.diameter_nm / self.a_nm + 2e-9  # in units of a/2
        reach = int(radius) + 2
        line = np.arange(-reach, reach + 1)
        line = line[line % 2 == (0 if self.center == "Pb" else 1)]
        box = np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1).reshape(-1, 3)
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


def _check_extent(cells: float, a_nm: float) -> None:
    if cells > MAX_CELLS:
        raise BandgError(
            f"{cells * a_nm:.6g} nm are more than {MAX_CELLS} cells across; "
            f"the largest that bandg takes has {MAX_CELLS * a_nm:.4g} nm"
        )


def _check_choice(what: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise BandgError(f"{what} {value!r} is unknown; choose {' or '.join(choices)}")
