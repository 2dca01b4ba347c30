"""How a mechanism changes a case: a small frozen function (case, value) -> case; here those of parameters.

Two of them together are made in the order of their `rank`: first what makes an ensemble, then another set, then
parameters and geometry (whatever has no rank), then what is computed from those: walls, and steps behind the result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from bandg.analysis.hypotheses.case import Case, bulk_of, mixture, own_code
from bandg.base.errors import BandgError
from bandg.models.etb.bloch import BlochHamiltonian
from bandg.models.etb.bulk import Bulk, occupied_bands
from bandg.parameters.loader import load_set
from bandg.parameters.names import LATTICE, required_integrals
from bandg.parameters.sets import ParameterSet

Change = Callable[[Case, float], Case]


def together(case: Case, *asked: tuple[Change, float]) -> Case:
    """The case with several changes (change, value), each made to all of an ensemble. Raises BandgError."""
    for change, value in sorted(asked, key=lambda pair: getattr(pair[0], "rank", 2)):
        case = mixture([(share, applied(change, one, value)) for share, one in case.ensemble()])
    return case


def applied(change: Change, case: Case, value: float) -> Case:
    """The changed case. Raises BandgError, also for whatever a user's change does wrong."""
    return own_code("change", Case, change, case, value)


GAP_KNOB = "onsite.Pb.p"
"""What holds the gap: it moves the conduction band against the valence band."""

_HOLD_EV = 1e-10
WIDEST_EV = 3.0


def root(error: Callable[[float], float], start: float, step: float, widest: float, what: str) -> float:
    """Root of a smooth function near a start, by widening a bracket. Raises BandgError where there is none."""
    from scipy.optimize import brentq

    first = error(start)
    if first == 0:
        return start
    for reach in step * 2.0 ** np.arange(0, 12):
        if reach > widest:
            break
        for end in (start + reach, start - reach):
            try:
                if error(end) * first <= 0:
                    return float(brentq(error, *sorted((start, end)), xtol=_HOLD_EV))
            except BandgError:
                continue
    raise BandgError(f"{what} cannot be reached")


def with_gap(parameters: ParameterSet, neighbors: int, E_g: float) -> ParameterSet:
    """The set with its gap at R brought to E_g in eV by the onsite energy of Pb p. Raises BandgError."""
    own = BlochHamiltonian.of(parameters, neighbors)
    step = np.array([float(path == GAP_KNOB) for path in parameters.paths])
    start, filled = parameters.value(GAP_KNOB), occupied_bands(own)
    at_start, above = (one.H(own.point("R")) for one in (own, replace(own, vector=own.vector + step)))

    def error(value: float) -> float:
        """The gap in eV above the wanted one."""
        energies = np.linalg.eigvalsh(at_start + (value - start) * (above - at_start))  # H is linear in the parameters
        return float(energies[filled] - energies[filled - 1]) - E_g

    found = root(error, start, 0.05, WIDEST_EV, f"{parameters.name}: a gap of {E_g:g} eV")
    return parameters.with_values({GAP_KNOB: found}, source="gap held")


QUANTITIES: dict[str, Callable[[Bulk], float]] = {
    "E_g": lambda crystal: crystal.E_g,
    "Delta": lambda crystal: crystal.Delta,
    "E_p": lambda crystal: crystal.kane_energy("R6-"),
    "g_h": lambda crystal: crystal.g_factors()[1],
}
"""Bulk quantities, energies in eV, that a mechanism can bring to a value."""


_WAYS: dict[str, Callable[[float, float], float]] = {
    "set": lambda own, value: value,
    "add": lambda own, value: own + value,
    "scale": lambda own, value: own * value,
}


