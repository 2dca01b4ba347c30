"""`bandg export`: one nanocrystal as matrix, atoms with densities, and picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandg.base.errors import BandgError
from bandg.cli import nanocrystal as options
from bandg.cli.command import App
from bandg.cli.figure import Figure, draws
from bandg.cli.options import Force, takes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bandg.plot.sheet import Contents

app = App()

_PER_ORBITAL_S = 1e-5
"""Seconds for each spin-orbital to build and to write a nanocrystal."""


def _contents(_: Mapping[str, Any]) -> Contents:
    """What may be chosen of the picture."""
    from bandg.plot.density import CONTENTS

    return CONTENTS


@app.command("export")
@draws(_contents)
@takes(one_nanocrystal=options.one_nanocrystal)
def export(
    one_nanocrystal: options.OneNanocrystal,
    solver: options.Solver = "auto",
    matrix: Annotated[Path | None, typer.Option(help="Write the full H to FILE.npz and its basis to FILE.csv.")] = None,
    atoms: Annotated[
        Path | None, typer.Option(help="Write the atoms with electron and hole densities to FILE.extxyz.")
    ] = None,
    cube: Annotated[
        Path | None, typer.Option(help="Write the densities to FILE.electron.cube and FILE.hole.cube, for VESTA.")
    ] = None,
    spread: Annotated[
        str | None,
        typer.Option(help="Of --cube: standard deviation of the Gaussian of an atom.", show_default="0.15nm"),
    ] = None,
    amplitudes: Annotated[Path | None, typer.Option(help="Write the spinor amplitudes to FILE.npz.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw a slice of the densities to FILE.pdf, .png or .svg.")] = None,
    force: Force = False,
    *,
    figure: Figure,
) -> None:
    """Write one nanocrystal for other programs: Hamiltonian, atoms with densities, amplitudes, picture."""
    from bandg.base.files import check_writable
    from bandg.base.quantities import Grammar
    from bandg.cli.progress import progress
    from bandg.models.etb import cube as cubes
    from bandg.models.etb.full import (
        densities_of,
        full_system,
        require_ase,
        write_amplitudes,
        write_atoms,
        write_matrix,
    )
    from bandg.models.etb.job import Job
    from bandg.models.etb.nanocrystal import band_edges
    from bandg.plot.output import save
    from bandg.runs.estimate import LONG_S, START_S, about
    from bandg.runs.progress import announce
    from bandg.solvers.registry import check_solver

    of_states = (atoms, cube, amplitudes, plot)
    if matrix is None and of_states == (None,) * len(of_states):
        wanted = "--atoms FILE.extxyz, --cube FILE.cube, --amplitudes FILE.npz or --plot FILE.png"
        raise BandgError(f"nothing to write: add --matrix FILE.npz, {wanted}")
    if spread is not None and cube is None:
        raise BandgError("--spread belongs to --cube FILE.cube")
    width = cubes.SPREAD_NM if spread is None else Grammar("`spread`", "0.15nm", ("nm",)).value(spread).number
    if not width > 0:
        raise BandgError(f"--spread {spread} must be above zero")
    check_solver(solver)
    for path, formats in ((matrix, (".npz",)), (amplitudes, (".npz",)), (atoms, (".extxyz", ".xyz"))):
        if path is not None:
            check_writable(path, formats)
    if cube is not None:
        cubes.cube_paths(cube)
    if atoms is not None:
        require_ase()
    material, crystal, shells = one_nanocrystal()
    levels = any(path is not None for path in of_states)
    options.check_memory((material, crystal, shells), solver, matrix is not None, levels, force)
    one = Job(material.parameters, crystal, shells, solver=solver)
    expected = START_S + _PER_ORBITAL_S * one.estimate_n_orbitals() + (one.estimate_seconds() if levels else 0.0)
    with progress() as shown:
        if expected > LONG_S:
            announce(shown, f"{one.label}, {'its band edges' if levels else 'its matrix'}; {about(expected)}")
        shown.start(1 + levels, "steps")
        system = full_system(material, crystal, shells)
        shown.advance("atoms and symmetry")
        edges = band_edges(material, crystal, shells, solver) if levels else None
        if edges:
            shown.advance("band edges")
    if matrix is not None:
        for path in write_matrix(system, matrix):
            typer.echo(f"wrote {path}")
    if edges is None:
        return
    electron, hole = edges
    weights = densities_of(electron, hole)
    typer.echo(f"electron {weights.E_e_eV:.4f} eV, hole {weights.E_h_eV:.4f} eV")
    if atoms is not None:
        write_atoms(system, atoms, weights)
        typer.echo(f"wrote {atoms}")
    if amplitudes is not None:
        write_amplitudes(system, amplitudes, electron, hole)
        typer.echo(f"wrote {amplitudes}")
    if cube is not None:
        for path in cubes.write_cubes(system, cube, weights, width):
            typer.echo(f"wrote {path}")
    if plot is not None:
        from bandg.plot.density import plot_densities

        group = system.reduced.orbits.group.name
        title = f"{material.parameters.name}, {len(system.species)} atoms, {group}"
        save(plot_densities(system, weights, title, **figure.look), plot)
        typer.echo(f"wrote {plot}")
