"""Curves of many cases at once: every nanocrystal is computed once, in parallel, and kept in the cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bandg.analysis.hypotheses.case import Case, curve_of, kinds_of, no_curve
from bandg.base.errors import BandgError
from bandg.base.task import Task
from bandg.data.compare import TheoryCurve
from bandg.models.levels import Levels
from bandg.runs import sweep
from bandg.runs.attempt import Attempt
from bandg.runs.options import DEFAULT_RUN, Run


@dataclass
class Evaluator:
    """Computes curves, and remembers what it has computed.

    notes: why there is no value, by the key of the job, or by repr(case) of a case that has no curve at all.
    """

    run: Run = DEFAULT_RUN
    computed: int = 0
    cached: int = 0
    notes: dict[str, str] = field(default_factory=dict)
    _known: dict[str, Levels | None] = field(default_factory=dict)

    def curves(self, cases: Sequence[Case], names: Sequence[str] | None = None) -> list[TheoryCurve]:
        """One curve for each case, NaN throughout where it cannot be made: `reason` tells why."""
        self._compute(cases)
        titles = names or [""] * len(cases)
        return [self._curve(case, title) for case, title in zip(cases, titles, strict=True)]

    def levels(self, cases: Sequence[Case]) -> list[tuple[Levels | None, ...]]:
        """The levels of every nanocrystal of each case alone, None where it failed. Raises BandgError."""
        self._compute(cases)
        return [tuple(self._known[job.key()] for job in case.jobs()) for case in cases]

    @contextmanager
    def foreseen(
        self, cases: Sequence[Case], others: Sequence[Task[Any]] = (), then: str = "", more: int = 0
    ) -> Iterator[None]:
        """Announce all these cases and other jobs at once, with what follows, and show one progress of all.

        then, more: as in `sweep.foreseen`.
        """
        before = self.run
        with sweep.foreseen([*self._attempts(cases), *others], before, then, more) as self.run:
            try:
                yield
            finally:
                self.run = before

    def kinds(self, case: Case) -> tuple[tuple[float, TheoryCurve], ...]:
        """(share, curve) of each kind of nanocrystal in a case whose curve is known; without it, two NaN throughout."""
        try:
            return kinds_of(case, self._known)
        except BandgError:
            return ((0.5, no_curve()),) * 2  # a spread that is not known

    def reason(self, case: Case) -> str:
        """Why a case has no curve, or one of its nanocrystals no value; "" where there is nothing to say."""
        keys = [repr(case), *(job.key() for part in case.parts() for job in _jobs(part))]
        return next((self.notes[key] for key in keys if key in self.notes), "")

    def _curve(self, case: Case, title: str) -> TheoryCurve:
        try:
            return curve_of(case, self._known, title)
        except BandgError as error:
            self.notes[repr(case)] = str(error)
            return no_curve(title)

    def _attempts(self, cases: Sequence[Case]) -> list[Attempt]:
        """What is not known of the cases, each nanocrystal once."""
        jobs = {job.key(): Attempt(job) for case in cases for part in case.parts() for job in _jobs(part)}
        return [attempt for key, attempt in jobs.items() if key not in self._known]

    def _compute(self, cases: Sequence[Case]) -> None:
        attempts = self._attempts(cases)
        if not attempts:
            return
        found = sweep.run_jobs(attempts, self.run)
        for attempt, (outcome, was_cached) in zip(attempts, found, strict=True):
            self._known[attempt.job.key()] = outcome.levels
            self.cached += was_cached
            self.computed += not was_cached
            if outcome.error:
                self.notes[attempt.job.key()] = outcome.error


def _jobs(case: Case) -> tuple[Task[Levels], ...]:
    """The jobs of a case; none where they cannot be made, which `curve_of` tells."""
    try:
        return case.jobs()
    except BandgError:
        return ()
