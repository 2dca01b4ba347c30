"""A user's own mechanisms from a Python file, which runs only if it is asked for by name."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

from bandg.analysis.hypotheses.case import Case
from bandg.analysis.hypotheses.mechanism import Mechanism
from bandg.base.errors import BandgError
from bandg.base.text import one_line


def load_plugin(path: str | os.PathLike[str], case: Case) -> tuple[Mechanism, ...]:
    """Run a file and take its MECHANISMS: a sequence of Mechanism, or a function of the baseline that returns one.

    Raises BandgError, one line, for a file that cannot be read or fails, and for one without mechanisms.
    """
    label = os.fspath(path)
    try:
        source = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise _failed(label, f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    module = ModuleType("bandg_plugin")
    module.__file__ = label
    sys.modules[module.__name__] = module  # where dataclasses look for the names in annotations
    try:
        # the user asked for this file by name; it is no part of this one, so it has its own __future__
        exec(compile(source, label, "exec", dont_inherit=True), module.__dict__)
        found = getattr(module, "MECHANISMS", None)
        found = found(case) if callable(found) else found
    except BandgError as error:
        raise _failed(label, str(error)) from error
    except (Exception, SystemExit) as error:  # whatever the user's code does wrong is told in one line
        raise _failed(label, f"fails: {type(error).__name__}: {error}") from error
    if not isinstance(found, list | tuple) or not found or not all(isinstance(one, Mechanism) for one in found):
        raise _failed(label, "must define MECHANISMS = [Mechanism(...), ...]")
    return tuple(found)


def _failed(label: str, what: str) -> BandgError:
    return BandgError(one_line(f"plugin {label}: {what}"))
