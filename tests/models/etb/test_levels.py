"""Lists of levels against the whole Hamiltonian: energies, degeneracies, irreps by their characters, counts."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import parity
import pytest
from numpy.typing import NDArray
from scipy import sparse
from textbook import cube_sites, matrix, orbitals

from bandg.crystal.shapes import Nanocrystal, cube
from bandg.hamiltonian.groups import PointGroup
from bandg.hamiltonian.orbits import find_point_group
from bandg.hamiltonian.sites import SiteSystem
from bandg.models.etb.local import local_model
from bandg.models.etb.nanocrystal import ReducedNanocrystal, compute_levels
from bandg.models.levels import LevelState
from bandg.parameters.loader import available_sets, load_set
from bandg.solvers.spectrum import Spectrum

STANDIN, KASHIKAR = "nestoklon2023-standin", "kashikar2021"
SAME_EV = 1e-7


# --- irreps by characters --------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def whole(name: str, crystal: Nanocrystal) -> tuple[SiteSystem, NDArray[np.float64], NDArray[np.complex128]]:
    """All energies and states without symmetry."""
    parameters = load_set(name)
    system = SiteSystem(local_model(parameters), *crystal.sites(), parameters.a_nm / 2)
    return system, *parity.eigh(system, [parameters.orbitals[species] for species in ("Pb", "X")], parameters.vector)


def local_rotation(shells: tuple[str, ...], rotation: NDArray[np.int64]) -> NDArray[np.float64]:
    """Real orbitals turned: s as a number, p as a vector, d as the quadratic form that it is."""
    blocks = []
    forms = [((0, 1), (1, 0)), ((1, 2), (2, 1)), ((2, 0), (0, 2))]
    d = [sum(np.outer(np.eye(3)[i], np.eye(3)[j]) for i, j in pair) / np.sqrt(2) for pair in forms]
    d += [np.diag([1, -1, 0]) / np.sqrt(2), np.diag([-1, -1, 2]) / np.sqrt(6)]
    for shell in shells:
        if shell == "p":
            blocks.append(rotation)
        elif shell == "d":
            blocks.append(np.array([[np.sum(a * (rotation @ b @ rotation.T)) for b in d] for a in d]))
        else:
            blocks.append(np.eye(1))
    return sparse.block_diag(blocks).toarray()


def expectations(
    system: SiteSystem, shells: list[tuple[str, ...]], group: PointGroup, states: NDArray[np.complex128]
) -> NDArray[np.complex128]:
    """Expectation value of every operation in each of the states (n_orbitals, n), shape (order, n)."""
    place = {tuple(c): k for k, c in enumerate(system.coordinates.tolist())}
    result = np.zeros((group.order, states.shape[1]), dtype=complex)
    for g, (rotation, spinor) in enumerate(zip(group.rotations, group.spinors, strict=True)):
        local = [np.kron(local_rotation(names, rotation), spinor) for names in shells]
        image = [place[tuple(c)] for c in (system.coordinates @ rotation.T).tolist()]
        for site, end in enumerate(image):
            source = states[system.offsets[site] : system.offsets[site + 1]]
            target = states[system.offsets[end] : system.offsets[end + 1]]
            result[g] += np.sum(target.conj() * (local[system.kind[site]] @ source), axis=0)
    return result


def content(group: PointGroup, trace: NDArray[np.complex128]) -> dict[str, int]:
    """How often each irrep occurs, by the orthogonality of characters."""
    found = {}
    for irrep in group.irreps:
        times = np.vdot(np.trace(irrep.matrices, axis1=1, axis2=2), trace) / group.order
        assert times == pytest.approx(round(times.real), abs=1e-6)
        if round(times.real):
            found[irrep.label] = round(times.real)
    return found


CRYSTALS = [
    (STANDIN, 2, "halide"),
    (KASHIKAR, 3, "halide"),
    (KASHIKAR, 3, "lead"),
    pytest.param(STANDIN, 3, "lead", marks=pytest.mark.slow),
    pytest.param(KASHIKAR, 4, "lead", marks=pytest.mark.slow),
    pytest.param(STANDIN, 3, "halide", marks=pytest.mark.slow),
    pytest.param(STANDIN, 4, "lead", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("name", "cells", "termination"), CRYSTALS)
def test_levels_have_energies_degeneracies_and_irreps_of_the_whole_matrix(
    name: str, cells: int, termination: str
) -> None:
    """Twelve of each carrier, the nearest to the gap first."""
    parameters = load_set(name)
    crystal = cube(cells, parameters.a_nm, termination)
    levels = compute_levels(parameters, crystal, levels=12)
    system, energies, states = whole(name, crystal)
    group = find_point_group(system)
    shells = [parameters.orbitals["Pb"], parameters.orbitals["X"]]
    middle = (levels.bulk_E_v_eV + levels.bulk_E_c_eV) / 2
    for sign, found in ((1, levels.electron_levels), (-1, levels.hole_levels)):
        inside = np.flatnonzero(sign * (energies - middle) > 0)[::sign]
        total = sum(level.degeneracy for level in found)
        values = expectations(system, shells, group, states[:, inside[:total]])
        position = 0
        for cluster in clusters(found):
            n = sum(level.degeneracy for level in cluster)
            chosen = inside[position : position + n]
            np.testing.assert_allclose(energies[chosen], cluster[0].energy_eV, atol=1e-9)
            trace = values[:, position : position + n].sum(axis=1)
            position += n
            last = cluster[-1] is found[-1]
            if last and abs(energies[inside[position]] - cluster[0].energy_eV) < SAME_EV:
                continue  # the list ends inside a degenerate cluster
            ours = {level.irrep: sum(other.irrep == level.irrep for other in cluster) for level in cluster}
            assert content(group, trace) == ours


def clusters(levels: tuple[LevelState, ...]) -> list[list[LevelState]]:
    """Levels that coincide, together."""
    found: list[list[LevelState]] = []
    for level in levels:
        if found and abs(level.energy_eV - found[-1][-1].energy_eV) < SAME_EV:
            found[-1].append(level)
        else:
            found.append([level])
    return found


@pytest.mark.parametrize("solver", ["superlu", "dense"])
@pytest.mark.parametrize(
    ("name", "cells", "termination", "count"),
    [
        (STANDIN, 2, "halide", 60),
        (KASHIKAR, 2, "halide", 12),
        (KASHIKAR, 3, "lead", 40),
        pytest.param(KASHIKAR, 4, "lead", 60, marks=pytest.mark.slow),
    ],
)
def test_levels_reach_into_the_flat_halide_bands(
    name: str, cells: int, termination: str, count: int, solver: str
) -> None:
    """Where dozens of levels of one block coincide no copy is lost, by the sparse solver either."""
    parameters = load_set(name)
    crystal = cube(cells, parameters.a_nm, termination)
    levels = compute_levels(parameters, crystal, levels=count, solver=solver)
    found = levels.hole_levels
    middle = (levels.bulk_E_v_eV + levels.bulk_E_c_eV) / 2
    energies = whole(name, crystal)[1]
    expected = energies[energies < middle][::-1]
    ours = np.repeat([level.energy_eV for level in found], [level.degeneracy for level in found])
    assert len(found) == count
    np.testing.assert_allclose(ours, expected[: len(ours)], atol=1e-9)
    assert np.sum(np.abs(np.diff(ours)) < SAME_EV) > len(ours) / 2


@pytest.mark.parametrize("termination", ["halide", "lead"])
@pytest.mark.parametrize(("name", "cells"), [(KASHIKAR, 3), (STANDIN, 2)])
def test_surface_weight_and_character_are_those_of_the_whole_state(name: str, cells: int, termination: str) -> None:
    """Surface: Pb with fewer than six X, X with fewer than two Pb. A quartet and a doublet of each carrier."""
    parameters = load_set(name)
    crystal = cube(cells, parameters.a_nm, termination)
    levels = compute_levels(parameters, crystal, levels=12)
    system, energies, states = whole(name, crystal)
    species = cube_sites(cells, termination)
    axes = [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)]
    owner = np.repeat(np.arange(system.n_sites), system.dimensions[system.kind])
    places = [tuple(c) for c in system.coordinates.tolist()]
    near = [sum(tuple(np.add(place, axis).tolist()) in species for axis in axes) for place in places]
    surface = np.array(
        [count < (6 if species[place] == "Pb" else 2) for place, count in zip(places, near, strict=True)]
    )
    shell = np.array(
        [
            f"{species[place]} {shell}"
            for place in places
            for shell in parameters.orbitals[species[place]]
            for _ in range({"s": 2, "p": 6, "d": 10, "s*": 2}[shell])
        ]
    )
    checked = set()
    for level in levels.electron_levels + levels.hole_levels:
        chosen = np.abs(energies - level.energy_eV) < SAME_EV
        if np.sum(chosen) != level.degeneracy:
            continue  # coincides with another
        checked.add(level.degeneracy)
        density = np.sum(np.abs(states[:, chosen]) ** 2, axis=1) / level.degeneracy
        assert level.surface_weight == pytest.approx(density[surface[owner]].sum(), abs=1e-8)
        assert level.character == pytest.approx({key: density[shell == key].sum() for key in level.character}, abs=1e-8)
        assert sum(level.character.values()) == pytest.approx(1)
    assert checked == {2, 4}


# --- counts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cells", "termination"), [(4, "halide"), (5, "halide"), (4, "lead"), (6, "lead")])
def test_the_gap_lies_above_the_filled_shells(cells: int, termination: str) -> None:
    """Inertia of the six blocks, with multiplicities: Pb s, X s and X p are below mid-gap, with spin, and no more."""
    parameters = load_set(STANDIN)
    reduced = ReducedNanocrystal(cube(cells, parameters.a_nm, termination), local_model(parameters))
    below = 0
    for irrep in reduced.orbits.group.irreps:
        block = reduced.block(irrep.label)[1].at(parameters.vector)
        below += irrep.multiplicity * Spectrum(block, "superlu").count_below(0.8)
    n_pb, n_x = np.bincount(reduced.system.kind)
    assert below == 2 * (n_pb + 4 * n_x)


def test_inertia_of_a_block_is_exact_at_any_energy() -> None:
    parameters = load_set(STANDIN)
    reduced = ReducedNanocrystal(cube(5, parameters.a_nm), local_model(parameters))
    block = reduced.block("8-")[1].at(parameters.vector)
    spectrum, exact = Spectrum(block, "superlu"), np.linalg.eigvalsh(block.toarray())
    for energy in (-13.0, -4.1, -2.05, -1.0, 0.7, 2.2, 10.9, 21.0):
        assert spectrum.count_below(energy) == np.sum(exact < energy)


# --- one matrix for all parameters -----------------------------------------------------------------------------------


@pytest.mark.parametrize("termination", ["halide", "lead"])
@pytest.mark.parametrize("name", available_sets())
def test_data_are_coefficients_times_parameters(name: str, termination: str) -> None:
    """T p is the Hamiltonian of the closed Slater-Koster table, for the set's numbers and for random ones."""
    parameters = load_set(name)
    system = SiteSystem(local_model(parameters), *cube(2, parameters.a_nm, termination).sites(), parameters.a_nm / 2)
    linear = system.hamiltonian()
    species = cube_sites(2, termination)
    sites = [(tuple(c), species[tuple(c)]) for c in system.coordinates.tolist()]
    assert len(sites) == len(species)
    for vector in (parameters.vector, np.random.default_rng(0).normal(size=len(parameters.paths))):
        values = dict(zip(parameters.paths, vector.tolist(), strict=True))
        expected = matrix(values.__getitem__, orbitals(name), parameters.shells, sites)
        assert abs(linear.at(vector) - expected).max() < 1e-12


