"""Nanocrystals of lower symmetry: the group that is left is found, nothing is lost, and g is a tensor."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import textbook
from numpy.typing import NDArray
from scipy import constants

from bandg.base.errors import BandgError
from bandg.crystal.atoms import Atoms
from bandg.crystal.distortion import distorted
from bandg.crystal.from_atoms import explicit
from bandg.crystal.shapes import Nanocrystal, cube, cuboid, octahedron, sphere, truncated_cube
from bandg.crystal.structure import structure_of
from bandg.hamiltonian.blocks import AdaptedBasis
from bandg.hamiltonian.groups import PAULI, cubic_rotations
from bandg.models.etb.derivatives import derivatives
from bandg.models.etb.identify import full_trial
from bandg.models.etb.material import Material
from bandg.models.etb.nanocrystal import ReducedNanocrystal, band_edges, compute_levels, reduced_nanocrystal
from bandg.models.levels import Levels, LevelState
from bandg.parameters.loader import load_set

SET = load_set("kashikar2021")
BROMIDE = load_set("kashikar2021-cspbbr3")
A = SET.a_nm
ALLOY = Material(SET, BROMIDE, -0.3)
MU_B = constants.physical_constants["Bohr magneton in eV/T"][0]
G0 = -constants.physical_constants["electron g factor"][0]
E_OVER_HBAR = constants.e / constants.hbar * 1e-18  # 1 / (T nm^2)


def atoms_of(nanocrystal: Nanocrystal) -> Atoms:
    structure = structure_of(nanocrystal)
    return Atoms(structure.positions_nm, np.array(["Pb", "I", "Br"])[structure.species])


def without_top_face(nanocrystal: Nanocrystal) -> Nanocrystal:
    """The same with its uppermost layer of X removed, as an explicit structure somewhere in space."""
    atoms = atoms_of(nanocrystal)
    kept = atoms.positions_nm[:, 2] < atoms.positions_nm[:, 2].max() - 0.01
    return explicit(Atoms(atoms.positions_nm[kept] + [1.7, -0.3, 5.0], atoms.species[kept]), A)


def tilted(cells: int, symbol: str, angles: str) -> Nanocrystal:
    return distorted(cube(cells, A, "lead"), tilt=symbol, angles=angles)


STRUCTURES = {
    "Oh": lambda: distorted(cube(2, A), occupancy=0.4),
    "D4h": lambda: cuboid((2, 2, 3), A, "lead"),
    "D4h strained": lambda: distorted(cube(2, A), strain="zz=0.02,xx=-0.01,yy=-0.01"),
    "D2h": lambda: cuboid((1, 2, 3), A),
    "D3d": lambda: distorted(cube(2, A), strain="111=0.03"),
    "C4v": lambda: without_top_face(cube(2, A)),
    "C2v": lambda: without_top_face(cuboid((1, 2, 2), A)),
    "Th a+a+a+": lambda: distorted(cube(2, A), tilt="a+a+a+", angles="6"),
    "D2h a0a0c+": lambda: tilted(2, "a0a0c+", "9"),
    "C4h a0a0c+": lambda: tilted(3, "a0a0c+", "9"),
    "D2d a0a0c-": lambda: tilted(2, "a0a0c-", "9"),
    "D3 a-a-a-": lambda: tilted(2, "a-a-a-", "6"),
    "S6 a-a-a-": lambda: tilted(3, "a-a-a-", "6"),
    "Cs gamma": lambda: tilted(2, "a-b+a-", "7,10"),
    "Ci gamma": lambda: tilted(3, "a-b+a-", "7,10"),
    "C1 alloy": lambda: distorted(cube(2, ALLOY.lattice_nm(0.4)), fraction=0.4, seed=5),
    "C1 vacancies": lambda: distorted(cube(2, A), x_vacancies=0.3, pb_vacancies=0.2, seed=2),
}


def material(nanocrystal: Nanocrystal) -> Material:
    return ALLOY if nanocrystal.fraction else Material(SET)


@cache
def reduced(name: str) -> ReducedNanocrystal:
    nanocrystal = STRUCTURES[name]()
    return ReducedNanocrystal(nanocrystal, material(nanocrystal).spec(2))


def spectra(found: ReducedNanocrystal) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Levels of all blocks, each as often as its representation has rows, and those of the whole matrix."""
    vector = material(found.nanocrystal).vector(2)
    levels = []
    for irrep in found.orbits.group.irreps:
        block = found.block(irrep.label)[1].at(vector).toarray()
        np.testing.assert_allclose(block, block.conj().T, atol=1e-12)
        levels.append(np.repeat(np.linalg.eigvalsh(block), irrep.dimension))
    full = np.linalg.eigvalsh(found.system.hamiltonian().at(vector).toarray())
    return np.sort(np.concatenate(levels)), full


