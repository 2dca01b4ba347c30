"""Nanocrystals of explicit atoms: checked, their bonds found by distance, their place in the crystal by walking.

Pb and X that lie within BOND_CUTOFF lattice constants are bonded. From bond to bond every atom gets its place in the
ideal crystal, which tells its further neighbors however the octahedra tilt, and the phase of the Bloch functions at R.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.crystal.atoms import Atoms
from bandg.crystal.lattice import PEROVSKITE
from bandg.crystal.shapes import Nanocrystal
from bandg.crystal.sites import Structure, all_pairs, amplitudes, kept_sites, operations
from bandg.hamiltonian.sites import pack

BOND_CUTOFF = 0.72
"""Longest bond Pb-X in lattice constants; the ideal one is 0.5, the next Pb of an X lies at 1.1."""

TOO_CLOSE = 0.25
"""Atoms nearer than this, in lattice constants, overlap."""

MAX_ATOMS = 1_000_000
_ALONG_AXIS = 0.75
_MAX_TURN_DEG = 15.0
_SPECIES = ("Pb", "X", "Y")


def explicit(atoms: Atoms, a_nm: float, halide: str = "I", second: str | None = None) -> Nanocrystal:
    """A nanocrystal of given atoms, its cubic axes along x, y and z.

    a_nm: lattice constant of the ideal crystal, for the search of bonds. halide, second: symbols of the halides of the
    first and the second parameter set. Raises BandgError for atoms that overlap, hang apart, or make no perovskite,
    and for species without parameters.
    """
    positions = np.asarray(atoms.positions_nm, dtype=float)
    if len(atoms) > MAX_ATOMS:
        raise BandgError(f"{len(atoms):.3g} atoms are too many: bandg takes up to {MAX_ATOMS:.0e} of a structure")
    if positions.shape != (len(atoms), 3) or not np.isfinite(positions).all():
        raise BandgError("the positions of the atoms must be three finite numbers each")
    names = {"Pb": "Pb", halide: "X"} | ({second: "Y"} if second else {})
    for name in np.unique(atoms.species):
        if name not in names:
            raise BandgError(
                f"there are no parameters for {name}: the sets in use have {', '.join(names)}"
                + ("" if second else "; a second halide needs a second set")
            )
    rows = [
        f"{names[name]} {x:.9f} {y:.9f} {z:.9f}"
        for name, (x, y, z) in zip(atoms.species.tolist(), positions.tolist(), strict=True)
    ]
    species = np.array([_SPECIES.index(names[name]) for name in atoms.species.tolist()])
    n_x = int(np.sum(species > 0))
    nanocrystal = Nanocrystal(
        "structure", a_nm, "as given", "", fraction=float(np.sum(species == 2) / max(n_x, 1)), atoms="\n".join(rows)
    )
    structure_of_atoms(nanocrystal)
    return nanocrystal


def structure_of_atoms(nanocrystal: Nanocrystal) -> Structure:
    """The atoms of an explicit nanocrystal with their neighbors, about the center of highest symmetry."""
    table = np.array(nanocrystal.atoms.split()).reshape(-1, 4)
    species = np.searchsorted(np.array(_SPECIES), table[:, 0])
    positions = table[:, 1:].astype(float)
    bonds = _bonds(positions, species, nanocrystal.a_nm)
    on_frame = _places(positions, species, bonds)
    pairs = all_pairs(on_frame, species, PEROVSKITE)
    found, wanted = (np.unique(pack(np.pad(b, ((0, 0), (0, 1))))) for b in (pairs["Pb-X"], bonds))
    if len(found) != len(wanted) or (found != wanted).any():
        raise BandgError("the bonds of the structure do not fit the perovskite lattice: atoms are missing or misplaced")
    kept = kept_sites(on_frame, species, nanocrystal)
    if not kept.all():
        positions, species, on_frame = positions[kept], species[kept], on_frame[kept]
        pairs = all_pairs(on_frame, species, PEROVSKITE)
    positions = positions - _center(positions, species)
    amplitude = amplitudes(species, pairs["Pb-X"], nanocrystal.occupancy)
    return Structure(PEROVSKITE, positions, on_frame, species, amplitude, pairs)


def _bonds(positions: NDArray[np.float64], species: NDArray[np.int64], a_nm: float) -> NDArray[np.int64]:
    """Bonds (m, 2) from Pb to X. Raises BandgError where there are too many or too few."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    lead, halide = np.flatnonzero(species == 0), np.flatnonzero(species > 0)
    if not (len(lead) and len(halide)):
        raise BandgError(f"a nanocrystal needs Pb and halide: there are {len(lead)} Pb and {len(halide)} halide atoms")
    close = cKDTree(positions).query_pairs(TOO_CLOSE * a_nm, output_type="ndarray")
    if len(close):
        one, other = close[0]
        distance = float(np.linalg.norm(positions[one] - positions[other]))
        raise BandgError(
            f"atoms {one + 1} and {other + 1} overlap: they are {distance:.4f} nm apart, the least is "
            f"{TOO_CLOSE * a_nm:.3f} nm (are the lengths in the right unit?)"
        )
    tree = cKDTree(positions[lead])
    near = tree.query_ball_point(positions[halide], BOND_CUTOFF * a_nm)
    count = np.array([len(one) for one in near])
    if (count > 2).any():
        raise BandgError(f"atom {halide[np.argmax(count > 2)] + 1} has {count.max()} Pb within a bond; X has at most 2")
    bonds = np.array([(lead[n], x) for x, one in zip(halide, near, strict=True) for n in one]).reshape(-1, 2)
    of_lead = np.bincount(bonds[:, 0], minlength=len(species)) if len(bonds) else np.zeros(len(species), dtype=int)
    if of_lead.max() > 6:
        raise BandgError(f"atom {np.argmax(of_lead) + 1} has {of_lead.max()} X within a bond; Pb has at most 6")
    matrix = coo_array((np.ones(len(bonds)), bonds.T), shape=(len(species),) * 2)
    parts, part = connected_components(matrix, directed=False)
    if parts > 1:
        sizes = np.sort(np.bincount(part))[::-1]
        raise BandgError(
            f"the structure is not connected: {parts} clusters without a bond Pb-X up to {BOND_CUTOFF * a_nm:.3f} nm "
            f"between them, of {', '.join(map(str, sizes[:3]))}{' ...' if parts > 3 else ''} atoms"
        )
    return bonds


