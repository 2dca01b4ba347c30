"""`bandg cache`: look at the cache of results, or empty it."""

from __future__ import annotations

import typer

from bandg.base import cache
from bandg.cli.command import App

app = App(help="Look at the cache of results, or empty it.", no_args_is_help=True)


@app.command("info")
def cache_info() -> None:
    """Print the cache folder and the number of results."""
    folder, count, size = cache.info()
    typer.echo(f"cache: {count} results, {size / 1e6:.2f} MB in {folder}")


@app.command("clear")
def cache_clear() -> None:
    """Remove every stored result."""
    typer.echo(f"removed {cache.clear()} results")
