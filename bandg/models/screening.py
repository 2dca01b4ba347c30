"""Screening of the Coulomb attraction of electron and hole, which depends on their distance.

The lattice follows slow motion alone: far apart two carriers see the static dielectric constant, and nearer than their
polarons that of the electrons, eps_inf. With l_e and l_h, the radii sqrt(hbar / (2 m omega_LO)) of both polarons, and
1 / eps* = 1 / eps_inf - 1 / eps_static, the attraction is e^2 / (4 pi eps0 r) times

* haken: 1 / eps_static + (exp(-r / l_e) + exp(-r / l_h)) / (2 eps*) [haken1956]
* pollmann-buettner: 1 / eps_static + (l_e^2 exp(-r / l_h) - l_h^2 exp(-r / l_e)) / (l_e^2 - l_h^2) / eps*
  [pollmann1977]
* constant: 1 / eps_inf

For the second the masses m_h / (m_h - m_e) of the original are written by the radii, l^2 being as 1 / m. For equal
radii it tends to exp(-r / l) (1 - r / (2 l)).

No dielectric constant of perovskite CsPbI3 that we know of is measured. The ranges are those of its relatives and of
calculations: eps_inf 4.4 (square of the lowest infrared refractive index of MAPbI3, 2.10 [mapbi2015]) to 5 (MAPbI3 from
its infrared spectrum, read in the program of [frost2017]; 6.1 is computed for cubic CsPbI3 there), eps_static 15 to 25
(24.1 computed for MAPbI3 and 18.1 for cubic CsPbI3 there; 20.5 of CsPbBr3 is quoted second-hand; 33.5 from the infrared
of MAPbI3 lies above), radius 3 to 4 nm (second-hand; phonons of 2.25 THz with the masses 0.12 and 0.15 of [frost2017]
would give 5.8 and 5.2 nm). Beware of 4.43 and 14.65, which circulate for CsPbI3: they belong to the yellow phase, which
is no perovskite.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.base.quantities import Grammar, named
from bandg.base.text import nearest
from bandg.base.units import E2_EV_NM

Array = NDArray[np.float64]

ON_SITE_PER_NM = 5.0
"""Mean of 1 / r over the charge of one atom, in 1/nm: e^2 / (4 pi eps0) times it is 7.2 eV, the ionization energy minus
the electron affinity of an iodine atom, 7.4 eV, and of a lead atom, 7.1 eV (textbook numbers). It stands for r = 0. In
a cube of 5 cells a fifth more or less changes J by 1 meV, and less in larger ones."""

GLASS_EPS = 2.25
"""Square of the refractive index 1.5 of a common glass; a borosilicate glass has 1.517 [schott_nbk7]. The glass of the
samples is not known."""


@dataclass(frozen=True)
class Screening:
    """A screened Coulomb interaction.

    Parameters
    ----------
    kind : str
        "haken", "pollmann-buettner" or "constant".
    eps_inf, eps_static : float
        Dielectric constants of the electrons alone and with the lattice. A constant screening has eps_inf alone.
    radius_e, radius_h : float
        Polaron radii of electron and hole in nm.

    Raises
    ------
    BandgError
        For another kind, constants below 1 or in the wrong order, or a radius that is not positive.

    Examples
    --------
    >>> from bandg.models.screening import Screening
    >>> haken = Screening("haken", 5.0, 25.0, 3.0, 3.0)
    >>> [f"{eps:.1f}" for eps in 1 / haken.inverse([0.001, 3.0, 30.0])]
    ['5.0', '10.1', '25.0']
    """

    kind: str = "haken"
    eps_inf: float = 4.7
    eps_static: float = 20.0
    radius_e: float = 3.5
    radius_h: float = 3.5

    def __post_init__(self) -> None:
        if self.kind not in _FACTORS:
            close = nearest(str(self.kind), _FACTORS)
            raise BandgError(f"screening {self.kind!r} is unknown{close}; choose {', '.join(_FACTORS)}")
        for name in ("eps_inf", "eps_static", "radius_e", "radius_h"):
            object.__setattr__(self, name, float(getattr(self, name)))  # the key of a result has no ints
        if not 1 <= self.eps_inf < math.inf:
            raise BandgError(f"eps_inf must be 1 or more, not {self.eps_inf:g}")
        if self.kind == "constant":
            return
        if not self.eps_inf <= self.eps_static < math.inf:
            raise BandgError(f"eps_static must not lie below eps_inf = {self.eps_inf:g}, as {self.eps_static:g} does")
        if not (0 < self.radius_e < math.inf and 0 < self.radius_h < math.inf):
            raise BandgError("a polaron radius must be above 0 nm")

    def inverse(self, r_nm: Array | float) -> Array:
        """1 / eps at distances in nm, of their shape."""
        r = np.asarray(r_nm, dtype=float)
        lattice = 1 / self.eps_inf - 1 / self.eps_static
        return np.asarray(1 / self.eps_static + lattice * _FACTORS[self.kind](r, self.radius_e, self.radius_h))

    def energy(self, r_nm: Array | float) -> Array:
        """Interaction of two unit charges at distances in nm, in eV; at distance 0 that within one atom."""
        r = np.maximum(np.asarray(r_nm, dtype=float), 1 / ON_SITE_PER_NM)
        return np.asarray(E2_EV_NM * self.inverse(r) / r)

    def describe(self) -> str:
        """Kind and constants in a few words."""
        if self.kind == "constant":
            return f"constant, eps {self.eps_inf:g}"
        radii = dict.fromkeys((f"{self.radius_e:g}", f"{self.radius_h:g}"))
        return f"{self.kind}, eps_inf {self.eps_inf:g}, eps_static {self.eps_static:g}, radius {', '.join(radii)} nm"


def _haken(r: Array, one: float, two: float) -> Array:
    return (np.exp(-r / one) + np.exp(-r / two)) / 2


def _pollmann_buettner(r: Array, one: float, two: float) -> Array:
    if abs(one - two) < 1e-5 * one:  # the difference quotient would lose its digits
        mean = (one + two) / 2
        return np.asarray(np.exp(-r / mean) * (1 - r / (2 * mean)))
    return np.asarray((one**2 * np.exp(-r / two) - two**2 * np.exp(-r / one)) / (one**2 - two**2))


_FACTORS: dict[str, Callable[[Array, float, float], Array]] = {
    "haken": _haken,
    "pollmann-buettner": _pollmann_buettner,
    "constant": lambda r, one, two: np.ones_like(r),
}
"""What multiplies 1 / eps*, 1 at distance 0."""

PRESETS = {
    "middle": Screening(),
    "strong": Screening("haken", 5.0, 25.0, 3.0, 3.0),
    "weak": Screening("haken", 4.4, 15.0, 4.0, 4.0),
    "MAPbI3": Screening("haken", 4.5, 24.1, 3.5, 3.5),
    "CsPbBr3": Screening("haken", 4.8, 20.5, 3.0, 3.0),
}
"""Constants by name: the middle and both ends of the ranges for CsPbI3, computed ones of MAPbI3 [frost2017], and quoted
ones of CsPbBr3 (second-hand)."""

_EXAMPLE = "haken:eps_inf=5,eps_static=25,radius=3nm"
_EPS = {name: Grammar(f"exciton {name}", _EXAMPLE) for name in ("eps_inf", "eps_static", "eps")}
_RADII = {name: Grammar(f"exciton {name}", _EXAMPLE, ("nm",)) for name in ("radius", "radius_e", "radius_h")}


def parse_screening(text: str) -> Screening | None:
    """The screening of a text, None for "none".

    Parameters
    ----------
    text : str
        "haken" with the constants in the middle of the ranges for CsPbI3, "haken:strong" with those of a name in
        `PRESETS`, or "haken:eps_inf=5,eps_static=25,radius=3nm" with one's own; radius_e and radius_h may differ. Also
        "pollmann-buettner", and "constant:eps=6".

    Raises
    ------
    BandgError
        For anything else.

    Examples
    --------
    >>> from bandg.models.screening import parse_screening
    >>> parse_screening("haken:eps_inf=5,eps_static=25,radius=3nm").describe()
    'haken, eps_inf 5, eps_static 25, radius 3 nm'
    """
    kind, colon, rest = (part.strip() for part in text.partition(":"))
    if kind == "none" and not colon:
        return None
    if kind not in _FACTORS:
        known = (*_FACTORS, "none")
        raise BandgError(f"exciton {kind!r} is unknown{nearest(kind, known)}; choose {', '.join(known)}")
    if kind == "constant":
        found = named(rest.split(","), "exciton", "constant:eps=6") if rest else {}
        if set(found) != {"eps"}:
            raise BandgError("a constant screening needs its eps alone: write constant:eps=6")
        return Screening(kind, _EPS["eps"].value(found["eps"]).number)
    if rest in PRESETS or not colon:
        return replace(PRESETS[rest or "middle"], kind=kind)
    if "=" not in rest:
        raise BandgError(f"exciton constants {rest!r} are unknown; choose {', '.join(PRESETS)}, or {_EXAMPLE}")
    changes: dict[str, float] = {}
    for name, value in named(rest.split(","), "exciton", _EXAMPLE).items():
        if name == "eps" or name not in {**_EPS, **_RADII}:
            known = ("eps_inf", "eps_static", *_RADII)
            raise BandgError(f"exciton {name!r} is unknown{nearest(name, known)}; there are {', '.join(known)}")
        number = {**_EPS, **_RADII}[name].value(value).number
        changes |= {one: number for one in (("radius_e", "radius_h") if name == "radius" else (name,))}
    return Screening(kind, **(_plain(PRESETS["middle"]) | changes))


def between(first: Screening, second: Screening, share: float) -> Screening:
    """The screening whose constants lie between those of two of one kind; share 0 is the first, 1 the second."""
    one, two = _plain(first), _plain(second)
    return Screening(first.kind, **{name: (1 - share) * one[name] + share * two[name] for name in one})


def _plain(screening: Screening) -> dict[str, float]:
    return {name: getattr(screening, name) for name in ("eps_inf", "eps_static", "radius_e", "radius_h")}
