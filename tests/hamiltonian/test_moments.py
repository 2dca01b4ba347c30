"""Magnetic moments of levels of every representation against the whole matrix, and in limits that are known exactly."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
import scipy.sparse.linalg as sla
from numpy.typing import NDArray
from scipy import constants, sparse

from bandg.crystal.shapes import cube, sphere
from bandg.hamiltonian.blocks import AdaptedBasis
from bandg.hamiltonian.moments import Moments, g_of_doublet, g_of_quartet, moments
from bandg.hamiltonian.orbits import find_orbits
from bandg.hamiltonian.sites import SiteSystem
from bandg.models.etb.local import local_model
from bandg.models.etb.nanocrystal import compute_levels
from bandg.parameters.loader import load_set
from bandg.parameters.sets import ParameterSet

MU_B = constants.physical_constants["Bohr magneton in eV/T"][0]
G0 = -constants.physical_constants["electron g factor"][0]
E_OVER_HBAR = constants.e / constants.hbar * 1e-18  # 1 / (T nm^2)
HBAR2_OVER_M0 = constants.hbar**2 / constants.m_e / constants.e * 1e18  # eV nm^2
PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
ROOT = np.sqrt(3)
J_PLUS = np.diag([ROOT, 2, ROOT], k=1)
J = np.array([(J_PLUS + J_PLUS.T) / 2, (J_PLUS - J_PLUS.T) / 2j, np.diag([1.5, 0.5, -0.5, -1.5])])

STANDIN, KASHIKAR = "nestoklon2023-standin", "kashikar2021"
LABELS = ("6+", "6-", "7+", "7-", "8+", "8-")
Shift = tuple[float, float, float]


@lru_cache(maxsize=8)
def system_of(name: str, cells: int, termination: str) -> SiteSystem:
    parameters = load_set(name)
    sites = cube(cells, parameters.a_nm, termination).sites()
    return SiteSystem(local_model(parameters), *sites, parameters.a_nm / 2)


def positions_of(system: SiteSystem, shift: Shift = (0, 0, 0)) -> NDArray[np.float64]:
    """Position in nm of every spin-orbital."""
    sizes = system.dimensions[system.kind]
    return np.repeat(system.coordinates * system.unit_nm + np.array(shift), sizes, axis=0)


def spin_z(size: int) -> NDArray[np.float64]:
    """sigma_z of every spin-orbital: the spin is the fast index, up first."""
    return np.tile([1.0, -1.0], size // 2)


def in_field(
    system: SiteSystem, vector: NDArray[np.float64], tesla: float, gauge: str = "symmetric", shift: Shift = (0, 0, 0)
) -> sparse.csr_array:
    """H in a field along z. An electron has charge -e: H_ij gets exp(-i e/hbar int A.dl) from site j to site i."""
    H = system.hamiltonian().at(vector).tocoo()
    x, y, _ = positions_of(system, shift).T
    i, j = H.coords
    areas = {  # of the vector potential along the straight line, over B: A = B (-y, x, 0) / 2 or B (0, x, 0)
        "symmetric": (x[j] * y[i] - x[i] * y[j]) / 2,
        "Landau": (x[i] + x[j]) / 2 * (y[i] - y[j]),
    }
    area = areas[gauge]
    data = H.data * np.exp(-1j * E_OVER_HBAR * tesla * area)
    zeeman = sparse.diags_array(MU_B * tesla * G0 / 2 * spin_z(H.shape[0]))
    return sparse.csr_array(sparse.coo_array((data, (i, j)), shape=H.shape)) + zeeman


def doublet_near(H: Any, energy: float) -> tuple[NDArray[np.float64], NDArray[np.complex128]]:
    """The two levels nearest to an energy."""
    lu = sla.splu((H - (energy + 1e-4) * sparse.eye_array(H.shape[0])).tocsc())
    inverse = sla.LinearOperator(H.shape, matvec=lu.solve, dtype=complex)
    start = np.random.default_rng(0).standard_normal(H.shape[0]).astype(complex)
    _, states = sla.eigsh(H, k=2, sigma=energy + 1e-4, OPinv=inverse, v0=start)
    states = np.linalg.qr(states)[0]
    energies, turn = np.linalg.eigh(states.conj().T @ (H @ states))
    return energies, states @ turn


def g_by_field(system: SiteSystem, vector: NDArray[np.float64], energy: float, up_sign: int) -> float:
    """(E(up) - E(down)) / (mu_B B) in the limit of no field, from three fields; <sigma_z> of up has the given sign."""
    found = []
    for tesla in (4.0, 8.0, 16.0):
        energies, states = doublet_near(in_field(system, vector, tesla), energy)
        polarization = up_sign * np.sum(spin_z(len(states))[:, None] * np.abs(states) ** 2, axis=0)
        assert polarization[0] * polarization[1] < 0
        up = int(np.argmax(polarization))
        found.append((energies[up] - energies[1 - up]) / (MU_B * tesla))
    first, second = (4 * np.array(found[:-1]) - np.array(found[1:])) / 3  # the error goes like B^2, then B^4
    return float((16 * first - second) / 15)


def levels_of(
    system: SiteSystem, label: str, vector: NDArray[np.float64]
) -> tuple[AdaptedBasis, NDArray[np.float64], NDArray[Any]]:
    orbits = find_orbits(system)
    basis = AdaptedBasis(orbits, orbits.group.irrep(label))
    return basis, *np.linalg.eigh(basis.hamiltonian().at(vector).toarray())


def isolated(energies: NDArray[np.float64], distance: float = 1e-3) -> NDArray[np.int64]:
    """Levels of a block that no other comes near: accidental degeneracy would mix states at random."""
    gaps = np.diff(energies, prepend=-np.inf), np.diff(energies, append=np.inf)
    return np.flatnonzero(np.minimum(*gaps) > distance)


# --- finite fields ---------------------------------------------------------------------------------------------------

CASES = [
    (STANDIN, 2, "halide"),
    (STANDIN, 2, "lead"),
    (STANDIN, 3, "halide"),
    (STANDIN, 3, "lead"),
    (KASHIKAR, 3, "halide"),
    (KASHIKAR, 3, "lead"),
    pytest.param(STANDIN, 4, "halide", marks=pytest.mark.slow),
    pytest.param(STANDIN, 5, "lead", marks=pytest.mark.slow),
    pytest.param(KASHIKAR, 6, "halide", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("carrier", ["electron", "hole"])
@pytest.mark.parametrize(("name", "cells", "termination"), CASES)
def test_first_order_is_the_limit_of_small_fields(name: str, cells: int, termination: str, carrier: str) -> None:
    """Up is told by the spin alone: <sigma_z> > 0 in R6+, and < 0 in R6- (p1/2). Pb-Pb bonds have phases too."""
    parameters = load_set(name)
    state = getattr(compute_levels(parameters, cube(cells, parameters.a_nm, termination)), carrier)
    up_sign = -1 if carrier == "electron" else 1
    expected = g_by_field(system_of(name, cells, termination), parameters.vector, state.energy_eV, up_sign)
    assert state.g == pytest.approx(expected, rel=1e-6)


def test_one_field_would_not_do() -> None:
    """In 16 T the splitting is off by far more than the test above allows: it sees higher orders and removes them."""
    parameters = load_set(STANDIN)
    state = compute_levels(parameters, cube(3, parameters.a_nm)).electron
    energies, _ = doublet_near(in_field(system_of(STANDIN, 3, "halide"), parameters.vector, 16.0), state.energy_eV)
    assert abs((energies[1] - energies[0]) / (MU_B * 16) / state.g - 1) > 1e-4


@pytest.mark.parametrize("tesla", [10.0, 300.0])
def test_whole_spectrum_in_a_field_depends_on_neither_gauge_nor_origin(tesla: float) -> None:
    system, vector = system_of(KASHIKAR, 2, "halide"), load_set(KASHIKAR).vector
    reference = np.linalg.eigvalsh(in_field(system, vector, tesla).toarray())
    for gauge, shift in (("Landau", (0, 0, 0)), ("symmetric", (1.3, -0.4, 2.2)), ("Landau", (-0.7, 3.1, 0.1))):
        other = np.linalg.eigvalsh(in_field(system, vector, tesla, gauge, shift).toarray())
        np.testing.assert_allclose(other, reference, atol=1e-11)
    without_field = np.linalg.eigvalsh(in_field(system, vector, 0.0).toarray())
    assert np.abs(reference - without_field).max() > 1e-4


# --- the whole matrix ------------------------------------------------------------------------------------------------


def whole_orbital(
    system: SiteSystem, vector: NDArray[np.float64], states: NDArray[np.complex128], shift: Shift
) -> NDArray[np.complex128]:
    """(m0 / hbar^2) i H_ij (r_i x r_j) between states (n_orbitals, d), shape (3, d, d)."""
    H = system.hamiltonian().at(vector).tocoo()
    r = positions_of(system, shift)
    i, j = H.coords
    product = np.cross(r[i], r[j])
    parts = [sparse.coo_array((1j / HBAR2_OVER_M0 * H.data * product[:, a], (i, j)), shape=H.shape) for a in range(3)]
    return np.array([states.conj().T @ (part.tocsr() @ states) for part in parts])


def whole_atomic(
    system: SiteSystem, shells: list[tuple[str, ...]], states: NDArray[np.complex128]
) -> NDArray[np.complex128]:
    """Angular momentum of the p shells, (L_a)_bc = -i epsilon_abc, shape (3, d, d)."""
    epsilon = np.array([[[(a - b) * (b - c) * (c - a) / 2 for c in range(3)] for b in range(3)] for a in range(3)])
    result = np.zeros((3, states.shape[1], states.shape[1]), dtype=complex)
    for site, kind in enumerate(system.kind):
        start = system.offsets[site] + (2 if "s" in shells[kind] else 0)
        psi = states[start : start + 6].reshape(3, 2, -1)
        result += np.einsum("bsu,abc,csv->auv", psi.conj(), -1j * epsilon, psi)
    return result


@pytest.mark.parametrize(
    ("name", "cells", "termination"),
    [(STANDIN, 2, "halide"), (STANDIN, 3, "lead"), (KASHIKAR, 3, "halide"), (KASHIKAR, 4, "lead")],
)
def test_moments_are_those_of_the_whole_matrix(name: str, cells: int, termination: str) -> None:
    """Orbital, spin and atomic moment as matrices between the partners, also with the origin elsewhere."""
    parameters, system = load_set(name), system_of(name, cells, termination)
    shells = [parameters.orbitals["Pb"], parameters.orbitals["X"]]
    for label in LABELS:
        basis, energies, states = levels_of(system, label, parameters.vector)
        alone = isolated(energies)
        number = int(alone[len(alone) // 2])
        ours = moments(basis, states[:, number], parameters.vector)
        whole = basis.expand(states[:, number])
        for shift in ((0, 0, 0), (2.1, -0.7, 11.3)):
            np.testing.assert_allclose(whole_orbital(system, parameters.vector, whole, shift), ours.orbital, atol=1e-9)
        spin = whole.reshape(-1, 2, whole.shape[1])
        np.testing.assert_allclose(np.einsum("nsu,ast,ntv->auv", spin.conj(), PAULI, spin), ours.sigma, atol=1e-11)
        np.testing.assert_allclose(whole_atomic(system, shells, whole), ours.atomic, atol=1e-11)


def test_total_moment_is_the_sum_of_its_parts() -> None:
    rng = np.random.default_rng(1)
    orbital, sigma, atomic = rng.standard_normal((3, 3, 2, 2)) + 1j * rng.standard_normal((3, 3, 2, 2))
    found = Moments(orbital, sigma, atomic)
    np.testing.assert_allclose(found.total(), orbital + G0 / 2 * sigma, rtol=1e-12)
    np.testing.assert_allclose(found.total(intra_atomic=True), orbital + G0 / 2 * sigma + atomic, rtol=1e-12)


@pytest.mark.parametrize("name", [STANDIN, KASHIKAR])
def test_moments_have_the_form_that_a_cube_allows(name: str) -> None:
    """A doublet: one number times the Pauli matrices. A quartet: g_1 J_a + g_2 J_a^3 on each axis a."""
    parameters = load_set(name)
    for label in LABELS:
        basis, _, states = levels_of(system_of(name, 3, "halide"), label, parameters.vector)
        for number in (0, basis.size // 3, basis.size - 1):
            found = moments(basis, states[:, number], parameters.vector)
            for moment in (found.orbital, found.sigma, found.atomic, found.total(True)):
                if basis.irrep.dimension == 2:
                    form = g_of_doublet(moment) / 2 * PAULI
                else:
                    g_1, g_2 = g_of_quartet(moment)
                    form = g_1 * J + g_2 * J @ J @ J
                np.testing.assert_allclose(moment, form, atol=1e-9)


def test_g_of_given_moments() -> None:
    assert g_of_doublet(1.7 / 2 * PAULI) == pytest.approx(1.7)
    assert g_of_quartet(0.3 * J - 0.2 * J @ J @ J) == pytest.approx((0.3, -0.2))


# --- limits ----------------------------------------------------------------------------------------------------------


def without(parameters: ParameterSet, section: str) -> NDArray[np.float64]:
    """The parameter vector with a whole section set to zero."""
    return np.array([0.0 if path.startswith(section) else parameters.value(path) for path in parameters.paths])


def free_atom(label: str, shell: str) -> Moments:
    """Moments of a shell of the central Pb without any hopping."""
    parameters = load_set(STANDIN)
    vector = without(parameters, "hopping.")
    basis, energies, states = levels_of(system_of(STANDIN, 1, "halide"), label, vector)
    p, coupling = parameters.value("onsite.Pb.p"), parameters.value("spin_orbit.Pb.p")
    energy = {"s": parameters.value("onsite.Pb.s"), "p1/2": p - 2 * coupling, "p3/2": p + coupling}[shell]
    number = int(np.argmin(np.abs(energies - energy)))
    assert energies[number] == pytest.approx(energy, abs=1e-12)
    return moments(basis, states[:, number], vector)


def test_free_atoms() -> None:
    """s: g0. p1/2: <sigma_z> = -1/3. p3/2: L = 2/3 J and sigma = 2/3 J. Nothing moves between atoms."""
    s, lower, upper = free_atom("6+", "s"), free_atom("6-", "p1/2"), free_atom("8-", "p3/2")
    for found in (s, lower, upper):
        assert np.all(found.orbital == 0)
    assert g_of_doublet(s.total(intra_atomic=True)) == pytest.approx(G0, abs=1e-12)
    assert g_of_doublet(lower.total()) == pytest.approx(-G0 / 3, abs=1e-12)
    assert g_of_doublet(lower.atomic) == pytest.approx(4 / 3, abs=1e-12)
    np.testing.assert_allclose(upper.atomic, 2 / 3 * J, atol=1e-12)
    np.testing.assert_allclose(upper.sigma, 2 / 3 * J, atol=1e-12)
    assert g_of_quartet(upper.total()) == pytest.approx((G0 / 3, 0), abs=1e-12)


@pytest.mark.parametrize("termination", ["halide", "lead"])
@pytest.mark.parametrize("cells", [2, 3])
def test_without_spin_orbit_coupling_an_orbital_singlet_is_a_bare_spin(cells: int, termination: str) -> None:
    """It has no orbital moment: g = g0 whatever the hopping. Orbital triplets have <sigma_z> = -1/3 in this block."""
    parameters = load_set(STANDIN)
    vector = without(parameters, "spin_orbit.")
    label = "6+" if cells % 2 else "7-"
    basis, energies, states = levels_of(system_of(STANDIN, cells, termination), label, vector)
    singlets = 0
    for number in isolated(energies, 1e-4):
        found = moments(basis, states[:, number], vector)
        if abs(found.sigma[2, 0, 0] - 1) < 1e-7:
            singlets += 1
            assert g_of_doublet(found.total(intra_atomic=True)) == pytest.approx(G0, abs=1e-6)
        else:
            assert np.real(found.sigma[2, 0, 0]) == pytest.approx(-1 / 3, abs=1e-7)
    assert singlets >= 5


def test_moments_do_not_depend_on_the_phase_of_the_state() -> None:
    parameters = load_set(STANDIN)
    basis, _, states = levels_of(system_of(STANDIN, 3, "lead"), "6-", parameters.vector)
    reference = moments(basis, states[:, 20], parameters.vector).total()
    for phase in (-1, 1j, np.exp(0.7j)):
        found = moments(basis, phase * states[:, 20], parameters.vector).total()
        np.testing.assert_allclose(found, reference, atol=1e-12)


def test_orbital_part_goes_like_energy_times_length_squared() -> None:
    """The spin part stays. Twice all energies, or a lattice longer by a tenth."""
    parameters = load_set(STANDIN)
    diameter, a = 2.1 * parameters.a_nm, parameters.a_nm
    reference = compute_levels(parameters, sphere(diameter, a)).hole
    longer = compute_levels(parameters.with_values({"lattice.a": 1.1 * a}), sphere(1.1 * diameter, 1.1 * a)).hole
    stronger = parameters.with_values({path: 2 * parameters.value(path) for path in parameters.paths})
    doubled = compute_levels(stronger, sphere(diameter, a)).hole
    assert longer.energy_eV == pytest.approx(reference.energy_eV, abs=1e-9)
    assert longer.g_orbital == pytest.approx(1.21 * reference.g_orbital, rel=1e-8)
    assert doubled.energy_eV == pytest.approx(2 * reference.energy_eV, abs=1e-9)
    assert doubled.g_orbital == pytest.approx(2 * reference.g_orbital, rel=1e-8)
    for other in (longer, doubled):
        assert other.g_spin == pytest.approx(reference.g_spin, rel=1e-8)
