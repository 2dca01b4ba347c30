"""About how long a run takes on this machine, said before it begins.

A task may state its own seconds by a method `estimate_seconds`. Otherwise time goes with memory: both follow the
factors of the largest block. The laws are what nanocrystals of 1 to 16 nm took of one processor of a server. Results
of the same request that are in the cache tell how much faster this machine is.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from bandg.base.task import Task

LONG_S = 2.5
"""What takes longer is announced: the estimates are good to a factor of two, and five seconds must not be silent."""

START_S = 0.7
"""What the first nanocrystal of a process takes beyond the law: libraries, representations of its group."""

_WORKER_S = 2.2
"""What a worker process takes until it computes."""

_EACH_S, _PER_GB_S, _START_GB = 0.1, 9.0, 0.15
_TELLING_S = 0.2
"""A stored time that is shorter tells little about the machine."""


def law(job: Task[Any]) -> float:
    """Seconds of one job on one thread: its own estimate, or from its memory."""
    own = getattr(job, "estimate_seconds", None)
    if own is not None:
        return float(own())
    return _EACH_S + _PER_GB_S * max(0.0, job.estimate_memory() - _START_GB)


def seconds(left: Sequence[Task[Any]], known: Sequence[tuple[Task[Any], Any]], processes: int) -> float:
    """Seconds that the jobs take on so many processes with their start; known: jobs with their stored results."""
    if not left:
        return 0.0
    found = ((job, getattr(getattr(result, "levels", result), "seconds", 0.0)) for job, result in known)
    ratios = [stored / law(job) for job, stored in found if stored > _TELLING_S]
    each = [law(job) for job in left]
    start = START_S + (_WORKER_S if min(processes, len(left)) > 1 else 0.0)
    return start + (median(ratios) if ratios else 1.0) * max(sum(each) / processes, max(each))


def announcement(what: str, left: int, known: int, expected_s: float, processes: int, then: str = "") -> str:
    """One line, as "19 nanocrystals, 12 of them computed before; about 40 s on 2 processors".

    what: the plural noun of the jobs, with a comma before anything else. then: what follows, in words.
    """
    before = f", {known} of them computed before" if known else ""
    where = f"{processes} processors" if processes > 1 else "one processor"
    count, noun = left + known, what.partition(",")[0]
    nouns = noun if count > 1 else noun.removesuffix("s")
    return f"{count} {nouns}{before}{', ' * bool(then)}{then}; {about(expected_s)} on {where}"


def about(expected_s: float) -> str:
    """The time in words, with as many digits as it deserves."""
    if expected_s < 100:
        return f"about {5 * max(1, round(expected_s / 5))} s"
    if expected_s < 5400:
        return f"about {round(expected_s / 60)} min"
    return f"about {expected_s / 3600:.1f} h"
