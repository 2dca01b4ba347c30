"""Cube files and amplitudes: densities integrate to 1, ASE reads the same, amplitudes solve the Hamiltonian."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from bandg.base.errors import BandgError
from bandg.base.marks import may_replace
from bandg.crystal.shapes import cube
from bandg.models.etb.cube import BOHR_NM, density_grid, write_cubes
from bandg.models.etb.full import Densities, densities_of, full_system, write_amplitudes
from bandg.models.etb.nanocrystal import band_edges
from bandg.parameters.loader import load_set

SET = load_set("kashikar2021")
CRYSTAL = cube(2, SET.a_nm)


@pytest.fixture(scope="module")
def found():
    return full_system(SET, CRYSTAL), *band_edges(SET, CRYSTAL)


@pytest.mark.parametrize("spread", [0.05, 0.15, 0.4])
def test_the_density_integrates_to_the_weights_and_has_their_moments(spread: float) -> None:
    places = np.array([[0.0, 0.0, 0.0], [0.6, 0.1, -0.2], [0.31, 0.62, 0.05]])
    weight = np.array([0.5, 0.3, 0.2])
    density, origin, step = density_grid(places, weight, spread)
    assert density.sum() * step**3 == pytest.approx(1, abs=1e-6)
    axes = [origin[n] + step * np.arange(density.shape[n]) for n in range(3)]
    for n, axis in enumerate(axes):
        along = density.sum(axis=tuple({0, 1, 2} - {n})) * step**3
        assert along @ axis == pytest.approx(weight @ places[:, n], abs=1e-5)
        assert along @ axis**2 == pytest.approx(weight @ places[:, n] ** 2 + spread**2, abs=1e-5)
    peak = density[tuple(round(-origin[n] / step) for n in range(3))]
    assert peak == pytest.approx(weight[0] / (spread * np.sqrt(2 * np.pi)) ** 3, rel=0.35)


def test_ase_reads_the_files(found, tmp_path: Path) -> None:
    pytest.importorskip("ase")
    from ase.io.cube import read_cube
    from ase.units import Bohr

    system, electron, hole = found
    weights = densities_of(electron, hole)
    paths = write_cubes(system, tmp_path / "a.cube", weights)
    for path, weight in zip(paths, (weights.electron, weights.hole), strict=True):
        with path.open() as file:
            read = read_cube(file)
        volume = np.prod(np.diag(read["spacing"])) / Bohr**3
        assert read["data"].sum() * volume == pytest.approx(1, abs=1e-5)
        np.testing.assert_allclose(read["atoms"].positions / 10, system.positions_nm, atol=1e-6)
        assert read["atoms"].get_chemical_symbols() == system.species.tolist()
        density, origin, step = density_grid(system.positions_nm, weight)
        np.testing.assert_allclose(read["data"], density * BOHR_NM**3, rtol=1e-5, atol=1e-30)
        np.testing.assert_allclose(read["origin"] / 10, origin, atol=1e-6)
        assert read["spacing"][1, 1] / 10 == pytest.approx(step, abs=1e-6)
        assert may_replace(path)


def test_amplitudes_are_eigenvectors_in_the_basis_of_the_matrix(found, tmp_path: Path) -> None:
    system, electron, hole = found
    path = write_amplitudes(system, tmp_path / "a.npz", electron, hole)
    assert may_replace(path)
    with np.load(path) as read:
        for name in ("electron", "hole"):
            states, energy = read[name], float(read[f"E_{name[0]}_eV"])
            np.testing.assert_allclose(states.conj() @ states.T, np.eye(2), atol=1e-9)
            np.testing.assert_allclose(system.hamiltonian @ states.T, energy * states.T, atol=1e-7)
        rows = list(zip(read["site"].tolist(), read["orbital"].tolist(), read["spin"].tolist(), strict=True))
        assert rows == [(row[1], row[6], row[7]) for row in system.basis]
        weight = np.bincount(read["site"], (np.abs(read["hole"]) ** 2).sum(axis=0) / 2)
        np.testing.assert_allclose(weight, hole.density, atol=1e-12)


@pytest.mark.parametrize(
    ("spread", "message"),
    [(0, "must be above zero"), (1e-3, "million points: take `spread_nm` of 0."), ("wide", "`spread_nm` must be")],
)
def test_a_spread_that_cannot_be(spread: object, message: str) -> None:
    with pytest.raises(BandgError, match=re.escape(message)):
        density_grid(np.array([[0.0, 0, 0], [1, 1, 1]]), np.ones(2), spread)  # type: ignore[arg-type]


def test_what_is_no_element_has_no_charge(found, tmp_path: Path) -> None:
    system = full_system(SET, CRYSTAL)
    object.__setattr__(system, "symbols", ("Pb", "X"))
    n = len(system.species)
    with pytest.raises(BandgError, match="'X' is no element"):
        write_cubes(system, tmp_path / "a.cube", Densities(np.ones(n) / n, np.ones(n) / n, 1.0, 0.0))
    assert not any(tmp_path.iterdir())
