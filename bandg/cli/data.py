"""``bandg data``: what bandg reads from a file of measured points."""

from __future__ import annotations

from typing import Annotated

import typer

from bandg.cli import tables
from bandg.cli.command import App

app = App(help="Measured points: list what ships, check a file.", no_args_is_help=True)


@app.command("list")
def list_collections() -> None:
    """List the collections of measured points that ship with bandg."""
    from bandg.data.measured import available_measured, describe

    tables.show(
        "measured points",
        ("name", "holds"),
        [(name, describe(name).partition(":")[0]) for name in available_measured()],
    )


@app.command()
def check(
    file: Annotated[str, typer.Argument(help="FILE.csv, .tsv, .txt, .dat or .xlsx, or the name of a collection.")],
) -> None:
    """Print what is read from a file of measured points: each point, and what headings and units were taken for."""
    from bandg.data.measured import describe, load_measured, load_spreads

    points = (*load_measured(file), *load_spreads(file))
    columns = ("sample", "energy_eV", "quantity", "value", "error", "judges models")
    tables.show(
        f"{file}: {describe(file)}",
        columns,
        [
            (
                point.sample,
                "" if point.energy_eV is None else f"{point.energy_eV:.6g}",
                point.quantity,
                f"{point.value:+.6g}" if point.quantity.startswith("g_") else f"{point.value:.6g}",
                "" if point.error is None else f"{point.error:.3g}",
                point.why_not_judged_by or "yes",
            )
            for point in points
        ],
    )
