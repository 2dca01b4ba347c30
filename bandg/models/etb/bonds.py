"""Tight binding of atoms anywhere: kinds of atoms, types of bonds in any direction, hopping that goes with distance.

A bond of length d carries each integral times (d0 / d)^n, d0 the length in the ideal crystal of the set and n the
integral's exponent [harrison1980]; so H stays linear in the parameters. With a second halide the parameter vector is
that of both sets, one after the other; its own share decides what an atom or a bond takes from each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from bandg.crystal.lattice import Lattice
from bandg.crystal.sites import Structure
from bandg.hamiltonian.sites import Bonds, LocalModel, SiteSystem, Terms
from bandg.models.etb.local import hopping_blocks, onsite_terms
from bandg.models.etb.orbitals import AtomSpace

_VECTOR_DIGITS = 11
"""Bond vectors that agree to this many digits of a nm are one type."""

_SAME_LENGTH = 1e-9


@dataclass(frozen=True)
class SetSpec:
    """Data of one parameter set, besides its values, on which the matrices depend.

    exponents: n of each path, 0 for a parameter that is not a hopping.
    """

    orbitals: tuple[tuple[str, ...], ...]
    paths: tuple[str, ...]
    shells: tuple[str, ...]
    a_nm: float
    exponents: tuple[float, ...]


@dataclass(frozen=True)
class ModelSpec:
    """Lattice and set data of a material, besides the values, on which the matrices depend; hashable."""

    lattice: Lattice
    sets: tuple[SetSpec, ...]

    @property
    def shells(self) -> tuple[str, ...]:
        """Hopping shells, the same in every set."""
        return self.sets[0].shells

    @property
    def paths(self) -> tuple[str, ...]:
        """Names of all parameters; those of the second halide's set begin with "second."."""
        return self.sets[0].paths + tuple(f"second.{path}" for one in self.sets[1:] for path in one.paths)

    def start(self, number: int) -> int:
        """Position of the first parameter of a set in the common vector."""
        return sum(len(one.paths) for one in self.sets[:number])


