"""Nanocrystals for other programs: sparse matrix with its basis, atoms with densities, kwant system."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bandg.base.errors import BandgError
from bandg.base.files import check_writable, write_whole
from bandg.base.marks import ARCHIVE_MARK
from bandg.base.tables import to_csv
from bandg.base.text import install
from bandg.crystal.shapes import Nanocrystal
from bandg.models.etb.local import resolve_neighbors
from bandg.models.etb.material import Material
from bandg.models.etb.nanocrystal import band_edges
from bandg.models.etb.reduced import ReducedNanocrystal, reduced_of
from bandg.parameters.sets import ParameterSet

if TYPE_CHECKING:
    import ase

    from bandg.models.etb.states import Doublet

BASIS_COLUMNS = ("index", "site", "species", "x_nm", "y_nm", "z_nm", "orbital", "spin")
ATOM_FORMATS = (".extxyz", ".xyz")
MATRIX_FORMATS = (".npz",)
_KWANT_HINT = "in a clone of bandg, uv sync --extra kwant, which compiles it, or conda install -c conda-forge kwant"


@dataclass(frozen=True, eq=False)
class FullSystem:
    """A nanocrystal with its whole Hamiltonian.

    reduced: geometry, sites and symmetry. vector: parameters in eV. symbols: of each species, and of the second halide.
    """

    reduced: ReducedNanocrystal
    vector: NDArray[np.float64]
    symbols: tuple[str, ...]

    @cached_property
    def hamiltonian(self) -> sparse.csr_array:
        """The full Hamiltonian in eV, complex Hermitian, shape (n_orbitals, n_orbitals)."""
        matrix = self.reduced.system.hamiltonian().at(self.vector)
        if self.reduced.has_potential:
            potential = np.repeat(self.reduced.potential(1), np.diff(self.reduced.system.offsets))
            matrix = sparse.csr_array(matrix + sparse.diags_array(potential))
        matrix.eliminate_zeros()
        return matrix

    @property
    def positions_nm(self) -> NDArray[np.float64]:
        """Positions of the atoms, shape (n, 3)."""
        return self.reduced.system.positions

    @property
    def species(self) -> NDArray[np.str_]:
        """Chemical symbols of the atoms, shape (n,)."""
        return np.array(self.symbols)[self.reduced.structure.species]

    @cached_property
    def basis(self) -> list[tuple[int, int, str, float, float, float, str, str]]:
        """One row of BASIS_COLUMNS for each row of the Hamiltonian."""
        system, species, positions = self.reduced.system, self.species.tolist(), self.positions_nm.tolist()
        rows: list[tuple[int, int, str, float, float, float, str, str]] = []
        for site, kind in enumerate(system.kind.tolist()):
            for orbital in _orbital_names(system.model.spaces[kind]):
                for spin in ("up", "down"):
                    x, y, z = positions[site]
                    rows.append((len(rows), site, species[site], x, y, z, orbital, spin))
        return rows


def _orbital_names(space: Any) -> list[str]:
    """ "s", "px", "dxy", ... in the order of the basis."""
    from bandg.models.etb.orbitals import COMPONENTS

    return [
        name if len(COMPONENTS[shell]) == 1 else shell + name for shell in space.shells for name in COMPONENTS[shell]
    ]


def full_system(
    parameters: ParameterSet | Material, nanocrystal: Nanocrystal, neighbors: int | None = None
) -> FullSystem:
    """The nanocrystal with its Hamiltonian; neighbors: 1 or 2, default what the set has. Raises BandgError."""
    material = parameters if isinstance(parameters, Material) else Material(parameters)
    shells = resolve_neighbors(material.parameters, neighbors)
    if nanocrystal.image:
        raise BandgError("with `image` electron and hole have different Hamiltonians: leave it out for a whole one")
    reduced = reduced_of(nanocrystal, material.parameters, material.spec(shells))
    symbols = material.parameters.symbols + (() if material.second is None else (material.second.halide,))
    return FullSystem(reduced, material.vector(shells), symbols)


@dataclass(frozen=True, eq=False)
class Densities:
    """Band-edge electron and hole of a nanocrystal on its atoms.

    electron, hole: (n_atoms,) weight of the doublet on each atom, sum 1. E_e_eV, E_h_eV: their energies.
    """

    electron: NDArray[np.float64]
    hole: NDArray[np.float64]
    E_e_eV: float
    E_h_eV: float


def densities(
    parameters: ParameterSet | Material, nanocrystal: Nanocrystal, neighbors: int | None = None, solver: str = "auto"
) -> Densities:
    """Weight of the electron and of the hole on each atom, mean over the doublet, as `band_edges` finds them."""
    return densities_of(*band_edges(parameters, nanocrystal, neighbors, solver))


def densities_of(electron: Doublet, hole: Doublet) -> Densities:
    """Densities of the two band edges of `band_edges`."""
    return Densities(electron.density, hole.density, electron.energy, hole.energy)


def write_amplitudes(system: FullSystem, path: str | os.PathLike[str], electron: Doublet, hole: Doublet) -> Path:
    """Write the spinor amplitudes of electron and hole as FILE.npz for numpy.load.

    Arrays: electron, hole (2, n_orbitals), complex, orthonormal, pseudospin up first (docs/conventions.md); E_e_eV,
    E_h_eV; site, orbital, spin (n_orbitals,) of each amplitude in the order of the basis of `write_matrix`; species
    and positions_nm (n_atoms, 3) of the sites. Raises BandgError where it cannot be written.
    """
    target = check_writable(path, MATRIX_FORMATS)
    rows = system.basis
    content = io.BytesIO()
    arrays: dict[str, Any] = {
        "electron": electron.amplitudes.T,
        "hole": hole.amplitudes.T,
        "E_e_eV": electron.energy,
        "E_h_eV": hole.energy,
        "site": np.array([row[1] for row in rows]),
        "orbital": np.array([row[6] for row in rows]),
        "spin": np.array([row[7] for row in rows]),
        "species": system.species,
        "positions_nm": system.positions_nm,
    }
    np.savez_compressed(content, **arrays)
    with zipfile.ZipFile(content, "a") as archive:
        archive.comment = ARCHIVE_MARK
    return write_whole(target, content.getvalue())


def write_matrix(system: FullSystem, path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Write the Hamiltonian as FILE.npz (scipy.sparse.load_npz) and its basis as FILE.csv; both paths.

    Raises BandgError where they cannot be written.
    """
    target = check_writable(path, MATRIX_FORMATS)
    table = check_writable(target.with_suffix(".csv"), (".csv",))
    matrix = io.BytesIO()
    sparse.save_npz(matrix, system.hamiltonian)
    with zipfile.ZipFile(matrix, "a") as archive:
        archive.comment = ARCHIVE_MARK
    write_whole(target, matrix.getvalue())
    write_whole(table, _basis_text(system))
    return target, table


