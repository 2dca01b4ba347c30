"""Time and peak memory of bandg, and ratios to references that run beside it in the same call.

    uv run --group test python benchmarks/run.py [--rows NAME,NAME] [--long] [--against COMMIT] [--out FILE.json]

References are solvers of the full Hamiltonian, and the code at a tag or commit. Every figure comes from a fresh process
with one BLAS thread. Machines are noisy: the ratios are what counts.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

THREADS = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
SET, SECOND = "nestoklon2023-standin", "bandg-nnn"
SAME_ENERGY_EV = 1e-8
DATA = ("params", "theory_curves")
"""Folders that are packages within bandg when it is installed."""
ROOT = Path(__file__).parents[1]


def peak_memory_gb() -> float:
    """Peak resident memory of this process."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e9 if sys.platform == "darwin" else 1e6)


def found_in(name: str, module: str, before: str) -> Any:
    """A name from a module, or from the one that it had at other commits."""
    with suppress(ModuleNotFoundError):
        return getattr(import_module(module), name)
    return getattr(import_module(before), name)


def crystal(cells: int, kind: str = "cube") -> tuple[Any, Any]:
    """Parameter set, or material, and halide cube: as it is, with second neighbors (nnn), tilted, mixed, or rough."""
    from bandg import load_set

    cube = found_in("cube", "bandg.crystal.shapes", "bandg.geometry")
    parameters = load_set(SECOND if kind.endswith("nnn") else SET)
    a_nm = parameters.a_nm
    if kind == "bromide":
        from bandg.models.etb.material import Material

        parameters = Material(load_set("bandg-cspbi3-nn"), load_set("bandg-cspbbr3-nn"), -0.3)
        a_nm = parameters.lattice_nm(0.3)
    nanocrystal = cube(cells, a_nm)
    changes: dict[str, Any] = {
        "bromide": {"fraction": 0.3, "seed": 1},
        "gamma": {"tilt": "a-b+a-", "angles": "9,8"},
        "vacancies": {"x_vacancies": 0.1, "seed": 1},
        "rough": {"x_vacancies": 0.2, "pb_vacancies": 0.1, "seed": 1},
    }.get(kind.removesuffix("-nnn"), {})
    if changes:
        from bandg.crystal.distortion import distorted

        nanocrystal = distorted(nanocrystal, **changes)
    return parameters, nanocrystal


def task_bandg(cells: int, solver: str, kind: str) -> dict[str, Any]:
    """Both band edges with g, after those of a small cube: imports and irreps are made once a process."""
    compute_levels = found_in("compute_levels", "bandg.models.etb.nanocrystal", "bandg.etb.nanocrystal")
    compute_levels(*crystal(2), solver="auto")
    parameters, nanocrystal = crystal(cells, kind)
    before = time.process_time()
    levels = compute_levels(parameters, nanocrystal, solver=solver)
    return {
        "seconds": levels.seconds,
        "processor_s": time.process_time() - before,
        "E_e_eV": levels.electron.energy_eV,
        "E_h_eV": levels.hole.energy_eV,
        "g_e": levels.electron.g,
        "g_h": levels.hole.g,
        "orbitals": levels.n_orbitals,
        "block": max(levels.blocks.values()),
        "solver": levels.solver,
        "factorizations": levels.factorizations,
        "solves": levels.solves,
    }


def task_sweep(workers: int, solver: str, _: str) -> dict[str, Any]:
    """The whole sweep 4..16nm without cache."""
    import bandg

    start = time.perf_counter()
    dataset = bandg.compute("4..16nm", set=SET, solver=solver, run=bandg.Run(workers=workers, cache=False))
    return {"seconds": time.perf_counter() - start, "orbitals": int(dataset["n_orbitals"].values.sum()), "block": 0}


def task_hypotheses(workers: int, *_: str) -> dict[str, Any]:
    """All quick mechanisms from an empty cache."""
    import bandg

    start = time.perf_counter()
    found = bandg.hypotheses(run=bandg.Run(workers=workers))
    return {"seconds": time.perf_counter() - start, "orbitals": 0, "block": 0, "crystals": found.computed}


