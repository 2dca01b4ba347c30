"""Interior eigenpairs of sparse matrices."""

from bandg.solvers.base import Solver, Work
from bandg.solvers.registry import register, unregister

__all__ = ["Solver", "Work", "register", "unregister"]
