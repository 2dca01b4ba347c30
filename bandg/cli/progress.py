"""Progress of a command on standard error: a bar on a terminal, lines in a log file or a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bandg.cli.watch import WATCH
from bandg.runs.estimate import LONG_S
from bandg.runs.progress import Lines, Progress

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


@contextmanager
def progress() -> Iterator[Progress]:
    """The progress display of a command inside of the block."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with RichProgress(*columns, console=Console(stderr=True), transient=True) as bar:
            yield _Bar(bar)
    else:
        lines = Lines(patience=LONG_S)
        with WATCH.displayed(lines):
            yield lines


class _Bar:
    """A bar on the terminal."""

    def __init__(self, bar: RichProgress) -> None:
        self._bar = bar
        self._task: TaskID | None = None
        self._total = 0

    def announce(self, text: str) -> None:
        """Write what will be done and how long it will take."""
        self._bar.console.print(text, markup=False, highlight=False)

    def start(self, total: int, what: str) -> None:
        """Add `total` pieces of work called `what`; may be called again."""
        self._total += total
        if self._task is None:
            self._task = self._bar.add_task(what, total=total)
        self._bar.update(self._task, total=self._total)

    def advance(self, done: str) -> None:
        """Advance the bar by one, and show the name of the finished piece."""
        assert self._task is not None
        self._bar.update(self._task, advance=1, description=f"{done} done")
