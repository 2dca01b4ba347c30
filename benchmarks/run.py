"""Time and peak memory of bandg, and its ratios to plain and tuned solvers of the full Hamiltonian, in one run.

    uv run --group test python benchmarks/run.py [--quick] [--huge] [--out FILE.json]

Every figure comes from a fresh process with one BLAS thread. Machines are noisy: the ratios are what counts.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

THREADS = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
SET = "nestoklon2023-standin"
SAME_ENERGY_EV = 1e-8


def peak_memory_gb() -> float:
    """Peak resident memory of this process."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e9 if sys.platform == "darwin" else 1e6)


def crystal(cells: int) -> tuple[Any, Any]:
    """Parameter set and halide cube."""
    from bandg.crystal.shapes import cube
    from bandg.parameters.loader import load_set

    parameters = load_set(SET)
    return parameters, cube(cells, parameters.a_nm)


def task_bandg(cells: int, solver: str) -> dict[str, Any]:
    """Both band edges with g."""
    from bandg.models.etb.nanocrystal import compute_levels

    parameters, nanocrystal = crystal(cells)
    levels = compute_levels(parameters, nanocrystal, solver=solver)
    return {
        "seconds": levels.seconds,
        "E_e_eV": levels.electron.energy_eV,
        "E_h_eV": levels.hole.energy_eV,
        "g_e": levels.electron.g,
        "g_h": levels.hole.g,
        "orbitals": levels.n_orbitals,
        "block": max(levels.blocks.values()),
    }


def task_sweep(workers: int, solver: str) -> dict[str, Any]:
    """The whole sweep 4..16nm without cache."""
    import bandg

    start = time.perf_counter()
    dataset = bandg.compute("4..16nm", set=SET, solver=solver, run=bandg.Run(workers=workers, cache=False))
    return {"seconds": time.perf_counter() - start, "orbitals": int(dataset["n_orbitals"].values.sum()), "block": 0}


def kwant_matrix(cells: int) -> Any:
    """The full Hamiltonian as kwant assembles it from the same onsite and hopping matrices."""
    import kwant

    from bandg.hamiltonian.sites import SiteSystem
    from bandg.models.etb.local import local_model

    parameters, nanocrystal = crystal(cells)
    model = local_model(parameters)
    system = SiteSystem(model, *nanocrystal.sites(), parameters.a_nm / 2)
    lattices = [
        kwant.lattice.cubic(1, name=name, norbs=space.dimension)
        for name, space in zip(model.kinds, model.spaces, strict=True)
    ]
    builder = kwant.Builder()
    for kind, lattice in enumerate(lattices):
        onsite = model.onsite[kind].at(parameters.vector)
        for coordinates in system.coordinates[system.kind == kind].tolist():
            builder[lattice(*coordinates)] = onsite
    for (first, second), vector, terms in zip(model.bond_kinds, model.bond_vectors, model.bond_terms, strict=True):
        if first < second:
            hop = terms.at(parameters.vector)
            builder[kwant.builder.HoppingKind(tuple(-vector), lattices[first], lattices[second])] = hop
    return builder.finalized().hamiltonian_submatrix(sparse=True)


def edges_of(matrix: Any, start: float, solve: Any) -> dict[str, Any]:
    """Both band edges of a full matrix with the given shift-invert solver."""
    import numpy as np

    from bandg import bulk, load_set

    crystal_bulk = bulk(load_set(SET))
    valence, conduction = crystal_bulk.valence.energy, crystal_bulk.conduction.energy
    holes = solve(matrix, valence + 1e-3)
    electrons = solve(matrix, conduction - 1e-3)
    return {
        "seconds": time.perf_counter() - start,
        "E_h_eV": float(np.max(holes[holes < (valence + conduction) / 2])),
        "E_e_eV": float(np.min(electrons[electrons > (valence + conduction) / 2])),
        "orbitals": matrix.shape[0],
        "block": matrix.shape[0],
    }


def task_kwant(cells: int, _: str) -> dict[str, Any]:
    """kwant and scipy.sparse.linalg.eigsh with its own factorization."""
    import scipy.sparse.linalg as sla

    start = time.perf_counter()
    matrix = kwant_matrix(cells).tocsc()
    return edges_of(matrix, start, lambda m, sigma: sla.eigsh(m, k=2, sigma=sigma, return_eigenvectors=True)[0])


