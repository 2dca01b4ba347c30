"""The library twin of `bandg compute`."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Unpack

from bandg import __version__
from bandg.base.errors import BandgError
from bandg.base.quantities import parse_energies
from bandg.crystal.from_atoms import explicit
from bandg.crystal.shapes import Nanocrystal
from bandg.models.etb.job import Job
from bandg.models.etb.local import resolve_neighbors
from bandg.models.etb.material import Material
from bandg.models.kp.job import KpJob
from bandg.models.kp.sets import KpSet
from bandg.parameters.loader import load_set
from bandg.parameters.sets import ParameterSet
from bandg.runs import sweep
from bandg.runs.dataset import Row, to_dataset
from bandg.runs.options import DEFAULT_RUN, Run
from bandg.runs.request import Variation, is_varied, nanocrystals, varied

if TYPE_CHECKING:
    import xarray

from bandg.parameters.loader import DEFAULT_SET

MODELS = ("etb", "kp")
KP_TERMINATIONS = ("hard-wall", "glass")
DEFAULT_BARRIER = "3eV"
"""Height of the glass above the conduction band and below the valence band where none is given: assumed."""


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
    run: Run = DEFAULT_RUN,
    **variation: Unpack[Variation],
) -> xarray.Dataset:
    """Confined levels and g-factors of nanocrystals against size.

    size: "7nm", "4..16nm", "4..16nm:1nm", "5nm,8nm" or "7..25cells"; "4x4x6nm" or "6x6x9cells" of a cuboid.
    shape: "cube", "sphere", "cuboid", "octahedron" or "truncated-cube".
    termination: "halide" (default), "lead" or both in a list; for the k.p model "hard-wall" (default) or "glass".
    parameters: name of a set, path of a file, or a ParameterSet or KpSet; the k.p model extracts its set from a
    tight-binding one. center: "Pb" or "Cs" (a sphere; the parity of a cube fixes it). neighbors: 1 or 2, default what
    the set has. levels: K lowest levels of each carrier besides the band edges. intra_atomic: the p shells' own moment
    in g. model: "etb", or "kp", the 8-band envelope model, which gives band edges alone. barrier: heights of the glass,
    "3eV" or "3eV,2eV" for electron and hole; "glass" without it takes DEFAULT_BARRIER, which is assumed.
    run: workers, cache, memory, cluster and progress.
    variation: strain, tilt, alloy, vacancies, seeds ... as `bandg.runs.request.Variation` says.

    Returns the dataset of `bandg.runs.dataset.SCHEMA`: energies in eV, lengths in nm, dims nc, carrier, level, axis.
    Raises BandgError for any wrong input, before anything is computed.
    """
    if model not in MODELS:
        raise BandgError(f"model {model!r} is unknown; choose {' or '.join(MODELS)}")
    if levels < 1:
        raise BandgError(f"levels must be 1 or more, not {levels}")
    from bandg.solvers.registry import check_solver

    check_solver(solver)
    ends = None if termination is None else [termination] if isinstance(termination, str) else list(termination)
    if ends == []:
        raise BandgError("no termination is given; choose halide, lead or both")
    if model == "kp":
        if is_varied(variation) or shape not in ("cube", "sphere"):
            raise BandgError("the kp model knows cubes and spheres of the ideal crystal alone: leave distortions out")
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
        request = _etb_request(size, shape, ends, chosen, center, (shells, levels, intra_atomic, solver), variation)
    results = sweep.run_jobs(request.jobs, run)
    rows = [Row(found, model, request.name, cached) for found, cached in results]
    dataset = to_dataset(rows, _provenance(request, rows))
    dataset.attrs |= request.bulk
    return dataset


@dataclass(frozen=True)
class _Request:
    """What is to be computed: the set, a job for each nanocrystal, and the bulk values for the picture."""

    parameters: ParameterSet | KpSet
    jobs: Sequence[Job | KpJob]
    bulk: dict[str, float]
    barrier: tuple[float, float] | None = None
    second: ParameterSet | None = None

    @property
    def name(self) -> str:
        """Name of the set, or of both."""
        return self.parameters.name + (f" + {self.second.name}" if self.second else "")


def _etb_request(
    size: str,
    shape: str,
    ends: Sequence[str] | None,
    parameters: ParameterSet,
    center: str | None,
    method: tuple[int, int, bool, str],
    asked: Variation,
) -> _Request:
    material = _material(parameters, asked)
    fraction = asked.get("fraction") or 0.0
    atoms = asked.get("structure")
    if atoms is not None:
        if ends is not None or center is not None or asked.get("truncation") is not None:
            raise BandgError("a structure has its own surface and center: leave termination, center and truncation out")
        if shape != "cube":
            raise BandgError("a structure has its own shape: leave the shape out")
        halides = [one.halide for one in (material.parameters, material.second) if one is not None]
        of_each = [float((atoms.species == halide).sum()) for halide in halides]
        a_nm = material.lattice_nm(of_each[-1] / max(sum(of_each), 1)) if len(halides) > 1 else parameters.a_nm
        crystals: Sequence[Nanocrystal] = [explicit(atoms, a_nm, *halides)]
        fraction = crystals[0].fraction
    else:
        a_nm = material.lattice_nm(fraction)
        crystals = nanocrystals(size, shape, ends or ["halide"], center, a_nm, asked.get("truncation"))
    neighbors, levels, intra_atomic, solver = method
    jobs = [
        Job(
            parameters,
            crystal,
            neighbors,
            levels,
            intra_atomic,
            solver,
            second=material.second,
            offset_eV=material.offset_eV,
        )
        for crystal in varied(crystals, asked)
    ]
    return _Request(parameters, jobs, _bulk_edges(material, fraction, neighbors, intra_atomic), second=material.second)


def tight_binding(
    size: str = "4..16nm",
    shape: str = "cube",
    termination: str | None = None,
    parameters: str | os.PathLike[str] | ParameterSet = DEFAULT_SET,
    *,
    center: str | None = None,
    neighbors: int | None = None,
    **variation: Unpack[Variation],
) -> tuple[tuple[Material, Nanocrystal, int], ...]:
    """Material, nanocrystal and neighbor shells that `compute` would solve for. Raises BandgError."""
    chosen = parameters if isinstance(parameters, ParameterSet) else load_set(parameters)
    ends = None if termination is None else [termination]
    method = (resolve_neighbors(chosen, neighbors), 1, False, "auto")
    jobs = _etb_request(size, shape, ends, chosen, center, method, variation).jobs
    made = [job for job in jobs if isinstance(job, Job)]
    return tuple((Material(chosen, job.second, job.offset_eV), job.nanocrystal, job.neighbors) for job in made)


def _material(parameters: ParameterSet, asked: Variation) -> Material:
    """The set, or the two sets of a mixed halide."""
    second = asked.get("second")
    if second is None:
        for name in ("fraction", "offset_eV"):
            if asked.get(name) is not None:
                raise BandgError(f"{name} belongs to a mixed halide: add the parameter set of the second halide")
        return Material(parameters)
    other = second if isinstance(second, ParameterSet) else load_set(second)
    if asked.get("fraction") is None and asked.get("structure") is None:
        raise BandgError("a second halide needs its share of the halide: add a fraction, as 0.3")
    if asked.get("offset_eV") is None:
        raise BandgError(
            "a mixed halide needs the band offset: the valence-band top of the second crystal above that of the first "
            "in eV, negative where it lies below"
        )
    return Material(parameters, other, float(asked["offset_eV"] or 0.0))


def _bulk_edges(material: Material, fraction: float, neighbors: int, intra_atomic: bool) -> dict[str, float]:
    crystal = material.bulk(neighbors, fraction)  # a set without a gap is refused before anything is computed
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
    from bandg.models.kp.envelope import Barrier, elliptic
    from bandg.models.kp.laws import evaluate
    from bandg.models.kp.sets import load_kp, of_etb

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
        "second": request.second and request.second.to_dict(),
        "nanocrystals": [
            {
                "key": job.key(),
                "cached": row.cached,
                "solver": row.levels.solver,
                "residual_eV": row.levels.residual_eV,
                "blocks": row.levels.blocks,
                "point_group": row.levels.point_group,
                "point_group_order": row.levels.point_group_order,
                "geometry": job.nanocrystal.plain(),
                "warnings": list(row.levels.warnings),
            }
            for job, row in zip(request.jobs, rows, strict=True)
        ],
    }
