"""A progress bar on standard error, which stays silent where that is no terminal."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import TaskID


class Progress:
    """A bar for `bandg.Run`."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._task: TaskID | None = None
        self._total = 0
        self._bar = Bar(*columns, console=console, transient=True, disable=not console.is_terminal)

    def __enter__(self) -> Progress:
        if not self._bar.disable:  # an older rich prints an empty line even where it is disabled
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._bar.disable:
            self._bar.stop()

    def start(self, total: int, what: str) -> None:
        """Begin with a number of something; called again, it adds to them."""
        self._total += total
        if self._task is None:
            self._task = self._bar.add_task(what, total=total)
        self._bar.update(self._task, total=self._total)

    def advance(self, done: str) -> None:
        """Advance the bar by one, and show what is done."""
        assert self._task is not None
        self._bar.update(self._task, advance=1, description=f"{done} done")
