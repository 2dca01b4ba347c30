"""`bandg dos`: density of states of one nanocrystal by kernel polynomials, beside exact counts."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandg.base.errors import BandgError
from bandg.cli import nanocrystal as options
from bandg.cli.command import App
from bandg.cli.figure import Figure, draws
from bandg.cli.options import Force, takes
from bandg.cli.tables import Column, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bandg.plot.sheet import Contents

app = App()

_COUNT_SHARE = 0.25
"""Time to count the levels below an energy, by that to find two levels of each carrier."""


def _contents(given: Mapping[str, Any]) -> Contents:
    """What may be chosen of the picture."""
    from bandg.plot.dos import contents

    return contents(bool(given["count"]))


@app.command("dos")
@draws(_contents)
@takes(one_nanocrystal=options.one_nanocrystal)
def dos(
    one_nanocrystal: options.OneNanocrystal,
    solver: options.Solver = "auto",
    energies: Annotated[str | None, typer.Option(help="LO..HIeV of the curve; default: the whole spectrum.")] = None,
    moments: Annotated[int, typer.Option(help="Moments; the resolution is proportional to the inverse.")] = 1000,
    vectors: Annotated[int, typer.Option(help="Random vectors; the error is proportional to the inverse root.")] = 10,
    vector_seed: Annotated[int, typer.Option(help="Seed of the random vectors.")] = 0,
    count: Annotated[
        str | None, typer.Option(help="Energies at which levels are counted exactly: -1eV,0.8eV,3eV.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write energy, density and error to FILE.csv.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw to FILE.pdf, .png or .svg.")] = None,
    force: Force = False,
    *,
    figure: Figure,
) -> None:
    """Density of states of the whole nanocrystal, and numbers of states beside exact counts."""
    import numpy as np

    from bandg.base.files import check_writable
    from bandg.base.quantities import parse_energies
    from bandg.base.tables import write_csv
    from bandg.cli.progress import progress
    from bandg.models.etb.dos import check_expansion, density_of_states, estimate_seconds, exact_counts
    from bandg.models.etb.full import full_system, import_kwant
    from bandg.models.etb.job import Job
    from bandg.parameters.ranges import parse_range
    from bandg.plot.output import save
    from bandg.runs.estimate import LONG_S, about
    from bandg.runs.progress import announce
    from bandg.solvers.base import Counting
    from bandg.solvers.registry import AUTO, check_solver, solver_named

    if count is None and out is None and plot is None:
        raise BandgError("there is nothing to do: add --count 1eV, --out FILE.csv or --plot FILE.png")
    check_solver(solver)
    if out is not None:
        check_writable(out, (".csv",))
    at = list(parse_energies(count, "count")) if count else []
    if at and solver != AUTO and not issubclass(solver_named(solver), Counting):
        raise BandgError(
            f"the solver {solver} counts no levels: choose rslab, superlu or pardiso, or leave --count out"
        )
    asked = parse_range(energies, "energies", "eV") if energies else None
    check_expansion(moments, vectors, vector_seed)
    material, crystal, shells = one_nanocrystal()
    options.check_memory((material, crystal, shells), solver, True, bool(at), force)
    import_kwant("the density of states")
    system = full_system(material, crystal, shells)
    grid = None if asked is None else np.linspace(asked.lower, asked.upper, 1000)
    labels = system.reduced.labels if at else ()
    expected = estimate_seconds(system, moments, vectors)
    if at:
        whole = Job(material.parameters, crystal, shells, levels=2, solver=solver)
        expected += len(at) * _COUNT_SHARE * whole.estimate_seconds()
    counted_at = f", levels counted at {len(at)} {'energies' if len(at) > 1 else 'energy'}" if at else ""
    with progress() as shown:
        if expected > LONG_S:
            work = f"{moments} moments of {vectors} vectors of {system.hamiltonian.shape[0]} spin-orbitals"
            announce(shown, f"{work}{counted_at}; {about(expected)}")
        shown.start(vectors + len(labels), "vectors and blocks")
        of_vectors, of_blocks = (partial(shown.advance, what) for what in ("a random vector", "a block of levels"))
        found = density_of_states(system, grid, moments, vectors, vector_seed, of_vectors)
        exact = exact_counts(system, at, solver, of_blocks)
    typer.echo(
        f"{found.n_orbitals} spin-orbitals, {moments} moments, {vectors} random vectors, resolution about "
        f"{found.resolution_eV:.3f} eV"
    )
    if at:
        counted = [
            (energy, "{:.1f} +- {:.1f}".format(*found.count_below(energy)), number)
            for energy, number in zip(at, exact, strict=True)
        ]
        show("states below an energy", (Column("eV", ".4f"), Column("kpm"), Column("exact")), counted)
    if out is not None:
        columns = (found.energies_eV, found.states_per_eV, found.error_per_eV)
        rows = ((f"{e:.6g}", f"{d:.6g}", f"{s:.3g}") for e, d, s in zip(*columns, strict=True))
        names = ("energy_eV", "states_per_eV", "error_per_eV")
        write_csv(out, (dict(zip(names, row, strict=True)) for row in rows), names)
        typer.echo(f"wrote {out}")
    if plot is not None:
        from bandg.plot.dos import plot_dos

        title = f"{material.parameters.name}, {len(system.species)} atoms"
        save(plot_dos(found, title, list(zip(at, exact, strict=True)), **figure.look), plot)
        typer.echo(f"wrote {plot}")
