"""First-principles potential at surfaces: core-level shifts of slabs, plane by plane."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np

from bandg.base import resources

SLABS = "cspbi3_slabs_pbe"
"""Name of the file that ships."""

_TERMINATIONS = {"halide": "CsI-terminated", "lead": "PbI2-terminated"}


@dataclass(frozen=True)
class Slab:
    """A slab of CsPbI3 between two (001) faces.

    Parameters
    ----------
    name : str
        As its source names it.
    shifts : mapping
        Core-level shift in eV by (species, plane): species "Pb", "I" or "Cs", planes of a/2 counted from the surface,
        0 the outermost. Positive is shallower than in the middle of the slab. An onsite energy shifts by as much.
    """

    name: str
    shifts: Mapping[tuple[str, int], float]


@lru_cache(maxsize=1)
def load_slabs() -> Mapping[str, Slab]:
    """The CsI-terminated ("halide") and the PbI2-terminated slab ("lead") of CsPbI3.

    The shift is the mean over the core levels of an atom, against the mean of the atoms of its species in the two inner
    of the four planes. These two differ by 0.03 to 0.05 eV, which is the uncertainty. The atoms sit on ideal positions
    and face 1.2 nm of vacuum; PBE without spin-orbit coupling of the valence bands.

    Returns
    -------
    mapping of str to Slab
        By the termination of a nanocrystal.

    Examples
    --------
    >>> from bandg.data.slabs import load_slabs
    >>> round(load_slabs()["halide"].shifts["I", 0], 2)
    0.13
    """
    raw = json.loads(resources.theory_curve(f"reference/{SLABS}.json").read_text(encoding="utf-8"))["slabs"]
    return MappingProxyType({end: Slab(name, _shifts(raw[name])) for end, name in _TERMINATIONS.items()})


def _shifts(rows: list[dict[str, Any]]) -> Mapping[tuple[str, int], float]:
    levels = {(row["species"], row["plane_from_surface"]): np.array(row["core_levels_eV"]) for row in rows}
    inside = {
        species: np.mean([of for (one, plane), of in levels.items() if one == species and plane in (2, 3)], axis=0)
        for species, _ in levels
    }
    return MappingProxyType({key: float(np.mean(of - inside[key[0]])) for key, of in levels.items()})
