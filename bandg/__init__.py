"""Band structure and g-factors of perovskite nanocrystals, from parameter sets that carry their sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bandg.api import compute
    from bandg.base.errors import BandgError
    from bandg.crystal.lattice import Lattice
    from bandg.models.etb.bulk import bulk
    from bandg.models.observable import Observable
    from bandg.parameters.loader import available_sets, load_set
    from bandg.parameters.sets import ParameterSet
    from bandg.runs.options import Run

__version__ = "0.1.0"
__all__ = [
    "BandgError",
    "Lattice",
    "Observable",
    "ParameterSet",
    "Run",
    "available_sets",
    "bulk",
    "compute",
    "load_set",
]

_HOME = {
    "BandgError": "bandg.base.errors",
    "Lattice": "bandg.crystal.lattice",
    "Observable": "bandg.models.observable",
    "ParameterSet": "bandg.parameters.sets",
    "Run": "bandg.runs.options",
    "available_sets": "bandg.parameters.loader",
    "bulk": "bandg.models.etb.bulk",
    "compute": "bandg.api",
    "load_set": "bandg.parameters.loader",
}


def __getattr__(name: str) -> Any:
    """Load the public names at first use, so that `bandg --help` need not wait for numpy."""
    if name not in _HOME:
        raise AttributeError(f"module 'bandg' has no attribute {name!r}")
    from importlib import import_module

    if name == "compute":
        import_module("bandg.accessor")  # `.bandg` of the dataset that it returns
    return getattr(import_module(_HOME[name]), name)
