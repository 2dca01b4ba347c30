"""What two parameter sets make a material of: a gap in common, and a share between 0 and 1."""

import pytest

from bandg.base.errors import BandgError
from bandg.models.etb.material import Material
from bandg.parameters.loader import load_set


@pytest.mark.parametrize("offset", [5.0, -5.0])
def test_an_offset_without_a_gap_in_common_is_refused(offset):
    """The search for the band edges of such a mixture had no end."""
    sets = (load_set(name) for name in ("kashikar2021", "kashikar2021-cspbbr3"))
    material = Material(*sets, offset)
    with pytest.raises(BandgError, match=r"offset of -?5 eV leaves kashikar2021 and kashikar2021-cspbbr3 no gap"):
        material.shift_eV(1)


@pytest.mark.parametrize("fraction", [-1.0, 30.0])
def test_a_share_beyond_the_whole_is_named(fraction):
    with pytest.raises(BandgError, match="`fraction` must lie between 0 and 1"):
        Material(load_set("kashikar2021"), load_set("kashikar2021-cspbbr3"), -0.3).lattice_nm(fraction)
