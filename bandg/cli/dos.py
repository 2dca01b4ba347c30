"""`bandg dos`: density of states of one nanocrystal by kernel polynomials, beside exact counts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bandg.cli import nanocrystal as options
from bandg.errors import BandgError

if TYPE_CHECKING:
    from bandg.dos import DensityOfStates


def dos(
    size: options.Size = None,
    shape: options.Shape = "cube",
    termination: options.Termination = None,
    center: options.Center = None,
    set_name: options.SetName = "nestoklon2023-standin",
    neighbors: options.Neighbors = None,
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
    structure: options.StructureFile = None,
    species: options.Species = None,
    solver: options.Solver = "auto",
    energies: Annotated[str | None, typer.Option(help="LO..HIeV of the curve; default: the whole spectrum.")] = None,
    moments: Annotated[int, typer.Option(help="Of the expansion; the resolution goes as its inverse.")] = 1000,
    vectors: Annotated[int, typer.Option(help="Random vectors; the error goes as their inverse root.")] = 10,
    vector_seed: Annotated[int, typer.Option(help="Seed of the random vectors.")] = 0,
    count: Annotated[
        str | None, typer.Option(help="Energies at which levels are counted exactly: -1eV,0.8eV,3eV.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write energy, density and error to FILE.csv.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw to FILE.pdf, .png or .svg.")] = None,
) -> None:
    """Density of states of the whole nanocrystal, and numbers of states beside exact counts."""
    import numpy as np

    from bandg.eigen import check_backend
    from bandg.files import check_writable, write_whole
    from bandg.plot.output import check_picture_path
    from bandg.ranges import parse_range
    from bandg.units import parse_energies

    check_backend(solver)
    if out is not None:
        check_writable(out, (".csv",))
    if plot is not None:
        check_picture_path(plot)
    at = [energy for energy in parse_energies(count, "count")] if count else []
    asked = parse_range(energies, "energies", "eV") if energies else None
    if asked is not None and not asked.lower < asked.upper:
        raise BandgError(f"energies {energies!r} must rise: write -5..5eV")
    material, crystal, shells = options.one_nanocrystal(
        *(size, structure, species, set_name, second, offset),
        shape=shape,
        termination=termination,
        center=center,
        neighbors=neighbors,
        truncation=truncation,
        strain=strain,
        tilt=tilt,
        angles=angles,
        fraction=fraction,
        x_vacancies=x_vacancies,
        pb_vacancies=pb_vacancies,
        occupancy=occupancy,
        seed=seed,
    )
    from bandg.dos import density_of_states, exact_counts
    from bandg.export import full_system

    system = full_system(material, crystal, shells)
    grid = None if asked is None else np.linspace(asked.lower, asked.upper, 1000)
    found = density_of_states(system, grid, moments, vectors, vector_seed)
    typer.echo(
        f"{found.n_orbitals} spin-orbitals, {moments} moments, {vectors} random vectors, resolution about "
        f"{found.resolution_eV:.3f} eV"
    )
    exact = exact_counts(system, at, solver)
    if at:
        typer.echo(f"{'eV':>9}  {'states below (kpm)':>22}  {'exact':>9}")
    for energy, number in zip(at, exact, strict=True):
        mean, error = found.count_below(energy)
        typer.echo(f"{energy:9.4f}  {f'{mean:.1f} +- {error:.1f}':>22}  {number:9d}")
    if out is not None:
        write_whole(out, lambda path: path.write_text(_csv(found), encoding="utf-8"))
        typer.echo(f"wrote {out}")
    if plot is not None:
        from bandg.plot.density import plot_dos

        title = f"{material.parameters.name}, {len(system.species)} atoms"
        plot_dos(found, plot, title, list(zip(at, exact, strict=True)))
        typer.echo(f"wrote {plot}")


def _csv(found: DensityOfStates) -> str:
    rows = zip(found.energies_eV, found.states_per_eV, found.error_per_eV, strict=True)
    return "energy_eV,states_per_eV,error_per_eV\n" + "".join(f"{e:.6g},{d:.6g},{s:.3g}\n" for e, d, s in rows)
