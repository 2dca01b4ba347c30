"""Image charges of a carrier inside a dielectric sphere or box: its self-energy, and the interaction of two densities.

Inside is eps_in, outside eps_out, and the interface is sharp. It lies a quarter cell beyond the outermost plane of
atoms of a box (a/4: halfway to where the next plane would be), and a quarter cell beyond the outermost atom of a
sphere. Every atom then is a quarter cell or more inside of it, and nothing is regularized.

In a sphere of radius R the image potential is a series over l with the factor
(l + 1) (eps_in - eps_out) / (eps_in (l eps_in + (l + 1) eps_out)) [brus1984]; that of the self-energy is summed in
closed form. In a box the charge on the faces obeys an integral equation, which is solved on panels (`_Faces`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.base.units import E2_EV_NM
from bandg.crystal.shapes import Nanocrystal

Array = NDArray[np.float64]

BOXES, SPHERES = ("cube", "cuboid"), ("sphere",)
"""Shapes whose surroundings bandg solves."""

PANELS = 24
"""Panels along each edge of a box. For 5 to 2.25 the self-energy then is within 1e-3 of its limit at all atoms of cubes
up to 5 cells. In larger ones it is so except next to edges and corners: 2e-2 at the corner of 25 cells. Its mean over
the lowest envelope is within 1e-4."""

WIDEST = 2.0
"""Up to this ratio of edges panels are as narrow along long edges as along the shortest."""

HIGHEST_L = 12
"""Highest multipole in the image interaction of two densities in a sphere."""


def self_energy(crystal: Nanocrystal, positions_nm: Array, inside: float, outside: float) -> Array:
    """Image self-energy of one carrier at positions inside a nanocrystal.

    Parameters
    ----------
    crystal : Nanocrystal
        A cube, cuboid or sphere.
    positions_nm : array (n, 3)
        Positions about the center in nm, within the dielectric interface.
    inside, outside : float
        Dielectric constants.

    Returns
    -------
    array (n,)
        Energy in eV, for electron and hole alike: positive where `inside` is larger than `outside`.

    Raises
    ------
    BandgError
        For another shape, a constant that is not positive, or a position at or beyond the interface.

    Examples
    --------
    >>> from bandg.crystal.shapes import cube
    >>> from bandg.models.dielectric import self_energy
    >>> f"{self_energy(cube(6, 0.6289), [[0.0, 0.0, 0.0]], 5.0, 2.25)[0]:.3f} eV"
    '0.070 eV'
    """
    extent, positions = _checked(crystal, positions_nm, inside, outside)
    if len(extent) == 1:
        radii = np.linalg.norm(positions, axis=1) / extent
        unique, back = np.unique(radii.round(12), return_inverse=True)
        return np.asarray(E2_EV_NM / extent * _sphere_self(unique, inside, outside))[back]
    folded = np.abs(positions)
    if crystal.shape == "cube":
        folded = np.sort(folded, axis=1)
    unique, back = np.unique((folded / extent.max()).round(10), axis=0, return_inverse=True)
    found = _faces(_ratios(extent), PANELS).self_energy(unique, inside, outside)
    return np.asarray(E2_EV_NM / extent.max() * found)[back.ravel()]


def image_interaction(
    crystal: Nanocrystal, positions_nm: Array, first: Array, second: Array, inside: float, outside: float
) -> float:
    """Interaction of one density with the image charges of another, for two charges of the same sign.

    The energy of a pair of electron and hole contains it with the opposite sign.

    Parameters
    ----------
    crystal, positions_nm, inside, outside
        As in `self_energy`.
    first, second : array (n,)
        The densities: shares of a unit charge at the positions.

    Returns
    -------
    float
        Energy in eV, symmetric in both.

    Raises
    ------
    BandgError
        As `self_energy`.
    """
    extent, positions = _checked(crystal, positions_nm, inside, outside)
    if len(extent) == 1:
        return _sphere_interaction(positions / extent, first, second, inside, outside) * E2_EV_NM / float(extent[0])
    faces = _faces(_ratios(extent), 2 * PANELS // 3)  # densities are smooth
    return faces.interaction(positions / extent.max(), first, second, inside, outside) * E2_EV_NM / float(extent.max())


@lru_cache(maxsize=64)
def _outermost(crystal: Nanocrystal) -> tuple[float, ...]:
    """Largest coordinate of an atom along each axis of a box, largest distance in a sphere, in units of a/2."""
    coordinates = crystal.sites()[0]
    if crystal.shape in SPHERES:
        return (float(np.sqrt((coordinates**2).sum(axis=1).max())),)
    return tuple(map(float, np.abs(coordinates).max(axis=0)))


def check_shape(crystal: Nanocrystal) -> None:
    """Raise BandgError for a shape whose image charges are not computed."""
    if crystal.shape not in (*BOXES, *SPHERES):
        raise BandgError(
            f"image charges are computed in a {', '.join(BOXES)} or {SPHERES[0]}, not in a shape {crystal.shape!r}"
        )


def interface_nm(crystal: Nanocrystal) -> Array:
    """Where the dielectric ends, from the center: half edges (3,) of a box, or the radius (1,) of a sphere, in nm.

    Raises BandgError for another shape.
    """
    check_shape(crystal)
    return (np.array(_outermost(crystal)) / 2 + 0.25) * crystal.a_nm


def _checked(crystal: Nanocrystal, positions_nm: Array, inside: float, outside: float) -> tuple[Array, Array]:
    """Extent of the interface and positions (n, 3). Raises BandgError."""
    for name, value in (("inside", inside), ("outside", outside)):
        if not 0 < value < np.inf:
            raise BandgError(f"the dielectric constant `{name}` must be positive, not {value:g}")
    extent = interface_nm(crystal)
    positions = np.asarray(positions_nm, dtype=float).reshape(-1, 3)
    reach = np.abs(positions) if len(extent) == 3 else np.linalg.norm(positions, axis=1)[:, None]
    if not (reach < extent).all():
        raise BandgError("a position lies at or beyond the dielectric interface, where the self-energy is singular")
    return extent, positions


def _ratios(extent: Array) -> tuple[float, float, float]:
    x, y, z = (extent / extent.max()).round(10)
    return float(x), float(y), float(z)


def _sphere_self(x: Array, inside: float, outside: float) -> Array:
    """Self-energy at radii x (n,) in units of R, in e^2 / (4 pi eps0 R): 1/2 sum over l of c_l x^(2 l).

    With b = eps_out / (eps_in + eps_out) the factor (l + 1) / (l + b) is 1 + (1 - b) / (l + b).
    """
    from scipy import special  # slow to load

    contrast, b = (inside - outside) / (inside + outside), outside / (inside + outside)
    rest = (1 - b) / b * special.hyp2f1(1.0, b, 1 + b, x**2)
    return np.asarray(contrast / (2 * inside) * (1 / (1 - x**2) + rest))


def _sphere_interaction(x: Array, first: Array, second: Array, inside: float, outside: float) -> float:
    """Image interaction of densities at points x (n, 3) in units of R, in e^2 / (4 pi eps0 R), by multipoles."""
    from scipy import special  # slow to load

    r = np.linalg.norm(x, axis=1)
    cosine = np.divide(x[:, 2], r, out=np.ones_like(r), where=r > 0)
    turn = np.arctan2(x[:, 1], x[:, 0])
    total = 0.0
    for ell in range(HIGHEST_L + 1):
        factor = (ell + 1) * (inside - outside) / (inside * (ell * inside + (ell + 1) * outside))
        for m in range(ell + 1):
            norm = (2 if m else 1) * np.exp(special.gammaln(ell - m + 1) - special.gammaln(ell + m + 1))
            harmonic = r**ell * special.lpmv(m, ell, cosine) * np.exp(1j * m * turn)
            total += factor * norm * ((first @ harmonic) * np.conj(second @ harmonic)).real
    return float(total)


_MIRRORS = np.array([[x, y, z] for x in (1, -1) for y in (1, -1) for z in (1, -1)])
_CHARACTERS = np.array([np.prod(np.where(parity == -1, _MIRRORS, 1), axis=1) for parity in _MIRRORS])
"""Characters (parity, mirror) of the eight one-dimensional irreps of D2h on its eight operations, up to order."""


def _angle(u: Array, v: Array, d: Array) -> Array:
    """Solid angle of the rectangle u by v, one corner of which is the foot of the perpendicular; 0 where d is 0."""
    distance = np.where(np.abs(d) > 1e-12, d, np.inf)
    return np.asarray(np.arctan(u * v / (distance * np.sqrt(u**2 + v**2 + d**2))))


class _Faces:
    """The six faces of a box about the origin, as panels that get narrower towards the edges.

    A panel i holds a charge q_i. The displacement is continuous if q_i = k (flux of the source through i + sum over j
    of flux of q_j through i), k = (eps_in - eps_out) / (eps_in + eps_out) / (2 pi). No flux of a flat panel goes
    through itself. Fluxes are solid angles in closed form, of panel j as from a point in its middle, so their sum and
    with it the total charge are exact. The panels of one octant stand for all: mirrors split the equation by parity.

    All lengths are in units of the longest half edge, energies in e^2 / (4 pi eps0) over that.
    """

    def __init__(self, half: tuple[float, float, float], panels: int) -> None:
        self.half = np.array(half)
        counts = [round(panels / 2 * min(one / min(half), WIDEST)) for one in half]
        self.lines = [one * np.sin(np.pi / 2 * np.arange(n + 1) / n) for one, n in zip(half, counts, strict=True)]
        """Ends of the panels of half an edge along each axis."""
        self.size = sum(counts[k - 1] * counts[k - 2] for k in range(3))
        """Number of panels of an octant: those of the face across x, then y, then z."""
        self._last: tuple[float, list[Any]] | None = None

    def _over_panels(self, antiderivative: Callable[[Array, Array, Array], Array], points: Array) -> Array:
        """Integrals over the panels of a function of the place in their plane (u, v) and distance d, (n, panels).

        antiderivative: in u and v from the foot of the perpendicular, of arrays (n, ...).
        """
        found = []
        for axis in range(3):
            u, v = (self.lines[one] - points[:, one, None] for one in (axis - 2, axis - 1))
            d = (self.half[axis] - points[:, axis])[:, None, None]
            values = antiderivative(u[:, :, None], v[:, None, :], d)
            found.append(np.diff(np.diff(values, axis=1), axis=2).reshape(len(points), -1))
        return np.concatenate(found, axis=1)

    def _solid_angles(self, points: Array) -> Array:
        """Solid angle of each panel from points (n, 3), (n, panels); 0 from within its plane."""
        return self._over_panels(_angle, points)

    def _potentials(self, points: Array) -> Array:
        """Mean of 1 / distance over each panel from points (n, 3), (n, panels)."""

        def antiderivative(u: Array, v: Array, d: Array) -> Array:
            lengths = u * np.arcsinh(v / np.hypot(u, d)) + v * np.arcsinh(u / np.hypot(v, d))
            return np.asarray(lengths - d * _angle(u, v, d))

        areas = [np.outer(np.diff(self.lines[axis - 2]), np.diff(self.lines[axis - 1])).ravel() for axis in range(3)]
        return self._over_panels(antiderivative, points) / np.concatenate(areas)

    def _by_parity(self, function: str, points: Array) -> Array:
        """A function of points (n, 3) on all panels, by parity: (8, n, panels)."""
        values = [getattr(self, function)(points * mirror) for mirror in _MIRRORS]
        return np.asarray(np.tensordot(_CHARACTERS, values, axes=1))

    @cached_property
    def _fluxes(self) -> Array:
        """Flux through panel i of a unit charge on panel j and its mirror images, by parity: (8, i, j)."""
        middle = [(line[1:] + line[:-1]) / 2 for line in self.lines]
        faces = []
        for axis in range(3):
            one, two = (part.ravel() for part in np.meshgrid(middle[axis - 2], middle[axis - 1], indexing="ij"))
            faces.append(np.roll([np.full_like(one, self.half[axis]), one, two], axis, axis=0).T)
        centers = np.concatenate(faces)
        return self._by_parity("_solid_angles", centers).transpose(0, 2, 1)

    def _charges(self, k: float, fluxes: Array) -> Array:
        """Charges of all panels for the flux of a source times k, by parity: (8, n, panels) from (8, n, panels)."""
        from scipy.linalg import lu_factor, lu_solve

        if self._last is None or self._last[0] != k:
            self._last = k, [lu_factor(np.eye(self.size) - k * one) for one in self._fluxes]
        return np.array([lu_solve(factor, one.T).T for factor, one in zip(self._last[1], fluxes, strict=True)])

    def self_energy(self, points: Array, inside: float, outside: float) -> Array:
        """Self-energy of a unit charge at points (n, 3).

        The charge that the source itself draws to each face is peaked beneath it, and its energy is an integral of
        1 / distance^4 over the face in closed form. Panels hold the charge that this charge draws.
        """
        contrast = (inside - outside) / (inside + outside)
        k = contrast / (2 * np.pi)
        found = contrast / (4 * np.pi) * self._first_order(points)
        for begin in range(0, len(points), 100):
            some = points[begin : begin + 100]
            first = k * self._by_parity("_solid_angles", some)
            drawn = self._charges(k, first) - first
            found[begin : begin + 100] += np.sum(drawn * self._by_parity("_potentials", some), axis=(0, 2)) / 16
        return np.asarray(found / inside)

    def _first_order(self, points: Array) -> Array:
        """Sum over the six faces of the integral of d / distance^4, (n,); pi / d of a plane without end."""
        total = np.zeros(len(points))
        for axis in range(3):
            u_axis, v_axis = axis - 2, axis - 1
            for side in (1, -1):
                d = self.half[axis] - side * points[:, axis]
                for su in (1, -1):
                    for sv in (1, -1):  # the quarter of the face from the foot of the perpendicular to one corner
                        u = self.half[u_axis] - su * points[:, u_axis]
                        v = self.half[v_axis] - sv * points[:, v_axis]
                        far_u, far_v = np.hypot(u, d), np.hypot(v, d)
                        total += (u / far_u * np.arctan(v / far_u) + v / far_v * np.arctan(u / far_v)) / (2 * d)
        return total

    def interaction(self, points: Array, first: Array, second: Array, inside: float, outside: float) -> float:
        """Interaction of the density `first` at points (n, 3) with the charges that `second` draws to the faces."""
        k = (inside - outside) / (inside + outside) / (2 * np.pi)
        unique, back = np.unique(np.abs(points).round(10), axis=0, return_inverse=True)
        signs = np.where(points < 0, -1, 1)
        parts = []
        for parity in _MIRRORS:
            own = np.prod(np.where(parity == -1, signs, 1), axis=1)
            parts.append([np.bincount(back.ravel(), own * one, len(unique)) for one in (first, second)])
        weights = np.array(parts)  # (8, 2, n)
        flux, potential = np.zeros((8, self.size)), np.zeros((8, self.size))
        for begin in range(0, len(unique), 400):
            some = slice(begin, begin + 400)
            flux += np.einsum("pn,pni->pi", weights[:, 1, some], self._by_parity("_solid_angles", unique[some]))
            potential += np.einsum("pn,pni->pi", weights[:, 0, some], self._by_parity("_potentials", unique[some]))
        charges = self._charges(k, k * flux[:, None])[:, 0]
        return float(np.sum(charges * potential) / 8 / inside)


@lru_cache(maxsize=8)
def _faces(half: tuple[float, float, float], panels: int) -> _Faces:
    return _Faces(half, panels)
