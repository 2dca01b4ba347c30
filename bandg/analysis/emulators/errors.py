"""Errors of an emulator: root mean squares and the largest, size by size, at nanocrystals that no fit has seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.emulators.emulator import OUTPUTS, Check, Emulator, between_sizes

Array = NDArray[np.float64]

_AT_A_SIZE = 1e-5


def off(emulator: Emulator, check: Check) -> Array:
    """Emulated less computed OUTPUTS at the sizes of a check, which are those of the emulator or between, (4, m)."""
    known = emulator.sizes(check.values)
    within = np.clip(check.size_nm, known[0], known[-1])  # rounded sizes
    return between_sizes(known, emulator.levels(check.values), within) - np.array(check.outputs)


def errors_of(emulator: Emulator, checks: Sequence[Check]) -> tuple[Array, Array]:
    """Root mean square and largest error of OUTPUTS by size, (4, n) each, where the emulator says that it holds.

    A check between two sizes counts at both. A size without one has the errors of the next smaller size.
    """
    rows: list[list[Array]] = [[] for _ in emulator.size_nm]
    for one in checks:
        if not emulator.holds(one.values):
            continue
        known = emulator.sizes(one.values)
        places = np.interp(one.size_nm, known, np.arange(len(known)))
        for place, error in zip(places, off(emulator, one).T, strict=True):
            for n in {int(np.floor(place + _AT_A_SIZE)), int(np.ceil(place - _AT_A_SIZE))}:
                rows[n].append(error)
    rms, largest = np.zeros((2, len(OUTPUTS), len(rows)))
    for n, found in enumerate(rows):
        if found:
            rms[:, n] = np.sqrt(np.mean(np.square(found), axis=0))
            largest[:, n] = np.abs(found).max(axis=0)
        elif n:
            rms[:, n], largest[:, n] = rms[:, n - 1], largest[:, n - 1]
    return rms, largest
