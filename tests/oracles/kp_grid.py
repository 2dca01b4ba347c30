"""The 8-band envelope model on a grid, discretized by kwant.continuum: a check on the basis, independent of it.

Needs the extra [kwant]. A first derivative by central differences turns k into sin(k h) / h, which vanishes at the
zone boundary too: without k^2 terms every level comes eight times. The k^2 terms raise the copies by
4 (hbar^2 / 2 m0) a / h^2 each, out of the gap where h is below about 2 (hbar^2 / 2 m0) a / P, a few tenths of a
nanometer; `bandg.models.kp.envelope.elliptic` gives them the right sign.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import scipy.sparse as sparse
import sympy as sp
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.base.units import HBAR2_OVER_M0
from bandg.hamiltonian.groups import PAULI
from bandg.models.kp.matrices import numeric
from bandg.solvers.spectrum import Spectrum

INSTALL = 'uv pip install "bandg[kwant]", or kwant from conda-forge'
_EDGES = {"hole": (0, -1), "electron": (2, 1)}


@dataclass(frozen=True, eq=False)
class GridSystem:
    """H on a grid: matrix (8 n, 8 n) in eV, band fastest; positions (n, 3) in nm along the axes of the grid.

    orientation: (3, 3) rotation, its columns the grid's axes in those of the crystal. zeeman: (8, 8) along grid z.
    """

    matrix: sparse.csr_array
    positions: NDArray[np.float64]
    orientation: NDArray[np.float64]
    zeeman: NDArray[np.complex128]

    @cached_property
    def spectrum(self) -> Spectrum:
        """Its levels. Few are asked for: to find all of a small matrix takes longer."""
        return Spectrum(self.matrix, "superlu" if len(self.positions) < 125 else "auto")


@dataclass(frozen=True)
class GridLevel:
    """Band-edge level of a grid: energy in eV, g along the grid's z axis, overlap with Bloch function x envelope."""

    energy_eV: float
    g: float
    overlap: float


def _kwant() -> Any:
    try:
        import kwant.continuum
    except (ImportError, ValueError) as error:  # a build against another numpy fails with ValueError
        raise BandgError(f"the grid solver needs kwant ({INSTALL}); the basis solver does without") from error
    return kwant


