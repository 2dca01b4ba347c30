"""The ways in which a mechanism changes a case; each is a small frozen function (case, value) -> case.

Two of them together are made in the order of their `rank`: first what makes an ensemble, then another set, then
parameters and geometry (whatever has no rank), then what is computed from those: walls, and steps behind the result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from bandg.analysis.hypotheses.case import Case, Sizes, bulk_of, mixture, own_bulk, own_code
from bandg.base.errors import BandgError
from bandg.base.units import HBAR2_OVER_M0
from bandg.models.etb.bloch import BlochHamiltonian
from bandg.models.etb.bulk import Bulk, occupied_bands
from bandg.models.exciton import exciton_shift, reduced_mass
from bandg.models.screening import Screening, between
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
_WIDEST_EV = 3.0


def _root(error: Callable[[float], float], start: float, step: float, widest: float, what: str) -> float:
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
        energies = np.linalg.eigvalsh(at_start + (value - start) * (above - at_start))  # H is linear in the parameters
        return float(energies[filled] - energies[filled - 1]) - E_g

    found = _root(error, start, 0.05, _WIDEST_EV, f"{parameters.name}: a gap of {E_g:g} eV")
    return parameters.with_values({GAP_KNOB: found}, source="gap held")


QUANTITIES: dict[str, Callable[[Bulk], float]] = {
    "E_g": lambda crystal: crystal.E_g,
    "Delta": lambda crystal: crystal.Delta,
    "E_p": lambda crystal: crystal.kane_energy("R6-"),
}
"""Bulk quantities in eV that a mechanism can bring to a value."""


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
            return with_gap(old.with_values({self.path: number}, source="hypothesis"), neighbors, E_g)

        def error(number: float) -> float:
            return QUANTITIES[self.quantity](bulk_of(at(number), neighbors)) - value

        found = _root(error, old.value(self.path), 0.05, _WIDEST_EV, f"{self.quantity} = {value:g} eV")
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


def _check_share(value: float) -> None:
    if not -1e-12 <= value <= 1 + 1e-12:
        raise BandgError(f"a share of {value:g} is not between 0 and 1")


@dataclass(frozen=True)
class Share:
    """An ensemble in which the share `value` has other geometry; the mean of the two curves at equal energy.

    fields: (name, value) of `Case` for the others.
    """

    rank: ClassVar[int] = 0
    fields: tuple[tuple[str, object], ...]

    def __call__(self, case: Case, value: float) -> Case:
        """The mixed case; shares of 0 and 1 are pure. Raises BandgError for a share outside of 0..1."""
        _check_share(value)
        if value <= 0:
            return case
        fields: dict[str, Any] = dict(self.fields)
        cells = case.cells if fields.get("shape", case.shape) == case.shape else ()
        other = replace(case, cells=cells, **fields)
        return other if value >= 1 else mixture([(1 - value, case), (value, other)])


@dataclass(frozen=True)
class Occupancy:
    """The mean-field occupancy of surface X: 0 is the termination `lead`, 1 `halide`."""

    def __call__(self, case: Case, value: float) -> Case:
        """The case with that surface. Raises BandgError outside of 0..1."""
        return _with_surface(case, "occupancy", 1 - value)


@dataclass(frozen=True)
class Distorted:
    """One more distortion, an argument of `bandg.crystal.distortion.distorted` or the surface, made of the value.

    form: text of the argument with the value in it, as "slabs:scale={:g}"; without it the argument is the value.
    """

    name: str
    form: str = ""

    def __call__(self, case: Case, value: float) -> Case:
        """The case with that distortion, in place of one of the same name."""
        others = tuple(one for one in case.distortion if one[0] != self.name)
        return replace(case, distortion=(*others, (self.name, self.form.format(value) if self.form else value)))


@dataclass(frozen=True)
class Vacancies:
    """The share `value` of surface X that is there, the others taken away at random; mean over the seeds."""

    seeds: int
    cells: tuple[int, ...]

    def __call__(self, case: Case, value: float) -> Case:
        """The case with that surface, of small nanocrystals alone. Raises BandgError outside of 0..1."""
        changed = replace(_with_surface(case, "x_vacancies", 1 - value), cells=self.cells, periodic=False)
        return replace(changed, seeds=self.seeds) if changed.distortion else changed


@dataclass(frozen=True)
class LeadVacancies:
    """The share `value` of the surface Pb is taken away at random; mean over the seeds."""

    seeds: int
    cells: tuple[int, ...]

    def __call__(self, case: Case, value: float) -> Case:
        """The case with that surface, of small nanocrystals alone. Raises BandgError outside of 0..1."""
        _check_share(value)
        changed = replace(case, cells=self.cells, periodic=False)
        if value <= 0:
            return changed
        return replace(changed, distortion=(*case.distortion, ("pb_vacancies", value)), seeds=self.seeds)


def _with_surface(case: Case, name: str, missing: float) -> Case:
    """The case with a share of its surface X missing; pure terminations have no distortion."""
    _check_share(missing)
    if missing <= 1e-12:
        return replace(case, termination="halide")
    if missing >= 1 - 1e-12:
        return replace(case, termination="lead")
    value = 1 - missing if name == "occupancy" else missing
    return replace(case, termination="halide", distortion=(*case.distortion, (name, value)))


@dataclass(frozen=True)
class Tilt:
    """Octahedra turned by `value` degrees times the factor of each letter of Glazer's symbol; bonds keep their length.

    The lattice contracts, and hoppings follow their distances. The gap of the tilted bulk is held at that of the cubic
    one by the onsite energy of Pb p.
    """

    rank: ClassVar[int] = 3
    symbol: str
    factors: tuple[float, ...]
    cells: tuple[int, ...]

    def __call__(self, case: Case, value: float) -> Case:
        """The case with tilted octahedra. Raises BandgError for an angle too large, or where nothing holds the bulk."""
        changed = replace(case, cells=self.cells)
        if value == 0:
            return changed
        angles = ",".join(f"{factor * value:.6f}" for factor in self.factors)
        tilted = (*case.distortion, ("tilt", self.symbol), ("angles", angles))
        tilted_case, E_g = replace(changed, distortion=tilted), bulk_of(case.parameters, case.neighbors).E_g

        def at(level: float) -> Case:
            moved = case.parameters.with_values({GAP_KNOB: level}, source="gap of the tilted crystal held")
            return replace(tilted_case, parameters=moved)

        def error(level: float) -> float:
            return own_bulk(at(level)).E_g - E_g

        what = f"{case.parameters.name}: a gap of {E_g:g} eV of the tilted crystal"
        return at(_root(error, case.parameters.value(GAP_KNOB), 0.2, _WIDEST_EV, what))


@dataclass(frozen=True)
class After:
    """Change the result: step(value) is a frozen function of Sizes."""

    rank: ClassVar[int] = 4
    step: Callable[[float], Callable[[Sizes], Sizes]]

    def __call__(self, case: Case, value: float) -> Case:
        """The case with one more step behind it."""
        return replace(case, after=(*case.after, self.step(value)))


@dataclass(frozen=True)
class IntraAtomic:
    """Add a share of the p shells' own moment to both g-factors."""

    share: float

    def __call__(self, sizes: Sizes) -> Sizes:
        """g with the moment."""
        g_e, g_h = sizes.g_e + self.share * sizes.atomic_e, sizes.g_h + self.share * sizes.atomic_h
        return replace(sizes, g_e=g_e, g_h=g_h)


