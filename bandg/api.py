"""The library twin of `bandg compute`."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bandg import __version__, sweep
from bandg import cache as cache_files
from bandg.dataset import Row, to_dataset
from bandg.errors import BandgError
from bandg.etb.bulk import bulk
from bandg.etb.model import resolve_neighbors
from bandg.geometry import SHAPES, Nanocrystal, cube, sphere
from bandg.parameters import ParameterSet, load_set
from bandg.sweep import Job
from bandg.units import parse_size

if TYPE_CHECKING:
    import xarray

DEFAULT_SET = "nestoklon2023-standin"
MODELS = ("etb",)


def nanocrystals(
    size: str, shape: str, termination: str | Sequence[str], center: str | None, a_nm: float
) -> tuple[Nanocrystal, ...]:
    """The nanocrystals of a size request, one termination after the other, each from small to large.

    A shape's own rules of what a size means are those of `bandg.units.parse_size`. Raises BandgError.
    """
    if shape not in SHAPES:
        raise BandgError(f"shape {shape!r} is unknown; choose {' or '.join(SHAPES)}")
    sizes = parse_size(size)
    terminations = [termination] if isinstance(termination, str) else list(termination)
    if not terminations:
        raise BandgError("no termination is given; choose halide, lead or both")
    if shape == "cube":
        return tuple(cube(n, a_nm, end, center) for end in terminations for n in sizes.cells(a_nm))
    return tuple(sphere(d, a_nm, end, center) for end in terminations for d in sizes.diameters_nm(a_nm))


def compute(
    size: str = "4..16nm",
    shape: str = "cube",
    termination: str | Sequence[str] = "halide",
    parameters: str | os.PathLike[str] | ParameterSet = DEFAULT_SET,
    *,
    center: str | None = None,
    neighbors: int | None = None,
    levels: int = 1,
    intra_atomic: bool = False,
    model: str = "etb",
    solver: str = "auto",
    workers: int | None = None,
    cache: bool = True,
    force: bool = False,
    on_start: Callable[[int], None] = lambda total: None,
    on_done: Callable[[Job, bool], None] = lambda job, cached: None,
) -> xarray.Dataset:
    """Confined levels and g-factors of nanocrystals against size.

    size: "7nm", "4..16nm", "4..16nm:1nm", "5nm,8nm" or "7..25cells". shape: "cube" or "sphere".
    termination: "halide", "lead" or both in a list. parameters: name of a set, path of a file, or a ParameterSet.
    center: "Pb" or "Cs" (a sphere; the parity of a cube fixes it). neighbors: 1 or 2, default what the set has.
    levels: K lowest levels of each carrier besides the band edges. intra_atomic: the p shells' own moment in g.
    workers: processes, default all processors. force: compute although the memory estimate says no.
    on_start(n), on_done(job, cached): called before the first and after each nanocrystal.

    Returns the dataset of `bandg.dataset.SCHEMA`: energies in eV, lengths in nm, dims nc, carrier, level, axis.
    Raises BandgError for any wrong input, before anything is computed.
    """
    if model not in MODELS:
        raise BandgError(f"model {model!r} is unknown; choose {' or '.join(MODELS)}")
    if levels < 1:
        raise BandgError(f"levels must be 1 or more, not {levels}")
    from bandg.eigen import check_backend

    check_backend(solver)
    chosen = parameters if isinstance(parameters, ParameterSet) else load_set(parameters)
    shells = resolve_neighbors(chosen, neighbors)
    jobs = [
        Job(chosen, crystal, shells, levels, intra_atomic, solver, model)
        for crystal in nanocrystals(size, shape, termination, center, chosen.a_nm)
    ]
    crystal = bulk(chosen, shells)  # a set without a gap is refused before anything is computed
    sweep.check_memory(jobs, force)
    if cache:
        cache_files.check()
    on_start(len(jobs))
    results = sweep.run_jobs(jobs, workers, cache, on_done)
    rows = [Row(found, model, chosen.name, cached) for found, cached in results]
    dataset = to_dataset(rows, _provenance(chosen, jobs, rows))
    dataset.attrs |= {
        "bulk_E_gap_eV": crystal.E_g,
        "bulk_g_e": crystal.conduction.g(intra_atomic),
        "bulk_g_h": crystal.valence.g(intra_atomic),
    }
    return dataset


def _provenance(parameters: ParameterSet, jobs: Sequence[Job], rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "bandg": __version__,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "parameters": parameters.to_dict(),
        "parameters_sha256": parameters.digest(),
        "intra_atomic": jobs[0].intra_atomic,
        "nanocrystals": [
            {
                "key": job.key(),
                "cached": row.cached,
                "solver": row.levels.solver,
                "residual_eV": row.levels.residual_eV,
                "blocks": row.levels.blocks,
                "point_group_order": row.levels.point_group_order,
                "warnings": list(row.levels.warnings),
            }
            for job, row in zip(jobs, rows, strict=True)
        ],
    }
