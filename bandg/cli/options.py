"""Options that several commands share, with one wording."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bandg.runs.options import Run

SetName = Annotated[str, typer.Option("--set", help="Parameter set, by name or path.")]
Neighbors = Annotated[int | None, typer.Option(help="1 or 2; default: what the set has.")]
Workers = Annotated[int | None, typer.Option(help="Processes; default: all processors.")]
Scheduler = Annotated[
    str | None, typer.Option(help="dask.distributed: tcp://host:port or a scheduler file; works there.")
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Neither read nor write the cache.")]
Force = Annotated[bool, typer.Option("--force", help="Go on although memory may not suffice.")]


@contextmanager
def running(
    workers: int | None = None, scheduler: str | None = None, no_cache: bool = False, force: bool = False
) -> Iterator[Run]:
    """The Run of these options, with a progress bar that is shown inside of the block."""
    from bandg.cli.progress import Progress
    from bandg.runs.options import Run

    with Progress() as progress:
        run = Run(workers, not no_cache, force, scheduler, progress)
        run.check()
        yield run
