"""``bandg params``: list, show and check parameter sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bandg.cli import tables
from bandg.cli.command import App

app = App(help="List, show and check parameter sets.", no_args_is_help=True)


@app.command("list")
def list_sets() -> None:
    """List the parameter sets that ship with bandg."""
    from bandg.parameters.loader import available_sets, load_set

    rows = []
    for name in available_sets():
        found = load_set(name)
        orbitals = "; ".join(f"{species} {' '.join(shells)}" for species, shells in found.orbitals.items())
        rows.append((name, found.material, found.use, orbitals, ", ".join(found.shells)))
    rows += [(name, "", use, "k.p, 8 bands (bandg kp)", "") for name, use in available_sets("kp").items()]
    tables.show("parameter sets", ("name", "material", "what it is for", "orbitals", "hopping"), rows)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A shipped set, or a parameter file (.toml).")],
) -> None:
    """Show every number of a set with its unit, status and source."""
    from bandg.parameters.loader import load_set

    found = load_set(name)
    rows = []
    notes: dict[str, list[str]] = {}
    published = {entry.path: entry for entry in found.published.values()}
    for path, entry in {**found.entries, **found.scaling, **found.surface, **published}.items():
        error = "" if entry.stderr is None else f" +- {entry.stderr:.2g}"
        rows.append((path, f"{entry.value:.12g}{error}", entry.unit, entry.status, entry.source))
        if entry.note:
            notes.setdefault(entry.note, []).append(path)
    title = f"{found.name} ({found.material}, model {found.model}), digest {found.digest()[:12]}"
    purpose = f"For: {found.use}." if found.use else ""
    caption = "\n".join(f"{', '.join(paths)}: {note}" for note, paths in notes.items())
    columns = ("path", "value", "unit", "status", "source")
    tables.show("\n".join(filter(None, (title, purpose, found.description))), columns, rows, caption)


@app.command()
def check(
    file: Annotated[str, typer.Argument(help="A parameter file (.toml), or the name of a shipped set.")],
) -> None:
    """Check a parameter file and print a summary."""
    from bandg.parameters.loader import available_sets, load_set

    is_name = file in available_sets() and not Path(file).exists()
    found = load_set(file if is_name else Path(file))
    base = f", base {found.base}" if found.base else ""
    typer.echo(
        f"{file}: ok, {found.name} for {found.material}{base}: {len(found.paths)} parameters, "
        f"hopping {', '.join(found.shells)}, a = {found.a_nm:g} nm"
    )
