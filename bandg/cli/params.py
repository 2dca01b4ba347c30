"""``bandg params``: list, show and check parameter sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="List, show and check parameter sets.", no_args_is_help=True)


@app.command("list")
def list_sets() -> None:
    """List the parameter sets that ship with bandg."""
    from rich.console import Console
    from rich.table import Column, Table

    from bandg.parameters.loader import available_sets, load_set

    table = Table(Column("name", no_wrap=True), "material", "orbitals", "hopping")
    for name in available_sets():
        found = load_set(name)
        orbitals = "; ".join(f"{species} {' '.join(shells)}" for species, shells in found.orbitals.items())
        table.add_row(name, found.material, orbitals, ", ".join(found.shells))
    for name in available_sets("kp"):
        table.add_row(name, "", "k.p, 8 bands (bandg kp)", "")
    Console().print(table)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A shipped set, or a parameter file (.toml).")],
) -> None:
    """Show every number of a set with its unit, status and source."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Column, Table

    from bandg.parameters.loader import load_set

    found = load_set(name)
    table = Table(Column("path", no_wrap=True), Column("value", no_wrap=True), "unit", "status", "source")
    notes: dict[str, list[str]] = {}
    for path, entry in [
        *found.entries.items(),
        *found.scaling.items(),
        *((e.path, e) for e in found.published.values()),
    ]:
        value = f"{entry.value:.12g}" if entry.stderr is None else f"{entry.value:.12g} +- {entry.stderr:.2g}"
        table.add_row(*(escape(cell) for cell in (path, value, entry.unit, entry.status, entry.source)))
        if entry.note:
            notes.setdefault(entry.note, []).append(path)
    console = Console()
    console.print(escape(f"{found.name} ({found.material}, model {found.model}), digest {found.digest()[:12]}"))
    if found.description:
        console.print(escape(found.description))
    console.print(table)
    for note, paths in notes.items():
        console.print(escape(f"{', '.join(paths)}: {note}"), highlight=False)


@app.command()
def check(
    file: Annotated[str, typer.Argument(help="A parameter file (.toml), or the name of a shipped set.")],
) -> None:
    """Check a parameter file and say what it contains."""
    from bandg.parameters.loader import available_sets, load_set

    is_name = file in available_sets() and not Path(file).exists()
    found = load_set(file if is_name else Path(file))
    base = f", base {found.base}" if found.base else ""
    typer.echo(
        f"{file}: ok, {found.name} for {found.material}{base}: {len(found.paths)} parameters, "
        f"hopping {', '.join(found.shells)}, a = {found.a_nm:g} nm"
    )
