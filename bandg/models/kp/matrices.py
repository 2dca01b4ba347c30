"""The numeric 8-band k.p Hamiltonian of one material: three arrays in k and one in the field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BANDS = ("R6+ +1/2", "R6+ -1/2", "R6- +1/2", "R6- -1/2", "R8- +3/2", "R8- +1/2", "R8- -1/2", "R8- -3/2")
"""The Bloch functions at R, in the order of every 8 x 8 matrix; rows are |j, m> along z about a Pb site."""


@dataclass(frozen=True, eq=False)
class KpModel:
    """H(k) = h0 + sum_a k_a h1[a] + sum_ab k_a k_b h2[a, b], k in 1/nm measured from R; H_Z = mu_B sum_a B_a zeeman[a].

    h0: (8, 8) in eV. h1: (3, 8, 8) in eV nm. h2: (3, 3, 8, 8) in eV nm^2, symmetric in a and b.
    zeeman: (3, 8, 8) dimensionless: spin (g0 / 2) sigma and the orbital moment of the bands outside the eight. The
    moment of the eight bands themselves is not in it: it comes from h1 and h2 with [k_x, k_y] = -i e B_z / hbar.
    """

    name: str
    h0: NDArray[np.complex128]
    h1: NDArray[np.complex128]
    h2: NDArray[np.complex128]
    zeeman: NDArray[np.complex128]

    def H(self, k: NDArray[np.float64]) -> NDArray[np.complex128]:
        """H(k) in eV for k in 1/nm, shape (3,) or (n, 3); shape (..., 8, 8)."""
        k = np.asarray(k)
        linear = np.tensordot(k, self.h1, axes=1)
        return self.h0 + linear + np.einsum("...a,...b,abij->...ij", k, k, self.h2)
