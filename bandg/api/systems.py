"""The tight-binding matrices of nanocrystals: `tight_binding`, `full_hamiltonian`, `density_of_states`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

from bandg.api.plan import DEFAULT_SIZE, Set, Size, checked_run, given_options, plan
from bandg.base.arguments import number, strict, whole
from bandg.base.errors import BandgError
from bandg.crystal.shapes import Nanocrystal
from bandg.runs import sweep
from bandg.runs.options import DEFAULT_RUN, Run
from bandg.runs.request import Variation

if TYPE_CHECKING:
    from bandg.models.etb.dos import DensityOfStates
    from bandg.models.etb.full import FullSystem
    from bandg.models.etb.material import Material


@strict
def tight_binding(
    size: Size | None = None,
    shape: str = "cube",
    termination: str | Sequence[str] | None = None,
    set: Set | None = None,
    *,
    center: str | None = None,
    neighbors: int | None = None,
    **variation: Unpack[Variation],
) -> tuple[tuple[Material, Nanocrystal, int], ...]:
    """Material, nanocrystal and neighbor shells that `bandg.compute` would solve for.

    Parameters
    ----------
    size, shape, termination, set, center, neighbors, ...
        As in `bandg.compute`.

    Returns
    -------
    tuple of (Material, Nanocrystal, int)
        One for each nanocrystal.

    Raises
    ------
    BandgError
        For any wrong input.

    Examples
    --------
    >>> import bandg
    >>> [(material, crystal, neighbors)] = bandg.tight_binding("2cells")
    >>> crystal.size_nm
    1.2578
    """
    from bandg.models.etb.model import material

    given = given_options(neighbors, 1, False, None, "auto")
    work = plan(size, shape, termination, set, "etb", center, given, variation)
    work.check()
    made = material(work.parameters, work.options)
    assert work.options.neighbors is not None  # set by `complete`
    return tuple((made, crystal, work.options.neighbors) for crystal in work.crystals)


@strict
def full_hamiltonian(
    size: Size | None = None,
    shape: str = "cube",
    termination: str | None = None,
    set: Set | None = None,
    *,
    center: str | None = None,
    neighbors: int | None = None,
    run: Run = DEFAULT_RUN,
    **variation: Unpack[Variation],
) -> FullSystem:
    """The whole Hamiltonian of one nanocrystal as a sparse matrix, with its basis.

    Parameters
    ----------
    size, shape, termination, set, center, neighbors, ...
        As in `bandg.compute`, for one nanocrystal.
    run : Run
        Only `force` is used.

    Returns
    -------
    FullSystem
        `hamiltonian` in eV (scipy.sparse, complex Hermitian), `basis`, `positions_nm` and `species`;
        `bandg.models.etb.full` writes it and hands it to kwant and ase.

    Raises
    ------
    BandgError
        For any wrong input, and where the memory does not suffice.

    Examples
    --------
    >>> import bandg
    >>> system = bandg.full_hamiltonian("2cells")
    >>> system.hamiltonian.shape == (len(system.basis),) * 2
    True
    """
    from bandg.models.etb.full import full_system
    from bandg.models.etb.job import WholeJob

    [(made, crystal, shells)] = one_of(
        size, tight_binding(size, shape, termination, set, center=center, neighbors=neighbors, **variation)
    )
    sweep.check_memory([WholeJob(made.parameters, crystal, shells)], checked_run(run).force)
    return full_system(made, crystal, shells)


@strict
def density_of_states(
    size: Size | None = None,
    shape: str = "cube",
    termination: str | None = None,
    set: Set | None = None,
    *,
    energies: Sequence[float] | None = None,
    moments: int = 1000,
    vectors: int = 10,
    vector_seed: int = 0,
    center: str | None = None,
    neighbors: int | None = None,
    run: Run = DEFAULT_RUN,
    **variation: Unpack[Variation],
) -> DensityOfStates:
    """Density of states of one nanocrystal by the kernel polynomial method; needs kwant.

    Parameters
    ----------
    size, shape, termination, set, center, neighbors, ...
        As in `bandg.compute`, for one nanocrystal.
    energies : sequence of float, optional
        In eV, shape (n,); by default 1000 over the whole spectrum.
    moments : int
        Moments of the expansion; the resolution in eV is proportional to its inverse.
    vectors : int
        Random vectors, 2 or more; the error is proportional to the inverse square root of their number.
    vector_seed : int
        Seed of the random vectors.
    run : Run
        Only `force` is used.

    Returns
    -------
    DensityOfStates
        `energies_eV`, `states_per_eV` and `error_per_eV`, each of shape (n,), and `count_below(energy)`.

    Raises
    ------
    BandgError
        For any wrong input, without kwant, and where the memory does not suffice.

    Examples
    --------
    >>> import bandg
    >>> found = bandg.density_of_states("2cells", moments=50, vectors=2)  # doctest: +SKIP
    """
    import numpy as np

    from bandg.models.etb import dos

    grid = None if energies is None else np.array([number("energies", one) for one in energies])
    design = (whole("moments", moments), whole("vectors", vectors), whole("vector_seed", vector_seed))
    dos.check_expansion(*design)
    system = full_hamiltonian(size, shape, termination, set, center=center, neighbors=neighbors, run=run, **variation)
    return dos.density_of_states(system, grid, *design)


def one_of(size: Any, found: Sequence[Any]) -> Sequence[Any]:
    """The nanocrystal, if there is exactly one. Raises BandgError otherwise."""
    if len(found) != 1:
        raise BandgError(f"`size` {size or DEFAULT_SIZE!r} means {len(found)} nanocrystals: give one, as 5nm or 8cells")
    return found
