"""Standard output and error of a command. A failed print does not stop the work; control characters are escaped."""

from __future__ import annotations

import io
import os
import re
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from bandg.base.errors import BandgError

_COLOR_OR_CURSOR = re.compile(r"(\x1b\[[0-9;?]*[A-Za-z]|[\r\n\t])")


class Screen:
    """A stream that keeps its first failure instead of raising it, and escapes control characters.

    Only a terminal gets colors and cursor movements. spoken: when the last text was written, on the clock
    `time.monotonic`.
    """

    buffer = None  # else typer would bypass this object if the encoding is ASCII

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.failure: OSError | None = None
        self.spoken = 0.0
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a table must not fail on an ASCII terminal

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text."""
        known = _COLOR_OR_CURSOR if self._stream.isatty() else r"([\n\t])"
        parts = re.split(known, text)
        if any(part.strip() for part in parts[::2]):
            self.spoken = time.monotonic()
        safe = "".join(part if number % 2 else escaped(part) for number, part in enumerate(parts))
        if self.failure is None:
            try:
                self._stream.write(safe)
            except OSError as error:
                self.failure = error
        return len(text)

    def flush(self) -> None:
        """Print the rest."""
        if self.failure is None:
            try:
                self._stream.flush()
            except OSError as error:
                self.failure = error

    def close(self) -> None:
        """Flush; a failed stream is redirected to nowhere, else Python fails at its end."""
        self.flush()
        if self.failure is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


def escaped(text: str) -> str:
    """The text with control characters except the line feed escaped as in Python."""
    return re.sub(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", lambda match: f"\\x{ord(match[0]):02x}", text)


@contextmanager
def screens() -> Iterator[tuple[Screen, Screen]]:
    """Make standard output and error a Screen; print each warning on one line at the end."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = both = Screen(before[0] or io.StringIO()), Screen(before[1] or io.StringIO())
    try:
        with warnings.catch_warnings(record=True) as caught:
            yield both
        for text in dict.fromkeys(str(BandgError(str(one.message))) for one in caught):
            print(f"note: {text}", file=sys.stderr)
    finally:
        sys.stdout, sys.stderr = before
        for screen in both:
            screen.close()
