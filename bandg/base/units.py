"""Physical constants in bandg's units (eV, nm, T, ps) and the sizes that ``--size`` understands."""

from __future__ import annotations

from scipy import constants

MU_B: float = constants.physical_constants["Bohr magneton in eV/T"][0]
"""Bohr magneton, eV/T."""
HBAR2_OVER_M0: float = constants.hbar**2 / constants.m_e / constants.e * 1e18
"""hbar^2 / m0, eV nm^2 (0.0761996)."""
G0: float = -constants.physical_constants["electron g factor"][0]
"""Magnitude of the g-factor of the free electron (2.0023)."""
HBAR: float = constants.hbar / constants.e * 1e12
"""hbar, eV ps."""
