"""The tight-binding model of a parameter set, before it meets a geometry."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.crystal.lattice import Lattice
from bandg.hamiltonian.sites import LocalModel, Terms
from bandg.models.etb.orbitals import AtomSpace
from bandg.models.etb.slater_koster import hopping_block, split_integral
from bandg.parameters.sets import ParameterSet


def resolve_neighbors(parameters: ParameterSet, neighbors: int | None) -> int:
    """The neighbor shells in use: what the set has unless said otherwise.

    Raises BandgError if second neighbors are asked of a set that has none.
    """
    lattice = parameters.lattice
    second = any(lattice.shell(name).order == 2 for name in parameters.shells)
    if neighbors is None:
        return 2 if second else 1
    if neighbors not in (1, 2):
        raise BandgError(f"neighbors must be 1 or 2, not {neighbors}")
    if neighbors == 2 and not second:
        tables = " or ".join(f"[hopping.{shell.name}]" for shell in lattice.shells if shell.order == 2)
        raise BandgError(
            f"the set {parameters.name} has no second-neighbor hopping ({tables or 'nor has its lattice'}); "
            "use `neighbors=1` or a set that has it"
        )
    return neighbors


def shells_in_use(parameters: ParameterSet, neighbors: int | None) -> tuple[str, ...]:
    """The hopping shells that a set uses with so many shells of neighbors."""
    most = resolve_neighbors(parameters, neighbors)
    return tuple(name for name in parameters.shells if parameters.lattice.shell(name).order <= most)


def local_model(parameters: ParameterSet, neighbors: int | None = None) -> LocalModel:
    """Orbitals, onsite terms and hopping terms of a set; the numbers of the set are not used, only its structure."""
    return _local_model(
        parameters.lattice,
        tuple(parameters.orbitals.values()),
        parameters.paths,
        shells_in_use(parameters, neighbors),
    )


@lru_cache(maxsize=16)
def _local_model(
    lattice: Lattice, orbitals: tuple[tuple[str, ...], ...], paths: tuple[str, ...], shells: tuple[str, ...]
) -> LocalModel:
    kinds = lattice.kinds
    spaces = tuple(AtomSpace(shells_of) for shells_of in orbitals)
    onsite = tuple(onsite_terms(kind, space, paths) for kind, space in zip(kinds, spaces, strict=True))
    bond_kinds, vectors, terms = [], [], []
    for shell in shells:
        first, second = (kinds.index(kind) for kind in shell.split("-"))
        for vector in np.array(lattice.shell(shell).vectors):
            forward = _hopping(shell, vector, spaces[first], spaces[second], paths)
            bond_kinds.append((first, second))
            vectors.append(vector)
            terms.append(forward)
            if first != second:
                bond_kinds.append((second, first))
                vectors.append(-vector)
                terms.append(Terms(forward.parameters, np.swapaxes(forward.matrices.conj(), 1, 2)))
    return LocalModel(kinds, spaces, onsite, np.array(bond_kinds), np.array(vectors), tuple(terms), paths)


def onsite_terms(kind: str, space: AtomSpace, paths: tuple[str, ...]) -> Terms:
    """Onsite energies and spin-orbit coupling of one kind of atom."""
    numbers, matrices = [], []
    for number, path in enumerate(paths):
        table, _, rest = path.partition(".")
        species, _, shell = rest.partition(".")
        if species != kind:
            continue
        if table == "onsite":
            numbers.append(number)
            matrices.append(space.shell_projector(shell))
        elif table == "spin_orbit":
            numbers.append(number)
            matrices.append(space.spin_orbit(shell))
    return Terms(np.array(numbers), np.array(matrices))


def hopping_blocks(
    shell: str, directions: NDArray[np.float64], first: AtomSpace, second: AtomSpace, paths: tuple[str, ...]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Parameters (m,) of a shell and their hopping blocks (n, m, orbitals, orbitals) without spin.

    directions: (n, 3) unit vectors from the first atom to the second. In a shell of equal atoms an integral of two
    shells acts both ways.
    """
    equal = len(set(shell.split("-"))) == 1
    prefix = f"hopping.{shell}."
    numbers = [number for number, path in enumerate(paths) if path.startswith(prefix)]
    blocks = np.zeros((len(directions), len(numbers), len(first.labels), len(second.labels)))
    for place, number in enumerate(numbers):
        one, other, projection = split_integral(paths[number].removeprefix(prefix))
        block = hopping_block(one, other, projection, directions)
        blocks[:, place, first.shell_slice(one), second.shell_slice(other)] = block
        if equal and one != other:
            block = hopping_block(other, one, projection, directions)
            blocks[:, place, first.shell_slice(other), second.shell_slice(one)] = block
    return np.array(numbers, dtype=int), blocks


def _hopping(
    shell: str, vector: NDArray[np.int64], first: AtomSpace, second: AtomSpace, paths: tuple[str, ...]
) -> Terms:
    """Hopping terms along one vector."""
    numbers, blocks = hopping_blocks(shell, (vector / np.linalg.norm(vector))[None], first, second, paths)
    return Terms(numbers, np.kron(blocks[0], np.eye(2)[None]).astype(complex))
