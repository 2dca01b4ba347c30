"""Envelope states against closed forms: one-band wells, the Kane sphere, limits; and what keeps spurious states out."""

import numpy as np
import pytest
from kp_example import A_NM, SPHERICAL, C, kp_set
from scipy.optimize import brentq
from scipy.special import spherical_jn

from bandg.base.errors import BandgError
from bandg.base.units import G0
from bandg.crystal.shapes import cube, sphere
from bandg.models.kp import envelope, laws
from bandg.models.kp.ball import ball_block
from bandg.models.kp.basis import interval
from bandg.models.kp.box import adapted, box_block, full_group
from bandg.models.kp.envelope import Barrier, compute_levels, elliptic
from bandg.models.kp.matrices import DEFAULTS, numeric
from bandg.models.kp.sets import load_kp


@pytest.fixture(scope="module")
def standin():
    return load_kp("nestoklon2023-standin")


def test_the_test_set_is_invariant_under_rotations():
    model = numeric(SPHERICAL)
    along = [np.array(d) / np.linalg.norm(d) for d in ([0, 0, 1], [1, 1, 1], [3, -1, 2])]
    bands = [np.linalg.eigvalsh(model.H(2.0 * d)) for d in along]
    assert np.ptp(bands, axis=0).max() < 1e-12
    skew = numeric(SPHERICAL | {"b_T": 1.0})
    assert np.ptp([np.linalg.eigvalsh(skew.H(2.0 * d)) for d in along], axis=0).max() > 1e-2


@pytest.mark.parametrize(
    ("crystal", "wave"), [(cube(8, A_NM), 3 * (np.pi / 4.8) ** 2), (sphere(5.0, A_NM), (np.pi / 2.5) ** 2)]
)
def test_one_band_in_a_box(crystal, wave):
    """Without momentum elements the bands are free: E = a hbar^2 k^2 / 2 m0, and g is that of the Bloch function."""
    found = compute_levels(kp_set(P6=0.0, P8=0.0, d_E=0.0, d_T=0.0, kappa_68=0.0), crystal)
    assert found.hole.energy_eV == pytest.approx(-3 * C * wave, rel=1e-9)
    assert found.electron.energy_eV == pytest.approx(1.5 + 3 * C * wave, rel=1e-9)
    assert found.hole.g == pytest.approx(G0 - 0.1, abs=1e-9)
    assert found.electron.g == pytest.approx(-G0 / 3 - 1, abs=1e-9)
    assert found.hole.character == pytest.approx({"R6+": 1.0, "R6-": 0.0, "R8-": 0.0}, abs=1e-9)


def test_one_band_in_a_spherical_well_of_glass():
    """k cot(k R) = -kappa with one mass throughout; the weight outside follows from the wave."""
    radius, height, mass = 2.5, 3.0, 3 * C
    k = brentq(
        lambda k: k / np.tan(k * radius) + np.sqrt(height / mass - k * k), 0.55 * np.pi / radius, 0.999 * np.pi / radius
    )
    kappa = np.sqrt(height / mass - k * k)
    inside = radius / 2 - np.sin(2 * k * radius) / (4 * k)
    outside = np.sin(k * radius) ** 2 / (2 * kappa)
    found = compute_levels(kp_set(P6=0.0, P8=0.0, d_E=0.0, d_T=0.0), sphere(2 * radius, A_NM), Barrier(height, height))
    assert found.electron.energy_eV == pytest.approx(1.5 + mass * k * k, abs=2e-4)
    assert found.hole.energy_eV == pytest.approx(-mass * k * k, abs=2e-4)
    assert found.hole.extra["glass_weight"][0] == pytest.approx(outside / (inside + outside), rel=0.02)


def secular_determinant(model, parity, radius, energy):
    """Of F = 1/2 in a hard-wall sphere, from plane waves alone; zero at a level.

    For k along z the three bands with m = 1/2 mix. The three k of one energy make spherical Bessel functions j_l(k r),
    and a sum of the three must vanish at the radius in every band.
    """
    rows = np.ix_([0, 2, 5], [0, 2, 5])
    h0, h1, h2 = model.h0[rows] - energy * np.eye(3), model.h1[2][rows], model.h2[2, 2][rows]
    companion = np.block([[np.zeros((3, 3)), np.eye(3)], [-np.linalg.solve(h2, h0), -np.linalg.solve(h2, h1)]])
    pairs = np.linalg.eigvals(companion)  # k and -k
    waves = pairs[np.lexsort((np.round(pairs.real + pairs.imag, 9), np.round((pairs * pairs).real, 9)))][1::2]
    columns = []
    for k in waves:
        bands = np.linalg.svd(h0 + k * h1 + k * k * h2)[2][-1].conj()
        column = bands * [spherical_jn(l, complex(k * radius)) for l in {"6+": (0, 1, 1), "6-": (1, 0, 2)}[parity]]
        columns.append(column / np.linalg.norm(column))
    return abs(np.linalg.det(np.array(columns)))


