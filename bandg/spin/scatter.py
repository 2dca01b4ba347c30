"""Numbers that scatter from one nanocrystal to the next."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.base.arguments import choices, number, wrong
from bandg.base.errors import BandgError
from bandg.base.quantities import Grammar
from bandg.base.text import nearest

Floats = NDArray[np.float64]

REACH = 2.5
"""Standard deviations at which a Gaussian scatter is cut off."""

_LIMITS = {
    "edges": (0.0, math.inf),
    "aspect": (0.0, math.inf),
    "occupancy": (0.0, 1.0),
    "surface_bonds": (-0.2, 0.2),
    "surface_scale": (-math.inf, math.inf),
    "angle_1": (-25.0, 25.0),
    "angle_2": (-25.0, 25.0),
    "angle_3": (-25.0, 25.0),
}
SCATTERED = tuple(_LIMITS)
"""What may scatter from one nanocrystal to the next."""

OF_EDGES = ("edges", "aspect")
_NODES = 3
_EXAMPLE = "0.9+-0.05 or 0.8..1"


@dataclass(frozen=True)
class Scatter:
    """A number that scatters: Gaussian with a standard deviation, cut off at 2.5 of them, or uniform in a range."""

    mean: float
    spread: float = 0.0
    lower: float = -math.inf
    upper: float = math.inf
    uniform: bool = False

    @classmethod
    def of(cls, name: str, given: Any) -> Scatter:
        """From "0.9+-0.05", "0.8..1" or a number. Raises BandgError."""
        if name not in _LIMITS:
            raise BandgError(f"`scatter` knows no {name!r}{nearest(name, SCATTERED)}: {choices(SCATTERED)}")
        least, most = _LIMITS[name]
        grammar = Grammar(f"`scatter` {name}", _EXAMPLE)
        if not isinstance(given, str):
            mean, spread, uniform = number(name, given), 0.0, False
        elif ".." in given:
            span = grammar.span(given)
            if span.rest is not None or span.lower < least or span.upper > most:
                raise grammar.wrong(given, f"must be a range within {least:g} and {most:g}: write {_EXAMPLE}")
            if name in OF_EDGES and span.lower <= 0:
                raise grammar.wrong(given, "must be above zero: write 0.9..1.1")
            if name == "edges" and abs(span.lower + span.upper - 2) > 1e-9:
                raise grammar.wrong(given, "is relative to the common size, so its middle must be 1: write 0.9..1.1")
            return cls((span.lower + span.upper) / 2, 0.0, span.lower, span.upper, True)
        else:
            middle, sign, width = given.replace("±", "+-").partition("+-")
            mean, uniform = grammar.value(middle, given).number, False
            spread = grammar.value(width, given).number if sign else 0.0
        if spread < 0 or not least <= mean <= most or (name in OF_EDGES and mean <= 0):
            raise BandgError(
                f"`scatter` {name} {given!r} must have its mean within {least:g} and {most:g} and a standard "
                f"deviation of 0 or more: write {_EXAMPLE}"
            )
        if name == "edges" and mean != 1:
            raise BandgError(f"`scatter` edges {given!r} is relative to the common size: write 1+-0.1")
        low, high = max(least, mean - REACH * spread), min(most, mean + REACH * spread)
        return cls(mean, spread, low, high, uniform)

    @property
    def scatters(self) -> bool:
        """Whether there is more than one value."""
        return self.upper > self.lower

    def nodes(self) -> Floats:
        """Values at which nanocrystals are computed."""
        return np.linspace(self.lower, self.upper, _NODES) if self.scatters else np.array([self.mean])

    def draw(self, rng: np.random.Generator, count: int) -> Floats:
        """Values at random, shape (count,)."""
        if not self.scatters:
            return np.full(count, self.mean)
        if self.uniform:
            return rng.uniform(self.lower, self.upper, count)
        from scipy.special import ndtr, ndtri

        low, high = (float(ndtr((end - self.mean) / self.spread)) for end in (self.lower, self.upper))
        return np.asarray(self.mean + self.spread * ndtri(rng.uniform(low, high, count)))

    def __str__(self) -> str:
        return f"{self.lower:g}..{self.upper:g}" if self.uniform else f"{self.mean:g}+-{self.spread:g}"


def scatters(given: Any) -> dict[str, Scatter]:
    """The argument `scatter`. Raises BandgError."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise wrong("scatter", "a mapping as {'occupancy': '0.9+-0.05'}", given)
    return {name: Scatter.of(name, one) for name, one in given.items()}
