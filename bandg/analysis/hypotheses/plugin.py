"""A user's own mechanisms: from a Python file that is asked for by name, or from an installed package."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from bandg.analysis.hypotheses.case import Case, own_code
from bandg.analysis.hypotheses.mechanism import Mechanism
from bandg.base.entries import entry_points_of, load_entry_point
from bandg.base.errors import BandgError

ENTRY_POINTS = "bandg.mechanisms"


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
        found = mechanisms_in(getattr(module, "MECHANISMS", None), case)
    except BandgError as error:
        raise _failed(label, str(error)) from error
    except (Exception, SystemExit) as error:  # any error in the user's code is reported in one line
        raise _failed(label, f"fails: {type(error).__name__}: {error}") from error
    if not found:
        raise _failed(label, "must define MECHANISMS = [Mechanism(...), ...]")
    return found


def installed(case: Case) -> tuple[Mechanism, ...]:
    """The mechanisms of the entry points "bandg.mechanisms" of other packages; each holds what MECHANISMS can be.

    Raises BandgError, one line, for one that does not load: a study of all mechanisms would lack it.
    """
    known: list[Mechanism] = []
    for point in entry_points_of(ENTRY_POINTS):
        what = f"the entry point {point.name!r} ({ENTRY_POINTS})"
        found = own_code(what, tuple, mechanisms_in, load_entry_point(point), case)
        if not found:
            raise BandgError(f"{what} has no mechanism")
        known += found
    return tuple(known)


def mechanisms_in(given: Any, case: Case) -> tuple[Mechanism, ...]:
    """Mechanisms from one, several, or a function of the baseline that returns them; () where there are none."""
    found = given(case) if callable(given) else given
    found = [found] if isinstance(found, Mechanism) else found
    if not isinstance(found, list | tuple) or not all(isinstance(one, Mechanism) for one in found):
        return ()
    return tuple(found)


def _failed(label: str, what: str) -> BandgError:
    return BandgError(f"plugin {label}: {what}")
