"""The nanocrystals of a sample that a laser excites, drawn from functions through computed ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Unpack

import numpy as np
from numpy.typing import NDArray

from bandg.api.plan import Set, Size, checked_run, given_options, load
from bandg.base.arguments import names, number, size_text, strict, text, whole, wrong
from bandg.base.errors import BandgError
from bandg.models import base as models
from bandg.models.base import Model
from bandg.runs.options import DEFAULT_RUN, Run
from bandg.runs.request import Variation, check_seed, checked
from bandg.spin.ensemble import FWHM, Ensemble
from bandg.spin.grid import Grid, Sample, grid, with_angles
from bandg.spin.scatter import OF_EDGES, Scatter, scatters

Floats = NDArray[np.float64]

ORIENTATIONS = ("random", "fixed")
MAX_COUNT = 100_000
_PATH = 200
_CHUNK = 100


@strict
def simulate(
    size: Size = "4..8cells",
    shape: str = "cube",
    termination: str | Sequence[str] | None = None,
    set: Set | None = None,
    *,
    energy_eV: float,
    width_eV: float = 1e-3,
    homogeneous_eV: float = 0.0,
    mean_nm: float | None = None,
    spread: float | None = None,
    scatter: Mapping[str, Any] | None = None,
    shares: Sequence[float] = (),
    orientation: str = "random",
    count: int = 2000,
    draw: int = 0,
    model: str | Model = "etb",
    neighbors: int | None = None,
    intra_atomic: bool = False,
    run: Run = DEFAULT_RUN,
    **variation: Unpack[Variation],
) -> Ensemble:
    """The nanocrystals of a sample that a laser excites, with their g tensors.

    Nanocrystals are computed (or read from the cache) at the sizes of the range and at three values of each number that
    scatters. Splines go through what is computed. All random arrangements of vacancies and halides (`seeds`) are
    equally frequent, and each is followed from size to size. Transition energies have no exciton binding, and all
    nanocrystals absorb and turn the light equally.

    Parameters
    ----------
    size, shape, termination, set, model, neighbors, intra_atomic, run, ...
        As in `bandg.compute`. Two sizes or more, from which the laser chooses. Several terminations are mixed.
    energy_eV : float
        Photon energy of the laser in eV.
    width_eV, homogeneous_eV : float
        Full widths at half maximum of the laser (Gaussian) and of each transition (Lorentzian) in eV.
    mean_nm, spread : float, optional
        Lognormal distribution of the size: its median, and its relative standard deviation. By default all sizes of the
        range are equally frequent.
    scatter : mapping, optional
        What scatters from one nanocrystal to the next, "0.9+-0.05" (Gaussian, cut off at 2.5 standard deviations) or
        "0.8..1" (uniform): "edges" (each edge of a cuboid, relative to the common size), "aspect" (edge along z by
        that along x and y), "occupancy", "surface_bonds", "surface_scale" (a factor of all shifts of `surface`),
        "angle_1", ... (the angles of the tilt in degrees). A single number is a value that does not scatter.
    shares : sequence of float
        Share of each termination, by default all equal.
    orientation : str
        "random", or "fixed": the light along the crystal's z, the field along its x.
    count : int
        Number of nanocrystals.
    draw : int
        Seed of what is drawn.

    Returns
    -------
    Ensemble

    Raises
    ------
    BandgError
        For any wrong input, and where no nanocrystal of these sizes has that transition energy.

    Examples
    --------
    >>> import bandg
    >>> from bandg.spin import simulate
    >>> few = dict(set="nestoklon2023-standin", run=bandg.Run(workers=1))
    >>> cubes = simulate("2..4cells", energy_eV=2.8, count=100, **few)
    >>> cubes.spread("electron").deviation < 0.01
    True
    """
    laser = _laser(energy_eV, width_eV, homogeneous_eV)
    if text("orientation", orientation, "random") not in ORIENTATIONS:
        raise BandgError(f"`orientation` must be 'random' or 'fixed', not {orientation!r}")
    sizes = _sizes(mean_nm, spread)
    if whole("count", count, 2) > MAX_COUNT:
        raise BandgError(f"`count` must be at most {MAX_COUNT}, not {count}")
    check_seed(whole("draw", draw, 0))
    sample = Sample(
        size,
        shape,
        chosen := models.find(model),
        load(chosen, set),
        given_options(neighbors, 1, intra_atomic, None, "auto"),
        checked(variation),
        scatters(scatter),
        checked_run(run),
    )
    sample = _consistent(sample)
    ends = _terminations(termination)
    portions = _portions(shares, len(ends))
    grids = [grid(sample, end) for end in ends]
    options = {
        "set": str(sample.parameters.name),
        "model": chosen.name,
        "size": size_text(size),
        "shape": shape,
        "terminations": [one.termination for one in grids],
        "shares": portions,
        "scatter": {name: str(one) for name, one in sample.scatter.items()},
        "mean_nm": mean_nm,
        "spread": spread,
        "orientation": orientation,
        "count": int(count),
        "draw": int(draw),
        **{name: value for name, value in sample.options.items() if value is not None},
        **{name: str(getattr(value, "name", value)) for name, value in sample.variation.items() if value is not None},
    }
    rng = np.random.default_rng(draw)
    drawn = _draw(rng, sample, grids, portions, laser.draw(rng, count), sizes)
    if not drawn.weight.any():
        raise BandgError(
            f"no nanocrystal of this `size` has its transition at {laser.energy_eV:g} eV: they have "
            f"{drawn.lowest:.3f} to {drawn.highest:.3f} eV"
        )
    kept = drawn.weight > 0
    vectors = _vectors(rng, drawn.values[kept, 1:].reshape(-1, 2, 3, 3), orientation)
    worst = np.max([one.left_out() for one in grids], axis=0)
    return Ensemble(
        *laser,
        transition_eV=drawn.values[kept, 0],
        weight=drawn.weight[kept] / drawn.weight[kept].sum(),
        edges_nm=drawn.edges_nm[kept],
        vectors=vectors,
        outside=float(1 - kept.mean()),
        left_out=tuple(worst.tolist()),
        options=options,
    )


class _Laser(NamedTuple):
    energy_eV: float
    width_eV: float
    homogeneous_eV: float

    def draw(self, rng: np.random.Generator, count: int) -> Floats:
        """Transition energies that are excited: the sum of a Gaussian and a Lorentzian number."""
        gaussian = rng.normal(0, self.width_eV / FWHM, count)
        return np.asarray(self.energy_eV + gaussian + self.homogeneous_eV / 2 * rng.standard_cauchy(count))


def _laser(energy_eV: Any, width_eV: Any, homogeneous_eV: Any) -> _Laser:
    laser = _Laser(
        number("energy_eV", energy_eV), number("width_eV", width_eV), number("homogeneous_eV", homogeneous_eV)
    )
    if laser.energy_eV <= 0:
        raise BandgError(f"`energy_eV` must be above zero, not {energy_eV:g}")
    for name, one in (("width_eV", laser.width_eV), ("homogeneous_eV", laser.homogeneous_eV)):
        if one < 0:
            raise BandgError(f"`{name}` must be 0 or more, not {one:g}")
    return laser


def _sizes(mean_nm: Any, spread: Any) -> tuple[float, float] | None:
    """Median and relative standard deviation of a lognormal distribution, None for equally frequent sizes."""
    if (mean_nm is None) != (spread is None):
        raise BandgError("a distribution of sizes needs both, `mean_nm` and `spread`")
    if mean_nm is None:
        return None
    found = number("mean_nm", mean_nm), number("spread", spread)
    if found[0] <= 0 or not 0 < found[1] <= 10:
        raise BandgError("`mean_nm` must be above zero, and `spread` above 0 and at most 10")
    return found


def _terminations(given: Any) -> tuple[str | None, ...]:
    ends = (None,) if given is None else names("termination", given, "halide")
    if not ends or len(ends) != len(dict.fromkeys(ends)):
        raise BandgError("`termination` must name one termination or more, each once")
    return ends


def _portions(shares: Any, ends: int) -> list[float]:
    """Share of each termination; their sum is 1."""
    if not isinstance(shares, list | tuple | np.ndarray):
        raise wrong("shares", "a list of numbers, as [0.7, 0.3]", shares)
    if len(shares) and ends == 1:
        raise BandgError("`shares` are those of several terminations: add `termination`, as halide and lead")
    given = np.array([number("shares", one) for one in shares] or [1.0] * ends)
    if len(given) != ends or given.min() < 0 or not given.sum():
        raise BandgError(f"`shares` must be a number of 0 or more for each of {ends} terminations, not all zero")
    return list((given / given.sum()).tolist())


def _consistent(sample: Sample) -> Sample:
    """The sample with the angles of its tilt. Raises BandgError where something is stated twice."""
    for name in sample.scatter:
        if sample.variation.get(name) is not None:
            raise BandgError(f"`{name}` is given, and scatters too: leave one of them out")
    if sample.variation.get("structure") is not None:
        raise BandgError("`structure` is one nanocrystal, and an ensemble has several sizes: leave it out")
    return replace(sample, variation=with_angles(sample.parameters, sample.variation, sample.scatter))


class _Drawn(NamedTuple):
    """values: (n, 19) energy and g tensors. weight: 0 where no size has the energy. lowest, highest: energies there."""

    values: Floats
    weight: Floats
    edges_nm: Floats
    lowest: float
    highest: float


def _draw(
    rng: np.random.Generator,
    sample: Sample,
    grids: Sequence[Grid],
    portions: Sequence[float],
    target: Floats,
    sizes: tuple[float, float] | None,
) -> _Drawn:
    """Nanocrystals at random, each with the size that has its target energy."""
    count = len(target)
    kind = rng.choice(len(grids), count, p=portions)
    numbers = {name: one.draw(rng, count) for name, one in sample.scatter.items() if name not in OF_EDGES}
    factors = _factors(rng, sample.scatter, count)
    values, weight, edges = np.full((count, 19), np.nan), np.zeros(count), np.full((count, 3), np.nan)
    reached = [np.inf, -np.inf]
    for n, one in enumerate(grids):
        seeds = rng.integers(one.seeds, size=count)
        for part in _chunks(np.flatnonzero(kind == n)):
            held = one.of_scatter({name: of[part] for name, of in numbers.items()}, seeds[part])
            found = _at_energy(one, held, factors[part], target[part], sizes)
            edges[part], weight[part] = found.edges_nm, found.weight
            reached = [min(reached[0], found.lowest), max(reached[1], found.highest)]
            values[part] = one.at_edges(held, found.edges_nm)
    return _Drawn(values, weight, edges, *reached)


def _chunks(numbers: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return np.array_split(numbers, -(-len(numbers) // _CHUNK)) if len(numbers) else []


class _Found(NamedTuple):
    edges_nm: Floats
    weight: Floats
    lowest: float
    highest: float


def _factors(rng: np.random.Generator, scatter: Mapping[str, Scatter], count: int) -> Floats:
    """Edges by the common size, shape (count, 3)."""
    aspect = scatter["aspect"].draw(rng, count) if "aspect" in scatter else np.ones(count)
    factors = aspect[:, None] ** np.array([-1 / 3, -1 / 3, 2 / 3])
    if "edges" in scatter:
        factors = factors * np.stack([scatter["edges"].draw(rng, count) for _ in range(3)], axis=1)
    return np.asarray(factors)


def _at_energy(
    one: Grid, held: Floats, factors: Floats, target: Floats, lognormal: tuple[float, float] | None
) -> _Found:
    """The common size at which each nanocrystal has its target energy, and its weight p(L) |dL/dE|; 0 if none has."""
    n = len(target)
    lowest, highest = one.edges_nm.min(), one.edges_nm.max()
    path = 1 / np.linspace(1 / lowest, 1 / highest, _PATH)  # ascending sizes
    every = (path[:, None] * factors[:, None, :]).reshape(-1, 3)
    energies = one.at_edges(np.repeat(held[..., 0], _PATH, axis=0), every).reshape(n, _PATH)
    edges, weight, ends = np.full((n, 3), np.nan), np.zeros(n), [np.inf, -np.inf]
    for k in range(n):
        known = np.isfinite(energies[k])
        if known.sum() < 2:
            continue
        size, energy = path[known][::-1], energies[k, known][::-1]
        ends = [min(ends[0], energy[0], energy[-1]), max(ends[1], energy[0], energy[-1])]
        if not energy[0] <= target[k] <= energy[-1]:
            continue
        at = int(np.clip(np.searchsorted(np.maximum.accumulate(energy), target[k]), 1, len(energy) - 1))
        slope = (energy[at] - energy[at - 1]) / (size[at] - size[at - 1])
        found = size[at - 1] + (target[k] - energy[at - 1]) / slope
        edges[k] = found * factors[k]
        weight[k] = 1 / abs(slope)
        if lognormal:
            width = np.sqrt(np.log1p(lognormal[1] ** 2))
            weight[k] *= np.exp(-0.5 * (np.log(found / lognormal[0]) / width) ** 2) / found
    return _Found(edges, weight, float(ends[0]), float(ends[1]))


def _vectors(rng: np.random.Generator, tensors: Floats, orientation: str) -> Floats:
    """g b in the axes of the experiment, shape (n, 2, 3): R g R^T x with R the orientation of the crystal."""
    if orientation == "fixed":
        return np.asarray(tensors[..., 0])
    from scipy.spatial.transform import Rotation

    turned = Rotation.random(len(tensors), rng).as_matrix()[:, None]
    return np.asarray((turned @ tensors @ turned.swapaxes(2, 3))[..., 0])
