"""`bandg compute`: levels and g-factors against size, as a table, a file and a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandg.cli import nanocrystal as options
from bandg.cli.options import Force, Neighbors, NoCache, Scheduler, SetName, Workers, running
from bandg.cli.tables import show

if TYPE_CHECKING:
    import xarray

_COLUMNS = (
    ("size_nm", "size\nnm", ".3f"),
    ("cells", "cells\n", "d"),
    ("edges", "edges\nPb", ""),
    ("seed", "seed\n", "d"),
    ("n_orbitals", "orbitals\n", "d"),
    ("E_e_eV", "E_e\neV", ".4f"),
    ("E_h_eV", "E_h\neV", ".4f"),
    ("E_gap_eV", "E_e-E_h\neV", ".4f"),
    ("g_e", "g_e\n", "+.3f"),
    ("g_h", "g_h\n", "+.3f"),
    ("g_bx", "g_BX\n", "+.3f"),
    ("surface_weight_e", "surf\ne", ".3f"),
    ("surface_weight_h", "surf\nh", ".3f"),
)

_KP_HEADINGS = {"n_orbitals": "functions\n", "surface_weight_e": "glass\ne", "surface_weight_h": "glass\nh"}


def compute(
    size: Annotated[
        str | None,
        typer.Option(
            help="7nm, 4..16nm, 4..16nm:1nm, 5nm,8nm or 7..25cells: cube edge or sphere diameter; 4x4x6nm: cuboid.",
            show_default="4..16nm",
        ),
    ] = None,
    shape: options.Shape = "cube",
    termination: Annotated[
        str | None, typer.Option(help="halide, lead or halide,lead; with --model kp hard-wall, glass or both.")
    ] = None,
    center: options.Center = None,
    set_name: SetName = "nestoklon2023-standin",
    neighbors: Neighbors = None,
    levels: Annotated[int, typer.Option(help="Levels of each carrier, from all representations.")] = 1,
    intra_atomic: Annotated[
        bool, typer.Option("--intra-atomic", help="Add the angular momentum of the p shells to g.")
    ] = False,
    model: Annotated[str, typer.Option(help="etb, or kp: the 8-band envelope model.")] = "etb",
    barrier: Annotated[
        str | None, typer.Option(help="kp: heights of the glass, 3eV or 3eV,2eV for electron and hole.")
    ] = None,
    truncation: options.Truncation = None,
    strain: options.Strain = None,
    tilt: options.Tilt = None,
    angles: options.Angles = None,
    second: options.Second = None,
    fraction: options.Fraction = None,
    offset: options.Offset = None,
    x_vacancies: options.XVacancies = None,
    pb_vacancies: options.PbVacancies = None,
    occupancy: options.Occupancy = None,
    seed: options.Seed = None,
    seeds: Annotated[int | None, typer.Option(help="So many seeds, averaged with standard errors.")] = None,
    structure: options.StructureFile = None,
    species: options.Species = None,
    solver: options.Solver = "auto",
    workers: Workers = None,
    scheduler: Scheduler = None,
    out: Annotated[Path | None, typer.Option(help="Write FILE.csv, .nc or .json.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw g against energy to FILE.pdf, .png or .svg.")] = None,
    data: Annotated[Path | None, typer.Option(help="Your measured points (CSV) for the plot.")] = None,
    no_cache: NoCache = False,
    force: Force = False,
) -> None:
    """Compute confined levels and g-factors of nanocrystals against size."""
    from bandg.api import compute as compute_dataset
    from bandg.base.files import check_writable
    from bandg.data.measured import load_measured
    from bandg.runs.dataset import FORMATS, write

    if out is not None:
        check_writable(out, FORMATS)
        for second_file, wanted in ((".levels.csv", levels > 1), (".mean.csv", (seeds or 1) > 1)):
            if wanted and out.suffix.lower() == ".csv":
                check_writable(out.with_suffix(second_file), FORMATS)
    if plot is not None:
        from bandg.plot.output import check_picture_path

        check_picture_path(plot)
    points = load_measured(data) if data is not None else ()
    with running(workers, scheduler, no_cache, force) as run:
        dataset = compute_dataset(
            size,
            shape,
            None if termination is None else list(dict.fromkeys(part.strip() for part in termination.split(","))),
            set_name,
            center=center,
            neighbors=neighbors,
            levels=levels,
            intra_atomic=intra_atomic,
            model=model,
            barrier=barrier,
            solver=solver,
            run=run,
            truncation=truncation,
            strain=strain,
            tilt=tilt,
            angles=angles,
            second=second,
            fraction=fraction,
            offset_eV=options.one_energy(offset, "offset"),
            x_vacancies=x_vacancies,
            pb_vacancies=pb_vacancies,
            occupancy=occupancy,
            seed=seed,
            seeds=seeds,
            structure=options.read_option(structure, species, set_name, second),
        )
    print_table(dataset)
    print_tensors(dataset)
    print_averages(dataset)
    print_levels(dataset)
    print_warnings(dataset)
    for path in write(dataset, out) if out is not None else []:
        typer.echo(f"wrote {path}")
    if plot is not None:
        from bandg.plot.levels import plot_levels
        from bandg.plot.output import save

        save(plot_levels(dataset, [*load_measured("meliakov2025"), *points]), plot)
        typer.echo(f"wrote {plot}")


def print_table(dataset: xarray.Dataset) -> None:
    """Print the band-edge table, one part for each termination."""
    from rich import box
    from rich.table import Table

    from bandg.runs.dataset import edge_rows

    rows = edge_rows(dataset)
    cached = dataset["cached"].values
    for termination in dict.fromkeys(row["termination"] for row in rows):
        chosen = [(row, flag) for row, flag in zip(rows, cached, strict=True) if row["termination"] == termination]
        first = chosen[0][0]
        centers = "/".join(dict.fromkeys(row["center"] for row, _ in chosen))
        surface = f"{termination} termination, centered on {centers}"
        if first["shape"] == "structure":
            surface = f"{len(rows)} from atoms"
        surface += "".join(f"\n{text}" for text in dict.fromkeys(row["distortion"] for row, _ in chosen) if text)
        title = f"{first['set']} (etb, neighbors {first['neighbors']})\n{first['shape']}, {surface}"
        if first["model"] == "kp":
            title = f"{first['set']} (k.p, 8 bands)\n{first['shape']}, {_wall(dataset, termination)}"
        table = Table(
            title=title,
            caption="energies on the set's own zero; E_e-E_h holds no exciton binding\n"
            "g_h of the valence doublet (electron picture)" + ("; * from the cache" if any(cached) else ""),
            box=box.SIMPLE_HEAD,
            padding=0,
        )
        empty = [name for name in ("cells", "edges", "seed") if all(row[name] in (None, "") for row, _ in chosen)]
        columns = [column for column in _COLUMNS if column[0] not in empty]
        for name, heading, _ in columns:
            named = _KP_HEADINGS.get(name, heading) if first["model"] == "kp" else heading
            table.add_column(named, justify="right", no_wrap=True)
        if any(cached):
            table.add_column("", no_wrap=True)
        for row, flag in chosen:
            table.add_row(
                *("" if row[name] is None else format(row[name], form) for name, _, form in columns),
                *(["*" if flag else ""] * any(cached)),
            )
        show(table)


def print_tensors(dataset: xarray.Dataset) -> None:
    """Print the principal values of g and their axes where they are not all equal."""
    from rich import box
    from rich.table import Table

    values = dataset["g_axis"].values
    seeds = dataset["seed"].values
    several = len({int(seed) for seed in seeds}) > 1  # one by one they fill the screen and say little: see the files
    uneven = [i for i in range(len(values)) if float(abs(values[i] - values[i, :, :1]).max()) > 5e-4]
    uneven = [i for i in uneven if seeds[i] < 0 or not several]
    if not uneven:
        return
    table = Table(
        title="principal values of g, by the cubic axis that each lies nearest to",
        caption="axis: unit vector of the field",
        box=box.SIMPLE_HEAD,
        padding=0,
    )
    for heading in ("size\nnm", "seed\n", "symmetry\n", "carrier\n", *(f"g_{x}\n" for x in "xyz")):
        table.add_column(heading, justify="right", no_wrap=True)
    for x in "xyz":
        table.add_column(f"axis {x}\n", justify="right", no_wrap=True)
    for i in uneven:
        row = dataset.isel(nc=i)
        seed = int(row["seed"])
        for c, carrier in enumerate(row["carrier"].values.tolist()):
            axes = (" ".join(f"{component:+.2f}" for component in axis) for axis in row["g_direction"].values[c])
            table.add_row(
                f"{float(row['size_nm']):.3f}",
                "" if seed < 0 else str(seed),
                str(row["point_group"].values),
                carrier,
                *(f"{value:+.3f}" for value in values[i, c]),
                *axes,
            )
    show(table)


def print_averages(dataset: xarray.Dataset) -> None:
    """Print the averages over seeds with their standard errors."""
    from rich import box
    from rich.table import Table

    from bandg.runs.averages import average_rows

    rows = average_rows(dataset)
    if not rows:
        return
    table = Table(
        title="averages over seeds, with standard errors of the mean", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    names = (
        ("E_gap_eV", "E_e-E_h (eV)", ".4f"),
        ("g_e", "g_e", "+.3f"),
        ("g_h", "g_h", "+.3f"),
        ("g_bx", "g_BX", "+.3f"),
    )
    for heading in ("size (nm)", "termination", "seeds", *(heading for _, heading, _ in names)):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        cells = (f"{row[name]:{form}} ± {row[f'{name}_stderr']:.{form[-2]}f}" for name, _, form in names)
        table.add_row(f"{row['size_nm']:.3f}", row["termination"], str(row["seeds"]), *cells)
    show(table)


def _wall(dataset: xarray.Dataset, termination: str) -> str:
    """What stands around a k.p nanocrystal."""
    import json

    if termination == "hard-wall":
        return "hard walls"
    electron, hole = json.loads(dataset.attrs["provenance"])["barrier_eV"]
    return f"in glass, barriers {electron:g} eV (electron) and {hole:g} eV (hole)"


_LEVEL_COLUMNS = (
    ("carrier", "carrier", ""),
    ("level", "level", "d"),
    ("E_eV", "E (eV)", ".4f"),
    ("irrep", "irrep", ""),
    ("degeneracy", "deg.", "d"),
    ("g", "g", "+.3f"),
    ("g_1", "g_1", "+.3f"),
    ("g_2", "g_2", "+.3f"),
    ("surface_weight", "surface", ".3f"),
    ("overlap", "overlap", ".3f"),
)


def print_levels(dataset: xarray.Dataset) -> None:
    """Print the levels of each carrier, one table a nanocrystal, where more than the band edges were asked for."""
    from rich import box
    from rich.table import Table

    from bandg.runs.dataset import level_rows

    if dataset.sizes["level"] == 1:
        return
    rows = level_rows(dataset)

    def place(row: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(row[name] for name in ("size_nm", "termination", "center", "edges", "seed", "distortion"))

    for key in dict.fromkeys(place(row) for row in rows):
        seed = "" if key[4] is None else f", seed {key[4]}"
        edges = f", {key[3]} Pb" if key[3] else ""
        table = Table(
            title=f"levels at {key[0]:.3f} nm{edges}, {key[1]} termination, centered on {key[2]}{seed}",
            caption="nearest to the gap first\nquartet: H_Z = mu_B B (g_1 J_z + g_2 J_z^3)",
            box=box.SIMPLE_HEAD,
            padding=0,
        )
        for _, heading, _ in _LEVEL_COLUMNS:
            table.add_column(heading, justify="right", no_wrap=True)
        for row in rows:
            if place(row) == key:
                cells = ("" if row[name] is None else format(row[name], form) for name, _, form in _LEVEL_COLUMNS)
                table.add_row(*cells)
        show(table)


def print_warnings(dataset: xarray.Dataset) -> None:
    """Print what the computation warns of, to standard error; what holds for every nanocrystal, once."""
    import json

    crystals = json.loads(dataset.attrs["provenance"])["nanocrystals"]
    common = set.intersection(*(set(crystal["warnings"]) for crystal in crystals))
    for warning in sorted(common):
        typer.echo(f"warning: {warning}", err=True)
    for number, crystal in enumerate(crystals):
        for warning in crystal["warnings"]:
            if warning not in common:
                size = float(dataset["size_nm"].values[number])
                typer.echo(f"warning: {size:.3f} nm {dataset['termination'].values[number]}: {warning}", err=True)
