"""Atoms of a nanocrystal as plain arrays, from a structure file or a geometry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Atoms:
    """Atoms at given places.

    positions_nm: (n, 3) in nm, about any origin. species: (n,) chemical symbols, "Pb" or a halide ("I", "Br", "Cl");
    A cations carry no orbital near the gap and are left out.
    """

    positions_nm: NDArray[np.float64]
    species: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.species)
