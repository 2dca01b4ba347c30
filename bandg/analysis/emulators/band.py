"""Standard errors of nanocrystals that the bulk parameters leave, for the band of an emulator."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.curves import bulk_gradients
from bandg.analysis.emulators.beyond import at_sizes
from bandg.analysis.emulators.emulator import OUTPUTS
from bandg.analysis.hypotheses.case import Case
from bandg.analysis.verdict.bulk_error import deviates, is_linear
from bandg.base.errors import BandgError
from bandg.parameters.covariance import Member, ensemble_of
from bandg.runs.band import along, derivatives_of
from bandg.runs.options import Run

Array = NDArray[np.float64]


def band(case: Case, sizes: Sequence[float], run: Run) -> Array | None:
    """Standard errors of OUTPUTS at sizes in cells from those of a case, (4, n); None for a set without covariance.

    Those of g are at fixed transition energy. The covariance is that of the fit, widened to what first principles leave
    open of the bulk (`bandg.analysis.verdict.bulk_error`) where the bulk is linear over that.
    """
    try:
        member = ensemble_of(case.parameters)[0]
    except BandgError:
        return None
    paths, matrix = _deviates(member)
    found = derivatives_of([member], case.crystals(), case.neighbors, False, "auto", run)[0]
    own = [*found, bulk_gradients(case.parameters)]
    values = np.array([[one.value(name) for name in OUTPUTS] for one in own]).T
    moved = np.array(
        [[one.gradient(name)[[one.paths.index(path) for path in paths]] @ matrix for name in OUTPUTS] for one in own]
    ).transpose(1, 2, 0)
    values, moved = (at_sizes(case, case.counts, one[..., :-1], one[..., -1], sizes) for one in (values, moved))
    energy, slopes = values[0] - values[1], np.zeros_like(values)
    for place in (2, 3):
        slopes[place] = along(energy[::-1], values[place, ::-1])(energy, 1)
    at_energy = moved - slopes[:, None] * (moved[0] - moved[1])
    return np.asarray(np.sqrt((at_energy**2).sum(axis=1)))


def _deviates(member: Member) -> tuple[tuple[str, ...], Array]:
    """Names of the parameters of a fit, and what one standard normal deviate does to them, (n, deviates)."""
    if is_linear(member):
        return deviates(member)
    values, vectors = np.linalg.eigh(member.covariance.matrix)
    return member.covariance.paths, vectors * np.sqrt(np.clip(values, 0.0, None))
