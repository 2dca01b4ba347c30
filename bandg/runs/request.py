"""Nanocrystals from the arguments of a user: sizes, shape and distortion."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, TypedDict, cast

from bandg.base.arguments import choices, flag, number, size_text, text, whole, words, wrong
from bandg.base.errors import BandgError, BandgWarning
from bandg.base.quantities import parse_edges, parse_size
from bandg.crystal.atoms import Atoms
from bandg.crystal.distortion import distorted
from bandg.crystal.lattice import PEROVSKITE, Lattice
from bandg.crystal.shapes import SHAPES, Nanocrystal, cube, cuboid, octahedron, sphere, truncated_cube
from bandg.data.surfaces import check_shifts, with_surface
from bandg.models.etb.local import resolve_neighbors
from bandg.models.etb.material import Material
from bandg.models.etb.model import MODEL
from bandg.parameters.sets import Parameter, ParameterSet
from bandg.solvers.registry import check_solver

MAX_SEEDS = 10_000
DEFAULT_TRUNCATION = 0.5


class Variation(TypedDict, total=False):
    """Distortions of a nanocrystal, and other options of its geometry; all are optional.

    truncation: of a truncated cube, 0.5. strain: "zz=0.01,xx=-0.005" or "111=0.01". tilt, angles: Glazer's symbol and
    an angle in degrees for each letter, "a-b+a-" and "8,10". keep: what the tilt keeps, "bonds" or "lattice". second:
    parameter set of a second halide, fraction: its share of X, offset_eV: its valence-band top above that of the first.
    x_vacancies, pb_vacancies: share of surface X and Pb that is missing. occupancy: mean-field occupancy of surface X.
    seed: first random seed. seeds: number of consecutive seeds. surface: "slabs", "point-charges", "none", or onsite
    shifts in eV by species and plane from the surface, "X.0=0.13,Pb.1=-0.01". surface_bonds: relative change of the
    outermost bonds. image: dielectric constants inside and outside, "5,2.25", for the image self-energy of each
    carrier. structure: explicit atoms in place of size and shape.
    """

    truncation: float | None
    strain: str | None
    tilt: str | None
    angles: str | float | Sequence[float] | None
    keep: str | None
    second: ParameterSet | str | os.PathLike[str] | None
    fraction: float | None
    offset_eV: float | None
    x_vacancies: float | None
    pb_vacancies: float | None
    occupancy: float | None
    seed: int | None
    seeds: int | None
    surface: str | None
    surface_bonds: float | None
    image: str | Sequence[float] | None
    structure: Atoms | str | os.PathLike[str] | None


_TEXTS = {"strain": "zz=0.01", "tilt": "a0a0c+", "keep": "bonds", "surface": "X.0=0.13,Pb.1=-0.01"}
"""Options that are text, with an example."""


def checked(asked: Variation) -> Variation:
    """The options with checked types: numbers as float and int, angles as text. Raises BandgError."""
    found: dict[str, Any] = {}
    for name, value in asked.items():
        if value is None:
            found[name] = None
        elif name in _TEXTS:
            found[name] = text(name, value, _TEXTS[name])
        elif name in ("angles", "image") and not isinstance(value, str):
            several = value if isinstance(value, list | tuple) else [value]
            found[name] = ",".join(repr(number(name, one)) for one in several)
        elif name in ("seed", "seeds"):
            found[name] = whole(name, value)
        elif name == "structure" and not isinstance(value, Atoms | str | os.PathLike):
            raise wrong(name, "the path of a structure file or what bandg.read_structure gives", value)
        elif name in ("angles", "image", "second", "structure"):
            found[name] = value
        else:
            found[name] = number(name, value)
    return cast(Variation, found)


def nanocrystals(
    size: str,
    shape: str,
    termination: str | Sequence[str] | None,
    center: str | None,
    a_nm: float,
    truncation: float | None = None,
    lattice: Lattice = PEROVSKITE,
) -> tuple[Nanocrystal, ...]:
    """The ideal nanocrystals of a size request, one termination after the other, each from small to large.

    The meaning of a size for each shape is in `bandg.base.quantities`. Of sizes side by side that hold the same atoms
    the first one stays, and a BandgWarning says how many are left out. Raises BandgError.
    """
    if shape not in SHAPES:
        raise BandgError(f"shape {shape!r} is unknown; choose {', '.join(SHAPES[:-1])} or {SHAPES[-1]}")
    terminations = [termination] if termination is None or isinstance(termination, str) else list(termination)
    if not terminations:
        raise BandgError(f"no termination is given; choose {choices([one.name for one in lattice.terminations])}")
    if truncation is not None and shape != "truncated-cube":
        raise BandgError("a truncation belongs to the shape truncated-cube")
    if center is not None and shape == "cuboid":
        raise BandgError("the center of a cuboid follows from its edges; leave the center out")
    if shape == "cuboid":
        return tuple(cuboid(edges, a_nm, end, lattice) for end in terminations for edges in parse_edges(size, a_nm))
    sizes = parse_size(size)
    if shape == "cube":
        return tuple(cube(n, a_nm, end, center, lattice) for end in terminations for n in sizes.cells(a_nm))
    if shape == "truncated-cube":
        share = DEFAULT_TRUNCATION if truncation is None else truncation
        cells = sizes.cells(a_nm)
        if center is not None:
            cube(cells[0], a_nm, terminations[0], center, lattice)  # refuses a center that contradicts the parity
        return tuple(truncated_cube(n, a_nm, end, share, lattice) for end in terminations for n in cells)
    make = sphere if shape == "sphere" else octahedron
    found = [make(d, a_nm, end, center, lattice) for end in terminations for d in sizes.diameters_nm(a_nm)]
    kept = tuple(one for n, one in enumerate(found) if n == 0 or not found[n - 1].same_atoms(one))
    if len(kept) < len(found):
        what = f"{len(found) - len(kept)} of {len(found)} nanocrystals hold the same atoms as the next smaller one"
        warnings.warn(f"{what} and are left out", BandgWarning, stacklevel=2)
    return kept


def varied(
    crystals: Sequence[Nanocrystal], asked: Variation, own: Mapping[str, Parameter] = MappingProxyType({})
) -> tuple[Nanocrystal, ...]:
    """The nanocrystals with all that is asked for, for every seed. Raises BandgError.

    own: surface shifts of the set.
    """
    seeds = 1 if (count := asked.get("seeds")) is None else count
    if not 1 <= seeds <= MAX_SEEDS:
        raise BandgError(f"seeds must be a number from 1 to {MAX_SEEDS}, not {seeds}")
    first = asked.get("seed")
    found = [
        distorted(
            crystal,
            asked.get("strain"),
            asked.get("tilt"),
            str(asked.get("angles") or ""),
            asked.get("keep"),
            asked.get("fraction") or 0.0,
            asked.get("x_vacancies") or 0.0,
            asked.get("pb_vacancies") or 0.0,
            1.0 if (occupancy := asked.get("occupancy")) is None else occupancy,
            (1 if first is None else first) + number,
            surface_bonds=asked.get("surface_bonds") or 0.0,
            image=cast("str | None", asked.get("image")),
        )
        for crystal in crystals
        for number in range(seeds)
    ]
    if (asked.get("seeds") is not None or first is not None) and not any(one.is_random for one in found):
        raise BandgError(
            "`seed` and `seeds` need something random: add `fraction` between 0 and 1, `x_vacancies` or `pb_vacancies`"
        )
    shifted = tuple(replace(one, surface=with_surface(one, asked.get("surface"), own)) for one in found)
    check_shifts(shifted, asked.get("surface"))
    return shifted


DEFAULT_SIZE = "5cells,9cells,24cells"


@dataclass(frozen=True)
class Request:
    """A tight-binding set and nanocrystals."""

    parameters: ParameterSet
    neighbors: int
    crystals: tuple[Nanocrystal, ...]
    intra_atomic: bool = False
    solver: str = "auto"


def request(
    size: Any = DEFAULT_SIZE,
    shape: str = "cube",
    termination: str | Sequence[str] | None = None,
    set: Any = None,
    *,
    center: str | None = None,
    neighbors: int | None = None,
    intra_atomic: bool = False,
    solver: str = "auto",
) -> Request:
    """The nanocrystals and the set, checked. The arguments are those of `bandg.compute`. Raises BandgError."""
    check_solver(text("solver", solver, "auto"))
    flag("intra_atomic", intra_atomic)
    chosen = MODEL.load(MODEL.default_set if set is None else set)
    shells = resolve_neighbors(chosen, None if neighbors is None else whole("neighbors", neighbors))
    ends = None if termination is None else words("termination", termination, "halide")
    text("shape", shape, "cube")
    crystals = nanocrystals(size_text(size), shape, ends, center, chosen.a_nm, lattice=chosen.lattice)
    if chosen.crystal:
        crystals = varied(crystals, cast(Variation, dict(chosen.crystal)))
    Material(chosen).bulk(shells)  # a set without a gap is refused before anything is computed
    return Request(chosen, shells, varied(crystals, {}, chosen.surface), intra_atomic, solver)


def rescaled(crystal: Nanocrystal, a_nm: float) -> Nanocrystal:
    """The same atoms at another lattice constant in nm."""
    return replace(crystal, a_nm=a_nm, diameter_nm=crystal.diameter_nm * a_nm / crystal.a_nm)


def check_seed(seed: int) -> None:
    """Raise BandgError for a seed outside of the range that numpy, SALib and dynesty all accept."""
    if not 0 <= seed < 1 << 31:
        raise BandgError(f"`seed` must lie between 0 and 2^31 - 1, not {seed}")
