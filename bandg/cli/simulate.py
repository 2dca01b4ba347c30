"""`bandg spin simulate`: an ensemble of nanocrystals, and its traces."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from bandg.base.arguments import whole
from bandg.base.errors import BandgError
from bandg.cli import nanocrystal as nc
from bandg.cli.figure import Figure, draws
from bandg.cli.options import TERMINATIONS, Neighbors, Running, SetName, running, takes
from bandg.cli.tables import Column, show
from bandg.parameters.names import DEFAULT_SET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bandg.plot.sheet import Contents
    from bandg.spin.ensemble import Ensemble
    from bandg.spin.traces import Traces


def _contents(_: Mapping[str, Any]) -> Contents:
    """What may be chosen of the picture."""
    from bandg.plot.ensemble import CONTENTS

    return CONTENTS


@draws(_contents)
@takes(changes=nc.distortion, running=running)
def simulate(
    energy: Annotated[str, typer.Option(help="Photon energy of the laser, as 1.911eV.")],
    size: Annotated[str, typer.Option(help="Sizes from which the laser chooses: 8..14cells or 5..9nm:1nm.")],
    shape: nc.Shape = "cube",
    termination: Annotated[str | None, typer.Option(help=f"{TERMINATIONS}, or both with a comma.")] = None,
    set_name: SetName = DEFAULT_SET,
    laser_width: Annotated[str, typer.Option(help="Full width at half maximum of the laser.")] = "1meV",
    homogeneous: Annotated[str | None, typer.Option(help="Full width of each transition (Lorentzian).")] = None,
    mean: Annotated[
        str | None, typer.Option(help="Median size of the sample, as 9nm.", show_default="all are equally frequent")
    ] = None,
    spread: Annotated[float | None, typer.Option(help="Relative standard deviation of the size, with --mean.")] = None,
    scatter: Annotated[
        list[str] | None,
        typer.Option(
            help="What scatters: edges=1+-0.1, aspect, occupancy, surface_bonds, surface_scale, angle_1; or =0.8..1; "
            "repeated."
        ),
    ] = None,
    shares: Annotated[str | None, typer.Option(help="Share of each termination: 0.7,0.3; default: equal.")] = None,
    orientation: Annotated[str, typer.Option(help="random, or fixed: light along z, field along x.")] = "random",
    count: Annotated[int, typer.Option(min=2, help="Nanocrystals.")] = 2000,
    draw: Annotated[int, typer.Option(help="Seed of what is drawn, and of the noise.")] = 0,
    field: Annotated[str, typer.Option(help="Fields of the traces.")] = "90mT,180mT,270mT,360mT,420mT",
    until: Annotated[str, typer.Option(help="Last delay.")] = "1ns",
    step: Annotated[str, typer.Option(help="Time step.")] = "5ps",
    amplitudes: Annotated[str, typer.Option(help="Signals of electron and hole; 0 leaves one out.")] = "1,1",
    t2_zero: Annotated[
        str | None, typer.Option(help="Another, exponential decay of electron and hole: 230ps,260ps.")
    ] = None,
    noise: Annotated[float, typer.Option(help="Standard deviation of the noise by the largest signal.")] = 0.0,
    neighbors: Neighbors = None,
    *,
    changes: nc.Options,
    seeds: Annotated[int | None, typer.Option(help="Random arrangements of vacancies; equally frequent.")] = None,
    out: Annotated[
        list[Path] | None, typer.Option(help="Write the traces to FILE.csv, everything to FILE.json; repeated.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw to FILE.pdf, .png or .svg.")] = None,
    running: Running,
    figure: Figure,
) -> None:
    """Simulate an ensemble that a laser excites: spread of g, T2* against field, and traces."""
    from bandg.base.files import check_writable
    from bandg.base.quantities import Grammar, named, parse_energies
    from bandg.spin import simulate as simulated

    for path in out or ():
        check_writable(path, (".csv", ".json"))
    asked = _signal(field, until, step, amplitudes, t2_zero, noise, draw)
    with running() as run:
        found = simulated(
            size,
            shape,
            None if termination is None else [word.strip() for word in termination.split(",")],
            set_name,
            energy_eV=parse_energies(energy, "energy", 1)[0],
            width_eV=parse_energies(laser_width, "laser-width", 1)[0],
            homogeneous_eV=nc.one_energy(homogeneous, "homogeneous") or 0.0,
            mean_nm=Grammar("mean", "9nm", ("nm",)).value(mean).number if mean is not None else None,
            spread=spread,
            scatter=named(scatter or (), "`scatter`", "edges=1+-0.1"),
            shares=_numbers(shares, "shares") if shares is not None else (),
            orientation=orientation,
            count=count,
            draw=draw,
            neighbors=neighbors,
            run=run,
            seeds=seeds,
            **changes(),
        )
    traces = found.traces(*asked)
    _report(found, asked)
    for path in out or ():
        _write(found, traces, asked, path)
    if plot is not None:
        from bandg.plot.ensemble import plot_ensemble
        from bandg.plot.output import save

        save(plot_ensemble(found, traces, asked.t2_zero_ps, **figure.look), plot)
    for path in [*(out or ()), *([plot] if plot else [])]:
        typer.echo(f"wrote {path}")


class _Signal(NamedTuple):
    """Arguments of `Ensemble.traces`."""

    field_T: Any
    time_ps: Any
    amplitudes: tuple[float, ...]
    t2_zero_ps: tuple[float, ...]
    noise: float
    seed: int


def _signal(
    field: str, until: str, step: str, amplitudes: str, t2_zero: str | None, noise: float, draw: int
) -> _Signal:
    """The options of the signal, checked before anything is computed."""
    import numpy as np

    from bandg.base.quantities import Grammar
    from bandg.spin.ensemble import MAX_POINTS, check_signal

    whole("draw", draw, 0)
    last, each = (
        Grammar(f"`{name}`", "5ps", ("ps",)).value(value).number for name, value in (("until", until), ("step", step))
    )
    if not 0 < each < last:
        raise BandgError("--step must be above zero and below --until")
    if last / each > MAX_POINTS:
        raise BandgError(f"--step gives more than {MAX_POINTS} delays up to --until: take a longer one")
    fields = np.array([one.number / 1000 for one in Grammar("field", "90mT,420mT", ("mT",)).values(field)])
    decays: tuple[float, ...] = (np.inf, np.inf)
    if t2_zero is not None:
        decays = tuple(one.number for one in Grammar("`t2_zero`", "230ps,260ps", ("ps",)).values(t2_zero))
    found = _Signal(
        fields, np.arange(0, last + each / 2, each), _numbers(amplitudes, "amplitudes"), decays, noise, draw
    )
    check_signal(*found)
    return found


def _write(found: Ensemble, traces: Traces, asked: _Signal, path: Path) -> None:
    from bandg.spin.output import write_ensemble, write_traces

    if path.suffix.lower() == ".csv":
        write_traces(traces, path)
        return
    made = {"amplitudes": list(asked.amplitudes), "noise": asked.noise, "seed": asked.seed}
    write_ensemble(found, traces, path, asked.t2_zero_ps, **made)


def _numbers(text: str, name: str) -> tuple[float, ...]:
    from bandg.base.quantities import Grammar

    return tuple(one.number for one in Grammar(f"`{name}`", "1,0.6").values(text))


def _report(found: Ensemble, asked: _Signal) -> None:
    """Print spreads and T2* of an ensemble."""
    import numpy as np

    from bandg.spin.results import time_text

    what = found.options
    scatter = "".join(f", {name} {value}" for name, value in what["scatter"].items())
    typer.echo(
        f"{what['set']}, {' and '.join(what['terminations'])}{scatter}: {len(found.weight)} nanocrystals at "
        f"{found.laser_eV:g} eV, which scatter as {found.effective:.0f} of equal weight"
    )
    rows = [(name, *found.spread(name)) for name in ("electron", "hole")]
    off = (
        ""
        if np.isnan(found.left_out[0])
        else (
            f"\nemulator with one inner size left out: {1000 * found.left_out[0]:.2g} meV, "
            f"g_e {found.left_out[1]:.2g}, g_h {found.left_out[2]:.2g}"
        )
    )
    for n, (name, *_) in enumerate(rows):
        if found.g[:, n].min() < 0 < found.g[:, n].max():
            size = np.abs(found.g[:, n])
            mean = found.weight @ size
            deviation = np.sqrt(found.weight @ (size - mean) ** 2)
            off += f"\ng of the {name} has both signs; a trace shows |g|: {mean:.4f} +- {deviation:.4f}"
    lost = f"\n{found.outside:.1%} of the sample lies outside of --size and is left out" if found.outside else ""
    show(
        "effective g",
        (
            Column("carrier", left=True),
            Column("mean", "+.4f"),
            Column("standard\ndeviation", ".4f"),
            Column("half width", ".4f"),
        ),
        rows,
        "half width: half of the distance of the quartiles, as of a Lorentzian" + off + lost,
    )
    names = ("electron", "hole")
    fields, decays = asked.field_T, asked.t2_zero_ps
    each = [found.t2_star_ps(name, fields, decay) for name, decay in zip(names, decays, strict=True)]
    rows = [(1000 * one, *map(time_text, times)) for one, *times in zip(fields, *each, strict=True)]
    show("T2*", (Column("field\n(mT)", "g"), Column("electron"), Column("hole")), rows)
