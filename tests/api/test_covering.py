"""Sizes follow from energies: the curve covers the range with no size too many."""

from __future__ import annotations

import pytest

import bandg
from bandg.api.covering import covering, energy_range
from bandg.base.errors import BandgError


@pytest.mark.parametrize("power", [1.3, 2.0])
@pytest.mark.parametrize(("lower", "upper"), [(1.66, 2.0), (1.7, 1.7), (1.68, 2.4), (1.9, 2.5)])
@pytest.mark.parametrize("gap", [1.65, None])
def test_the_law_is_inverted(power: float, lower: float, upper: float, gap: float | None) -> None:
    def energy(cells: int) -> float:
        return 1.65 + 5 / cells**power

    tried = []

    def energies(cells: int) -> tuple[float, float]:
        tried.append(cells)
        return energy(cells), energy(cells) + 0.002

    if energy(40) + 0.002 > lower:
        with pytest.raises(BandgError, match=f"begins at {lower:g} eV, and 40 cells have"):
            covering(lower, upper, energies, gap)
        return
    few, many = covering(lower, upper, energies, gap)
    assert energy(few) >= upper > energy(few + 1)
    assert energy(many) + 0.002 <= lower < energy(many - 1) + 0.002
    assert len(tried) == len(set(tried))


@pytest.mark.parametrize("gap", [1.652, None])
@pytest.mark.parametrize(("lower", "upper"), [(1.69, 2.25), (1.75, 2.1), (1.68, 2.3), (1.911, 1.911)])
def test_few_nanocrystals_are_tried_and_none_that_is_far_too_large(lower: float, upper: float, gap: float | None):
    """The law is within 5 meV of the default set: 2.2973 eV at 5 cells, 1.9765 at 8, 1.6997 at 25."""
    tried = []

    def energies(cells: int) -> tuple[float, float]:
        tried.append(cells)
        return (1.652 + (0.41 + 0.1668 * cells) ** -2,) * 2

    _, many = covering(lower, upper, energies, gap)
    assert len(tried) <= 8
    assert max(tried) <= max(many + 1, 8)


def test_energies_that_no_nanocrystal_has() -> None:
    law = {n: (1.65 + 9 / n**2,) * 2 for n in range(2, 41)}
    with pytest.raises(BandgError, match=r"`energy` begins at 1.6 eV, and the gap of the bulk is 1.65 eV: begin above"):
        covering(1.6, 2, law.__getitem__, 1.65)
    with pytest.raises(BandgError, match=r"`energy` ends at 5 eV, and 2 cells have 3.9 eV: end below it"):
        covering(1.8, 5, law.__getitem__, 1.65)


def test_what_a_range_may_be() -> None:
    assert energy_range("1.69..2.25eV") == energy_range((1.69, 2.25)) == energy_range("1690meV..2250meV")
    assert energy_range("1,69..2,25eV") == energy_range("1.69..2.25eV")
    assert energy_range(1.911) == energy_range("1.911eV") == (1.911, 1.911)
    for wrong, message in (
        ("1.69..2.25", "has no unit"),
        ("2.25..1.69eV", "is reversed"),
        ("1.69..2.25eV:0.1eV", "has a step"),
        ((2.25, 1.69), "must be above zero and rise"),
        ((1, 2, 3), "one energy or a pair"),
        (0.0, "above zero"),
    ):
        with pytest.raises(BandgError, match=message):
            energy_range(wrong)


def test_compute_takes_the_sizes_of_a_range() -> None:
    own = {"set": "nestoklon2023-standin", "run": bandg.Run(workers=1)}
    found = bandg.compute(energy="2.3..2.6eV", **own)
    energies = found["E_gap_eV"].values
    assert energies[0] >= 2.6 > energies[1] and energies[-2] > 2.3 >= energies[-1]
    pair = bandg.compute(energy="2.3..2.6eV", exciton="haken", **own)
    assert pair["E_exciton_eV"].values[0] >= 2.6 and pair["E_exciton_eV"].values[-1] <= 2.3
    assert pair["cells"].values[-1] < found["cells"].values[-1]
    with pytest.raises(BandgError, match="`size` and `energy` both choose the sizes"):
        bandg.compute("4nm", energy="2.3..2.6eV", **own)
    with pytest.raises(BandgError, match="a cuboid has three: give `size`"):
        bandg.compute(energy="2.3..2.6eV", shape="cuboid", **own)
