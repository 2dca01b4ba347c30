"""Every solver gives the same nanocrystal, and says by what it was found."""

from __future__ import annotations

from functools import cache

import pytest

from bandg.crystal.distortion import distorted
from bandg.crystal.shapes import Nanocrystal, cube, cuboid
from bandg.models.etb.nanocrystal import compute_levels
from bandg.models.levels import Levels
from bandg.parameters.loader import load_set
from bandg.solvers.registry import installed_solvers

SET = load_set("kashikar2021")


def alloy_like() -> Nanocrystal:
    return distorted(cuboid((2, 3, 3), SET.a_nm), x_vacancies=0.2, seed=5)


@cache
def dense_levels(nanocrystal: Nanocrystal) -> Levels:
    return compute_levels(SET, nanocrystal, solver="dense")


@pytest.mark.parametrize("solver", [name for name in installed_solvers() if name not in ("dense", "near-symmetric")])
@pytest.mark.parametrize(
    "nanocrystal", [cube(5, SET.a_nm, "lead"), distorted(cube(3, SET.a_nm), tilt="a-b+a-", angles="9,8"), alloy_like()]
)
def test_solvers_agree_with_dense(nanocrystal: Nanocrystal, solver: str) -> None:
    dense = dense_levels(nanocrystal)
    other = compute_levels(SET, nanocrystal, solver=solver)
    assert other.solver == solver
    assert other.residual_eV < 1e-8
    for one, two in ((dense.electron, other.electron), (dense.hole, other.hole)):
        assert two.energy_eV == pytest.approx(one.energy_eV, abs=1e-9)
        assert two.g == pytest.approx(one.g, abs=1e-6)
    said = any("counts no levels" in warning for warning in other.warnings)
    assert said == (solver == "iterative")