@dataclass(frozen=True)
class Bound:
    """Exciton energy in place of E_e - E_h; inverse: 1 / eps_in."""

    inverse: float
    reduced_mass: float

    def __call__(self, sizes: Sizes) -> Sizes:
        """Energies of the exciton."""
        shift = exciton_shift(sizes.radius_nm, self.inverse, self.reduced_mass)
        return replace(sizes, energy=sizes.energy + shift)


@dataclass(frozen=True)
class Binding:
    """Exciton energies with one eps for all sizes, by the formula of a sphere; the value is 1 / eps_in."""

    rank: ClassVar[int] = 4

    def __call__(self, case: Case, value: float) -> Case:
        """The case with bound carriers."""
        _check_unbound(case)
        mass = reduced_mass(bulk_of(case.parameters, case.neighbors))
        return replace(case, after=(*case.after, Bound(value, mass)))


def _check_unbound(case: Case) -> None:
    if case.exciton or any(isinstance(step, Bound) for step in case.after):
        raise BandgError("the carriers are bound already: the exciton counts once")


@dataclass(frozen=True)
class Screened:
    """Energies of the pair to first order with the densities of each nanocrystal.

    The value goes from one screening to the other, linearly in their constants. outside: eps_out, unless the image
    charges stand in H already.
    """

    rank: ClassVar[int] = 4
    first: Screening
    second: Screening
    outside: float | None = None

    def __call__(self, case: Case, value: float) -> Case:
        """The case with bound carriers. Raises BandgError."""
        _check_unbound(case)
        if case.model != "etb":
            raise BandgError(f"the model {case.model} has no densities on atoms, which a screened attraction needs")
        outside = None if "image" in dict(case.distortion) else self.outside
        return replace(case, exciton=between(self.first, self.second, value), eps_out=outside)