@pytest.mark.parametrize("name", STRUCTURES)
def test_the_group_is_found_and_the_reduced_spectrum_is_the_full_one(name: str) -> None:
    found = reduced(name)
    assert found.orbits.group.name == name.split()[0]
    blocks, full = spectra(found)
    assert len(blocks) == len(full)
    np.testing.assert_allclose(blocks, full, atol=1e-10)


@pytest.mark.parametrize("name", [name for name in STRUCTURES if not name.startswith("C1")])
def test_one_atom_displaced_by_a_picometer_loses_the_symmetry(name: str) -> None:
    atoms = atoms_of(reduced(name).nanocrystal)
    moved = atoms.positions_nm.copy()
    moved[0] += np.array([0.36, 0.48, 0.8]) * 1e-3
    broken = ReducedNanocrystal(explicit(Atoms(moved, atoms.species), A), Material(SET).spec(2))
    assert broken.orbits.group.order == 1
    moved[0] += (atoms.positions_nm[0] - moved[0]) * (1 - 1e-4)  # a hundredth of the tolerance
    kept = ReducedNanocrystal(explicit(Atoms(moved, atoms.species), A), Material(SET).spec(2))
    assert kept.orbits.group.name == reduced(name).orbits.group.name


def test_shapes_of_the_ideal_crystal() -> None:
    """Octahedra and truncated cubes are cubic; a cuboid of equal edges is the cube, to all digits of g."""
    same = [compute_levels(SET, crystal, levels=3) for crystal in (cube(3, A), cuboid((3, 3, 3), A))]
    for one, other in zip(same[0].electron_levels, same[1].electron_levels, strict=True):
        assert (one.irrep, one.degeneracy) == (other.irrep, other.degeneracy)
        assert one.energy_eV == pytest.approx(other.energy_eV, abs=1e-11)
    assert same[1].hole.g == pytest.approx(same[0].hole.g, abs=1e-9)
    for crystal in (octahedron(4 * A, A), truncated_cube(3, A), octahedron(5 * A, A, center="Cs")):
        levels = compute_levels(SET, crystal)
        assert levels.point_group == "Oh"
        for state in (levels.electron, levels.hole):
            np.testing.assert_allclose(state.g_tensor, state.g * np.eye(3), atol=1e-9)


def test_shapes_hold_the_atoms_they_should() -> None:
    def count(crystal: Nanocrystal) -> tuple[int, int]:
        kind = crystal.sites()[1]
        return int(np.sum(kind == 0)), int(np.sum(kind == 1))

    assert count(cuboid((2, 3, 4), A)) == (24, 72 + 6 + 12 + 8)
    assert count(cuboid((2, 3, 4), A, "lead")) == (24, 72 - 6 - 12 - 8)
    assert count(octahedron(4 * A, A))[0] == 25  # |x| + |y| + |z| <= 2: 1 + 6 + 18
    assert count(truncated_cube(3, A, truncation=0.5))[0] == 27 - 8  # without its corners
    assert count(truncated_cube(3, A, truncation=1))[0] == 19
    for crystal in (cuboid((2, 3, 4), A), cuboid((2, 3, 4), A, "lead")):
        assert count(crystal) == crystal.estimate_counts()


# --- the matrix ------------------------------------------------------------------------------------------------------


