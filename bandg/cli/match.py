"""`bandg match`: which emulated nanocrystals fit a measured sample."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandg.cli.command import App
from bandg.cli.figure import Figure, draws
from bandg.cli.options import as_options, say_data
from bandg.cli.tables import Column, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bandg.analysis.match.request import Matches
    from bandg.analysis.match.result import Fit, Interval, Match
    from bandg.plot.sheet import Contents

app = App()

_G = "with its error, as 1.41+-0.05; |1.41| without a sign; 0.1 is assumed."
_SPREAD = "Spread of {} within the sample, half width as T2* gives it: bounds the scatter of sizes."
_SHOWN = 12
"""Most candidates in the table."""


def _contents(given: Mapping[str, Any]) -> Contents:
    """What may be chosen of the picture of any sample; its candidates are not known before the match."""
    from bandg.analysis.match.candidate import unknowns
    from bandg.analysis.match.request import chosen_emulators
    from bandg.plot.match import contents

    emulators = chosen_emulators(given["set_name"] or (), given["shape"] or (), None, ())
    return contents(list(dict.fromkeys(name for one in emulators for name in unknowns(one))))


@app.command("match")
@draws(_contents)
def match(
    energy: Annotated[
        str | None, typer.Option(help="Transition energy with its error, as 1.911+-0.01eV; 10 meV is assumed.")
    ] = None,
    g_e: Annotated[str | None, typer.Option("--g-e", help=f"g_e {_G}")] = None,
    g_h: Annotated[str | None, typer.Option("--g-h", help=f"g_h {_G}")] = None,
    g_bx: Annotated[str | None, typer.Option("--g-bx", help=f"g_e + g_h {_G}")] = None,
    size: Annotated[
        str | None,
        typer.Option(
            help="Edge of a cube, or diameter of the ball with the volume of a sphere's cells, with its error, as "
            "10+-1nm; 10 % is assumed."
        ),
    ] = None,
    dg_e: Annotated[str | None, typer.Option("--dg-e", help=_SPREAD.format("g_e"))] = None,
    dg_h: Annotated[str | None, typer.Option("--dg-h", help=_SPREAD.format("g_h"))] = None,
    data: Annotated[
        str | None,
        typer.Option(help="Instead: the samples of FILE.csv, .txt or .xlsx or a collection.", callback=say_data),
    ] = None,
    set_name: Annotated[str | None, typer.Option("--set", help="Sets to match with, A,B.", show_default="all")] = None,
    shape: Annotated[str | None, typer.Option(help="Shapes to match with, cube,sphere.", show_default="all")] = None,
    fix: Annotated[
        list[str] | None, typer.Option(help="An unknown that is known, as bromide=0 or inverse_eps=0.1; repeated.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write FILE.json.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw FILE.pdf, .png or .svg.")] = None,
    *,
    figure: Figure,
) -> None:
    """Find the nanocrystals that fit a measured sample: set, shape, size, surface, energy scale, by probability."""
    from bandg.analysis.match.request import match as library
    from bandg.base.files import check_writable
    from bandg.plot.output import save

    if out is not None:
        check_writable(out, (".json",))
    chosen = {"set": set_name or (), "shape": shape or (), "fix": fix or ()}
    found = library(energy, g_e, g_h, g_bx, size=size, dg_e=dg_e, dg_h=dg_h, data=data, **chosen)  # type: ignore[arg-type]
    print_matches(found)
    if out is not None:
        from bandg.runs.dataset import write_json

        write_json(found.to_dict(), out)
        typer.echo(f"wrote {out}")
    if plot is not None:
        from bandg.plot.match import plot_match

        save(plot_match(found, **figure.look), plot)
        typer.echo(f"wrote {plot}")


def print_matches(found: Matches) -> None:
    """Print one sample with all candidates, or one line for each sample."""
    if len(found.samples) == 1:
        print_match(found.samples[0])
    else:
        _print_samples(found)
    for sentence in found.notes:
        typer.echo(as_options(sentence))


def print_match(found: Match) -> None:
    """Print the candidates, the 68 % set, and what limits the result."""
    fits = sorted(found.fits, key=lambda one: one.chi2) if not found.found else found.fits
    names = _names(fits)
    rows = [
        (*_words(one), *_probability(one, found.found), one.chi2, one.p_value, *_cells(one, names, found.found))
        for one in fits[:_SHOWN]
    ]
    head = [Column("set", left=True), Column("shape", left=True)]
    head += [Column("probability", ".3f", optional=True), Column("+-", ".3f", optional=True)]
    head += [Column("chi^2", ".1f"), Column("p", ".2g")]
    title = f"{found.sample.name or 'sample'}: {', '.join(map(str, found.sample.data))}"
    show(title, (*head, *(Column(_heading(name)) for name in names)), rows, _caption(fits, found.found), keys=2)
    if len(fits) > _SHOWN:
        typer.echo(f"{len(fits) - _SHOWN} more candidates are less probable")
    typer.echo("")
    _print_verdict(found)


def _print_verdict(found: Match) -> None:
    """Print the 68 % set or that none fits, and what limits the result."""
    if found.found:
        sets = []
        for one, pairs in found.ranges68():
            sizes = " and ".join(f"{low:.2f}..{high:.2f}" for low, high in pairs)
            sets.append(f"{one.name} {sizes} nm")
        typer.echo(f"68 % set: {'; '.join(sets)}")
    else:
        best = found.closest
        typer.echo(
            f"None of these: chi^2 of the best is {best.chi2:.1f}, which chance exceeds with p = {best.p_value:.1g}."
        )
        typer.echo(_rests(found))
    for sentence in _sentences(found):
        typer.echo(sentence)


def _print_samples(found: Matches) -> None:
    """Print one line for each sample: its most probable candidate."""
    best = [one.fits[0] if one.found else one.closest for one in found.samples]
    names = _names(best)
    rows = [
        (
            one.sample.name,
            one.sample.energy_eV,
            *(_words(fit) if one.found else ("none of these", "")),
            _probability(fit, one.found)[0],
            fit.p_value if one.inside else None,
            *(_cells(fit, names, True) if one.found else [""] * len(names)),
        )
        for one, fit in zip(found.samples, best, strict=True)
    ]
    head = [Column("sample", left=True), Column("eV", ".3f"), Column("set", left=True), Column("shape", left=True)]
    head += [Column("probability", ".3f"), Column("p", ".2g")]
    columns = (*head, *(Column(_heading(name)) for name in names))
    count = sum(not one.found for one in found.samples)
    title = f"most probable candidate of each of {len(found.samples)} samples"
    title += f"; none of these fits {count} of them" if count else ""
    show(title, columns, rows, _caption(best, True), keys=2)
    typer.echo("")
    assumed = [one for one in found.samples if any(datum.assumed for datum in one.sample.data)]
    for one in found.samples:
        name = one.sample.name or f"{one.sample.energy_eV:g} eV"
        if one in assumed:
            typer.echo(f"{name}: {', '.join(map(str, one.sample.data))}")
        if one.inside and not one.found:
            typer.echo(f"{name}: {_rests(one)}")
        for sentence in _sentences(one):
            typer.echo(f"{name}: {sentence}")


def _sentences(found: Match) -> list[str]:
    """What spreads say of the sizes, and what limits the result."""
    limits = found.size_scatter() if found.found else {}
    return [
        f"The stated {name} allows the sizes a scatter of {limit:.1%} at most: one standard deviation, where nothing "
        "else makes g scatter."
        for name, limit in limits.items()
    ] + found.notes()


def _rests(found: Match) -> str:
    """What the best nanocrystal leaves of each measured number."""
    best, parts = found.closest, []
    for one, value, rest in zip(found.sample.data, best.calculated, best.residuals, strict=True):
        name, unit, digits = {"energy_eV": ("energy", " eV", 3), "size_nm": ("size", " nm", 2)}.get(
            one.name, (one.name if one.name == one.quantity else f"|{one.name}|", "", 2)
        )
        off = round(one.value - value, digits) + 0.0
        parts.append(f"{name} {off:+.{digits}f}{unit} ({abs(rest):.1f})")
    what = "Measured minus calculated (in brackets: how many errors of measurement and curve that is)"
    return f"{what}, best of {best.name}: {', '.join(parts)}."


def _probability(one: Fit, found: bool) -> tuple[float | None, float | None]:
    """The probability with its error, nothing where no candidate fits."""
    return (one.probability, one.error) if found else (None, None)


def _names(fits: Sequence[Fit]) -> list[str]:
    """Unknowns of the candidates, the size first and 1 / eps last."""
    from bandg.analysis.match.candidate import INVERSE_EPS
    from bandg.analysis.match.result import SIZE

    free = dict.fromkeys(name for one in fits for name in one.unknowns)
    return [SIZE, *(name for name in free if name not in (SIZE, INVERSE_EPS)), *[INVERSE_EPS] * (INVERSE_EPS in free)]


def _heading(name: str) -> str:
    return {"size_nm": "size (nm)", "inverse_eps": "1/eps"}.get(name, name)


def _words(one: Fit) -> tuple[str, str]:
    return one.emulator.set, one.emulator.shape


def _cells(one: Fit, names: list[str], found: bool) -> list[str]:
    """Median and interval of each unknown, or where nothing fits its value in the best nanocrystal."""
    if not found:
        return [f"{one.best[name]:.3g}" if name in one.best else "" for name in names]
    return [_cell(one.unknowns.get(name)) for name in names]


def _cell(one: Interval | None) -> str:
    if one is None:
        return ""
    return f"{one.median:.3g} ({one.low:.3g}..{one.high:.3g}){'' if one.constrained else '*'}"


def _caption(fits: Sequence[Fit], found: bool) -> str:
    labels = {knob.name: knob.label for one in fits for knob in one.emulator.knobs}
    free = found and any(not unknown.constrained for one in fits for unknown in one.unknowns.values())
    text = "median and central 68 %" if found else "the nanocrystals with the smallest chi^2"
    text += "; p: how often chance exceeds chi^2 of the best nanocrystal\n"
    text += "* as the prior: the data do not constrain it\n" * free
    return text + "\n".join(f"{name}: {label}" for name, label in labels.items())
