"""Point charges: the potential in a periodic crystal, and at the planes of its (001) surface [ewald1921]."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandg.base.errors import BandgError
from bandg.base.units import E2_EV_NM
from bandg.crystal.lattice import Termination

CHARGES = {"Pb": 2.0, "X": -1.0, "Cs": 1.0}
"""Formal charges of the ions."""

_PLACES = {"Pb": ((0, 0, 0),), "X": ((1, 0, 0), (0, 1, 0), (0, 0, 1)), "Cs": ((1, 1, 1),)}
_REACH = 5.0
"""Both sums end where their terms are exp(-_REACH^2), about 1e-11."""
_NEUTRAL = 1e-9
_DEEP, _VACUUM = 8, 4
"""Planes beyond those that are asked for, and lattice constants of vacuum: the other surface adds about 1e-11."""


def site_potentials(vectors: ArrayLike, positions: ArrayLike, charges: ArrayLike) -> NDArray[np.float64]:
    """Potential at the sites of a periodic crystal of point charges, without the charge of the site itself.

    Parameters
    ----------
    vectors : array_like, shape (3, 3)
        Cell vectors as rows, in any unit of length.
    positions : array_like, shape (n, 3)
        In the same unit.
    charges : array_like, shape (n,)
        In elementary charges; their sum is zero.

    Returns
    -------
    ndarray, shape (n,)
        In e / (4 pi eps0 length), positive near positive charges. The mean over the cell is zero.

    Raises
    ------
    BandgError
        For a cell that is not neutral.

    Examples
    --------
    The Madelung constant of CsCl, from a cube of edge 1 and the distance sqrt(3)/2:

    >>> import numpy as np
    >>> from bandg.crystal.electrostatics import site_potentials
    >>> found = site_potentials(np.eye(3), [[0, 0, 0], [0.5, 0.5, 0.5]], [1, -1])
    >>> round(float(-found[0] * np.sqrt(3) / 2), 9)
    1.762674773
    """
    from scipy.special import erfc  # slow to load

    cell, places, charge = (np.asarray(one, dtype=float) for one in (vectors, positions, charges))
    if abs(charge.sum()) > _NEUTRAL:
        raise BandgError(f"the charges of a cell must add up to zero, not to {charge.sum():g}")
    volume = abs(np.linalg.det(cell))
    width = math.sqrt(math.pi) / volume ** (1 / 3)  # both sums need as many terms
    apart = places[:, None] - places
    far = np.ptp(places @ np.linalg.inv(cell), axis=0)
    near = np.linalg.norm(apart[:, :, None] + _within(cell, _REACH / width, far), axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        pairs = np.where(near > 0, erfc(width * near) / near, 0.0).sum(axis=2)
    waves = _within(2 * np.pi * np.linalg.inv(cell).T, 2 * width * _REACH)
    square = (waves**2).sum(axis=1)
    waves, square = waves[square > 0], square[square > 0]
    pairs += 4 * np.pi / volume * (np.cos(apart @ waves.T) @ (np.exp(-square / (4 * width**2)) / square))
    return np.asarray(pairs @ charge - 2 * width / math.sqrt(math.pi) * charge)


def _within(vectors: NDArray[np.float64], radius: float, more: ArrayLike = 0.0) -> NDArray[np.float64]:
    """Sums (m, 3) of the vectors: all within a radius, and more of each vector."""
    counts = np.ceil(radius * np.linalg.norm(np.linalg.inv(vectors), axis=0) + more).astype(int)
    return np.array(list(product(*(range(-n, n + 1) for n in counts)))) @ vectors


def bulk_potentials(a_nm: float, charges: Mapping[str, float] = CHARGES) -> dict[str, float]:
    """Potential at the ions of the cubic perovskite; its mean over the cell is zero.

    Parameters
    ----------
    a_nm : float
        Lattice constant in nm.
    charges : mapping of str to float
        Charges of "Pb", "X" and "Cs" in elementary charges.

    Returns
    -------
    dict
        In V, by species.

    Raises
    ------
    BandgError
        For a cell that is not neutral.

    Examples
    --------
    >>> from bandg.crystal.electrostatics import bulk_potentials
    >>> {kind: round(potential, 2) for kind, potential in bulk_potentials(0.6289).items()}
    {'Pb': -14.17, 'X': 7.39, 'Cs': -6.17}
    """
    return {kind: found for (kind, _), found in _planes(a_nm, charges, (0, 1), 0).items()}


def surface_shifts(
    termination: Termination,
    a_nm: float,
    eps: float = 1.0,
    charges: Mapping[str, float] = CHARGES,
    planes: int = 4,
) -> dict[tuple[str, int], float]:
    """Shift of an electron's energy at the ions near a (001) surface of a perovskite, against the bulk.

    The crystal keeps its ideal positions. An electron of potential V has the energy -e V, so the shift is minus the
    change of the potential. Far from the surface both potentials are equal, since each (001) plane is neutral.

    Parameters
    ----------
    termination : Termination
        Of the perovskite: "halide" ends in a plane CsX, "lead" in a plane PbX2.
    a_nm : float
        Lattice constant in nm.
    eps : float
        Dielectric constant that divides the shifts.
    charges : mapping of str to float
        Charges of "Pb", "X" and "Cs" in elementary charges, such that both kinds of planes are neutral.
    planes : int
        Number of planes.

    Returns
    -------
    dict
        Shift in eV by (species, plane), planes of a/2 counted from the surface, 0 the outermost.

    Raises
    ------
    BandgError
        For an eps that is not positive, or planes that are not neutral.

    Examples
    --------
    >>> from bandg.crystal.electrostatics import surface_shifts
    >>> from bandg.crystal.lattice import PEROVSKITE
    >>> found = surface_shifts(PEROVSKITE.termination("halide"), a_nm=0.6289, planes=2)
    >>> {kind: round(shift, 2) for kind, shift in found.items()}
    {('X', 0): 1.08, ('Cs', 0): -0.47, ('Pb', 1): 0.04, ('X', 1): -0.0}
    """
    if not eps > 0:
        raise BandgError(f"eps must be positive, not {eps:g}")
    for name, charge in (("PbX2", charges["Pb"] + 2 * charges["X"]), ("CsX", charges["Cs"] + charges["X"])):
        if abs(charge) > _NEUTRAL:
            raise BandgError(f"the charges of a plane {name} must add up to zero, not to {charge:g}")
    first = 1 if termination.needs == 1 else 0
    inside = bulk_potentials(a_nm, charges)
    outside = _planes(a_nm, charges, range(first, first + (planes + _DEEP | 1)), _VACUUM)
    return {
        (kind, z - first): (inside[kind] - found) / eps for (kind, z), found in outside.items() if z - first < planes
    }


def _planes(
    a_nm: float, charges: Mapping[str, float], heights: tuple[int, ...] | range, vacuum: int
) -> dict[tuple[str, int], float]:
    """Potential in V by (species, height) of a periodic stack of (001) planes, heights in a/2; Pb sits at even ones."""
    atoms = [
        (kind, (x, y, height))
        for height in heights
        for kind in charges
        for x, y, z in _PLACES[kind]
        if (z - height) % 2 == 0
    ]
    cell = np.diag([1.0, 1.0, len(heights) / 2 + vacuum])
    found = site_potentials(cell, np.array([place for _, place in atoms]) / 2, [charges[kind] for kind, _ in atoms])
    named = zip(atoms, found, strict=True)
    return {(kind, place[2]): E2_EV_NM / a_nm * float(potential) for (kind, place), potential in named}
