"""`bandg hypotheses`: compares all mechanisms that may explain the discrepancy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandg.base.errors import BandgError
from bandg.cli.command import App
from bandg.cli.figure import Figure, draws
from bandg.cli.options import (
    PUBLISHED_HELP,
    TERMINATIONS,
    Judge,
    Neighbors,
    Running,
    running,
    takes,
)
from bandg.parameters.names import PUBLISHED_SET

if TYPE_CHECKING:
    from bandg.analysis.hypotheses import Mechanism
    from bandg.analysis.hypotheses.study import Study
    from bandg.data.measured import MeasuredPoint
    from bandg.plot.sheet import Contents
    from bandg.plot.style import Look

app = App()


def _contents(given: Mapping[str, Any]) -> Contents:
    """What may be chosen of the picture."""
    from bandg.analysis.hypotheses.request import baseline, mechanisms
    from bandg.plot.hypotheses import contents

    base = baseline(*(given[name] for name in ("set_name", "termination", "shape", "neighbors", "cells")))
    return contents(mechanisms(base, given["only"] or (), given["combine"] or (), given["plugin"] or ()).names)


@app.command("hypotheses")
@draws(_contents, measured=True)
@takes(running=running)
def hypotheses(
    only: Annotated[str | None, typer.Option(help="Mechanisms, A,B,C; quick, the default, is all quick ones.")] = None,
    combine: Annotated[list[str] | None, typer.Option(help="Two mechanisms together: A,B; repeated.")] = None,
    plugin: Annotated[
        list[Path] | None, typer.Option(help="Your own mechanisms: a Python file, which is run; repeated.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the mechanisms with their sources, and stop.")] = False,
    set_name: Annotated[str, typer.Option("--set", help=PUBLISHED_HELP)] = PUBLISHED_SET,
    termination: Annotated[str, typer.Option(help=f"Baseline: {TERMINATIONS}, which is near the theory.")] = "lead",
    shape: Annotated[str, typer.Option(help="Baseline: cube or sphere.")] = "cube",
    neighbors: Neighbors = None,
    cells: Annotated[str | None, typer.Option(help="Sizes in cells, as 4,5,6,8,11,15,20 or 4..11.")] = None,
    data: Judge = None,
    out: Annotated[Path | None, typer.Option(help="Write FILE.json.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw small multiples to FILE.pdf, .png or .svg.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write one self-contained FILE.html.")] = None,
    *,
    running: Running,
    figure: Figure,
) -> None:
    """Compare mechanisms that could explain the hole g-factor: the change of g by each, and what it leaves."""
    from bandg.analysis.hypotheses.request import baseline, mechanisms
    from bandg.analysis.hypotheses.request import hypotheses as library
    from bandg.base.files import check_writable

    if list_:
        unused = [name for name, path in (("--out", out), ("--plot", plot), ("--report", report)) if path is not None]
        if unused:
            raise BandgError(f"--list computes nothing: leave out {' and '.join(unused)}")
    for path, formats in ((out, (".json",)), (report, (".html",))):
        if path is not None:
            check_writable(path, formats)
    only_given = () if only is None else only
    if list_:
        base = baseline(set_name, termination, shape, neighbors, cells)
        chosen = mechanisms(base, only_given, combine or (), plugin or ())
        print_mechanisms(chosen.singles if only is not None or combine else chosen.known)
        return
    with running() as run:
        found = library(
            only_given,
            combine=combine or (),
            plugin=plugin or (),
            set=set_name,
            termination=termination,
            shape=shape,
            neighbors=neighbors,
            cells=cells,
            data=data,
            run=run,
        )
    print_study(found)
    for path in _write(found, out, plot, report, figure.points(found.points, data), figure.look):
        typer.echo(f"wrote {path}")


def _write(
    found: Study,
    out: Path | None,
    plot: Path | None,
    report: Path | None,
    points: Sequence[MeasuredPoint],
    look: Look,
) -> list[Path]:
    from bandg.analysis.hypotheses.report import rows, to_html
    from bandg.base.files import write_whole
    from bandg.runs.dataset import write_json

    written = []
    table = rows(found)
    if out is not None:
        write_json(table, out)
        written.append(out)
    if plot is not None or report is not None:
        from bandg.plot.hypotheses import plot_hypotheses
        from bandg.plot.output import rendered, save

        picture = plot_hypotheses(table, points, **look)
        if plot is not None:
            save(picture, plot)
            written.append(plot)
        if report is not None:
            write_whole(report, to_html(table, rendered(picture, "png"), found.points))
            written.append(report)
    return written


def print_study(found: Study) -> None:
    """Print what each mechanism changes, and what its best value leaves."""
    from bandg.analysis.hypotheses.report import (
        SPREADS,
        baseline_line,
        baseline_text,
        groups,
        incomplete,
        legend,
        lines,
        problems,
        rows,
        spread_lines,
    )
    from bandg.cli.tables import Column, show

    content = rows(found)
    captions = legend(content[0])
    typer.echo(baseline_text(content[0]))
    table = [baseline_line(content[0]), *(line for row in content for line in lines(row))]
    for part, title in (("change", "change of g at fixed energy"), ("left", "theory minus measured at the best value")):
        chosen = [(n, group) for n, group in enumerate(groups(content[0])) if group.part in ("", part)]
        columns = [
            Column(f"{group.short}\n{column}" if column else group.short, left=group.left)
            for _, group in chosen
            for column in group.columns
        ]
        cells = ([cell for n, _ in chosen for cell in line[n]] for line in table)
        show(title, columns, (line for line in cells if any(line)), captions[part])
    spread_columns = [Column(name.replace(": ", "\n"), left=not n) for n, name in enumerate(SPREADS)]
    show("spread of g within a sample, predicted/measured", spread_columns, spread_lines(content), captions["spread"])
    for sentence in (*incomplete(content), *problems(content)):
        typer.echo(sentence)
    typer.echo(f"points left out: {found.left_out}")
    typer.echo(f"{found.computed} nanocrystals computed, {found.cached} from the cache")


def print_mechanisms(mechanisms: Sequence[Mechanism]) -> None:
    """Print each mechanism with its range and the source of the range."""
    for one in mechanisms:
        unit = f" {one.unit}" if one.unit else ""
        source = one.source or ("by definition" if one.definition else "none: assumed")
        slow = " (only if asked for by name)" if one.slow else ""
        omits = f" Left out: {one.omits}." if one.omits else ""
        typer.echo(f"{one.name}: {one.lower:.4g}..{one.upper:.4g}{unit}{slow}\n  {one.text}{omits}\n  source: {source}")
