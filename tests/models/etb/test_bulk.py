"""Bulk bands, masses and g-factors of the sets against independent numbers, finite differences and symmetry."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import constants
from textbook import bloch, orbitals

from bandg.base.errors import BandgError
from bandg.data.contributions import first_principles
from bandg.models.etb.bloch import BlochHamiltonian
from bandg.models.etb.bulk import Bulk, Level, bulk, occupied_bands
from bandg.parameters.loader import available_sets, load_set

HBAR2_OVER_M0 = constants.hbar**2 / constants.m_e / constants.e * 1e18  # eV nm^2
G0 = -constants.physical_constants["electron g factor"][0]

# every number with the digits that an independent calculation gave
CHECK = {
    "nestoklon2021-dft": "E_g 1.0166 Delta 1.469 m_h 0.170 m_e 0.1505 g_h -1.605 g_e 2.720",
    "nestoklon2021-corrected": (
        "E_g 1.6500 gap_at_M 2.755 Delta 1.460 m_h 0.210 m_e 0.204 g_h 0.452 g_e 1.057 E_p(R6-) 7.90 E_p(R8-) 7.86"
    ),
    "nestoklon2023-standin": (
        "E_g 1.652 Delta 1.258 m_e 0.168 m_h 0.142 g_h -0.338 g_e 3.239 E_p(R6-) 12.94 E_p(R8-) 12.75"
    ),
    "kashikar2021": "E_g 0.630 Delta 1.500 m_h 0.134 m_e 0.106 g_h -3.62 g_e 4.13",
    "kashikar2021-flipped": "E_g 0.630 Delta 1.500 m_h 0.0906 m_e 0.0869 g_h -6.78 g_e 8.29",
    "kashikar2021-cspbbr3": "E_g 1.100 m_h 0.144 m_e 0.151 g_h -1.57 g_e 3.49",
    "kashikar2021-cspbcl3": "E_g 2.127 m_h 0.225 m_e 0.237 g_h 0.84 g_e 0.94",
}
CASES = [
    (name, *pair) for name, text in CHECK.items() for pair in zip(text.split()[::2], text.split()[1::2], strict=True)
]


def quantity(found: Bulk, name: str) -> float:
    if name.startswith("E_p"):
        return found.kane_energy(name[4:-1])
    return {
        "m_h": lambda: found.valence.mass,
        "m_e": lambda: found.conduction.mass,
        "g_h": lambda: found.valence.g(),
        "g_e": lambda: found.conduction.g(),
    }.get(name, lambda: getattr(found, name))()


def level_near(levels: tuple[Level, ...], energy: float) -> Level:
    return min(levels, key=lambda level: abs(level.energy - energy))


@pytest.fixture(scope="module", params=available_sets())
def hamiltonian(request: pytest.FixtureRequest) -> BlochHamiltonian:
    return BlochHamiltonian.of(load_set(request.param))


@pytest.fixture(scope="module")
def standin() -> Bulk:
    return bulk(load_set("nestoklon2023-standin"))


# --- the numbers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "what", "expected"), CASES)
def test_check_numbers(name: str, what: str, expected: str) -> None:
    digits = len(expected.partition(".")[2])
    value = quantity(bulk(load_set(name)), what)
    assert abs(value - float(expected)) <= 0.5 * 10**-digits, f"{value:.{digits + 2}f}"


def test_every_shipped_set_has_its_numbers() -> None:
    own = {name for name in available_sets() if name.startswith("bandg-")}  # tests/analysis/fit/test_shipped_sets.py
    assert set(CHECK) == set(available_sets()) - own


def test_decomposition_of_the_g_factors(standin: Bulk) -> None:
    """Default set: spin, then the levels at R that the edge couples to."""
    valence, conduction = standin.valence, standin.conduction

    def share(edge_contributions: tuple[tuple[float, str, float], ...], irrep: str, energy: float) -> float:
        return sum(part for at, name, part in edge_contributions if name == irrep and abs(at - energy) < 0.02)

    hole, electron = valence.contributions, conduction.contributions
    assert valence.spin_g == pytest.approx(1.956, abs=5e-4)
    assert share(hole, "R6-", conduction.energy) == pytest.approx(-5.221, abs=5e-4)
    assert share(hole, "R8-", standin.upper.energy) == pytest.approx(2.922, abs=5e-4)
    assert valence.g() - (1.956 - 5.221 + 2.922) == pytest.approx(0.005, abs=1e-3)
    assert conduction.spin_g == pytest.approx(-0.667, abs=5e-4)
    assert share(electron, "R6+", valence.energy) == pytest.approx(5.221, abs=5e-4)
    assert share(electron, "R8+", -4.58) == pytest.approx(-1.695, abs=5e-4)
    bonding = level_near(standin.levels, -8.154)
    assert bonding.irrep == "R6+" and bonding.character["Pb s"] > 0.5
    assert share(electron, "R6+", bonding.energy) == pytest.approx(0.3555, abs=5e-5)
    assert share(electron, "R8+", -2.50) == pytest.approx(-0.088, abs=5e-4)
    assert valence.energy == pytest.approx(-0.0001, abs=5e-5)  # the set's zero lies 0.1 meV above


def test_contributions_and_parts_add_up(hamiltonian: BlochHamiltonian) -> None:
    found = _bulk_of(hamiltonian)
    for edge in (found.valence, found.conduction):
        assert sum(part for _, _, part in edge.contributions) == pytest.approx(edge.orbital_g, abs=1e-12)
        assert edge.g() == pytest.approx(edge.spin_g + edge.orbital_g, abs=1e-12)
        assert edge.g(intra_atomic=True) == pytest.approx(edge.g() + edge.atomic_g, abs=1e-12)
        assert len(edge.contributions) == len(found.levels) - 1
        opposite = "-" if edge.irrep == "R6+" else "+"
        for energy, irrep, part in edge.contributions:  # parity at R: dH/dk is odd
            if opposite not in irrep:
                assert abs(part) < 1e-12, (energy, irrep)


# weights of R6- (Pb p, X s + s*, X d) and of R6+ (Pb s, X p), with the digits that an independent calculation gave
COMPOSITION = {
    "nestoklon2023-standin": (0.906, 0.094, 0.0, 0.276, 0.721),
    "bandg-nn": (0.887, 0.054, 0.059, 0.185, 0.813),
    "bandg-nnn": (0.679, 0.007, 0.314, 0.306, 0.692),
    "bandg-nnn-spin": (0.774, 0.023, 0.204, 0.331, 0.667),
    "bandg-nnn-small": (1.0, 0.0, 0.0, 0.297, 0.703),
}


@pytest.mark.parametrize("name", COMPOSITION)
def test_composition_of_the_edges(name: str) -> None:
    weights = bulk(load_set(name)).composition()
    lower, upper = weights["R6-"], weights["R6+"]
    halide_s = lower.get("X s", 0.0) + lower.get("X s*", 0.0)
    found = (lower["Pb p"], halide_s, lower.get("X d", 0.0), upper["Pb s"], upper["X p"])
    assert found == pytest.approx(COMPOSITION[name], abs=6e-4)
    assert all(sum(edge.values()) == pytest.approx(1) for edge in weights.values())


def test_composition_of_first_principles() -> None:
    """The same in muffin tins, and the ratios to which the sets are compared: X s and X d about 9 % of Pb p each."""
    known = first_principles("CsPbI3", 1.652)
    assert known is not None
    lower, upper = known.charges["R6-"], known.charges["R6+"]
    found = (lower["Pb p"], lower["X s"], lower["X d"], upper["Pb s"], upper["X p"])
    assert found == pytest.approx((0.494, 0.047, 0.046, 0.242, 0.512), abs=6e-4)
    assert first_principles("CsPbCl3", 3.0) is None
    bromide = first_principles("CsPbBr3", 2.352)
    assert bromide is not None and bromide.reference == "cspbbr3_cubic_mbj_soc_path"
    assert bromide.charges["R6+"]["Pb s"] == 0.3043


# contributions to g_e and g_h by level: our own numbers, three digits
CONTRIBUTIONS = {
    "nestoklon2023-standin": "R6+ 5.221 R8+.3 -1.695 R6+.2 0.355 R8+.2 -0.088 R6- -5.221 R8- 2.922",
    "bandg-nnn": "R6+ 4.672 R8+.2 -1.429 R8+.1 -0.257 R6+.2 0.018 R6- -4.672 R8- 1.996 R6-.1 0.049",
    "bandg-nnn-spin": "R6+ 4.736 R8+.2 -1.415 R8+.1 -0.187 R6+.2 0.014 R6- -4.736 R8- 2.226",
    "kashikar2021": "R6+ 7.990 R6+.2 0.363 R6+.1/R7+.1/R8+.1/R8+.2/R8+.3 -3.558 R6- -7.990 R8- 2.363",
}


@pytest.mark.parametrize("name", CONTRIBUTIONS)
def test_contributions_by_level(name: str) -> None:
    found = bulk(load_set(name))
    parts = found.contributions()
    words = CONTRIBUTIONS[name].split()
    for level, number in zip(words[::2], words[1::2], strict=True):
        g = "g_h" if level[2] == "-" else "g_e"
        assert parts[g][level] == pytest.approx(float(number), abs=6e-4), level
    for (g, own), value in zip(parts.items(), (found.valence.g(), found.conduction.g()), strict=True):
        assert sum(own.values()) == pytest.approx(value), g


def test_the_pair_of_edges_gives_opposite_shares(hamiltonian: BlochHamiltonian) -> None:
    """R6+ in g_e and R6- in g_h are one momentum element: 4/3 of it over the gap, with opposite sign; E_p to match."""
    found = _bulk_of(hamiltonian)
    hole = next(part for at, _, part in found.valence.contributions if at == found.conduction.energy)
    electron = next(part for at, _, part in found.conduction.contributions if at == found.valence.energy)
    assert electron == pytest.approx(-hole, rel=1e-9)
    assert electron == pytest.approx(2 / 3 * found.kane_energy("R6-") / found.E_g, rel=1e-9)
    upper = next(part for at, _, part in found.valence.contributions if at == found.upper.energy)
    assert upper == pytest.approx(2 / 3 * found.kane_energy("R8-") / (found.E_g + found.Delta), rel=1e-9)


def test_atomic_momentum_moves_g() -> None:
    found = bulk(load_set("nestoklon2023-standin"))
    assert found.valence.atomic_g == pytest.approx(0.22, abs=5e-3)
    assert found.conduction.atomic_g == pytest.approx(1.2, abs=0.05)


def test_band_edges_and_character(standin: Bulk) -> None:
    assert (standin.valence.irrep, standin.conduction.irrep, standin.upper.irrep) == ("R6+", "R6-", "R8-")
    valence = level_near(standin.levels, standin.valence.energy).character
    assert sum(valence.values()) == pytest.approx(1)
    assert valence["Pb s"] + valence["X p"] > 0.9
    conduction = level_near(standin.levels, standin.conduction.energy).character
    assert conduction["Pb p"] > 0.5
    # <sigma_z> of the upper pseudospin: 1 for s-like R6+, -1/3 for p1/2
    assert standin.valence.spin_g / G0 == pytest.approx(1, abs=0.05)
    assert standin.conduction.spin_g / G0 == pytest.approx(-1 / 3, abs=0.01)
    assert sum(level.states.shape[1] for level in standin.levels) == 80


# --- second neighbors ------------------------------------------------------------------------------------------------


def test_first_neighbors_of_a_set_with_second_ones() -> None:
    assert bulk(load_set("kashikar2021"), neighbors=1).E_g == pytest.approx(1.198, abs=5e-4)
    assert bulk(load_set("kashikar2021"), neighbors=2).E_g == bulk(load_set("kashikar2021")).E_g


def test_second_neighbors_of_a_set_without_them_are_refused() -> None:
    with pytest.raises(BandgError, match=r"nestoklon2023-standin has no second-neighbor hopping.*`neighbors=1`"):
        bulk(load_set("nestoklon2023-standin"), neighbors=2)
    with pytest.raises(BandgError, match="neighbors must be 1 or 2, not 3"):
        bulk(load_set("kashikar2021"), neighbors=3)


@pytest.mark.parametrize("name", ["kashikar2021", "kashikar2021-flipped"])
def test_flat_halide_bands(name: str) -> None:
    """Combinations of X p that no Pb can see: 1.58 eV below the valence-band top, at the p energy of X, at every k."""
    found = bulk(load_set(name))
    flat = load_set(name).value("onsite.X.p")
    level = level_near(found.levels, flat)
    assert level.energy == pytest.approx(flat, abs=1e-9)
    assert level.character["X p"] == pytest.approx(1, abs=1e-9)
    assert found.valence.energy - level.energy == pytest.approx(1.58, abs=5e-3)
    for k in np.random.default_rng(0).uniform(-5, 5, (5, 3)):
        energies = np.linalg.eigvalsh(found.hamiltonian.H(k))
        assert np.sum(np.abs(energies - flat) < 1e-9) == 10  # 18 X p less the 8 combinations that Pb s and p reach


def test_printed_and_flipped_sign_agree_at_R() -> None:
    """The s-p hopping between Pb vanishes at R: no energy there sees its sign, and away from R they do."""
    one, other = (BlochHamiltonian.of(load_set(name)) for name in ("kashikar2021", "kashikar2021-flipped"))
    for k, equal in ((one.point("R"), True), (0.8 * one.point("R"), False)):
        difference = np.abs(np.linalg.eigvalsh(one.H(k)) - np.linalg.eigvalsh(other.H(k))).max()
        assert (difference < 1e-12) == equal


def test_only_the_product_of_three_signs_matters() -> None:
    parameters = load_set("kashikar2021")
    signs = ("hopping.Pb-X.s-p", "hopping.Pb-X.p-p.sigma", "hopping.Pb-Pb.s-p")
    for turned in itertools.combinations(signs, 2):
        values = {path: -parameters.value(path) for path in turned}
        if "hopping.Pb-X.p-p.sigma" in turned:
            values["hopping.Pb-X.p-p.pi"] = -parameters.value("hopping.Pb-X.p-p.pi")
        changed = bulk(parameters.with_values(values))
        assert changed.valence.g() == pytest.approx(bulk(parameters).valence.g(), abs=1e-9)
        assert changed.conduction.mass == pytest.approx(bulk(parameters).conduction.mass, abs=1e-9)


# --- H(k) ------------------------------------------------------------------------------------------------------------


def test_bands_are_those_of_the_closed_table() -> None:
    for name in available_sets():
        parameters = load_set(name)
        ours = BlochHamiltonian.of(parameters)
        for k in np.random.default_rng(1).uniform(-6, 6, (4, 3)):
            reference = bloch(parameters.value, orbitals(name), parameters.shells, k * parameters.a_nm / 2)
            np.testing.assert_allclose(ours.H(k), reference, atol=1e-12)


def test_hermitian_time_reversal_and_cubic(hamiltonian: BlochHamiltonian) -> None:
    k = np.array([1.3, -0.7, 2.9])
    H = hamiltonian.H(k)
    np.testing.assert_allclose(H, H.conj().T, atol=1e-13)
    spin = np.kron(np.eye(hamiltonian.dimension // 2), [[0, 1], [-1, 0]])
    np.testing.assert_allclose(spin @ H.conj() @ spin.T, hamiltonian.H(-k), atol=1e-13)
    energies = np.linalg.eigvalsh(H)
    np.testing.assert_allclose(energies[::2], energies[1::2], atol=1e-11)  # Kramers and inversion
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1, -1), repeat=3):
            turned = np.linalg.eigvalsh(hamiltonian.H(np.array(signs) * k[list(order)]))
            np.testing.assert_allclose(turned, energies, atol=1e-11)
    period = 2 * np.pi / hamiltonian.a_nm
    np.testing.assert_allclose(np.linalg.eigvalsh(hamiltonian.H(np.add(k, [period, 0, -period]))), energies, atol=1e-11)


def test_many_k_at_once(hamiltonian: BlochHamiltonian) -> None:
    points = np.random.default_rng(2).uniform(-5, 5, (3, 3))
    together = hamiltonian.H(points)
    for k, H in zip(points, together, strict=True):
        np.testing.assert_allclose(H, hamiltonian.H(k), atol=1e-14)


def test_derivatives_against_finite_differences(hamiltonian: BlochHamiltonian) -> None:
    k, step = np.array([0.4, 3.1, -1.2]), 1e-4
    for a, axis in enumerate(np.eye(3) * step):
        difference = (hamiltonian.H(k + axis) - hamiltonian.H(k - axis)) / (2 * step)
        np.testing.assert_allclose(hamiltonian.dH(k)[a], difference, atol=1e-7)
        second = (hamiltonian.dH(k + axis) - hamiltonian.dH(k - axis)) / (2 * step)
        np.testing.assert_allclose(hamiltonian.d2H(k)[a], second, atol=1e-7)


def test_masses_are_the_curvature_of_the_bands(hamiltonian: BlochHamiltonian) -> None:
    found = _bulk_of(hamiltonian)
    occupied, k, step = occupied_bands(hamiltonian), hamiltonian.point("R"), 0.01
    weights = np.array([-1, 16, -30, 16, -1]) / 12
    for edge, band, sign in ((found.valence, occupied - 1, -1), (found.conduction, occupied, 1)):
        np.testing.assert_allclose(edge.inverse_mass, np.eye(3) / edge.mass, atol=1e-9)  # a cubic doublet
        for direction in ([1, 0, 0], [1, 1, 0], [1, 1, 1], [2, -1, 3]):
            unit = np.array(direction) / np.linalg.norm(direction)
            energies = [np.linalg.eigvalsh(hamiltonian.H(k + n * step * unit))[band] for n in range(-2, 3)]
            curvature = weights @ energies / step**2
            assert sign * curvature / HBAR2_OVER_M0 == pytest.approx(1 / edge.mass, rel=1e-4)


def test_g_from_the_closed_table() -> None:
    """The sum over states with velocities by finite differences of the textbook's H(k); sign from <sigma_z>."""
    for name in available_sets():
        parameters = load_set(name)
        found, tables, a = bulk(parameters), parameters.shells, parameters.a_nm
        point, step = np.full(3, np.pi / 2), 1e-5

        def H(k: NDArray[np.float64], parameters=parameters, tables=tables, name=name) -> NDArray[np.complex128]:
            return bloch(parameters.value, orbitals(name), tables, k)

        energies, states = np.linalg.eigh(H(point))
        sigma_z = np.diag(np.tile([1.0, -1.0], len(energies) // 2))
        velocity = [
            states.conj().T @ (H(point + e) - H(point - e)) @ states / (2 * step) * a / 2 for e in np.eye(3)[:2] * step
        ]
        first = occupied_bands(found.hamiltonian)
        for pair, edge, sign in (
            (slice(first - 2, first), found.valence, 1),
            (slice(first, first + 2), found.conduction, -1),
        ):
            energy = energies[pair].mean()
            others = np.abs(energies - energy) > 1e-6
            weights = 1 / (energy - energies[others])
            x, y = (v[pair][:, others] for v in velocity)
            L = -1j * (x * weights @ y.conj().T - y * weights @ x.conj().T) / HBAR2_OVER_M0
            spin = states[:, pair].conj().T @ sigma_z @ states[:, pair]
            moments, turn = np.linalg.eigh(L + G0 / 2 * spin)
            polarization = np.real(np.diagonal(turn.conj().T @ spin @ turn))
            g = 2 * moments[1] * np.sign(polarization[1]) * sign  # pseudospin up has sigma_z of that sign
            assert g == pytest.approx(edge.g(), abs=1e-6), name


def _bulk_of(hamiltonian: BlochHamiltonian) -> Bulk:
    for name in available_sets():
        parameters = load_set(name)
        if hamiltonian.a_nm == parameters.a_nm and np.array_equal(hamiltonian.vector, parameters.vector):
            return bulk(parameters)
    raise AssertionError("no such set")
