"""Sizes reached: time and peak memory of both band edges with g, for four symmetries and two ranges of hopping.

    uv run --extra fast python benchmarks/sizes.py [--reduced] [--largest] [--markdown] [--out FILE.json]

Every figure comes from a fresh process. Both solvers run on one thread; no result cache.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from run import SAME_ENERGY_EV, THREADS, peak_memory_gb

FIRST, SECOND = "nestoklon2023-standin", "bandg-nnn"
LIMIT_GB = 16.0


def crystal(kind: str, cells: int, set_name: str) -> tuple[Any, Any]:
    """Parameter set and nanocrystal of a symmetry: O_h cube, D4h and D2h cuboids, gamma phase, C1 with vacancies."""
    from bandg.crystal.distortion import distorted
    from bandg.crystal.shapes import cube, cuboid
    from bandg.parameters.loader import load_set

    parameters = load_set(set_name)
    a = parameters.a_nm
    if kind == "Oh":
        return parameters, cube(cells, a)
    if kind == "D4h":
        return parameters, cuboid((cells, cells, cells + 2), a)
    if kind == "D2h":
        return parameters, cuboid((cells - 2, cells, cells + 2), a)
    if kind == "gamma":
        return parameters, distorted(cube(cells, a), tilt="a-b+a-", angles="9,8")
    if kind == "C1":
        return parameters, distorted(cube(cells, a), x_vacancies=0.1, seed=1)
    raise SystemExit(f"no nanocrystal is called {kind}")


def task_bandg(kind: str, cells: int, set_name: str, solver: str) -> dict[str, Any]:
    """Both band edges with g."""
    from bandg.models.etb.nanocrystal import compute_levels

    parameters, nanocrystal = crystal(kind, cells, set_name)
    start, before = time.perf_counter(), time.process_time()
    found = compute_levels(parameters, nanocrystal, solver=solver)
    return {
        "seconds": time.perf_counter() - start,
        "processor_s": time.process_time() - before,
        "group": found.point_group,
        "orbitals": found.n_orbitals,
        "block": max(found.blocks.values()),
        "size_nm": nanocrystal.size_nm,
        "solver": found.solver,
        "E_e_eV": found.electron.energy_eV,
        "E_h_eV": found.hole.energy_eV,
        "residual_eV": found.residual_eV,
    }


def task_scipy(kind: str, cells: int, set_name: str, _: str) -> dict[str, Any]:
    """scipy.sparse.linalg.eigsh(H, sigma=...) of the full Hamiltonian, with its own factorization and defaults."""
    import numpy as np
    import scipy.sparse.linalg as sla

    from bandg import bulk
    from bandg.models.etb.full import full_system

    parameters, nanocrystal = crystal(kind, cells, set_name)
    start, before = time.perf_counter(), time.process_time()
    matrix = full_system(parameters, nanocrystal).hamiltonian.tocsc()
    edges = bulk(parameters)
    middle = (edges.valence.energy + edges.conduction.energy) / 2
    holes = sla.eigsh(matrix, k=4, sigma=edges.valence.energy + 1e-3)[0]
    electrons = sla.eigsh(matrix, k=4, sigma=edges.conduction.energy - 1e-3)[0]
    return {
        "seconds": time.perf_counter() - start,
        "processor_s": time.process_time() - before,
        "group": "full H",
        "orbitals": matrix.shape[0],
        "block": matrix.shape[0],
        "size_nm": nanocrystal.size_nm,
        "solver": "scipy eigsh",
        "E_e_eV": float(np.min(electrons[electrons > middle])),
        "E_h_eV": float(np.max(holes[holes < middle])),
        "residual_eV": None,
    }


TASKS = {"bandg": task_bandg, "scipy": task_scipy}


def measure(task: str, kind: str, cells: int, set_name: str, solver: str) -> dict[str, Any]:
    """One task in a fresh process."""
    command = [sys.executable, __file__, "--task", task, kind, str(cells), set_name, solver]
    done = subprocess.run(command, env=os.environ | THREADS, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{task} {kind} {cells} {set_name}: {done.stderr.strip().splitlines()[-1]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    found |= {"kind": kind, "cells": cells, "set": set_name, "task": task}
    print(json.dumps(found), file=sys.stderr, flush=True)
    return found


def plan(reduced: bool) -> list[tuple[str, int, str, str]]:
    """Nanocrystals of the table, (kind, cells, set, solver), small ones first."""
    from bandg.solvers.registry import factorizing_solver

    solver = factorizing_solver("auto").name
    if reduced:
        sizes = {"Oh": 8, "D4h": 6, "D2h": 6, "gamma": 5, "C1": 5}
        rows = [(kind, cells, name) for name in (FIRST, SECOND) for kind, cells in sizes.items()]
        return [(*row, solver) for row in rows] + [("C1", 4, FIRST, "superlu"), ("C1", 4, FIRST, "iterative")]
    first = [("Oh", 25), ("D4h", 20), ("D2h", 16), ("gamma", 19), ("C1", 12), ("C1", 16)]
    second = [("Oh", 25), ("D4h", 20), ("D2h", 16), ("gamma", 14), ("C1", 12), ("C1", 16)]
    rows = [(kind, cells, FIRST) for kind, cells in first] + [(kind, cells, SECOND) for kind, cells in second]
    others = [("C1", 8, FIRST, "superlu"), ("C1", 8, FIRST, "pardiso"), ("C1", 6, FIRST, "iterative")]
    return [(*row, solver) for row in rows] + [row for row in others if row[3] != "pardiso" or solver == "pardiso"]


def largest_c1(set_name: str, cells: int) -> list[dict[str, Any]]:
    """C1 cubes from a size upwards in steps of a third of the volume, until one takes more than LIMIT_GB."""
    from bandg.solvers.registry import factorizing_solver

    found = []
    while True:
        run = measure("bandg", "C1", cells, set_name, factorizing_solver("auto").name)
        found.append(run)
        following = max(cells + 1, round(cells * 1.1))
        if run["peak_gb"] * (following / cells) ** 4.5 > LIMIT_GB:  # memory grows slower than this power
            return found
        cells = following


def table(runs: list[dict[str, Any]], markdown: bool) -> str:
    """The runs as text."""
    columns = ("group", "set", "nm", "spin-orbitals", "matrix", "solver", "seconds", "processor s", "peak GB")
    rows = [
        (
            *(run["group"], run["set"], f"{run['size_nm']:.2f}", f"{run['orbitals']}", f"{run['block']}"),
            *(run["solver"], f"{run['seconds']:.1f}", f"{run['processor_s']:.1f}", f"{run['peak_gb']:.2f}"),
        )
        for run in runs
    ]
    if markdown:
        return "\n".join("| " + " | ".join(row) + " |" for row in (columns, ("---",) * len(columns), *rows))
    widths = [max(len(row[k]) for row in (columns, *rows)) for k in range(len(columns))]
    return "\n".join("  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in (columns, *rows))


def main() -> None:
    """Run the plan and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reduced", action="store_true", help="small ones, in a minute")
    parser.add_argument("--largest", action="store_true", help="add the largest C1 within 16 GB")
    parser.add_argument("--markdown", action="store_true", help="the table as Markdown")
    parser.add_argument("--out", type=Path, help="write the figures to a JSON file")
    parser.add_argument("--task", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        task, kind, cells, set_name, solver = options.task
        print(json.dumps(TASKS[task](kind, int(cells), set_name, solver) | {"peak_gb": peak_memory_gb()}))
        return
    import numpy
    import scipy

    runs = [measure("bandg", *row) for row in plan(options.reduced)]
    if options.largest:
        runs += [run for name in (FIRST, SECOND) for run in largest_c1(name, 24 if name == FIRST else 20)[-1:]]
    cells = 3 if options.reduced else 6
    pair = [measure("bandg", "C1", cells, FIRST, plan(True)[0][3]), measure("scipy", "C1", cells, FIRST, "superlu")]
    for name in ("E_e_eV", "E_h_eV"):
        assert abs(pair[0][name] - pair[1][name]) < SAME_ENERGY_EV, (name, pair)
    print(
        f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, "
        f"numpy {numpy.__version__}, scipy {scipy.__version__}; both band edges with g\n"
    )
    print(table(runs + pair, options.markdown))
    ratio = pair[1]["processor_s"] / pair[0]["processor_s"]
    print(f"\nscipy eigsh of the full H / bandg without symmetry, processor seconds: {ratio:.0f}")
    if options.out:
        options.out.write_text(json.dumps(runs + pair, indent=1) + "\n")


if __name__ == "__main__":
    main()