@pytest.mark.parametrize(("parity", "carrier"), [("6+", "hole"), ("6-", "electron")])
def test_the_kane_sphere_against_its_secular_equation(parity, carrier):
    found = getattr(compute_levels(kp_set(), sphere(4.0, A_NM)), carrier).energy_eV
    model = numeric(SPHERICAL)

    def determinant(energy):
        return secular_determinant(model, parity, 2.0, energy)

    offsets = np.array([-1e-3, -1e-4, 1e-4, 1e-3])
    around = np.array([determinant(found + offset) for offset in offsets])
    assert determinant(found) < 1e-3 * around.max()  # a root, linear on both sides
    assert around[0] / around[1] == pytest.approx(10, rel=0.05)
    assert around[3] / around[2] == pytest.approx(10, rel=0.05)
    # and no root lies between it and the band edge
    edge = 0.0 if carrier == "hole" else 1.5
    between = np.linspace(edge, found, 60)[1:-1]
    values = np.array([determinant(energy) for energy in between])
    assert values.min() > 0
    dips = (values[1:-1] < 0.2 * values[:-2]) & (values[1:-1] < 0.2 * values[2:])
    assert not dips.any()


@pytest.mark.parametrize("crystal", [cube(7, A_NM), sphere(4.2, A_NM)])
def test_without_spin_orbit_coupling_the_hole_has_the_spin_of_a_free_electron(crystal):
    """Delta -> 0 with one momentum element: spin is conserved, and a nondegenerate orbital has no moment."""
    free = {"Delta": 1e-9, "P8": 0.25, "dg_v": 0.0, "kappa": 0.0, "kappa_68": 0.0, "dg_c": 0.0}
    tied = {"b_E": 0.6, "b_T": 0.3, "d_E": 0.6, "d_T": 0.3}
    assert compute_levels(kp_set(**free, **tied), crystal).hole.g == pytest.approx(G0, abs=1e-6)


def test_a_far_split_off_band_leaves_the_two_band_model():
    crystal = sphere(4.2, A_NM)
    alone = compute_levels(kp_set(P8=0.0, d_E=0.0, d_T=0.0, kappa_68=0.0), crystal)
    errors = []
    for delta in (1e3, 1e4):
        far = compute_levels(kp_set(Delta=delta), crystal)
        errors.append(
            [abs(far.hole.energy_eV - alone.hole.energy_eV), abs(far.electron.energy_eV - alone.electron.energy_eV),
             abs(far.hole.g - alone.hole.g), abs(far.electron.g - alone.electron.g)]
        )  # fmt: skip
    # hbar^2 k^2 P8^2 / Delta: first order in 1 / Delta
    assert np.array(errors[0]) / errors[1] == pytest.approx(np.full(4, 10.0), rel=0.1)


def test_large_spheres_have_the_bulk_g(standin):
    """The deviation falls as 1 / size^2."""
    bulk = {"hole": laws.evaluate("v", standin.values), "electron": laws.evaluate("c", standin.values)}
    near, far = (compute_levels(standin, sphere(size, 0.6289)) for size in (60.0, 120.0))
    for carrier, g in bulk.items():
        rest = [abs(getattr(found, carrier).g - g) for found in (near, far)]
        assert rest[0] < 0.1
        assert rest[0] / rest[1] == pytest.approx(4, rel=0.25)


