"""Oscillating spin signals: reading and fitting traces, T2* and the spread of g."""

from bandg.spin.reading import read_traces
from bandg.spin.traces import Trace, Traces

__all__ = ["Trace", "Traces", "read_traces"]
