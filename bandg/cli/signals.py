"""Early end of a command by a signal: one line and the exit code of the signal, also during a long LAPACK call."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import Any

from bandg.base.kept import kept

_GRACE_S = 1.0
"""Seconds that a command may take to end by itself."""

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Interruption:
    """SIGTERM and SIGHUP end the block as SIGINT does, by KeyboardInterrupt.

    Python runs a handler only between two calls of compiled code, which can take minutes. So a thread ends the process
    if the signal has had no effect after a second; the workers end with it. LAPACK routines that hold Python's lock
    (scipy's eigh) block this thread too. The process then ends when they return.
    """

    def __init__(self) -> None:
        self.number = int(signal.SIGINT)
        self._before: dict[int, Any] = {}
        self._pipe: tuple[int, int] | None = None
        self._hook = sys.unraisablehook
        self._received = self._said = self._over = False

    def __enter__(self) -> Interruption:
        if threading.current_thread() is not threading.main_thread() or os.name == "nt":
            return self
        for number in (getattr(signal, name) for name in _NAMES):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                self._before[number] = signal.signal(number, self._interrupt)
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        self._pipe = writing, signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        threading.Thread(target=self._wait, args=(reading,), daemon=True).start()
        self._hook, sys.unraisablehook = sys.unraisablehook, self._unraisable
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        if self._pipe:
            signal.set_wakeup_fd(self._pipe[1])
            os.close(self._pipe[0])  # ends the thread
            sys.unraisablehook = self._hook
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def end_at_once(self) -> None:
        """Let SIGINT end the process without a traceback while Python waits for its workers at the exit."""
        if signal.SIGINT in self._before:
            signal.signal(signal.SIGINT, signal.SIG_DFL)

    def say(self) -> int:
        """Print the line, once, and return the exit code."""
        if not self._said:
            self._said = True
            print(f"interrupted; {kept()}", file=sys.stderr, flush=True)
        return 128 + self.number

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._received:  # the process is already ending
            return
        self.number, self._received = number, True
        raise KeyboardInterrupt

    def _unraisable(self, found: sys.UnraisableHookArgs) -> None:
        """Report what Python cannot raise, except the interruption itself: the thread ends the process then."""
        if found.exc_type is not KeyboardInterrupt:
            self._hook(found)

    def _wait(self, reading: int) -> None:
        while received := os.read(reading, 1):
            if received[0] in self._before:
                time.sleep(_GRACE_S)
                if not self._over:
                    self.number = received[0]
                    if sys.stderr.isatty():
                        print("\x1b[?25h", file=sys.stderr)  # a progress bar hides the cursor
                    os._exit(self.say())
        os.close(reading)
