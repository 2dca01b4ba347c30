"""The public functions `compute`, `bulk` and so on: arguments become a parameter set, nanocrystals and jobs."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Unpack

from bandg import __version__
from bandg.base.arguments import choices, flag, names, number, size_text, strict, text, whole, wrong
from bandg.base.errors import BandgError
from bandg.base.quantities import parse_energies
from bandg.base.task import Task
from bandg.crystal.atoms import Atoms
from bandg.crystal.lattice import require_perovskite, termination_among
from bandg.crystal.shapes import SHAPES, Nanocrystal
from bandg.models import base as models
from bandg.models.base import Model, Options
from bandg.models.levels import Levels
from bandg.models.observable import Observable
from bandg.parameters.loader import model_of
from bandg.runs import sweep
from bandg.runs.dataset import tabulated
from bandg.runs.observables import AT_ENERGY, AT_SIZE, resolve
from bandg.runs.options import DEFAULT_RUN, Run
from bandg.runs.request import Variation, checked, nanocrystals, varied
from bandg.runs.table import LevelTable

if TYPE_CHECKING:
    import xarray

    from bandg.models.etb.dos import DensityOfStates
    from bandg.models.etb.full import FullSystem
    from bandg.models.etb.material import Material

DEFAULT_SIZE = "4..16nm"
Size = str | float | tuple[float, float] | Sequence[float]
Set = str | os.PathLike[str] | models.Parameters


@strict
def compute(
    size: Size | None = None,
    shape: str = "cube",
    termination: str | Sequence[str] | None = None,
    set: Set | None = None,
    *,
    model: str | Model = "etb",
    center: str | None = None,
    neighbors: int | None = None,
    levels: int = 1,
    intra_atomic: bool = False,
    barrier: str | float | tuple[float, float] | None = None,
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
        that bridge two Pb), or both in a list. The model "kp" has "hard-wall" (default) and "glass". Another lattice
        has its own terminations.
    set : str, path or parameter set, optional
        Name of a parameter set, path of a file, or a set. The k.p model extracts its set from a tight-binding set.
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
    solver : str
        "auto", "dense", "superlu", "pardiso" or "iterative".
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
    second, fraction, offset_eV : set, float, float, optional
        Parameter set of a second halide, its share of X, and its valence-band top above that of the first in eV.
    x_vacancies, pb_vacancies : float, optional
        Share of the surface X and of the surface Pb that is missing.
    occupancy : float, optional
        Mean-field occupancy of the surface X, 1 halide to 0 lead.
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
    ['-0.35', '0.09']
    """
    table = level_table(
        size,
        shape,
        termination,
        set,
        model=model,
        center=center,
        neighbors=neighbors,
        levels=levels,
        intra_atomic=intra_atomic,
        barrier=barrier,
        solver=solver,
        observables=observables,
        band=band,
        run=run,
        **variation,
    )
    return table.to_dataset()


def level_table(
    size: Size | None,
    shape: str,
    termination: str | Sequence[str] | None,
    set: Set | None,
    *,
    model: str | Model,
    center: str | None,
    neighbors: int | None,
    levels: int,
    intra_atomic: bool,
    barrier: str | float | tuple[float, float] | None,
    solver: str,
    observables: str | Observable | Sequence[str | Observable],
    band: bool,
    run: Run,
    **variation: Unpack[Variation],
) -> LevelTable:
    """What `compute` makes its dataset of: all that the screen, CSV and JSON need, without xarray."""
    asked = resolve(observables)
    from_states = tuple(one for one in asked if one.states is not None)
    given = _given(neighbors, levels, intra_atomic, barrier, solver) | {"observables": from_states or None}
    if flag("band", band):
        _refuse_unknown(models.find(model), {"band": True})
    elif unknown := [one.name for one in asked if one.name in (*AT_SIZE.values(), *AT_ENERGY.values())]:
        raise BandgError(f"{unknown[0]} is computed with `band=True` alone: add it")
    work = _work(size, shape, termination, set, model, center, given, variation)
    members, errors = _errors(work, _checked_run(run)) if band else ((), None)
    results = sweep.run_jobs(work.jobs, _checked_run(run), work.check)
    labels = {"model": work.model.name, "set": work.name}
    provenance = _provenance(work, results) | ({"ensemble": members} if band else {})
    found = [levels for levels, _ in results]
    if errors is not None:
        found = [replace(one, extra=one.extra | own) for one, own in zip(found, errors, strict=True)]
    return tabulated(found, labels, provenance, asked, partial(_bulk_limit, work))


