"""Band structure and g-factors of perovskite nanocrystals, from parameter sets that carry their sources."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bandg.analysis.fit.request import fit
    from bandg.analysis.hypotheses.mechanism import Mechanism
    from bandg.analysis.hypotheses.request import hypotheses
    from bandg.analysis.inference.request import infer
    from bandg.analysis.match.request import match
    from bandg.analysis.overlay import overlay
    from bandg.analysis.sensitivity.request import sensitivity
    from bandg.api.bulk import bulk
    from bandg.api.compute import compute
    from bandg.api.sets import load_set
    from bandg.api.systems import density_of_states, full_hamiltonian, tight_binding
    from bandg.base.errors import BandgError
    from bandg.crystal.files import read_structure
    from bandg.crystal.lattice import Lattice
    from bandg.crystal.shapes import Nanocrystal
    from bandg.data.measured import load_measured, load_spreads
    from bandg.models.base import Model
    from bandg.models.kp.sets import KpSet
    from bandg.models.observable import Observable
    from bandg.parameters.loader import available_sets
    from bandg.parameters.sets import ParameterSet
    from bandg.plot.levels import plot_levels
    from bandg.runs.options import Run
    from bandg.solvers.base import Solver

__version__ = "0.1.0"
__all__ = [
    "BandgError",
    "KpSet",
    "Lattice",
    "Mechanism",
    "Model",
    "Nanocrystal",
    "Observable",
    "ParameterSet",
    "Run",
    "Solver",
    "available_sets",
    "bulk",
    "compute",
    "density_of_states",
    "fit",
    "full_hamiltonian",
    "hypotheses",
    "infer",
    "load_measured",
    "load_set",
    "load_spreads",
    "match",
    "overlay",
    "plot_levels",
    "read_structure",
    "sensitivity",
    "tight_binding",
]

_HOME = {
    "BandgError": "base.errors",
    "KpSet": "models.kp.sets",
    "Lattice": "crystal.lattice",
    "Mechanism": "analysis.hypotheses.mechanism",
    "Model": "models.base",
    "Nanocrystal": "crystal.shapes",
    "Observable": "models.observable",
    "ParameterSet": "parameters.sets",
    "Run": "runs.options",
    "Solver": "solvers.base",
    "available_sets": "parameters.loader",
    "bulk": "api.bulk",
    "compute": "api.compute",
    "density_of_states": "api.systems",
    "fit": "analysis.fit.request",
    "full_hamiltonian": "api.systems",
    "hypotheses": "analysis.hypotheses.request",
    "infer": "analysis.inference.request",
    "load_measured": "data.measured",
    "load_spreads": "data.measured",
    "load_set": "api.sets",
    "match": "analysis.match.request",
    "overlay": "analysis.overlay",
    "plot_levels": "plot.levels",
    "read_structure": "crystal.files",
    "sensitivity": "analysis.sensitivity.request",
    "tight_binding": "api.systems",
}
"""Module of each public name. It is imported at first use, so that `import bandg` is fast."""


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'bandg' has no attribute {name!r}")
    if name == "compute":
        import_module("bandg.accessor")  # `.bandg` of the dataset that it returns
    found = globals()[name] = getattr(import_module(f"bandg.{_HOME[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
