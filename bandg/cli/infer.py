"""`bandg infer`: posteriors and evidences given measured g-factors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
from bandg.cli.tables import Column, show
from bandg.parameters.names import PUBLISHED_SET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bandg.analysis.inference.posterior import Inference
    from bandg.plot.sheet import Contents

app = App()


def _contents(given: Mapping[str, Any]) -> Contents:
    """What may be chosen of the picture, that of the bands where both are drawn."""
    from bandg.analysis.inference.request import models_of
    from bandg.models.base import find
    from bandg.plot.posterior import CORNER, contents

    if given["plot"] is None:
        return CORNER
    return contents(len(models_of(find("etb").load(given["set_name"]), given["model"] or (), given["vary"] or ())))


@app.command("infer")
@draws(_contents, measured=True)
@takes(running=running)
def infer(
    vary: Annotated[
        list[str] | None,
        typer.Option(
            help="What varies in every model: PATH=LO..HIeV or +-DeV, termination=0..1, energy.shift=LO..HIeV, "
            "exciton=LO..HI (1/eps), scatter=LO..HI, scale:hopping.X-X=LO..HI; repeated."
        ),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="'NAME: WHAT=LO..HI, WHAT=VALUE': a model to compare; repeated.")
    ] = None,
    data: Judge = None,
    quantities: Annotated[str, typer.Option(help="g-factors to use, of g_e, g_h, g_bx.")] = "g_e,g_h",
    sigma: Annotated[float, typer.Option(help="Error of points without a stated one (assumed).")] = 0.1,
    bulk: Annotated[
        list[str] | None, typer.Option(help="Constraint: g_h=first-principles, g_h=LO..HI, g_e=LO..HI, E_g=LO..HIeV.")
    ] = None,
    termination: Annotated[str, typer.Option(help=f"{TERMINATIONS}, where a model does not say.")] = "halide",
    size: Annotated[str | None, typer.Option(help="Sizes of the curves; default: seven from 4 to 24 cells.")] = None,
    shape: Annotated[str, typer.Option(help="cube or sphere.")] = "cube",
    set_name: Annotated[str, typer.Option("--set", help=PUBLISHED_HELP)] = PUBLISHED_SET,
    neighbors: Neighbors = None,
    intra_atomic: Annotated[bool, typer.Option("--intra-atomic", help="With the p shells' own moment in g.")] = False,
    live: Annotated[int, typer.Option(help="Live points of the sampler.")] = 400,
    seed: Annotated[int, typer.Option(help="Seed of the sampler.")] = 0,
    checks: Annotated[
        int, typer.Option(help="Random points at which the emulator is checked by exact results; 0: none.")
    ] = 2,
    out: Annotated[Path | None, typer.Option(help="Write FILE.json.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the bands of all models to FILE.pdf, .png or .svg.")] = None,
    corner: Annotated[Path | None, typer.Option(help="Draw the corner plot of the best model to FILE.")] = None,
    *,
    running: Running,
    figure: Figure,
) -> None:
    """Posterior of named parameters given measured g-factors, and the evidence of competing models."""
    from bandg.analysis.inference.posterior import write_inference
    from bandg.analysis.inference.request import infer as library
    from bandg.analysis.inference.study import DEFAULT_SIZES
    from bandg.base.files import check_writable
    from bandg.plot.output import save

    if out is not None:
        check_writable(out, (".json",))
    with running() as run:
        found = library(
            vary or (),
            model or (),
            data,
            quantities=quantities,
            sigma=sigma,
            bulk=bulk,
            termination=termination,
            size=size or DEFAULT_SIZES,
            shape=shape,
            set=set_name,
            neighbors=neighbors,
            intra_atomic=intra_atomic,
            live=live,
            seed=seed,
            checks=checks,
            run=run,
        )
    print_inference(found)
    written = [write_inference(found, out)] if out is not None else []
    if plot is not None:
        from bandg.plot.posterior import plot_bands_of_models

        own = (*found.points.measured, *(point for point, _ in found.points.left_out))
        save(plot_bands_of_models(found, measured=figure.points(own, data), **figure.look), plot)
    if corner is not None:
        from bandg.plot.posterior import plot_corner

        look = figure.look if plot is None else {"style": figure.look.get("style", "paper")}
        save(plot_corner(found.ranking()[0], **look), corner)
    for path in [*written, *(picture for picture in (plot, corner) if picture is not None)]:
        typer.echo(f"wrote {path}")


def print_inference(found: Inference) -> None:
    """Print the evidences side by side, the best points with their residuals, and the posteriors."""
    from bandg.analysis.inference.likelihood import TERMINATION

    ranking = found.ranking()
    _print_evidences(found)
    _print_residuals(found)
    _print_spreads(found)
    keys = {"mean": "mean", "std": "std", "q025": "2.5 %", "median": "median", "q975": "97.5 %", "best": "best"}
    columns = [Column("parameter", left=True), Column("prior"), *(Column(one, ".4f") for one in keys.values())]
    for one in ranking:
        priors = {chosen.path: f"{chosen.lower:.4g}..{chosen.upper:.4g}{chosen.unit}" for chosen in one.model.ranges}
        rows = [(path, priors[path], *map(values.get, keys)) for path, values in one.summary().items()]
        show(f"posterior of {one.model.name}", columns, rows)
    E, g_e, g_h = found.emulator_error
    checked = f"largest error at {found.emulator_checks} random points {E:.1e} eV, {g_e:.1e} in g_e, {g_h:.1e} in g_h"
    typer.echo(f"Curves from exact values and derivatives; {checked if found.emulator_checks else 'not checked'}.")
    if any(TERMINATION in one.model.names for one in ranking):
        typer.echo("A termination between 0 (halide) and 1 (lead) is a mixture: its g is that of one cosine fitted")
        typer.echo("to both at equal energy, and what that fit gives of spread must not exceed the measured one.")


def _print_evidences(found: Inference) -> None:
    ranking = found.ranking()
    formats = {"ln Z": ".2f", "+-": ".2f", "below best": ".2f", "rms": ".3f"}
    formats |= {"bulk E_g": ".3f", "bulk g_e": "+.3f", "bulk g_h": "+.3f", "outside": ".0%"}
    rows = [
        (
            *(one.model.name, one.log_evidence, one.log_evidence_error, one.log_evidence - ranking[0].log_evidence),
            *(one.rms, *one.exact_bulk, one.impossible),
        )
        for one in ranking
    ]
    title = f"{found.asked.parameters.name}: {len(found.points.measured)} independent measurements"
    show(title, ("model", *(Column(heading, form) for heading, form in formats.items())), rows)
    assumed = sum(value != value for value in found.points.error)
    typer.echo("ln Z under flat priors; rms and bulk of the best point, computed exactly;")
    typer.echo("outside: share of the prior for which some point lies outside of the curves;")
    typer.echo(f"error {found.sigma:g} assumed for {assumed} points without a stated one")
    for chosen in found.constraints:
        unit = " eV" if chosen.quantity == "E_g" else ""
        text = f"bulk {chosen.quantity} held near {chosen.lower:.3g}..{chosen.upper:.3g}{unit}"
        typer.echo(f"{text} ({chosen.origin}), as middle +- half width")


def _print_residuals(found: Inference) -> None:
    ranking = found.ranking()
    rows = [
        (point.energy_eV, point.quantity, point.value, *(one.exact[number] - point.value for one in ranking))
        for number, point in enumerate(found.points.measured)
    ]
    columns = (Column("eV", ".3f"), Column(""), Column("measured", "+.2f"))
    models = (Column(one.model.name, "+.3f") for one in ranking)
    show("best point of each model minus measured", (*columns, *models), rows, keys=2)
    reasons = dict.fromkeys(why for _, why in found.points.left_out)
    counts = (f"{sum(w == why for _, w in found.points.left_out)} ({why})" for why in reasons)
    typer.echo("left out: " + (", ".join(counts) or "none"))


def _print_spreads(found: Inference) -> None:
    """Print the spread that the best mixture of each model predicts beside the measured one."""
    from bandg.data.spreads import LEFT_LIMIT

    words = {True: "yes", False: "no", None: "not compared"}
    rows = [
        (
            *(one.model.name, check.point.quantity, check.point.sample, check.point.energy_eV, check.point.convention),
            f"{'<' if check.point.kind == 'upper-bound' else ''}{check.point.value:g}",
            *(check.predicted, check.left, words[check.compatible]),
        )
        for one in found.ranking()
        for check in one.spreads
    ]
    if not rows:
        return
    place = (Column("model", left=True), Column(""), Column("sample"), Column("eV", ".3f"), Column("convention"))
    numbers = (Column("measured"), Column("predicted", ".3f"), Column("left", ".0%"), Column("compatible"))
    show("spread of g in a mixture, as the fit of one cosine gives it", (*place, *numbers), rows)
    typer.echo("predicted: at that energy, without one where it agrees best among the energies of the points;")
    typer.echo(
        f"left: rms of what the cosine leaves, by that of the trace; above {LEFT_LIMIT:.0%} a second one is found"
    )
    for quantity, energy in dict.fromkeys((row[1], row[3]) for row in rows if row[-1] == words[None]):
        where = "at the energies of the points" if energy is None else f"at {energy:g} eV"
        typer.echo(f"not compared: {quantity} {where}, which lies outside of the curves of the mixture")