FROZEN = {  # cells, termination: of each block the size, stored elements, and those that this set does not make zero
    (8, "halide"): {"7+": (1868, 16672, 11630), "7-": (1868, 16500, 11498)},
    (9, "lead"): {"6+": (2238, 20816, 14424), "6-": (2237, 21233, 14755)},
}


@pytest.mark.parametrize(("cells", "termination"), FROZEN)
def test_sizes_and_nonzeros_are_frozen(cells: int, termination: str) -> None:
    parameters = load_set(STANDIN)
    reduced = ReducedNanocrystal(cube(cells, parameters.a_nm, termination), local_model(parameters))
    for label, (size, stored, nonzero) in FROZEN[cells, termination].items():
        linear = reduced.block(label)[1]
        block = linear.at(parameters.vector)
        block.eliminate_zeros()
        assert linear.shape == (size, size)
        # where an orbit has two equal functions, LAPACK chooses their mixture: hence a few per cent
        assert (linear.nnz, block.nnz) == pytest.approx((stored, nonzero), rel=0.05)


@pytest.mark.parametrize(("cells", "termination"), [(8, "halide"), (10, "halide"), (10, "lead")])
def test_one_factorization_and_one_krylov_space_for_each_edge(cells: int, termination: str) -> None:
    """One count, whose factorization also serves the solve; fewer than 20 vectors suffice for a few levels."""
    parameters = load_set(STANDIN)
    levels = compute_levels(parameters, cube(cells, parameters.a_nm, termination), solver="superlu")
    assert levels.factorizations == 2 and levels.solves <= 36
    assert levels.solver == "superlu" and not levels.warnings
    assert levels.residual_eV < 1e-8


@pytest.mark.slow
def test_largest_cube_is_sparse() -> None:
    """N = 25, 15.7 nm: an independent basis had 4.0e5 nonzeros in a block of 53676, this one has fewer."""
    parameters = load_set(STANDIN)
    reduced = ReducedNanocrystal(cube(25, parameters.a_nm), local_model(parameters))
    linear = reduced.block("6+")[1]
    block = linear.at(parameters.vector)
    block.eliminate_zeros()
    assert linear.shape[0] == 53676
    assert block.nnz == 381_482
