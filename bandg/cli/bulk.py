"""`bandg bulk`: gap, masses and g-factors of a set beside the published ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandg.cli.command import App
from bandg.cli.options import Neighbors, SetName
from bandg.cli.tables import Column, show

if TYPE_CHECKING:
    from bandg.models.etb.bulk import Bulk
    from bandg.parameters.sets import ParameterSet

app = App()


@app.command("bulk")
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
    rows: list[tuple[Any, ...]] = []
    for key, meaning, unit in _ROWS:
        known = parameters.published.get(key)
        note = (None, "") if known is None else (known.value, f"{known.source} ({known.status})")
        rows.append((meaning, unit, values[key], *note))
    numbers = (Column("bandg", ".4f"), Column("published", "g"), "source")
    show(f"{parameters.name} ({parameters.material}), bulk at R", ("quantity", "", *numbers), rows)
    edges = (result.valence, result.conduction)
    rows = [("spin", None, *(edge.spin_g for edge in edges))]
    shares = [{round(energy, 6): share for energy, _, share in edge.contributions} for edge in edges]
    for level in result.levels:
        pair = [share.get(round(level.energy, 6), 0.0) for share in shares]
        if max(map(abs, pair)) >= 5e-3:
            rows.append((level.irrep, level.energy, *pair))
    name = "p shells' own moment" + ("" if values["intra_atomic"] else " (not in the sum)")
    rows.append((name, None, *(edge.atomic_g for edge in edges)))
    columns = ("band", Column("E (eV)", ".3f"), Column("to g_h", "+.3f"), Column("to g_e", "+.3f"))
    show("where the g-factors come from", columns, rows)
