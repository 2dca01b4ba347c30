"""Values of targets in first-principles bands, with the conduction bands shifted as the job says."""

from __future__ import annotations

from bandg.analysis.fit.targets import Target, Weights, parse
from bandg.data.bands import ReferenceBands
from bandg.data.contributions import SUMS, Shifts, contributions

_SHELLS = {"s": 0, "p": 1, "d": 2}


def reference_value(name: str, reference: ReferenceBands, shifts: Shifts) -> float | None:
    """The value of a target, None where the reference does not know it; see docs/fitting.md.

    Momentum sums and contributions to g are the bare ones; a character is a ratio of muffin-tin charges.
    """
    target = parse(name)
    if target.kind == "level":
        level = reference.level(target.level)
        return None if level is None else level.energy
    if target.kind == "E_p":
        level = reference.level(target.level)
        return None if level is None else level.E_p[SUMS[target.edge]]
    if target.kind == "g":
        return contributions(reference, target.edge, shifts).get(target.level)
    if target.kind == "character":
        return _ratio(reference, target)
    if name in ("E_g", "Delta") and reference.R is not None:
        levels_at_R = (
            reference.R[reference.top : reference.top + 3] + (0.0, *shifts)[: len(reference.R) - reference.top]
        )
        upper = 1 if name == "E_g" else 2
        return float(levels_at_R[upper] - levels_at_R[upper - 1]) if upper < len(levels_at_R) else None
    if name in ("E_p_R6", "E_p_R8"):
        level = reference.level("R6-" if name == "E_p_R6" else "R8-")
        return None if level is None else level.E_p["valence"] / (1 if name == "E_p_R6" else 2)
    return None


def _ratio(reference: ReferenceBands, target: Target) -> float | None:
    """A weight alone has no value: a part of the charge lies between the muffin tins. Nor has s*."""
    columns = reference.edge_columns(target.level)
    point = target.level[0] if target.level[0] in "XM" else "R"
    if columns is None or point not in reference.characters or not target.under:
        return None
    characters = reference.characters[point]

    def charge(weights: Weights) -> float:
        """Sum of the mean weights of the named shells."""
        species = {"Pb": characters.lead, "X": characters.halide}
        return float(sum(species[one][columns, _SHELLS[shell]].mean() for one, shell in weights))

    if any(shell == "s*" for _, shell in (*target.over, *target.under)):
        return None
    return charge(target.over) / charge(target.under)
