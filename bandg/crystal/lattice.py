"""Lattices as data: atoms of the cell, neighbors, surface terminations, and the k point of the band edges.

A lattice is primitive cubic: its atoms sit on a grid of half lattice constants, one atom of the first species, the
frame, at the origin of each cell, and the crystal has the full cubic symmetry about it. Coordinates are integers in
units of a/2, k points in units of pi/a.

Examples
--------
>>> from bandg.crystal.lattice import PEROVSKITE
>>> PEROVSKITE.kinds, PEROVSKITE.coordination
(('Pb', 'X'), (6, 2))
>>> PEROVSKITE.shell("Pb-X").vectors
((1, 0, 0), (0, 1, 0), (0, 0, 1), (-1, 0, 0), (0, -1, 0), (0, 0, -1))
>>> PEROVSKITE.confined("valence", "Cs")
'7-'
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations, product
from typing import Literal

from bandg.base.errors import BandgError
from bandg.base.text import nearest

Vector = tuple[int, int, int]

HIGH_SYMMETRY: dict[str, Vector] = {"Gamma": (0, 0, 0), "X": (1, 0, 0), "M": (1, 1, 0), "R": (1, 1, 1)}
"""High-symmetry points of the primitive cubic lattice in units of pi/a."""

BAND_PATH = ("Gamma", "X", "M", "R", "Gamma", "M")
"""The usual path through the primitive cubic Brillouin zone."""

SURFACE_PLANES = 10
"""Number of planes of a/2, counted from the surface, that may have onsite shifts."""

_EDGE_POINTS = ("Gamma", "R")
_TIMES_A2U = {"6+": "7-", "6-": "7+", "7+": "6-", "7-": "6+"}


def _images(vector: Vector) -> tuple[Vector, ...]:
    """One of each two opposite vectors that the turns of the cube make of one: by cyclic turns of the axes, + first."""
    x, y, z = vector
    turned = ((x, y, z), (z, x, y), (y, z, x), (y, x, z), (z, y, x), (x, z, y))
    all_ = dict.fromkeys((a * x, b * y, c * z) for x, y, z in turned for a, b, c in _SIGNS)
    return tuple(one for one in all_ if one > (0, 0, 0))


_SIGNS = tuple(product((1, -1), repeat=3))


@dataclass(frozen=True)
class Species:
    """One kind of atom.

    Parameters
    ----------
    name
        As in parameter files, without "-" or ".".
    place
        One of its places in the cell in units of a/2, each 0 or 1; the others follow from the cubic symmetry.
    """

    name: str
    place: Vector

    @property
    def places(self) -> tuple[Vector, ...]:
        """All its places in the cell, in units of a/2."""
        return tuple(sorted({(x, y, z) for x, y, z in permutations(self.place)}, reverse=True))


@dataclass(frozen=True)
class Shell:
    """Neighbors between which electrons hop.

    Parameters
    ----------
    first, second
        The species at both ends.
    vector
        One of the vectors from the first to the second, in units of a/2; the others follow from the cubic symmetry.
    order
        1 for nearest neighbors, 2 for what ``neighbors=2`` adds.
    """

    first: str
    second: str
    vector: Vector
    order: Literal[1, 2] = 1

    @property
    def name(self) -> str:
        """Name of its table in a parameter file, as "Pb-X"."""
        return f"{self.first}-{self.second}"

    @property
    def is_equal(self) -> bool:
        """Whether both ends are of one species."""
        return self.first == self.second

    @property
    def vectors(self) -> tuple[Vector, ...]:
        """All vectors from the first to the second species, in units of a/2: + before - along the axes, else sorted.

        Their order is that of all sums over neighbors, and sets the last digits of a result.
        """
        half = _images(self.vector)
        both = (*half, *((-x, -y, -z) for x, y, z in half))
        return tuple(sorted(both)) if self.vector.count(0) < 2 else both

    @property
    def pair_vectors(self) -> tuple[Vector, ...]:
        """The vectors that reach each pair once: all between two species, one of each two between equal atoms."""
        return _images(self.vector) if self.is_equal else self.vectors

    @property
    def length(self) -> float:
        """Length in lattice constants."""
        return math.hypot(*self.vector) / 2


@dataclass(frozen=True)
class Termination:
    """A surface termination of nanocrystals.

    Parameters
    ----------
    name, aka
        Its name, and its name in chemistry: "halide" is CsX-terminated, "lead" PbX2-terminated.
        A user may give either.
    meaning
        Description of the atoms that it keeps.
    needs
        A ligand is kept if it has at least this many neighbors of the frame.
    """

    name: str
    aka: str = ""
    meaning: str = ""
    needs: int = 1

    @property
    def label(self) -> str:
        """Both names, for help and pictures."""
        return f"{self.name} ({self.aka}-terminated)" if self.aka else self.name


@dataclass(frozen=True)
class BandEdges:
    """Band edges: k point and irreps.

    Parameters
    ----------
    point
        "Gamma" or "R", where the little group is that of the cube.
    valence, conduction
        Irreps of both band edges there, about an atom of the frame, as "6+".
    filled
        The (species, shell) whose orbitals count as occupied.
    split_off
        Irrep of the spin-orbit partner of the conduction band, "" for none.
    """

    point: str
    valence: str
    conduction: str
    filled: tuple[tuple[str, str], ...]
    split_off: str = ""


@dataclass(frozen=True)
class Lattice:
    """A crystal as data.

    Parameters
    ----------
    name
        As parameter files write it: ``[lattice] name = "..."``.
    species
        The frame first, at the origin of the cell: a shape says which of its atoms a nanocrystal holds. Then the
        ligands, which follow the frame as the termination says.
    shells
        All hopping shells. One of order 1 leads from the frame to each ligand, or to the frame where there is none.
    terminations
        The first is the default.
    edges
        Where the band edges lie.
    centers
        Atoms at the points with 0, 1, 2 and 3 coordinates of a/2 from an atom of the frame. Cubes have the
        first (odd number of cells) or the last (even) in the center.
    characters
        The (species, shell) that a picture of bands tells apart; default the filled ones.

    Raises
    ------
    BandgError
        For data that contradict each other.

    Examples
    --------
    >>> from bandg.crystal.lattice import PEROVSKITE
    >>> [one.name for one in PEROVSKITE.terminations]
    ['halide', 'lead']
    """

    name: str
    species: tuple[Species, ...]
    shells: tuple[Shell, ...]
    terminations: tuple[Termination, ...]
    edges: BandEdges
    centers: tuple[str, str, str, str]
    characters: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not self.characters:
            object.__setattr__(self, "characters", self.edges.filled)
        for problem in _problems(self):
            raise BandgError(f"lattice {self.name!r}: {problem}")

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of the species, the frame first."""
        return tuple(one.name for one in self.species)

    @property
    def frame(self) -> str:
        """Name of the species that shapes are made of."""
        return self.species[0].name

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the hopping shells."""
        return tuple(shell.name for shell in self.shells)

    @property
    def bonds(self) -> tuple[Shell, ...]:
        """The shells of nearest neighbors."""
        return tuple(shell for shell in self.shells if shell.order == 1)

    @property
    def sublattices(self) -> tuple[tuple[int, Vector], ...]:
        """Kind and place in units of a/2 of every atom of the cell."""
        return tuple((kind, place) for kind, one in enumerate(self.species) for place in one.places)

    @property
    def size_centers(self) -> tuple[str, str]:
        """Centers of a cube with an odd and with an even number of cells."""
        return self.centers[0], self.centers[3]

    @property
    def meanings(self) -> str:
        """Description of its terminations in one line."""
        return "; ".join(f"{one.label}: {one.meaning}" if one.meaning else one.label for one in self.terminations)

    @property
    def edge_vector(self) -> Vector:
        """The k point of the band edges in units of pi/a."""
        return HIGH_SYMMETRY[self.edges.point]

    @cached_property
    def coordination(self) -> tuple[int, ...]:
        """Number of nearest neighbors in the bulk of each kind; an atom with fewer is of the surface."""
        return tuple(sum(len(_ends(self, shell, one)) for shell in self.bonds) for one in self.species)

    @cached_property
    def frame_steps(self) -> tuple[Vector, ...]:
        """Vectors between atoms of the frame that are bonded or share a ligand, in units of a/2, with repetitions."""
        steps: list[Vector] = []
        for shell in self.bonds:
            if shell.second == self.frame:
                steps += shell.vectors
                continue
            ligand = next(one for one in self.species if one.name == shell.second)
            for place in ligand.places:
                around = [tuple(p - v for p, v in zip(place, back, strict=True)) for back in shell.vectors]
                atoms = [atom for atom in around if not any(x % 2 for x in atom)]
                steps += [
                    (x - u, y - v, z - w) for (x, y, z), (u, v, w) in product(atoms, atoms) if (x, y, z) != (u, v, w)
                ]
        return tuple(steps)

    def shell(self, name: str) -> Shell:
        """The shell of a table such as "Pb-X"."""
        return next(shell for shell in self.shells if shell.name == name)

    def termination(self, name: str) -> Termination:
        """The termination of that name, in either spelling. Raises BandgError for another."""
        return termination_among(self.terminations, name)

    def confined(self, edge: Literal["valence", "conduction"], center: str) -> str:
        """Irrep of a band-edge state with an s-like envelope about the center of a cube or sphere.

        About an atom of the frame it is that of the bulk. At R the Bloch factor exp(i R r) about the middle of the
        cell turns like A2u.
        """
        irrep = self.edges.valence if edge == "valence" else self.edges.conduction
        return irrep if center == self.centers[0] or self.edges.point == "Gamma" else _TIMES_A2U[irrep]


def termination_among(known: Iterable[Termination], name: str, where: str = "") -> Termination:
    """The termination of that name, in either spelling. Raises BandgError for another."""
    known = tuple(known)
    for one in known:
        if name in (one.name, one.aka):
            return one
    words = ", ".join(f"{one.aka}-terminated" for one in known if one.aka)
    choices = " or ".join(one.name for one in known) + (f" ({words})" if words else "")
    raise BandgError(f"termination {name!r} is unknown{where}; choose {choices}")


def _ends(lattice: Lattice, shell: Shell, one: Species) -> list[Vector]:
    """Vectors of a shell, in the direction from an atom of a species, that end on an atom."""
    found: list[Vector] = []
    if shell.first == one.name:
        others = next(other for other in lattice.species if other.name == shell.second).places
    elif shell.second == one.name:
        others = next(other for other in lattice.species if other.name == shell.first).places
    else:
        return found
    x, y, z = one.places[0]
    return [(u, v, w) for u, v, w in shell.vectors if ((x + u) % 2, (y + v) % 2, (z + w) % 2) in others]


def _problems(lattice: Lattice) -> Iterable[str]:
    """The error in the data of a lattice, or ""."""
    kinds = lattice.kinds
    if not kinds or lattice.species[0].place != (0, 0, 0):
        yield "the first species is the frame and must sit at (0, 0, 0)"
    if len({tuple(sorted(one.place)) for one in lattice.species}) < len(kinds) or len(set(kinds)) < len(kinds):
        yield "two species share a name or a place"
    for one in lattice.species:
        if not one.name.isidentifier() or set(one.place) - {0, 1}:
            yield f"species {one.name!r} needs a name of letters and digits and a place of zeros and ones"
    for shell in lattice.shells:
        if {shell.first, shell.second} - set(kinds) or not any(_ends(lattice, shell, one) for one in lattice.species):
            yield f"shell {shell.name} with {shell.vector} joins no atoms of the lattice"
    wanted = {f"{kinds[0]}-{ligand}" for ligand in kinds[1:] or kinds}
    if {shell.name for shell in lattice.bonds} != wanted or len(set(lattice.tables)) < len(lattice.tables):
        yield f"each of the shells {', '.join(sorted(wanted))} must stand once with order 1, and no other"
    if not lattice.terminations or lattice.edges.point not in _EDGE_POINTS:
        yield f"it needs a termination, and band edges at {' or '.join(_EDGE_POINTS)}"
    if {lattice.edges.valence, lattice.edges.conduction} - set(_TIMES_A2U):
        yield f"band edges are doublets: choose their irreps among {', '.join(_TIMES_A2U)}"
    if {species for species, _ in lattice.edges.filled} - set(kinds) or not lattice.edges.filled:
        yield "the filled shells must be of its species"


PEROVSKITE = Lattice(
    name="perovskite",
    species=(Species("Pb", (0, 0, 0)), Species("X", (1, 0, 0))),
    shells=(Shell("Pb", "X", (1, 0, 0)), Shell("X", "X", (1, 1, 0), order=2), Shell("Pb", "Pb", (2, 0, 0), order=2)),
    terminations=(
        Termination("halide", "CsX", "every Pb keeps its six X", needs=1),
        Termination("lead", "PbX2", "only X that bridge two Pb are kept", needs=2),
    ),
    edges=BandEdges("R", "6+", "6-", filled=(("X", "s"), ("X", "p"), ("Pb", "s")), split_off="8-"),
    centers=("Pb", "X", "face", "Cs"),
    characters=(("Pb", "s"), ("X", "p"), ("Pb", "p")),
)
"""The cubic perovskite CsPbX3. Cs has no orbital near the gap and is left out; it sits in the middle of the cell."""

_known = {PEROVSKITE.name: PEROVSKITE}


def register(lattice: Lattice) -> Lattice:
    """Make a lattice known, so that parameter files may name it; returns it. Raises BandgError for a name in use."""
    if _known.setdefault(lattice.name, lattice) != lattice:
        raise BandgError(f"there is another lattice {lattice.name!r} already: choose another name")
    return lattice


def lattice_named(name: str) -> Lattice:
    """The lattice of that name. Raises BandgError for one that is not registered."""
    if name not in _known:
        hint = nearest(name, _known) or f"; there are: {', '.join(_known)}"
        raise BandgError(f"there is no lattice {name!r}{hint}; bandg.crystal.lattice.register adds one")
    return _known[name]


def require_perovskite(lattice: Lattice, what: str) -> None:
    """Raise BandgError if the lattice is not the perovskite, for features of perovskites."""
    if lattice != PEROVSKITE:
        raise BandgError(f"{what} belongs to perovskites: the lattice is {lattice.name}")
