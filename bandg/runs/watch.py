"""What a worker process does first: it ends when its parent does. Loaded before anything heavy."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

_POLL_S = 0.3
_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int, by_kernel: bool) -> None:
    """End this process soon after its parent `parent` (a process id) has ended, however that ended.

    A thread looks for the parent. Some of LAPACK's routines do not let it run, so where it can (Linux, by_kernel) the
    kernel kills this process as well. by_kernel must be False where the thread that starts workers may end before the
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
