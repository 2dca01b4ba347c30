"""Materials by their formulas: whether a measured point may be of the material of a theory."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

HALIDES = ("Cl", "Br", "I")

_SIGNS = re.compile(r"[_{}$]")
_ELEMENT = re.compile(r"[A-Z][a-wz]?")
"""x and y are shares, as in CsPb(I1-xBrx)3."""


@lru_cache
def same_material(stated: str, own: str) -> bool:
    """Whether a stated formula is that of a material; so is every one where either is not stated.

    Spellings with subscripts are the same: CsPbI3, CsPbI₃, CsPbI_3. Of mixed halides, as CsPb(I,Br)3, CsPbI2Br or
    CsPb(I0.7Br0.3)3, only the elements are compared and not their shares.

    Examples
    --------
    >>> from bandg.data.materials import same_material
    >>> same_material("CsPbI₃", "CsPbI3"), same_material("CsPbBr3", "CsPbI3"), same_material("", "CsPbI3")
    (True, False, True)
    >>> same_material("CsPbI2Br", "CsPb(I,Br)3"), same_material("CsPbI3", "CsPb(I,Br)3")
    (True, False)
    """
    one, other = _plain(stated), _plain(own)
    if not one or not other or one.lower() == other.lower():
        return True
    return is_mixed(one) and is_mixed(other) and _elements(one) == _elements(other)


def is_mixed(formula: str) -> bool:
    """Whether a formula has several halides."""
    return len(_elements(_plain(formula)) & {*HALIDES}) > 1


def mixed(first: str, second: str) -> str:
    """Formula of the mixed halide of two crystals that differ in it, as CsPb(I,Br)3; "" where they do not."""
    own = [next((one for one in HALIDES if re.search(rf"{one}3$", formula)), "") for formula in (first, second)]
    if not all(own) or first.removesuffix(f"{own[0]}3") != second.removesuffix(f"{own[1]}3") or own[0] == own[1]:
        return ""
    return f"{first.removesuffix(f'{own[0]}3')}({','.join(own)})3"


def listed(materials: Iterable[str]) -> str:
    """Materials in words, each once."""
    return " and ".join(sorted({*materials}))


def _plain(formula: str) -> str:
    """The first word, without signs of subscripts: what follows is no formula, as in "CsPbI3 nanocrystals"."""
    words = re.sub(r",\s+", ",", unicodedata.normalize("NFKC", formula)).split()
    return _SIGNS.sub("", words[0]) if words else ""


def _elements(formula: str) -> frozenset[str]:
    return frozenset(_ELEMENT.findall(formula))