def _basis_text(system: FullSystem) -> str:
    rows = [dict(zip(BASIS_COLUMNS, row, strict=True)) for row in system.basis]
    return to_csv(row | {axis: f"{row[axis]:.9g}" for axis in ("x_nm", "y_nm", "z_nm")} for row in rows)


def require_ase() -> None:
    """Raise BandgError where ase is not installed."""
    try:
        import ase  # noqa: F401
    except ImportError as error:
        raise BandgError(f"atoms are written by ase: {install('structures')}") from error


def to_ase(system: FullSystem, weights: Densities | None = None) -> ase.Atoms:
    """The atoms as ase.Atoms, in angstrom; with the arrays electron_density and hole_density, sum 1, if given.

    Raises BandgError without ase.
    """
    require_ase()
    import ase

    atoms = ase.Atoms(system.species.tolist(), positions=system.positions_nm * 10)
    if weights is not None:
        atoms.set_array("electron_density", weights.electron)
        atoms.set_array("hole_density", weights.hole)
        atoms.info |= {"E_e_eV": weights.E_e_eV, "E_h_eV": weights.E_h_eV}
    return atoms


def write_atoms(system: FullSystem, path: str | os.PathLike[str], weights: Densities | None = None) -> Path:
    """Write FILE.extxyz (or .xyz, same content) with the densities of `to_ase`. Raises BandgError."""
    target = check_writable(path, ATOM_FORMATS)
    atoms = to_ase(system, weights)
    import ase.io

    text = io.StringIO()
    ase.io.write(text, atoms, format="extxyz")
    return write_whole(target, text.getvalue())


def to_kwant(system: FullSystem) -> Any:
    """A finalized kwant system with our Hamiltonian: one site for each atom, tag (number of the atom,).

    kwant orders the sites itself: `system.sites[k].tag[0]` is the atom, `.pos` its place in nm. Raises BandgError
    where kwant cannot be imported.
    """
    kwant = import_kwant("a kwant system")
    from bandg.models.etb.kwant_sites import AtomFamily

    sites = system.reduced.system
    names = system.species
    families = {
        (name, int(kind)): AtomFamily(name, system.positions_nm, int(sites.dimensions[kind]))
        for name, kind in set(zip(names.tolist(), sites.kind.tolist(), strict=True))
    }
    atoms = [families[key](n) for n, key in enumerate(zip(names.tolist(), sites.kind.tolist(), strict=True))]
    builder = kwant.Builder()
    for first, second, block in _blocks(system):
        if first == second:
            builder[atoms[first]] = block
        else:
            builder[atoms[first], atoms[second]] = block
    return builder.finalized()


def import_kwant(purpose: str) -> Any:
    """The package kwant. Raises BandgError with the command that installs it."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="MUMPS is not available", category=RuntimeWarning)
            import kwant
            import kwant.kpm
    except (ImportError, ValueError) as error:  # a build against another numpy raises ValueError
        raise BandgError(f"{purpose} needs kwant: {_KWANT_HINT} ({error})") from error
    return kwant


def _blocks(system: FullSystem) -> Sequence[tuple[int, int, NDArray[np.complex128]]]:
    """Blocks of the Hamiltonian between atoms, the first not after the second, onsite blocks first."""
    offsets = system.reduced.system.offsets
    matrix = system.hamiltonian.tocoo()
    site = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    first, second = site[matrix.row], site[matrix.col]
    upper = first <= second
    rows, columns, values = matrix.row[upper], matrix.col[upper], matrix.data[upper]
    first, second = first[upper], second[upper]
    order = np.lexsort((second, first, first != second))
    ends = np.stack([first, second])[:, order]
    cuts = np.flatnonzero((np.diff(ends) != 0).any(axis=0)) + 1
    found = []
    for part in np.split(order, cuts):
        i, j = int(first[part[0]]), int(second[part[0]])
        block = np.zeros((offsets[i + 1] - offsets[i], offsets[j + 1] - offsets[j]), dtype=complex)
        block[rows[part] - offsets[i], columns[part] - offsets[j]] = values[part]
        found.append((i, j, block))
    return found
