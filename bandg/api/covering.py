"""Sizes whose transition energies cover a range of energies."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from bandg.base.arguments import number, wrong
from bandg.base.errors import BandgError
from bandg.base.quantities import Grammar

FEWEST, MOST = 2, 40
"""Cells of the smallest and the largest nanocrystal that is tried."""

STEPS = 6
"""Nanocrystals that a search computes, as a rule: the smallest, two more, and some that follow from these."""

_FIRST = (5, 8)
_POWER = 1.6


def energy_range(energy: Any) -> tuple[float, float]:
    """Lower and upper energy in eV of the argument `energy`: "1.69..2.25eV", "1.911eV", a number or a pair in eV.

    Raises BandgError.
    """
    if isinstance(energy, str):
        grammar = Grammar("energy", "1.69..2.25eV", ("eV",))
        if ".." not in energy:
            ends = (grammar.value(energy).number,) * 2
        else:
            span = grammar.span(energy)
            if span.rest is not None:
                raise grammar.wrong(energy, "has a step: the sizes follow from the cells, write 1.69..2.25eV")
            ends = (span.lower, span.upper)
    elif isinstance(energy, (tuple, list)) and len(energy) == 2:
        ends = (number("energy", energy[0]), number("energy", energy[1]))
    elif isinstance(energy, (tuple, list)):
        raise wrong("energy", "one energy or a pair (lowest, highest) in eV", energy)
    else:
        ends = (number("energy", energy),) * 2
    if not 0 < ends[0] <= ends[1]:
        raise BandgError(f"`energy` must be above zero and rise, not {ends[0]:g} to {ends[1]:g} eV")
    return ends


def covering(
    lower: float, upper: float, energies: Callable[[int], tuple[float, float]], gap: float | None
) -> tuple[int, int]:
    """Cells of the largest nanocrystal at or above `upper` and of the smallest at or below `lower`, in eV.

    Parameters
    ----------
    lower, upper : float
        The range in eV.
    energies : callable
        Lowest and highest transition energy in eV of the nanocrystals of so many cells; falls with the size.
    gap : float or None
        The limit of large nanocrystals in eV, if it is known.

    Returns
    -------
    tuple of int
        Fewest and most cells: the curve between them covers the range.

    Raises
    ------
    BandgError
        For energies that no nanocrystal between 2 and 40 cells reaches.

    Examples
    --------
    >>> from bandg.api.covering import covering
    >>> covering(1.7, 2.1, lambda n: (1.65 + 9 / n**2, 1.65 + 9 / n**2), 1.65)
    (4, 14)
    """
    if gap is not None and lower <= gap:
        raise BandgError(f"`energy` begins at {lower:g} eV, and the gap of the bulk is {gap:.4g} eV: begin above it")
    known = {n: energies(n) for n in _FIRST}
    few = _last(known, energies, lambda n: known[n][0] >= upper, upper, gap)
    if few < FEWEST:
        raise BandgError(
            f"`energy` ends at {upper:g} eV, and {FEWEST} cells have {known[FEWEST][0]:.4g} eV: end below it"
        )
    many = _last(known, energies, lambda n: known[n][1] > lower, lower, gap) + 1
    if many > MOST:
        raise BandgError(
            f"`energy` begins at {lower:g} eV, and {MOST} cells have {known[MOST][1]:.4g} eV: begin above it"
        )
    return few, many


def _last(
    known: dict[int, tuple[float, float]],
    energies: Callable[[int], tuple[float, float]],
    holds: Callable[[int], bool],
    energy: float,
    gap: float | None,
) -> int:
    """The largest number of cells for which a condition holds that holds up to some size; FEWEST - 1 for none.

    Every trial is where the law through the nearest known sizes has the energy, within what is not yet decided. It has
    at most twice the cells of the largest known one, so that a poor guess costs no huge nanocrystal.
    """
    low = max((n for n in known if holds(n)), default=FEWEST - 1)
    high = min((n for n in known if not holds(n)), default=MOST + 1)
    while high - low > 1:
        n = min(max(_guess(known, energy, gap), low + 1), high - 1, 2 * max(known))
        known[n] = energies(n)
        low, high = (n, high) if holds(n) else (low, n)
    return low


def _guess(known: dict[int, tuple[float, float]], energy: float, gap: float | None) -> int:
    """Cells of the largest nanocrystal above an energy, by a law through the two known sizes nearest to the energy.

    The law is E = E_0 + A / (n + c)^2 of n cells: 1 / sqrt(E - E_0) is linear in n. Without a gap E_0 follows from the
    power of 1 / n by which the energies of non-parabolic bands fall.
    """
    first, second = sorted(sorted(known, key=lambda n: abs(known[n][0] - energy))[:2])
    low = gap
    if low is None:
        a, b = first**_POWER, second**_POWER
        low = (b * known[second][0] - a * known[first][0]) / (b - a)
    rises = [known[n][0] - low for n in (first, second)]
    if min(*rises, energy - low) <= 0 or rises[0] <= rises[1]:
        return second
    x, x_1, x_2 = (1 / math.sqrt(rise) for rise in (energy - low, *rises))
    return math.floor(first + (second - first) * (x - x_1) / (x_2 - x_1))
