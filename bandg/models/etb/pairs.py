"""Energy of a pair of electron and hole from their densities on the atoms, to first order.

E = E_e - E_h - J + P. J = sum over i and j of rho_e(i) rho_h(j) W(r_ij) is their screened attraction, with both
densities as they are computed and atoms at their places in the crystal, without the displacements of a tilt. P is what
the image charges of the surroundings add: <V>_e + <V>_h - M, the self-energies of both carriers minus their image
interaction; its monopole parts cancel. Where V stands in the Hamiltonian already (`image`), E_e - E_h contains it to
first order and beyond, and P is -M alone.

A charged crystal with a resident hole absorbs into a state of two holes and an electron. To first order its shift is
J_hh - 2 J_eh, which is -J where both densities are alike. What is left out is the correlation of electron and hole, 5
to 20 meV in nanocrystals of 4 to 12 nm, by which the energy is too high: an error bar, not a correction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from bandg.models.dielectric import image_interaction, self_energy
from bandg.models.observable import Observable
from bandg.models.screening import Screening

if TYPE_CHECKING:
    from bandg.models.etb.reduced import ReducedNanocrystal
    from bandg.models.etb.states import Doublet

Array = NDArray[np.float64]

CORRELATION_EV = (0.005, 0.020)
"""Range of the correlation energy that is left out."""


def _once(function: Callable[..., Any]) -> Callable[..., Any]:
    """Cache of a function of two doublets and numbers, which keeps no doublet alive."""
    known: WeakKeyDictionary[Any, WeakKeyDictionary[Any, dict[Any, Any]]] = WeakKeyDictionary()

    @wraps(function)
    def found(one: Doublet, other: Doublet, *numbers: float) -> Any:
        own = known.setdefault(one, WeakKeyDictionary()).setdefault(other, {})
        if numbers not in own:
            own[numbers] = function(one, other, *numbers)
        return own[numbers]

    return found


@_once
def distances(one: Doublet, other: Doublet) -> tuple[Array, Array]:
    """How the distances of two densities are distributed.

    The correlation of both on the grid of half cells by FFT, padded with zeros: exact, and one for all interactions.

    Returns
    -------
    array (n,), array (n,)
        Distances in nm, and the weight of each; the sum of the weights is 1.
    """
    from scipy.fft import irfftn, next_fast_len, rfftn

    structure = one.reduced.structure
    places = structure.on_frame - structure.on_frame.min(axis=0)
    span = places.max(axis=0) + 1
    shape = [next_fast_len(2 * int(n) - 1, real=True) for n in span]
    grids = np.zeros((2, *span))
    grids[(slice(None), *places.T)] = one.density, other.density
    first, second = (rfftn(grid, shape) for grid in grids)
    found = irfftn(first * second.conj(), shape)
    steps = [np.fft.fftfreq(n, 1 / n).round().astype(np.int64) for n in shape]
    metric = _metric(one.reduced)
    if np.allclose(metric, metric[0, 0] * np.eye(3), rtol=0, atol=1e-12):
        x, y, z = np.ix_(*(step**2 for step in steps))
        squared = (x + y + z).ravel()
        squares = np.flatnonzero(np.bincount(squared))
        return np.sqrt(squares * float(metric[0, 0])), np.asarray(np.bincount(squared, found.ravel())[squares])
    vectors = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 3)
    return np.sqrt(np.einsum("ni,ij,nj->n", vectors, metric, vectors)), np.asarray(found.ravel())


def _metric(reduced: ReducedNanocrystal) -> Array:
    """Squared length in nm^2 of steps of half a cell, (3, 3), by a linear fit to the places of the frame's atoms."""
    structure = reduced.structure
    frame = structure.species == 0
    ideal = np.column_stack([structure.on_frame[frame], np.ones(int(frame.sum()))])
    matrix, _, rank, _ = np.linalg.lstsq(ideal, structure.positions_nm[frame], rcond=None)
    if rank < 4:  # too few atoms to tell
        return np.asarray((reduced.nanocrystal.a_nm / 2) ** 2 * np.eye(3))
    return np.asarray(matrix[:3] @ matrix[:3].T)


@_once
def images(electron: Doublet, hole: Doublet, inside: float, outside: float) -> tuple[float, float]:
    """Self-energies of both carriers together, and their image interaction, in eV."""
    crystal = electron.reduced.nanocrystal
    places = (electron.reduced.structure.on_frame - crystal.grid_offset) * crystal.a_nm / 2
    both = (electron.density + hole.density) @ self_energy(crystal, places, inside, outside)
    return float(both), image_interaction(crystal, places, electron.density, hole.density, inside, outside)


@dataclass(frozen=True)
class Coulomb:
    """J in eV, of electron and hole, or of two holes."""

    screening: Screening
    holes: bool = False

    def __call__(self, electron: Doublet, hole: Doublet) -> float:
        """The integral over both densities."""
        r, weights = distances(hole if self.holes else electron, hole)
        return float(weights @ self.screening.energy(r))


@dataclass(frozen=True)
class Polarization:
    """P in eV. inside, outside: dielectric constants; the nanocrystal's own where they stand in its Hamiltonian."""

    inside: float
    outside: float | None

    def __call__(self, electron: Doublet, hole: Doublet) -> float:
        """What the image charges add to the energy of the pair."""
        if image := electron.reduced.nanocrystal.image:
            return -images(electron, hole, *image)[1]
        if self.outside is None:
            return 0.0
        both, pair = images(electron, hole, self.inside, self.outside)
        return both - pair


@dataclass(frozen=True)
class PairEnergy:
    """E in eV."""

    coulomb: Coulomb
    polarization: Polarization

    def __call__(self, electron: Doublet, hole: Doublet) -> float:
        """Energy of the pair to first order."""
        gap = electron.energy - hole.energy
        return gap - self.coulomb(electron, hole) + self.polarization(electron, hole)


def exciton_observables(screening: Screening, eps_out: float | None, label: str = "") -> tuple[Observable, ...]:
    """What `bandg.compute` computes for an exciton: energy, J, J_hh and P, each in eV.

    Parameters
    ----------
    screening : Screening
        Of electron and hole.
    eps_out : float, optional
        Dielectric constant of the surroundings; eps_inf is that inside. Without it there are no image charges, unless
        they stand in the Hamiltonian.
    label : str
        Stands in the names before ``_eV``. So one job computes several screenings, whose cost is small: the densities
        and the distribution of their distances are the same.

    Examples
    --------
    >>> from bandg.models.etb.pairs import exciton_observables
    >>> from bandg.models.screening import PRESETS
    >>> [one.name for one in exciton_observables(PRESETS["weak"], 2.25, "weak")][:2]
    ['E_exciton_weak_eV', 'J_weak_eV']
    """
    coulomb, polarization = Coulomb(screening), Polarization(screening.eps_inf, eps_out)
    parts: dict[str, Callable[..., float]] = {
        "E_exciton_eV": PairEnergy(coulomb, polarization),
        "J_eV": coulomb,
        "J_hh_eV": Coulomb(screening, holes=True),
        "polarization_eV": polarization,
    }
    end = f"_{label}_eV" if label else "_eV"
    return tuple(
        Observable(name.removesuffix("_eV") + end, "of the pair", "eV", states=function)
        for name, function in parts.items()
    )