def _places(positions: NDArray[np.float64], species: NDArray[np.int64], bonds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ideal coordinates (n, 3) in units of a/2, even on Pb, by walking along the bonds."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import breadth_first_order

    vectors = positions[bonds[:, 1]] - positions[bonds[:, 0]]
    axis = np.argmax(np.abs(vectors), axis=1)
    along = np.take_along_axis(vectors, axis[:, None], axis=1)[:, 0]
    steps = np.zeros(vectors.shape, dtype=np.int64)
    steps[np.arange(len(bonds)), axis] = np.sign(along).astype(np.int64)
    left, _, right = np.linalg.svd(vectors.T @ steps)  # the turn that brings all axes nearest to the bonds
    turn = np.degrees(np.arccos(np.clip((np.trace(left @ right) - 1) / 2, -1, 1)))
    if (np.abs(along) < _ALONG_AXIS * np.linalg.norm(vectors, axis=1)).any() or turn > _MAX_TURN_DEG:
        raise BandgError(
            "the bonds Pb-X do not lie along the axes: turn the structure so that its cubic axes are x, y and z"
        )
    size = len(species)
    number = coo_array((np.arange(1, len(bonds) + 1), bonds.T), shape=(size, size)).tocsr()
    both = (number + number.T).tocsr()
    order, before = breadth_first_order(both, 0, directed=False)
    rank = np.zeros((size, 3), dtype=np.int64)
    found = np.asarray(both[before[order[1:]], order[1:]]).ravel().astype(np.int64) - 1
    signs = np.where(bonds[found, 0] == before[order[1:]], 1, -1)
    for site, previous, step in zip(order[1:], before[order[1:]], signs[:, None] * steps[found], strict=True):
        rank[site] = rank[previous] + step
    rank -= rank[np.flatnonzero(species == 0)[0]]
    if len(np.unique(pack(rank))) != size or (rank[bonds[:, 1]] - rank[bonds[:, 0]] != steps).any():
        raise BandgError("the bonds Pb-X do not close to a perovskite lattice: an atom has a wrong place")
    return rank


def _center(positions: NDArray[np.float64], species: NDArray[np.int64]) -> NDArray[np.float64]:
    """The point about which most turns of the cube map the atoms on atoms: middle of the Pb, of all, or of the box."""
    lead = positions[species == 0]
    candidates = [
        (lead.min(axis=0) + lead.max(axis=0)) / 2,
        lead.mean(axis=0),
        positions.mean(axis=0),
        (positions.min(axis=0) + positions.max(axis=0)) / 2,
    ]
    return max(candidates, key=lambda center: len(operations(positions - center, species)))