@dataclass(frozen=True)
class Image:
    """The image self-energy in H of each carrier; the value is eps_out, at a fixed eps_in that is no contrast."""

    inside: float

    def __call__(self, case: Case, value: float) -> Case:
        """The case with that potential. Raises BandgError."""
        if case.model != "etb":
            raise BandgError(f"the model {case.model} has no atoms, on which the image potential acts")
        if value == self.inside:
            return case
        return replace(case, distortion=(*case.distortion, ("image", f"{self.inside!r},{float(value)!r}")))


@dataclass(frozen=True)
class Parabolic:
    """Put a parabola in place of the hole's dispersion: its confinement energy E becomes hbar^2 k(E)^2 / 2 m.

    amount: 0 leaves tight binding, 1 is the parabola, below 0 is more non-parabolic. top: of the valence band in eV.
    confined, parabolic: energies in eV of the set's own valence band below it from R towards Gamma and of its parabola
    at the same k, ascending.
    """

    amount: float
    top: float
    confined: tuple[float, ...]
    parabolic: tuple[float, ...]

    def __call__(self, sizes: Sizes) -> Sizes:
        """Energies with another hole; NaN beyond the dispersion."""
        depth = self.top - sizes.E_h
        moved = np.interp(depth, self.confined, self.parabolic, right=np.nan) - depth
        return replace(sizes, energy=sizes.energy + self.amount * moved, E_h=sizes.E_h - self.amount * moved)


@dataclass(frozen=True)
class HoleDispersion:
    """Move the hole by `value` of the way from its own dispersion to its parabola."""

    rank: ClassVar[int] = 4
    points: int = 400

    def __call__(self, case: Case, value: float) -> Case:
        """The case with another hole dispersion."""
        confined, parabolic = _dispersion(case.parameters, case.neighbors, self.points)
        top = bulk_of(case.parameters, case.neighbors).valence.energy
        return replace(case, after=(*case.after, Parabolic(value, top, confined, parabolic)))


@lru_cache(maxsize=32)
def _dispersion(parameters: ParameterSet, neighbors: int, points: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Depth in eV of the valence band below its top from R towards Gamma, and of the parabola, while it falls."""
    crystal = bulk_of(parameters, neighbors)
    corner = crystal.hamiltonian.point("R")
    steps = np.linspace(0, 1, points)
    bands = np.linalg.eigvalsh(crystal.hamiltonian.H(corner * (1 - steps)[:, None]))
    depth = crystal.valence.energy - bands[:, occupied_bands(crystal.hamiltonian) - 1]
    falling = np.flatnonzero(np.diff(depth) <= 0)
    last = int(falling[0]) + 1 if len(falling) else points
    inverse_mass = float(np.trace(crystal.valence.inverse_mass)) / 3
    k = steps * np.linalg.norm(corner)
    parabola = HBAR2_OVER_M0 / 2 * inverse_mass * k**2
    return tuple(map(float, depth[:last])), tuple(map(float, parabola[:last]))


@dataclass(frozen=True)
class Glass:
    """Another barrier: the difference in the envelope model to one of `reference` eV, size by size.

    Hard walls are no reference: g approaches its value there as the inverse 0.3rd power of the height.
    """

    rank: ClassVar[int] = 3
    reference: float

    def __call__(self, case: Case, value: float) -> Case:
        """The case with barriers of that height in eV. Raises BandgError for one that is not above 0."""
        if value <= 0:
            raise BandgError(f"a barrier must be above 0 eV, not {value:g}")
        if value == self.reference:
            return case
        plain = replace(case, model="kp", after=(), added=(), exciton=None, eps_out=None)
        one, other = (replace(plain, barrier=(height, height)) for height in (value, self.reference))
        return replace(case, added=(*case.added, (one, other)))
