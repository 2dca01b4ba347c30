"""What first principles say of g at R level by level, at any gap: the conduction bands are shifted rigidly.

The contribution of a level is `SHARE_OF_G` of its momentum sum over the difference of the energies. Momentum sums are
kept and energies are shifted. The sums are the bare ones of the reference, which are too large (see its README).
"""

from __future__ import annotations

from bandg.data.bands import ReferenceBands

Shifts = tuple[float, float]
"""Rigid shifts in eV of the lowest conduction band and of all others."""

SHARE_OF_G = {"R6": 2 / 3, "R8": -1 / 3}
"""Contribution of a level to g of R6+ or R6-, times E_edge - E_level, by (2/m0) sum of |p|^2.

Exact by cubic symmetry: an R6 doublet has one independent momentum element to an R6 and to an R8 level.
"""

SUMS = {"R6+": "valence", "R6-": "R6-"}
"""Key in `ReferenceLevel.E_p` of the momentum sums from an edge."""


def level_share(reference: ReferenceBands, edge: str, level: str, shifts: Shifts) -> float | None:
    """Contribution of a level, such as "R8+.2" or "R8-", to g of an edge; None where the reference does not know it."""
    one, other = reference.level(edge), reference.level(level)
    if one is None or other is None:
        return None
    gap = _shifted(one.energy, edge == "R6-", shifts) - _shifted(other.energy, level == "R6-", shifts)
    return SHARE_OF_G[level[:2]] * other.E_p[SUMS[edge]] / gap


def total_g(reference: ReferenceBands, edge: str, shifts: Shifts) -> float | None:
    """Bare g of an edge at the shifted energies; None where the reference has no list of contributions.

    Each contribution of the stored list is scaled with its energy; what the list sums up as its rest is kept.
    """
    stored, bottom = reference.contributions.get(edge), reference.level("R6-")
    if stored is None or bottom is None:
        return None
    moved = bottom.energy - stored.gap  # the list may be of another calculation of the same crystal
    shifts = shifts[0] + moved, shifts[1] + moved
    own = stored.gap if edge == "R6-" else 0.0
    g = stored.spin + stored.rest
    for band, energy, share in stored.levels:
        after = _shifted(own, edge == "R6-", shifts) - _shifted(energy, band == bottom.bands[0], shifts)
        g += share * (own - energy) / after
    return g


def _shifted(energy: float, is_lowest: bool, shifts: Shifts) -> float:
    """Energy of a level after the shift of the conduction bands."""
    return energy if energy <= 0 else energy + shifts[0 if is_lowest else 1]
