"""The Hamiltonian of a nanocrystal against a kwant.Builder system made from the closed Slater-Koster table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from textbook import FULL, SMALL, Shells, bond, cube_sites, dimension, neighbors, onsite

from bandg.crystal.shapes import cube
from bandg.hamiltonian.sites import SiteSystem
from bandg.models.etb.local import local_model
from bandg.parameters.loader import load_set
from bandg.parameters.sets import ParameterSet

try:
    import kwant
except (ImportError, ValueError) as error:  # a build against another numpy says "dtype size changed", a ValueError
    pytest.skip(f"the oracle needs kwant, which cannot be imported here: {error}", allow_module_level=True)

HEAD = '[defaults]\nunit = "eV"\nsource = "test"\nstatus = "assumed"\n[hopping.X-X]\n'
FULL_XX = f"""schema = 1
name = "full-xx"
base = "nestoklon2023-standin"
{HEAD}"s-s" = -0.021
"s-p" = 0.083
"p-p.sigma" = 0.31
"p-p.pi" = -0.047
"""
SMALL_XX = f"""schema = 1
name = "small-xx"
base = "kashikar2021-flipped"
{HEAD}"p-p.sigma" = 0.27
"p-p.pi" = -0.061
"""
SETS = {
    "nestoklon2023-standin": (FULL, None),
    "kashikar2021": (SMALL, None),
    "full-xx": (FULL, FULL_XX),
    "small-xx": (SMALL, SMALL_XX),
    "random": (FULL, FULL_XX),  # no integral vanishes, as many do in the sets
}


def load(name: str, folder: Path) -> tuple[ParameterSet, Shells]:
    shells, text = SETS[name]
    if text is None:
        return load_set(name), shells
    path = folder / f"{name}.toml"
    path.write_text(text)
    parameters = load_set(str(path))
    if name == "random":
        values = np.random.default_rng(5).uniform(-2, 2, len(parameters.paths))
        parameters = parameters.with_values(dict(zip(parameters.paths, values.tolist(), strict=True)))
    return parameters, shells


def kwant_matrix(parameters: ParameterSet, shells: Shells, cells: int, termination: str) -> tuple[Any, Any]:
    """The matrix of the finalized system, and its sites as (coordinates, species) in kwant's order."""
    families = {
        kind: kwant.lattice.Monatomic(np.eye(3), name=kind, norbs=dimension(shells[kind])) for kind in ("Pb", "X")
    }
    system = kwant.Builder()
    species = cube_sites(cells, termination)
    for place, kind in species.items():
        system[families[kind](*place)] = onsite(parameters.value, shells, kind)
    for place, kind in species.items():
        for other, vector in neighbors(kind, parameters.shells):
            end = tuple(int(x) for x in np.add(place, vector))
            if species.get(end) == other and place < end:  # kwant adds the other half itself
                hop = bond(parameters.value, shells, kind, other, np.array(vector))
                system[families[kind](*place), families[other](*end)] = hop
    finalized = system.finalized()
    order = [(tuple(site.tag), site.family.name) for site in finalized.sites]
    return finalized.hamiltonian_submatrix(sparse=True).tocsr(), order


@pytest.mark.parametrize("termination", ["halide", "lead"])
@pytest.mark.parametrize("cells", [2, 3])
@pytest.mark.parametrize("name", SETS)
def test_hamiltonian_is_that_of_kwant(name: str, cells: int, termination: str, tmp_path: Path) -> None:
    parameters, shells = load(name, tmp_path)
    nanocrystal = cube(cells, parameters.a_nm, termination)
    system = SiteSystem(local_model(parameters), *nanocrystal.sites(), parameters.a_nm / 2)
    ours = system.hamiltonian().at(parameters.vector)

    reference, order = kwant_matrix(parameters, shells, cells, termination)
    number = {place: k for k, (place, _) in enumerate(order)}
    sizes = np.array([dimension(shells[kind]) for _, kind in order])
    starts = np.concatenate([[0], np.cumsum(sizes)])
    assert reference.shape == ours.shape == (starts[-1],) * 2
    taken = []
    for coordinates, kind in zip(system.coordinates.tolist(), system.kind, strict=True):
        k = number[tuple(coordinates)]
        assert order[k][1] == ("Pb", "X")[kind]
        taken.append(np.arange(starts[k], starts[k + 1]))
    taken = np.concatenate(taken)
    reference = reference[taken][:, taken]
    assert abs(sparse.csr_array(reference) - ours).max() < 1e-12
    assert (abs(ours) > 1e-12).sum() == (abs(reference) > 1e-12).sum() > 500  # and something was compared
