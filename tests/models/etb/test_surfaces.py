"""What shifts and relaxed bonds at the surface do to cubes: numbers of an independent code, exact relations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bandg.crystal.distortion import distorted
from bandg.crystal.shapes import Nanocrystal, cube
from bandg.data.surfaces import with_surface
from bandg.models.etb.full import full_system
from bandg.models.etb.nanocrystal import compute_levels
from bandg.models.levels import Levels
from bandg.parameters.loader import load_set

STANDIN, FITTED = load_set("nestoklon2023-standin"), load_set("bandg-nnn")

SMALL = load_set("kashikar2021")

# Shifts that the independent code took: of CsI those of the deepest core level, of PbI2 close to the mean of all
CSI, PBI2 = "X.0=0.125,Pb.1=-0.006,X.1=-0.114,X.2=0.025", "X.0=0.517,Pb.0=0.107,X.1=0.036,X.2=0.013"


def values(found: Levels) -> tuple[float, float | None, float | None]:
    return found.electron.energy_eV - found.hole.energy_eV, found.electron.g, found.hole.g


@pytest.mark.parametrize(("surface", "wanted"), [("", (2.2095, 0.7645, 1.2630)), (CSI, (2.2151, 0.8028, 1.3516))])
def test_slab_shifts_in_a_cube_of_five_cells(surface: str, wanted: tuple[float, ...]) -> None:
    crystal = distorted(cube(5, FITTED.a_nm, "halide"), surface=surface)
    assert values(compute_levels(FITTED, crystal)) == pytest.approx(wanted, abs=6e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parameters", "end", "surface", "wanted", "within"),
    [
        (STANDIN, "halide", "", (1.9663, 1.6784, 1.0263), 6e-5),
        (STANDIN, "halide", CSI, (1.9741, 1.7008, 1.0394), 6e-5),
        (STANDIN, "lead", "", (2.0419, 0.7835, 0.5860), 6e-5),
        (STANDIN, "lead", PBI2, (2.0303, 0.9782, 0.3966), 5e-4),
        (FITTED, "lead", "", (1.9835, 1.3964, 0.0181), 6e-5),
        (FITTED, "lead", PBI2, (1.8680, 1.3577, -0.7079), 5e-4),
    ],
)
def test_slab_shifts_in_cubes_of_eight_cells(parameters, end, surface, wanted, within) -> None:  # type: ignore[no-untyped-def]
    crystal = distorted(cube(8, parameters.a_nm, end), surface=surface)
    assert values(compute_levels(parameters, crystal)) == pytest.approx(wanted, abs=within)


def named(crystal: Nanocrystal, surface: str) -> Nanocrystal:
    return replace(crystal, surface=with_surface(crystal, surface, {}))


def test_the_named_slab_is_the_mean_over_the_core_levels() -> None:
    found = values(compute_levels(FITTED, named(cube(5, FITTED.a_nm, "halide"), "slabs")))
    assert found == pytest.approx((2.2145, 0.8031, 1.3541), abs=6e-4)


@pytest.mark.parametrize("end", ["halide", "lead"])
def test_relaxed_levels_are_those_of_the_whole_matrix(end: str) -> None:
    crystal = distorted(cube(2, SMALL.a_nm, end), surface_bonds=-0.06, surface="X.0=0.2,Pb.1=-0.1")
    found = compute_levels(SMALL, crystal)
    energies = np.linalg.eigvalsh(full_system(SMALL, crystal).hamiltonian.toarray())
    for state in (found.electron, found.hole):
        assert np.sum(np.abs(energies - state.energy_eV) < 1e-9) >= state.degeneracy


def test_shorter_bonds_are_a_larger_occupancy() -> None:
    """A bond's hopping times (1 + s)^-2 is the root of an occupancy (1 + s)^-4: exact where no halides hop."""
    crystal, s = cube(2, STANDIN.a_nm, "halide"), -0.05
    assert all(STANDIN.exponents[n] == 2 for n, path in enumerate(STANDIN.paths) if path.startswith("hopping."))
    shorter = compute_levels(STANDIN, distorted(crystal, surface_bonds=s), neighbors=1)
    fuller = compute_levels(STANDIN, replace(crystal, occupancy=(1 + s) ** -4), neighbors=1)
    plain = compute_levels(STANDIN, crystal, neighbors=1)
    for carrier in ("electron", "hole"):
        energy = getattr(shorter, carrier).energy_eV
        assert energy == pytest.approx(getattr(fuller, carrier).energy_eV, abs=1e-9)
        assert abs(energy - getattr(plain, carrier).energy_eV) > 1e-3


def test_relaxed_planes_of_lead_follow_the_distance() -> None:
    """The outermost planes at another distance: energies move with its sign, smoothly."""
    crystal = cube(2, STANDIN.a_nm, "lead")
    found = [values(compute_levels(STANDIN, distorted(crystal, surface_bonds=s)))[0] for s in (-0.02, 0.0, 0.02)]
    first, second = found[1] - found[0], found[2] - found[1]
    assert abs(first) > 1e-3 and first * second > 0 and first == pytest.approx(second, rel=0.2)
