"""The function of `bandg fit`."""

from __future__ import annotations

import os
from pathlib import Path

from threadpoolctl import threadpool_limits

from bandg.analysis.fit.job import read_job
from bandg.analysis.fit.residuals import problem_of
from bandg.analysis.fit.solve import Fit, solve
from bandg.base.arguments import strict, whole, wrong
from bandg.runs.options import DEFAULT_RUN, Run


@strict
def fit(job: str | os.PathLike[str], starts: int | None = None, *, run: Run = DEFAULT_RUN) -> Fit:
    """A parameter set fitted to bands and bulk properties.

    Parameters
    ----------
    job : path
        A file JOB.toml with free parameters and targets (docs/fitting.md).
    starts : int, optional
        Number of starts in place of that of the job.
    run : Run
        Only cache and progress are used; a fit runs in one process.

    Returns
    -------
    bandg.analysis.fit.solve.Fit
        The starts by cost, and the errors at the best; `bandg.analysis.fit.result` makes the set and writes it.

    Raises
    ------
    BandgError
        For any wrong input, and if no start gives a finite sum of squares.

    Examples
    --------
    >>> import bandg
    >>> found = bandg.fit("docs/fits/nnn.toml", starts=1)  # doctest: +SKIP
    """
    if not isinstance(job, str | os.PathLike):
        raise wrong("job", "the path of a job file (.toml)", job)
    problem = problem_of(read_job(os.fspath(job)), Path(job).parent)
    with threadpool_limits(1):
        return solve(problem, None if starts is None else whole("starts", starts, 1), run)
