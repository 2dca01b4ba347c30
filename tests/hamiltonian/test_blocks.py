"""Symmetry reduction: nothing is lost, nothing is mixed, and every row turns as its representation says."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.crystal.shapes import Nanocrystal, cube, sphere
from bandg.hamiltonian.blocks import AdaptedBasis, multiplet_of
from bandg.hamiltonian.groups import PointGroup, cubic_rotations, intertwiner, point_group
from bandg.hamiltonian.orbits import find_orbits, find_point_group
from bandg.hamiltonian.sites import SiteSystem
from bandg.models.etb.local import local_model
from bandg.parameters.loader import load_set
from bandg.parameters.sets import ParameterSet

HEAD = '[defaults]\nunit = "eV"\nsource = "test"\nstatus = "assumed"\n'
LEAD = '[hopping.Pb-Pb]\n"s-s" = 0.02\n"s-p" = -0.11\n"p-p.sigma" = 0.24\n"p-p.pi" = 0.03\n'
HALIDE = '[hopping.X-X]\n"s-s" = -0.02\n"s-p" = 0.08\n"p-p.sigma" = 0.31\n"p-p.pi" = -0.05\n'
SMALL_HALIDE = '[hopping.X-X]\n"p-p.sigma" = 0.27\n"p-p.pi" = -0.06\n'
FILES = {
    "full-second": f'schema = 1\nname = "full-second"\nbase = "nestoklon2023-standin"\n{HEAD}{HALIDE}{LEAD}',
    "full-xx": f'schema = 1\nname = "full-xx"\nbase = "nestoklon2023-standin"\n{HEAD}{HALIDE}',
    "small-xx": f'schema = 1\nname = "small-xx"\nbase = "kashikar2021-flipped"\n{HEAD}{SMALL_HALIDE}',
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sets")
    for name, text in FILES.items():
        (path / f"{name}.toml").write_text(text)
    return path


def load(name: str, folder: Path) -> ParameterSet:
    return load_set(str(folder / f"{name}.toml") if name in FILES else name)


def nanocrystal(text: str, a_nm: float) -> Nanocrystal:
    """ "cube 3 halide", or "sphere 1.42 lead Cs" with the radius in lattice constants."""
    shape, size, termination, *center = text.split()
    if shape == "cube":
        return cube(int(size), a_nm, termination)
    return sphere(2 * float(size) * a_nm, a_nm, termination, *center)


def build(parameters: ParameterSet, text: str) -> SiteSystem:
    crystal = nanocrystal(text, parameters.a_nm)
    return SiteSystem(local_model(parameters), *crystal.sites(), parameters.a_nm / 2)


def random_vector(parameters: ParameterSet, largest: float) -> NDArray[np.float64]:
    return np.random.default_rng(7).uniform(-largest, largest, len(parameters.paths))


def reduced_spectrum(system: SiteSystem, vector: NDArray[np.float64], group: PointGroup | None = None):
    """Levels of all blocks, each counted as often as its representation has rows."""
    orbits = find_orbits(system, group)
    levels = []
    for irrep in orbits.group.irreps:
        block = AdaptedBasis(orbits, irrep).hamiltonian().at(vector).toarray()
        if block.size:
            np.testing.assert_allclose(block, block.conj().T, atol=1e-11)
            levels.append(np.repeat(np.linalg.eigvalsh(block), irrep.dimension))
    return np.sort(np.concatenate(levels))


def full_spectrum(system: SiteSystem, vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.linalg.eigvalsh(system.hamiltonian().at(vector).toarray())


# --- groups and representations --------------------------------------------------------------------------------------


@cache
def subgroups() -> tuple[tuple[int, ...], ...]:
    """All 98 subgroups of O_h as sorted indices, the smallest first."""
    rotations = cubic_rotations()
    index = {matrix.tobytes(): k for k, matrix in enumerate(rotations)}
    product = np.array([[index[(a @ b).tobytes()] for b in rotations] for a in rotations])

    def closure(members: set[int]) -> frozenset[int]:
        while True:
            larger = members | set(product[np.ix_(list(members), list(members))].ravel().tolist())
            if larger == members:
                return frozenset(members)
            members = larger

    found = new = {closure({0})}
    while new:
        new = {closure(set(group) | {k}) for group in new for k in range(48) if k not in group} - found
        found = found | new
    return tuple(sorted((tuple(sorted(group)) for group in found), key=lambda group: (len(group), group)))


def invariant_group(*vectors: tuple[int, int, int], proper: bool = False, up_to_sign: bool = False) -> PointGroup:
    """The operations that keep every vector, or every vector up to its sign."""
    kept = []
    for rotation in cubic_rotations():
        images = [(rotation @ v, np.array(v)) for v in vectors]
        same = all((a == b).all() or (up_to_sign and (a == -b).all()) for a, b in images)
        if same and not (proper and np.linalg.det(rotation) < 0):
            kept.append(rotation)
    return point_group(np.array(kept))


X, Y, Z, INVERSION = (1, 0, 0), (0, 1, 0), (0, 0, 1), -np.eye(3, dtype=np.int64)
# name: (group, order, indicator and dimension of each double-valued representation), from Altmann and Herzig's tables
NAMED = {
    "O_h": (lambda: point_group(cubic_rotations()), 48, [(1, 2)] * 4 + [(1, 4)] * 2),
    "O": (lambda: invariant_group(proper=True), 24, [(1, 2), (1, 2), (1, 4)]),
    "D_4h": (lambda: invariant_group(Z, up_to_sign=True), 16, [(1, 2)] * 4),
    "D_2h": (lambda: invariant_group(X, Y, Z, up_to_sign=True), 8, [(1, 2)] * 2),
    "D_3d": (lambda: invariant_group((1, 1, 1), up_to_sign=True), 12, [(0, 1)] * 4 + [(1, 2)] * 2),
    "D_3": (lambda: invariant_group((1, 1, 1), up_to_sign=True, proper=True), 6, [(0, 1), (0, 1), (1, 2)]),
    "C_4v": (lambda: invariant_group(Z), 8, [(1, 2)] * 2),
    "C_3v": (lambda: invariant_group((1, 1, 1)), 6, [(0, 1), (0, 1), (1, 2)]),
    "C_2v": (lambda: invariant_group((1, 1, 0)), 4, [(1, 2)]),
    "C_4": (lambda: invariant_group(Z, proper=True), 4, [(0, 1)] * 4),
    "C_3": (lambda: invariant_group((1, 1, 1), proper=True), 3, [(-1, 1), (0, 1), (0, 1)]),
    "C_2": (lambda: invariant_group((1, 1, 0), proper=True), 2, [(0, 1)] * 2),
    "C_s": (lambda: invariant_group((1, 2, 0)), 2, [(0, 1)] * 2),
    "C_2h": (lambda: point_group(_with_inversion(invariant_group((1, 1, 0), proper=True))), 4, [(0, 1)] * 4),
    "C_i": (lambda: point_group(_with_inversion(invariant_group((1, 2, 4)))), 2, [(-1, 1)] * 2),
    "C_1": (lambda: invariant_group((1, 2, 4)), 1, [(-1, 1)]),
}


def _with_inversion(group: PointGroup) -> NDArray[np.int64]:
    return np.concatenate([group.rotations, -group.rotations])


@pytest.mark.parametrize("name", NAMED)
def test_wigner_indicators(name: str) -> None:
    """+1 real blocks, 0 two conjugate representations, -1 Kramers pairs inside one block."""
    make, order, expected = NAMED[name]
    group = make()
    assert group.order == order
    assert sorted((irrep.indicator, irrep.dimension) for irrep in group.irreps) == sorted(expected)
    for irrep in group.irreps:
        assert (irrep.reversal is None) == (irrep.indicator == 0)
        if irrep.reversal is not None:  # D J = J conj(D), and J conj(J) = -indicator as for any antiunitary of spin
            J = irrep.reversal
            np.testing.assert_allclose(irrep.matrices @ J, J @ irrep.matrices.conj(), atol=1e-12)
            np.testing.assert_allclose(J @ J.conj(), -irrep.indicator * np.eye(irrep.dimension), atol=1e-12)


@pytest.mark.parametrize(
    ("name", "sizes"), [("O_h", [1, 1, 3, 3, 6, 6, 6, 6, 8, 8]), ("D_3", [1, 2, 3]), ("C_4", [1, 1, 1, 1])]
)
def test_classes(name: str, sizes: list[int]) -> None:
    """Trace and determinant are the same in a class, so that the sum over all operations has them by class."""
    group = NAMED[name][0]()
    first, counts = group.classes
    assert sorted(counts) == sizes
    traces = np.trace(group.rotations, axis1=1, axis2=2)
    assert np.sum(traces[first] ** 3 * counts * group.determinants[first]) == np.sum(traces**3 * group.determinants)


def test_there_are_98_subgroups() -> None:
    assert len(subgroups()) == 98


def test_representations_of_every_subgroup_are_orthogonal_and_complete() -> None:
    """Wigner: sum over g of D_ij conj(D'_kl) = (|G| / d) delta; the dimensions fill the group."""
    for members in subgroups():
        group = point_group(cubic_rotations()[list(members)])
        assert sum(irrep.dimension**2 for irrep in group.irreps) == group.order
        functions = np.concatenate(
            [np.sqrt(i.dimension) * i.matrices.reshape(group.order, -1) for i in group.irreps], axis=1
        )
        gram = functions.conj().T @ functions / group.order
        np.testing.assert_allclose(gram, np.eye(group.order), atol=1e-11)


def test_representations_multiply_like_the_spinors() -> None:
    """D(g) D(h) = z D(gh) with the sign z of the SU(2) matrices: double-valued, and all with one choice of sheet."""
    group = point_group(cubic_rotations())
    index = {matrix.tobytes(): k for k, matrix in enumerate(group.rotations)}
    for g, h in itertools.product(range(0, 48, 5), range(48)):
        product = index[(group.rotations[g] @ group.rotations[h]).tobytes()]
        sign = np.real(np.trace(group.spinors[g] @ group.spinors[h] @ group.spinors[product].conj().T)) / 2
        assert abs(sign) == pytest.approx(1, abs=1e-12)
        for irrep in group.irreps:
            difference = irrep.matrices[g] @ irrep.matrices[h] - sign * irrep.matrices[product]
            np.testing.assert_allclose(difference, 0, atol=1e-12)


def test_spinors_belong_to_their_rotations() -> None:
    """u sigma_a u^+ = sum over b of R_ba sigma_b, R the proper part, for every subgroup."""
    pauli = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    for members in subgroups():
        group = point_group(cubic_rotations()[list(members)])
        for rotation, u in zip(group.rotations, group.spinors, strict=True):
            proper = rotation * np.linalg.det(rotation)
            np.testing.assert_allclose(u @ pauli @ u.conj().T, np.einsum("ba,bij->aij", proper, pauli), atol=1e-12)
            assert np.linalg.det(u) == pytest.approx(1, abs=1e-12)


def test_inverse_determinant_and_axial() -> None:
    group = point_group(cubic_rotations())
    np.testing.assert_array_equal(
        group.rotations @ group.rotations[group.inverse], np.broadcast_to(np.eye(3), (48, 3, 3))
    )
    assert np.sum(group.determinants) == 0
    np.testing.assert_array_equal(np.linalg.det(group.axial).round(), np.ones(48))


def test_rows_are_aligned_with_j_z() -> None:
    """A quarter turn about z is diagonal with exp(-i m pi / 2), m falling, up to the sign of chi and of the sheet."""
    group = point_group(cubic_rotations())
    turn = np.flatnonzero((group.rotations == [[0, -1, 0], [1, 0, 0], [0, 0, 1]]).all(axis=(1, 2)))[0]
    for irrep in group.irreps:
        assert irrep.rows_aligned
        m = np.arange(irrep.dimension)[::-1] - (irrep.dimension - 1) / 2
        D = irrep.matrices[turn]
        np.testing.assert_allclose(D, np.diag(np.diagonal(D)), atol=1e-12)
        ratio = np.diagonal(D) / np.exp(-1j * m * np.pi / 2)
        assert np.allclose(ratio, ratio[0], atol=1e-12) and abs(ratio[0].imag) < 1e-12
    with pytest.raises(KeyError, match="no representation '9'; this group has 6"):
        group.irrep("9")


def test_labels_of_the_atom_in_the_center() -> None:
    """About Pb: s is 6+, p1/2 is 6-, p3/2 is 8-, d is 7+ and twice 8+ (d5/2 = 7 + 8, d3/2 = 8)."""
    parameters = load_set("nestoklon2023-standin")
    onsite = local_model(parameters).onsite[0].at(parameters.vector)
    orbits = find_orbits(build(parameters, "cube 1 halide"))
    energies = {}
    for irrep in orbits.group.irreps:
        functions = AdaptedBasis(orbits, irrep).local[int(np.flatnonzero(orbits.kinds == 0)[0])]
        small = np.einsum("aiu,ij,bju->ab", functions.conj(), onsite, functions)
        energies[irrep.label] = np.linalg.eigvalsh(small) if len(functions) else []
    s, p, d, excited = (parameters.value(f"onsite.Pb.{shell}") for shell in ("s", "p", "d", "s*"))
    coupling = parameters.value("spin_orbit.Pb.p")
    expected = {
        "6+": [s, excited],
        "6-": [p - 2 * coupling],
        "7+": [d],
        "7-": [],
        "8+": [d, d],
        "8-": [p + coupling],
    }
    assert energies.keys() == expected.keys()
    for label, values in expected.items():
        assert list(energies[label]) == pytest.approx(values, abs=1e-12), label


def test_rows_are_those_of_free_atoms() -> None:
    """D(1/2) and D(3/2) themselves in 6 and 8 of either parity, so that p3/2 on the center has its own J."""
    group = point_group(cubic_rotations())
    proper = group.determinants > 0
    for name in "678":
        even, odd = (group.irrep(f"{name}{parity}").matrices for parity in "+-")
        np.testing.assert_allclose(even[proper], odd[proper], atol=1e-12)
        np.testing.assert_allclose(even[~proper], -odd[~proper], atol=1e-12)
    np.testing.assert_allclose(group.irrep("6+").matrices, group.spinors, atol=1e-12)


def test_pseudospin_of_free_atoms_in_every_group_with_inversion() -> None:
    """s and p1/2 on the center: sigma is +1 and -1/3 times the Pauli matrices on all three axes, not on z alone."""
    parameters = load_set("nestoklon2023-standin")
    model = local_model(parameters)
    onsite = model.onsite[0].at(parameters.vector)
    pauli = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    lower = parameters.value("onsite.Pb.p") - 2 * parameters.value("spin_orbit.Pb.p")
    wanted = {parameters.value("onsite.Pb.s"): 1.0, lower: -1 / 3}
    system = build(parameters, "cube 1 halide")
    checked = 0
    for members in subgroups():
        rotations = cubic_rotations()[list(members)]
        if not (rotations == INVERSION).all(axis=(1, 2)).any():
            continue
        group = point_group(rotations)
        orbits = find_orbits(system, group)
        lead = int(np.flatnonzero(orbits.kinds == 0)[0])
        for irrep in group.irreps:
            functions = AdaptedBasis(orbits, irrep).local[lead]
            if irrep.dimension != 2 or not irrep.rows_aligned or not len(functions):
                continue
            energies, turn = np.linalg.eigh(np.einsum("aiu,ij,bju->ab", functions.conj(), onsite, functions))
            for energy, factor in wanted.items():
                for column in turn.T[np.abs(energies - energy) < 1e-9]:
                    w = np.tensordot(column, functions, axes=1) * np.sqrt(2)
                    sigma = np.einsum("iu,aij,jv->auv", w.conj(), model.spaces[0].sigma, w)
                    np.testing.assert_allclose(sigma, factor * pauli, atol=1e-10)
                    checked += 1
    assert checked >= 20


def test_labels_of_s_orbitals_around_the_center() -> None:
    """Eight at the corners of a cube: A1g, T1u, T2g, A2u: 6+; 6-, 8-; 7+, 8+; 7-. Six on the axes: 6+; 8+; 6-, 8-."""
    parameters = load_set("nestoklon2023-standin")
    corners = np.array(list(itertools.product((-1, 1), repeat=3)))
    axes = np.concatenate([np.eye(3, dtype=int), -np.eye(3, dtype=int)])
    for sites, expected in (
        (corners, {"6+": 1, "6-": 1, "7+": 1, "7-": 1, "8+": 1, "8-": 1}),
        (axes, {"6+": 1, "6-": 1, "7+": 0, "7-": 0, "8+": 1, "8-": 1}),
    ):
        system = SiteSystem(local_model(parameters), sites, np.zeros(len(sites), dtype=int), 1.0)
        orbits = find_orbits(system)
        for irrep in orbits.group.irreps:
            functions = AdaptedBasis(orbits, irrep).local[0]  # (m, orbital with spin, row)
            on_s = [w for w in functions if np.abs(w[:2]).max() > 1e-9]
            assert len(on_s) == expected[irrep.label]
            assert all(np.abs(w[2:]).max() < 1e-9 for w in on_s)  # each function stays on one kind of orbital


def test_conduction_and_valence_labels_follow_the_center() -> None:
    """exp(iR.r) is A2u about Cs: the alternating sum of s at the corners of a cube is 7-."""
    group = point_group(cubic_rotations())
    parity = np.prod(np.array(list(itertools.product((-1, 1), repeat=3))), axis=1)  # the signs of exp(iR.r), +-i apart
    corners = np.array(list(itertools.product((-1, 1), repeat=3)))
    place = {tuple(c): k for k, c in enumerate(corners)}
    factor = np.array(
        [sum(parity[place[tuple(r @ c)]] * parity[place[tuple(c)]] for c in corners) / 8 for r in group.rotations]
    )
    for label, turned in (("6+", "7-"), ("6-", "7+"), ("8+", "8-")):
        matrices = factor[:, None, None] * group.irrep(label).matrices
        assert intertwiner(matrices, group.irrep(turned).matrices) is not None
        assert intertwiner(matrices, group.irrep(label).matrices) is None


# --- the point group of a nanocrystal --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["cube 3 halide", "cube 4 lead", "sphere 1.5 halide Pb", "sphere 1.7 lead Cs", "sphere 1 lead Pb"]
)
def test_cubes_and_spheres_are_cubic(text: str) -> None:
    system = build(load_set("kashikar2021"), text)
    group = find_point_group(system)
    assert group.order == 48
    assert [irrep.label for irrep in group.irreps] == ["6+", "6-", "7+", "7-", "8+", "8-"]
    orbits = find_orbits(system)
    assert orbits.sizes.sum() == system.n_sites
    site = np.arange(system.n_sites)
    orbit, operation = orbits.locate(site)
    carried = np.einsum(
        "nij,nj->ni", orbits.group.rotations[operation], system.coordinates[orbits.representatives[orbit]]
    )
    np.testing.assert_array_equal(carried, system.coordinates)


