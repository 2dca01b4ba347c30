"""What other programs get: the same Hamiltonian, the same atoms, densities that sum to one."""

from __future__ import annotations

import csv
import pickle
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from bandg.base.errors import BandgError
from bandg.crystal.distortion import distorted
from bandg.crystal.shapes import Nanocrystal, cube, cuboid
from bandg.models.etb.dos import density_of_states, exact_counts
from bandg.models.etb.full import FullSystem, densities, full_system, to_ase, to_kwant, write_atoms, write_matrix
from bandg.models.etb.nanocrystal import compute_levels
from bandg.parameters.loader import load_set

SET = load_set("kashikar2021")
A = SET.a_nm


def crystals() -> dict[str, Nanocrystal]:
    return {
        "cube": cube(2, A),
        "gamma": distorted(cube(2, A), tilt="a-b+a-", angles="9,8"),
        "vacancies": distorted(cuboid((1, 2, 3), A), x_vacancies=0.2, seed=3),
    }


@cache
def system(name: str) -> FullSystem:
    return full_system(SET, crystals()[name])


def kwant_or_skip() -> object:
    try:
        import kwant
    except (ImportError, ValueError) as error:
        pytest.skip(f"kwant cannot be imported: {error}")
    return kwant


@pytest.mark.parametrize("name", crystals())
def test_kwant_has_our_hamiltonian_and_our_atoms(name: str) -> None:
    """Blocks in kwant's own order of the atoms, which its tags tell."""
    kwant_or_skip()
    ours = system(name)
    theirs = to_kwant(ours)
    offsets = ours.reduced.system.offsets
    atoms = [site.tag[0] for site in theirs.sites]
    assert sorted(atoms) == list(range(len(offsets) - 1))
    np.testing.assert_allclose([site.pos for site in theirs.sites], ours.positions_nm[atoms], atol=0)
    assert [site.family.name for site in theirs.sites] == ours.species[atoms].tolist()
    rows = np.concatenate([np.arange(offsets[n], offsets[n + 1]) for n in atoms])
    matrix = sparse.csr_array(theirs.hamiltonian_submatrix(sparse=True))
    assert abs(matrix - ours.hamiltonian[rows][:, rows]).max() < 1e-14
    again = pickle.loads(pickle.dumps(theirs))
    assert abs(again.hamiltonian_submatrix(sparse=True) - matrix).max() == 0


@pytest.mark.parametrize("name", crystals())
def test_a_written_matrix_has_the_spectrum_and_its_basis(name: str, tmp_path: Path) -> None:
    """The levels of the file are those of the blocks; H_so of Pb p read through the table is lambda (L.sigma)."""
    ours = system(name)
    matrix_path, table_path = write_matrix(ours, tmp_path / "nc.npz")
    matrix = sparse.load_npz(matrix_path)
    with table_path.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == matrix.shape[0] and [int(row["index"]) for row in rows] == list(range(len(rows)))
    energies = np.linalg.eigvalsh(matrix.toarray())
    levels = compute_levels(SET, crystals()[name])
    for level in (levels.electron, levels.hole):
        assert np.sum(np.abs(energies - level.energy_eV) < 1e-8) >= 2
    place = {(row["site"], row["orbital"], row["spin"]): int(row["index"]) for row in rows}
    lead = next(row["site"] for row in rows if row["species"] == "Pb")
    x_up, y_up, z_down = (place[lead, *key] for key in (("px", "up"), ("py", "up"), ("pz", "down")))
    strength = SET.value("spin_orbit.Pb.p")
    assert matrix[x_up, y_up] == pytest.approx(-1j * strength)  # <x| L_z |y> = -i
    assert matrix[x_up, z_down] == pytest.approx(strength)  # <x| L_y |z> = i, <up| sigma_y |down> = -i
    assert matrix[place[lead, "s", "up"], place[lead, "s", "up"]] == pytest.approx(SET.value("onsite.Pb.s"))
    positions = {(row["site"]): [float(row[k]) for k in ("x_nm", "y_nm", "z_nm")] for row in rows}
    np.testing.assert_allclose([positions[str(n)] for n in range(len(positions))], ours.positions_nm, atol=1e-8)


@pytest.mark.parametrize("name", crystals())
def test_densities_are_those_of_the_full_eigenvectors(name: str) -> None:
    """Weight on each atom from dense vectors of the whole matrix, summed over the doublet."""
    ours, found = system(name), densities(SET, crystals()[name])
    energies, states = np.linalg.eigh(ours.hamiltonian.toarray())
    for energy, weight in ((found.E_e_eV, found.electron), (found.E_h_eV, found.hole)):
        doublet = np.abs(energies - energy) < 1e-7
        assert doublet.sum() == 2
        atoms = np.add.reduceat((np.abs(states[:, doublet]) ** 2).sum(axis=1) / 2, ours.reduced.system.offsets[:-1])
        np.testing.assert_allclose(weight, atoms, atol=1e-8)
        assert weight.sum() == pytest.approx(1, abs=1e-9)


def test_atoms_go_to_a_file_and_back(tmp_path: Path) -> None:
    pytest.importorskip("ase")
    import ase.io

    from bandg.crystal.files import read_structure
    from bandg.crystal.from_atoms import explicit

    nanocrystal, ours = crystals()["gamma"], system("gamma")
    weights = densities(SET, nanocrystal)
    write_atoms(ours, tmp_path / "nc.extxyz", weights)
    frame = ase.io.read(tmp_path / "nc.extxyz")
    np.testing.assert_allclose(frame.positions / 10, ours.positions_nm, atol=1e-8)
    np.testing.assert_allclose(frame.arrays["hole_density"], weights.hole, atol=1e-7)
    assert frame.info["E_e_eV"] == pytest.approx(weights.E_e_eV)
    atoms = read_structure(tmp_path / "nc.extxyz")
    levels = compute_levels(SET, explicit(atoms, A))
    assert levels.electron.energy_eV == pytest.approx(weights.E_e_eV, abs=1e-6)
    assert len(to_ase(ours)) == len(atoms)


def test_integrated_density_of_states_agrees_with_exact_counts() -> None:
    """Energies inside bands and in gaps; KPM within four standard errors and the states that its kernel smears."""
    kwant_or_skip()
    ours = full_system(SET, cube(3, A))
    found = density_of_states(ours, moments=400, vectors=12, seed=1)
    energies = [-5.0, -3.0, -1.0, 0.3, 3.0, 6.0]
    levels = np.linalg.eigvalsh(ours.hamiltonian.toarray())
    exact = exact_counts(ours, energies)
    assert exact == [int(np.sum(levels < energy)) for energy in energies]
    for energy, count in zip(energies, exact, strict=True):
        mean, error = found.count_below(energy)
        near = np.sum(np.abs(levels - energy) < 2 * found.resolution_eV)
        assert 0 < error < 0.01 * len(levels)
        assert abs(mean - count) < 4 * error + 0.1 * near
    assert np.trapezoid(found.states_per_eV, found.energies_eV) == pytest.approx(len(levels), rel=2e-3)


def test_wrong_files_and_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BandgError, match=r"use \.npz"):
        write_matrix(system("cube"), tmp_path / "nc.mat")
    with pytest.raises(BandgError, match=r"use \.extxyz, \.xyz"):
        write_atoms(system("cube"), tmp_path / "nc.cif")
    with pytest.raises(BandgError, match="10 moments and 2 vectors or more"):
        density_of_states(system("cube"), moments=1)