def task_infer(workers: int, *_: str) -> dict[str, Any]:
    """Three models and the paper's data from an empty cache."""
    import bandg

    start = time.perf_counter()
    found = bandg.infer(run=bandg.Run(workers=workers))
    counts = {"orbitals": 0, "block": 0, "calls": sum(one.calls for one in found.posteriors)}
    return {"seconds": time.perf_counter() - start} | counts


def task_gradient(cells: int, solver: str, kind: str) -> dict[str, Any]:
    """Both band edges with g and their derivatives by all parameters."""
    from bandg.models.etb.derivatives import derivatives

    parameters, nanocrystal = crystal(cells, kind)
    start, before = time.perf_counter(), time.process_time()
    found = derivatives(parameters, nanocrystal, solver=solver)
    return {
        "seconds": time.perf_counter() - start,
        "processor_s": time.process_time() - before,
        "orbitals": 0,
        "block": 0,
        **found.values,
    }


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


def edges_of(matrix: Any, start: float, before: float, solve: Any) -> dict[str, Any]:
    """Both band edges of a full matrix with the given shift-invert solver."""
    import numpy as np

    from bandg import bulk, load_set

    crystal_bulk = bulk(load_set(SET))
    valence, conduction = crystal_bulk.valence.energy, crystal_bulk.conduction.energy
    holes = solve(matrix, valence + 1e-3)
    electrons = solve(matrix, conduction - 1e-3)
    return {
        "seconds": time.perf_counter() - start,
        "processor_s": time.process_time() - before,
        "E_h_eV": float(np.max(holes[holes < (valence + conduction) / 2])),
        "E_e_eV": float(np.min(electrons[electrons > (valence + conduction) / 2])),
        "orbitals": matrix.shape[0],
        "block": matrix.shape[0],
    }


def task_kwant(cells: int, *_: str) -> dict[str, Any]:
    """kwant and scipy.sparse.linalg.eigsh with its own factorization."""
    import scipy.sparse.linalg as sla

    start, before = time.perf_counter(), time.process_time()
    matrix = kwant_matrix(cells).tocsc()
    return edges_of(matrix, start, before, lambda m, sigma: sla.eigsh(m, k=2, sigma=sigma, return_eigenvectors=True)[0])


def task_tuned(cells: int, solver: str, _: str) -> dict[str, Any]:
    """The full Hamiltonian with the settings that bandg has for blocks."""
    import scipy.sparse.linalg as sla

    from bandg.hamiltonian.sites import SiteSystem
    from bandg.models.etb.local import local_model
    from bandg.solvers.registry import factorizing_solver

    factorize = factorizing_solver(solver).factorization
    start, before = time.perf_counter(), time.process_time()
    parameters, nanocrystal = crystal(cells)
    system = SiteSystem(local_model(parameters), *nanocrystal.sites(), parameters.a_nm / 2)
    matrix = system.hamiltonian().at(parameters.vector)
    matrix.eliminate_zeros()

    def solve(m: Any, sigma: float) -> Any:
        inverse = sla.LinearOperator(m.shape, factorize(m, sigma).solve, dtype=m.dtype)
        return sla.eigsh(m, k=2, sigma=sigma, OPinv=inverse)[0]

    return edges_of(matrix, start, before, solve)


TASKS = {
    "bandg": task_bandg,
    "sweep": task_sweep,
    "hypotheses": task_hypotheses,
    "infer": task_infer,
    "gradient": task_gradient,
    "kwant": task_kwant,
    "tuned": task_tuned,
}


@dataclass(frozen=True)
class Row:
    """One row: a task with its number (cells or processes), solver, kind of crystal, and references (task, solver)."""

    task: str
    number: int
    solver: str = "auto"
    kind: str = "cube"
    references: tuple[tuple[str, str], ...] = ()
    is_long: bool = False
    repeat: int = 1


