"""The whole Hamiltonian as an operator, against the matrix."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bandg.base.errors import BandgError
from bandg.crystal.distortion import distorted
from bandg.crystal.shapes import cube
from bandg.hamiltonian.sites import Terms
from bandg.hamiltonian.whole import WholeHamiltonian
from bandg.models.etb.full import FullSystem
from bandg.models.etb.material import Material
from bandg.models.etb.reduced import reduced_of
from bandg.parameters.loader import load_set


@pytest.mark.parametrize(("name", "neighbors"), [("kashikar2021", 1), ("bandg-cspbi3-nnn", 2)])
def test_it_acts_as_the_matrix_does(name: str, neighbors: int) -> None:
    """Also where the kinds of atoms differ in their number of orbitals; time reversal commutes with it."""
    parameters = load_set(name)
    crystal = distorted(cube(2, parameters.a_nm), tilt="a-b+a-", angles="9,8", surface="X.0=0.1", image="5,2.25")
    reduced = reduced_of(crystal, parameters, Material(parameters).spec(neighbors))
    matrix = FullSystem(reduced, parameters.vector, ()).hamiltonian
    whole = WholeHamiltonian(reduced.system, parameters.vector, reduced.potential(1))
    random = np.random.default_rng(0).standard_normal((2, whole.size))
    psi = random[0] + 1j * random[1]
    np.testing.assert_allclose(whole.apply(psi), matrix @ psi, atol=1e-12)
    reverse = whole.reversed
    np.testing.assert_allclose(whole.apply(reverse(psi)), reverse(whole.apply(psi)), atol=1e-12)
    np.testing.assert_allclose(reverse(reverse(psi)), -psi)


def test_a_hopping_that_turns_the_spin_is_refused() -> None:
    parameters = load_set("kashikar2021")
    system = reduced_of(cube(2, parameters.a_nm), parameters, Material(parameters).spec(1)).system
    first = system.model.bond_terms[0]
    turned = Terms(first.parameters, first.matrices[:, ::-1])
    model = replace(system.model, bond_terms=(turned, *system.model.bond_terms[1:]))
    with pytest.raises(BandgError, match="turn the spin"):
        WholeHamiltonian(replace(system, model=model), parameters.vector)
