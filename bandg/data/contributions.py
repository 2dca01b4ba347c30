"""What first principles say of g at R level by level, at any gap: the conduction bands are shifted rigidly.

The contribution of a level is `SHARE_OF_G` of its momentum sum over the difference of the energies. Momentum sums are
kept and energies are shifted. The sums are the bare ones of the reference, which are too large (see its README).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from bandg.data.bands import ReferenceBands
from bandg.data.reference import available_references, load_reference

BELOW = tuple(
    f"{irrep}.{number}"
    for irrep, count in {"R6+": 2, "R7+": 1, "R8+": 3, "R6-": 1, "R8-": 1}.items()
    for number in range(1, count + 1)
)
"""Levels below the valence-band top, counted from the gap; R6+.2 is the bonding Pb s, R6-.1 and R8-.1 are X s."""

COUPLED = {
    "R6+": ("R6-", "R8-", "R6-.1", "R8-.1"),
    "R6-": ("R6+", *(level for level in BELOW if level[:3] in ("R6+", "R8+"))),
}
"""Levels to which an edge has a momentum element; between R6 and R7 there is none by symmetry."""

EDGES = {"g_h": "R6+", "g_e": "R6-"}
"""The edge of each carrier."""

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


def contributions(reference: ReferenceBands, edge: str, shifts: Shifts) -> dict[str, float]:
    """Parts of the bare g of an edge: "spin", named levels, and the "rest", so that they add up to `total_g`.

    Spin and rest are left out where the reference has no list of contributions.
    """
    named = {level: level_share(reference, edge, level, shifts) for level in COUPLED[edge]}
    found = {level: share for level, share in named.items() if share is not None}
    total = total_g(reference, edge, shifts)
    if total is None:
        return found
    spin = reference.contributions[edge].spin
    return {"spin": spin, **found, "rest": total - spin - sum(found.values())}


@dataclass(frozen=True)
class FirstPrinciples:
    """Band edges at R with the conduction bands shifted rigidly to a gap.

    reference: name of the bands. energies: of named levels in eV from the valence-band top. g: parts of "g_h" and "g_e"
    from bare momenta. corrected: g_h and g_e with the motion scaled to the velocity of the bands, NaN where unknown.
    charges: muffin-tin charge by irrep of the edge and "species shell".
    """

    reference: str
    energies: dict[str, float]
    g: dict[str, dict[str, float]]
    corrected: dict[str, float]
    charges: dict[str, dict[str, float]]

    def to_dict(self) -> dict[str, Any]:
        """Plain types."""
        return asdict(self)


def first_principles(material: str, E_g: float) -> FirstPrinciples | None:
    """First principles (TB-mBJ, self-consistent c) of a material at a gap in eV; None where none ship."""
    names = [name for name in available_references() if name.startswith(f"{material.lower()}_cubic_mbj_soc")]
    if not names:
        return None
    reference = load_reference(max(names))  # the one with a path, where there are two
    bottom = reference.level("R6-")
    assert bottom is not None  # of the bands that ship
    shifts = (E_g - bottom.energy,) * 2
    levels = {name: reference.level(name) for name in (*BELOW, "R6+", "R6-", "R8-")}
    g = {carrier: contributions(reference, edge, shifts) for carrier, edge in EDGES.items()}
    corrected, charges = {}, {}
    for carrier, edge in EDGES.items():
        stored, parts = reference.contributions[edge], g[carrier]
        corrected[carrier] = stored.spin + stored.ratio * (sum(parts.values()) - stored.spin)
        columns, characters = reference.edge_columns(edge), reference.characters["R"]
        both = {"Pb": characters.lead, "X": characters.halide}
        charges[edge] = {
            f"{species} {shell}": float(charge[columns, l].mean())
            for species, charge in both.items()
            for l, shell in enumerate("spd")
        }
    energies = {name: _shifted(one.energy, name == "R6-", shifts) for name, one in levels.items() if one is not None}
    return FirstPrinciples(reference.name, energies, g, corrected, charges)


def _shifted(energy: float, is_lowest: bool, shifts: Shifts) -> float:
    """Energy of a level after the shift of the conduction bands."""
    return energy if energy <= 0 else energy + shifts[0 if is_lowest else 1]