def _errors(work: _Work, run: Run) -> tuple[list[dict[str, Any]], list[dict[str, tuple[float]]]]:
    """The minima of the fit of the set, and the standard errors of each nanocrystal. Raises BandgError."""
    from bandg.parameters.covariance import ensemble_of
    from bandg.runs.band import derivatives_of, standard_errors

    if work.options.second is not None:
        raise BandgError("there is no `band` of a mixed halide: leave `band` or `second` out")
    members, options = ensemble_of(work.parameters), work.options
    assert options.neighbors is not None  # set by `complete`
    more = (options.neighbors, options.intra_atomic, options.solver)
    found = derivatives_of(members, work.crystals, *more, run, work.check)
    errors = [{name: (value,) for name, value in own.items()} for own in standard_errors(members, found)]
    return [{"name": member.name, "chi2": member.chi2} for member in members], errors


@strict
def bulk(
    set: Set | None = None,
    *,
    model: str | Model = "etb",
    neighbors: int | None = None,
    second: Set | None = None,
    fraction: float | None = None,
    offset_eV: float | None = None,
) -> Any:
    """The bulk crystal of a parameter set.

    Parameters
    ----------
    set, model, neighbors, second, fraction, offset_eV
        As in `bandg.compute`.

    Returns
    -------
    Bulk
        `bandg.models.etb.bulk.Bulk`, or the bulk of another model: `E_g` in eV, `g_factors()` of electron and hole, and
        `values()` with all properties as plain numbers.

    Raises
    ------
    BandgError
        For any wrong input, and for a set without a gap.

    Examples
    --------
    >>> import bandg
    >>> crystal = bandg.bulk("nestoklon2023-standin")
    >>> f"{crystal.E_g:.3f} eV"
    '1.652 eV'
    >>> g_e, g_h = crystal.g_factors()
    """
    chosen = models.find(model)
    given = _given(neighbors, 1, False, None, "auto")
    asked = checked(
        {
            "second": second,  # type: ignore[typeddict-item]
            "fraction": fraction,
            "offset_eV": offset_eV,
        }
    )
    _refuse_unknown(chosen, {**given, **asked})
    parameters = _load(chosen, set)
    options = chosen.complete(parameters, _options(chosen, parameters, None, given, asked))
    found = chosen.bulk(parameters, options)
    if found is None:
        raise BandgError(f"the model {chosen.name} has no bulk crystal")
    return found


@strict
def tight_binding(
    size: Size | None = None,
    shape: str = "cube",
    termination: str | Sequence[str] | None = None,
    set: Set | None = None,
    *,
    center: str | None = None,
    neighbors: int | None = None,
    **variation: Unpack[Variation],
) -> tuple[tuple[Material, Nanocrystal, int], ...]:
    """Material, nanocrystal and neighbor shells that `bandg.compute` would solve for.

    Parameters
    ----------
    size, shape, termination, set, center, neighbors, ...
        As in `bandg.compute`.

    Returns
    -------
    tuple of (Material, Nanocrystal, int)
        One for each nanocrystal.

    Raises
    ------
    BandgError
        For any wrong input.

    Examples
    --------
    >>> import bandg
    >>> [(material, crystal, neighbors)] = bandg.tight_binding("2cells")
    >>> crystal.size_nm
    1.2578
    """
    from bandg.models.etb.model import material

    given = _given(neighbors, 1, False, None, "auto")
    work = _work(size, shape, termination, set, "etb", center, given, variation)
    work.check()
    made = material(work.parameters, work.options)
    assert work.options.neighbors is not None  # set by `complete`
    return tuple((made, crystal, work.options.neighbors) for crystal in work.crystals)


