"""`bandg compute`: levels and g-factors against size, as a table, a file and a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import xarray

_COLUMNS = (
    ("size_nm", "size\nnm", ".3f"),
    ("cells", "cells\n", "d"),
    ("n_orbitals", "orbitals\n", "d"),
    ("E_e_eV", "E_e\neV", ".4f"),
    ("E_h_eV", "E_h\neV", ".4f"),
    ("E_gap_eV", "E_e-E_h\neV", ".4f"),
    ("g_e", "g_e\n", "+.3f"),
    ("g_h", "g_h\n", "+.3f"),
    ("g_bx", "g_BX\n", "+.3f"),
    ("surface_weight_e", "surf\ne", ".3f"),
    ("surface_weight_h", "surf\nh", ".3f"),
)

_KP_HEADINGS = {"n_orbitals": "functions\n", "surface_weight_e": "glass\ne", "surface_weight_h": "glass\nh"}


def compute(
    size: Annotated[
        str, typer.Option(help="7nm, 4..16nm, 4..16nm:1nm, 5nm,8nm or 7..25cells: cube edge or sphere diameter.")
    ] = "4..16nm",
    shape: Annotated[str, typer.Option(help="cube or sphere.")] = "cube",
    termination: Annotated[
        str | None, typer.Option(help="halide, lead or halide,lead; with --model kp hard-wall, glass or both.")
    ] = None,
    center: Annotated[
        str | None, typer.Option(help="Pb or Cs; a cube of odd cells is centered on Pb, of even on Cs.")
    ] = None,
    set_name: Annotated[str, typer.Option("--set", help="Parameter set, by name or path.")] = "nestoklon2023-standin",
    neighbors: Annotated[int | None, typer.Option(help="1 or 2; default: what the set has.")] = None,
    levels: Annotated[int, typer.Option(help="Levels of each carrier, from all representations.")] = 1,
    intra_atomic: Annotated[
        bool, typer.Option("--intra-atomic", help="Add the angular momentum of the p shells to g.")
    ] = False,
    model: Annotated[str, typer.Option(help="etb, or kp: the 8-band envelope model.")] = "etb",
    barrier: Annotated[
        str | None, typer.Option(help="kp: heights of the glass, 3eV or 3eV,2eV for electron and hole.")
    ] = None,
    solver: Annotated[str, typer.Option(help="auto, dense, superlu or pardiso.")] = "auto",
    workers: Annotated[int | None, typer.Option(help="Processes; default: all processors.")] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(help="dask.distributed: tcp://host:port or a scheduler file; works there."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write FILE.csv, .nc or .json.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw g against energy to FILE.pdf, .png or .svg.")] = None,
    data: Annotated[Path | None, typer.Option(help="Your measured points (CSV) for the plot.")] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Neither read nor write the cache.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Compute although memory may not suffice.")] = False,
) -> None:
    """Compute confined levels and g-factors of nanocrystals against size."""
    from bandg.api import compute as compute_dataset
    from bandg.cli.progress import Progress
    from bandg.dataset import FORMATS, write
    from bandg.files import check_writable
    from bandg.measured import load_measured

    if out is not None:
        check_writable(out, FORMATS)
        if levels > 1 and out.suffix.lower() == ".csv":
            check_writable(out.with_suffix(".levels.csv"), FORMATS)
    if plot is not None:
        from bandg.plot.output import check_picture_path

        check_picture_path(plot)
    points = load_measured(data) if data is not None else ()
    with Progress() as progress:
        dataset = compute_dataset(
            size,
            shape,
            None if termination is None else list(dict.fromkeys(part.strip() for part in termination.split(","))),
            Path(set_name) if set_name.endswith(".toml") else set_name,
            center=center,
            neighbors=neighbors,
            levels=levels,
            intra_atomic=intra_atomic,
            model=model,
            barrier=barrier,
            solver=solver,
            workers=workers,
            cache=not no_cache,
            force=force,
            scheduler=scheduler,
            on_start=progress.start,
            on_done=progress.advance,
        )
    print_table(dataset)
    print_levels(dataset)
    print_warnings(dataset)
    for path in write(dataset, out) if out is not None else []:
        typer.echo(f"wrote {path}")
    if plot is not None:
        from bandg.plot.levels import plot_levels

        plot_levels(dataset, plot, [*load_measured("meliakov2025"), *points])
        typer.echo(f"wrote {plot}")


def print_table(dataset: xarray.Dataset) -> None:
    """Print the band-edge table, one part for each termination."""
    from rich import box
    from rich.table import Table

    from bandg.dataset import edge_rows

    rows = edge_rows(dataset)
    cached = dataset["cached"].values
    for termination in dict.fromkeys(row["termination"] for row in rows):
        chosen = [(row, flag) for row, flag in zip(rows, cached, strict=True) if row["termination"] == termination]
        first = chosen[0][0]
        centers = "/".join(dict.fromkeys(row["center"] for row, _ in chosen))
        surface = f"{termination} termination, centered on {centers}"
        title = f"{first['set']} (etb, neighbors {first['neighbors']})\n{first['shape']}, {surface}"
        if first["model"] == "kp":
            title = f"{first['set']} (k.p, 8 bands)\n{first['shape']}, {_wall(dataset, termination)}"
        table = Table(
            title=title,
            caption="energies on the set's own zero; E_e-E_h holds no exciton binding\n"
            "g_h of the valence doublet (electron picture)" + ("; * from the cache" if any(cached) else ""),
            box=box.SIMPLE_HEAD,
            padding=0,
        )
        columns = [column for column in _COLUMNS if column[0] != "cells" or first["cells"] is not None]
        for name, heading, _ in columns:
            named = _KP_HEADINGS.get(name, heading) if first["model"] == "kp" else heading
            table.add_column(named, justify="right", no_wrap=True)
        if any(cached):
            table.add_column("", no_wrap=True)
        for row, flag in chosen:
            table.add_row(
                *(format(row[name], form) for name, _, form in columns), *(["*" if flag else ""] * any(cached))
            )
        _print(table)


def _wall(dataset: xarray.Dataset, termination: str) -> str:
    """What stands around a k.p nanocrystal."""
    import json

    if termination == "hard-wall":
        return "hard walls"
    electron, hole = json.loads(dataset.attrs["provenance"])["barrier_eV"]
    return f"in glass, barriers {electron:g} eV (electron) and {hole:g} eV (hole)"


_LEVEL_COLUMNS = (
    ("carrier", "carrier", ""),
    ("level", "level", "d"),
    ("E_eV", "E (eV)", ".4f"),
    ("irrep", "irrep", ""),
    ("degeneracy", "deg.", "d"),
    ("g", "g", "+.3f"),
    ("g_1", "g_1", "+.3f"),
    ("g_2", "g_2", "+.3f"),
    ("surface_weight", "surface", ".3f"),
    ("overlap", "overlap", ".3f"),
)


def print_levels(dataset: xarray.Dataset) -> None:
    """Print the levels of each carrier, one table a nanocrystal, where more than the band edges were asked for."""
    from rich import box
    from rich.table import Table

    from bandg.dataset import level_rows

    if dataset.sizes["level"] == 1:
        return
    rows = level_rows(dataset)
    for key in dict.fromkeys((row["size_nm"], row["termination"], row["center"]) for row in rows):
        table = Table(
            title=f"levels at {key[0]:.3f} nm, {key[1]} termination, centered on {key[2]}",
            caption="nearest to the gap first\nquartet: H_Z = mu_B B (g_1 J_z + g_2 J_z^3)",
            box=box.SIMPLE_HEAD,
            padding=0,
        )
        for _, heading, _ in _LEVEL_COLUMNS:
            table.add_column(heading, justify="right", no_wrap=True)
        for row in rows:
            if (row["size_nm"], row["termination"], row["center"]) == key:
                cells = ("" if row[name] is None else format(row[name], form) for name, _, form in _LEVEL_COLUMNS)
                table.add_row(*cells)
        _print(table)


def print_warnings(dataset: xarray.Dataset) -> None:
    """Print what the computation warns of, to standard error; what holds for every nanocrystal, once."""
    import json

    crystals = json.loads(dataset.attrs["provenance"])["nanocrystals"]
    common = set.intersection(*(set(crystal["warnings"]) for crystal in crystals))
    for warning in sorted(common):
        typer.echo(f"warning: {warning}", err=True)
    for number, crystal in enumerate(crystals):
        for warning in crystal["warnings"]:
            if warning not in common:
                size = float(dataset["size_nm"].values[number])
                typer.echo(f"warning: {size:.3f} nm {dataset['termination'].values[number]}: {warning}", err=True)


def _print(table: Any) -> None:
    from rich.console import Console

    console = Console()
    if not console.is_terminal:  # a table that is piped into a file must not be folded to 80 columns
        console = Console(width=160)
    console.print(table)
