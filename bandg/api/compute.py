"""The public function `compute`."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

from bandg import __version__
from bandg.api.covering import FEWEST, STEPS, covering, energy_range
from bandg.api.plan import (
    Set,
    Size,
    Work,
    check_images,
    checked_run,
    given_options,
    plan,
    refuse_unknown,
    screening_of,
)
from bandg.base.arguments import flag, strict
from bandg.base.errors import BandgError
from bandg.models import base as models
from bandg.models.base import Model
from bandg.models.etb.pairs import CORRELATION_EV, exciton_observables
from bandg.models.levels import Levels
from bandg.models.observable import Observable
from bandg.models.screening import Screening
from bandg.runs import sweep
from bandg.runs.dataset import tabulated
from bandg.runs.observables import AT_ENERGY, AT_SIZE, OF_PAIR, resolve
from bandg.runs.options import DEFAULT_RUN, Run
from bandg.runs.progress import Search
from bandg.runs.request import Variation
from bandg.runs.table import LevelTable

if TYPE_CHECKING:
    import xarray

    from bandg.base.task import Task
    from bandg.parameters.covariance import Member


@strict
def compute(
    size: Size | None = None,
    shape: str = "cube",
    termination: str | Sequence[str] | None = None,
    set: Set | None = None,
    *,
    energy: str | float | tuple[float, float] | None = None,
    model: str | Model = "etb",
    center: str | None = None,
    neighbors: int | None = None,
    levels: int = 1,
    intra_atomic: bool = False,
    barrier: str | float | tuple[float, float] | None = None,
    exciton: str | Screening | None = None,
    eps_out: float | None = None,
    solver: str = "auto",
    observables: str | Observable | Sequence[str | Observable] = (),
    band: bool = False,
    run: Run = DEFAULT_RUN,
    **variation: Unpack[Variation],
) -> xarray.Dataset:
    """Confined levels and g-factors of nanocrystals against size.

    Parameters
    ----------
    size : str, float, pair or list, optional
        "7nm", "4..16nm", "4..16nm:1nm", "5nm,8nm" or "7..25cells"; "4x4x6nm" or "6x6x9cells" of a cuboid.
        A number is in nm, a pair (lowest, highest) a range in nm, a list several sizes in nm. Default "4..16nm".
    shape : str
        "cube", "sphere", "cuboid", "octahedron" or "truncated-cube".
    termination : str or list of str, optional
        "halide" or "CsX" (default; CsX-terminated: every Pb keeps its six X), "lead" or "PbX2" (PbX2-terminated: only X
        that bridge two Pb), or both, "halide,lead" or a list. The model "kp" has "hard-wall" (default) and "glass".
        Another lattice has its own terminations.
    set : str, path or parameter set, optional
        Name of a parameter set, path of a file, or a set. The k.p model extracts its set from a tight-binding set.
        Default "bandg-cspbi3-nnn", our fit to first principles; "nestoklon2023-standin" stands in for the published
        theory.
    energy : str, float or pair, optional
        In place of `size`: "1.69..2.25eV", or a pair in eV. Whole cells are taken, from the largest nanocrystal at or
        above the upper energy to the smallest at or below the lower one. Energies are E_e - E_h, or with `exciton`
        those of the pair.
    model : str or Model
        "etb" (tight binding), "kp" (8-band envelopes), or another one (`bandg.Model`).
    center : str, optional
        "Pb" or "Cs", for a sphere or octahedron. The center of a cube follows from the parity of its cells.
    neighbors : int, optional
        Number of neighbor shells with hopping, 1 or 2; by default all of the set.
    levels : int
        Number of levels of each carrier, nearest to the gap first.
    intra_atomic : bool
        Add the p shells' own moment to g.
    barrier : str, float or pair, optional
        Barrier heights of the glass, "3eV", or "3eV,2eV" for electron and hole; numbers are in eV. The default of 3 eV
        is assumed.
    exciton : str or Screening, optional
        Screened attraction of electron and hole, for the variables E_exciton_eV (of the pair, to first order), J_eV,
        J_hh_eV and polarization_eV: "haken", "haken:eps_inf=5,eps_static=25,radius=3nm", "pollmann-buettner",
        "constant:eps=6" (`bandg.models.screening.parse_screening`), or "none".
    eps_out : float, optional
        Dielectric constant of the surroundings, 2.25 of glass, whose image charges act on the pair. With `image` they
        stand in H already and are those of its constants.
    solver : str
        "auto", "dense", "superlu", "rslab", "pardiso", "near-symmetric" or "iterative".
    observables : str, Observable or list of them
        Further variables besides the band edges: "E_p_eV" and "oscillator_strength" of the band-edge transition,
        "details" (g tensors and their parts, characters, overlaps), the name of a registered observable, or an
        `Observable`.
    band : bool
        Add the standard errors that the fit of the set leaves in energies and g-factors, from its covariance and
        further minima: at fixed size (``g_e_stderr``, ``E_gap_stderr_eV``) and at fixed transition energy
        (``g_e_stderr_at_E``, the width of the curve). 68 % of the probability lie within one, 95 % within 1.96.
    run : Run
        Workers, cache, memory, cluster and progress.
    truncation : float, optional
        Share of the corners cut off from a truncated cube, up to 1; default 0.5.
    strain : str, optional
        "zz=0.01,xx=-0.005", or "111=0.01" along [111].
    tilt, angles : str, optional
        Glazer's symbol, "a-b+a-", and an angle in degrees for each letter, "8,10" (or numbers).
    keep : str, optional
        What the tilt keeps: the length of the "bonds" Pb-X (default; the lattice contracts), or the "lattice". Sizes
        count the cells of the undistorted crystal in either case.
    second, fraction, offset_eV : set, float, float, optional
        Parameter set of a second halide, its share of X, and its valence-band top above that of the first in eV.
    x_vacancies, pb_vacancies : float, optional
        Share of the surface X and of the surface Pb that is missing.
    occupancy : float, optional
        Mean-field occupancy of the surface X, 1 halide to 0 lead.
    surface : str, optional
        Onsite shifts near the surface: "slabs" (first principles), "point-charges", or in eV by species and plane,
        "X.0=0.13,Pb.1=-0.01"; planes are a/2 apart, and plane 0 is the outermost. "slabs:scale=0.5" and
        "point-charges:eps=4.4,Pb=2,X=-1,Cs=1" have options. Default those of the set, which "none" leaves out.
    surface_bonds : float, optional
        Relative change of the length of the outermost bonds, -0.05 for 5 % shorter: those of X with a single Pb, or of
        the outermost planes PbX2 with the next ones.
    image : str or pair, optional
        Dielectric constants inside and outside, "5,2.25": the image self-energy of each carrier is added to its
        Hamiltonian. Cubes and spheres.
    seed, seeds : int, optional
        First random seed, and number of consecutive seeds.
    structure : Atoms or path, optional
        Explicit atoms in place of size and shape, as `bandg.read_structure` gives them.

    Returns
    -------
    xarray.Dataset
        The variables of `bandg.runs.observables.BUILT_IN`, energies in eV, lengths in nm. Its accessor `bandg` draws
        it (`.bandg.plot()`), makes a theory curve (`.bandg.curve()`) and a table (`.bandg.table()`).

    Raises
    ------
    BandgError
        For any wrong input, also an unknown argument, before anything is computed.

    Examples
    --------
    >>> import bandg
    >>> levels = bandg.compute(size="2..3cells", run=bandg.Run(workers=1))
    >>> levels["cells"].values
    array([2, 3])
    >>> [f"{g:.2f}" for g in levels["g_e"].values]
    ['-0.31', '-0.00']
    """
    given: dict[str, Any] = dict(locals())
    return level_table(**given.pop("variation"), **given).to_dataset()


def level_table(
    size: Size | None,
    shape: str,
    termination: str | Sequence[str] | None,
    set: Set | None,
    *,
    energy: str | float | tuple[float, float] | None,
    model: str | Model,
    center: str | None,
    neighbors: int | None,
    levels: int,
    intra_atomic: bool,
    barrier: str | float | tuple[float, float] | None,
    exciton: str | Screening | None,
    eps_out: float | None,
    solver: str,
    observables: str | Observable | Sequence[str | Observable],
    band: bool,
    run: Run,
    **variation: Unpack[Variation],
) -> LevelTable:
    """What `compute` makes its dataset of: all that the screen, CSV and JSON need, without xarray."""
    same: dict[str, Any] = {name: value for name, value in locals().items() if name not in ("size", "variation")}
    if energy is not None:
        same |= {**variation, "energy": None, "levels": 1, "observables": (), "band": False}
        if shape == "cuboid":
            raise BandgError("`energy` chooses one edge, and a cuboid has three: give `size`, as 4x4x6nm")
        search = Search(checked_run(run).progress, "the sizes that cover the energies are searched, one by one", STEPS)
        size = _size_of(energy, size, partial(level_table, **same | {"run": replace(run, progress=search)}))
        search.end()
    asked = resolve(observables)
    screening = screening_of(exciton, eps_out)
    refuse_unknown(models.find(model), {"exciton": screening, "eps_out": eps_out})
    pair = exciton_observables(screening, eps_out) if screening else ()
    from_states = (*(one for one in asked if one.states is not None), *pair)
    given = given_options(neighbors, levels, intra_atomic, barrier, solver) | {"observables": from_states or None}
    if flag("band", band):
        refuse_unknown(models.find(model), {"band": True})
    elif unknown := [one.name for one in asked if one.name in (*AT_SIZE.values(), *AT_ENERGY.values())]:
        raise BandgError(f"{unknown[0]} is computed with `band=True` alone: add it")
    if screening is None and (unknown := [one.name for one in asked if one.name in OF_PAIR]):
        raise BandgError(f"{unknown[0]} is computed with an exciton alone: add `exciton='haken'`")
    work = plan(size, shape, termination, set, model, center, given, variation)
    check_images(work.crystals, screening, eps_out)
    members, more = _derivatives(work) if band else ((), [])
    jobs: list[Task[Any]] = [*more, *work.jobs]
    computed = sweep.run_jobs(jobs, checked_run(run), work.check)
    results = computed[len(more) :]
    labels = {"model": work.model.name, "set": work.name}
    provenance = _provenance(work, results)
    if screening is not None:
        left_out = {"correlation_left_out_eV": CORRELATION_EV}
        labels["exciton"] = _constants(screening, eps_out, work)
        provenance |= {"exciton": {"screening": screening.describe(), "eps_out": eps_out} | left_out}
    found = [levels for levels, _ in results]
    if band:
        from bandg.runs.band import by_member, standard_errors

        provenance["ensemble"] = [{"name": member.name, "chi2": member.chi2} for member in members]
        sizes = by_member([result for result, _ in computed[: len(more)]], len(work.crystals))
        errors = standard_errors(members, sizes)
        found = [
            replace(one, extra=one.extra | {name: (value,) for name, value in own.items()})
            for one, own in zip(found, errors, strict=True)
        ]
    return tabulated(found, labels, provenance, asked, partial(_bulk_limit, work))


def _size_of(
    energy: str | float | tuple[float, float], size: Size | None, table_of: Callable[[str], LevelTable]
) -> str:
    """The range of cells that covers the energies. Raises BandgError."""
    lower, upper = energy_range(energy)
    if size is not None:
        raise BandgError("`size` and `energy` both choose the sizes: leave one out")

    def energies(cells: int) -> tuple[float, float]:
        """Lowest and highest energy in eV of the nanocrystals of so many cells."""
        variables = table_of(f"{cells}cells").variables
        found = variables["E_exciton_eV" if "E_exciton_eV" in variables else "E_gap_eV"].values
        return float(found.min()), float(found.max())

    limits = {**(first := table_of(f"{FEWEST}cells")).attrs, **first.more()}
    pair = "E_exciton_eV" in first.variables  # its energy lies below that of free carriers, also in the bulk
    few, many = covering(lower, upper, energies, None if pair else limits.get("bulk_E_gap_eV"))
    return f"{few}..{many}cells"


def _constants(screening: Screening, eps_out: float | None, work: Work) -> str:
    """The constants of an exciton in words."""
    around = "no dielectric contrast" if eps_out is None else f"{eps_out:g} outside"
    if work.crystals[0].image:
        around = f"{work.crystals[0].image[1]:g} outside"
    return f"{screening.describe()}, {around}"


def _derivatives(work: Work) -> tuple[Sequence[Member], Sequence[Task[Any]]]:
    """The minima of the fit of the set, and the derivatives of each nanocrystal as jobs. Raises BandgError."""
    from bandg.parameters.covariance import ensemble_of
    from bandg.runs.band import derivative_jobs

    if work.options.second is not None:
        raise BandgError("there is no `band` of a mixed halide: leave `band` or `second` out")
    members, options = ensemble_of(work.parameters), work.options
    assert options.neighbors is not None  # set by `complete`
    return members, derivative_jobs(members, work.crystals, options.neighbors, options.intra_atomic, options.solver)


def _bulk_limit(work: Work) -> dict[str, Any]:
    """Bulk values of the crystal of the nanocrystals, or the reason why there are none ("bulk_missing")."""
    if work.bulk is None:
        return {}
    crystal, found = work.crystals[0], work.bulk
    what = "the crystal of a structure file" if crystal.atoms else ""
    if crystal.strain or crystal.tilt:
        from bandg.crystal.cell import cell_of  # slow to load

        deformed = None
        if work.options.second is None:
            deformed = work.model.cell_bulk(work.parameters, work.options, cell_of(crystal))
        found, what = deformed or found, "" if deformed else "this deformed crystal"
    if what:
        return {"bulk_missing": f"No bulk limit is drawn: bandg does not compute the bulk of {what}."}
    g_e, g_h = found.g_factors(work.options.intra_atomic)
    return {"bulk_E_gap_eV": found.E_g, "bulk_g_e": g_e, "bulk_g_h": g_h}


def _provenance(work: Work, results: Sequence[tuple[Levels, bool]]) -> dict[str, Any]:
    second = work.options.second
    return {
        "bandg": __version__,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "parameters": work.parameters.to_dict(),
        "parameters_sha256": work.parameters.digest(),
        "intra_atomic": work.options.intra_atomic,
        "barrier_eV": work.options.barrier,
        "surface": work.surface,
        "second": second and second.to_dict(),
        "nanocrystals": [
            {
                "key": job.key(),
                "cached": cached,
                "seconds": levels.seconds,
                "solver": levels.solver,
                "residual_eV": levels.residual_eV,
                "blocks": levels.blocks,
                "point_group": levels.point_group,
                "point_group_order": levels.point_group_order,
                "geometry": crystal.plain(),
                "warnings": list(levels.warnings),
            }
            for job, crystal, (levels, cached) in zip(work.jobs, work.crystals, results, strict=True)
        ],
    }
