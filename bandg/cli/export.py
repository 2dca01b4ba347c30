"""`bandg export`: one nanocrystal as matrix, atoms with densities, and picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bandg.base.errors import BandgError
from bandg.cli import nanocrystal as options
from bandg.cli.command import App
from bandg.cli.figure import Figure, draws
from bandg.cli.options import Force

app = App()


@app.command("export")
@draws
@options.takes_one_nanocrystal
def export(
    one_nanocrystal: options.OneNanocrystal,
    solver: options.Solver = "auto",
    matrix: Annotated[Path | None, typer.Option(help="Write the full H to FILE.npz and its basis to FILE.csv.")] = None,
    atoms: Annotated[
        Path | None, typer.Option(help="Write the atoms with electron and hole densities to FILE.extxyz.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw atoms and densities to FILE.pdf, .png or .svg.")] = None,
    force: Force = False,
    *,
    figure: Figure,
) -> None:
    """Write one nanocrystal for other programs: Hamiltonian, atoms with densities, picture."""
    from bandg.base.files import check_writable
    from bandg.models.etb.full import densities, full_system, require_ase, write_atoms, write_matrix
    from bandg.plot.output import check_picture_path, save
    from bandg.solvers.registry import check_solver

    if matrix is None and atoms is None and plot is None:
        raise BandgError("nothing to write: add --matrix FILE.npz, --atoms FILE.extxyz or --plot FILE.png")
    check_solver(solver)
    if plot is not None:
        check_picture_path(plot)
    for path, formats in ((matrix, (".npz",)), (atoms, (".extxyz", ".xyz"))):
        if path is not None:
            check_writable(path, formats)
    if atoms is not None:
        require_ase()
    material, crystal, shells = one_nanocrystal()
    levels = atoms is not None or plot is not None
    options.check_memory((material, crystal, shells), solver, matrix is not None, levels, force)
    system = full_system(material, crystal, shells)
    if matrix is not None:
        for path in write_matrix(system, matrix):
            typer.echo(f"wrote {path}")
    if not levels:
        return
    weights = densities(material, crystal, shells, solver)
    typer.echo(f"electron {weights.E_e_eV:.4f} eV, hole {weights.E_h_eV:.4f} eV")
    if atoms is not None:
        write_atoms(system, atoms, weights)
        typer.echo(f"wrote {atoms}")
    if plot is not None:
        from bandg.plot.density import plot_densities

        group = system.reduced.orbits.group.name
        title = f"{material.parameters.name}, {len(system.species)} atoms, {group}"
        save(plot_densities(system, weights, title, **figure.look), plot)
        typer.echo(f"wrote {plot}")
