"""The ideal crystal as data: sublattices and high-symmetry points."""

from __future__ import annotations

import numpy as np

SUBLATTICES = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
"""Pb and the three X of the cell, in units of a/2."""

SUBLATTICE_KINDS = np.array([0, 1, 1, 1])

HIGH_SYMMETRY = {"Gamma": (0, 0, 0), "X": (1, 0, 0), "M": (1, 1, 0), "R": (1, 1, 1)}
"""High-symmetry points in units of pi/a."""
