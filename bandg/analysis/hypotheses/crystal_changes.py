"""Changes of the nanocrystals: shares of another kind, surfaces, vacancies, alloys and tilts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from bandg.analysis.hypotheses.case import Case, bulk_of, mixture, own_bulk
from bandg.analysis.hypotheses.changes import GAP_KNOB, WIDEST_EV, root, with_gap
from bandg.base.errors import BandgError
from bandg.models.etb.material import Material
from bandg.parameters.loader import load_set


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
class VirtualCrystal:
    """Mix another halide in: the mean of both sets' parameters at the share `value` of the other.

    The gap is held at the mean of both gaps by the onsite energy of Pb p: that of the mean parameters bends by how the
    fits of both sets share it out among their parameters.
    """

    name: str

    def __call__(self, case: Case, value: float) -> Case:
        """The case with that mean. Raises BandgError for a share outside of 0..1 and for a set of another kind."""
        _check_share(value)
        if value <= 0:
            return case
        share, own, other = min(value, 1.0), case.parameters, load_set(self.name)
        gaps = [bulk_of(one, case.neighbors).E_g for one in (own, other)]
        mean = Material(own, other).mean(case.neighbors, share)
        return replace(case, parameters=with_gap(mean, case.neighbors, (1 - share) * gaps[0] + share * gaps[1]))


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
            """The tilted case with Pb p at that level in eV."""
            moved = case.parameters.with_values({GAP_KNOB: level}, source="gap of the tilted crystal held")
            return replace(tilted_case, parameters=moved)

        def error(level: float) -> float:
            """The gap in eV of the tilted bulk above that of the cubic one."""
            return own_bulk(at(level)).E_g - E_g

        what = f"{case.parameters.name}: a gap of {E_g:g} eV of the tilted crystal"
        return at(root(error, case.parameters.value(GAP_KNOB), 0.2, WIDEST_EV, what))