def oracle(nanocrystal: Nanocrystal) -> NDArray[np.complex128]:
    """H from the closed table of Slater and Koster and from distances alone, scaled with d^-2."""
    structure = structure_of(nanocrystal)
    names = ["Pb" if species == 0 else "X" for species in structure.species]
    shells = {"Pb": ("s", "p"), "X": ("p",)}
    ends = np.cumsum([0, *(textbook.dimension(shells[name]) for name in names)])
    result = np.zeros((ends[-1], ends[-1]), dtype=complex)
    for i, first in enumerate(names):
        block = slice(ends[i], ends[i + 1])
        result[block, block] = textbook.onsite(SET.value, shells, first)
        for j, second in enumerate(names):
            vector = structure.positions_nm[j] - structure.positions_nm[i]
            length = np.linalg.norm(vector)
            ideal = {"PbX": A / 2, "XPb": A / 2, "PbPb": A}.get(first + second, 0.0)
            if i != j and ideal and abs(length - ideal) < 0.2 * A:
                hop = textbook.bond(SET.value, shells, first, second, vector)
                result[block, ends[j] : ends[j + 1]] = hop * (ideal / length) ** 2
    return result


@pytest.mark.parametrize("name", ["D3d", "Cs gamma", "D4h strained"])
def test_hopping_in_any_direction_and_at_any_distance(name: str) -> None:
    nanocrystal = STRUCTURES[name]()
    found = ReducedNanocrystal(nanocrystal, Material(SET).spec(2)).system.hamiltonian().at(SET.vector).toarray()
    np.testing.assert_allclose(found, oracle(nanocrystal), atol=1e-9)


def test_a_tilt_makes_the_angle_it_says() -> None:
    """Pb-X-Pb is 180 - 2 phi with one axis, X stays between its Pb, and neighbors turn oppositely."""
    structure = structure_of(tilted(2, "a0a0c-", "9"))
    angles = []
    for halide in np.flatnonzero(structure.species):
        one, other = structure.pairs["Pb-X"][structure.pairs["Pb-X"][:, 1] == halide, 0]
        a, b = structure.positions_nm[[one, other]] - structure.positions_nm[halide]
        angles.append(np.degrees(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1))))
        assert np.linalg.norm(a) == pytest.approx(np.linalg.norm(b), abs=1e-12)
    assert sorted(np.round(angles, 9)) == pytest.approx([162] * 8 + [180] * 4)


def test_new_parameters_build_no_geometry_and_no_basis(monkeypatch: pytest.MonkeyPatch) -> None:
    nanocrystal = tilted(2, "a-b+a-", "7,10")
    built = []
    for owner, name in ((AdaptedBasis, "__init__"), (ReducedNanocrystal, "__init__"), (Nanocrystal, "sites")):
        original = getattr(owner, name)

        def counted(*arguments, _original=original, _name=name, **named):
            built.append(_name)
            return _original(*arguments, **named)

        monkeypatch.setattr(owner, name, counted)
    reduced_nanocrystal.cache_clear()
    one = compute_levels(SET, nanocrystal)
    first = len(built)
    other = compute_levels(SET.with_values({"onsite.Pb.p": 4.9, "hopping.Pb-X.p-p.pi": -0.5}), nanocrystal)
    assert len(built) == first > 0
    assert abs(one.electron.energy_eV - other.electron.energy_eV) > 0.01


@pytest.mark.parametrize("name", ["Cs gamma", "C1 alloy"])
def test_every_matrix_is_linear_in_the_parameters(name: str) -> None:
    found = reduced(name)
    size = len(found.system.model.paths)
    one, other = np.random.default_rng(1).normal(size=(2, size))
    for linear in (found.system.hamiltonian(), found.block(found.labels[0])[1]):
        combined = linear.at(2 * one - 3 * other) - (2 * linear.at(one) - 3 * linear.at(other))
        assert np.abs(combined.toarray()).max() < 1e-12


# --- g as a tensor ---------------------------------------------------------------------------------------------------


