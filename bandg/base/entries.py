"""Entry points: what other packages add to bandg."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

from bandg.base.errors import BandgError
from bandg.base.text import one_line


def load_entry_point(point: EntryPoint) -> Any:
    """The object of an entry point of another package. Raises BandgError of one line if it does not load."""
    try:
        return point.load()
    except (Exception, SystemExit) as error:  # any error in another package's code is reported in one line
        package = point.dist.name if point.dist else "unknown"
        what = f"{point.name!r} ({point.group}) of the package {package} does not load"
        raise BandgError(one_line(f"{what}: {type(error).__name__}: {error}")) from error