class BondTerms(Sequence[Terms]):
    """Hopping terms of many types, made when asked for; the second half are the adjoints of the first.

    parts: for each table of types (first type, parameters, blocks (n, m, a, b) without spin).
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._parts: list[list[tuple[NDArray[np.int64], NDArray[np.float64]]]] = [[] for _ in range(count)]

    def put(self, types: NDArray[np.int64], parameters: NDArray[np.int64], blocks: NDArray[np.float64]) -> None:
        """Add to types (n,) the terms of the given parameters (m,), blocks (n, m, a, b)."""
        for number, block in zip(types.tolist(), blocks, strict=True):
            self._parts[number].append((parameters, block))

    def __len__(self) -> int:
        return 2 * self._count

    @overload
    def __getitem__(self, number: int) -> Terms: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Terms]: ...
    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self[n] for n in range(*number.indices(len(self)))]
        if not 0 <= number < len(self):
            raise IndexError(number)
        parts = self._parts[number % self._count]
        parameters = np.concatenate([numbers for numbers, _ in parts])
        orbital = np.concatenate([block for _, block in parts])
        if number >= self._count:
            orbital = orbital.transpose(0, 2, 1)
        n, a, b = orbital.shape
        matrices = np.zeros((n, a, 2, b, 2))
        matrices[:, :, 0, :, 0] = matrices[:, :, 1, :, 1] = orbital
        return Terms(parameters, matrices.reshape(n, 2 * a, 2 * b))


def site_system(structure: Structure, spec: ModelSpec) -> SiteSystem:
    """The sites of a structure with the tight-binding model that fits them."""
    coordinates, ticks_nm = structure.ticks
    positions = np.sign(coordinates) * ticks_nm[np.abs(coordinates)]
    table = np.stack([structure.kind, structure.mixing, structure.amplitude], axis=1)
    kinds, kind = np.unique(table.round(12), axis=0, return_inverse=True)
    kind = kind.ravel()
    spaces = tuple(AtomSpace(shells) for shells in spec.sets[0].orbitals)
    of_kind = kinds[:, 0].astype(int)
    onsite = tuple(onsite_of(spec, int(number), float(mix), spaces) for number, mix, _ in kinds)
    first, second, types, vectors, terms, ends = _bonds(structure, spec, positions, kind, kinds)
    order = np.argsort(types, kind="stable")
    model = LocalModel(
        tuple(spec.lattice.kinds[number] for number in of_kind),
        tuple(spaces[number] for number in of_kind),
        onsite,
        ends,
        vectors,
        terms,
        spec.paths,
    )
    return SiteSystem(model, coordinates, kind, 1.0, ticks_nm, Bonds(first[order], second[order], types[order]))


def onsite_of(spec: ModelSpec, kind: int, mix: float, spaces: tuple[AtomSpace, ...]) -> Terms:
    """Onsite terms of an atom of a kind of the lattice with a share `mix` of the second halide."""
    parts = []
    for number, one in enumerate(spec.sets):
        weight = mix if number else 1 - mix if len(spec.sets) > 1 else 1.0
        if weight:
            terms = onsite_terms(spec.lattice.kinds[kind], spaces[kind], one.paths)
            parts.append((terms.parameters + spec.start(number), weight * terms.matrices))
    return Terms(np.concatenate([numbers for numbers, _ in parts]), np.concatenate([part for _, part in parts]))


def _bonds(
    structure: Structure,
    spec: ModelSpec,
    positions: NDArray[np.float64],
    kind: NDArray[np.int64],
    kinds: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], BondTerms, NDArray[np.int64]]:
    """Directed bonds (first, second, type), and of each type the vector in nm, the terms and the kinds of its ends."""
    pairs = np.concatenate([structure.pairs[shell] for shell in spec.shells])
    shell = np.repeat(np.arange(len(spec.shells)), [len(structure.pairs[name]) for name in spec.shells])
    which, vector, terms, ends = bond_types(
        spec, shell, positions[pairs[:, 1]] - positions[pairs[:, 0]], kind[pairs], kinds
    )
    return (
        pairs.T.ravel(),
        pairs[:, ::-1].T.ravel(),
        np.concatenate([which, which + len(vector)]),
        np.concatenate([vector, -vector]),
        terms,
        np.concatenate([ends, ends[:, ::-1]]),
    )


def bond_types(
    spec: ModelSpec,
    shell: NDArray[np.int64],
    vectors: NDArray[np.float64],
    ends: NDArray[np.int64],
    kinds: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.float64], BondTerms, NDArray[np.int64]]:
    """The type of each bond (m,), and of each type the vector in nm, the terms and the kinds of its ends.

    shell: (m,) number in `spec.shells`. vectors: (m, 3) in nm. ends: (m, 2) rows of `kinds`.
    kinds: (n, 3) for each kind of atom its number in the lattice, share of the second halide, factor of its hoppings.
    """
    rows = np.column_stack([shell, ends, vectors.round(_VECTOR_DIGITS) + 0.0])
    unique, which = np.unique(rows, axis=0, return_inverse=True)
    ends, vector = unique[:, 1:3].astype(np.int64), unique[:, 3:]
    terms = BondTerms(len(unique))
    for number, name in enumerate(spec.shells):
        types = np.flatnonzero(unique[:, 0] == number)
        mix = kinds[ends[types], 1]
        # X decides between Pb and X; between equal atoms both do
        share = mix.mean(axis=1) if spec.lattice.shell(name).is_equal else mix[:, 1]
        factor = kinds[ends[types], 2].prod(axis=1)
        for n in range(len(spec.sets)):
            weight = (share if n else 1 - share) if len(spec.sets) > 1 else np.ones(len(types))
            used = np.flatnonzero(weight)
            if len(used):
                numbers, blocks = _scaled(spec, n, name, vector[types[used]])
                terms.put(types[used], numbers + spec.start(n), blocks * (weight * factor)[used, None, None, None])
    return which.ravel(), vector, terms, ends


def _scaled(
    spec: ModelSpec, number: int, shell: str, vectors: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Parameters (m,) of a set's shell and blocks (n, m, a, b) for vectors in nm, with the factor of the distance."""
    one, lattice = spec.sets[number], spec.lattice
    length = np.linalg.norm(vectors, axis=1)
    first, second = (AtomSpace(one.orbitals[lattice.kinds.index(kind)]) for kind in shell.split("-"))
    numbers, blocks = hopping_blocks(shell, vectors / length[:, None], first, second, one.paths)
    ratio = lattice.shell(shell).length * one.a_nm / length
    ratio = np.where(np.abs(ratio - 1) < _SAME_LENGTH, 1.0, ratio)
    exponents = np.array(one.exponents)[numbers]
    return numbers, blocks * (ratio[:, None] ** exponents)[:, :, None, None]
