"""Options that several commands share, with one wording."""

from __future__ import annotations

from typing import Annotated

import typer

SetName = Annotated[str, typer.Option("--set", help="Parameter set, by name or path.")]
Neighbors = Annotated[int | None, typer.Option(help="1 or 2; default: what the set has.")]
Workers = Annotated[int | None, typer.Option(help="Processes; default: all processors.")]
Scheduler = Annotated[
    str | None, typer.Option(help="dask.distributed: tcp://host:port or a scheduler file; works there.")
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Neither read nor write the cache.")]
Force = Annotated[bool, typer.Option("--force", help="Go on although memory may not suffice.")]
