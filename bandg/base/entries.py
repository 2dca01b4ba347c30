"""Entry points: what other packages add to bandg."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bandg.base.errors import BandgError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


def entry_points_of(group: str) -> tuple[EntryPoint, ...]:
    """The entry points of a group in all installed packages."""
    from importlib.metadata import entry_points  # slow to load

    return tuple(entry_points(group=group))


def load_entry_point(point: EntryPoint) -> Any:
    """The object of an entry point of another package. Raises BandgError of one line if it does not load."""
    try:
        return point.load()
    except (Exception, SystemExit) as error:  # any error in another package's code is reported in one line
        package = point.dist.name if point.dist else "unknown"
        what = f"{point.name!r} ({point.group}) of the package {package} does not load"
        raise BandgError(f"{what}: {type(error).__name__}: {error}") from error
