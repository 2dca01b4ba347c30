"""The solvers by name, and the automatic choice."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

from bandg.base.arguments import choices
from bandg.base.cache import source_of
from bandg.base.errors import BandgError
from bandg.base.memory import free_memory
from bandg.solvers.base import Solver
from bandg.solvers.dense import Dense
from bandg.solvers.iterative import Iterative
from bandg.solvers.near_symmetric import NearSymmetric
from bandg.solvers.pardiso import Pardiso
from bandg.solvers.rslab import Rslab
from bandg.solvers.superlu import SuperLU

if TYPE_CHECKING:
    from scipy import sparse

AUTO = "auto"

_OWN: dict[str, type[Solver]] = {
    solver.name: solver for solver in (Dense, SuperLU, Rslab, Pardiso, Iterative, NearSymmetric)
}
_ADDED: dict[str, type[Solver]] = {}

S = TypeVar("S", bound=type[Solver])


def register(solver: S) -> S:
    """Make a solver known by its name, in this process and in the workers that it starts.

    Parameters
    ----------
    solver : type[Solver]
        A class with the attribute `name`. Another class of that name takes its place, except a solver of bandg.

    Returns
    -------
    type[Solver]
        The same class, so that this serves as a decorator.

    Raises
    ------
    BandgError
        For an object that is not a solver, and for the name of a solver of bandg.
    """
    if not (isinstance(solver, type) and issubclass(solver, Solver)):
        raise BandgError(f"{solver!r} is not a solver: derive a class from bandg.Solver")
    if not isinstance(getattr(solver, "name", None), str):
        raise BandgError(f"the solver {solver.__name__} has no name: add name = '...' to its class")
    if solver.name == AUTO or solver.name in _OWN:
        raise BandgError(f"the solver {solver.name} belongs to bandg: choose another name for {solver.__name__}")
    _ADDED[solver.name] = solver
    return solver


def unregister(name: str) -> None:
    """Forget a solver that was registered."""
    _ADDED.pop(name, None)


def added_solvers() -> tuple[type[Solver], ...]:
    """The registered solvers that are not part of bandg; workers must register them too."""
    return tuple(_ADDED.values())


def installed_solvers() -> tuple[str, ...]:
    """Names of the solvers that can be used here, the one that `auto` prefers for a large matrix first."""
    found = [solver for solver in _known().values() if solver.installed()]
    return tuple(solver.name for solver in sorted(found, key=lambda one: -one.rank(sys.maxsize)))


def solver_named(name: str) -> type[Solver]:
    """The solver of a name. Raises BandgError for one that is unknown or not installed."""
    known = _known()
    if name not in known:
        raise BandgError(f"solver {name!r} is unknown; choose {choices((AUTO, *known))}")
    if not known[name].installed():
        raise BandgError(f"solver {name} is not installed: {known[name].hint}, or choose superlu")
    return known[name]


def check_solver(name: str) -> None:
    """Raise BandgError for the name of a solver that is unknown or not installed."""
    if name != AUTO:
        solver_named(name)


def solver_key(name: str) -> str:
    """What the key of a result says of the solver: its name, and of one that is registered the source of its class.

    For "auto" every registered solver counts that it may take.
    """
    own = [solver for solver in _ADDED.values() if name == solver.name or (name == AUTO and solver.rank(1) > 0)]
    return " ".join([name, *sorted(source_of(solver) for solver in own)])


def choose_solver(
    name: str, size: int, nnz: int = 0, is_complex: bool = False, free_gb: float | None = None
) -> type[Solver]:
    """The solver named or, for "auto", the best for a matrix of so many rows and stored elements.

    "auto" takes the highest rank whose memory fits into free_gb (default: what the machine has); where none fits, the
    one that needs least. Raises BandgError for a name that is unknown or not installed.
    """
    if name != AUTO:
        return solver_named(name)
    offered = [solver for solver in _known().values() if solver.rank(size) > 0 and solver.installed()]
    free = free_memory() if free_gb is None else free_gb
    need = {solver: solver.memory_gb(size, nnz, is_complex) for solver in offered}
    fits = [solver for solver in offered if need[solver] < free]
    return max(fits, key=lambda solver: solver.rank(size)) if fits else min(offered, key=need.__getitem__)


def solver_for(name: str, matrix: sparse.csr_array) -> type[Solver]:
    """The solver named or, for "auto", the best for this matrix here."""
    return choose_solver(name, matrix.shape[0], matrix.nnz, matrix.dtype.kind == "c")


def factorizing_solver(name: str) -> type[Solver]:
    """The solver named, which must have a factorization; for "auto" the best of those that have one.

    Raises BandgError for one without.
    """
    if name != AUTO:
        chosen = solver_named(name)
        if chosen.factorization is None:
            raise BandgError(
                f"exact derivatives need a factorization, which {name} does not have: choose rslab, superlu or pardiso"
            )
        return chosen
    offered = [solver for solver in _known().values() if solver.factorization is not None and solver.installed()]
    return max(offered, key=lambda solver: solver.rank(sys.maxsize))


def _known() -> dict[str, type[Solver]]:
    return _OWN | _ADDED
