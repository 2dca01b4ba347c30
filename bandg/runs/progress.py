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
        """Add `total` pieces of work called `what` ("nanocrystals"); may be called again."""

    def advance(self, done: str) -> None:
        """Advance by one; `done` is the name of the finished piece ("5.03 nm")."""


class Silent:
    """Progress that is not shown."""

    def start(self, total: int, what: str) -> None:
        """Nothing."""

    def advance(self, done: str) -> None:
        """Nothing."""


SILENT = Silent()


class Lines:
    """A line at the start, after every tenth of the work or 30 s, and at the end.

    Parameters
    ----------
    stream : file object, optional
        Where the lines go; by default standard error.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._total = self._done = self._shown = 0
        self._begun = self._last = time.monotonic()

    def announce(self, text: str) -> None:
        """Write what will be done and how long it will take."""
        self._write(text)

    def start(self, total: int, what: str) -> None:
        """Write the amount of work; that which is done does not count."""
        if self._done == self._total:
            self._total = self._done = self._shown = 0
            self._begun = self._last = time.monotonic()
        self._total += total
        self._write(f"{what}: {self._total} to do")

    def advance(self, done: str) -> None:
        """Write the progress after every tenth of the work or 30 s."""
        self._done += 1
        now = time.monotonic()
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