_FULL = (("tuned", "superlu"), ("kwant", ""))
ROWS = {
    "eigsh-6": Row("bandg", 6, references=_FULL, repeat=3),
    "eigsh-8": Row("bandg", 8, references=(*_FULL, ("tuned", "pardiso")), is_long=True, repeat=3),
    "cube-10": Row("bandg", 10, repeat=3),
    "cube-16": Row("bandg", 16, repeat=3),
    "cube-25": Row("bandg", 25, is_long=True),
    "cube-25-superlu": Row("bandg", 25, "superlu", is_long=True),
    "cube-48": Row("bandg", 48, is_long=True),
    "nnn-25": Row("bandg", 25, kind="nnn", is_long=True),
    "gradient-16": Row("bandg", 16, references=(("gradient", "auto"),), repeat=3),
    "sweep": Row("sweep", 2, is_long=True),
    "gamma-25": Row("bandg", 25, kind="gamma", is_long=True),
    "gamma-35": Row("bandg", 35, kind="gamma", is_long=True),
    "gamma-nnn-25": Row("bandg", 25, kind="gamma-nnn", is_long=True),
    "bromide-25": Row("bandg", 25, kind="bromide", is_long=True),
    "vacancies-25": Row("bandg", 25, kind="vacancies", is_long=True),
    "rough-nnn-23": Row("bandg", 23, kind="rough-nnn", is_long=True),
    "hypotheses": Row("hypotheses", 2, is_long=True),
    "infer": Row("infer", 2, is_long=True),
}


