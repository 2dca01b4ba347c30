"""Onsite shifts near a surface by name: first-principles slabs, point charges, or those of a parameter set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from bandg.base.errors import BandgError
from bandg.base.quantities import Grammar, named
from bandg.base.text import nearest, quote
from bandg.crystal.electrostatics import CHARGES, surface_shifts
from bandg.crystal.lattice import PEROVSKITE, SURFACE_PLANES, require_perovskite
from bandg.crystal.planes import Shifts, parse_shifts, planes
from bandg.crystal.shapes import Nanocrystal
from bandg.data.slabs import load_slabs
from bandg.parameters.sets import Parameter, ParameterSet

NAMES = ("slabs", "point-charges", "none")
"""Surfaces with a name."""

EPS = 4.4
"""Square of the lowest refractive index, 2.10, measured in the infrared in an iodide perovskite [mapbi2015]."""

_SLAB_PLANES, _CHARGE_PLANES, _DIGITS = 3, 4, 4
_MAX_SCALE = 10.0
_MANY_CELLS = 2 * SURFACE_PLANES + 4  # across, with which a nanocrystal has all planes that may be shifted
_EXAMPLES = {"slabs": "slabs:scale=0.5", "point-charges": "point-charges:eps=4.4,Pb=2,X=-1,Cs=1"}
_OPTIONS = {"slabs": {"scale": 1.0}, "point-charges": {"eps": EPS, **CHARGES}}

Tables = Mapping[str, Mapping[tuple[str, int], float]]
"""Shift in eV by termination, and there by (species, plane)."""


def with_surface(crystal: Nanocrystal, asked: str | None, own: Mapping[str, Parameter]) -> Shifts:
    """Onsite shifts of a nanocrystal near its surface.

    A surface that is filled partly, in mean field, has shifts between those of both terminations: plane k of "lead" is
    plane k + 1 of "halide". The outermost halide, which "lead" has not, keeps that of "halide". This is an assumption.

    Parameters
    ----------
    crystal : Nanocrystal
        With its termination and occupancy.
    asked : str or None
        "slabs", "slabs:scale=0.5", "point-charges", "point-charges:eps=4.4,Pb=2,X=-1,Cs=1", "none", or shifts,
        "X.0=0.13,Pb.1=-0.01". None: those of the set.
    own : mapping of str to Parameter
        Shifts of the parameter set, `ParameterSet.surface`.

    Returns
    -------
    tuple of (str, int, float)
        Species, plane and shift in eV.

    Raises
    ------
    BandgError
        For an unknown name, a wrong option, and a named surface of a lattice that is not the perovskite.

    Examples
    --------
    >>> from bandg.crystal.shapes import cube
    >>> from bandg.data.surfaces import with_surface
    >>> with_surface(cube(4, 0.6289, "halide"), "slabs", {})
    (('Pb', 1, -0.007), ('X', 0, 0.129), ('X', 1, -0.1125), ('X', 2, 0.0242))
    """
    if asked is None:
        return _at(_own_tables(own), crystal) if own else ()
    if _is_given(asked):
        return parse_shifts(asked, crystal.lattice)
    name, values = _parsed(asked)
    if name == "none":
        return ()
    require_perovskite(crystal.lattice, f"the surface {name}")
    if name == "slabs":
        return _at(_slabs(values["scale"]), crystal)
    charges = tuple((kind, values[kind]) for kind in CHARGES)
    return _at(_point_charges(crystal.a_nm, values["eps"], charges), crystal)


def check_shifts(crystals: Sequence[Nanocrystal], asked: str | None) -> None:
    """Raise BandgError for a shift given by hand that no atom of these nanocrystals has.

    crystals: with the shifts of `with_surface`. asked: as there.
    """
    if asked is None or not _is_given(asked):
        return
    missing = {shift[:2] for one in crystals for shift in one.surface}
    found: set[tuple[str, int]] = set()
    for crystal in sorted(crystals, key=Nanocrystal.estimate_n_pb):
        if missing <= found:
            break
        found |= _occupied(_outer_part(crystal))
    for kind, plane in sorted(missing - found):
        where = ", ".join(str(n) for one, n in sorted(found) if one == kind and n < SURFACE_PLANES)
        ends = " or ".join(dict.fromkeys(_end(one) for one in crystals))
        raise BandgError(
            f"surface shift {kind}.{plane}: no {kind} lies in plane {plane} of {ends} planes; "
            f"{kind} lies in the planes {where} of these nanocrystals"
        )


def _outer_part(crystal: Nanocrystal) -> Nanocrystal:
    """A nanocrystal of few atoms with as good as the same outer planes, undistorted; explicit atoms as they are."""
    if crystal.atoms:
        return crystal
    return Nanocrystal(
        crystal.shape,
        crystal.a_nm,
        crystal.termination,
        crystal.center,
        cells=min(crystal.cells, _MANY_CELLS + crystal.cells % 2),
        diameter_nm=min(crystal.diameter_nm, _MANY_CELLS * crystal.a_nm),
        edges=tuple(min(n, _MANY_CELLS + n % 2) for n in crystal.edges),
        truncation=crystal.truncation,
        lattice=crystal.lattice,
    )


@lru_cache(maxsize=64)
def _occupied(crystal: Nanocrystal) -> frozenset[tuple[str, int]]:
    """Species and plane of all atoms."""
    if crystal.atoms:
        from bandg.crystal.structure import structure_of  # slow to load

        structure = structure_of(crystal)
        coordinates, kind = structure.on_frame, structure.kind
    else:
        coordinates, kind = crystal.sites()
    pairs = zip(kind.tolist(), planes(coordinates).tolist(), strict=True)
    return frozenset((crystal.lattice.kinds[one], plane) for one, plane in set(pairs))


def _is_given(asked: str) -> bool:
    """Whether these are shifts by species and plane, not the name of a surface."""
    return ":" not in asked and ("=" in asked or "." in asked)


def meaning(asked: str | None, parameters: ParameterSet) -> str:
    """What a named surface is, in words for the head of a table; empty for shifts that the user has written."""
    if asked is None:
        return f"surface shifts of the set {parameters.name} (`surface='none'` leaves them out)"
    if asked.partition(":")[0].strip() not in _OPTIONS:
        return ""
    name, values = _parsed(asked)
    if name == "slabs":
        scale = "" if values["scale"] == 1 else f"{values['scale']:g} times "
        other = "" if parameters.material == "CsPbI3" else f", assumed for {parameters.material}"
        return f"{scale}core-level shifts of first-principles slabs of CsPbI3{other}"
    charges = ", ".join(f"{kind} {values[kind]:+g}" for kind in CHARGES)
    return f"point charges {charges}, dielectric constant {values['eps']:g}"


def _parsed(asked: str) -> tuple[str, dict[str, float]]:
    """Name and options of a named surface. Raises BandgError."""
    name, colon, text = (part.strip() for part in asked.partition(":"))
    if name not in NAMES:
        raise BandgError(
            f"`surface` {quote(name)} is unknown{nearest(name, NAMES)}: write {', '.join(NAMES)}, or shifts in eV, "
            "X.0=0.13,Pb.1=-0.01"
        )
    known = _OPTIONS.get(name, {})
    values, example = dict(known), _EXAMPLES.get(name, name)
    for key, number in named(text.split(",") if colon else [], f"option of the surface {name}", example).items():
        if key not in known:
            raise BandgError(f"the surface {name} has no option {quote(key)}: write {example}")
        values[key] = Grammar(f"`surface` {key}", example).value(number).number
        if key == "scale" and not 0 <= values[key] <= _MAX_SCALE:
            raise BandgError(f"`surface` scale must lie between 0 and {_MAX_SCALE:g}, not {values[key]:g}")
    return name, values


def _own_tables(own: Mapping[str, Parameter]) -> Tables:
    tables: dict[str, dict[tuple[str, int], float]] = {}
    for path, entry in own.items():
        _, end, kind, plane = path.split(".")
        tables.setdefault(end, {})[kind, int(plane)] = entry.value
    return tables


def _slabs(scale: float) -> Tables:
    kinds = {"Pb": "Pb", "I": "X"}
    return {
        end: {
            (kinds[species], plane): scale * shift
            for (species, plane), shift in slab.shifts.items()
            if species in kinds and plane < _SLAB_PLANES
        }
        for end, slab in load_slabs().items()
    }


@lru_cache(maxsize=16)
def _point_charges(a_nm: float, eps: float, charges: tuple[tuple[str, float], ...]) -> Tables:
    return {one.name: surface_shifts(one, a_nm, eps, dict(charges), _CHARGE_PLANES) for one in PEROVSKITE.terminations}


def _at(tables: Tables, crystal: Nanocrystal) -> Shifts:
    """The shifts for the termination of a nanocrystal, without species that have no orbitals."""
    shifts = dict(tables.get(_end(crystal), {}))
    if crystal.occupancy != 1:
        below = {(kind, plane + 1): shift for (kind, plane), shift in tables.get("lead", {}).items()}
        outer = {key: shift for key, shift in shifts.items() if key == ("X", 0)}
        f = crystal.occupancy
        mixed = {key: f * shifts.get(key, 0.0) + (1 - f) * below.get(key, 0.0) for key in {**shifts, **below}}
        shifts = mixed | outer
    rounded = ((kind, plane, round(shift, _DIGITS) + 0.0) for (kind, plane), shift in shifts.items())
    return tuple(sorted(one for one in rounded if one[2] and one[0] in crystal.lattice.kinds))


def _end(crystal: Nanocrystal) -> str:
    """The termination; of explicit atoms "halide" if any halide has a single lead."""
    if not crystal.atoms:
        return crystal.termination
    from bandg.crystal.structure import structure_of  # slow to load

    structure = structure_of(crystal)
    return "halide" if ((structure.kind > 0) & (structure.neighbors == 1)).any() else "lead"
