"""Oscillating spin signals: reading, fitting and simulating traces, T2* and the spread of g."""

from bandg.spin.ensemble import Ensemble, simulate
from bandg.spin.fitting import fit
from bandg.spin.reading import read_traces
from bandg.spin.results import Fit
from bandg.spin.traces import Trace, Traces

__all__ = ["Ensemble", "Fit", "Trace", "Traces", "fit", "read_traces", "simulate"]