@strict
def full_hamiltonian(
    size: Size | None = None,
    shape: str = "cube",
    termination: str | None = None,
    set: Set | None = None,
    *,
    center: str | None = None,
    neighbors: int | None = None,
    run: Run = DEFAULT_RUN,
    **variation: Unpack[Variation],
) -> FullSystem:
    """The whole Hamiltonian of one nanocrystal as a sparse matrix, with its basis.

    Parameters
    ----------
    size, shape, termination, set, center, neighbors, ...
        As in `bandg.compute`, for one nanocrystal.
    run : Run
        Only `force` is used.

    Returns
    -------
    FullSystem
        `hamiltonian` in eV (scipy.sparse, complex Hermitian), `basis`, `positions_nm` and `species`;
        `bandg.models.etb.full` writes it and hands it to kwant and ase.

    Raises
    ------
    BandgError
        For any wrong input, and where the memory does not suffice.

    Examples
    --------
    >>> import bandg
    >>> system = bandg.full_hamiltonian("2cells")
    >>> system.hamiltonian.shape == (len(system.basis),) * 2
    True
    """
    from bandg.models.etb.full import full_system
    from bandg.models.etb.job import WholeJob

    [(made, crystal, shells)] = one_of(
        size, tight_binding(size, shape, termination, set, center=center, neighbors=neighbors, **variation)
    )
    sweep.check_memory([WholeJob(made.parameters, crystal, shells)], _checked_run(run).force)
    return full_system(made, crystal, shells)


@strict
def density_of_states(
    size: Size | None = None,
    shape: str = "cube",
    termination: str | None = None,
    set: Set | None = None,
    *,
    energies: Sequence[float] | None = None,
    moments: int = 1000,
    vectors: int = 10,
    vector_seed: int = 0,
    center: str | None = None,
    neighbors: int | None = None,
    run: Run = DEFAULT_RUN,
    **variation: Unpack[Variation],
) -> DensityOfStates:
    """Density of states of one nanocrystal by the kernel polynomial method; needs kwant.

    Parameters
    ----------
    size, shape, termination, set, center, neighbors, ...
        As in `bandg.compute`, for one nanocrystal.
    energies : sequence of float, optional
        In eV, shape (n,); by default 1000 over the whole spectrum.
    moments : int
        Moments of the expansion; the resolution in eV is proportional to its inverse.
    vectors : int
        Random vectors, 2 or more; the error is proportional to the inverse square root of their number.
    vector_seed : int
        Seed of the random vectors.
    run : Run
        Only `force` is used.

    Returns
    -------
    DensityOfStates
        `energies_eV`, `states_per_eV` and `error_per_eV`, each of shape (n,), and `count_below(energy)`.

    Raises
    ------
    BandgError
        For any wrong input, without kwant, and where the memory does not suffice.

    Examples
    --------
    >>> import bandg
    >>> found = bandg.density_of_states("2cells", moments=50, vectors=2)  # doctest: +SKIP
    """
    import numpy as np

    from bandg.models.etb import dos

    grid = None if energies is None else np.array([number("energies", one) for one in energies])
    design = (whole("moments", moments), whole("vectors", vectors), whole("vector_seed", vector_seed))
    dos.check_expansion(*design)
    system = full_hamiltonian(size, shape, termination, set, center=center, neighbors=neighbors, run=run, **variation)
    return dos.density_of_states(system, grid, *design)


@strict
def load_set(name_or_path: str | os.PathLike[str]) -> Any:
    """A parameter set, checked and complete.

    Parameters
    ----------
    name_or_path : str or path
        A shipped set by its name, or the file at a path (it ends in .toml or contains a separator).

    Returns
    -------
    ParameterSet, KpSet, or the set of another model
        All numbers with their unit, source and status. The file says to which model it belongs.

    Raises
    ------
    BandgError
        For any error in the file or its base: one line that starts with the file name.

    Examples
    --------
    >>> import bandg
    >>> bandg.load_set("nestoklon2023-standin").a_nm
    0.6289
    >>> bandg.load_set("kirstein2022").values["E_g"]
    1.652
    """
    if not isinstance(name_or_path, str | os.PathLike):
        raise wrong("name_or_path", "the name of a set or a path", name_or_path)
    model = model_of(name_or_path)
    return models.find(model if model in models.available() else "etb").load(name_or_path)


def one_of(size: Any, found: Sequence[Any]) -> Sequence[Any]:
    """The nanocrystal, if there is exactly one. Raises BandgError otherwise."""
    if len(found) != 1:
        raise BandgError(f"`size` {size or DEFAULT_SIZE!r} means {len(found)} nanocrystals: give one, as 5nm or 8cells")
    return found


