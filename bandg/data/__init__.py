"""Measured data and first-principles results from other sources."""
