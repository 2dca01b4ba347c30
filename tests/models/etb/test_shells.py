"""Second neighbors: each integral acts by its own dotted path, on its own bonds, in bulk and in nanocrystals."""

from __future__ import annotations

import numpy as np
import pytest

from bandg.crystal.shapes import cube
from bandg.hamiltonian.sites import SiteSystem
from bandg.models.etb.bloch import BlochHamiltonian
from bandg.models.etb.bulk import bulk
from bandg.models.etb.local import local_model
from bandg.models.etb.nanocrystal import compute_levels
from bandg.parameters.loader import load_set
from bandg.parameters.sets import ParameterSet

INTEGRALS = ("s-s", "s-p", "p-p.sigma", "p-p.pi")
BASE = "nestoklon2023-standin"


@pytest.fixture(scope="module")
def switched_off(tmp_path_factory: pytest.TempPathFactory) -> ParameterSet:
    """The default set with both tables of second neighbors, every integral of them 0."""
    path = tmp_path_factory.mktemp("sets") / "off.toml"
    tables = "".join(
        f"[hopping.{table}]\n" + "".join(f'"{name}" = 0.0\n' for name in INTEGRALS) for table in ("X-X", "Pb-Pb")
    )
    head = '[defaults]\nunit = "eV"\nsource = "test"\nstatus = "assumed"\n'
    path.write_text(f'schema = 1\nname = "off"\nbase = "{BASE}"\n{head}{tables}')
    return load_set(str(path))


@pytest.mark.parametrize("termination", ["halide", "lead"])
@pytest.mark.parametrize("table", ["X-X", "Pb-Pb"])
def test_each_integral_acts_on_the_bonds_of_its_shell_alone(
    switched_off: ParameterSet, table: str, termination: str
) -> None:
    """Its matrix has elements between the two shells only, on every pair of atoms at the right distance."""
    nanocrystal = cube(3, switched_off.a_nm, termination)
    system = SiteSystem(local_model(switched_off), *nanocrystal.sites(), switched_off.a_nm / 2)
    matrix = system.hamiltonian()
    zero = matrix.at(switched_off.vector)
    kind = ("Pb", "X").index(table.partition("-")[0])
    own = np.flatnonzero(system.kind == kind)
    squared = np.sum((system.coordinates[own, None] - system.coordinates[None, own]) ** 2, axis=-1)
    pairs = {tuple(pair) for pair in own[np.argwhere(squared == (2 if table == "X-X" else 4))].tolist()}
    assert pairs
    orbital_of = np.concatenate([np.arange(system.dimensions[k]) for k in system.kind])
    site_of = np.repeat(np.arange(system.n_sites), system.dimensions[system.kind])
    space = system.model.spaces[kind]
    shell_of = [shell for shell in space.shells for _ in space.labels[space.shell_slice(shell)] for _ in range(2)]
    for name in INTEGRALS:
        change = (matrix.at(switched_off.with_values({f"hopping.{table}.{name}": 0.1}).vector) - zero).tocoo()
        kept = np.abs(change.data) > 1e-12
        rows, columns = change.row[kept], change.col[kept]
        found = set(zip(site_of[rows].tolist(), site_of[columns].tolist(), strict=True))
        assert found == pairs, name
        shells = {
            tuple(sorted((shell_of[orbital_of[a]], shell_of[orbital_of[b]])))
            for a, b in zip(rows, columns, strict=True)
        }
        assert shells == {tuple(sorted(name.partition(".")[0].split("-")))}


def test_switched_off_tables_change_nothing(switched_off: ParameterSet) -> None:
    plain = load_set(BASE)
    k = np.array([[1.0, 2.0, 3.0], [5.0, 0.4, 2.2]])
    assert np.abs(BlochHamiltonian.of(switched_off).H(k) - BlochHamiltonian.of(plain).H(k)).max() < 1e-14
    for termination in ("halide", "lead"):
        found = [compute_levels(one, cube(3, one.a_nm, termination)) for one in (switched_off, plain)]
        assert found[0].hole.energy_eV == pytest.approx(found[1].hole.energy_eV, abs=1e-9)
        assert found[0].hole.g == pytest.approx(found[1].hole.g, abs=1e-7)


def test_each_integral_moves_bulk_and_nanocrystals(switched_off: ParameterSet) -> None:
    """By its path in both; X s-p does not act on the band edges at R, where X s is odd and X p even."""
    k = np.array([1.0, 2.0, 3.0])
    before = np.linalg.eigvalsh(BlochHamiltonian.of(switched_off).H(k))
    for table in ("X-X", "Pb-Pb"):
        for name in INTEGRALS:
            changed = switched_off.with_values({f"hopping.{table}.{name}": 0.05})
            assert np.abs(np.linalg.eigvalsh(BlochHamiltonian.of(changed).H(k)) - before).max() > 1e-3, (table, name)
    edge = bulk(switched_off)
    moved = bulk(switched_off.with_values({"hopping.X-X.s-p": 0.05}))
    assert moved.valence.energy == pytest.approx(edge.valence.energy, abs=1e-9)
    assert moved.conduction.energy == pytest.approx(edge.conduction.energy, abs=1e-9)
    for termination in ("halide", "lead"):
        crystal = cube(3, switched_off.a_nm, termination)
        first = compute_levels(switched_off, crystal)
        for path in ("hopping.X-X.p-p.sigma", "hopping.X-X.p-p.pi", "hopping.Pb-Pb.s-s", "hopping.Pb-Pb.s-p"):
            second = compute_levels(switched_off.with_values({path: 0.05}), crystal)
            assert abs(second.hole.energy_eV - first.hole.energy_eV) > 1e-4, (path, termination)
