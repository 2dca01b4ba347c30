"""What `bandg.compute` and its relatives are asked for: arguments become a parameter set, nanocrystals and jobs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

from bandg.base.arguments import choices, flag, number, size_text, text, whole, words, wrong
from bandg.base.errors import BandgError
from bandg.base.quantities import parse_energies
from bandg.base.task import Task
from bandg.crystal.atoms import Atoms
from bandg.crystal.lattice import require_perovskite, termination_among
from bandg.crystal.shapes import SHAPES, Nanocrystal
from bandg.data.surfaces import meaning
from bandg.models import base as models
from bandg.models.base import Model, Options
from bandg.models.dielectric import check_shape
from bandg.models.levels import Levels
from bandg.models.screening import Screening, parse_screening
from bandg.runs.options import Run
from bandg.runs.request import Variation, checked, nanocrystals, varied

DEFAULT_SIZE = "4..16nm"
Size = str | float | tuple[float, float] | Sequence[float]
Set = str | os.PathLike[str] | models.Parameters


@dataclass(frozen=True)
class Work:
    """The jobs of a computation. surface: where the shifts at the surface come from, in words."""

    model: Model
    parameters: Any
    options: Options
    crystals: tuple[Nanocrystal, ...]
    surface: str = ""

    @property
    def name(self) -> str:
        """Name of the set, or of both sets of a mixed halide."""
        second = self.options.second
        return str(self.parameters.name) + (f" + {second.name}" if second else "")

    @cached_property
    def jobs(self) -> tuple[Task[Levels], ...]:
        """A job for each nanocrystal."""
        return tuple(self.model.job(self.parameters, crystal, self.options) for crystal in self.crystals)

    @cached_property
    def bulk(self) -> models.Bulk | None:
        """The bulk crystal, or None if the model has none."""
        return self.model.bulk(self.parameters, self.options)

    def check(self) -> None:
        """Raise BandgError for a set without a gap."""
        _ = self.bulk


def plan(
    size: Any,
    shape: Any,
    termination: Any,
    set: Any,
    model: Any,
    center: Any,
    given: Mapping[str, Any],
    variation: Variation,
) -> Work:
    """Check the arguments of `compute` and make a plan. Raises BandgError."""
    chosen = models.find(model)
    asked = checked(variation)
    refuse_unknown(chosen, {**given, **asked})
    parameters = load(chosen, set)
    asked = in_own_crystal(parameters, asked)
    options = chosen.complete(parameters, options_of(chosen, parameters, termination, given, asked))
    text("shape", shape, "cube")
    if center is not None:
        text("center", center, "Pb")
    own = chosen.nanocrystals(parameters)
    if own is not None or asked.get("structure") is not None:
        what = "a structure" if own is None else f"the set {parameters.name}"
        for name, value in (("size", size), ("shape", None if shape == "cube" else shape), ("center", center)):
            if value is not None:
                raise BandgError(f"{what} has its own {name}: leave `{name}` out")
        if termination is not None or asked.get("truncation") is not None:
            raise BandgError(f"{what} has its own surface: leave `termination` and `truncation` out")
    if own is not None:
        crystals: Sequence[Nanocrystal] = own
    elif asked.get("structure") is not None:
        crystal = _explicit(asked["structure"], chosen, parameters, options)
        crystals, options = [crystal], replace(options, fraction=crystal.fraction)
    else:
        a_nm = chosen.lattice_nm(parameters, options)
        crystals = _ideal(size, shape, center, chosen, parameters, options.terminations, a_nm, asked.get("truncation"))
    shifts = getattr(parameters, "surface", {}) if "surface" in chosen.options else {}
    if any(value is not None for value in asked.values()) or shifts:
        crystals = varied(crystals, asked, shifts)
    surface = meaning(asked.get("surface"), parameters) if any(one.surface for one in crystals) else ""
    return Work(chosen, parameters, options, tuple(crystals), surface)


def _ideal(
    size: Any,
    shape: str,
    center: str | None,
    model: Model,
    parameters: Any,
    terminations: Sequence[str],
    a_nm: float,
    truncation: float | None,
) -> list[Nanocrystal]:
    """The ideal nanocrystals, one termination of the model after the other."""
    if shape not in model.shapes:
        known = [one for one in SHAPES if one in model.shapes] + sorted(model.shapes.difference(SHAPES))
        raise BandgError(f"shape {shape!r} is unknown in the {model.name} model; choose {choices(known)}")
    wanted = DEFAULT_SIZE if size is None else size_text(size)
    found = []
    lattice = model.lattice(parameters)
    known = [one.name for one in lattice.terminations]
    for end in terminations:
        surface = end if end in known else known[0]
        made = nanocrystals(wanted, shape, surface, center, a_nm, truncation, lattice)
        found += [replace(crystal, termination=end) for crystal in made]
    return found


def _explicit(structure: Any, model: Model, parameters: Any, options: Options) -> Nanocrystal:
    """The nanocrystal of given atoms, or of a structure file."""
    from bandg.crystal.from_atoms import explicit  # slow to load

    require_perovskite(model.lattice(parameters), "a structure")
    sets = [one for one in (parameters, options.second) if one is not None]
    halides = [one.halide for one in sets]
    atoms = structure
    if not isinstance(structure, Atoms):
        from bandg.crystal.files import check_lattice, read_structure

        atoms = read_structure(structure, halide=halides[0])
    of_each = [float((atoms.species == halide).sum()) for halide in halides]
    share = of_each[-1] / max(sum(of_each), 1) if len(sets) > 1 else 0.0
    a_nm = model.lattice_nm(parameters, replace(options, fraction=share))
    if not isinstance(structure, Atoms):
        check_lattice(atoms, a_nm, " and ".join(one.name for one in sets))
    return explicit(atoms, a_nm, *halides)


def given_options(neighbors: Any, levels: Any, intra_atomic: Any, barrier: Any, solver: Any) -> dict[str, Any]:
    """The options of the models by name, checked; None where it is the default."""
    return {
        "neighbors": None if neighbors is None else whole("neighbors", neighbors),
        "levels": None if whole("levels", levels, 1) == 1 else int(levels),
        "intra_atomic": flag("intra_atomic", intra_atomic) or None,
        "barrier": None if barrier is None else _heights(barrier),
        "solver": None if text("solver", solver, "auto") == "auto" else solver,
    }


def _heights(barrier: Any) -> tuple[float, float]:
    """Barriers (electron, hole) in eV."""
    if isinstance(barrier, str):
        heights = parse_energies(barrier, "barrier")
    else:
        heights = tuple(number("barrier", one) for one in (barrier if isinstance(barrier, list | tuple) else [barrier]))
    if len(heights) not in (1, 2):
        raise BandgError(f"barrier {barrier!r} must be one height, or two for electron and hole: write 3eV or 3eV,2eV")
    return heights[0], heights[-1]


def screening_of(exciton: Any, eps_out: Any) -> Screening | None:
    """The screening of the arguments `exciton` and `eps_out`, None for no exciton. Raises BandgError."""
    if isinstance(exciton, Screening):
        found: Screening | None = exciton
    else:
        found = None if exciton is None else parse_screening(text("exciton", exciton, "haken"))
    if eps_out is None:
        return found
    if found is None:
        raise BandgError("`eps_out` is the surroundings of an exciton: add `exciton='haken'`, or leave it out")
    if number("eps_out", eps_out) < 1:
        raise BandgError(f"`eps_out` must be 1 or more, not {eps_out:g}")
    return found


def check_images(crystals: Sequence[Nanocrystal], screening: Screening | None, eps_out: float | None) -> None:
    """Raise BandgError for image charges in shapes that have none, or with constants that are stated twice."""
    for crystal in crystals:
        if crystal.image and eps_out is not None:
            raise BandgError("`image` has the constant of the surroundings already: leave `eps_out` out")
        if crystal.image and screening is not None and crystal.image[0] != screening.eps_inf:
            right = f"{screening.eps_inf:g},{crystal.image[1]:g}"
            raise BandgError(
                f"`image` has {crystal.image[0]:g} inside and `exciton` eps_inf {screening.eps_inf:g}, which are one "
                f"constant: write {right!r} for `image`, or give `exciton` the other eps_inf"
            )
        if crystal.image or eps_out is not None:
            check_shape(crystal)


def refuse_unknown(model: Model, given: Mapping[str, Any]) -> None:
    """Raise BandgError for an argument that the model does not know."""
    for name, value in given.items():
        if value is not None and name not in model.options:
            others = [one for one in models.BUILT_IN if name in models.find(one).options]
            hint = f", which belongs to `model={others[0]!r}`" if others else ""
            raise BandgError(f"the {model.name} model does not know `{name}`{hint}: leave it out")


def in_own_crystal(parameters: Any, asked: Variation) -> Variation:
    """The arguments with the tilt for which the set is made, unless they name a tilt or a structure of their own."""
    if asked.get("tilt") is not None or asked.get("structure") is not None:
        return asked
    given = {name: value for name, value in asked.items() if value is not None}
    return cast(Variation, {**getattr(parameters, "crystal", {}), **given})


def load(model: Model, given: Any) -> Any:
    """The parameter set that is given, else the default of the model. Raises BandgError where there is none."""
    chosen = model.default_set if given is None else given
    if chosen is None:
        raise BandgError(f"the model {model.name} needs a parameter set: add `set`")
    return model.load(chosen)


def options_of(model: Model, parameters: Any, termination: Any, given: Mapping[str, Any], asked: Variation) -> Options:
    """The options of the model, before it completes them. Raises BandgError for terminations that it has not."""
    known = model.ends(parameters)
    asked_ends = () if termination is None else words("termination", termination, known[0].name)
    if termination is not None and not asked_ends:
        raise BandgError(f"no termination is given; choose {choices([e.name for e in known])}, or several in a list")
    where = f" in the {model.name} model"
    ends = tuple(dict.fromkeys(termination_among(known, end, where).name for end in asked_ends))
    chosen = {name: value for name, value in given.items() if value is not None}
    return replace(Options(ends, **chosen), **_mixed(model, asked))


def _mixed(model: Model, asked: Variation) -> dict[str, Any]:
    """The options of a mixed halide."""
    if asked.get("second") is None:
        for name in ("fraction", "offset_eV"):
            if asked.get(name) is not None:
                raise BandgError(f"`{name}` belongs to a mixed halide: add the parameter set of the second halide")
        return {}
    if asked.get("fraction") is None and asked.get("structure") is None:
        raise BandgError("a second halide needs its share of the halide: add a fraction, as 0.3")
    if asked.get("offset_eV") is None:
        raise BandgError(
            "a mixed halide needs the band offset: the valence-band top of the second crystal above that of the first "
            "in eV, negative where it lies below"
        )
    second = model.load(asked["second"])
    return {"second": second, "fraction": asked.get("fraction") or 0.0, "offset_eV": asked["offset_eV"]}


def checked_run(run: Any) -> Run:
    """The argument `run`. Raises BandgError where it is not a Run."""
    if not isinstance(run, Run):
        raise wrong("run", "a bandg.Run", run)
    return run
