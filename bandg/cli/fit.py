"""`bandg fit`: a tight-binding set fitted to bands and bulk properties."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandg.base.errors import BandgError
from bandg.cli.command import App
from bandg.cli.figure import Figure, draws
from bandg.cli.options import NoCache, running

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bandg.analysis.fit.profile import ProfilePoint
    from bandg.analysis.fit.solve import Fit
    from bandg.plot.sheet import Contents

app = App()


def _contents(given: Mapping[str, Any]) -> Contents:
    """What may be chosen of the picture."""
    from bandg.analysis.fit.job import read_job
    from bandg.plot.fit import contents

    return contents(len(read_job(str(given["job"])).bands))


@app.command("fit")
@draws(_contents)
def fit(
    job: Annotated[Path, typer.Argument(help="JOB.toml: free parameters and targets.")],
    out: Annotated[Path | None, typer.Option(help="Write NAME.toml, and the covariance beside it.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw bands and residuals to FILE.pdf, .png or .svg.")] = None,
    starts: Annotated[int | None, typer.Option(min=1, max=1000, help="Number of starts instead of the job's.")] = None,
    profile: Annotated[
        str | None, typer.Option(help="QUANTITY=LO..HI:N: repeat the fit with it held at N values, as g_h=-1..0.5:7.")
    ] = None,
    no_cache: NoCache = False,
    *,
    figure: Figure,
) -> None:
    """Fit a parameter set by least squares with exact derivatives, and report which parameters the data determine."""
    from threadpoolctl import threadpool_limits

    from bandg.analysis.fit.job import read_job
    from bandg.analysis.fit.profile import parse_profile
    from bandg.analysis.fit.report import report
    from bandg.analysis.fit.residuals import problem_of
    from bandg.analysis.fit.result import write_fit
    from bandg.analysis.fit.solve import solve
    from bandg.base.files import check_writable

    if out is not None:
        check_writable(out, (".toml",))
        check_writable(out.with_suffix(".json"), (".json",))
        if out.resolve() == job.resolve():
            raise BandgError(f"--out {out} is the job file: give another name")
    held = parse_profile(profile) if profile is not None else None
    problem = problem_of(read_job(str(job)), job.parent)
    if held is not None:
        problem.edges.quantities(problem.space.start, held[:1])  # a level that the basis lacks is found out here
    if plot is not None:
        from bandg.plot.fit import drawable

        drawable(problem)
    with threadpool_limits(1), running(no_cache=no_cache) as run:
        found = solve(problem, starts, run)
    typer.echo(report(found), nl=False)
    if found.n_cached:
        typer.echo(f"{found.n_cached} of {len(found.attempts)} starts from the cache")
    points = _profile(found, *held) if held is not None else ()
    written = list(write_fit(found, out, points)) if out is not None else []
    if plot is not None:
        from bandg.plot.fit import plot_fit
        from bandg.plot.output import save

        save(plot_fit(found, **figure.look), plot)
        written.append(plot)
    for path in written:
        typer.echo(f"wrote {path}")


def _profile(found: Fit, quantity: str, values: Any) -> tuple[ProfilePoint, ...]:
    """Compute the profile with a bar, and print it."""
    from threadpoolctl import threadpool_limits

    from bandg.analysis.fit.profile import profile, profile_text

    with threadpool_limits(1), running() as run:
        points = profile(found, quantity, values, run.progress)
    typer.echo("\n" + profile_text(found, quantity, points), nl=False)
    return points