def task_tuned(cells: int, _: str) -> dict[str, Any]:
    """The full Hamiltonian with the same SuperLU settings as bandg's blocks."""
    import scipy.sparse.linalg as sla

    from bandg.hamiltonian.sites import SiteSystem
    from bandg.models.etb.local import local_model
    from bandg.solvers.superlu import SuperLUFactor

    start = time.perf_counter()
    parameters, nanocrystal = crystal(cells)
    system = SiteSystem(local_model(parameters), *nanocrystal.sites(), parameters.a_nm / 2)
    matrix = system.hamiltonian().at(parameters.vector)
    matrix.eliminate_zeros()

    def solve(m: Any, sigma: float) -> Any:
        inverse = sla.LinearOperator(m.shape, SuperLUFactor(m, sigma).solve, dtype=m.dtype)
        return sla.eigsh(m, k=2, sigma=sigma, OPinv=inverse)[0]

    return edges_of(matrix, start, solve)


TASKS = {"bandg": task_bandg, "sweep": task_sweep, "kwant": task_kwant, "tuned": task_tuned}


def measure(task: str, number: int, solver: str = "superlu", repeat: int = 1) -> dict[str, Any]:
    """Run a task in fresh processes; the run of median time."""
    runs = []
    for _ in range(repeat):
        with tempfile.TemporaryDirectory() as cache:
            environment = os.environ | THREADS | {"BANDG_CACHE_DIR": cache}
            command = [sys.executable, __file__, "--task", task, str(number), solver]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{task} {number}: {done.stderr.strip().splitlines()[-1]}")
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    return sorted(runs, key=lambda run: run["seconds"])[len(runs) // 2]


def assert_same_energies(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Both edges must agree, else the comparison compares nothing."""
    for name in ("E_e_eV", "E_h_eV"):
        assert abs(one[name] - other[name]) < SAME_ENERGY_EV, (name, one, other)


def main() -> None:
    """Run the benchmarks and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="leave out N = 25 and the plain solvers at N = 8")
    parser.add_argument("--huge", action="store_true", help="add N = 48: 30 nm, 9 million spin-orbitals")
    parser.add_argument("--out", type=Path, help="write the figures to a JSON file")
    parser.add_argument("--task", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        task, number, solver = options.task
        result = TASKS[task](int(number), solver)
        print(json.dumps(result | {"peak_gb": peak_memory_gb()}))
        return
    from rich.console import Console
    from rich.table import Table

    from bandg.solvers.registry import installed_solvers

    console = Console(width=110)
    results: list[dict[str, Any]] = []

    def show(title: str, rows: list[tuple[str, dict[str, Any], str]]) -> None:
        table = Table("what", "spin-orbitals", "matrix", "seconds", "peak GB", "time / bandg", title=title)
        for name, run, ratio in rows:
            results.append({"title": title, "what": name} | run)
            cells = (f"{run['orbitals']}", f"{run['block'] or ''}", f"{run['seconds']:.2f}", f"{run['peak_gb']:.2f}")
            table.add_row(name, *cells, ratio)
        console.print(table)

    import numpy
    import scipy

    console.print(
        f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, "
        f"numpy {numpy.__version__}, scipy {scipy.__version__}; one BLAS thread, no result cache"
    )
    sizes = (10, 16) if options.quick else (10, 16, 25)
    for solver in (name for name in ("superlu", "pardiso") if name in installed_solvers()):
        rows = [(f"N = {n}, {solver}", measure("bandg", n, solver, 3), "") for n in sizes]
        if not options.quick:
            rows.append((f"4..16nm, 2 processes, {solver}", measure("sweep", 2, solver), ""))
        if options.huge:
            rows.append((f"N = 48, {solver}", measure("bandg", 48, solver), ""))
        show("bandg: both band edges with g", rows)
    for cells in (6,) if options.quick else (6, 8):
        own = measure("bandg", cells, repeat=3)
        rows = [("bandg", own, "1")]
        for task, name in (("tuned", "SuperLU, bandg's settings, full H"), ("kwant", "kwant + scipy eigsh(sigma=)")):
            other = measure(task, cells)
            assert_same_energies(own, other)
            rows.append((name, other, f"{other['seconds'] / own['seconds']:.0f}"))
        show(f"N = {cells}: both band edges", rows)
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