def doublet(found: ReducedNanocrystal, label: str, vector: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """The two states of a level in the full basis, turned next to Bloch function x envelope (n_orbitals, 2)."""
    states = found.basis(label).expand(vector)
    if states.shape[1] == 1:
        reversal = np.kron(np.eye(len(states) // 2), [[0, 1], [-1, 0]])
        states = np.hstack([states, reversal @ states.conj()])
    return states


def aligned(states: NDArray[np.complex128], trial: NDArray[np.complex128]) -> NDArray[np.complex128]:
    left, _, right = np.linalg.svd(states.conj().T @ trial)
    return states @ left @ right


def in_field(
    matrix: NDArray[np.complex128], positions: NDArray[np.float64], field: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """H with full Peierls phases, A = B x r / 2, and the spin's Zeeman energy; field in T."""
    first, second = np.nonzero(np.abs(matrix) > 1e-14)
    middle = (positions[first] + positions[second]) / 2  # exact along a straight bond: A is linear in r
    line = np.einsum("ni,ni->n", np.cross(field, middle) / 2, positions[first] - positions[second])
    result = np.zeros_like(matrix)
    result[first, second] = matrix[first, second] * np.exp(-1j * E_OVER_HBAR * line)
    spin = MU_B * G0 / 2 * np.tensordot(field, PAULI, axes=1)
    return result + np.kron(np.eye(len(matrix) // 2), spin)


def finite_field_column(
    matrix: NDArray[np.complex128], positions: NDArray[np.float64], pair: NDArray[np.complex128], axis: int
) -> NDArray[np.float64]:
    """g_ba for one field direction a: the splitting operator on the doublet as the field goes to zero."""
    energy = np.real(pair[:, 0].conj() @ matrix @ pair[:, 0])
    values = []
    fields = np.array([4.0, 8.0, 16.0])
    for tesla in fields:
        energies, states = np.linalg.eigh(in_field(matrix, positions, tesla * np.eye(3)[axis]))
        near = np.argsort(np.abs(energies - energy))[:2]
        left, _, right = np.linalg.svd(pair.conj().T @ states[:, near])
        effective = (left @ right) * energies[near] @ (left @ right).conj().T
        values.append(np.real(np.einsum("uv,bvu->b", effective, PAULI)) / (MU_B * tesla))
    return np.linalg.solve(np.stack([np.ones(3), fields**2, fields**4], axis=1), np.array(values))[0]


FIELDS = {
    "cuboid": (Material(SET), cuboid((1, 2, 3), A)),
    "tilted": (Material(SET), distorted(cube(2, A), tilt="a-b+a-", angles="7,10")),
    "alloy": (ALLOY, distorted(cube(2, ALLOY.lattice_nm(0.4)), fraction=0.4, seed=5)),
}


@pytest.mark.parametrize("name", FIELDS)
def test_g_tensor_is_that_of_exact_diagonalization_in_a_field(name: str) -> None:
    """All nine elements, with their signs, in three field directions, for both carriers."""
    mixture, nanocrystal = FIELDS[name]
    levels = compute_levels(mixture, nanocrystal, solver="dense")
    edges = band_edges(mixture, nanocrystal, solver="dense")
    found = edges[0].reduced
    bulk = mixture.bulk(2, nanocrystal.fraction)
    matrix = found.system.hamiltonian().at(mixture.vector(2)).toarray()
    positions = np.repeat(found.system.positions, found.system.dimensions[found.system.kind], axis=0)
    for state, edge, band in zip((levels.electron, levels.hole), edges, (bulk.conduction, bulk.valence), strict=True):
        pair = aligned(doublet(found, edge.label, edge.vector), full_trial(found, bulk, band))
        exact = np.array([finite_field_column(matrix, positions, pair, axis) for axis in range(3)]).T
        np.testing.assert_allclose(state.g_tensor, exact, atol=2e-6)
        assert np.ptp(state.g_principal) > 1e-3


def test_principal_values_and_axes_are_those_of_the_tensor() -> None:
    state = compute_levels(SET, FIELDS["tilted"][1]).electron
    tensor, axes = np.array(state.g_tensor), np.array(state.g_axes)
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    square = tensor.T @ tensor
    np.testing.assert_allclose(axes @ square @ axes.T, np.diag(np.square(state.g_principal)), atol=1e-8)
    assert np.sign(np.prod(state.g_principal)) == np.sign(np.linalg.det(tensor))
    assert state.g == pytest.approx(np.trace(tensor) / 3, abs=1e-12)
    for number in range(3):
        assert np.argmax(np.abs(axes[:, number])) == number


def edge_tensors(nanocrystal: Nanocrystal, mixture: Material) -> list[NDArray[np.float64]]:
    levels = compute_levels(mixture, nanocrystal)
    return [np.array(state.g_tensor) for state in (levels.electron, levels.hole)]


@pytest.mark.parametrize("number", [9, 20, 35])
def test_g_turns_as_a_tensor_with_the_lattice(number: int) -> None:
    """For an alloy without symmetry that is tilted too, by a proper and improper operations: g' = R g R^T, R axial."""
    rotation = cubic_rotations()[number]
    structure = structure_of(distorted(cube(2, A), tilt="a-b+a-", angles="7,10", fraction=0.4, seed=5))
    species = np.array(["Pb", "I", "Br"])[structure.species]
    axial = rotation * round(np.linalg.det(rotation))
    before, after = (
        edge_tensors(explicit(Atoms(structure.positions_nm @ turn.T, species), A, second="Br"), ALLOY)
        for turn in (np.eye(3), rotation)
    )
    for one, other in zip(before, after, strict=True):
        np.testing.assert_allclose(other, axial @ one @ axial.T, atol=1e-8)


def test_a_cube_from_its_atoms_has_an_isotropic_g() -> None:
    """The general path on O_h: to 1e-9 isotropic and equal to the one that knows the irrep."""
    levels = [compute_levels(SET, crystal) for crystal in (cube(3, A), explicit(atoms_of(cube(3, A)), A))]
    for carrier in ("electron", "hole"):
        known, found = (getattr(one, carrier) for one in levels)
        np.testing.assert_allclose(found.g_tensor, known.g * np.eye(3), atol=1e-9)
        np.testing.assert_allclose(found.g_principal, [known.g] * 3, atol=1e-9)
        assert found.surface_weight == pytest.approx(known.surface_weight, abs=1e-9)


@pytest.mark.parametrize("name", ["D4h", "D2h", "D3 a-a-a-", "D2d a0a0c-", "Th a+a+a+"])
def test_derivatives_belong_to_the_same_g(name: str) -> None:
    """g of the adjoint method is Tr(g) / 3 of the tensor, and its slopes are central differences."""
    nanocrystal, path = reduced(name).nanocrystal, "hopping.Pb-X.s-p"
    found = derivatives(SET, nanocrystal)
    value, step = SET.value(path), 3e-5
    levels = [compute_levels(SET.with_values({path: value + shift}), nanocrystal) for shift in (0, step, -step)]
    for letter, carrier in (("e", "electron"), ("h", "hole")):
        g = [getattr(one, carrier).g for one in levels]
        assert found.values[f"g_{letter}"] == pytest.approx(g[0], abs=1e-10)
        slope = found.slopes[f"g_{letter}"][found.paths.index(path)]
        assert slope == pytest.approx((g[1] - g[2]) / 2 / step, abs=1e-5)


def test_derivatives_are_refused_where_a_doublet_is_no_pair_of_rows() -> None:
    with pytest.raises(BandgError, match="symmetry Cs"):
        derivatives(SET, reduced("Cs gamma").nanocrystal)


def states_by_energy(states: tuple[LevelState, ...]) -> NDArray[np.float64]:
    return np.repeat([state.energy_eV for state in states], [state.degeneracy for state in states])


@pytest.mark.parametrize("name", ["D4h", "D2h", "C4v", "Th a+a+a+", "S6 a-a-a-", "Cs gamma", "Ci gamma", "C1 alloy"])
def test_levels_of_all_representations_are_those_of_the_whole_matrix(name: str) -> None:
    """Quartets split: every level is listed once, with its degeneracy, whatever the indicator."""
    nanocrystal = reduced(name).nanocrystal
    mixture = material(nanocrystal)
    levels = compute_levels(mixture, nanocrystal, levels=10, solver="superlu")
    full = np.linalg.eigvalsh(reduced(name).system.hamiltonian().at(mixture.vector(2)).toarray())
    middle = (levels.bulk_E_v_eV + levels.bulk_E_c_eV) / 2
    for found, expected in (
        (levels.electron_levels, full[full > middle]),
        (levels.hole_levels, full[full < middle][::-1]),
    ):
        ours = states_by_energy(found)
        np.testing.assert_allclose(ours, expected[: len(ours)], atol=1e-9)
        assert len(found) == 10


# --- averages over the surface ---------------------------------------------------------------------------------------


def test_occupancy_interpolates_between_the_terminations() -> None:
    halide, lead = (compute_levels(SET, cube(3, A, end)) for end in ("halide", "lead"))
    full, half, empty = (compute_levels(SET, distorted(cube(3, A), occupancy=f)) for f in (1.0, 0.5, 0.0))
    for carrier in ("electron", "hole"):
        for known, found in ((halide, full), (lead, empty)):
            assert getattr(found, carrier).energy_eV == pytest.approx(getattr(known, carrier).energy_eV, abs=1e-12)
            assert getattr(found, carrier).g == pytest.approx(getattr(known, carrier).g, abs=1e-9)
        energies = [getattr(one, carrier).energy_eV for one in (lead, half, halide)]
        assert energies == sorted(energies, reverse=energies[0] > energies[2])


def test_an_alloy_of_a_set_with_itself_is_that_set() -> None:
    same = Material(SET, SET, 0.0)
    mixed = distorted(cube(2, A), fraction=0.4, seed=5)
    one, other = compute_levels(SET, cube(2, A)), compute_levels(same, mixed)
    assert other.point_group == "C1"
    for carrier in ("electron", "hole"):
        assert getattr(other, carrier).energy_eV == pytest.approx(getattr(one, carrier).energy_eV, abs=1e-10)
        np.testing.assert_allclose(getattr(other, carrier).g_tensor, getattr(one, carrier).g * np.eye(3), atol=1e-8)


def test_a_whole_share_of_the_second_halide_is_the_second_set() -> None:
    """At its own lattice constant, energies moved by the offset of the zeros."""
    whole = compute_levels(ALLOY, distorted(cube(3, BROMIDE.a_nm), fraction=1.0))
    pure = compute_levels(BROMIDE, cube(3, BROMIDE.a_nm))
    assert whole.electron.g == pytest.approx(pure.electron.g, abs=1e-9)
    assert whole.E_gap_eV == pytest.approx(pure.E_gap_eV, abs=1e-10)
    assert whole.bulk_E_v_eV == pytest.approx(ALLOY.bulk(2).valence.energy - 0.3, abs=1e-10)


def test_seeds_make_other_crystals_of_the_same_composition() -> None:
    crystals = [structure_of(distorted(cube(3, A), fraction=0.25, x_vacancies=0.1, seed=s)) for s in (1, 1, 2)]
    assert (crystals[0].species == crystals[1].species).all()
    assert len(crystals[0]) == len(crystals[2]) == len(structure_of(cube(3, A))) - 5  # of 54 on the surface
    assert len({int(np.sum(one.species == 2)) for one in crystals}) == 1
    assert (crystals[0].species != crystals[2].species).any()


def test_spheres_keep_their_numbers_off_the_grid() -> None:
    crystal = sphere(4 * A, A, center="Cs")
    one, other = compute_levels(SET, crystal), compute_levels(SET, explicit(atoms_of(crystal), A))
    assert other.electron.energy_eV == pytest.approx(one.electron.energy_eV, abs=1e-10)
    assert other.hole.g == pytest.approx(one.hole.g, abs=1e-9)


def test_exponents_come_from_the_set(tmp_path) -> None:
    """With n = 3.5 for one integral its elements go as (d0 / d)^3.5, all others as (d0 / d)^2."""
    text = 'schema = 1\nname = "x"\nbase = "kashikar2021"\n[defaults]\nsource = "test"\nstatus = "assumed"\n'
    (tmp_path / "x.toml").write_text(text + '[scaling.X-Pb]\n"p-p.sigma" = 3.5\n')
    changed = load_set(tmp_path / "x.toml")
    assert changed.digest() != SET.digest() and changed.paths == SET.paths
    strained = distorted(cube(2, A), strain="xx=0.1,yy=0.1,zz=0.1")
    plain, new = (ReducedNanocrystal(strained, Material(one).spec(2)).system.hamiltonian() for one in (SET, changed))
    ideal = ReducedNanocrystal(cube(2, A), Material(changed).spec(2)).system.hamiltonian()
    for number, path in enumerate(SET.paths):
        unit = np.eye(len(SET.paths))[number]
        n = 3.5 if path == "hopping.Pb-X.p-p.sigma" else 2 if path.startswith("hopping") else 0
        assert abs(new.at(unit) - ideal.at(unit) * 1.1**-n).max() < 1e-9
        assert abs(plain.at(unit) - ideal.at(unit) * 1.1 ** -min(n, 2)).max() < 1e-9
    (tmp_path / "y.toml").write_text(changed.to_toml())
    assert load_set(tmp_path / "y.toml").exponents == changed.exponents


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('"p-p.sigma" = -1', "not a valid exponent: expected 0 to 12"),
        ('"d-p.sigma" = 2', "has no hopping"),
        ('"p-p.sigma" = { value = 2, unit = "eV" }', 'write unit = "1"'),
        ('"p-q" = 2', "unknown key"),
    ],
)
def test_wrong_exponents_are_refused(line: str, message: str, tmp_path) -> None:
    head = 'schema = 1\nname = "x"\nbase = "kashikar2021"\n[defaults]\nunit = "eV"\nsource = "t"\nstatus = "assumed"\n'
    (tmp_path / "x.toml").write_text(f"{head}[scaling.Pb-X]\n{line}\n")
    with pytest.raises(BandgError, match=message):
        load_set(tmp_path / "x.toml")


def test_quartets_split_into_doublets() -> None:
    """A tetragonal strain splits each quartet in proportion to itself, about its center to second order."""
    cubic = compute_levels(SET, cube(3, A), levels=4)
    quartet = next(state for state in cubic.electron_levels if state.degeneracy == 4)
    assert quartet.g_quartet is not None and quartet.g is None and not quartet.g_tensor
    splittings = []
    for strain in (1e-4, 2e-4):
        crystal = distorted(cube(3, A), strain=f"zz={2 * strain},xx={-strain},yy={-strain}")
        levels = compute_levels(SET, crystal, levels=8)
        near = [state for state in levels.electron_levels if abs(state.energy_eV - quartet.energy_eV) < 5e-3]
        assert [state.degeneracy for state in near] == [2, 2]
        assert all(len(state.g_principal) == 3 for state in near)
        center = (near[0].energy_eV + near[1].energy_eV) / 2
        assert center == pytest.approx(quartet.energy_eV, abs=1e-5)
        splittings.append(near[1].energy_eV - near[0].energy_eV)
    assert splittings[0] > 1e-5
    assert splittings[1] / splittings[0] == pytest.approx(2, abs=0.02)


def test_excited_doublets_without_overlap_have_a_g_that_is_no_accident() -> None:
    """Orthogonal to the Bloch pair by symmetry: g is symmetric and continuous, its values have the sign of det g."""
    one, other = (
        compute_levels(SET, distorted(cube(2, A), strain=f"zz={strain}"), levels=4) for strain in (0.01, 0.0100001)
    )
    pairs = list(zip(one.electron_levels + one.hole_levels, other.electron_levels + other.hole_levels, strict=True))
    excited = [pair for pair in pairs if pair[0].overlap < 1e-9]
    assert len(excited) >= 4
    for before, after in excited:
        tensor = np.array(before.g_tensor)
        np.testing.assert_allclose(tensor, tensor.T, atol=1e-9)
        np.testing.assert_allclose(tensor, after.g_tensor, atol=1e-3)
        assert set(np.sign(before.g_principal)) == {np.sign(np.linalg.det(tensor))}


# --- the surface of a structure --------------------------------------------------------------------------------------


def both_edges(levels: Levels) -> list[float]:
    return [number for state in (levels.electron, levels.hole) for number in (state.energy_eV, *state.g_principal)]


@pytest.mark.parametrize(
    "change",
    [{"occupancy": 0.0}, {"occupancy": 0.3}, {"x_vacancies": 0.3}, {"x_vacancies": 1.0}, {"pb_vacancies": 0.3}],
    ids=str,
)
def test_the_surface_of_a_structure_is_thinned_like_that_of_a_made_one(change: dict[str, float]) -> None:
    made = cuboid((1, 2, 3), A)
    one = compute_levels(SET, distorted(made, **change))
    other = compute_levels(SET, distorted(explicit(atoms_of(made), A), **change))
    assert both_edges(other) == pytest.approx(both_edges(one), abs=1e-8)
    assert other.n_orbitals == one.n_orbitals


def test_an_empty_surface_is_the_limit_of_a_thin_one() -> None:
    """Also where missing Pb leave further X with a single neighbor."""
    thin, empty = (
        compute_levels(SET, distorted(cube(2, A), pb_vacancies=0.2, occupancy=f, seed=2)) for f in (1e-9, 0.0)
    )
    assert both_edges(empty) == pytest.approx(both_edges(thin), abs=1e-6)
    assert empty.n_orbitals < thin.n_orbitals


def test_a_structure_without_surface_halide_has_none_to_lose() -> None:
    bare = explicit(atoms_of(cube(2, A, "lead")), A)
    for change in ({"x_vacancies": 0.2}, {"occupancy": 0.5}):
        with pytest.raises(BandgError, match="no surface X"):
            compute_levels(SET, distorted(bare, **change))


def test_a_mixed_structure_keeps_its_composition() -> None:
    nanocrystal = distorted(explicit(atoms_of(STRUCTURES["C1 alloy"]()), A, second="Br"), occupancy=0.5)
    assert nanocrystal.fraction == pytest.approx(14 / 36)


LOSSES = ({"occupancy": 0.0}, {"x_vacancies": 1.0}, {"pb_vacancies": 0.9, "x_vacancies": 1.0})


@pytest.mark.parametrize("change", LOSSES, ids=str)
def test_what_loses_all_its_halide_is_refused(change: dict[str, float]) -> None:
    for crystal in (cube(1, A), sphere(1.2 * A, A)):
        with pytest.raises(BandgError, match="no X at all"):
            compute_levels(SET, distorted(crystal, **change))


@pytest.mark.parametrize(
    ("group", "cells", "factorizations"),
    [("Cs", 4, 3), ("Ci", 5, 4)],  # Cs: both edges in one block share the count in the gap
)
def test_a_few_solves_spare_factorizations_where_tilts_open_the_gap(
    group: str, cells: int, factorizations: int
) -> None:
    """The gap is 0.5 eV wider than that of the ideal crystal, from which a first depth would be guessed."""
    nanocrystal = distorted(cube(cells, A, "lead"), tilt="a-b+a-", angles="9,8")
    levels = compute_levels(SET, nanocrystal, solver="superlu")
    assert levels.point_group == group and not levels.warnings
    assert levels.factorizations == factorizations
    assert levels.solves < 80
    if cells > 4:
        return  # the full matrix would take long
    exact = compute_levels(SET, nanocrystal, solver="dense")
    for name in ("electron", "hole"):
        one, other = getattr(levels, name), getattr(exact, name)
        assert one.energy_eV == pytest.approx(other.energy_eV, abs=1e-9)
        assert one.g_principal == pytest.approx(other.g_principal, abs=1e-8)
