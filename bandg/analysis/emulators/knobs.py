"""The knobs of nanocrystals: what each changes, over which range, and with which powers it is emulated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bandg.analysis.emulators.emulator import Knob
from bandg.analysis.hypotheses.case import Case, bulk_of
from bandg.analysis.hypotheses.changes import Change, Target
from bandg.analysis.hypotheses.crystal_changes import Tilt, VirtualCrystal
from bandg.analysis.hypotheses.mechanism import Mechanism
from bandg.analysis.hypotheses.registry import choose, default_mechanisms
from bandg.analysis.verdict.bulk_error import FIRST_PRINCIPLES
from bandg.parameters.loader import load_set


@dataclass(frozen=True)
class Variation:
    """A knob, the change of a case that it stands for, and up to which power of its t it is emulated."""

    knob: Knob
    change: Change
    order: int = 4


_MECHANISMS = {
    "surface-occupancy": ("occupancy", "surface from PbX2 (0) to CsX (1)"),
    "surface-potential": ("potential", "surface potential (slabs are 1)"),
    "halide-hopping": ("xx", "X-X hopping strength"),
    "tilt": ("tilt", "tilt of the octahedra in phase, a-b+a-"),
}
"""Knobs that are mechanisms of `bandg hypotheses`: name and label. The surface potential ends at the shifts of
the slabs for both terminations, X-X hopping that a set borrows at that of the set which it is from. X-X hopping of
spheres ends at 1: stronger, it takes the hole to a nearly empty surface whose atoms change from size to size."""

BROMIDES = {"bandg-cspbi3-nnn": "bandg-cspbbr3-nnn"}
"""The set of CsPbBr3 that was fitted as one of CsPbI3 was."""

LARGEST_BROMIDE_SHARE = 0.3

MOMENTUM = "hopping.Pb-X.p-p.sigma"
"""What moves bulk g_h: first principles leave its range open because they leave the interband momentum open."""


def variations(case: Case, tilted: bool) -> tuple[Variation, ...]:
    """The knobs that make sense for a set, in the order in which they change it; a tilt is the last."""
    *cubic, tilt = (_mechanism(case, one) for one in choose(default_mechanisms(case), list(_MECHANISMS)))
    return (*cubic, *_bulk_g(case), *_bromide(case), *([tilt] if tilted else []))


def _mechanism(case: Case, mechanism: Mechanism) -> Variation:
    name, label = _MECHANISMS[mechanism.name]
    short = name == "xx" and (not mechanism.baseline or case.shape == "sphere")
    high = 1.0 if name == "potential" or short else mechanism.upper
    knob = Knob(name, label, mechanism.unit, mechanism.lower, high, mechanism.baseline or 0.0)
    change = mechanism.change
    if isinstance(change, Tilt):
        knob = replace(knob, power=2)
    return Variation(knob, change)


def _bulk_g(case: Case) -> Iterator[Variation]:
    """Bulk g_h of the cubic crystal from the lower end of first principles to the upper, or to that of the set."""
    ends = FIRST_PRINCIPLES.get(case.parameters.material, {}).get("g_h")
    if ends is None:
        return
    own = bulk_of(case.parameters, case.neighbors).g_factors()[1]
    low, high = min(ends[0], own), max(ends[1], own)
    beyond = "" if ends[0] <= own <= ends[1] else f"; this set: {own:.2f}"
    label = f"bulk gₕ by the interband momentum (first principles: {ends[0]:.2f} to {ends[1]:.2f}{beyond})"
    yield Variation(Knob("bulk_g_h", label.replace("-", "−"), "", low, high, own), Target("g_h", MOMENTUM), 2)


def _bromide(case: Case) -> Iterator[Variation]:
    """Share of bromide up to LARGEST_BROMIDE_SHARE, for sets that have a counterpart."""
    other = BROMIDES.get(case.parameters.name)
    if other is not None:
        change = LARGEST_BROMIDE_SHARE * (load_set(other).a_nm / case.parameters.a_nm - 1)
        knob = Knob(
            "bromide", "bromide share (virtual crystal, gap linear)", "", 0.0, LARGEST_BROMIDE_SHARE, 0.0, 1, change
        )
        yield Variation(knob, VirtualCrystal(other))
