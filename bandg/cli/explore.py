"""`bandg explore`: one HTML file with emulated curves beside measured points, and sliders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bandg.cli.command import App
from bandg.cli.options import Data

app = App()


@app.command("explore")
def explore(
    set_name: Annotated[str | None, typer.Option("--set", help="Parameter set that is shown first.")] = None,
    shape: Annotated[str | None, typer.Option(help="Shape that is shown first: cube or sphere.")] = None,
    data: Data = None,
    state: Annotated[str, typer.Option(help="State to open in, as the page's address has it after #.")] = "",
    output: Annotated[Path, typer.Option("--output", "--out", help="The page, FILE.html.")] = Path("explore.html"),
) -> None:
    """Write one HTML file with sliders: curves of computed nanocrystals beside measured points, without a server."""
    from bandg.base.files import check_writable, write_whole
    from bandg.explore.page import explore as page

    check_writable(output, (".html",))
    write_whole(output, page(set_name, shape, data or None, state))
    typer.echo(f"wrote {output}: open it in a browser")
