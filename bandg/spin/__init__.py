"""Oscillating spin signals: reading, fitting and simulating traces, T2* and the spread of g."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bandg.spin.ensemble import Ensemble
    from bandg.spin.fitting import fit
    from bandg.spin.reading import read_traces
    from bandg.spin.results import Fit
    from bandg.spin.sampling import simulate
    from bandg.spin.traces import Trace, Traces

__all__ = ["Ensemble", "Fit", "Trace", "Traces", "fit", "read_traces", "simulate"]

_HOME = {
    "Ensemble": "ensemble",
    "Fit": "results",
    "Trace": "traces",
    "Traces": "traces",
    "fit": "fitting",
    "read_traces": "reading",
    "simulate": "sampling",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'bandg.spin' has no attribute {name!r}")
    return getattr(import_module(f"bandg.spin.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
