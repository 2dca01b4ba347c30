"""Ends a worker process when its parent ends. It is loaded before any large library."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

_POLL_S = 0.3
_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int, by_kernel: bool) -> None:
    """End this process soon after the process `parent` (an id) has ended for any reason.

    A thread checks for the parent. Some LAPACK routines block this thread, so on Linux (by_kernel) the kernel kills
    the process as well. by_kernel must be False where the thread that starts workers may end before the
    parent does. Interrupts are left to the parent, which ends its workers itself.
    """
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if by_kernel and sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_look, args=(parent,), daemon=True).start()


def _look(parent: int) -> None:
    while _lives(parent):
        time.sleep(_POLL_S)
    os._exit(1)


def _lives(parent: int) -> bool:
    if os.name == "nt":  # Windows keeps the number of a parent that has ended
        import psutil

        return bool(psutil.pid_exists(parent))
    return os.getppid() == parent
