"""Density of states of a whole nanocrystal by kwant.kpm, beside exact counts of levels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandg.base.errors import BandgError
from bandg.models.etb.full import FullSystem, import_kwant
from bandg.solvers.spectrum import Spectrum

MAX_MOMENTS = 1_000_000
MAX_VECTORS = 10_000

_PRODUCT_S = 3e-9
"""Seconds for each element of the Hamiltonian, moment and vector."""


@dataclass(frozen=True, eq=False)
class DensityOfStates:
    """Density of states by the kernel polynomial method.

    energies_eV: (n,). states_per_eV: (n,) mean over the random vectors. error_per_eV: (n,) its standard error.
    moments, vectors: of the expansion. resolution_eV: width of its kernel in the middle of the spectrum. n_orbitals:
    integral over all energies. spectral: kwant's SpectralDensity, one density for each vector.
    """

    energies_eV: NDArray[np.float64]
    states_per_eV: NDArray[np.float64]
    error_per_eV: NDArray[np.float64]
    moments: int
    vectors: int
    resolution_eV: float
    n_orbitals: int
    spectral: Any

    def count_below(self, energy: float) -> tuple[float, float]:
        """Number of states below an energy in eV, and its standard error from the random vectors."""
        each = np.real(self.spectral.integrate(lambda found: (found < energy).astype(float)))
        return float(each.mean()), float(each.std(ddof=1) / np.sqrt(self.vectors))


def check_expansion(moments: int, vectors: int, seed: int) -> None:
    """Raise BandgError for numbers out of range."""
    if moments < 10 or vectors < 2:
        raise BandgError(f"a density of states needs 10 moments and 2 vectors or more, not {moments} and {vectors}")
    if moments > MAX_MOMENTS:
        raise BandgError(f"{moments} moments are too many: at most {MAX_MOMENTS}, which resolve single levels")
    if vectors > MAX_VECTORS:
        raise BandgError(f"{vectors} random vectors are too many: at most {MAX_VECTORS}")
    if not 0 <= seed < 1 << 32:
        raise BandgError(f"the seed of the random vectors must lie between 0 and 2^32 - 1, not {seed}")


def density_of_states(
    system: FullSystem,
    energies: NDArray[np.float64] | None = None,
    moments: int = 1000,
    vectors: int = 10,
    seed: int = 0,
    after: Callable[[], None] = lambda: None,
) -> DensityOfStates:
    """Density of states of the full Hamiltonian without symmetry; time grows as moments x vectors x orbitals.

    energies: in eV; default 1000 over the whole spectrum. vectors: random-phase vectors, 2 or more. after: called
    after each vector.
    Raises BandgError without kwant and for numbers out of range.
    """
    check_expansion(moments, vectors, seed)
    kwant = import_kwant("the density of states")
    from scipy import sparse

    spectral = kwant.kpm.SpectralDensity(
        sparse.csr_matrix(system.hamiltonian),
        num_vectors=1,
        num_moments=moments,
        rng=seed,
        mean=False,
        accumulate_vectors=False,
    )
    after()
    for _ in range(vectors - 1):
        spectral.add_vectors(1)
        after()
    lower, upper = spectral.bounds
    if energies is None:
        energies = np.linspace(lower, upper, 1000)
    inside = (energies > lower) & (energies < upper)
    each = np.zeros((len(energies), vectors))
    each[inside] = np.real(spectral(energies[inside]))
    return DensityOfStates(
        energies,
        each.mean(axis=1),
        each.std(axis=1, ddof=1) / np.sqrt(vectors),
        moments,
        vectors,
        float(np.pi * (upper - lower) / 2 / moments),
        system.hamiltonian.shape[0],
        spectral,
    )


def estimate_seconds(system: FullSystem, moments: int, vectors: int) -> float:
    """Seconds that `density_of_states` takes on one processor."""
    return _PRODUCT_S * system.hamiltonian.nnz * moments * vectors


def exact_counts(
    system: FullSystem, energies: Sequence[float], solver: str = "auto", after: Callable[[], None] = lambda: None
) -> list[int]:
    """Number of states below each energy in eV, by the inertia of every symmetry block. Raises BandgError.

    after: called after each block.
    """
    counts = np.zeros(len(energies), dtype=int)
    if not len(energies):
        return []
    for label in system.reduced.labels:
        basis, matrix = system.reduced.block(label)
        spectrum = Spectrum(matrix.at(system.vector), solver)
        each = basis.irrep.degeneracy // basis.irrep.copies
        counts += each * np.array([spectrum.count_below(float(energy)) for energy in energies])
        after()
    return counts.tolist()