@dataclass(frozen=True)
class _Work:
    """The jobs of a computation."""

    model: Model
    parameters: Any
    options: Options
    crystals: tuple[Nanocrystal, ...]

    @property
    def name(self) -> str:
        """Name of the set, or of both sets of a mixed halide."""
        second = self.options.second
        return str(self.parameters.name) + (f" + {second.name}" if second else "")

    @cached_property
    def jobs(self) -> tuple[Task[Levels], ...]:
        """A job for each nanocrystal."""
        return tuple(self.model.job(self.parameters, crystal, self.options) for crystal in self.crystals)

    @cached_property
    def bulk(self) -> models.Bulk | None:
        """The bulk crystal, or None if the model has none."""
        return self.model.bulk(self.parameters, self.options)

    def check(self) -> None:
        """Raise BandgError for a set without a gap."""
        _ = self.bulk


def _bulk_limit(work: _Work) -> dict[str, Any]:
    """Bulk values of the crystal of the nanocrystals, or the reason why there are none ("bulk_missing")."""
    if work.bulk is None:
        return {}
    crystal, found = work.crystals[0], work.bulk
    what = "the crystal of a structure file" if crystal.atoms else ""
    if crystal.strain or crystal.tilt:
        deformed = work.model.deformed_bulk(work.parameters, work.options, crystal)
        found, what = deformed or found, "" if deformed else "this deformed crystal"
    if what:
        return {"bulk_missing": f"No bulk limit is drawn: bandg does not compute the bulk of {what}."}
    g_e, g_h = found.g_factors(work.options.intra_atomic)
    return {"bulk_E_gap_eV": found.E_g, "bulk_g_e": g_e, "bulk_g_h": g_h}


def _work(
    size: Any,
    shape: Any,
    termination: Any,
    set: Any,
    model: Any,
    center: Any,
    given: Mapping[str, Any],
    variation: Variation,
) -> _Work:
    """Check the arguments of `compute` and make a plan. Raises BandgError."""
    chosen = models.find(model)
    asked = checked(variation)
    _refuse_unknown(chosen, {**given, **asked})
    parameters = _load(chosen, set)
    options = chosen.complete(parameters, _options(chosen, parameters, termination, given, asked))
    text("shape", shape, "cube")
    if center is not None:
        text("center", center, "Pb")
    own = chosen.nanocrystals(parameters)
    if own is not None or asked.get("structure") is not None:
        what = "a structure" if own is None else f"the set {parameters.name}"
        for name, value in (("size", size), ("shape", None if shape == "cube" else shape), ("center", center)):
            if value is not None:
                raise BandgError(f"{what} has its own {name}: leave `{name}` out")
        if termination is not None or asked.get("truncation") is not None:
            raise BandgError(f"{what} has its own surface: leave `termination` and `truncation` out")
    if own is not None:
        crystals: Sequence[Nanocrystal] = own
    elif asked.get("structure") is not None:
        crystal = _explicit(asked["structure"], chosen, parameters, options)
        crystals, options = [crystal], replace(options, fraction=crystal.fraction)
    else:
        a_nm = chosen.lattice_nm(parameters, options)
        crystals = _ideal(size, shape, center, chosen, parameters, options.terminations, a_nm, asked.get("truncation"))
    if any(value is not None for value in asked.values()):
        crystals = varied(crystals, asked)
    return _Work(chosen, parameters, options, tuple(crystals))


def _ideal(
    size: Any,
    shape: str,
    center: str | None,
    model: Model,
    parameters: Any,
    terminations: Sequence[str],
    a_nm: float,
    truncation: float | None,
) -> list[Nanocrystal]:
    """The ideal nanocrystals, one termination of the model after the other."""
    if shape not in model.shapes:
        known = [one for one in SHAPES if one in model.shapes] + sorted(model.shapes.difference(SHAPES))
        raise BandgError(f"shape {shape!r} is unknown in the {model.name} model; choose {choices(known)}")
    words = DEFAULT_SIZE if size is None else size_text(size)
    found = []
    lattice = model.lattice(parameters)
    known = [one.name for one in lattice.terminations]
    for end in terminations:
        surface = end if end in known else known[0]
        made = nanocrystals(words, shape, surface, center, a_nm, truncation, lattice)
        found += [replace(crystal, termination=end) for crystal in made]
    return found


