"""The knobs of nanocrystals: what each changes, over which range, and with which powers it is emulated."""

from __future__ import annotations

from dataclasses import dataclass

from bandg.analysis.emulators.emulator import Knob
from bandg.analysis.hypotheses.case import Case
from bandg.analysis.hypotheses.changes import Change
from bandg.analysis.hypotheses.registry import choose, default_mechanisms


@dataclass(frozen=True)
class Variation:
    """A knob, the change of a case that it stands for, and the powers of its t that are emulated."""

    knob: Knob
    change: Change
    powers: tuple[int, ...] = (1, 2, 3)


MECHANISMS = {
    "surface-occupancy": ("occupancy", "surface from PbX2 (0) to CsX (1)", (1, 2, 3, 4)),
    "surface-potential": ("potential", "surface potential (slabs are 1)", (1, 2, 3)),
    "halide-hopping": ("xx", "X-X hopping strength", (1, 2)),
}
"""Knobs that are mechanisms of `bandg hypotheses`: name, label and powers. The surface potential ends at the shifts of
the slabs for both terminations."""


def variations(case: Case) -> tuple[Variation, ...]:
    """The knobs that make sense for a set."""
    found = []
    for mechanism in choose(default_mechanisms(case), list(MECHANISMS)):
        name, label, powers = MECHANISMS[mechanism.name]
        high = 1.0 if name == "potential" else mechanism.upper
        default = mechanism.baseline or 0.0
        knob = Knob(name, label, mechanism.unit, mechanism.lower, high, default)
        found.append(Variation(knob, mechanism.change, powers))
    return tuple(found)
