"""Contributions of groups of bands to g: tight-binding sum over states beside first principles."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from bandg.base.resources import theory_curve
from bandg.models.etb.bulk import BandEdge, Bulk

GROUPS = (
    "spin",
    "R6+ (valence top)",
    "R6- (conduction bottom)",
    "R8- (Delta above)",
    "halide p",
    "Pb s bonding",
    "rest",
)
"""Groups of bands, as both tables use them."""

_LEAD_S_WINDOW_EV = (-9.0, -8.0)
_FUNCTIONALS = {"mbjc": "mBJ c=1.654", "mbj": "mBJ", "pbe2": "PBE"}


def tight_binding(crystal: Bulk) -> dict[str, dict[str, float]]:
    """Contributions to g_h and g_e by group, from the sum over states of a tight-binding set."""
    return {"g_h": _edge_groups(crystal, crystal.valence), "g_e": _edge_groups(crystal, crystal.conduction)}


@dataclass(frozen=True)
class LevelShare:
    """Contribution of one level at R to g: energy in eV, irrep about a Pb site, group of GROUPS, share of g."""

    energy_eV: float
    irrep: str
    group: str
    share: float


def by_level(crystal: Bulk) -> dict[str, tuple[LevelShare, ...]]:
    """The orbital contributions to g_h and g_e level by level, ascending in energy."""
    return {"g_h": _shares(crystal, crystal.valence), "g_e": _shares(crystal, crystal.conduction)}


def _edge_groups(crystal: Bulk, edge: BandEdge) -> dict[str, float]:
    parts = dict.fromkeys(GROUPS, 0.0) | {"spin": edge.spin_g}
    for one in _shares(crystal, edge):
        parts[one.group] += one.share
    return parts


def _shares(crystal: Bulk, edge: BandEdge) -> tuple[LevelShare, ...]:
    bonding = min(level.energy for level in crystal.levels if level.character.get("Pb s", 0) > 0.3)
    known = {
        crystal.valence.energy: GROUPS[1],
        crystal.conduction.energy: GROUPS[2],
        crystal.upper.energy: GROUPS[3],
        bonding: GROUPS[5],
    }
    characters = {level.energy: level.character for level in crystal.levels}

    def group(energy: float) -> str:
        halide = energy < crystal.valence.energy and characters[energy].get("X p", 0) > 0.5
        return known.get(energy, "halide p" if halide else "rest")

    return tuple(LevelShare(energy, irrep, group(energy), share) for energy, irrep, share in sorted(edge.contributions))


def first_principles() -> dict[str, dict[str, dict[str, float]]]:
    """The same groups from first principles, by functional: {name: {"g_h": {group: share}, "g_e": ...}}."""
    stored = json.loads(theory_curve("reference/g_decomposition_R.json").read_text(encoding="utf-8"))["data"]
    return {
        title: {carrier: _stored_groups(stored[key][edge]) for carrier, edge in (("g_h", "VB_R6+"), ("g_e", "CB_R6-"))}
        for key, title in _FUNCTIONALS.items()
    }


def _stored_groups(edge: dict[str, Any]) -> dict[str, float]:
    parts = dict.fromkeys(GROUPS, 0.0) | {"spin": edge["g_spin"], "rest": edge["rest"]}
    for first, last, energy, share in edge["contributions[bands,E,dg]"]:
        parts[_group(first, last, energy)] += share
    return parts


def _group(first: int, last: int, energy: float) -> str:
    named = {(83, 84): GROUPS[1], (85, 86): GROUPS[2], (87, 90): GROUPS[3]}
    if (first, last) in named:
        return named[first, last]
    if first >= 67 and last <= 82:
        return "halide p"
    low, high = _LEAD_S_WINDOW_EV
    return "Pb s bonding" if low < energy < high and last - first == 1 else "rest"


def first_principles_g_h(E_g: float) -> tuple[float, float]:
    """Range of the bulk g_h of CsPbI3 that the two TB-mBJ functionals span when carried to one gap E_g in eV.

    At fixed momentum elements the share of R6- goes as 1 / gap. That of R8-, at Delta above, is scaled too in one
    variant and kept in the other; both are in the range. PBE, whose gap is 0.26 eV, is too far away to be carried.
    """
    stored = json.loads(theory_curve("reference/g_decomposition_R.json").read_text(encoding="utf-8"))["data"]
    found = []
    for key in ("mbjc", "mbj"):
        edge = stored[key]["VB_R6+"]
        shares = {(first, last): (E, share) for first, last, E, share in edge["contributions[bands,E,dg]"]}
        (gap, lower), (far, upper) = shares[85, 86], shares[87, 90]
        moved = edge["total"] + lower * (gap / E_g - 1)
        found += [moved, moved + upper * (far / (E_g + far - gap) - 1)]
    return min(found), max(found)
