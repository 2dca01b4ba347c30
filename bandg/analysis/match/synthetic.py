"""Synthetic samples: nanocrystals drawn from the prior, with errors, matched again. Do the 68 % sets hold the truth?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandg.analysis.emulators.emulator import Emulator
from bandg.analysis.match.candidate import curves, errors, name_of, ranges, steps, unknowns
from bandg.analysis.match.request import Pool
from bandg.analysis.match.result import LEVEL, SIZE
from bandg.analysis.match.sample import Sample, sample_of

Array = NDArray[np.float64]

ERRORS = (0.01, 0.05, 0.05)
"""Errors of the measurement: energy in eV, g_e, g_h."""


@dataclass(frozen=True)
class Truth:
    """A nanocrystal of the prior: number of its emulator, values of knobs and 1 / eps (d + 1,), and ln L."""

    number: int
    values: Array
    ln_size: float


@dataclass(frozen=True)
class Trial:
    """One synthetic sample.

    name: set and shape of the truth. energy_eV, g_e, g_h: what was measured. size_nm: the true size. probability: of
    the true candidate. best: whether it is the most probable. none: whether none of the candidates is said to fit.
    in_set: whether the 68 % set has the true candidate with the true size. in_all: whether the 68 % set of all unknowns
    together has the truth. in_interval: by unknown, whether its 68 % interval within the true candidate has the truth.
    """

    name: str
    energy_eV: float
    g_e: float
    g_h: float
    size_nm: float
    probability: float
    best: bool
    none: bool
    in_set: bool
    in_all: bool
    in_interval: dict[str, bool]


def draw(emulators: Sequence[Emulator], measurement: Sequence[float], rng: np.random.Generator) -> tuple[Truth, Sample]:
    """A nanocrystal of the prior where its emulator holds, and what is measured of it.

    measurement: errors as ERRORS. The errors of emulator and bulk are part of what is drawn.
    """
    lengths = np.array([np.ptp(steps(one)) for one in emulators])
    while True:
        number = int(rng.choice(len(emulators), p=lengths / lengths.sum()))
        own, ends = emulators[number], steps(emulators[number])
        low, high = ranges(own).T
        truth = Truth(number, low + (high - low) * rng.uniform(size=len(low)), float(rng.uniform(ends[0], ends[-1])))
        if own.holds(truth.values[:-1]):
            break
    place = np.array([truth.ln_size])
    spread = np.hypot(errors(own, place)[0, :3], measurement)
    seen = curves(own, truth.values[None], place)[:3, 0, 0] + spread * rng.normal(size=3)
    return truth, sample_of(*zip(seen.tolist(), measurement, strict=True))


def trials(
    emulators: Sequence[Emulator], count: int, pool: Pool, measurement: Sequence[float] = ERRORS, seed: int = 0
) -> Iterator[Trial]:
    """Synthetic samples, matched with all emulators of the pool."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        truth, sample = draw(emulators, measurement, rng)
        found = pool.match(sample)
        own = emulators[truth.number]
        at = next(n for n, one in enumerate(found.fits) if one.emulator is own)
        fit = found.fits[at]
        size = float(curves(own, truth.values[None], np.array([truth.ln_size]))[3, 0, 0])
        true = {SIZE: size} | dict(zip(unknowns(own), truth.values.tolist(), strict=True))
        inside = {name: one.low <= true[name] <= one.high for name, one in fit.unknowns.items()}
        energy, g_e, g_h = (one.value for one in sample.data)
        yield Trial(
            name_of(own),
            energy,
            g_e,
            g_h,
            size,
            fit.probability,
            at == 0,
            not found.found,
            found.holds(at, size),
            found.more_credible(at, truth.values, truth.ln_size) <= LEVEL,
            inside,
        )
