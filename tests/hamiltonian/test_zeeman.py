"""g-factors of nanocrystals against exact diagonalization in a finite field, and their exact limits."""

from functools import lru_cache

import numpy as np
import pytest
from scipy import constants, sparse

from bandg.crystal.shapes import cube
from bandg.hamiltonian.blocks import AdaptedBasis
from bandg.hamiltonian.groups import PAULI
from bandg.hamiltonian.moments import g_of_doublet, g_of_quartet, g_tensor, moments
from bandg.hamiltonian.orbits import find_orbits
from bandg.hamiltonian.sites import SiteSystem
from bandg.models.etb.local import local_model
from bandg.models.etb.nanocrystal import compute_levels
from bandg.parameters.loader import load_set

SET = load_set("nestoklon2023-standin")
MU_B = constants.physical_constants["Bohr magneton in eV/T"][0]
G0 = -constants.physical_constants["electron g factor"][0]
# e / hbar in 1 / (T nm^2): the Peierls phase of a charge -e is -(e / hbar) times the line integral of A
E_OVER_HBAR = constants.e / constants.hbar * 1e-18


@lru_cache
def full(cells, termination, name="nestoklon2023-standin"):
    """Full matrix, position of each spin-orbital in nm and sigma_z of each, without symmetry."""
    parameters = load_set(name)
    crystal = cube(cells, parameters.a_nm, termination)
    system = SiteSystem(local_model(parameters), *crystal.sites(), parameters.a_nm / 2)
    matrix = system.hamiltonian().at(parameters.vector).toarray()
    dimensions = system.dimensions[system.kind]
    return matrix, np.repeat(system.positions, dimensions, axis=0), np.resize([1.0, -1.0], len(matrix))


def in_field(matrix, positions, sigma_z, tesla, vector_potential):
    """H with full Peierls phases along straight bonds and the spin's Zeeman energy, field along z."""
    first, second = np.nonzero(np.abs(matrix) > 1e-14)
    middle = (positions[first] + positions[second]) / 2  # exact: A is linear in r
    step = positions[first] - positions[second]
    line = np.einsum("ni,ni->n", vector_potential(middle), step) * tesla
    result = np.zeros_like(matrix)
    result[first, second] = matrix[first, second] * np.exp(-1j * E_OVER_HBAR * line)
    return result + np.diag(MU_B * tesla * G0 / 2 * sigma_z)


def symmetric_gauge(r):
    return np.stack([-r[:, 1], r[:, 0], 0 * r[:, 0]], axis=1) / 2


def landau_gauge(r):
    return np.stack([-r[:, 1], 0 * r[:, 0], 0 * r[:, 0]], axis=1)


def nearest_pair(matrix, energy):
    """The two levels nearest to an energy and their states."""
    start = np.random.default_rng(1).standard_normal(len(matrix)) + 0j
    return sparse.linalg.eigsh(sparse.csc_array(matrix), 2, sigma=energy, v0=start)


def splitting(matrix, energy, up, positions, sigma_z, tesla, gauge):
    """Signed splitting of the doublet near an energy: that of the state like `up` minus that of its partner."""
    values, vectors = nearest_pair(in_field(matrix, positions, sigma_z, tesla, gauge), energy)
    weights = np.abs(up.conj() @ vectors) ** 2
    return float((values * np.where(weights > 0.5, 1, -1)).sum())


def band_edge(cells, termination, carrier):
    """Energy of the band edge, its pseudospin-up state in the full basis and g by first order."""
    levels = compute_levels(SET, cube(cells, SET.a_nm, termination), solver="dense")
    state = getattr(levels, carrier)
    system = SiteSystem(local_model(SET), *levels.nanocrystal.sites(), SET.a_nm / 2)
    basis = AdaptedBasis(orbits := find_orbits(system), orbits.group.irrep(state.irrep))
    values, vectors = np.linalg.eigh(basis.hamiltonian().at(SET.vector).toarray())
    number = int(np.argmin(np.abs(values - state.energy_eV)))
    return state.energy_eV, basis.expand(vectors[:, number])[:, 0], state.g