@dataclass(frozen=True)
class Values:
    """Set each path to the value, or to its own value plus or times it. hold_gap: at the same bulk gap.

    how: "set", "add" or "scale" (value 1 changes nothing).
    """

    paths: tuple[str, ...]
    how: str = "set"
    hold_gap: bool = True

    def __post_init__(self) -> None:
        if self.how not in _WAYS:
            raise BandgError(f"Values: how is {self.how!r}; choose one of {', '.join(_WAYS)}")

    def __call__(self, case: Case, value: float) -> Case:
        """The case with the parameters changed. Raises BandgError."""
        old = case.parameters
        moved = {path: _WAYS[self.how](old.value(path), value) for path in self.paths}
        changed = old.with_values(moved, source="hypothesis")
        if self.hold_gap and changed.digest() != old.digest():
            changed = with_gap(changed, case.neighbors, bulk_of(old, case.neighbors).E_g)
        return replace(case, parameters=changed)


@dataclass(frozen=True)
class Target:
    """Bring one of QUANTITIES of the bulk to the value by moving one parameter, at the same gap unless that is it."""

    quantity: str
    path: str

    def __post_init__(self) -> None:
        if self.quantity not in QUANTITIES:
            raise BandgError(f"Target: quantity is {self.quantity!r}; choose one of {', '.join(QUANTITIES)}")

    def __call__(self, case: Case, value: float) -> Case:
        """The case with that bulk quantity. Raises BandgError where it cannot be reached."""
        old, neighbors = case.parameters, case.neighbors
        if self.quantity == "E_g":
            return replace(case, parameters=with_gap(old, neighbors, value))
        E_g = bulk_of(old, neighbors).E_g

        def at(number: float) -> ParameterSet:
            """The set with the parameter at that value, at the same gap."""
            return with_gap(old.with_values({self.path: number}, source="hypothesis"), neighbors, E_g)

        def error(number: float) -> float:
            """The bulk quantity above the wanted value."""
            return QUANTITIES[self.quantity](bulk_of(at(number), neighbors)) - value

        unit = "" if self.quantity.startswith("g_") else " eV"
        found = root(error, old.value(self.path), 0.05, WIDEST_EV, f"{self.quantity} = {value:g}{unit}")
        return replace(case, parameters=at(found))


@dataclass(frozen=True)
class OtherSet:
    """Another parameter set whose paths are scaled by the value at its own gap; 1 is that set as it is."""

    rank: ClassVar[int] = 1
    name: str
    paths: tuple[str, ...]

    def __call__(self, case: Case, value: float) -> Case:
        """The case with the other set. Raises BandgError where the gap cannot be held."""
        moved = replace(case, parameters=load_set(self.name), neighbors=2)
        return Values(self.paths, "scale")(moved, value)


@dataclass(frozen=True)
class Borrowed:
    """Give the set the hopping of another set between two species, times the value, at its own gap; 0 gives nothing.

    pair: as "X-X"; second neighbors are counted from then on.
    """

    name: str
    pair: str

    rank: ClassVar[int] = 1

    def __call__(self, case: Case, value: float) -> Case:
        """The case with that hopping. Raises BandgError where the gap cannot be held."""
        if value == 0:
            return case
        own, other = case.parameters, load_set(self.name)
        names = [f"hopping.{self.pair}.{one}" for one in required_integrals(self.pair, own.orbitals)]
        entries = {
            path: replace(other.entries[path], value=value * other.value(path), source=f"{self.name} times {value:g}")
            for path in names
        }
        changed = replace(own, entries=dict(own.entries) | entries)
        return replace(case, parameters=with_gap(changed, 2, bulk_of(own, case.neighbors).E_g), neighbors=2)


@dataclass(frozen=True)
class Strain:
    """Change the lattice constant by a fraction; hoppings go as a^-exponent, at the same bulk gap."""

    exponent: float = 2.0

    def __call__(self, case: Case, value: float) -> Case:
        """The strained case."""
        old = case.parameters
        hopping = {p: old.value(p) * (1 + value) ** -self.exponent for p in old.paths if p.startswith("hopping.")}
        changed = old.with_values({LATTICE: old.a_nm * (1 + value)} | hopping, source="strain")
        if value:
            changed = with_gap(changed, case.neighbors, bulk_of(old, case.neighbors).E_g)
        return replace(case, parameters=changed)
