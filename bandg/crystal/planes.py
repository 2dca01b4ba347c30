"""How deep an atom lies below the surface of a nanocrystal, and onsite shifts by species and depth.

Depth is counted in planes of a/2 from the nearest face, 0 on the outermost plane. On a curved or stepped surface the
face above an atom is the outermost atom in a column of one cell's width along each cubic axis.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.base.quantities import Grammar, named
from bandg.base.text import quote
from bandg.crystal.lattice import SURFACE_PLANES, Lattice

MAX_SHIFT_EV = 5.0
_EXAMPLE = "X.0=0.13,Pb.1=-0.01 (eV)"
_SHIFT = Grammar(
    "surface shift",
    "X.0=0.13",
    ("eV", ""),
    lambda shift: "" if abs(shift.number) <= MAX_SHIFT_EV else f"is beyond {MAX_SHIFT_EV:g} eV",
)

Shifts = tuple[tuple[str, int, float], ...]


def parse_shifts(text: str, lattice: Lattice) -> Shifts:
    """(kind, plane, shift in eV) from "X.0=0.13,Pb.1=-0.01". Raises BandgError for anything else."""
    found = []
    for name, number in named(text.split(","), "surface shift", _EXAMPLE).items():
        kind, _, plane = name.partition(".")
        if kind not in lattice.kinds or not plane.isdecimal():
            kinds = " or ".join(lattice.kinds)
            raise BandgError(
                f"surface shift {quote(name)} is not a species ({kinds}) and a plane counted from the surface: "
                f"write {_EXAMPLE}"
            )
        if int(plane) >= SURFACE_PLANES:
            raise BandgError(
                f"surface shift {quote(name)}: shifts are of planes 0 to {SURFACE_PLANES - 1}, counted from the surface"
            )
        found.append((kind, int(plane), _SHIFT.value(number).number))
    return tuple(sorted(one for one in found if one[2]))


def planes(coordinates: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of planes of a/2 between each site and the nearest face.

    Parameters
    ----------
    coordinates : array (n, 3)
        Places in the ideal crystal in units of a/2.

    Returns
    -------
    array (n,)
        0 on the outermost plane.

    Examples
    --------
    >>> import numpy as np
    >>> from bandg.crystal.planes import planes
    >>> planes(np.array([[-1, 0, 0], [0, 0, 0], [1, 0, 0]])).tolist()
    [0, 0, 0]
    """
    shifted = coordinates - coordinates.min(axis=0) + 1  # a margin for the neighboring columns
    depth = np.full(len(shifted), np.iinfo(np.int64).max)
    for axis in range(3):
        u, v = np.delete(np.arange(3), axis)
        for sign in (1, -1):
            height = sign * shifted[:, axis]
            top = np.full(shifted.max(axis=0)[[u, v]] + 2, np.iinfo(np.int64).min)
            np.maximum.at(top, (shifted[:, u], shifted[:, v]), height)
            for across in (0, 1):  # the highest of the column and its eight neighbors
                padded = np.pad(top, [(1, 1) if n == across else (0, 0) for n in (0, 1)], mode="edge")
                cut = [padded.take(range(k, k + top.shape[across]), axis=across) for k in range(3)]
                top = np.max(cut, axis=0)
            depth = np.minimum(depth, top[shifted[:, u], shifted[:, v]] - height)
    return depth


def shifts_at(
    coordinates: NDArray[np.int64], kind: NDArray[np.int64], shifts: Shifts, lattice: Lattice
) -> NDArray[np.float64]:
    """Onsite shift of each site in eV, shape (n,); coordinates (n, 3) in units of a/2, kind (n,) as in the lattice."""
    result = np.zeros(len(kind))
    depth = planes(coordinates)
    for name, plane, shift in shifts:
        result[(kind == lattice.kinds.index(name)) & (depth == plane)] = shift
    return result