@pytest.mark.parametrize("carrier", ["electron", "hole"])
@pytest.mark.parametrize("termination", ["halide", "lead"])
def test_first_order_is_the_slope_of_the_exact_splitting(termination, carrier):
    matrix, positions, sigma_z = full(2, termination)
    energy, up, g = band_edge(2, termination, carrier)
    fields = np.array([4.0, 8.0, 16.0])
    exact = [splitting(matrix, energy, up, positions, sigma_z, b, symmetric_gauge) / (MU_B * b) for b in fields]
    # the splitting is odd in the field: a polynomial in B^2 through three fields
    slope = np.linalg.solve(np.vander(fields**2, increasing=True), exact)[0]
    assert slope == pytest.approx(g, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("move", [(0.0, 0.0, 0.0), (1.3, -0.7, 0.4)])
def test_neither_gauge_nor_origin_changes_the_exact_splitting(move):
    matrix, positions, sigma_z = full(2, "halide")
    energy, up, _ = band_edge(2, "halide", "hole")
    there = positions + np.array(move)
    # the pair is turned into the field's own states in any gauge, so compare the bare distance
    distances = []
    for gauge in (symmetric_gauge, landau_gauge):
        values, _ = nearest_pair(in_field(matrix, there, sigma_z, 8.0, gauge), energy)
        distances.append(np.ptp(values))
    reference = abs(splitting(matrix, energy, up, positions, sigma_z, 8.0, symmetric_gauge))
    assert distances == pytest.approx([reference, reference], rel=1e-8)


def first_order_in_full_space(matrix, positions, sigma_z, state):
    x, y = positions[:, 0], positions[:, 1]
    hbar2_over_m0 = constants.hbar**2 / constants.m_e / constants.e * 1e18
    orbital = 1j * matrix * (np.outer(x, y) - np.outer(y, x)) / hbar2_over_m0
    return 2 * np.real(state.conj() @ (orbital @ state) + G0 / 2 * (state.conj() @ (sigma_z * state)))


@pytest.mark.parametrize("carrier", ["electron", "hole"])
def test_the_reduced_moment_is_that_of_the_full_space_wherever_the_origin_is(carrier):
    matrix, positions, sigma_z = full(3, "lead")
    _, up, g = band_edge(3, "lead", carrier)
    for move in ((0, 0, 0), (2.0, -5.0, 1.0)):
        moved = positions + np.array(move)
        assert first_order_in_full_space(matrix, moved, sigma_z, up) == pytest.approx(g, abs=1e-10)


def levels_without_hopping():
    silent = SET.with_values({path: 0.0 for path in SET.paths if path.startswith("hopping")})
    system = SiteSystem(local_model(silent), *cube(3, SET.a_nm).sites(), SET.a_nm / 2)
    orbits = find_orbits(system)
    for irrep in orbits.group.irreps:
        basis = AdaptedBasis(orbits, irrep)
        values, vectors = np.linalg.eigh(basis.hamiltonian().at(silent.vector).toarray())
        for energy, vector in zip(values[:40:7], vectors.T[:40:7], strict=True):
            yield silent, basis, energy, moments(basis, vector, silent.vector)


def test_without_hopping_there_is_no_orbital_moment():
    for _, _, _, moment in levels_without_hopping():
        assert np.abs(moment.orbital).max() < 1e-12


def test_a_single_octahedron_has_the_atomic_limits():
    """The electron of one Pb with its six X is p1/2: g of the spin alone is -g0 / 3."""
    levels = compute_levels(SET, cube(1, SET.a_nm))
    assert levels.electron.g_spin / G0 == pytest.approx(levels.electron.sigma_z, abs=1e-12)
    bare = SET.with_values({path: 0.0 for path in SET.paths if path.startswith("hopping")})
    system = SiteSystem(local_model(bare), *cube(1, SET.a_nm).sites(), SET.a_nm / 2)
    orbits = find_orbits(system)
    lead_p = bare.value("onsite.Pb.p")
    spin_orbit = bare.value("spin_orbit.Pb.p")
    half = AdaptedBasis(orbits, orbits.group.irrep("6-"))
    values, vectors = np.linalg.eigh(half.hamiltonian().at(bare.vector).toarray())
    number = int(np.argmin(np.abs(values - (lead_p - 2 * spin_orbit))))
    moment = moments(half, vectors[:, number], bare.vector)
    assert g_of_doublet(moment.total()) == pytest.approx(-G0 / 3, abs=1e-10)
    # with its own angular momentum, p1/2 has the Lande factor 2/3 (4 - g0) / 2
    assert g_of_doublet(moment.total(intra_atomic=True)) == pytest.approx((4 - G0) / 3, abs=1e-10)
    quartet = AdaptedBasis(orbits, orbits.group.irrep("8-"))
    values, vectors = np.linalg.eigh(quartet.hamiltonian().at(bare.vector).toarray())
    number = int(np.argmin(np.abs(values - (lead_p + spin_orbit))))
    g_1, g_2 = g_of_quartet(moments(quartet, vectors[:, number], bare.vector).total(intra_atomic=True))
    assert (g_1, g_2) == (pytest.approx((2 + G0) / 3, abs=1e-9), pytest.approx(0, abs=1e-9))


@pytest.mark.parametrize("label", ["6+", "6-", "7+", "7-"])
def test_the_moment_of_a_doublet_is_isotropic(label):
    system = SiteSystem(local_model(SET), *cube(3, SET.a_nm).sites(), SET.a_nm / 2)
    basis = AdaptedBasis(orbits := find_orbits(system), orbits.group.irrep(label))
    values, vectors = np.linalg.eigh(basis.hamiltonian().at(SET.vector).toarray())
    number = int(np.argmin(np.abs(values - 2.5)))
    total = moments(basis, vectors[:, number], SET.vector).total()
    pauli = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    assert np.abs(total - g_of_doublet(total) / 2 * pauli).max() < 1e-9


def test_intra_atomic_adds_the_atomic_part_and_nothing_else():
    crystal = cube(3, SET.a_nm)
    without, with_ = compute_levels(SET, crystal), compute_levels(SET, crystal, intra_atomic=True)
    for carrier in ("electron", "hole"):
        bare, full_ = getattr(without, carrier), getattr(with_, carrier)
        assert full_.g - bare.g == pytest.approx(bare.g_atomic, abs=1e-12)
        assert abs(bare.g_atomic) > 0.05


@pytest.mark.parametrize("difference", [0.3, 1e-4, 1e-6])
def test_axes_between_two_cubic_ones_keep_their_columns(difference):
    """[110] and [1-10] lie equally near to x and y: which is larger must not decide, or columns swap along a sweep."""
    axes = np.array([[1, 1, 0], [1, -1, 0], [0, 0, np.sqrt(2)]]) / np.sqrt(2)
    for values in ([1.0, 1.0 + difference, 2.0], [1.0 + difference, 1.0, 2.0], [-1.0, 1.0 + difference, -2.0]):
        matrix = axes.T @ np.diag(values) @ axes
        found = g_tensor(np.einsum("ba,buv->auv", matrix, PAULI) / 2, np.eye(2))
        np.testing.assert_allclose(found.matrix, matrix, atol=1e-12)
        np.testing.assert_allclose(found.principal, values, atol=1e-8)
