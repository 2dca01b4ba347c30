"""Contributions to g from first principles: stored list, momentum sums and what the documentation says."""

from __future__ import annotations

import pytest

from bandg.data.contributions import COUPLED, first_principles, level_share, total_g
from bandg.data.reference import available_references, load_reference


@pytest.mark.parametrize("name", [name for name in available_references() if not name.endswith("_path")])
def test_momentum_sums_give_the_stored_list(name: str) -> None:
    """At the gap of the functional; the list names what is above about 0.02, energies have three digits."""
    bands = load_reference(name)
    for edge, levels in COUPLED.items():
        stored = {band: share for band, _, share in bands.contributions[edge].levels}
        for level in levels:
            known = bands.level(level)
            assert known is not None
            share = stored.get(known.bands[0], 0.0)
            assert level_share(bands, edge, level, (0.0, 0.0)) == pytest.approx(share, rel=2e-3, abs=0.022), level


# g_h and g_e, bare, at the gap given, from README.md of the data
SHIFTED = {
    ("cspbi3_cubic_pbe_soc", 1.65): (-0.89, 2.73),
    ("cspbi3_cubic_mbj_soc", 1.65): (-0.90, 2.97),
    ("cspbi3_cubic_mbjc1654_soc", 1.65): (-0.89, 3.43),
    ("cspbbr3_cubic_mbj_soc", 2.30): (0.24, 2.18),
    ("cspbbr3_cubic_mbj_soc_path", 2.30): (0.24, 2.18),
}


@pytest.mark.parametrize(("name", "gap"), SHIFTED)
def test_g_at_a_shifted_gap(name: str, gap: float) -> None:
    bands = load_reference(name)
    bottom = bands.level("R6-")
    assert bottom is not None
    shift = gap - bottom.energy
    found = [total_g(bands, edge, (shift, shift)) for edge in ("R6+", "R6-")]
    assert found == pytest.approx(SHIFTED[name, gap], abs=0.012)  # what the list sums up as its rest is not scaled


def test_contributions_at_the_gap_of_the_iodide() -> None:
    """The numbers that the fits aim at: mBJ at 1.652 eV."""
    bands, shifts = load_reference("cspbi3_cubic_mbj_soc"), (1.652 - 0.6961, 1.652 - 0.6961)
    electron = {"R6+": 5.28, "R8+.2": -1.85, "R8+.1": -0.37, "R6+.2": 0.36}
    hole = {"R6-": -5.28, "R8-": 1.78, "R6-.1": 0.18}
    for edge, numbers in (("R6-", electron), ("R6+", hole)):
        for level, share in numbers.items():
            assert level_share(bands, edge, level, shifts) == pytest.approx(share, abs=0.006), level
    assert bands.contributions["R6-"].spin == pytest.approx(-0.668, abs=1e-3)
    assert bands.contributions["R6+"].spin == pytest.approx(1.833, abs=1e-3)


def test_corrected_to_the_velocities_of_the_bands() -> None:
    """g_h and g_e "calibrated" of README.md of the data, and parts that add up to the bare ones."""
    for material, gap, wanted in (("CsPbI3", 1.65, (-0.74, 2.60)), ("CsPbBr3", 2.30, (0.47, 1.79))):
        found = first_principles(material, gap)
        assert found is not None
        assert tuple(found.corrected.values()) == pytest.approx(wanted, abs=0.012)
        bands = load_reference(found.reference)
        bottom = bands.level("R6-")
        assert bottom is not None and found.energies["R6-"] == gap
        shifts = (gap - bottom.energy,) * 2
        for g, edge in (("g_h", "R6+"), ("g_e", "R6-")):
            assert sum(found.g[g].values()) == pytest.approx(total_g(bands, edge, shifts))


def test_a_level_that_is_not_there() -> None:
    bands = load_reference("cspbi3_cubic_mbj_soc")
    assert bands.level("R8+.9") is None and level_share(bands, "R6-", "R8+.9", (0.0, 0.0)) is None
