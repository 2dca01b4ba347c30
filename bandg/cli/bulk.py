"""`bandg bulk`: gap, masses and g-factors of a set beside the published ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandg.cli.options import Neighbors, SetName

if TYPE_CHECKING:
    from bandg.models.etb.bulk import Bulk
    from bandg.parameters.sets import ParameterSet


def bulk(
    set_name: SetName = "nestoklon2023-standin",
    neighbors: Neighbors = None,
    intra_atomic: Annotated[
        bool, typer.Option("--intra-atomic", help="Add the angular momentum of the p shells to g.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Write FILE.json.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the bands to FILE.pdf, .png or .svg.")] = None,
) -> None:
    """Bulk gap, spin-orbit splitting, masses, momentum elements and g-factors at R."""
    from bandg.base.files import check_writable
    from bandg.models.etb.bulk import bulk as compute_bulk
    from bandg.parameters.loader import load_set
    from bandg.runs.dataset import write_json

    if out is not None:
        check_writable(out, (".json",))
    if plot is not None:
        from bandg.plot.output import check_picture_path

        check_picture_path(plot)
    parameters = load_set(set_name)
    result = compute_bulk(parameters, neighbors)
    values = result.values(intra_atomic)
    _print(parameters, result, values)
    if out is not None:
        write_json({"set": parameters.name, "parameters_sha256": parameters.digest()} | values, out)
        typer.echo(f"wrote {out}")
    if plot is not None:
        from bandg.plot.bands import plot_bands
        from bandg.plot.output import save

        save(plot_bands(result, parameters.name), plot)
        typer.echo(f"wrote {plot}")


_ROWS = (
    ("E_g_eV", "gap at R", "eV"),
    ("Delta_eV", "R8- minus R6-", "eV"),
    ("m_e", "electron mass", "m0"),
    ("m_h", "hole mass", "m0"),
    ("g_e", "electron g", ""),
    ("g_h", "hole g (valence doublet)", ""),
    ("E_p_R6_eV", "E_p, R6+ to R6-", "eV"),
    ("E_p_R8_eV", "E_p, R6+ to R8-", "eV"),
    ("gap_M_eV", "gap at M", "eV"),
    ("E_v_eV", "valence-band top, set's zero", "eV"),
)


def _print(parameters: ParameterSet, result: Bulk, values: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("quantity", "", title=f"{parameters.name} ({parameters.material}), bulk at R")
    table.add_column("bandg", justify="right")
    table.add_column("published", justify="right")
    table.add_column("source")
    for key, meaning, unit in _ROWS:
        known = parameters.published.get(key)
        note = ("", "") if known is None else (f"{known.value:g}", f"{known.source} ({known.status})")
        table.add_row(meaning, unit, f"{values[key]:.4f}", *note)
    console.print(table)
    parts = Table("band", "E (eV)", "to g_h", "to g_e", title="where the g-factors come from")
    for column in parts.columns[1:]:
        column.justify = "right"
    spin, atomic = (
        (result.valence.spin_g, result.conduction.spin_g),
        (result.valence.atomic_g, result.conduction.atomic_g),
    )
    parts.add_row("spin", "", f"{spin[0]:+.3f}", f"{spin[1]:+.3f}")
    edges = (result.valence, result.conduction)
    shares = [{round(energy, 6): share for energy, _, share in edge.contributions} for edge in edges]
    for level in result.levels:
        pair = [share.get(round(level.energy, 6), 0.0) for share in shares]
        if max(map(abs, pair)) >= 5e-3:
            parts.add_row(level.irrep, f"{level.energy:.3f}", *(f"{value:+.3f}" for value in pair))
    name = "p shells' own moment" + ("" if values["intra_atomic"] else " (not in the sum)")
    parts.add_row(name, "", f"{atomic[0]:+.3f}", f"{atomic[1]:+.3f}")
    console.print(parts)
