"""`bandg hypotheses`: every suspected cause of the discrepancy on the same footing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandg.base.errors import BandgError
from bandg.cli.options import (
    TERMINATIONS,
    Force,
    Judge,
    Neighbors,
    NoCache,
    Patience,
    Scheduler,
    Workers,
    points_to_judge_by,
    running,
)

if TYPE_CHECKING:
    from bandg.analysis.hypotheses import Case, Mechanism
    from bandg.analysis.hypotheses.study import Study


QUICK = "quick"
"""In --only: all mechanisms that do not take minutes each."""


def hypotheses(
    only: Annotated[str | None, typer.Option(help="Mechanisms, A,B,C; quick, the default, is all quick ones.")] = None,
    combine: Annotated[list[str] | None, typer.Option(help="Two mechanisms together: A,B; repeated.")] = None,
    plugin: Annotated[
        list[Path] | None, typer.Option(help="Your own mechanisms: a Python file, which is run; repeated.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the mechanisms with their sources, and stop.")] = False,
    set_name: Annotated[str, typer.Option("--set", help="Parameter set of the baseline.")] = "nestoklon2023-standin",
    termination: Annotated[str, typer.Option(help=f"Baseline: {TERMINATIONS}, which is near the theory.")] = "lead",
    shape: Annotated[str, typer.Option(help="Baseline: cube or sphere.")] = "cube",
    neighbors: Neighbors = None,
    cells: Annotated[str | None, typer.Option(help="Sizes in cells, as 4,5,6,8,11,15,20.")] = None,
    data: Judge = None,
    out: Annotated[Path | None, typer.Option(help="Write FILE.json.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw small multiples to FILE.pdf, .png or .svg.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write one FILE.html that stands alone.")] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    patience: Patience = 60.0,
    no_cache: NoCache = False,
    force: Force = False,
) -> None:
    """Weigh what could explain the hole g-factor: what each mechanism does to g, and what would be needed."""
    from bandg.analysis.hypotheses.evaluate import Evaluator
    from bandg.base.files import check_writable
    from bandg.plot.output import check_picture_path

    if list_:
        unused = [name for name, path in (("--out", out), ("--plot", plot), ("--report", report)) if path is not None]
        if unused:
            raise BandgError(f"--list computes nothing: leave out {' and '.join(unused)}")
    for path, formats in ((out, (".json",)), (report, (".html",))):
        if path is not None:
            check_writable(path, formats)
    if plot is not None:
        check_picture_path(plot)
    base = _baseline(set_name, termination, shape, neighbors, cells)
    known, singles, pairs = _mechanisms(base, only, combine or [], plugin or [])
    if list_:
        print_mechanisms(known if only is None and not combine else singles)
        return
    points = points_to_judge_by(data, base.parameters.material)
    with running(workers, scheduler, no_cache, force, patience) as run:
        found = _study(base, singles, pairs, points, Evaluator(run))
    print_study(found)
    for path in _write(found, out, plot, report):
        typer.echo(f"wrote {path}")


def _baseline(set_name: str, termination: str, shape: str, neighbors: int | None, cells: str | None) -> Case:
    from bandg.analysis.hypotheses.case import Case
    from bandg.base.quantities import Grammar
    from bandg.crystal.lattice import PEROVSKITE
    from bandg.models.etb.local import resolve_neighbors
    from bandg.parameters.loader import load_set

    if shape not in ("cube", "sphere"):
        raise BandgError(f"shape {shape!r} is unknown; choose cube or sphere")
    termination = PEROVSKITE.termination(termination).name
    parameters = load_set(set_name)
    counts: tuple[int, ...] = ()
    if cells is not None:
        grammar = Grammar("cells", "4,5,6,8,11,15,20")
        numbers = sorted({value.number for value in grammar.values(cells)})
        if len(numbers) < 2 or not all(number >= 2 and number.is_integer() for number in numbers):
            raise grammar.wrong(cells, "must be two whole numbers or more, each 2 or more")
        counts = tuple(map(int, numbers))
    return Case(parameters, resolve_neighbors(parameters, neighbors), shape, termination, cells=counts)


def _mechanisms(
    base: Case, only: str | None, combine: list[str], plugins: list[Path]
) -> tuple[list[Mechanism], list[Mechanism], list[tuple[Mechanism, Mechanism]]]:
    """All mechanisms that there are, those that are asked for, and the pairs."""
    from bandg.analysis.hypotheses.plugin import load_plugin
    from bandg.analysis.hypotheses.registry import choose, default_mechanisms

    known = list(default_mechanisms(base))
    for path in plugins:
        for mechanism in load_plugin(path, base):
            if any(mechanism.name == other.name for other in known):
                raise BandgError(f"plugin {path}: there is a mechanism {mechanism.name!r} already")
            known.append(mechanism)
    pairs = []
    for text in combine:
        names = [part.strip() for part in text.split(",")]
        if len(names) != 2 or names[0] == names[1]:
            raise BandgError(f"--combine {text!r} must be two different mechanisms: A,B")
        first, second = choose(known, names)
        pairs.append((first, second))
    quick = [mechanism.name for mechanism in known if not mechanism.slow]
    if only is not None:
        asked = [part.strip() for part in only.split(",") if part.strip()]
    else:
        asked = [mechanism.name for pair in pairs for mechanism in pair] or [QUICK]
    if not asked:
        raise BandgError("--only names no mechanism")
    singles = choose(known, [name for part in asked for name in (quick if part == QUICK else [part])])
    return known, list(singles), pairs


def _study(base: Case, singles: list[Any], pairs: list[Any], points: Any, evaluator: Any) -> Study:
    from bandg.analysis.hypotheses.combine import combine
    from bandg.analysis.hypotheses.study import study

    together = [combine(base, first, second, points, evaluator) for first, second in pairs]
    return study(base, [*singles, *together], points, evaluator)


def _write(found: Study, out: Path | None, plot: Path | None, report: Path | None) -> list[Path]:
    import tempfile

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
        from bandg.plot.output import save

        if plot is not None:
            save(plot_hypotheses(table, found.points), plot)
            written.append(plot)
        if report is not None:
            with tempfile.TemporaryDirectory() as folder:
                picture = Path(folder) / "hypotheses.png"
                save(plot_hypotheses(table, found.points), picture)
                text = to_html(table, picture, found.points)
            write_whole(report, text)
            written.append(report)
    return written


def print_study(found: Study) -> None:
    """Print the table, what explains most first."""
    from bandg.analysis.hypotheses.report import HEADINGS, baseline_text, cells, legend, problems, rows
    from bandg.cli.tables import Column, show

    content = rows(found)
    left = ("mechanism", "range", "verdict")
    columns = [Column(heading, left=heading in left) for heading in HEADINGS]
    show("what could explain the hole g-factor", columns, map(cells, content))
    typer.echo(baseline_text(content[0]))
    typer.echo(legend(content[0]))
    for problem in problems(content):
        typer.echo(problem)
    typer.echo(f"{found.computed} nanocrystals computed, {found.cached} from the cache")


def print_mechanisms(mechanisms: list[Mechanism]) -> None:
    """Print what each mechanism is and what its range rests on."""
    for one in mechanisms:
        unit = f" {one.unit}" if one.unit else ""
        source = one.source or ("by definition" if one.definition else "none: assumed, left out of the verdict")
        slow = " (only if asked for by name)" if one.slow else ""
        typer.echo(f"{one.name}: {one.lower:.4g}..{one.upper:.4g}{unit}{slow}\n  {one.text}\n  source: {source}")
