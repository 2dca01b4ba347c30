"""Distortions of a nanocrystal: strain, octahedral tilts, and what is random or averaged on its sites.

A tilt turns the octahedra of X about the cubic axes [glazer1972]: about axis i by the angle phi_i, with signs that
alternate along the two other axes and, for "-", along i as well. X moves by theta x r to first order in the rotation,
theta_i = tan(phi_i), r from its Pb: two octahedra that share X agree on it, the lattice stays, and a tilt about one
axis makes the angle Pb-X-Pb exactly 180 - 2 phi degrees. The bonds get longer by that; by default the lattice
contracts along its axes so that each keeps its length.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.base.quantities import Grammar, named
from bandg.base.text import quote
from bandg.crystal.lattice import require_perovskite
from bandg.crystal.planes import parse_shifts
from bandg.crystal.shapes import Nanocrystal

Keep = Literal["bonds", "lattice"]
"""What a tilt keeps: the length of the bonds Pb-X, so that the lattice contracts, or the lattice."""

STRAINS = ("xx", "yy", "zz", "yz", "xz", "xy")
MAX_STRAIN = 0.2
MAX_TILT_DEG = 25.0
_ANGLES = Grammar(
    "tilt angle",
    "8 or 8,10, degrees",
    ("degrees",),
    lambda angle: "" if abs(angle.number) <= MAX_TILT_DEG else f"must be numbers of degrees up to {MAX_TILT_DEG:g}",
)
_EPS = Grammar("image", "5,2.25", problem=lambda eps: "" if 1 <= eps.number <= 1000 else "must lie between 1 and 1000")
_GLAZER = re.compile(r"([abc])([0+-])([abc])([0+-])([abc])([0+-])")


def parse_strain(text: str) -> tuple[float, ...]:
    """Components xx, yy, zz, yz, xz, xy of the symmetric strain from "zz=0.01,xx=-0.005" or "111=0.01".

    111 stands for a uniaxial strain along that direction. Raises BandgError for anything else.
    """
    total = dict.fromkeys(STRAINS, 0.0)
    for name, number in named(text.split(","), "strain", "zz=0.01 or xx=-0.005,zz=0.01").items():
        if name not in (*STRAINS, "111"):
            raise BandgError(
                f"strain component {quote(name)} is unknown: write zz=0.01, several with commas, of "
                f"{', '.join(STRAINS)} and 111 (uniaxial along [111])"
            )
        value = Grammar(f"strain {name}", f"{name}=0.01").value(number).number
        for component in STRAINS if name == "111" else (name,):
            total[component] += value / (3 if name == "111" else 1)
    return tuple(total.values())


def strain_matrix(strain: tuple[float, ...]) -> NDArray[np.float64]:
    """The symmetric (3, 3) strain tensor of its components."""
    xx, yy, zz, yz, xz, xy = strain or (0.0,) * 6
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


def parse_tilt(symbol: str, angles: str) -> tuple[str, tuple[float, float, float]]:
    """Glazer's symbol and the angles about x, y, z in degrees, from "a-b+a-" and "8,10": one angle a letter.

    Raises BandgError for a symbol or angles that do not fit.
    """
    match = _GLAZER.fullmatch(symbol.strip())
    if match is None:
        raise BandgError(f"tilt {symbol!r} is not a known Glazer symbol: write a0a0c+, a0a0c-, a-a-a- or a-b+a-")
    letters, signs = match.groups()[0::2], match.groups()[1::2]
    for letter in set(letters):
        if len({sign == "0" for of, sign in zip(letters, signs, strict=True) if of == letter}) > 1:
            raise BandgError(f"tilt {symbol!r}: axes with the letter {letter} tilt by one angle, so all or none are 0")
    turning = list(dict.fromkeys(of for of, sign in zip(letters, signs, strict=True) if sign != "0"))
    values = [angle.number for angle in _ANGLES.values(angles)] if angles.strip() else []
    if len(values) != len(turning):
        raise BandgError(
            f"tilt {symbol!r} needs {len(turning)} angle(s), for {', '.join(turning) or 'nothing'}, "
            f"not {len(values)}: give them by `angles`"
        )
    by_letter = dict(zip(turning, values, strict=True))
    x, y, z = (0.0 if sign == "0" else by_letter[of] for of, sign in zip(letters, signs, strict=True))
    return symbol.strip(), (x, y, z)


def parse_image(text: str) -> tuple[float, ...]:
    """Dielectric constants inside and outside from "5,2.25"; empty where they are equal. Raises BandgError."""
    found = tuple(value.number for value in _EPS.values(text))
    if len(found) != 2:
        raise _EPS.wrong(text, "must be two dielectric constants, inside and outside: write 5,2.25")
    return found if found[0] != found[1] else ()


def displacements(on_frame: NDArray[np.int64], symbol: str, tilt_deg: tuple[float, ...]) -> NDArray[np.float64]:
    """Displacements of sites by a tilt in units of a/2, shape (n, 3); zero for Pb.

    on_frame: (n, 3) ideal coordinates in units of a/2, even on Pb.
    """
    bond = on_frame % 2
    cell = (on_frame - bond) // 2
    tangent = np.tan(np.radians(tilt_deg))
    theta = np.zeros(cell.shape)
    for axis, sign in enumerate(symbol[1::2]):
        if sign != "0":
            steps = cell.sum(axis=1) - (cell[:, axis] if sign == "+" else 0)
            theta[:, axis] = tangent[axis] * (1 - 2 * (steps % 2))
    return np.where(bond.sum(axis=1, keepdims=True) == 1, np.cross(theta, bond), 0.0)


def contraction(tilt_deg: tuple[float, ...]) -> NDArray[np.float64]:
    """Factors of the axes (3,) with which every bond Pb-X of a tilted crystal is a/2 long.

    A bond along x ends at (s_x, s_y t_z, s_z t_y) a/2 up to signs, t the tangents of the angles.
    """
    x, y, z = np.tan(np.radians(tilt_deg)) ** 2
    return np.asarray(np.sqrt(np.linalg.solve([[1, z, y], [z, 1, x], [y, x, 1]], np.ones(3))))


def deformation(strain: tuple[float, ...], tilt_deg: tuple[float, ...], keep: Keep) -> NDArray[np.float64]:
    """The (3, 3) matrix by which positions are multiplied from the right: contraction under a tilt, then strain."""
    scale = contraction(tilt_deg) if tilt_deg and keep == "bonds" else np.ones(3)
    return np.asarray(scale[:, None] * (np.eye(3) + strain_matrix(strain)))


def checked_keep(keep: str) -> Keep:
    """What a tilt keeps. Raises BandgError for another word."""
    if keep not in get_args(Keep):
        raise BandgError(f"`keep` must be 'bonds' or 'lattice', not {keep!r}")
    return keep  # type: ignore[return-value]


def outermost_bonds(
    positions: NDArray[np.float64],
    coordinates: NDArray[np.int64],
    bonds: NDArray[np.int64],
    has_skin: bool,
    change: float,
) -> NDArray[np.float64]:
    """Displacements (n, 3) that change the length of the outermost bonds Pb-X by a fraction.

    Where every Pb keeps its X, X with a single Pb moves along its bond. In planes PbX2 each Pb without an X outside
    moves along the bond on the opposite side, and each X of the plane with its two Pb, so that the plane moves.

    positions: (n, 3), coordinates: (n, 3) in the ideal crystal in units of a/2. bonds: (m, 2), Pb first.
    has_skin: whether there are X with a single Pb.
    """
    lead, halide = bonds.T
    moved = np.zeros(positions.shape)
    count = np.bincount(halide, minlength=len(positions))
    if has_skin:
        outer = count[halide] == 1
        moved[halide[outer]] = change * (positions[halide] - positions[lead])[outer]
        return moved
    step = coordinates[halide] - coordinates[lead]
    is_lead = np.bincount(lead, minlength=len(positions)) > 0
    for direction in (*np.eye(3, dtype=np.int64), *-np.eye(3, dtype=np.int64)):
        free = is_lead.copy()
        free[lead[(step == direction).all(axis=1)]] = False
        inner = (step == -direction).all(axis=1) & free[lead]
        own = np.zeros(positions.shape)
        own[lead[inner]] = change * (positions[lead] - positions[halide])[inner]
        in_plane = np.bincount(halide, free[lead], minlength=len(positions)) == count
        with_both = np.flatnonzero(in_plane[halide])
        np.add.at(own, halide[with_both], own[lead[with_both]] / count[halide[with_both], None])
        moved += own
    return moved


def describe(nanocrystal: Nanocrystal) -> str:
    """Description of the distortions of a nanocrystal, without the seed; empty if there are none."""
    parts = []
    if nanocrystal.truncation:
        parts.append(f"truncation {nanocrystal.truncation:g}")
    named = zip(STRAINS, nanocrystal.strain, strict=False)
    parts += [f"strain {name} {value:g}" for name, value in named if value]
    if nanocrystal.tilt:
        angles = ", ".join(f"{angle:g}" for angle in nanocrystal.tilt_deg)
        kept = ", lattice kept" if nanocrystal.keep == "lattice" else ""
        parts.append(f"tilt {nanocrystal.tilt} by {angles} degrees{kept}")
    for what, share in (
        ("second halide", nanocrystal.fraction),
        ("surface X vacancies", nanocrystal.x_vacancies),
        ("surface Pb vacancies", nanocrystal.pb_vacancies),
    ):
        if share:
            parts.append(f"{share:.4g} {what}")
    if nanocrystal.occupancy != 1:
        parts.append(f"surface X occupancy {nanocrystal.occupancy:g}")
    if nanocrystal.surface_bonds:
        parts.append(f"surface bonds {100 * nanocrystal.surface_bonds:+g} %")
    if nanocrystal.surface:
        shifts = ", ".join(f"{kind}.{plane} {shift:+g}" for kind, plane, shift in nanocrystal.surface)
        parts.append(f"surface shifts {shifts} eV")
    if nanocrystal.image:
        inside, outside = nanocrystal.image
        parts.append(f"image self-energy of eps {inside:g} in {outside:g}")
    return "; ".join(parts)


def distorted(
    nanocrystal: Nanocrystal,
    strain: str | None = None,
    tilt: str | None = None,
    angles: str = "",
    keep: str | None = None,
    fraction: float = 0.0,
    x_vacancies: float = 0.0,
    pb_vacancies: float = 0.0,
    occupancy: float = 1.0,
    seed: int = 1,
    surface: str | None = None,
    surface_bonds: float = 0.0,
    image: str | None = None,
) -> Nanocrystal:
    """A nanocrystal with strain, tilt, alloy, vacancies, occupancy, another surface, or image self-energy.

    strain, tilt, angles: as `parse_strain` and `parse_tilt` take them. keep: what the tilt keeps, by default "bonds".
    fraction: share of X of the second halide.
    x_vacancies, pb_vacancies: share of surface X (one Pb neighbor) and surface Pb that is removed. occupancy: f of the
    surface X, whose hoppings are scaled by sqrt(f) so that the self-energy of the Pb is the average. seed: of what is
    random. surface: onsite shifts, "X.0=0.13,Pb.1=-0.01", in eV by species and plane from the surface.
    surface_bonds: relative change of the outermost bonds, as `outermost_bonds` moves them. image: dielectric constants
    inside and outside, "5,2.25". Raises BandgError for numbers out of range.
    """
    if tilt or fraction or x_vacancies or pb_vacancies or occupancy != 1 or surface_bonds:
        require_perovskite(nanocrystal.lattice, "what tilts, mixes halides, leaves atoms out, or relaxes the surface")
    changes: dict[str, Any] = {}
    for name, value in (
        ("fraction", fraction),
        ("x_vacancies", x_vacancies),
        ("pb_vacancies", pb_vacancies),
        ("occupancy", occupancy),
    ):
        if not 0 <= value <= 1:
            raise BandgError(f"{name} must lie between 0 and 1, not {value:g}")
        if name != "fraction" or not nanocrystal.atoms:  # a structure has its own share
            changes[name] = float(value)
    if pb_vacancies >= 1:
        raise BandgError("pb_vacancies must lie below 1: the nanocrystal needs Pb")
    if seed < 0:
        raise BandgError(f"seed must be 0 or more, not {seed}")
    if (x_vacancies or occupancy != 1) and not nanocrystal.atoms and not nanocrystal.has_skin:
        raise BandgError("a lead-terminated nanocrystal has no surface X: use halide termination")
    if x_vacancies and occupancy != 1:
        raise BandgError("x_vacancies and occupancy both describe missing surface X: give one of them")
    if strain:
        components = parse_strain(strain)
        if np.abs(np.linalg.eigvalsh(strain_matrix(components))).max() > MAX_STRAIN:
            raise BandgError(f"strain {strain!r} exceeds {MAX_STRAIN:g}, the largest strain")
        changes["strain"] = components if any(components) else ()
    if tilt:
        symbol, tilt_deg = parse_tilt(tilt, angles)
        kept = checked_keep(keep or "bonds")
        changes |= {"tilt": symbol, "tilt_deg": tilt_deg, "keep": kept} if any(tilt_deg) else {}
    elif angles:
        raise BandgError("`angles` need a tilt: add `tilt='a0a0c+'` or another Glazer symbol")
    elif keep is not None:
        raise BandgError("`keep` is about a tilt: add `tilt='a0a0c+'` or another Glazer symbol, or leave it out")
    if 0 < fraction < 1 or x_vacancies or pb_vacancies:
        changes["seed"] = seed
    if occupancy == 0 and not nanocrystal.atoms and not pb_vacancies:
        changes |= {"occupancy": 1.0, "termination": "lead"}
    if not abs(surface_bonds) <= MAX_STRAIN:
        raise BandgError(f"`surface_bonds` must lie between -{MAX_STRAIN:g} and {MAX_STRAIN:g}, not {surface_bonds:g}")
    changes["surface_bonds"] = float(surface_bonds)
    if surface:
        changes["surface"] = parse_shifts(surface, nanocrystal.lattice)
    if image:
        changes["image"] = parse_image(image)
    changed = replace(nanocrystal, **changes)
    if nanocrystal.atoms and (changed.strain or changed.tilt or fraction or surface_bonds):
        raise BandgError(
            "strain, tilt, alloy and surface bonds do not apply to a structure file, which gives positions"
        )
    return changed