def g_and_energy(values, name, length, count, barrier=None):
    """A band edge of a cube with `count` functions an edge, whatever `functions_along` says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(envelope, "functions_along", lambda _: count)
        state = envelope._in_cube(tuple(sorted(values.items())), name, length, barrier)
    return np.array([state.energy, 2 * (state.orbital + state.zeeman)])


@pytest.mark.parametrize(
    ("length", "barrier", "more", "carriers"),
    [
        (4.0, None, 4, ("hole", "electron")),
        (3.0, Barrier(3.0, 3.0), 2, ("hole",)),
        pytest.param(16.0, None, 4, ("hole", "electron"), marks=pytest.mark.slow),
        pytest.param(3.0, Barrier(3.0, 3.0), 2, ("electron",), marks=pytest.mark.slow),
        pytest.param(6.0, Barrier(3.0, 3.0), 4, ("hole", "electron"), marks=pytest.mark.slow),
    ],
)
def test_the_basis_has_converged(length, barrier, more, carriers, standin):
    values, _ = elliptic(standin.values)
    count = envelope.functions_along(length)
    for name in carriers:
        ours, finer = (g_and_energy(values, name, length, n, barrier) for n in (count, count + more))
        assert abs(finer[0] - ours[0]) < (5e-5 if barrier is None else 3e-4)
        assert abs(finer[1] - ours[1]) < (1.5e-3 if barrier is None else 6e-3)


def test_high_barriers_tend_to_a_hard_wall():
    """The rest falls as the root of the barrier, as the depth of the wave in it does."""
    model = numeric(SPHERICAL)
    wall = np.linalg.eigvalsh(ball_block(model, "6+", 2.5, 30).matrix)
    top = wall[wall < 0.5].max()
    rest = []
    for height in (1e3, 1e4, 1e5):
        bands = np.array([-height] * 2 + [height] * 6)
        levels = np.linalg.eigvalsh(ball_block(model, "6+", 2.5, 40, bands, 8 * np.sqrt(3 * C / height), 10).matrix)
        rest.append(abs(levels[levels < 0.5].max() - top))
    assert rest[0] > rest[1] > rest[2]
    assert rest[0] / rest[1] == pytest.approx(np.sqrt(10), rel=0.2)
    assert rest[1] / rest[2] == pytest.approx(np.sqrt(10), rel=0.2)


def test_glass_lets_the_wave_out_and_g_moves(standin):
    crystal = sphere(5.0, 0.6289)
    hard, low, high = (compute_levels(standin, crystal, b) for b in (None, Barrier(2.0, 2.0), Barrier(8.0, 8.0)))
    assert hard.hole.extra["glass_weight"][0] == 0
    assert low.hole.extra["glass_weight"][0] > high.hole.extra["glass_weight"][0] > 1e-3
    assert low.electron.energy_eV < high.electron.energy_eV


def electrons(values, count):
    """Levels of 6- above mid-gap in a cube of 4 nm, ascending."""
    energies = np.linalg.eigvalsh(box_block(numeric(values), interval(count, 4.0), "6-").at(1.0).toarray())
    return energies[energies > values["E_v"] + values["E_g"] / 2]


def test_terms_that_are_not_elliptic_bring_short_waves_into_the_gap(standin):
    """The more functions, the deeper short waves fall, among the levels and soon into the gap. With a_8 raised none."""
    raw, (values, raised) = DEFAULTS | standin.values, elliptic(standin.values)
    assert 0 < raised < 0.2
    assert np.linalg.eigvalsh(envelope._forms(numeric(raw))).min() < 0
    assert np.linalg.eigvalsh(envelope._forms(numeric(values))).min() == pytest.approx(envelope.ELLIPTICITY)
    worse = raw | {"a_8": raw["a_8"] - 0.2}
    coarse, fine = ([electrons(v, n)[:3] for v in (values, raw, worse)] for n in (10, 14))
    assert fine[0] == pytest.approx(coarse[0], abs=5e-4)
    assert fine[1][:1] == pytest.approx(coarse[1][:1], abs=5e-4)
    assert coarse[1][2] - fine[1][2] > 0.02  # the third level of the set as extracted
    assert fine[2][0] < raw["E_v"] + raw["E_g"] - 0.5


def test_raising_a_8_leaves_bulk_g_and_masses_alone(standin):
    values, _ = elliptic(standin.values)
    for edge in ("v", "c"):
        assert laws.evaluate(edge, values) == laws.evaluate(edge, standin.values)
        assert laws.mass(edge, values) == laws.mass(edge, standin.values)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"a_v": 1.0}, "a_v = 1 must be negative"), ({"a_6": -0.1}, "must be positive"), ({"a_8": -5.0}, "too small by")],
)
def test_what_cannot_be_confined_is_refused(changes, message):
    with pytest.raises(BandgError, match=message):
        compute_levels(kp_set(**changes), cube(7, A_NM))


def test_a_barrier_out_of_range_is_refused():
    with pytest.raises(BandgError, match=r"0\.5\.\.100 eV"):
        Barrier(0.0, 3.0)


def test_functions_of_the_cube_are_orthonormal_and_all_there():
    count, functions = 4, 0
    for irrep in full_group().irreps:
        basis = adapted(count, irrep.label)
        assert abs(basis.conj().T @ basis - np.eye(basis.shape[1])).max() < 1e-13
        functions += irrep.dimension * basis.shape[1]
    assert functions == 8 * count**3
