"""Progress of a run: a bar in a notebook, lines in a log file, or nothing."""

from __future__ import annotations

import sys
import time
from typing import Any, Protocol, TextIO

_LINE_EVERY_S = 30.0
_LINE_EVERY_SHARE = 0.1


class Progress(Protocol):
    """Interface of progress displays.

    A display may have one more method: ``announce(text)`` is called with a line about work that takes more than five
    seconds, before it begins.
    """

    def start(self, total: int, what: str) -> None:
        """Add `total` pieces of work called `what` ("nanocrystals"); may be called again, also to take some back."""

    def advance(self, done: str) -> None:
        """Advance by one; `done` is the name of the finished piece ("5.03 nm")."""


class Silent:
    """Progress that is not shown."""

    def start(self, total: int, what: str) -> None:
        """Nothing."""

    def advance(self, done: str) -> None:
        """Nothing."""


SILENT = Silent()


def announce(progress: Progress, text: str) -> None:
    """Say what will be done and how long it takes, where the display has a place for it."""
    say = getattr(progress, "announce", None)
    if say is not None:
        say(text)


class Search:
    """One display for a search or a study, which runs one batch after the other and does not know how many pieces.

    Parameters
    ----------
    progress : Progress
        What shows it.
    what : str
        What is searched; said once, before the first piece that takes long. If empty, nothing is announced.
    expected : int
        A guess of the number of pieces.
    of : str
        What the guess is of, behind the noun of the pieces.
    """

    def __init__(self, progress: Progress, what: str, expected: int, of: str = "of the search (a guess)") -> None:
        self._progress, self._what, self._expected, self._of = progress, what, expected, of
        self._ahead: int | None = None
        self._noun = ""

    def announce(self, text: str) -> None:
        """Say what is searched, and what its first long piece takes."""
        if self._what:
            announce(self._progress, f"{self._what}; the first of them: {text}")
        self._what = ""

    def start(self, total: int, what: str) -> None:
        """Show the expected number of pieces, or more where there are more."""
        self._noun = f"{what.partition(',')[0]} {self._of}"
        known = 0 if self._ahead is None else self._ahead
        wanted = max(total, self._expected) if self._ahead is None else total
        if wanted > known:
            self._progress.start(wanted - known, self._noun)
        self._ahead = max(wanted, known) - total

    def advance(self, done: str) -> None:
        """Advance by one."""
        self._progress.advance(done)

    def end(self) -> None:
        """Take back what was expected and not needed."""
        if self._ahead:
            self._progress.start(-self._ahead, self._noun)


class Lines:
    """A line at the start, after every tenth of the work or 30 s, and at the end.

    Parameters
    ----------
    stream : file object, optional
        Where the lines go; by default standard error.
    patience : float
        Seconds for which nothing is written about work that is not announced.
    """

    def __init__(self, stream: TextIO | None = None, patience: float = 0.0) -> None:
        self._stream, self._patience = stream or sys.stderr, patience
        self._total = self._done = self._shown = 0
        self._begun = self._last = time.monotonic()

    def announce(self, text: str) -> None:
        """Write what will be done and how long it will take."""
        self._patience = 0.0
        self._write(text)

    def start(self, total: int, what: str) -> None:
        """Write the amount of work; that which is done does not count."""
        if self._done == self._total:
            self._total = self._done = self._shown = 0
            self._begun = self._last = time.monotonic()
        self._total += total
        if self._done < self._total and total > 0 and not self._patience:
            self._write(f"{what}: {self._total} to do")

    def beat(self) -> None:
        """Write how much is done, or that the work is being prepared."""
        known = f"{self._done} of {self._total} done" if self._done < self._total else "still preparing"
        self._write(f"{known} after {time.monotonic() - self._begun:.0f} s")

    def advance(self, done: str) -> None:
        """Write the progress after every tenth of the work or 30 s."""
        self._done += 1
        now = time.monotonic()
        if now - self._begun < self._patience:
            return
        enough = self._done - self._shown >= _LINE_EVERY_SHARE * self._total
        if enough or now - self._last >= _LINE_EVERY_S or self._done == self._total:
            self._shown, self._last = self._done, now
            self._write(f"{self._done} of {self._total} done after {now - self._begun:.0f} s: {done}")

    def _write(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


class Notebook:
    """A bar below the running cell of a notebook; nothing elsewhere."""

    def __init__(self) -> None:
        self._total = self._done = 0
        self._bar: Any = None
        self._cell: int | None = None

    def announce(self, text: str) -> None:
        """Print what will be done and how long it will take, in a notebook."""
        if _notebook():
            print(text)

    def start(self, total: int, what: str) -> None:
        """Show the bar; a new one in a new cell or after the last one is full."""
        shell = _notebook()
        cell = getattr(shell, "execution_count", None)
        if self._done == self._total or cell != self._cell:
            self._total, self._done, self._cell = 0, 0, cell
            self._bar = _display() if shell and total else None
        self._total += total
        self._show(what)

    def advance(self, done: str) -> None:
        """Advance the bar by one."""
        self._done += 1
        self._show(done)

    def _show(self, text: str) -> None:
        if self._bar is not None:
            self._bar.update(_Bar(self._done, self._total, text))


class _Bar:
    """One state of the bar, as HTML and as text."""

    def __init__(self, done: int, total: int, text: str) -> None:
        self._done, self._total, self._text = done, total, text

    def __repr__(self) -> str:
        return f"{self._done}/{self._total} {self._text}"

    def _repr_html_(self) -> str:
        from html import escape

        bar = f'<progress value="{self._done}" max="{self._total}"></progress>'
        return f"{bar} {escape(repr(self))}"


def _notebook() -> Any:
    """The shell of the notebook that this runs in; None elsewhere."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell if hasattr(shell, "kernel") else None


def _display() -> Any:
    """An output of the cell that can be changed later."""
    from IPython.display import display

    return display(_Bar(0, 0, ""), display_id=True)
