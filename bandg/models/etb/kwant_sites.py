"""Atoms anywhere as sites of kwant; imports kwant, so only `bandg.export` imports it."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import tinyarray
from kwant.builder import SiteFamily
from numpy.typing import NDArray


class AtomFamily(SiteFamily):
    """Atoms of one species at given places, tag (number of the atom,).

    positions_nm: (n, 3) of all atoms of the nanocrystal. norbs: number of spin-orbitals.
    """

    def __init__(self, species: str, positions_nm: NDArray[np.float64], norbs: int) -> None:
        places = hashlib.sha256(np.ascontiguousarray(positions_nm).tobytes()).hexdigest()[:16]
        super().__init__(f"bandg atoms {species} {norbs} {places}", species, norbs)
        self.positions_nm = positions_nm

    def normalize_tag(self, tag: Any) -> Any:
        """The number of the atom as kwant wants it. Raises ValueError for any other tag."""
        (number,) = tag
        if not 0 <= number < len(self.positions_nm):
            raise ValueError(f"there is no atom {number}")
        return tinyarray.array((int(number),), int)

    def pos(self, tag: Any) -> Any:
        """Position in nm."""
        return tinyarray.array(self.positions_nm[tag[0]].tolist())
