"""Physical constants in eV, nm, T and ps: CODATA 2022, written here because scipy.constants loads slowly."""

from __future__ import annotations

import math

_H, _E = 6.62607015e-34, 1.602176634e-19  # exact, J s and C
_ELECTRON_MASS = 9.1093837139e-31  # kg
_EPSILON_0 = 8.8541878188e-12  # F/m
_HBAR = _H / (2 * math.pi)

MU_B = 5.7883817982e-05
"""Bohr magneton, eV/T."""
HBAR2_OVER_M0 = _HBAR**2 / _ELECTRON_MASS / _E * 1e18
"""hbar^2 / m0, eV nm^2 (0.0761996)."""
G0 = 2.00231930436092
"""Magnitude of the g-factor of the free electron (2.0023)."""
HBAR = _HBAR / _E * 1e12
"""hbar, eV ps."""
E2_EV_NM = _E / (4 * math.pi * _EPSILON_0) * 1e9
"""e^2 / (4 pi eps0), eV nm (1.43996)."""
