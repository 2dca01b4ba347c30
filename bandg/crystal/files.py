"""Structure files: atoms of an explicit nanocrystal through ase, checked before any number comes out of them."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.base.quantities import named
from bandg.base.text import install, quote
from bandg.crystal.atoms import Atoms
from bandg.crystal.axes import smallest_turn
from bandg.crystal.from_atoms import BOND_CUTOFF, MAX_ATOMS

if TYPE_CHECKING:
    from bandg.crystal.cell import Cell

HALIDES = ("I", "Br", "Cl")
INORGANIC_CATIONS = ("Cs", "Rb", "K")
BOND_NM = 0.42
"""Pb and X closer than this are bonded: bonds have 0.28-0.33 nm, the next Pb of an X is beyond 0.6 nm."""

LATTICE_TOLERANCE = 0.06
TURN_TOLERANCE_DEG = 3.0
DROP = "drop"
LEAST_DISTANCE_NM = 0.05
"""Atoms that are nearer than this lie at one place: bonds have 0.3 nm."""

MAX_SITES = 200
"""Of a CIF whose symmetry is still to be expanded."""

_BYTES_PER_ATOM = 250
_FORMATS = {".xyz": "extxyz", ".extxyz": "extxyz", ".cif": "cif", ".vasp": "vasp", ".poscar": "vasp"}
_NAMES = {"POSCAR": "vasp", "CONTCAR": "vasp"}
_KNOWN = ".xyz, .extxyz, .cif, .vasp, .poscar, POSCAR or CONTCAR"


def parse_species(text: str) -> dict[str, str]:
    """Mapping from "Pb=Pb,I=X,H=drop": a species of the file to Pb, a halide, X (the set's halide) or drop.

    Raises BandgError for anything else.
    """
    mapping = named(filter(str.strip, text.split(",")), "species", "Sn=Pb or H=drop")
    for name, target in mapping.items():
        if target not in ("Pb", *HALIDES, "X", DROP):
            raise BandgError(
                f"species {quote(f'{name}={target}')} must read FILE=MODEL, MODEL one of Pb, {', '.join(HALIDES)}, "
                "X or drop: write Sn=Pb or H=drop"
            )
    return mapping


def read_structure(
    path: str | os.PathLike[str],
    species: Mapping[str, str] | None = None,
    halide: str = "I",
    on_note: Callable[[str], None] = lambda note: None,
) -> Atoms:
    """Atoms of a structure file, in nm about their common center; A cations are left out; needs ase.

    Parameters
    ----------
    path : str or path
        An extxyz, xyz, CIF or POSCAR file.
    species : dict, optional
        What a species of the file stands for, as ``{"Sn": "Pb", "Cl": "X", "H": "drop"}``; others keep their symbol.
    halide : str
        What "X" means in `species`.
    on_note : callable, optional
        Is told in a line of text how a periodic cell was treated, and what was left out.

    Returns
    -------
    Atoms
        Positions in nm, shape (n, 3), and species, shape (n,), for ``bandg.compute(structure=...)``.

    Raises
    ------
    BandgError
        For a file that is missing, empty, too large, periodic through its boundary or of another format, for species
        without orbitals, and where ase is not installed. `check_lattice` and `explicit` judge the atoms.

    Examples
    --------
    >>> import bandg
    >>> atoms = bandg.read_structure("nc.xyz", {"H": "drop"})  # doctest: +SKIP
    """
    source = Path(path)
    frame, atoms = _kept(source, species, halide, on_note)
    if frame.pbc.any():
        _check_boundary(frame, source)
        on_note(f"{source.name}: its periodic cell is ignored; the atoms in it are taken as one finite nanocrystal")
    return Atoms(atoms.positions_nm - atoms.positions_nm.mean(axis=0), atoms.species)


def _kept(
    source: Path, species: Mapping[str, str] | None, halide: str, on_note: Callable[[str], None]
) -> tuple[Any, Atoms]:
    """The atoms of a file that have parameters, as ase holds them and in nm with their names. Raises BandgError."""
    kind = _format_of(source)
    _check_size(source, kind)
    frame = _read(source, kind)
    symbols = np.array(frame.get_chemical_symbols())
    targets = _targets(Counter(symbols.tolist()), dict(species or {}), halide, source, on_note)
    names = np.array([targets[symbol] for symbol in symbols.tolist()])
    kept = names != DROP
    atoms = Atoms(frame.get_positions()[kept] / 10, names[kept])
    if not np.isfinite(atoms.positions_nm).all():
        raise BandgError(f"{source.name}: a position is not a finite number")
    for needed, what in ((("Pb",), "Pb"), (HALIDES, "halide")):
        if not np.isin(atoms.species, needed).any():
            raise BandgError(
                f"{source.name} has no {what}: map a species of the file to it by `species`, as Sn=Pb,Cl=I"
            )
    _check_distances(atoms, source)
    return frame[kept], atoms


def read_cell(
    path: str | os.PathLike[str],
    species: Mapping[str, str] | None = None,
    halides: Sequence[str] = ("I",),
    on_note: Callable[[str], None] = lambda note: None,
) -> Cell:
    """The periodic crystal of a structure file; needs ase.

    path, species, on_note: as in `read_structure`. halides: symbols of the halides of the first and the second
    parameter set. Raises BandgError for what `read_structure` refuses, a file without a periodic cell, a halide without
    parameters, and for what is no perovskite.
    """
    from bandg.crystal.cell import cell_of_atoms

    source = Path(path)
    frame, atoms = _kept(source, species, halides[0], on_note)
    if not frame.pbc.all() or frame.cell.rank < 3:
        raise BandgError(f"{source.name} has no periodic cell: a bulk crystal needs three cell vectors")
    strange = sorted(set(atoms.species.tolist()) - {"Pb", *halides})
    if strange:
        more = "" if len(halides) > 1 else "; a second halide needs a second set: add `second`"
        raise BandgError(
            f"{source.name}: there are no parameters for {', '.join(strange)}: the sets in use have Pb, "
            f"{', '.join(halides)}{more}"
        )
    is_second = atoms.species == halides[-1] if len(halides) > 1 else None
    try:
        return cell_of_atoms(np.array(frame.cell) / 10, atoms.positions_nm, atoms.species == "Pb", is_second)
    except BandgError as error:
        raise BandgError(f"{source.name}: {error}") from error


def _format_of(path: Path) -> str:
    kind = _NAMES.get(path.name) or _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise BandgError(f"{path.name} has an unknown format: use {_KNOWN}")
    return kind


def _check_size(path: Path, kind: str) -> None:
    """Refuse a missing, empty or too large file; reads one line only."""
    try:
        if path.is_dir():
            raise BandgError(f"cannot read {path}: it is a folder")
        size = path.stat().st_size
        with path.open("rb") as file:
            first = file.readline(200)
    except (OSError, ValueError) as error:
        raise BandgError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    if not size:
        raise BandgError(f"{path.name} is empty; a structure file holds atoms")
    count = size / _BYTES_PER_ATOM
    if kind == "extxyz":
        if not re.fullmatch(rb"\s*\d+\s*", first):
            raise BandgError(
                f"{path.name} is not an xyz file: its first line must be the number of atoms, not "
                f"{first.decode(errors='replace').strip()[:40]!r}"
            )
        count = int(first)
    if count > MAX_ATOMS:
        raise BandgError(f"{path.name} holds {'about ' * (kind != 'extxyz')}{count:.3g} atoms; at most {MAX_ATOMS} fit")


def _read(path: Path, kind: str) -> Any:
    try:
        import ase.io
    except ImportError as error:
        raise BandgError(f"structure files need ase: {install('structures')}") from error
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ase comments on settings of CIF files that play no part here
            frames: Iterator[Any] = _cif_frames(path) if kind == "cif" else ase.io.iread(path, index=":", format=kind)
            frame = next(frames)
            more = next(frames, None) is not None
    except BandgError:
        raise
    except MemoryError as error:
        raise BandgError(f"{path.name} does not fit into memory") from error
    except Exception as error:  # every reader of ase has its own errors
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise BandgError(f"{path.name} is not a valid {kind} file: {reason}") from error
    if more:
        raise BandgError(f"{path.name} holds more than one structure; keep one: ase convert -n 0 {path.name} one.xyz")
    if not len(frame):
        raise BandgError(f"{path.name} has no atoms")
    return frame


def _cif_frames(path: Path) -> Iterator[Any]:
    """Structures of a CIF. Raises BandgError for a site that is partly occupied, and for too many to expand."""
    from ase.io.cif import parse_cif

    for block in parse_cif(os.fspath(path)):
        if not block.has_structure():
            continue
        symbols = block.get_symbols()
        labels = block.get("_atom_site_label") or symbols
        for label, share in zip(labels, block.get("_atom_site_occupancy") or (), strict=False):
            if isinstance(share, int | float) and abs(share - 1) > 1e-6:
                raise BandgError(
                    f"{path.name}: site {label} is occupied to {share:g}; a nanocrystal has whole atoms: write one "
                    "arrangement of them, with the occupancy 1"
                )
        if block.get_spacegroup(True).nsymop == 1:  # ase would compare every atom with every other
            frame = block.get_unsymmetrized_structure()
            frame.pbc = frame.cell.rank == 3
            yield frame
            continue
        if len(symbols) > MAX_SITES:
            raise BandgError(
                f"{path.name} has {len(symbols)} sites and a symmetry other than P 1, which is slow to expand: write "
                "all atoms, with the symmetry P 1"
            )
        yield block.get_atoms()


def _targets(
    counts: Counter[str], mapping: dict[str, str], halide: str, path: Path, on_note: Callable[[str], None]
) -> dict[str, str]:
    """What each species of the file becomes."""
    unused = sorted(set(mapping) - set(counts))
    if unused:
        raise BandgError(f"`species` names {', '.join(unused)}, which are not in {path.name}: {_listed(counts)}")
    targets = {name: halide if to == "X" else to for name, to in mapping.items()}
    left = Counter({name: n for name, n in counts.items() if name not in targets})
    targets |= {name: name for name in left if name in ("Pb", *HALIDES)}
    cations = [name for name in left if name in INORGANIC_CATIONS]
    organic = {name: n for name, n in left.items() if name in ("C", "N", "H")}
    if organic and _are_cations(organic):
        cations += organic
    targets |= dict.fromkeys(cations, DROP)
    strange = Counter({name: n for name, n in left.items() if name not in targets})
    if strange:
        example = ",".join(f"{name}={DROP}" for name in strange)
        what = "H or ligands" if set(strange) <= {"H", "C", "N", "O", "S", "P", "F"} else "atoms"
        raise BandgError(
            f"{path.name} holds {what} that no parameter set describes: {_listed(strange)}; leave them out by "
            f"`species`, as {example}, or map them to known ones (Sn=Pb)"
        )
    dropped = Counter({name: counts[name] for name, to in targets.items() if to == DROP})
    if dropped:
        on_note(f"{path.name}: left out {_listed(dropped)}")
    return targets


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{n} {name}" for name, n in sorted(counts.items()))


def _are_cations(organic: Mapping[str, int]) -> bool:
    """Whether the atoms make up whole methylammonium (C N H6) and formamidinium (C N2 H5) ions."""
    carbon, nitrogen, hydrogen = (organic.get(name, 0) for name in ("C", "N", "H"))
    fa, ma = nitrogen - carbon, 2 * carbon - nitrogen
    return fa >= 0 and ma >= 0 and hydrogen == 6 * ma + 5 * fa


def _check_distances(atoms: Atoms, path: Path) -> None:
    """Refuse two atoms at one place, which also make the search for neighbors endless."""
    from scipy.spatial import KDTree

    if len(atoms) < 2:
        return
    distance, near = KDTree(atoms.positions_nm).query(atoms.positions_nm, k=2)
    first = int(distance[:, 1].argmin())
    if distance[first, 1] < LEAST_DISTANCE_NM:
        raise BandgError(
            f"{path.name}: atoms {first + 1} and {int(near[first].max()) + 1} of those kept lie "
            f"{distance[first, 1]:.2g} nm apart: leave one of them out (files hold lengths in angstrom)"
        )


def _check_boundary(frame: Any, path: Path) -> None:
    """Refuse a crystal: a Pb-X bond that runs through the boundary of a periodic cell."""
    from ase.neighborlist import neighbor_list

    first, second, shift = neighbor_list("ijS", frame, {("Pb", name): 10 * BOND_NM for name in _others(frame)})
    crossing = (shift != 0).any(axis=1)
    if crossing.any():
        i, j = first[crossing][0], second[crossing][0]
        raise BandgError(
            f"{path.name}: a Pb-X bond (atoms {i + 1} and {j + 1} of those kept) runs through the boundary of the "
            "periodic cell, so it is a crystal or a nanocrystal cut in two; cut a nanocrystal out, or center it in a "
            "cell with vacuum around it"
        )


def _others(frame: Any) -> Sequence[str]:
    return sorted(set(frame.get_chemical_symbols()) - {"Pb"})


def check_lattice(atoms: Atoms, a_nm: float, name: str = "the parameter set") -> None:
    """Raise BandgError where the cubic axes are turned away from x, y, z or the lattice constant is not that of a set.

    a_nm: lattice constant of the set called `name`. Both come from the vectors between Pb that share a halide, which
    tilts of the octahedra hardly touch: the nearest rotation to their mean along each axis, and its length.
    """
    vectors, length = _cell_vectors(atoms, a_nm)
    if not len(vectors):
        return
    check_lattice_constant(float(np.median(np.linalg.norm(vectors, axis=1))) / length, a_nm, name)
    turn = smallest_turn(vectors)
    angle = float(np.degrees(np.linalg.norm(turn)))
    if angle > TURN_TOLERANCE_DEG:
        axis = turn / np.linalg.norm(turn)
        x, y, z = (f"{value:.4f}" for value in axis)
        raise BandgError(
            f"the cubic axes of the structure are turned by {angle:.2f} degrees away from x, y, z; turn them back: "
            f"atoms.rotate({-angle:.3f}, ({x}, {y}, {z}), rotate_cell=True) in ase"
        )


def check_lattice_constant(found: float, a_nm: float, name: str) -> None:
    """Raise BandgError where a lattice constant in nm is not that of the set called `name`."""
    if abs(found / a_nm - 1) > LATTICE_TOLERANCE:
        raise BandgError(
            f"the lattice constant of the structure is {found:.4g} nm, that of {name} {a_nm:.4g} nm: choose the set of "
            "this material, or scale the structure (files hold lengths in angstrom)"
        )


def _cell_vectors(atoms: Atoms, a_nm: float) -> tuple[NDArray[np.float64], float]:
    """Vectors between Pb that share a halide, or from Pb to X where there is one Pb; and their length in cells."""
    from scipy.spatial import KDTree

    lead, halide = (atoms.positions_nm[(atoms.species == "Pb") == of_lead] for of_lead in (True, False))
    reach = BOND_CUTOFF * a_nm
    distance, near = KDTree(lead).query(halide, k=2, distance_upper_bound=reach)
    shared = np.isfinite(distance).all(axis=1)
    if shared.any():
        return lead[near[shared, 1]] - lead[near[shared, 0]], 1.0
    bonded = np.isfinite(distance[:, 0])
    return halide[bonded] - lead[near[bonded, 0]], 0.5
