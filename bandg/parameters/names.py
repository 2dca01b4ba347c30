"""All dotted paths of parameter sets in canonical order, and the names of integrals."""

from __future__ import annotations

from functools import lru_cache

from bandg.crystal.lattice import PEROVSKITE, Lattice

DEFAULT_SET = "bandg-cspbi3-nnn"
"""The set of a crystal that is not named; docs/decisions/0016-default-set.md has the criterion."""

PUBLISHED_SET = "nestoklon2023-standin"
"""The published theory of CsPbI3: the baseline of what is compared with measured nanocrystals."""

LAW_SET = "kirstein2022"
"""The k.p set of the universal law of bulk crystals."""

SHELLS = ("s", "p", "d", "s*")
LATTICE = "lattice.a"
PUBLISHED = {"E_g_eV": "eV", "Delta_eV": "eV", "m_e": "1", "m_h": "1", "g_e": "1", "g_h": "1"}
"""Bulk values that a set may quote for comparison, with their units."""

STATUSES = ("published", "transcribed", "fitted", "assumed")
DEFAULT_EXPONENT = 2.0
"""Exponent n of (d0 / d)^n of an integral whose set gives none: Harrison's law of s and p orbitals [harrison1980]."""

MAX_EXPONENT = 12.0
LIMITS_EV = {"onsite": 100.0, "hopping": 100.0, "spin_orbit": 5.0, "published": 100.0, "surface": 5.0}
LATTICE_NM = (0.3, 2.0)
ANGULAR_MOMENTUM = {"s": 0, "p": 1, "d": 2, "s*": 0}
_RANK = {"s": 0, "s*": 1, "p": 2, "d": 3}
_BONDS = ("sigma", "pi", "delta")


def _integrals(first: str, second: str) -> tuple[str, ...]:
    """Two-center integrals between two shells: ``s-p`` where only sigma exists, else ``p-d.sigma``, ``p-d.pi``."""
    m_max = min(ANGULAR_MOMENTUM[first], ANGULAR_MOMENTUM[second])
    if m_max == 0:
        return (f"{first}-{second}",)
    return tuple(f"{first}-{second}.{bond}" for bond in _BONDS[: m_max + 1])


def integral_names(table: str) -> tuple[str, ...]:
    """Names of all integrals of a hopping table, in canonical order.

    Between equal species a pair of shells stands once: lower l first, s before s*.
    """
    first, second = table.split("-")
    same = first == second
    pairs = [(a, b) for a in SHELLS for b in SHELLS if not same or _RANK[a] <= _RANK[b]]
    return tuple(name for pair in pairs for name in _integrals(*pair))


def shells_of(integral: str) -> tuple[str, str]:
    """The two shells of an integral's name: ``"s*-p" -> ("s*", "p")``, ``"p-d.pi" -> ("p", "d")``."""
    first, second = integral.partition(".")[0].split("-")
    return first, second


def swapped(integral: str) -> str:
    """The same integral named from the other atom: ``"s-p" -> "p-s"``, ``"d-p.pi" -> "p-d.pi"``.

    The value is the one with the direction from the lower l to the higher l, so it keeps its sign.
    """
    pair, dot, bond = integral.partition(".")
    first, second = pair.split("-")
    return f"{second}-{first}{dot}{bond}"


@lru_cache(maxsize=16)
def order(lattice: Lattice = PEROVSKITE) -> dict[str, int]:
    """Position of every possible path in the canonical order."""
    onsite = [f"onsite.{species}.{shell}" for species in lattice.kinds for shell in SHELLS]
    spin_orbit = [f"spin_orbit.{species}.p" for species in lattice.kinds]
    hopping = [f"hopping.{table}.{name}" for table in lattice.tables for name in integral_names(table)]
    return {path: i for i, path in enumerate((LATTICE, *onsite, *spin_orbit, *hopping))}


def required_integrals(
    table: str, orbitals: dict[str, tuple[str, ...]], lattice: Lattice = PEROVSKITE
) -> tuple[str, ...]:
    """Integrals that ``table`` must have: all that the orbitals allow for nearest neighbors, else those of s and p."""
    first, second = table.split("-")
    wanted = SHELLS if lattice.shell(table).order == 1 else ("s", "p")
    return tuple(
        name
        for name in integral_names(table)
        if (pair := shells_of(name))[0] in orbitals[first]
        and pair[1] in orbitals[second]
        and pair[0] in wanted
        and pair[1] in wanted
    )


def hopping_of(path: str) -> str:
    """The hopping that the exponent "scaling.Pb-X.s-p" scales, "" where the path is no exponent."""
    return f"hopping.{path.partition('.')[2]}" if path.startswith("scaling.") else ""


def exponent_of(path: str) -> str:
    """The exponent of the hopping "hopping.Pb-X.s-p"."""
    return f"scaling.{path.partition('.')[2]}"


def unit_of(path: str) -> str:
    """The only unit of ``path``: "nm" for lattice.a, "1" for exponents, published masses and g, else "eV"."""
    if path == LATTICE:
        return "nm"
    if path.startswith("scaling."):
        return "1"
    section, _, key = path.partition(".")
    return PUBLISHED[key] if section == "published" else "eV"


def out_of_range(path: str, value: float) -> str:
    """The error in the size of a number, or ""."""
    if path == LATTICE:
        lo, hi = LATTICE_NM
        return (
            "" if lo <= value <= hi else f"{value:g} nm is not a valid lattice constant: expected {lo:g} to {hi:g} nm"
        )
    if path.startswith("scaling."):
        return (
            "" if 0 <= value <= MAX_EXPONENT else f"{value:g} is not a valid exponent: expected 0 to {MAX_EXPONENT:g}"
        )
    limit = LIMITS_EV[path.partition(".")[0]]
    unit = " eV" if unit_of(path) == "eV" else ""
    return "" if abs(value) <= limit else f"{value:g}{unit} is too large: expected a magnitude up to {limit:g}{unit}"
