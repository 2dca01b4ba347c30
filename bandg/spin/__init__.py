"""Oscillating spin signals: reading and fitting traces, T2* and the spread of g."""
