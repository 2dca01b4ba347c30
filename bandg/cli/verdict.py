"""`bandg verdict`: predictions from bulk knowledge beside the measured g-factors, and what they are worth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandg.base.errors import BandgError
from bandg.cli.command import App
from bandg.cli.figure import Figure, draws
from bandg.cli.options import Judge, Running, running, takes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bandg.analysis.verdict.study import Verdict
    from bandg.plot.sheet import Contents
    from bandg.plot.style import Look
    from bandg.runs.options import Run

app = App()


def _contents(given: Mapping[str, Any]) -> Contents:
    """What may be chosen of the picture."""
    from bandg.analysis.verdict.request import measured
    from bandg.base.arguments import words
    from bandg.parameters.loader import load_set
    from bandg.plot import verdict, waterfall

    if given["waterfall"] is not None:
        return waterfall.contents(measured(given["data"], "CsPbI3"))
    sets = words("sets", given["sets"] or (), "bandg-nnn")
    points = measured(given["data"], load_set(sets[0]).material if sets else "CsPbI3")
    return verdict.contents([(point.quantity, point.energy_eV) for point in points])


@app.command("verdict")
@draws(_contents)
@takes(running=running)
def verdict(
    sets: Annotated[str | None, typer.Option(help="Bulk sets, A,B.", show_default="seven sets of CsPbI3")] = None,
    only: Annotated[
        str | None,
        typer.Option(
            help="Combinations that have all of these words: halide or lead, slabs or no-slabs, none or haken, "
            "image or no-image."
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Two sets and few sizes.")] = False,
    checks: Annotated[bool, typer.Option(help="Spreads within a sample, and CsPbBr3 by the same law.")] = True,
    data: Judge = None,
    out: Annotated[Path | None, typer.Option(help="Write FILE.json.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw residuals and predictions to FILE.pdf, .png or .svg.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write one page, FILE.html or FILE.md.")] = None,
    waterfall: Annotated[
        Path | None,
        typer.Option(help="Instead: draw the steps from the published theory (a stand-in) to FILE.pdf, .png or .svg."),
    ] = None,
    *,
    running: Running,
    figure: Figure,
) -> None:
    """Predict the measured g-factors, nothing adjusted, for each set, surface and energy scale; weigh by evidence."""
    from bandg.analysis.verdict.report import content
    from bandg.analysis.verdict.request import verdict as library
    from bandg.base.files import check_writable

    for path, formats in ((out, (".json",)), (report, (".html", ".md"))):
        if path is not None:
            check_writable(path, formats)
    if waterfall is not None:
        if any(one is not None for one in (sets, only, out, plot, report)) or quick:
            raise BandgError("--waterfall goes with --data alone: its steps choose sets, surfaces and energy scales")
        with running() as run:
            draw_waterfall(waterfall, data, run, figure.look)
        return
    with running() as run:
        words = [() if one is None else one for one in (sets, only)]
        found = library(*words, quick=quick, checks=checks, data=data, run=run)
    table = content(found)
    print_verdict(table, found)
    for path in _write(table, out, plot, report, figure.look):
        typer.echo(f"wrote {path}")


def draw_waterfall(picture: Path, data: str | None, run: Run, look: Look) -> None:
    """Compute both orders, print their steps and draw them."""
    from bandg.analysis.hypotheses.evaluate import Evaluator
    from bandg.analysis.verdict.request import measured
    from bandg.analysis.verdict.waterfall import INGREDIENTS, both_orders, end_band
    from bandg.cli.tables import Column, show
    from bandg.plot.output import save
    from bandg.plot.waterfall import plot_waterfall

    points, evaluator = measured(data, "CsPbI3"), Evaluator(run)
    paths = both_orders(points, evaluator)
    band = end_band(points, evaluator)
    columns = [Column("", left=True), *(Column(f"{point.quantity} {point.energy_eV:g} eV") for point in points)]
    for title, path in paths.items():
        rows = [["stand-in for the published theory", *(f"{value:+.2f}" for value in path.values[0])]]
        steps = zip(path.steps, path.changes, strict=True)
        rows += [[INGREDIENTS[step], *(f"{one:+.2f}" for one in change)] for step, change in steps]
        rows += [["end", *(f"{value:+.2f}" for value in path.values[-1])]]
        rows += [["standard error", *(f"{value:.2f}" for value in band)]]
        rows += [["measured minus end", *(f"{value:+.2f}" for value in path.residual)]]
        show(f"From our stand-in for the published theory to the measurement, {title}", columns, rows)
    save(plot_waterfall(paths, INGREDIENTS, points, band, **look), picture)
    typer.echo(f"wrote {picture}")


def print_verdict(table: dict[str, Any], found: Verdict) -> None:
    """Print the table and the result."""
    from bandg.analysis.verdict.report import TEXT_COLUMNS, check_tables, headings, legend, lines, sentences
    from bandg.cli.tables import Column, show

    columns = [Column(one, left=number < TEXT_COLUMNS) for number, one in enumerate(headings(table))]
    show("Predictions with nothing adjusted, theory minus measured", columns, lines(table), legend(table), keys=2)
    for title, head, body in check_tables(table):
        show(title, head, body)
    typer.echo("")
    for sentence in [*sentences(table), *table["notes"]]:
        typer.echo(sentence)
    typer.echo(f"{found.computed} nanocrystals computed, {found.cached} from the cache")


def _write(table: dict[str, Any], out: Path | None, plot: Path | None, report: Path | None, look: Look) -> list[Path]:
    from bandg.analysis.verdict.report import to_html, to_markdown
    from bandg.base.files import write_whole
    from bandg.plot.output import rendered, save
    from bandg.plot.verdict import plot_verdict
    from bandg.runs.dataset import write_json

    written = []
    if out is not None:
        write_json(table, out)
        written.append(out)
    if plot is not None:
        save(plot_verdict(table, **look), plot)
        written.append(plot)
    if report is not None:
        is_markdown = report.suffix == ".md"
        page = to_markdown(table) if is_markdown else to_html(table, rendered(plot_verdict(table, **look), "png"))
        write_whole(report, page)
        written.append(report)
    return written