def _explicit(structure: Any, model: Model, parameters: Any, options: Options) -> Nanocrystal:
    """The nanocrystal of given atoms, or of a structure file."""
    from bandg.crystal.from_atoms import explicit  # slow to load

    require_perovskite(model.lattice(parameters), "a structure")
    sets = [one for one in (parameters, options.second) if one is not None]
    halides = [one.halide for one in sets]
    atoms = structure
    if not isinstance(structure, Atoms):
        from bandg.crystal.files import check_lattice, read_structure

        atoms = read_structure(structure, halide=halides[0])
    of_each = [float((atoms.species == halide).sum()) for halide in halides]
    share = of_each[-1] / max(sum(of_each), 1) if len(sets) > 1 else 0.0
    a_nm = model.lattice_nm(parameters, replace(options, fraction=share))
    if not isinstance(structure, Atoms):
        check_lattice(atoms, a_nm, " and ".join(one.name for one in sets))
    return explicit(atoms, a_nm, *halides)


def _given(neighbors: Any, levels: Any, intra_atomic: Any, barrier: Any, solver: Any) -> dict[str, Any]:
    """The options of the models by name, checked; None where it is the default."""
    return {
        "neighbors": None if neighbors is None else whole("neighbors", neighbors),
        "levels": None if whole("levels", levels, 1) == 1 else int(levels),
        "intra_atomic": flag("intra_atomic", intra_atomic) or None,
        "barrier": None if barrier is None else _heights(barrier),
        "solver": None if text("solver", solver, "auto") == "auto" else solver,
    }


def _heights(barrier: Any) -> tuple[float, float]:
    """Barriers (electron, hole) in eV."""
    if isinstance(barrier, str):
        heights = parse_energies(barrier, "barrier")
    else:
        heights = tuple(number("barrier", one) for one in (barrier if isinstance(barrier, list | tuple) else [barrier]))
    if len(heights) not in (1, 2):
        raise BandgError(f"barrier {barrier!r} must be one height, or two for electron and hole: write 3eV or 3eV,2eV")
    return heights[0], heights[-1]


def _refuse_unknown(model: Model, given: Mapping[str, Any]) -> None:
    """Raise BandgError for an argument that the model does not know."""
    for name, value in given.items():
        if value is not None and name not in model.options:
            others = [one for one in models.BUILT_IN if name in models.find(one).options]
            hint = f": add `model={others[0]!r}`" if others else ""
            raise BandgError(f"the {model.name} model does not know `{name}`{hint}, or leave it out")


def _load(model: Model, given: Any) -> Any:
    """The parameter set."""
    chosen = model.default_set if given is None else given
    if chosen is None:
        raise BandgError(f"the model {model.name} needs a parameter set: add `set`")
    return model.load(chosen)


def _options(model: Model, parameters: Any, termination: Any, given: Mapping[str, Any], asked: Variation) -> Options:
    """The options of the model, before it completes them."""
    known = model.ends(parameters)
    asked_ends = () if termination is None else names("termination", termination, known[0].name)
    if termination is not None and not asked_ends:
        raise BandgError(f"no termination is given; choose {choices([e.name for e in known])}, or several in a list")
    where = f" in the {model.name} model"
    ends = tuple(dict.fromkeys(termination_among(known, end, where).name for end in asked_ends))
    chosen = {name: value for name, value in given.items() if value is not None}
    return replace(Options(ends, **chosen), **_mixed(model, asked))


def _mixed(model: Model, asked: Variation) -> dict[str, Any]:
    """The options of a mixed halide."""
    if asked.get("second") is None:
        for name in ("fraction", "offset_eV"):
            if asked.get(name) is not None:
                raise BandgError(f"`{name}` belongs to a mixed halide: add the parameter set of the second halide")
        return {}
    if asked.get("fraction") is None and asked.get("structure") is None:
        raise BandgError("a second halide needs its share of the halide: add a fraction, as 0.3")
    if asked.get("offset_eV") is None:
        raise BandgError(
            "a mixed halide needs the band offset: the valence-band top of the second crystal above that of the first "
            "in eV, negative where it lies below"
        )
    second = model.load(asked["second"])
    return {"second": second, "fraction": asked.get("fraction") or 0.0, "offset_eV": asked["offset_eV"]}


def _checked_run(run: Any) -> Run:
    if not isinstance(run, Run):
        raise wrong("run", "a bandg.Run", run)
    return run


def _provenance(work: _Work, results: Sequence[tuple[Levels, bool]]) -> dict[str, Any]:
    second = work.options.second
    return {
        "bandg": __version__,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "parameters": work.parameters.to_dict(),
        "parameters_sha256": work.parameters.digest(),
        "intra_atomic": work.options.intra_atomic,
        "barrier_eV": work.options.barrier,
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
