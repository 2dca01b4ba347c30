"""About how long a run takes on this machine, said before it begins.

Time goes with memory: both follow the factors of the largest block. The law is what 250 nanocrystals of 1 to 13 nm took
on one thread of a server. Results of the same request that are in the cache tell how much faster this machine is.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from bandg.base.task import Task

LONG_S = 5.0
"""What takes longer is announced."""

_EACH_S, _PER_GB_S, _START_GB = 0.1, 9.0, 0.15
_TELLING_S = 0.2
"""A stored time that is shorter tells little about the machine."""


def law(job: Task[Any]) -> float:
    """Seconds of one job on one thread; rises with its memory."""
    return _EACH_S + _PER_GB_S * max(0.0, job.estimate_memory() - _START_GB)


def seconds(left: Sequence[Task[Any]], known: Sequence[tuple[Task[Any], Any]], processes: int) -> float:
    """Seconds that the jobs take on so many processes; known: jobs with their stored results."""
    found = ((job, getattr(getattr(result, "levels", result), "seconds", 0.0)) for job, result in known)
    ratios = [stored / law(job) for job, stored in found if stored > _TELLING_S]
    each = [law(job) for job in left]
    return (median(ratios) if ratios else 1.0) * max(sum(each) / processes, max(each))


def announcement(what: str, left: int, known: int, expected_s: float, processes: int) -> str:
    """One line, as "19 nanocrystals, 12 of them computed before; about 40 s on 2 processors".

    what: the plural noun of the jobs, with a comma before anything else.
    """
    before = f", {known} of them computed before" if known else ""
    where = f"{processes} processors" if processes > 1 else "one processor"
    count, noun = left + known, what.partition(",")[0]
    nouns = noun if count > 1 else noun.removesuffix("s")
    return f"{count} {nouns}{before}; about {_rounded(expected_s)} on {where}"


def _rounded(expected_s: float) -> str:
    """The time with as many digits as it deserves."""
    if expected_s < 100:
        return f"{5 * max(1, round(expected_s / 5))} s"
    if expected_s < 5400:
        return f"{round(expected_s / 60)} min"
    return f"{expected_s / 3600:.1f} h"
