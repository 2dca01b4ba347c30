"""`bandg sensitivity`: the effect of each parameter on g at chosen sizes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandg.base.errors import BandgError
from bandg.cli.command import App
from bandg.cli.figure import Figure, draws
from bandg.cli.options import TERMINATIONS, Neighbors, Running, SetName, running, takes
from bandg.cli.tables import Column, show
from bandg.parameters.names import DEFAULT_SET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bandg.analysis.sensitivity.effects import Effects
    from bandg.analysis.sensitivity.indices import GlobalSensitivity
    from bandg.plot.sheet import Contents

app = App()


def _contents(given: Mapping[str, Any]) -> Contents:
    """What may be chosen of the picture."""
    from bandg.plot import indices, tornado
    from bandg.runs.request import request

    if given["method"] != "local":
        return indices.CONTENTS
    names = ("size", "shape", "termination", "set_name")
    return tornado.contents(len(request(*(given[name] for name in names), center=given["center"]).crystals))


@app.command("sensitivity")
@draws(_contents)
@takes(running=running)
def sensitivity(
    size: Annotated[str, typer.Option(help="7nm, 4..16nm, 5nm,8nm or 7..25cells.")] = "5cells,9cells,24cells",
    shape: Annotated[str, typer.Option(help="cube or sphere.")] = "cube",
    termination: Annotated[str, typer.Option(help=f"{TERMINATIONS}, or both with a comma.")] = "halide",
    center: Annotated[str | None, typer.Option(help="Pb or Cs, for a sphere.")] = None,
    set_name: SetName = DEFAULT_SET,
    neighbors: Neighbors = None,
    intra_atomic: Annotated[bool, typer.Option("--intra-atomic", help="With the p shells' own moment in g.")] = False,
    step: Annotated[
        list[str] | None, typer.Option(help="0.05eV for every energy, or PATH=0.02eV for one; may be repeated.")
    ] = None,
    method: Annotated[
        str, typer.Option(help="local: exact derivatives; morris or sobol: over ranges, every point computed.")
    ] = "local",
    vary: Annotated[
        list[str] | None,
        typer.Option(help="morris, sobol: PATH=LO..HIeV or PATH=+-DeV; repeated. Default: all, up and down by a step."),
    ] = None,
    samples: Annotated[
        int | None, typer.Option(help="Trajectories of morris (16), base points of sobol (256, a power of two).")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="morris, sobol: seed of the points; default 0.")] = None,
    solver: Annotated[str, typer.Option(help="auto, dense, superlu, rslab or pardiso.")] = "auto",
    out: Annotated[Path | None, typer.Option(help="Write FILE.csv or .json.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw a tornado plot to FILE.pdf, .png or .svg.")] = None,
    top: Annotated[int, typer.Option(help="Rows of each table, 0 for all.")] = 12,
    *,
    running: Running,
    figure: Figure,
) -> None:
    """The effect of every parameter on g: exact derivatives times a step, or global indices over ranges."""
    from bandg.analysis.sensitivity.effects import FORMATS, Effects
    from bandg.analysis.sensitivity.request import sensitivity as library
    from bandg.base.files import check_writable

    if out is not None:
        check_writable(out, FORMATS)
    if top < 0:
        raise BandgError(f"--top must be 0 (all) or more, not {top}")
    with running() as run:
        found = library(
            size,
            shape,
            termination,
            set_name,
            center=center,
            neighbors=neighbors,
            intra_atomic=intra_atomic,
            solver=solver,
            method=method,
            step=step or (),
            vary=vary or (),
            samples=samples,
            seed=seed,
            run=run,
        )
    show_table, write, draw = _local() if isinstance(found, Effects) else _global()
    show_table(found, top)
    written = [write(found, out)] if out is not None else []
    if plot is not None:
        from bandg.plot.output import save

        save(draw(found, **figure.look), plot)
        written.append(plot)
    for path in written:
        typer.echo(f"wrote {path}")


def _local() -> tuple[Any, Any, Any]:
    """What prints, writes and draws exact derivatives."""
    from bandg.analysis.sensitivity.effects import write_effects
    from bandg.plot.tornado import plot_tornado

    return print_effects, write_effects, plot_tornado


def _global() -> tuple[Any, Any, Any]:
    """What prints, writes and draws the indices of a design."""
    from bandg.analysis.sensitivity.indices import write_indices
    from bandg.plot.indices import plot_indices

    return print_indices, write_indices, plot_indices


def print_indices(found: GlobalSensitivity, top: int) -> None:
    """Print a table for each nanocrystal and g-factor with the index at a quarter, half and all of the samples."""
    from bandg.analysis.sensitivity.effects import G_QUANTITIES
    from bandg.analysis.sensitivity.indices import INDICES

    names = INDICES[found.method]
    rank = "mu_star" if found.method == "morris" else "ST"
    ranges = {chosen.path: chosen for chosen in found.ranges}
    counts = sorted({index.evaluations for index in found.indices})
    numbers = [Column(heading, "+.3f") for heading in (*names, *(f"{rank} at {n}" for n in counts[:-1]))]
    for number, crystal in enumerate(found.crystals):
        for quantity in G_QUANTITIES:
            final = found.final(number, quantity)
            early = {
                (i.path, i.evaluations): i.values[rank]
                for i in found.indices
                if i.crystal == number and i.quantity == quantity
            }
            rows = []
            for index in final[:top] if top else final:
                limits = ranges[index.path]
                first = (index.path, f"{limits.lower:.4g}..{limits.upper:.4g} {limits.unit}")
                rows.append((*first, *map(index.values.get, names), *(early[index.path, n] for n in counts[:-1])))
            show(
                f"{found.parameters.name}: {quantity} of {crystal.size_nm:.3f} nm {crystal.shape}, "
                f"{crystal.termination}; {found.method}, {counts[-1]} evaluations",
                ("parameter", Column("range"), *numbers),
                rows,
                f"last columns: {rank} from the first {counts[0]} and {counts[1]} evaluations",
            )
    typer.echo(f"{found.computed} points computed, {found.cached} from the cache")


def print_effects(found: Effects, top: int) -> None:
    """Print a table for each nanocrystal, the largest effect on a g-factor first."""
    from bandg.analysis.sensitivity.effects import SHOWN, strength

    effects = (Column(heading, "+.4f") for heading in ("g_e", "g_h", "g_BX", "E_e-E_h (eV)"))
    columns = [Column("parameter", left=True), Column("value", ".4f"), Column("step"), *effects]
    for number, derivative in enumerate(found.found):
        crystal = derivative.nanocrystal
        values = ", ".join(f"{name} {derivative.value(name):+.3f}" for name in ("g_e", "g_h", "g_bx"))
        every = found.rows(number)
        shown = every[:top] if top else every
        hidden = len(every) - len(shown)
        rows = []
        for row in shown:
            step = f"{row['step']:.3g} {row['unit']}{'*' if row['step_origin'] == 'assumed' else ''}"
            rows.append((row["path"], row["value"], step, *(row[f"effect_{name}"] for name in SHOWN)))
        show(
            f"{found.parameters.name}: {crystal.size_nm:.3f} nm {crystal.shape}, {crystal.termination}\n"
            f"E_e-E_h {derivative.value('E_gap_eV'):.4f} eV, {values}",
            columns,
            rows,
            f"{hidden} more below {strength(shown[-1]):.2g}" if hidden else "",
        )
    typer.echo("change for one step up, linear, from exact derivatives; * step assumed, not an error bar")
