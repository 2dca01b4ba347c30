"""`bandg kp`: bulk g-factors from the k.p laws, the laws themselves, and sets extracted from tight binding."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bandg.base.errors import BandgError
from bandg.cli.command import App
from bandg.cli.options import SetName
from bandg.parameters.names import DEFAULT_SET, LAW_SET

app = App(help="k.p theory: bulk laws, formulas, sets from tight binding.", no_args_is_help=True)
LEAST_SHARE = 5e-4
"""Levels that give less to g are not listed."""


def parse_gap(text: str) -> float:
    """A gap in eV from "1.911eV". Raises BandgError where the unit is missing or another, or the gap makes no sense."""
    from bandg.base.quantities import parse_energies

    (value,) = parse_energies(text, "gap", most=1)
    if not 0.05 <= value <= 20:
        raise BandgError(f"gap {text!r} must be one energy within 0.05..20 eV")
    return value


@app.command()
def bulk(
    gap: Annotated[str | None, typer.Option(help="Gap with its unit, as 1.911eV; default: the set's.")] = None,
    set_name: Annotated[str, typer.Option("--set", help="k.p or tight-binding set, by name or path.")] = LAW_SET,
    out: Annotated[Path | None, typer.Option(help="Write FILE.json.")] = None,
) -> None:
    """Bulk g-factors, and masses where the set has remote bands, at a gap."""
    from bandg.base.files import check_writable
    from bandg.models.kp.bulk import KpBulk
    from bandg.models.kp.sets import load_kp

    if out is not None:
        check_writable(out, (".json",))
    energy = None if gap is None else parse_gap(gap)
    chosen = load_kp(set_name)
    values = KpBulk(chosen, energy).values()
    result = {name: value for name, value in values.items() if name != "E_g_eV"}
    typer.echo(f"{chosen.name}, gap {values['E_g_eV']:.4g} eV: " + describe(result))
    if out is not None:
        from bandg.runs.dataset import write_json

        write_json({"set": chosen.name} | values, out)
        typer.echo(f"wrote {out}")


def describe(result: dict[str, float]) -> str:
    """The numbers on one line."""
    return ", ".join(f"{name} = {value:+.4f}" for name, value in result.items())


@app.command()
def formula(
    quantity: Annotated[str, typer.Argument(help="g_h or g_e.")],
    law: Annotated[str, typer.Option(help="bulk, effective-gap, kane or fourth-order.")] = "bulk",
    latex: Annotated[bool, typer.Option("--latex", help="Print LaTeX.")] = False,
    separate: Annotated[bool, typer.Option("--separate", help="Keep P6 (to R6-) and P8 (to R8-) apart.")] = False,
    field: Annotated[
        str | None, typer.Option("--crystal-field", help="tetragonal or orthorhombic: g_x, g_y, g_z of the bulk.")
    ] = None,
) -> None:
    """Print a law as it comes out of the derivation; c = hbar^2 / 2 m0, P = hbar p / m0, k2 = <k^2>."""
    from bandg.models.kp import laws
    from bandg.models.kp.bulk import EDGES

    if quantity not in EDGES:
        raise BandgError(f"quantity {quantity!r} is unknown; choose g_h or g_e")
    if field is not None:
        if law != "bulk" or separate:
            raise BandgError(
                f"--crystal-field is for the bulk law alone: leave out {'--separate' if separate else '--law'}"
            )
        from bandg.models.kp import crystal_field

        for name, expression in crystal_field.formula(EDGES[quantity], field).items():
            typer.echo(f"{name} = {laws.describe(expression, latex)}")
        return
    typer.echo(laws.describe(laws.formula(EDGES[quantity], law, not separate), latex))


@app.command("from-etb")
def from_etb(
    set_name: SetName = DEFAULT_SET,
    out: Annotated[Path | None, typer.Option(help="Write FILE.toml.")] = None,
) -> None:
    """Extract the k.p set that has the same bands near R as a tight-binding set."""
    from bandg.base.files import check_writable, write_whole
    from bandg.base.marks import TOML_MARK
    from bandg.models.kp import sets as parameters

    if out is not None:
        check_writable(out, (".toml",))
    text = parameters.from_etb(set_name).to_toml()
    if out is None:
        typer.echo(text, nl=False)
        return
    write_whole(out, TOML_MARK + text)
    typer.echo(f"wrote {out}")


@app.command()
def decompose(
    set_name: SetName = DEFAULT_SET,
) -> None:
    """Which bands make the bulk g-factors, beside the first-principles decomposition."""
    from bandg.cli.tables import Column, show
    from bandg.models.etb.bulk import bulk as compute_bulk
    from bandg.models.kp.decompose import by_level, first_principles, tight_binding
    from bandg.parameters.loader import load_set

    parameters = load_set(set_name)
    crystal = compute_bulk(parameters)
    own, levels = tight_binding(crystal), by_level(crystal)
    columns: dict[str, dict[str, dict[str, float]]] = {parameters.name: own} | first_principles()
    for carrier in ("g_h", "g_e"):
        groups = dict.fromkeys(name for parts in columns.values() for name in parts[carrier])
        rows = [(group, *(parts[carrier].get(group) for parts in columns.values())) for group in groups]
        rows.append(("sum", *(sum(parts[carrier].values()) for parts in columns.values())))
        show(f"contributions to the bulk {carrier}", ["bands", *(Column(one, "+.3f") for one in columns)], rows)
        shown = [one for one in levels[carrier] if abs(one.share) >= LEAST_SHARE]
        single = [(one.energy_eV, one.irrep, one.group, one.share) for one in shown]
        show(
            f"{parameters.name}: {carrier} level by level",
            (Column("E (eV)", ".3f"), "irrep", "bands", Column("share", "+.3f")),
            single,
        )
    typer.echo(
        "First principles: at the gap of each functional, not the measured one; the term of the other band edge scales "
        "as 1 / gap. Halide levels shift between models: compare groups, not energies."
    )
