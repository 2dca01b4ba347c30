"""Onsite shifts near the surface: exact reduction, derivatives, and a uniform shift."""

from __future__ import annotations

import numpy as np
import pytest

from bandg.base.errors import BandgError
from bandg.crystal.distortion import distorted
from bandg.crystal.shapes import cube, sphere
from bandg.models.dielectric import self_energy
from bandg.models.etb.derivatives import derivatives
from bandg.models.etb.full import full_system
from bandg.models.etb.nanocrystal import compute_levels
from bandg.parameters.loader import load_set

SET = load_set("kashikar2021")
A = SET.a_nm
SHIFTS = "X.0=0.21,X.1=-0.11,Pb.1=-0.07"


@pytest.mark.parametrize(
    "crystal",
    [
        distorted(cube(2, A), surface=SHIFTS),
        distorted(sphere(1.5, A), surface=SHIFTS),
        distorted(cube(2, A), surface=SHIFTS, tilt="a0a0c+", angles="6"),
        distorted(cube(2, A), surface=SHIFTS, x_vacancies=0.4, seed=3),
    ],
    ids=["cube", "sphere", "tilted", "vacancies"],
)
def test_shifted_levels_are_those_of_the_whole_matrix(crystal):  # type: ignore[no-untyped-def]
    found = compute_levels(SET, crystal, levels=3)
    energies = np.linalg.eigvalsh(full_system(SET, crystal).hamiltonian.toarray())
    for state in (found.electron, found.hole, *found.electron_levels, *found.hole_levels):
        assert np.sum(np.abs(energies - state.energy_eV) < 1e-9) >= state.degeneracy


def test_a_shift_of_every_atom_moves_every_level_and_no_g():  # type: ignore[no-untyped-def]
    crystal = cube(3, A)
    every = ",".join(f"{kind}.{plane}=0.3" for kind in ("Pb", "X") for plane in range(4))
    plain, moved = (compute_levels(SET, one) for one in (crystal, distorted(crystal, surface=every)))
    for before, after in ((plain.electron, moved.electron), (plain.hole, moved.hole)):
        assert after.energy_eV - before.energy_eV == pytest.approx(0.3, abs=1e-9)
        assert after.g == pytest.approx(before.g, abs=1e-8)


@pytest.mark.parametrize("options", [{"surface": SHIFTS}, {"image": "5,2.25"}], ids=["shifts", "image"])
def test_derivatives_are_those_of_finite_differences(options):  # type: ignore[no-untyped-def]
    crystal, path, step = distorted(cube(2, A), **options), "onsite.Pb.p", 1e-4
    found = derivatives(SET, crystal)
    ends = [compute_levels(SET.with_values({path: SET.value(path) + s}, source="test"), crystal) for s in (step, -step)]
    for quantity, of in (("g_h", lambda one: one.hole.g), ("g_e", lambda one: one.electron.g)):
        slope = found.gradient(quantity)[found.paths.index(path)]
        assert slope == pytest.approx((of(ends[0]) - of(ends[1])) / (2 * step), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("crystal", [cube(2, A), sphere(1.5, A)], ids=["cube", "sphere"])
def test_the_image_self_energy_is_added_for_the_electron_and_taken_from_the_hole(crystal):  # type: ignore[no-untyped-def]
    found = compute_levels(SET, distorted(crystal, image="5,2.25"), levels=2)
    system = full_system(SET, crystal)
    energy = self_energy(crystal, system.positions_nm, 5, 2.25)
    lift = np.diag(np.repeat(energy, np.diff(system.reduced.system.offsets)))
    for sign, states in ((1, (found.electron, *found.electron_levels)), (-1, (found.hole, *found.hole_levels))):
        energies = np.linalg.eigvalsh(system.hamiltonian.toarray() + sign * lift)
        for state in states:
            assert np.sum(np.abs(energies - state.energy_eV) < 1e-9) >= state.degeneracy


def test_a_whole_hamiltonian_with_image_charges_is_refused():  # type: ignore[no-untyped-def]
    with pytest.raises(BandgError, match="different Hamiltonians"):
        full_system(SET, distorted(cube(2, A), image="5,2.25"))
