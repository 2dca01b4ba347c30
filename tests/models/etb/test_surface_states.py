"""Levels that are no band edge, of the halide p shells or of the surface, are told apart and reported."""

from __future__ import annotations

import numpy as np

from bandg.crystal.shapes import cube
from bandg.models.etb.bulk import bulk
from bandg.models.etb.nanocrystal import compute_levels
from bandg.parameters.loader import load_set

STRONG = load_set("bandg-nnn").with_values({"hopping.X-X.p-p.sigma": 0.5})
"""Hopping between halides strong enough for halide p levels between the hole and the bulk edge."""


def test_hole_is_followed_across_levels_in_the_gap() -> None:
    """The hole comes nearer to the bulk edge with every cell, though other levels of its irrep lie between."""
    top = bulk(STRONG).valence.energy
    found = [compute_levels(STRONG, cube(n, STRONG.a_nm, "lead")) for n in (4, 5, 6)]
    depth = np.array([top - one.hole.energy_eV for one in found])
    assert (np.diff(depth) < -0.03).all()
    assert all("nearer to the gap than the band edge" in " ".join(one.warnings) for one in found)
    assert all(one.hole.overlap >= 0.5 for one in found)


def test_levels_in_the_gap_show_what_they_are() -> None:
    """Nearer to the gap than the hole there are pure halide p levels that share nothing with it."""
    found = compute_levels(STRONG, cube(4, STRONG.a_nm, "lead"), levels=3)
    assert all(level.energy_eV > found.hole.energy_eV + 0.1 for level in found.hole_levels)
    assert all(level.overlap < 0.05 and level.character["X p"] > 0.95 for level in found.hole_levels)
    assert found.hole.overlap > 0.7 and found.hole.character["Pb s"] > 0.1


def test_lead_planes_draw_the_electron_to_the_surface() -> None:
    """Pb p levels of a Pb with missing X lie low: the two lowest electron levels show it by their surface weight."""
    parameters = load_set("bandg-nnn-small")
    lead, halide = (compute_levels(parameters, cube(5, parameters.a_nm, end), levels=2) for end in ("lead", "halide"))
    assert all(level.surface_weight > 0.6 for level in lead.electron_levels)
    assert all(level.surface_weight < 0.1 for level in halide.electron_levels)
    assert lead.electron.overlap > 0.5 and not lead.warnings


def test_nothing_lies_before_the_band_edge_of_the_shipped_set() -> None:
    """Of all representations the band edge is the first level, where the strong hopping above puts others before it."""
    parameters = load_set("bandg-nnn")
    found = compute_levels(parameters, cube(6, parameters.a_nm, "lead"), levels=2)
    for edge, levels in ((found.electron, found.electron_levels), (found.hole, found.hole_levels)):
        assert levels[0].energy_eV == edge.energy_eV and levels[0].overlap > 0.9
