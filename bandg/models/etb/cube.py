"""Densities of electron and hole as Gaussian cube files, which VESTA and others draw."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandg.base.arguments import number
from bandg.base.errors import BandgError
from bandg.base.files import check_writable, write_whole
from bandg.base.marks import CUBE_MARK
from bandg.models.etb.full import Densities, FullSystem

CUBE_FORMATS = (".cube",)
SPREAD_NM = 0.15
"""Standard deviation of the Gaussian over which the weight of an atom is spread, if nothing else is said."""

BOHR_NM = 0.0529177210544
"""CODATA 2022."""

_MARGIN, _STEP = 5.5, 1 / 1.5
"""The grid ends so many deviations beyond the outer atoms; its step in deviations."""

_MOST_POINTS = 30_000_000

_SYMBOLS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb "
    "Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au "
    "Hg Tl Pb Bi"
)
_CHARGES = {symbol: charge for charge, symbol in enumerate(_SYMBOLS.split(), start=1)}


def cube_paths(path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """The two files of `write_cubes`. Raises BandgError where they cannot be written."""
    target = check_writable(path, CUBE_FORMATS)
    electron, hole = (
        check_writable(target.with_suffix(f".{name}.cube"), CUBE_FORMATS) for name in ("electron", "hole")
    )
    return electron, hole


def density_grid(
    positions: NDArray[np.float64], weight: NDArray[np.float64], spread_nm: float = SPREAD_NM
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """The density of weights on atoms as normalized Gaussians on a regular grid.

    Parameters
    ----------
    positions : array (n_atoms, 3)
        In nm.
    weight : array (n_atoms,)
        Weight on each atom.
    spread_nm : float
        Standard deviation of each Gaussian in nm, the same along x, y and z. It is a choice of the picture: the
        tight-binding states say how much is on an atom, not how it is distributed around it.

    Returns
    -------
    density : array (n_x, n_y, n_z)
        In 1/nm^3. Its sum times the cube of the step is the sum of the weights.
    origin : array (3,)
        The first point, in nm.
    step : float
        In nm, the same in all directions.

    Raises
    ------
    BandgError
        For a spread that is no length above zero, and for a grid of more than 30 million points.
    """
    spread = number("spread_nm", spread_nm)
    if not spread > 0:
        raise BandgError(f"`spread_nm` is {spread:g}: it must be above zero")
    low, high = positions.min(axis=0) - _MARGIN * spread, positions.max(axis=0) + _MARGIN * spread
    step = _STEP * spread
    counts = np.ceil((high - low) / step).astype(int) + 1
    if counts.prod() > _MOST_POINTS:
        least = spread * (counts.prod() / _MOST_POINTS) ** (1 / 3)
        raise BandgError(
            f"a spread of {spread:g} nm needs a grid of {counts.prod() / 1e6:.0f} million points: "
            f"take `spread_nm` of {least:.2g} nm or more"
        )
    x, y, z = (
        np.exp(-((start + step * np.arange(count)[:, None] - own) ** 2) / (2 * spread**2))
        / (spread * np.sqrt(2 * np.pi))
        for start, count, own in zip(low, counts, positions.T, strict=True)
    )
    return np.stack([(y * (row * weight)) @ z.T for row in x]), low, step


def write_cubes(
    system: FullSystem, path: str | os.PathLike[str], weights: Densities, spread_nm: float = SPREAD_NM
) -> tuple[Path, Path]:
    """Write the densities of electron and hole as FILE.electron.cube and FILE.hole.cube, in 1/bohr^3.

    Lengths are in bohr; the atoms have their nuclear charges. Atoms without orbitals (Cs) are not in the model and not
    in the files. Each density integrates to 1, see `density_grid`. Raises BandgError where they cannot be written.
    """
    paths = cube_paths(path)
    grids = [density_grid(system.positions_nm, one, spread_nm) for one in (weights.electron, weights.hole)]
    energies = (weights.E_e_eV, weights.E_h_eV)
    for target, name, energy, (density, origin, step) in zip(paths, ("electron", "hole"), energies, grids, strict=True):
        title = f"{name}, {energy:.6f} eV; weights of the atoms as Gaussians of {spread_nm:g} nm; 1/bohr^3"
        write_whole(target, _text(system, title, density * BOHR_NM**3, origin / BOHR_NM, step / BOHR_NM))
    return paths


def _text(
    system: FullSystem, title: str, density: NDArray[np.float64], origin: NDArray[np.float64], step: float
) -> str:
    places = system.positions_nm / BOHR_NM
    lines = [CUBE_MARK, title, "{:5d} {:12.6f} {:12.6f} {:12.6f}".format(len(places), *origin)]
    for axis, count in enumerate(density.shape):
        lines.append("{:5d} {:12.6f} {:12.6f} {:12.6f}".format(count, *(step * np.eye(3)[axis])))
    for species, place in zip(system.species.tolist(), places, strict=True):
        if species not in _CHARGES:
            raise BandgError(f"a cube file needs the charge of each atom, and {species!r} is no element")
        charge = _CHARGES[species]
        lines.append("{:5d} {:12.6f} {:12.6f} {:12.6f} {:12.6f}".format(charge, charge, *place))
    for row in density.reshape(-1, density.shape[2]):
        lines += [" ".join(f"{value:12.5E}" for value in row[first : first + 6]) for first in range(0, len(row), 6)]
    return "\n".join(lines) + "\n"
