"""The library twin of `bandg compute`."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bandg import __version__, sweep
from bandg import cache as cache_files
from bandg.dataset import Row, to_dataset
from bandg.errors import BandgError
from bandg.etb.bulk import bulk
from bandg.etb.model import resolve_neighbors
from bandg.geometry import SHAPES, Nanocrystal, cube, sphere
from bandg.kp.parameters import KpSet
from bandg.parameters import ParameterSet, load_set
from bandg.sweep import AnyJob, Job, KpJob
from bandg.units import parse_energies, parse_size

if TYPE_CHECKING:
    import xarray

DEFAULT_SET = "nestoklon2023-standin"
MODELS = ("etb", "kp")
KP_TERMINATIONS = ("hard-wall", "glass")
DEFAULT_BARRIER = "3eV"
"""Height of the glass above the conduction band and below the valence band where none is given: assumed."""


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
    termination: str | Sequence[str] | None = None,
    parameters: str | os.PathLike[str] | ParameterSet | KpSet = DEFAULT_SET,
    *,
    center: str | None = None,
    neighbors: int | None = None,
    levels: int = 1,
    intra_atomic: bool = False,
    model: str = "etb",
    barrier: str | None = None,
    solver: str = "auto",
    workers: int | None = None,
    cache: bool = True,
    force: bool = False,
    scheduler: str | None = None,
    on_start: Callable[[int], None] = lambda total: None,
    on_done: Callable[[AnyJob, bool], None] = lambda job, cached: None,
) -> xarray.Dataset:
    """Confined levels and g-factors of nanocrystals against size.

    size: "7nm", "4..16nm", "4..16nm:1nm", "5nm,8nm" or "7..25cells". shape: "cube" or "sphere".
    termination: "halide" (default), "lead" or both in a list; for the k.p model "hard-wall" (default) or "glass".
    parameters: name of a set, path of a file, or a ParameterSet or KpSet; the k.p model extracts its set from a
    tight-binding one. center: "Pb" or "Cs" (a sphere; the parity of a cube fixes it). neighbors: 1 or 2, default what
    the set has. levels: K lowest levels of each carrier besides the band edges. intra_atomic: the p shells' own moment
    in g. model: "etb", or "kp", the 8-band envelope model, which gives band edges alone. barrier: heights of the glass,
    "3eV" or "3eV,2eV" for electron and hole; "glass" without it takes DEFAULT_BARRIER, which is assumed.
    workers: processes, default all processors. force: compute although the memory estimate says no.
    scheduler: of a dask.distributed cluster, "tcp://host:port" or a scheduler file.
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
    ends = None if termination is None else [termination] if isinstance(termination, str) else list(termination)
    if ends == []:
        raise BandgError("no termination is given; choose halide, lead or both")
    if model == "kp":
        for given, option in ((neighbors, "neighbors"), (levels > 1, "levels"), (intra_atomic, "intra_atomic")):
            if given:
                raise BandgError(f"{option} belongs to the etb model; the kp model has band edges of eight bands alone")
        request = _kp_request(size, shape, ends, parameters, center, barrier)
    else:
        if barrier is not None:
            raise BandgError("a barrier belongs to the kp model: add --model kp")
        if isinstance(parameters, KpSet):
            raise BandgError(f"{parameters.name} is a k.p set: add model='kp', or choose a tight-binding set")
        chosen = parameters if isinstance(parameters, ParameterSet) else load_set(parameters)
        shells = resolve_neighbors(chosen, neighbors)
        crystals = nanocrystals(size, shape, ends or ["halide"], center, chosen.a_nm)
        jobs = [Job(chosen, crystal, shells, levels, intra_atomic, solver) for crystal in crystals]
        request = _Request(chosen, jobs, _bulk_edges(chosen, shells, intra_atomic))
    sweep.check_memory(request.jobs, force or scheduler is not None)
    if cache:
        cache_files.check()
    on_start(len(request.jobs))
    results = sweep.run_jobs(request.jobs, workers, cache, on_done, scheduler)
    rows = [Row(found, model, request.parameters.name, cached) for found, cached in results]
    dataset = to_dataset(rows, _provenance(request, rows))
    dataset.attrs |= request.bulk
    return dataset


@dataclass(frozen=True)
class _Request:
    """What is to be computed: the set, a job for each nanocrystal, and the bulk values for the picture."""

    parameters: ParameterSet | KpSet
    jobs: Sequence[AnyJob]
    bulk: dict[str, float]
    barrier: tuple[float, float] | None = None


def _bulk_edges(parameters: ParameterSet, neighbors: int, intra_atomic: bool) -> dict[str, float]:
    crystal = bulk(parameters, neighbors)  # a set without a gap is refused before anything is computed
    edges = {"bulk_g_e": crystal.conduction.g(intra_atomic), "bulk_g_h": crystal.valence.g(intra_atomic)}
    return {"bulk_E_gap_eV": crystal.E_g} | edges


def _kp_request(
    size: str,
    shape: str,
    ends: Sequence[str] | None,
    parameters: str | os.PathLike[str] | ParameterSet | KpSet,
    center: str | None,
    barrier: str | None,
) -> _Request:
    from bandg.kp.envelope import Barrier, elliptic
    from bandg.kp.laws import evaluate
    from bandg.kp.parameters import load_kp, of_etb

    chosen = ends or ["hard-wall" if barrier is None else "glass"]
    for end in chosen:
        if end not in KP_TERMINATIONS:
            raise BandgError(f"termination {end!r} is unknown in the kp model; choose {' or '.join(KP_TERMINATIONS)}")
    if barrier is not None and "glass" not in chosen:
        raise BandgError("a barrier belongs to the termination glass; hard walls have none")
    heights = parse_energies(barrier or DEFAULT_BARRIER, "barrier")
    if len(heights) > 2:
        raise BandgError(f"barrier {barrier!r} must be one height, or two for electron and hole: write 3eV or 3eV,2eV")
    glass = Barrier(heights[0], heights[-1])
    if isinstance(parameters, ParameterSet):
        parameters = of_etb(parameters)
    kp = parameters if isinstance(parameters, KpSet) else load_kp(parameters)
    elliptic(kp.values, kp.name)
    crystals = nanocrystals(size, shape, "halide", center, kp.a_nm)
    jobs = [
        KpJob(kp, replace(crystal, termination=end), astuple(glass) if end == "glass" else None)
        for end in chosen
        for crystal in crystals
    ]
    edges = {"bulk_g_e": evaluate("c", kp.values), "bulk_g_h": evaluate("v", kp.values)}
    return _Request(
        kp, jobs, {"bulk_E_gap_eV": kp.values["E_g"]} | edges, astuple(glass) if "glass" in chosen else None
    )


def _provenance(request: _Request, rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "bandg": __version__,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "parameters": request.parameters.to_dict(),
        "parameters_sha256": request.parameters.digest(),
        "intra_atomic": request.jobs[0].intra_atomic,
        "barrier_eV": request.barrier,
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
            for job, row in zip(request.jobs, rows, strict=True)
        ],
    }
