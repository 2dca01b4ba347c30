"""`bandg spin`: oscillating signals of spins, from the trace to g and back."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandg.base.errors import BandgError
from bandg.cli.command import App
from bandg.cli.figure import Figure, draws
from bandg.cli.simulate import simulate
from bandg.cli.tables import Column, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bandg.plot.sheet import Contents
    from bandg.spin.results import Fit
    from bandg.spin.traces import Traces

app = App(help="Oscillating spin signals: g, T2* and spreads from traces, and traces of a model.", no_args_is_help=True)

_LEAST_CORRELATION = 0.9


def _contents(given: Mapping[str, Any]) -> Contents:
    """What may be chosen of the picture."""
    from bandg.plot.spin import contents

    return contents([given["components_"]] if given["components_"] else (1, 2))


@app.command("fit")
@draws(_contents)
def fit(
    traces: Annotated[list[Path], typer.Argument(help="Table of all fields, or one file for each field.")],
    field: Annotated[
        str | None, typer.Option(help="Field of each file: 90mT,420mT; default: its name says it.")
    ] = None,
    energy: Annotated[str | None, typer.Option(help="Photon energy, as 1.911eV.")] = None,
    sample: Annotated[str, typer.Option(help="Name of the sample.")] = "",
    temperature: Annotated[str | None, typer.Option(help="As 6K.")] = None,
    material: Annotated[str, typer.Option(help="Formula, as CsPbI3.")] = "",
    start: Annotated[str, typer.Option("--from", help="Leave out what comes before this delay.")] = "5ps",
    uneven: Annotated[bool, typer.Option("--uneven", help="Accept a time step that changes within a trace.")] = False,
    components_: Annotated[
        int | None, typer.Option("--components", min=1, max=2, help="Carriers; default: both numbers are tried.")
    ] = None,
    decay: Annotated[
        str | None,
        typer.Option(
            help="exponential, gaussian or nuclear; two with a comma, the largest |g| first.",
            show_default="all three are tried",
        ),
    ] = None,
    slow: Annotated[
        bool | None,
        typer.Option("--slow/--no-slow", help="A part that decays and does not oscillate.", show_default="both tried"),
    ] = None,
    phase: Annotated[str, typer.Option(help="Of a carrier: common to all fields, free in each, or none.")] = "common",
    largest_g: Annotated[float, typer.Option(help="Look for |g| up to this.")] = 4.0,
    field_error: Annotated[float, typer.Option(help="Relative error of the field's scale, as 0.02.")] = 0.0,
    assign: Annotated[
        str | None, typer.Option(help="e,h or h,e: which component is which, the largest |g| first.")
    ] = None,
    separately: Annotated[bool, typer.Option("--separately", help="Fit each field by itself too.")] = False,
    bootstrap: Annotated[int, typer.Option(help="Replicas with resampled residuals for the errors.")] = 0,
    evidence: Annotated[bool, typer.Option("--evidence", help="Compare the best four models by evidence.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of replicas and sampling.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Write measured points to FILE.csv, and everything to FILE.json.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw to FILE.pdf, .png or .svg; fits each field too.")] = None,
    *,
    figure: Figure,
) -> None:
    """Fit the traces of one sample, all fields at once: |g|, T2*, spread of g."""
    from bandg.base.files import check_writable
    from bandg.spin import fit as fit_traces

    if out is not None:
        check_writable(out, (".csv",))
        check_writable(out.with_suffix(".json"), (".json",))
    given = _read(traces, field, energy, sample, temperature, material, start, uneven)
    found = fit_traces(
        given,
        components=components_,
        decay=_words(decay),
        slow=slow,
        phase=phase,
        largest_g=largest_g,
        field_error=field_error,
        assign=_words(assign) or (),
        separately=separately or plot is not None,
        bootstrap=bootstrap,
        evidence=evidence,
        seed=seed,
    )
    _report(found)
    if out is not None:
        from bandg.spin.output import write_fit, write_points

        write_points(found, out)
        write_fit(found, out.with_suffix(".json"))
        typer.echo(f"wrote {out}\nwrote {out.with_suffix('.json')}")
    if plot is not None:
        from bandg.plot.output import save
        from bandg.plot.spin import plot_spin

        save(plot_spin(found, **figure.look), plot)
        typer.echo(f"wrote {plot}")
    if found.problems:
        raise typer.Exit(1)


def _words(text: str | None) -> tuple[str, ...] | None:
    return tuple(word.strip() for word in text.split(",")) if text else None


def _read(
    files: list[Path],
    field: str | None,
    energy: str | None,
    sample: str,
    temperature: str | None,
    material: str,
    start: str,
    uneven: bool,
) -> Traces:
    from bandg.base.quantities import Grammar, parse_energies
    from bandg.spin import read_traces

    return read_traces(
        files,
        fields_T=[one.number / 1000 for one in Grammar("field", "90mT,420mT", ("mT",)).values(field)] if field else (),
        energy_eV=parse_energies(energy, "energy", 1)[0] if energy else None,
        sample=sample,
        temperature_K=Grammar("temperature", "6K", ("K",)).value(temperature).number if temperature else None,
        material=material,
        start_ps=Grammar("`from`", "5ps", ("ps",)).value(start).number,
        uneven=uneven,
    )


def _report(found: Fit) -> None:
    """Print models, components, fields, residuals and what is wrong."""
    from bandg.spin.results import components

    traces, best = found.traces, found.best
    energy = f" at {traces.energy_eV:g} eV" if traces.energy_eV else ", energy not stated"
    fields = f"{len(traces.traces)} field{'s' * (len(traces.traces) != 1)}"
    typer.echo(
        f"{traces.sample or 'traces'}{energy}: {fields}, {traces.n_points} points; "
        f"{traces.left_out} points before {traces.start_ps:g} ps left out"
    )
    for field, count in Counter(trace.field_T for trace in traces.traces).items():
        if count > 1:
            typer.echo(f"{1000 * field:g} mT stands {count} times: each is a trace with amplitudes of its own")
    _models(found)
    carriers = components(found)
    errors = "curvature" if found.replicas is None else f"{len(found.replicas)} replicas"
    rows = [(one.label, one.decay, one.g, one.dg, one.convention, one.t2_zero_ps) for one in carriers]
    show(
        f"components of '{best.model.name}' (errors from the {errors})",
        ("component", "decay", "|g|", "spread dg", "convention", "T2*(0) (ps)"),
        [tuple("" if cell is None else str(cell) for cell in row) for row in rows],
        _components_caption(found),
    )
    _fields(found)
    _lines(found)
    for what in found.problems:
        typer.echo(f"not a result: {what}")


def _components_caption(found: Fit) -> str:
    from bandg.spin.results import UNDECIDED, correlations

    said = ["spread: half width of a Lorentzian or standard deviation of a Gaussian; < and >: two standard errors"]
    if found.field_error:
        said.append(f"errors of g and dg contain {found.field_error:.1%} for the scale of the field")
    if not found.names:
        said.append("which component is the electron is not decided: --assign e,h")
    if not found.evidence:
        near = [one for one in found.attempts[1:] if one.bic - found.best.bic < UNDECIDED]
        said += [f"not told apart from '{one.model.name}' (BIC {one.bic - found.best.bic:+.1f})" for one in near]
    strong = correlations(found.best, _LEAST_CORRELATION)
    said += [f"correlation {value:+.2f} of {one} and {other}" for one, other, value in strong]
    return "\n".join(said)


def _models(found: Fit) -> None:
    rows = []
    for one in found.attempts:
        z = found.evidence.get(one.model.name)
        shown = "" if z is None else f"{z[0] - found.evidence[found.best.model.name][0]:.1f} +- {z[1]:.1f}"
        state = "; ".join(["stopped early"] * (not one.converged) + [f"{name} at a bound" for name in one.at_bounds])
        row = (one.model.name, one.problem.n_parameters, one.bic - found.attempts[0].bic, shown, one.rms, state)
        rows.append(row)
    columns = (
        Column("model", left=True),
        Column("parameters"),
        Column("BIC above lowest", ".1f"),
        Column("ln Z above best", optional=True),
        Column("rms residual", ".3g"),
        Column("remark", left=True, optional=True),
    )
    early = any(not one.converged for one in found.attempts[1:])
    caption = "stopped early: far worse on some of the points, and not followed further"
    show("models", columns, rows, caption if early else "")


def _fields(found: Fit) -> None:
    from bandg.spin.results import WHITE, components, residual_tests

    carriers, left = components(found), residual_tests(found.best)
    rows = []
    for n, (trace, one) in enumerate(zip(found.traces.traces, left, strict=True)):
        row: list[Any] = [1000 * trace.field_T, len(trace.time_ns)]
        for carrier in carriers:
            phase = carrier.phases[n]
            row += [str(carrier.amplitudes[n]), "" if phase is None else str(phase), str(carrier.t2_ps[n])]
        rows.append((*row, one.rms, one.probability, _line_left(one.oscillation, one.frequency_rad_ns)))
    columns = [Column("field\n(mT)", "g"), Column("points", "d")]
    for carrier in carriers:
        columns += [Column(f"{carrier.label}:\n{what}", optional=True) for what in ("amplitude", "phase", "T2* (ps)")]
    columns += [
        Column("rms\nresidual", ".3g"),
        Column("by chance", ".2g"),
        Column("line left", left=True, optional=True),
    ]
    worst = min(one.probability for one in left) * len(left)
    lines = min((one.oscillation for one in left if one.oscillation is not None), default=1.0) * len(left)
    noise = (
        "residuals are noise"
        if min(worst, lines) > WHITE
        else "the residuals are more than noise: errors are too small"
    )
    if worst <= WHITE < lines:
        noise += "; --bootstrap keeps their correlation"
    show("fields", columns, rows, f"by chance: probability of the residuals' correlation (Ljung-Box); {noise}")


def _line_left(probability: float | None, frequency: float | None) -> str:
    from bandg.spin.results import WHITE

    if probability is None or frequency is None or probability > WHITE:
        return ""
    return f"{frequency:.3g} rad/ns (p = {probability:.1g})"


def _lines(found: Fit) -> None:
    from bandg.spin.results import labels, lines

    rows = []
    for label, one in zip(labels(found), lines(found), strict=False):
        offset = "" if one.offset is None else f"{one.offset} ({one.offset_in_errors:+.1f} errors)"
        rows.append((label, len(one.fields_T), str(one.g), offset, str(one.dg or ""), str(one.t2_zero_ps or "")))
    if rows:
        columns = ("component", "fields", "|g| through zero", "offset (rad/ns)", "spread dg", "T2*(0) (ps)")
        show("field by field: straight lines in B", columns, rows)


@app.command("assign")
def assign(
    points: Annotated[list[str], typer.Argument(help="Points of bandg spin fit at several energies.")],
    curve: Annotated[
        list[str] | None, typer.Option(help="Theory beside them: as in bandg overlay, or FILE.csv; repeated.")
    ] = None,
    most: Annotated[int, typer.Option(min=1, max=1000, help="Assignments to list.")] = 8,
) -> None:
    """List which component is electron or hole, with signs, the smoothest in energy first."""
    from bandg.analysis.curves import resolve
    from bandg.analysis.overlay import DEFAULT_CURVES
    from bandg.data.measured import load_measured
    from bandg.spin.assign import assign as assignments

    given = [point for name in points for point in load_measured(name)]
    if not given:
        raise BandgError("there are no points to assign")
    found = assignments(given, resolve(curve or DEFAULT_CURVES), most)
    columns = [Column("rank", "d"), Column("less smooth\nby", ".1f")]
    columns += [Column(f"{energy:g} eV\n{name}", "+.2f") for energy in found[0].energies for name in ("g_e", "g_h")]
    columns += [Column("rms", ".2f"), Column("from the curve", left=True)]
    rows = []
    for rank, one in enumerate(found, start=1):
        pairs = [value for pair in zip(one.electron, one.hole, strict=True) for value in pair]
        rows.append((rank, one.cost, *pairs, one.rms, one.curve))
    show(
        "assignments",
        columns,
        rows,
        "less smooth by: -2 ln of the probability under smooth curves, above that of the smoothest.\n"
        "Neither the carriers nor their common sign follow from it: theory decides.\n"
        "To use one: bandg spin fit --assign e,h at each energy",
        keys=2,
    )


app.command("simulate")(simulate)
