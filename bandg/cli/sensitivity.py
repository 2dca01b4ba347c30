"""`bandg sensitivity`: what each parameter does to g at chosen sizes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bandg.sensitivity import Effects


def sensitivity(
    size: Annotated[str, typer.Option(help="7nm, 4..16nm, 5nm,8nm or 7..25cells.")] = "4cells,7cells,16cells",
    shape: Annotated[str, typer.Option(help="cube or sphere.")] = "cube",
    termination: Annotated[str, typer.Option(help="halide, lead or halide,lead.")] = "halide",
    center: Annotated[str | None, typer.Option(help="Pb or Cs, for a sphere.")] = None,
    set_name: Annotated[str, typer.Option("--set", help="Parameter set, by name or path.")] = "nestoklon2023-standin",
    neighbors: Annotated[int | None, typer.Option(help="1 or 2; default: what the set has.")] = None,
    intra_atomic: Annotated[bool, typer.Option("--intra-atomic", help="With the p shells' own moment in g.")] = False,
    step: Annotated[
        list[str] | None, typer.Option(help="0.05eV for every energy, or PATH=0.02eV for one; may be repeated.")
    ] = None,
    solver: Annotated[str, typer.Option(help="auto, dense, superlu or pardiso.")] = "auto",
    workers: Annotated[int | None, typer.Option(help="Processes; default: all processors.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write FILE.csv or .json.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw a tornado plot to FILE.pdf, .png or .svg.")] = None,
    top: Annotated[int, typer.Option(help="Rows of each table, 0 for all.")] = 12,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Neither read nor write the cache.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Compute although memory may not suffice.")] = False,
) -> None:
    """Exact derivatives of g by every parameter, sorted by what a stated step does."""
    from bandg import sensitivity as library
    from bandg.cli.progress import Progress
    from bandg.errors import BandgError
    from bandg.files import check_writable

    if out is not None:
        check_writable(out, library.FORMATS)
    if plot is not None:
        from bandg.plot.output import check_picture_path

        check_picture_path(plot)
    if top < 0:
        raise BandgError(f"--top must be 0 (all) or more, not {top}")
    asked = library.request(
        size,
        shape,
        list(dict.fromkeys(part.strip() for part in termination.split(","))),
        Path(set_name) if set_name.endswith(".toml") else set_name,
        center=center,
        neighbors=neighbors,
        intra_atomic=intra_atomic,
        solver=solver,
    )
    steps = library.resolve_steps(asked.parameters, step or ())
    with Progress() as progress:
        found = library.effects(
            asked,
            steps,
            workers=workers,
            cache=not no_cache,
            force=force,
            on_start=progress.start,
            on_done=progress.advance,
        )
    print_effects(found, top)
    if out is not None:
        typer.echo(f"wrote {library.write_effects(found, out)}")
    if plot is not None:
        from bandg.plot.tornado import plot_tornado

        plot_tornado(found, plot)
        typer.echo(f"wrote {plot}")


def print_effects(found: Effects, top: int) -> None:
    """Print a table for each nanocrystal, the largest effect on a g-factor first."""
    from rich import box
    from rich.table import Table

    from bandg.cli.compute import _print
    from bandg.sensitivity import SHOWN, strength

    for number, derivative in enumerate(found.found):
        crystal = derivative.nanocrystal
        values = ", ".join(f"{name} {derivative.value(name):+.3f}" for name in ("g_e", "g_h", "g_bx"))
        rows = found.rows(number)
        shown = rows[:top] if top else rows
        table = Table(
            title=f"{found.parameters.name}: {crystal.size_nm:.3f} nm {crystal.shape}, {crystal.termination}\n"
            f"E_e-E_h {derivative.value('E_gap_eV'):.4f} eV, {values}",
            caption="change for one step up, from exact derivatives (linear); * step assumed, not an error bar"
            + (f"\n{len(rows) - len(shown)} more below {strength(shown[-1]):.2g}" if len(shown) < len(rows) else ""),
            box=box.SIMPLE_HEAD,
            padding=0,
        )
        for heading in ("parameter", "value", "step", "g_e", "g_h", "g_BX", "E_e-E_h (eV)"):
            table.add_column(heading, justify="left" if heading == "parameter" else "right", no_wrap=True)
        for row in shown:
            mark = "*" if row["step_origin"] == "assumed" else ""
            cells = [row["path"], f"{row['value']:.4f}", f"{row['step']:.3g} {row['unit']}{mark}"]
            table.add_row(*cells, *(f"{row[f'effect_{name}']:+.4f}" for name in SHOWN))
        _print(table)
