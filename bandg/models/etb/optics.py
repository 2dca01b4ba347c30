"""Optical matrix elements between the band-edge doublets, with their polarization."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bandg.base.units import HBAR2_OVER_M0
from bandg.hamiltonian.moments import dipole

if TYPE_CHECKING:
    from bandg.models.etb.states import Doublet


def momentum(electron: Doublet, hole: Doublet) -> NDArray[np.complex128]:
    """Momentum matrix elements between the pseudospin states of the two doublets.

    p = (m0 / hbar) i [H, r] in position-diagonal approximation: an orbital has the place of its atom, and there is no
    momentum inside of an atom [graf1995]. Between eigenstates the commutator is i (E_e - E_h) <e| r |h>.

    Parameters
    ----------
    electron, hole : Doublet
        Band-edge doublets of one nanocrystal.

    Returns
    -------
    array (3, 2, 2)
        <electron u | p_a | hole v> / hbar in 1/nm.
    """
    elements = dipole(electron.multiplet, hole.multiplet) * (electron.energy - hole.energy) / HBAR2_OVER_M0
    return np.asarray(1j * electron.pseudospin.conj().T @ elements @ hole.pseudospin)


def kane_energy(electron: Doublet, hole: Doublet) -> NDArray[np.float64]:
    """Optical matrix element between the band edges for light polarized along x, y and z, as a Kane energy.

    E_p = (3 / m0) sum over both doublets of abs(<e| p_a |h>)^2, which is (2 / m0) times the square of the interband
    element of the band edge times the overlap of the envelopes. In a large nanocrystal it tends to the bulk value
    between R6+ and R6- (`bandg.models.etb.bulk.Bulk.kane_energy`).

    Parameters
    ----------
    electron, hole : Doublet
        Band-edge doublets of one nanocrystal.

    Returns
    -------
    array (3,)
        E_p in eV along x, y and z. All three are equal in a cubic nanocrystal.
    """
    return np.asarray(3 * HBAR2_OVER_M0 * np.sum(np.abs(momentum(electron, hole)) ** 2, axis=(1, 2)))


def oscillator_strength(electron: Doublet, hole: Doublet) -> NDArray[np.float64]:
    """Oscillator strength of the band-edge transition for light polarized along x, y and z, without exciton effects.

    f = 2 / (m0 (E_e - E_h)) sum over both doublets of abs(<e| p_a |h>)^2 [efros2000]: all four pair states together.

    Parameters
    ----------
    electron, hole : Doublet
        Band-edge doublets of one nanocrystal.

    Returns
    -------
    array (3,)
        f along x, y and z.
    """
    return np.asarray(kane_energy(electron, hole) * 2 / 3 / (electron.energy - hole.energy))
