"""The constants that are written in the source, against those of scipy."""

import pytest
from scipy import constants

from bandg.base import units


def test_constants_are_those_of_codata():
    codata = {name: value for name, (value, _, _) in constants.physical_constants.items()}
    assert codata["Bohr magneton in eV/T"] == pytest.approx(units.MU_B, rel=1e-8)
    assert -codata["electron g factor"] == pytest.approx(units.G0, rel=1e-10)
    assert codata["reduced Planck constant in eV s"] * 1e12 == pytest.approx(units.HBAR, rel=1e-12)
    # Hartree energy times Bohr radius squared
    kinetic = codata["Hartree energy in eV"] * (codata["Bohr radius"] * 1e9) ** 2
    assert kinetic == pytest.approx(units.HBAR2_OVER_M0, rel=1e-8)
    # Hartree energy times Bohr radius
    attraction = codata["Hartree energy in eV"] * codata["Bohr radius"] * 1e9
    assert attraction == pytest.approx(units.E2_EV_NM, rel=1e-8)