def measure(row: Row, code: Path = ROOT) -> dict[str, Any]:
    """Run a task in fresh processes with the package in a folder; the run of median time.

    processor_s: of the work alone; of tasks with worker processes that of all processes, start included.
    """
    runs = []
    for _ in range(row.repeat):
        with tempfile.TemporaryDirectory() as cache:
            environment = os.environ | THREADS | {"BANDG_CACHE_DIR": cache, "PYTHONPATH": str(code)}
            command = [sys.executable, __file__, "--task", row.task, str(row.number), row.solver, row.kind]
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            raise SystemExit(f"{row.task} {row.number}: {done.stderr.strip().splitlines()[-1]}")
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        runs.append({"processor_s": used} | json.loads(done.stdout.splitlines()[-1]))
    return sorted(runs, key=lambda run: run["seconds"])[len(runs) // 2]


def check_same_energies(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Both edges must agree, else the comparison compares nothing."""
    for name in ("E_e_eV", "E_h_eV"):
        if abs(one.get(name, 0.0) - other.get(name, 0.0)) >= SAME_ENERGY_EV:
            raise SystemExit(f"{name} differs: {one} and {other}")


def checked_out(commit: str, folder: Path) -> Path:
    """The package with its data as it was at a tag or commit, in a folder."""
    command = ["git", "-C", str(ROOT), "archive", commit, "bandg", *DATA]
    archive = subprocess.run(command, capture_output=True, check=False)
    if archive.returncode:
        raise SystemExit(f"--against {commit}: {archive.stderr.decode().strip().splitlines()[-1]}")
    subprocess.run(["tar", "x", "-C", str(folder)], input=archive.stdout, check=True)
    for name in DATA:
        (folder / name).rename(folder / "bandg" / name)
    return folder


def commit_here() -> str:
    """The commit that is measured, with a plus sign where files differ from it."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def chosen_rows(names: str, with_long: bool) -> dict[str, Row]:
    """The rows that are asked for by name; without a name the short ones, or all."""
    asked = names.split(",") if names else [name for name, row in ROWS.items() if with_long or not row.is_long]
    if unknown := [name for name in asked if name not in ROWS]:
        raise SystemExit(f"--rows {unknown[0]} is unknown; choose from {', '.join(ROWS)}")
    return {name: ROWS[name] for name in asked}


def main() -> None:
    """Run the benchmarks and print their table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default="", help=f"names with commas: {', '.join(ROWS)}")
    parser.add_argument("--long", action="store_true", help="all rows, also those that take minutes")
    parser.add_argument("--against", help="a tag or commit whose code runs beside each row")
    parser.add_argument("--out", type=Path, help="write the figures to a JSON file; other rows that it holds stay")
    parser.add_argument("--task", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        task, number, solver, kind = options.task
        print(json.dumps(TASKS[task](int(number), solver, kind) | {"peak_gb": peak_memory_gb()}))
        return
    rows = chosen_rows(options.rows, options.long)
    with tempfile.TemporaryDirectory() as folder:
        other = checked_out(options.against, Path(folder)) if options.against else None
        results = [one for name, row in rows.items() for one in measured(name, row, options.against, other)]
    show(results)
    if options.out:
        before = json.loads(options.out.read_text()) if options.out.exists() else []
        results += [one for one in before if one["row"] not in rows]
        results.sort(key=lambda one: list(ROWS).index(one["row"]))
        options.out.write_text(json.dumps(results, indent=1) + "\n")


def measured(name: str, row: Row, commit: str | None, other: Path | None) -> list[dict[str, Any]]:
    """The figures of a row and of its references, each with the ratio of its processor time to that of the row."""
    from bandg.solvers.registry import installed_solvers

    own = measure(row)
    found = [{"row": name, "what": "bandg", "commit": commit_here(), "ratio": 1.0} | own]
    if other is not None:
        found.append({"row": name, "what": f"bandg at {commit}"} | measure(row, other))
    for task, solver in row.references:
        if solver in ("", "auto", *installed_solvers()):
            what = task if solver == "auto" else f"{task}, full H" + f", {solver}" * bool(solver)
            found.append({"row": name, "what": what} | measure(Row(task, row.number, solver, row.kind)))
    for one in found[1:]:
        check_same_energies(own, one)
        one["ratio"] = one["processor_s"] / own["processor_s"]
    return found


def markdown(results: list[dict[str, Any]]) -> str:
    """The nanocrystals among the figures as a table of Markdown."""
    columns = ("row", "spin-orbitals", "matrix", "solver", "solves", "seconds", "processor s", "peak GB")
    rows = [
        (
            *(one["row"], *(f"{one[name]}" for name in ("orbitals", "block", "solver", "solves"))),
            *(f"{one['seconds']:.1f}", f"{one['processor_s']:.1f}", f"{one['peak_gb']:.2f}"),
        )
        for one in results
        if one["what"] == "bandg" and "solves" in one
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in (columns, ("---",) * len(columns), *rows))


def show(results: list[dict[str, Any]]) -> None:
    """Print the table."""
    import numpy
    import scipy
    from rich.console import Console
    from rich.table import Table

    console = Console(width=120)
    console.print(
        f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, "
        f"numpy {numpy.__version__}, scipy {scipy.__version__}; one BLAS thread, no result cache"
    )
    table = Table("row", "what", "spin-orbitals", "matrix", "seconds", "processor s", "peak GB", "ratio")
    for one in results:
        numbers = (f"{one['seconds']:.2f}", f"{one['processor_s']:.2f}", f"{one['peak_gb']:.2f}", f"{one['ratio']:.1f}")
        table.add_row(one["row"], one["what"], str(one["orbitals"] or ""), str(one["block"] or ""), *numbers)
    console.print(table)
    own = {one["row"]: one for one in results if one["what"] == "bandg"}
    for pair in (("cube-25", "cube-48"), ("gamma-25", "gamma-35")):
        if set(pair) <= set(own):
            seconds, cells = ([own[name]["processor_s"] for name in pair], [ROWS[name].number for name in pair])
            power = math.log(seconds[1] / seconds[0]) / math.log(cells[1] / cells[0])
            console.print(f"exponent of time in the edge, {' to '.join(pair)}: {power:.1f}")


if __name__ == "__main__":
    main()
