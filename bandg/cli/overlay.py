"""`bandg overlay`: theory curves over measured points, with every residual."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandg.base.errors import BandgError
from bandg.cli.command import App
from bandg.cli.figure import Figure, draws, say_caption
from bandg.cli.options import Data, Running, running, takes
from bandg.cli.tables import Column, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bandg.analysis.overlay import Overlay
    from bandg.data.compare import Comparison, Residual
    from bandg.plot.sheet import Contents

app = App()


def _contents(given: Mapping[str, Any]) -> Contents:
    """What may be chosen of the picture."""
    from bandg.analysis.curves import count
    from bandg.analysis.overlay import DEFAULT_CURVES
    from bandg.plot.levels import contents

    return contents([count(given["curve"] or DEFAULT_CURVES)])


@app.command("overlay")
@draws(_contents, measured=True)
@takes(running=running)
def overlay(
    curve: Annotated[
        list[str] | None,
        typer.Option(
            help="etb:halide, etb:lead ... of the published theory, etb:lead:SET, kp:bulk-law, FILE.csv; repeated."
        ),
    ] = None,
    data: Data = None,
    plot: Annotated[Path | None, typer.Option(help="Draw FILE.pdf, .png or .svg.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the residuals to FILE.csv or FILE.json.")] = None,
    regenerate: Annotated[
        Path | None, typer.Option(help="Compute all stored curves again and write them to this folder.")
    ] = None,
    band: Annotated[bool, typer.Option("--band", help="Add the errors of the fits of the sets: 68 and 95 %.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Compute stored curves again.")] = False,
    *,
    running: Running,
    figure: Figure,
) -> None:
    """Draw theory curves over measured g-factors and print the residual at every point."""
    from bandg.analysis.curves import regenerate as store
    from bandg.analysis.hypotheses.evaluate import Evaluator
    from bandg.analysis.overlay import DEFAULT_CURVES, write_comparisons
    from bandg.analysis.overlay import overlay as compare_curves
    from bandg.base.files import check_writable
    from bandg.data.choice import measured_points
    from bandg.plot.output import save

    if regenerate is not None and (curve or data or plot or out or fresh or band):
        raise BandgError("--regenerate takes no other options: it only makes all stored curves")
    if out is not None:
        check_writable(out, (".csv", ".json"))
    given = measured_points(data) if data else None
    with running() as run:
        if regenerate is not None:
            for path in store(regenerate, Evaluator(run)):
                typer.echo(f"wrote {path}")
            return
        found = compare_curves(curve or DEFAULT_CURVES, given, run=run, fresh=fresh, band=band)
    print_overlay(found)
    if out is not None:
        write_comparisons(found.comparisons, out)
        typer.echo(f"wrote {out}")
    if plot is not None:
        from bandg.data.choice import beside
        from bandg.data.pairs import with_pairs
        from bandg.plot.overlay import plot_overlay
        from bandg.plot.points import point_notes

        points = beside(figure.points(found.points, data), [curve.material for curve in found.curves])
        save(plot_overlay(found.curves, points, **figure.look), plot)
        typer.echo(f"wrote {plot}")
        say_caption(point_notes(with_pairs(points)))


def _off(residual: Residual) -> str | float:
    """Theory minus measured, with the standard error of theory where it is known."""
    known = residual.stderr == residual.stderr
    return f"{residual.residual:+.3f} +- {residual.stderr:.3f}" if known else residual.residual


def print_overlay(found: Overlay) -> None:
    """Print theory minus measured at every point, with rms and chi-square, and what they are made of."""
    from bandg.data.choice import beside
    from bandg.data.compare import QUANTITIES, left_out, verdict_points

    comparisons = found.comparisons
    rows: list[tuple[Any, ...]] = []
    for number, residual in enumerate(comparisons[0].residuals):
        point = residual.point
        error = f" +- {point.error:g}" if point.error else ""
        judges = sum(one.residuals[number].is_judged for one in comparisons)
        counts = "yes" if judges == len(comparisons) else "some" if judges else ""
        measured = (point.energy_eV, point.quantity, f"{point.value:+.2f}{error}", counts)
        rows.append((*measured, *(_off(one.residuals[number]) for one in comparisons)))
    for quantity in QUANTITIES:
        if any(one.count(quantity)[1] for one in comparisons):
            rows.append((None, f"rms {quantity}", None, None, *(_rms(one, quantity) for one in comparisons)))
    if any(one.chi_square[1] for one in comparisons):
        chi = (f"{one.chi_square[0]:.2f} / {one.chi_square[1]}" for one in comparisons)
        rows.append((None, "chi^2 / points", None, None, *chi))
    head = (Column("eV", ".3f"), Column(""), Column("measured"), Column("in rms"))
    columns = (*head, *(Column(one.name, "+.3f") for one in comparisons))
    show("theory minus measured", columns, rows, keys=2)
    for one in comparisons:
        if one.outside:
            number, count = len(one.inside), len(one.judged)
            what = f"{one.outside} of {count} points {'lies' if one.outside == 1 else 'lie'} outside of the curve (-)"
            rest = f"its rms and chi^2 are over the {number} inside" if number else "it has no rms"
            typer.echo(f"{one.name}: {what}: {rest}")
    over, said = "" if any(one.outside for one in comparisons) else "rms over ", dict[str, list[str]]()
    for curve in found.curves:
        own = beside(found.points, [curve.material])
        judged = len(verdict_points(own))
        text = f"{over}{judged} independent measurement{'s' * (judged != 1)} of {len(own)} points"
        said.setdefault(f"{text}\nleft out: {left_out(own)}", []).append(curve.name)
    for text, names in said.items():
        typer.echo(text if len(said) == 1 else f"{', '.join(names)}: {text.replace(chr(10), '; ')}")
    if not any(residual.point.error for one in comparisons for residual in one.judged):
        typer.echo("no chi-square: no independent measurement states an error")


def _rms(one: Comparison, quantity: str) -> str:
    """The rms of one quantity, with the number of points where not all are inside of the curve."""
    from bandg.data.compare import of_those

    inside, judged = one.count(quantity)
    return f"{one.rms(quantity):.3f}{of_those(inside, judged)}" if inside else "-"
