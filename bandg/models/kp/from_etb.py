"""A k.p parameter set extracted from a tight-binding set: both then describe the same crystal near R.

The eight bands are taken from H(k) at R; all other levels enter to second order (Loewdin) as remote-band parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bandg.base.units import G0, HBAR2_OVER_M0
from bandg.crystal.lattice import require_perovskite
from bandg.models.etb.bulk import Bulk, align, bulk
from bandg.models.kp.matrices import DEFAULTS, KpModel, numeric
from bandg.parameters.sets import ParameterSet

_INVERSE_MASSES = ("a_v", "a_6", "a_8", "b_E", "b_T", "d_E", "d_T")
_MOMENTS = ("dg_v", "dg_c", "kappa", "kappa_68")


@dataclass(frozen=True)
class Extraction:
    """A k.p parameter set and the remainder that the invariants do not cover.

    values: by the names of `bandg.models.kp.hamiltonian.PARAMETERS`.
    residual_mass, residual_moment: largest element of the
    second-order matrix in k (units of hbar^2 / 2 m0) and of the Zeeman matrix that is left over.
    q: coefficient of mu_B B . (J_x^3, J_y^3, J_z^3) in R8-, Luttinger's q, which the eight bands do not hold
    and no band edge sees; it vanishes in most sets.
    """

    values: dict[str, float]
    residual_mass: float
    residual_moment: float
    q: float


def extract(parameters: ParameterSet, neighbors: int | None = None) -> Extraction:
    """The 8-band parameters of a tight-binding set of a perovskite. Raises BandgError where it has no gap at R."""
    require_perovskite(parameters.lattice, "the 8-band k.p model")
    crystal = bulk(parameters, neighbors)
    states, energies = _eight(crystal)
    hamiltonian = crystal.hamiltonian
    k = hamiltonian.point("R")
    velocity = np.array([states.conj().T @ v @ states for v in hamiltonian.dH(k)])
    momenta = {name: _projection(velocity, _unit(name).h1) for name in ("P6", "P8")}
    # the phases of R6- and R8- relative to R6+ are free: choose them so that both momenta are real and positive
    phases = np.repeat([1, np.conj(momenta["P6"]), np.conj(momenta["P8"])], [2, 2, 4])
    states = states * (phases / np.abs(phases))
    curvature, moment = _remote(crystal, states, energies)
    values = {
        "E_v": crystal.valence.energy,
        "E_g": crystal.E_g,
        "Delta": crystal.Delta,
        "P6": abs(momenta["P6"]),
        "P8": abs(momenta["P8"]),
    }
    zero = dict.fromkeys(DEFAULTS, 0.0)
    masses, residual_mass = _fit(curvature, {name: numeric(zero | {name: 1.0}).h2 for name in _INVERSE_MASSES})
    bare = numeric(zero).zeeman
    units = {name: numeric(zero | {name: 1.0}).zeeman - bare for name in _MOMENTS}
    moments, _ = _fit(moment - bare, units)
    split, residual_moment = _fit(moment - bare, units | {"q": _cube(units["kappa"])})
    return Extraction(values | masses | moments, residual_mass / (HBAR2_OVER_M0 / 2), residual_moment, split["q"])


def _cube(kappa: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """J_a^3 of R8- (3, 8, 8) from the pattern of kappa, which is J_a up to a factor."""
    momentum = kappa * (1.5 / kappa[2, 4, 4])
    return momentum @ momentum @ momentum


@lru_cache(maxsize=4)
def _unit(name: str) -> KpModel:
    return numeric({name: 1.0})


def _eight(crystal: Bulk) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
    """States (dim, 8) with rows |j, m> and their energies (8,)."""
    upper = align(crystal.hamiltonian, crystal.upper)
    states = np.hstack([crystal.valence.states, crystal.conduction.states, upper])
    energies = np.repeat([crystal.valence.energy, crystal.conduction.energy, crystal.upper.energy], [2, 2, 4])
    return states, energies


def _projection(matrices: NDArray[np.complex128], unit: NDArray[np.complex128]) -> complex:
    """Complex amplitude of the upper triangle of a Hermitian unit pattern in some matrices."""
    upper = np.triu(np.ones((8, 8)), 1) * unit
    return complex(np.vdot(upper, matrices) / np.vdot(upper, upper))


def _remote(
    crystal: Bulk, states: NDArray[np.complex128], energies: NDArray[np.float64]
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Matrices of k_a k_b (3, 3, 8, 8), symmetric, and of mu_B B (3, 8, 8) from all levels outside the eight."""
    hamiltonian = crystal.hamiltonian
    k = hamiltonian.point("R")
    used = {crystal.valence.energy, crystal.conduction.energy, crystal.upper.energy}
    outside = [level for level in crystal.levels if min(abs(level.energy - e) for e in used) > 1e-6]
    velocity = hamiltonian.dH(k)
    curvature = np.array([[states.conj().T @ m @ states / 2 for m in row] for row in hamiltonian.d2H(k)])
    product = np.zeros_like(curvature)
    for level in outside:
        elements = np.array([states.conj().T @ v @ level.states for v in velocity])
        weight = 1 / (energies - level.energy)
        mean = (weight[:, None] + weight[None, :]) / 2
        product += mean * np.einsum("aim,bjm->abij", elements, elements.conj())
    symmetric = curvature + (product + product.swapaxes(0, 1)) / 2
    cyclic = np.array([product[(a + 1) % 3, (a + 2) % 3] - product[(a + 2) % 3, (a + 1) % 3] for a in range(3)])
    spin = np.array([states.conj().T @ s @ states for s in hamiltonian.sigma])
    return symmetric, -1j * cyclic / HBAR2_OVER_M0 + G0 / 2 * spin


def _fit(matrices: NDArray[np.complex128], units: dict[str, NDArray[np.complex128]]) -> tuple[dict[str, float], float]:
    """Coefficients of the unit patterns in some matrices, and the largest element that they leave over."""
    design = np.array([unit.ravel() for unit in units.values()]).T
    design_real = np.vstack([design.real, design.imag])
    target = np.concatenate([matrices.ravel().real, matrices.ravel().imag])
    found = np.linalg.lstsq(design_real, target)[0]
    rest = np.abs(matrices - sum(c * u for c, u in zip(found, units.values(), strict=True))).max()
    return dict(zip(units, map(float, found), strict=True)), float(rest)
