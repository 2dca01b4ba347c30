"""Emulators that ship against computed curves that ship."""

import numpy as np
import pytest

from bandg import BandgError, load_set
from bandg.analysis.curves import resolve
from bandg.analysis.emulators.stored import load_emulator, stored_names


@pytest.mark.parametrize("name", [name for name, shape in stored_names() if shape == "cube"])
@pytest.mark.parametrize("end", ["halide", "lead"])
def test_ends_of_the_occupancy_are_the_stored_curves(name, end):
    own = load_emulator(name)
    assert own.made_by["set_sha256"] == load_set(name).digest()
    found = own.evaluate({"occupancy": float(end == "halide")})
    (curve,) = resolve([f"etb:{end}:{name}"])
    at = [int(np.flatnonzero(np.abs(curve.size_nm - size) < 1e-3)[0]) for size in found.size_nm]
    assert found.energy_eV == pytest.approx(curve.energy[at], abs=0.03)
    assert found.g_e == pytest.approx(curve.values["g_e"][at], abs=0.1)
    assert found.g_h == pytest.approx(curve.values["g_h"][at], abs=0.2)


def test_another_set_has_none():
    with pytest.raises(BandgError, match="no emulator of kashikar2021, cube ships with bandg"):
        load_emulator("kashikar2021")
