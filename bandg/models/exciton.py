"""From independent carriers to an exciton: Coulomb attraction for all sizes with one eps.

E_X = E_e - E_h - A e^2 / (4 pi eps0 eps_in R) - 0.248 Ry, both carriers in the lowest state sin(pi r / R) / r of a hard
wall [brus1984]. A = 1.786 is their Coulomb integral. A cube or cuboid has the radius R of the sphere with its own
Coulomb integral, 3.048 e^2 / (eps L) for a cube of edge L. 0.248 Ry is the correlation energy in strong confinement, of
the variational state whose factor is exp(-r_eh / b) [kayanuma1988]. In large nanocrystals the shift never gets smaller
than that of the bulk exciton, Ry = (mu / m0) 13.6 eV / eps_in^2.

A crystal with a resident hole absorbs into a charged exciton of two holes. To first order its shift is that of the
neutral exciton, J_hh - 2 J_eh = -J. What is left out: image charges (`bandg.models.dielectric` has them), the
correlation of the charged exciton, and that the lattice screens a small pair less than a large one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import constants, integrate, special

from bandg.base.units import E2_EV_NM
from bandg.crystal.shapes import Nanocrystal

if TYPE_CHECKING:
    from bandg.models.etb.bulk import Bulk

COULOMB = 2 - special.sici(2 * np.pi)[0] / np.pi + special.sici(4 * np.pi)[0] / (2 * np.pi)
"""A: the Coulomb integral of two lowest states of a sphere, in units of e^2 / R."""

RYDBERG_EV = constants.value("Rydberg constant times hc in eV")


def _mean_distance() -> float:
    """<|r_e - r_h|> of two carriers in the lowest state of a sphere, in units of R: <r> + <r_<^2 / (3 r_>)>."""

    def outer(x: float) -> float:
        turn = 2 * np.pi * x
        within = x - np.sin(turn) / (2 * np.pi)  # integral of 2 sin^2(pi r) up to x, and of that times r^2
        second = x**3 / 3 - x**2 * np.sin(turn) / (2 * np.pi) - x * np.cos(turn) / (2 * np.pi**2)
        second += np.sin(turn) / (4 * np.pi**3)
        return float(4 * np.sin(np.pi * x) ** 2 * (x * within + second / (3 * x)))

    return float(integrate.quad(outer, 0, 1)[0])


CORRELATION = 4 * (1 - COULOMB * _mean_distance()) ** 2
"""0.248: correlation energy of electron and hole in a small sphere, in Rydbergs of the exciton [kayanuma1988].

The state (1 - r_eh / b) psi_e psi_h with the best b gains 2 mu / hbar^2 (<V r_eh> - <V> <r_eh>)^2, whatever the masses;
all states in second order give 0.278 for equal masses."""


@lru_cache(maxsize=64)
def box_coulomb(edges: tuple[float, float, float]) -> float:
    """Coulomb integral of two lowest states of a box behind hard walls, in e^2 over the unit of the edges.

    As 1 / r = (2 / sqrt pi) integral of exp(-r^2 t^2) dt it is an integral over t of one factor for each edge, the mean
    of exp(-(x - x')^2 t^2) over both densities (2 / L) sin^2(pi x / L).
    """
    u, weight = np.polynomial.legendre.leggauss(200)
    u, weight = (u + 1) / 2, weight / 2
    turn = 2 * np.pi * u
    together = (1 - u) * (1 + np.cos(turn) / 2) + 0.75 * np.sin(turn) / np.pi  # of x and x + u in a unit box

    def integrand(s: float) -> float:
        t = s / (1 - s)
        factors = [2 * np.sum(weight * together * np.exp(-((u * edge * t) ** 2))) for edge in edges]
        return float(np.prod(factors) / (1 - s) ** 2)

    return float(2 / np.sqrt(np.pi) * integrate.quad(integrand, 0, 1)[0])


def coulomb_radius_nm(crystal: Nanocrystal) -> float:
    """Radius in nm of the sphere whose lowest state has the Coulomb integral of the nanocrystal's.

    A truncated cube counts as a cube; of other shapes than boxes it is the sphere of the same volume.
    """
    if crystal.shape == "sphere":
        return crystal.size_nm / 2
    if crystal.edges:
        x, y, z = (cells * crystal.a_nm for cells in crystal.edges)
        return COULOMB / box_coulomb((x, y, z))
    if crystal.cells:
        return COULOMB * crystal.size_nm / box_coulomb((1.0, 1.0, 1.0))
    return float(crystal.a_nm * (3 * crystal.estimate_n_pb() / (4 * np.pi)) ** (1 / 3))


def reduced_mass(crystal: Bulk) -> float:
    """Reduced mass of electron and hole of a bulk crystal in m0, each averaged over directions."""
    return 3 / float(np.trace(crystal.valence.inverse_mass) + np.trace(crystal.conduction.inverse_mass))


def exciton_shift(radius_nm: ArrayLike, inverse_inside: ArrayLike, reduced_mass: float) -> NDArray[np.float64]:
    """E_X - (E_e - E_h) in eV for radii in nm, infinite for the bulk; both arrays as numpy broadcasts them.

    inverse_inside: 1 / eps_in, 0 or more. reduced_mass: in m0.
    """
    per_radius, inverse = E2_EV_NM / np.asarray(radius_nm), np.asarray(inverse_inside)
    rydberg = reduced_mass * RYDBERG_EV * inverse**2
    return np.minimum(-COULOMB * inverse * per_radius - CORRELATION * rydberg, -rydberg)
