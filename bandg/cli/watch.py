"""The first word of a command, and a word every half minute: a thread that listens to its output."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bandg.cli.screen import Screen
    from bandg.runs.progress import Lines

_FIRST_S = 0.7
_EVERY_S = 30.0
_LOOK_S = 1.0


class Watch:
    """Says what a command does if it has said nothing itself; lets its lines of progress say how far it is.

    what: what the command does, in one line; nothing is said where it is empty.
    """

    def __init__(self) -> None:
        self.what = ""
        self._lines: Lines | None = None

    @contextmanager
    def over(self, screens: Sequence[Screen]) -> Iterator[None]:
        """Listen to the output of a command inside of the block."""
        ended = threading.Event()
        thread = threading.Thread(target=self._listen, args=(screens, ended), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            self.what = ""

    @contextmanager
    def displayed(self, lines: Lines) -> Iterator[None]:
        """These lines show the progress inside of the block."""
        self._lines, before = lines, self._lines
        try:
            yield
        finally:
            self._lines = before

    def _listen(self, screens: Sequence[Screen], ended: threading.Event) -> None:
        if ended.wait(_FIRST_S):
            return
        if self.what and not any(screen.spoken for screen in screens):
            print(self.what, file=sys.stderr, flush=True)
        while not ended.wait(_LOOK_S):
            silent = time.monotonic() - max(screen.spoken for screen in screens)
            if self._lines is not None and silent >= _EVERY_S:
                self._lines.beat()


WATCH = Watch()
"""That of the running command."""
