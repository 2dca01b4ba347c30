"""`bandg compute`: levels and g-factors against size, as a table, a file and a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandg.cli import nanocrystal as options
from bandg.cli.command import App
from bandg.cli.figure import Figure, draws, say_caption
from bandg.cli.options import (
    TERMINATIONS,
    Data,
    Neighbors,
    Running,
    as_options,
    running,
    takes,
)
from bandg.cli.tables import Column, show
from bandg.parameters.names import DEFAULT_SET

if TYPE_CHECKING:
    from bandg.plot.sheet import Contents
    from bandg.runs.table import LevelTable

app = App()

_COLUMNS = (
    Column("size\nnm", ".3f", "size_nm"),
    Column("cells", key="cells", optional=True),
    Column("edges\nPb", key="edges", optional=True),
    Column("seed", key="seed", optional=True),
    Column("orbitals", key="n_orbitals"),
    Column("E_e\neV", ".4f", "E_e_eV"),
    Column("E_h\neV", ".4f", "E_h_eV"),
    Column("E_e-E_h\neV", ".4f", "E_gap_eV"),
    Column("J\neV", ".4f", "J_eV"),
    Column("pol.\neV", ".4f", "polarization_eV"),
    Column("E_X\neV", ".4f", "E_exciton_eV"),
    Column("g_e", "+.3f", "g_e"),
    Column("g_h", "+.3f", "g_h"),
    Column("g_BX", "+.3f", "g_bx"),
    Column("surf\ne", ".3f", "surface_weight_e", optional=True),
    Column("surf\nh", ".3f", "surface_weight_h", optional=True),
    Column("glass\ne", ".3f", "glass_weight_e"),
    Column("glass\nh", ".3f", "glass_weight_h"),
)

_ERROR_COLUMNS = (
    Column("E_e\neV", ".4f", "E_e_stderr_eV"),
    Column("E_h\neV", ".4f", "E_h_stderr_eV"),
    Column("E_e-E_h\neV", ".4f", "E_gap_stderr_eV"),
    *(Column(heading, ".3f", f"{key}_stderr") for heading, key in (("g_e", "g_e"), ("g_h", "g_h"), ("g_BX", "g_bx"))),
    *(
        Column(f"{heading}\nat E", ".3f", f"{key}_stderr_at_E")
        for heading, key in (("g_e", "g_e"), ("g_h", "g_h"), ("g_BX", "g_bx"))
    ),
)


def _contents(given: Mapping[str, Any]) -> Contents:
    """What may be chosen of the picture: one curve for each termination."""
    from bandg.api.plan import load, options_of
    from bandg.models.base import find
    from bandg.plot.levels import contents

    model = find(given["model"])
    parameters = load(model, given["set_name"])
    if given["structure"] or model.nanocrystals(parameters) is not None:
        return contents(range(1, 1000))
    options = model.complete(parameters, options_of(model, parameters, given["termination"], {}, {}))
    return contents([len(options.terminations)])


@app.command("compute")
@draws(_contents, measured=True)
@takes(changes=options.distortion, mixed=options.alloy, running=running)
def compute(
    size: Annotated[
        str | None,
        typer.Option(
            help="7nm, 4..16nm, 4..16nm:1nm, 5nm,8nm or 7..25cells: cube edge or sphere diameter; 4x4x6nm: cuboid.",
            show_default="4..16nm",
        ),
    ] = None,
    energy: Annotated[
        str | None,
        typer.Option(
            help="In place of --size: the sizes whose transition (--exciton: pair) energies cover 1.69..2.25eV."
        ),
    ] = None,
    shape: options.Shape = "cube",
    termination: Annotated[
        str | None,
        typer.Option(help=f"{TERMINATIONS}, or both with a comma; of --model kp hard-wall or glass."),
    ] = None,
    center: options.Center = None,
    set_name: Annotated[
        str | None,
        typer.Option("--set", help="Parameter set, by name or path.", show_default=DEFAULT_SET),
    ] = None,
    neighbors: Neighbors = None,
    levels: Annotated[int, typer.Option(help="Levels of each carrier, from all representations.")] = 1,
    intra_atomic: Annotated[
        bool, typer.Option("--intra-atomic", help="Add the angular momentum of the p shells to g.")
    ] = False,
    model: Annotated[str, typer.Option(help="etb, or kp: the 8-band envelope model.")] = "etb",
    barrier: Annotated[
        str | None, typer.Option(help="kp: heights of the glass, 3eV or 3eV,2eV for electron and hole.")
    ] = None,
    exciton: Annotated[
        str | None,
        typer.Option(
            help="haken, haken:eps_inf=5,eps_static=25,radius=3nm, pollmann-buettner, constant:eps=6 or none."
        ),
    ] = None,
    eps_out: Annotated[
        float | None, typer.Option(help="Exciton: dielectric constant of the surroundings; 2.25 of glass.")
    ] = None,
    truncation: options.Truncation = None,
    *,
    mixed: options.Options,
    changes: options.Options,
    seeds: Annotated[int | None, typer.Option(help="Number of seeds, averaged with standard errors.")] = None,
    structure: options.StructureFile = None,
    species: options.Species = None,
    solver: options.Solver = "auto",
    observables: Annotated[
        str | None, typer.Option(help="More columns: E_p_eV (optical matrix element), oscillator_strength.")
    ] = None,
    band: Annotated[bool, typer.Option("--band", help="Add the errors of the fit of the set: 68 and 95 %.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write FILE.csv, .nc or .json.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw g against energy to FILE.pdf, .png or .svg.")] = None,
    data: Data = None,
    running: Running,
    figure: Figure,
) -> None:
    """Compute confined levels and g-factors of nanocrystals against size."""
    from bandg.api.compute import level_table
    from bandg.base.errors import BandgError
    from bandg.base.files import check_writable
    from bandg.models.base import find
    from bandg.runs.dataset import FORMATS, write

    if out is not None:
        check_writable(out, FORMATS)
        for second_file, wanted in ((".levels.csv", levels > 1), (".mean.csv", (seeds or 1) > 1)):
            if wanted and out.suffix.lower() == ".csv":
                check_writable(out.with_suffix(second_file), FORMATS)
    if data and plot is None:
        raise BandgError("--data is for the picture: add --plot FILE.pdf, or leave --data out")
    points = None
    if data or figure.measured:
        from bandg.data.choice import measured_points

        points = figure.points(measured_points(data or "none"), data)
    given = changes() | mixed()
    with running() as run:
        table = level_table(
            size,
            shape,
            termination,
            set_name,
            energy=energy,
            center=center,
            neighbors=neighbors,
            levels=levels,
            intra_atomic=intra_atomic,
            model=model,
            barrier=barrier,
            exciton=exciton,
            eps_out=eps_out,
            solver=solver,
            observables=["details", *(name.strip() for name in (observables or "").split(",") if name.strip())],
            band=band,
            run=run,
            truncation=truncation,
            seeds=seeds,
            structure=options.read_option(structure, species, set_name or find(model).default_set, given["second"]),
            **given,
        )
    if set_name is not None and model == "etb":
        from bandg.parameters.loader import load_set

        options.say_own_crystal(load_set(set_name), given["tilt"] or structure, given["angles"], given["keep"])
    print_table(table)
    print_errors(table)
    print_tensors(table)
    print_averages(table)
    print_levels(table)
    print_warnings(table)
    for path in write(table, out) if out is not None else []:
        typer.echo(f"wrote {path}")
    if plot is not None:
        from bandg.plot.levels import levels_caption, plot_levels
        from bandg.plot.output import save

        dataset = table.to_dataset()
        save(plot_levels(dataset, points, **figure.look), plot)
        typer.echo(f"wrote {plot}")
        say_caption(levels_caption(dataset, points))


def print_table(table: LevelTable) -> None:
    """Print the band-edge table, one part for each termination."""
    from bandg.runs.dataset import crystals
    from bandg.runs.observables import known
    from bandg.runs.rows import edge_rows

    cached = [crystal["cached"] for crystal in crystals(table)]
    rows = [row | {"cached": "*" if flag else ""} for row, flag in zip(edge_rows(table), cached, strict=True)]
    more = (Column(_heading(name, one.unit), ".3f", name) for one in known() if one.states for name in one.columns)
    columns = [one for one in (*_COLUMNS, *more, Column("", key="cached", optional=True)) if one.key in rows[0]]
    for termination in dict.fromkeys(row["termination"] for row in rows):
        chosen = [row for row in rows if row["termination"] == termination]
        first = chosen[0]
        surface = f"{termination} termination, centered on {'/'.join(dict.fromkeys(row['center'] for row in chosen))}"
        if first["shape"] == "structure":
            surface = f"{len(rows)} from atoms"
        surface += "".join(f"\n{text}" for text in dict.fromkeys(row["distortion"] for row in chosen) if text)
        surface += _origin(table, chosen)
        surface += f"\nexciton: {first['exciton']}" if first.get("exciton") else ""
        title = f"{first['set']} (etb, neighbors {first['neighbors']})\n{first['shape']}, {surface}"
        if first["model"] == "kp":
            title = f"{first['set']} (k.p, 8 bands)\n{first['shape']}, {_wall(table, termination)}"
            columns = [replace(one, heading="functions") if one.key == "n_orbitals" else one for one in columns]
        pair = "\nE_X = E_e-E_h - J + pol.: the pair to first order, too high by its correlation of 5 to 20 meV"
        caption = (
            f"energies on the set's own zero; E_e-E_h has no exciton binding{pair if 'J_eV' in first else ''}\n"
            "g_h of the valence doublet (electron picture)" + ("; * from the cache" if any(cached) else "")
        )
        show(title, columns, chosen, caption)


def _origin(table: LevelTable, rows: list[dict[str, Any]]) -> str:
    """Where the shifts at the surface come from, on a line of its own."""
    import json

    text = json.loads(table.attrs["provenance"])["surface"]
    return (
        f"\n{as_options(text)}" if text and any("surface shifts" in (row["distortion"] or "") for row in rows) else ""
    )


def _heading(column: str, unit: str) -> str:
    return column if unit == "1" else f"{column.removesuffix(f'_{unit}')}\n{unit}"


def print_tensors(table: LevelTable) -> None:
    """Print the principal values of g and their axes if they are not all equal."""
    from bandg.models.observable import CARRIERS
    from bandg.runs.rows import columns_of

    values = table.variables["g_axis"].values
    seeds = columns_of(table)["seed"]
    several = len({int(seed) for seed in seeds}) > 1  # one by one they fill the screen and say little: see the files
    uneven = [i for i in range(len(values)) if float(abs(values[i] - values[i, :, :1]).max()) > 5e-4]
    rows = []
    for i in uneven:
        size, group, direction = (table.variables[name].values[i] for name in ("size_nm", "point_group", "g_direction"))
        seed = int(seeds[i])
        for c, carrier in enumerate(CARRIERS if seed < 0 or not several else ()):
            axes = (" ".join(f"{component:+.2f}" for component in axis) for axis in direction[c])
            where = (float(size), None if seed < 0 else seed, str(group))
            rows.append((*where, carrier, *values[i, c], *axes))
    if rows:
        columns = [Column("size\nnm", ".3f"), Column("seed", optional=True), *map(Column, ("symmetry", "carrier"))]
        columns += [Column(f"g_{x}", "+.3f") for x in "xyz"] + [Column(f"axis {x}") for x in "xyz"]
        title = "principal values of g, by the cubic axis that each lies nearest to"
        show(title, columns, rows, "axis: unit vector of the field")


def print_errors(table: LevelTable) -> None:
    """Print the standard errors by the fit of the set, if they were asked for."""
    from bandg.runs.rows import edge_rows

    rows = edge_rows(table)
    if "g_e_stderr" not in rows[0]:
        return
    head = (Column("size\nnm", ".3f", "size_nm"), Column("", key="termination"))
    columns = [*head, *(one for one in _ERROR_COLUMNS if one.key in rows[0])]
    caption = "at E: at fixed transition energy, the width of the curve; others at fixed size\n95 %: 1.96 times as much"
    show("standard errors by the fit of the set (68 %)", columns, rows, caption, keys=2)


def print_averages(table: LevelTable) -> None:
    """Print the averages over seeds with their standard errors."""
    from bandg.runs.rows import average_rows

    rows: list[list[Any]] = []
    for row in average_rows(table):
        rows.append([row["size_nm"], row["termination"], row["seeds"]])
        for name, digits, sign in (("E_gap_eV", 4, ""), ("g_e", 3, "+"), ("g_h", 3, "+"), ("g_bx", 3, "+")):
            rows[-1].append(f"{row[name]:{sign}.{digits}f} ± {row[f'{name}_stderr']:.{digits}f}")
    if rows:
        headings = ("termination", "seeds", "E_e-E_h (eV)", "g_e", "g_h", "g_BX")
        columns = (Column("size (nm)", ".3f"), *map(Column, headings))
        show("averages over seeds, with standard errors of the mean", columns, rows)


def _wall(table: LevelTable, termination: str) -> str:
    """The surroundings of a k.p nanocrystal."""
    import json

    if termination == "hard-wall":
        return "hard walls"
    electron, hole = json.loads(table.attrs["provenance"])["barrier_eV"]
    return f"in glass, barriers {electron:g} eV (electron) and {hole:g} eV (hole)"


_LEVEL_COLUMNS = (
    Column("carrier", key="carrier"),
    Column("level", key="level"),
    Column("E (eV)", ".4f", "E_eV"),
    Column("irrep", key="irrep"),
    Column("deg.", key="degeneracy"),
    Column("g", "+.3f", "g"),
    Column("g_1", "+.3f", "g_1"),
    Column("g_2", "+.3f", "g_2"),
    Column("surface", ".3f", "surface_weight"),
    Column("overlap", ".3f", "overlap"),
)


def print_levels(table: LevelTable) -> None:
    """Print the levels of each carrier, one table for each nanocrystal, if more than the band edges were asked for."""
    from bandg.runs.rows import level_rows

    if table.sizes.get("level", 1) == 1:
        return
    crystals: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in level_rows(table):
        place = tuple(row[name] for name in ("size_nm", "termination", "center", "edges", "seed", "distortion"))
        crystals.setdefault(place, []).append(row)
    for (size, termination, center, edges, seed, _), rows in crystals.items():
        title = f"levels at {size:.3f} nm{f', {edges} Pb' if edges else ''}, {termination} termination, centered on "
        title += f"{center}{'' if seed is None else f', seed {seed}'}"
        show(title, _LEVEL_COLUMNS, rows, "nearest to the gap first\nquartet: H_Z = mu_B B (g_1 J_z + g_2 J_z^3)")


def print_warnings(table: LevelTable) -> None:
    """Print the warnings of a computation to standard error; one that holds for every nanocrystal is printed once."""
    from bandg.runs.dataset import crystals

    own = crystals(table)
    common = set.intersection(*(set(crystal["warnings"]) for crystal in own))
    for warning in sorted(common):
        typer.echo(f"warning: {as_options(warning)}", err=True)
    for number, crystal in enumerate(own):
        for warning in crystal["warnings"]:
            if warning not in common:
                size, end = (table.variables[name].values[number] for name in ("size_nm", "termination"))
                typer.echo(f"warning: {size:.3f} nm {end}: {as_options(warning)}", err=True)