def test_a_removed_atom_lowers_the_symmetry() -> None:
    """Without one X in a face center of a cube: C_4v; with another species there: the same."""
    parameters = load_set("kashikar2021")
    coordinates, kind = cube(3, parameters.a_nm, "halide").sites()
    gone = np.flatnonzero((coordinates == [0, 0, 3]).all(axis=1))
    assert len(gone) == 1
    missing = SiteSystem(local_model(parameters), np.delete(coordinates, gone, axis=0), np.delete(kind, gone), 1.0)
    assert find_point_group(missing).order == 8
    changed = kind.copy()
    changed[gone] = 0
    assert find_point_group(SiteSystem(local_model(parameters), coordinates, changed, 1.0)).order == 8
    with pytest.raises(BandgError, match="not a symmetry"):
        find_orbits(missing, point_group(cubic_rotations()))
    vector = random_vector(parameters, 1)
    np.testing.assert_allclose(reduced_spectrum(missing, vector), full_spectrum(missing, vector), atol=1e-10)


# --- completeness ----------------------------------------------------------------------------------------------------

UNION = [
    ("nestoklon2023-standin", "cube 1 halide"),
    ("nestoklon2023-standin", "cube 2 halide"),
    ("full-second", "cube 2 lead"),
    ("full-xx", "cube 2 halide"),
    ("full-xx", "sphere 1 halide Pb"),
    ("full-second", "sphere 1.42 lead Pb"),
    ("kashikar2021", "cube 3 halide"),
    ("kashikar2021", "sphere 1.5 lead Pb"),
    ("small-xx", "cube 2 lead"),
    ("small-xx", "cube 3 halide"),
    ("small-xx", "sphere 1.42 halide Pb"),
    ("small-xx", "sphere 1.66 lead Cs"),
    pytest.param("full-xx", "sphere 1.66 lead Cs", marks=pytest.mark.slow),
    pytest.param("nestoklon2023-standin", "cube 3 lead", marks=pytest.mark.slow),
    pytest.param("nestoklon2023-standin", "cube 3 halide", marks=pytest.mark.slow),
    pytest.param("full-second", "cube 4 lead", marks=pytest.mark.slow),
    pytest.param("small-xx", "cube 4 lead", marks=pytest.mark.slow),
    pytest.param("small-xx", "sphere 2.2 halide Pb", marks=pytest.mark.slow),
    pytest.param("small-xx", "sphere 2.2 halide Cs", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("name", "text"), UNION)
def test_reduced_spectra_make_up_the_full_one(name: str, text: str, folder: Path) -> None:
    """Six spectra with multiplicities 2, 2, 2, 2, 4, 4, at generic values of all parameters."""
    parameters = load(name, folder)
    system = build(parameters, text)
    assert find_point_group(system).order == 48
    vector = random_vector(parameters, 2)
    reduced, full = reduced_spectrum(system, vector), full_spectrum(system, vector)
    assert len(reduced) == len(full) == system.n_orbitals
    np.testing.assert_allclose(reduced, full, atol=1e-10)


def test_every_subgroup_gives_the_full_spectrum(folder: Path) -> None:
    parameters = load("small-xx", folder)
    system = build(parameters, "cube 1 halide")
    vector = random_vector(parameters, 1)
    full = full_spectrum(system, vector)
    for members in subgroups():
        group = point_group(cubic_rotations()[list(members)])
        np.testing.assert_allclose(reduced_spectrum(system, vector, group), full, atol=1e-10)


@pytest.fixture(scope="module")
def all_orbitals(folder: Path) -> tuple[SiteSystem, NDArray[np.float64], NDArray[np.float64]]:
    """A cube with couplings of all kinds, values of its parameters, and its full spectrum."""
    parameters = load("full-second", folder)
    system, vector = build(parameters, "cube 2 lead"), random_vector(parameters, 1)
    return system, vector, full_spectrum(system, vector)


@pytest.mark.parametrize("name", [name for name in NAMED if name != "O_h"])
def test_subgroups_give_the_full_spectrum_with_all_orbitals(
    name: str, all_orbitals: tuple[SiteSystem, NDArray[np.float64], NDArray[np.float64]]
) -> None:
    system, vector, full = all_orbitals
    np.testing.assert_allclose(reduced_spectrum(system, vector, NAMED[name][0]()), full, atol=1e-10)


# --- the basis -------------------------------------------------------------------------------------------------------


def shell_action(l: int, rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """How the real orbitals of a shell turn, by fitting the turned functions with the functions."""
    points = np.random.default_rng(11).standard_normal((20, 3))

    def functions(r: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y, z = r.T
        d = [x * y, y * z, z * x, (x * x - y * y) / 2, (2 * z * z - x * x - y * y) / np.sqrt(12)]
        return (np.ones((len(r), 1)), r, np.stack(d, axis=1))[l]

    return np.linalg.lstsq(functions(points), functions(points @ rotation), rcond=None)[0]


def apply(system: SiteSystem, shells: list[tuple[str, ...]], group: PointGroup, g: int, psi: NDArray[np.complex128]):
    """The operation g on states (n_orbitals, n): atoms move, orbitals turn, spins turn."""
    rotation = group.rotations[g]
    momentum = {"s": 0, "p": 1, "d": 2, "s*": 0}
    local = []
    for names in shells:
        blocks = [shell_action(momentum[name], rotation) for name in names]
        size = sum(len(block) for block in blocks)
        orbital, start = np.zeros((size, size)), 0
        for block in blocks:
            orbital[start : start + len(block), start : start + len(block)] = block
            start += len(block)
        local.append(np.kron(orbital, group.spinors[g]))
    place = {tuple(c): k for k, c in enumerate(system.coordinates.tolist())}
    result = np.zeros_like(psi)
    for k, (coordinates, kind) in enumerate(zip(system.coordinates, system.kind, strict=True)):
        end = place[tuple((rotation @ coordinates).tolist())]
        source = slice(system.offsets[k], system.offsets[k + 1])
        target = slice(system.offsets[end], system.offsets[end + 1])
        result[target] = local[kind] @ psi[source]
    return result


@pytest.mark.parametrize("name", ["O_h", "D_4h", "D_3", "C_2v", "C_2h", "C_s", "C_1"])
@pytest.mark.parametrize("text", ["cube 1 halide", "cube 2 lead"])
def test_expanded_states(name: str, text: str, folder: Path) -> None:
    """Eigenvectors of a block give d orthonormal eigenvectors of the full H that turn among themselves as D(g)."""
    parameters = load("full-xx", folder)
    system = build(parameters, text)
    group = NAMED[name][0]()
    vector = random_vector(parameters, 1)
    full = system.hamiltonian().at(vector)
    orbits = find_orbits(system, group)
    shells = [parameters.orbitals["Pb"], parameters.orbitals["X"]]
    for irrep in group.irreps:
        basis = AdaptedBasis(orbits, irrep)
        if basis.size == 0:
            continue
        energies, states = np.linalg.eigh(basis.hamiltonian().at(vector).toarray())
        chosen = sorted({0, basis.size // 2, basis.size - 1})
        partners = [basis.expand(states[:, n]) for n in chosen]
        together = np.concatenate(partners, axis=1)
        np.testing.assert_allclose(together.conj().T @ together, np.eye(together.shape[1]), atol=1e-11)
        for n, psi in zip(chosen, partners, strict=True):
            np.testing.assert_allclose(full @ psi, energies[n] * psi, atol=1e-10)
            for g in range(0, group.order, 1 + group.order // 8):
                np.testing.assert_allclose(apply(system, shells, group, g, psi), psi @ irrep.matrices[g], atol=1e-11)


@pytest.mark.parametrize("name", ["O_h", "D_4h", "C_4v", "D_3", "C_2h", "C_i"])
def test_block_is_the_projection_of_the_full_matrix(name: str, folder: Path) -> None:
    """P^+ H P for every row, real where the indicator is +1, nothing between rows; and T p is linear in p."""
    parameters = load("small-xx", folder)
    system = build(parameters, "cube 2 halide")
    group = NAMED[name][0]()
    vector = random_vector(parameters, 1)
    full = system.hamiltonian().at(vector)
    orbits = find_orbits(system, group)
    for irrep in group.irreps:
        basis = AdaptedBasis(orbits, irrep)
        block = basis.hamiltonian().at(vector)
        assert block.shape == (basis.size, basis.size)
        assert basis.is_real == (irrep.indicator == 1) == (not np.iscomplexobj(block))
        rows = np.array([basis.expand(unit) for unit in np.eye(basis.size)])  # (function, orbital, row)
        for u, v in itertools.product(range(irrep.dimension), repeat=2):
            projected = rows[:, :, u].conj() @ (full @ rows[:, :, v].T)
            expected = block.toarray() if u == v else np.zeros(block.shape)
            np.testing.assert_allclose(projected, expected, atol=1e-11)
            overlap = rows[:, :, u].conj() @ rows[:, :, v].T
            np.testing.assert_allclose(overlap, np.eye(basis.size) * (u == v), atol=1e-11)


def test_sizes_of_the_blocks_fill_the_space(folder: Path) -> None:
    system = build(load("full-xx", folder), "sphere 2.3 halide Cs")
    orbits = find_orbits(system)
    total = sum(irrep.multiplicity * AdaptedBasis(orbits, irrep).size for irrep in orbits.group.irreps)
    assert total == system.n_orbitals


def test_projection_undoes_expansion(folder: Path) -> None:
    system = build(load("full-xx", folder), "cube 3 halide")
    orbits = find_orbits(system)
    for label in ("6+", "7-", "8-"):
        basis = AdaptedBasis(orbits, orbits.group.irrep(label))
        vector = np.random.default_rng(8).standard_normal(basis.size)
        psi = basis.expand(vector)
        parts = []
        for number in range(orbits.n_types):
            sites = orbits.representatives[orbits.of_type(number)]
            parts.append(np.array([psi[system.offsets[s] : system.offsets[s + 1]] for s in sites]))
        np.testing.assert_allclose(basis.project(parts), vector, atol=1e-12)


@pytest.mark.parametrize("label", ["6+", "7-"])
def test_a_doublet_is_projected_from_one_atom_of_each_orbit(label: str, folder: Path) -> None:
    """On every irrep of the group and of a subgroup, the same as from all atoms."""
    system = build(load("full-xx", folder), "cube 3 halide")
    whole = find_orbits(system)
    basis, random = AdaptedBasis(whole, whole.group.irrep(label)), np.random.default_rng(8)
    vector = random.standard_normal(basis.size)
    psi = basis.expand(vector / np.linalg.norm(vector))
    psi = psi @ np.linalg.qr(random.standard_normal((2, *(2, 2))).T @ [1, 1j])[0]
    axial = point_group(np.array([r for r in cubic_rotations() if abs(r[2, 2]) == 1]))
    for orbits in (whole, find_orbits(system, axial)):
        found = multiplet_of(psi, orbits)
        assert found is not None
        np.testing.assert_allclose(found.expand(), psi, atol=1e-13)
        total = 0.0
        for irrep in orbits.group.irreps:
            part = AdaptedBasis(orbits, irrep).project_multiplet(found)
            np.testing.assert_allclose(part, AdaptedBasis(orbits, irrep).project_full(psi), atol=1e-13)
            total += np.sum(np.abs(part) ** 2)
        assert total == pytest.approx(2, abs=1e-10)


def test_states_that_operations_lead_out_of_are_no_multiplet(folder: Path) -> None:
    system = build(load("full-xx", folder), "cube 3 halide")
    orbits = find_orbits(system)
    basis = AdaptedBasis(orbits, orbits.group.irrep("8-"))
    psi = basis.expand(np.eye(basis.size)[0])
    assert multiplet_of(psi[:, :2], orbits) is None


def test_basis_is_sparse() -> None:
    """Each function stays on one shell of its atom, which keeps the factors of large blocks small."""
    system = build(load_set("nestoklon2023-standin"), "cube 5 halide")
    orbits = find_orbits(system)
    basis = AdaptedBasis(orbits, orbits.group.irrep("6+"))
    shells = [slice(0, 2), slice(2, 8), slice(8, 18), slice(18, 20)]
    for functions in basis.local:
        for w in functions:
            assert sum(np.abs(w[shell]).max() > 1e-12 for shell in shells) == 1