_POWERS = ((), (0,), (1,), (2,), (0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (0, 2))
"""The products of wave vectors in H(k), each by its axes."""


@lru_cache(maxsize=1)
def _template() -> Any:
    """The discretized infinite crystal of one band, on a grid of step 1: a sum of all products of wave vectors.

    Only numbers and our own symbols reach sympy: no text is parsed.
    """
    kwant = _kwant()
    k = kwant.continuum.momentum_operators
    products = [sp.Mul(*(k[a] for a in axes)) for axes in _POWERS]
    weights = sp.symbols(f"c:{len(_POWERS)}", real=True)
    return kwant.continuum.discretize(sum(c * p for c, p in zip(weights, products, strict=True)), "xyz", grid=1)


def _coefficients(values: dict[str, float], turn: NDArray[np.float64], step: float) -> list[NDArray[np.complex128]]:
    """The 8 x 8 matrices that stand before the products, for k along the axes of the grid in units of 1 / step."""
    model = numeric(values)
    linear = np.einsum("aij,ab->bij", model.h1, turn) / step
    square = np.einsum("cdij,ca,db->abij", model.h2, turn, turn) / step**2
    return [
        model.h0 if not axes else linear[axes[0]] if len(axes) == 1 else square[axes] * (1 if axes[0] == axes[1] else 2)
        for axes in _POWERS
    ]


def build(
    values: dict[str, float],
    step: float,
    inside: Callable[[NDArray[np.float64]], NDArray[np.bool_]],
    reach: float,
    center: float = 0.0,
    orientation: NDArray[np.float64] | None = None,
    barrier: NDArray[np.float64] | None = None,
    crystal: Callable[[NDArray[np.float64]], NDArray[np.bool_]] | None = None,
) -> GridSystem:
    """H on the points (i + center) step for which inside(positions (n, 3)) holds, |i step| <= reach, all in nm.

    values: all k.p parameters. center: 0 with a point in the origin, 0.5 with none. orientation: rotation of the grid
    against the crystal. barrier: (8,) eV added to each band where crystal(positions) does not hold.
    Raises BandgError without kwant.
    """
    kwant = _kwant()
    turn = np.eye(3) if orientation is None else np.asarray(orientation, dtype=float)
    system = kwant.Builder()

    def shape(site: Any) -> bool:
        position = (np.array(site.tag) + center) * step
        return bool(np.abs(position).max() <= reach + step and inside(position[None])[0])

    system.fill(_template(), shape, (0, 0, 0))
    finished = system.finalized()
    positions = (np.array([site.tag for site in finished.sites]) + center) * step
    units = np.eye(len(_POWERS)).tolist()
    scalar = [
        finished.hamiltonian_submatrix(params={f"c{n}": c for n, c in enumerate(unit)}, sparse=True) for unit in units
    ]
    terms = zip(scalar, _coefficients(values, turn, step), strict=True)
    matrix = sparse.csr_array(sum(sparse.kron(sparse.csr_array(one), block) for one, block in terms))
    matrix.eliminate_zeros()
    if barrier is not None and crystal is not None:
        outside = ~crystal(positions)
        matrix = sparse.csr_array(matrix + sparse.kron(sparse.diags_array(outside * 1.0), np.diag(barrier)))
    zeeman = np.einsum("a,aij->ij", turn[:, 2], numeric(values).zeeman)
    return GridSystem(matrix, positions, turn, zeeman)


def cube(values: dict[str, float], length: float, points: int, **options: Any) -> GridSystem:
    """A hard-wall cube of that edge (nm), `points` along it: the wave vanishes at 0 and at (points + 1) step."""
    step = length / (points + 1)
    half = length / 2 - step / 2

    def within(positions: NDArray[np.float64]) -> NDArray[np.bool_]:
        return np.asarray(np.abs(positions).max(axis=1) < half)

    return build(values, step, within, length / 2, center=0.0 if points % 2 else 0.5, **options)


def sphere(values: dict[str, float], diameter: float, step: float, **options: Any) -> GridSystem:
    """A hard-wall sphere of that diameter (nm), its surface a staircase: error of first order in the step."""

    def within(positions: NDArray[np.float64]) -> NDArray[np.bool_]:
        return np.asarray(np.linalg.norm(positions, axis=1) < diameter / 2)

    return build(values, step, within, diameter / 2, **options)


def band_edge(system: GridSystem, values: dict[str, float], carrier: str, depth: float = 0.5) -> GridLevel:
    """Band-edge Kramers doublet of "electron" or "hole", looked for within `depth` eV of the bulk edge.

    Raises BandgError where there is none. The g is that of L + zeeman along the grid's z axis, the doublet aligned
    with the bulk Bloch pair.
    """
    first, sign = _EDGES[carrier]
    edge = values["E_v"] + (values["E_g"] if sign > 0 else 0.0)
    middle = values["E_v"] + values["E_g"] / 2
    low, high = sorted((middle, edge + sign * depth))
    window = system.spectrum.between(low, high, shift="lower" if sign < 0 else "upper")
    trial = _trial(system, first)
    weights = np.sum(np.abs(trial.conj().T @ window.states) ** 2, axis=0)
    pairs = [weights[n : n + 2].sum() / 2 for n in range(0, len(weights) - 1, 2)]
    if not pairs or max(pairs) < 0.1:
        raise BandgError(f"{carrier}: no band edge within {depth:g} eV on this grid")
    best = 2 * int(np.argmax(pairs))
    states = window.states[:, best : best + 2]
    left, _, right = np.linalg.svd(states.conj().T @ trial)
    aligned = states @ left @ right
    moment = aligned.conj().T @ (_moment(system) @ aligned)
    axis = np.einsum("a,aij->ij", system.orientation[:, 2], PAULI)
    g = float(np.real(np.trace(axis @ moment)))
    return GridLevel(float(window.energies[best]), g, float(pairs[best // 2]))


def _trial(system: GridSystem, first: int) -> NDArray[np.float64]:
    """Both partners of a band edge times a smooth envelope, shape (8 n, 2)."""
    radius = np.abs(system.positions).max(axis=0)
    envelope = np.prod(np.cos(np.pi / 2 * system.positions / (radius * 1.05 + 1e-9)), axis=1)
    bands = np.eye(8)[:, first : first + 2]
    trial = np.einsum("n,bs->nbs", envelope / np.linalg.norm(envelope), bands)
    return trial.reshape(-1, 2)


def _moment(system: GridSystem) -> sparse.csr_array:
    """(m0 / hbar^2) i H_ij (x_i y_j - y_i x_j) + zeeman: first order of the Peierls phases."""
    links = system.matrix.tocoo()
    site, other = links.row // 8, links.col // 8
    x, y = system.positions[:, 0], system.positions[:, 1]
    turned = x[site] * y[other] - y[site] * x[other]
    orbital = sparse.coo_array((1j * links.data * turned / HBAR2_OVER_M0, (links.row, links.col)), links.shape)
    local = sparse.kron(sparse.eye_array(len(system.positions)), sparse.csr_array(system.zeeman))
    return sparse.csr_array(orbital + local)
