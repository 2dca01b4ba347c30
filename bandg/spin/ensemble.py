"""An ensemble of nanocrystals as a laser sees it: spread of g, T2* against field, and the trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandg.api.plan import Set, Size, checked_run, given_options, load
from bandg.base.arguments import names, number, strict, text, whole
from bandg.base.errors import BandgError
from bandg.base.show import Shown
from bandg.models import base as models
from bandg.models.base import Model
from bandg.models.observable import CARRIERS
from bandg.runs.options import DEFAULT_RUN, Run
from bandg.runs.request import Variation, check_seed, checked
from bandg.spin.decay import MU_B_OVER_HBAR
from bandg.spin.grid import OF_EDGES, Grid, Scatter, grid
from bandg.spin.traces import Traces

Floats = NDArray[np.float64]

FWHM = 2 * np.sqrt(2 * np.log(2))
"""Full width at half maximum of a Gaussian in standard deviations."""

ORIENTATIONS = ("random", "fixed")
_PATH = 200
_CHUNK = 100


class Spread(NamedTuple):
    """Distribution of the effective g of one carrier.

    deviation: standard deviation. half_width: half of the distance of the quartiles, which is the half width at half
    maximum of a Lorentzian.
    """

    mean: float
    deviation: float
    half_width: float


@dataclass(frozen=True, eq=False, repr=False)
class Ensemble(Shown):
    """Nanocrystals that a laser excites, as `simulate` gives them.

    Parameters
    ----------
    laser_eV, width_eV, homogeneous_eV : float
        Photon energy, and full widths at half maximum of the laser (Gaussian) and of the transition (Lorentzian).
    transition_eV, weight : ndarray, shape (n,)
        Transition energy, and share in the signal.
    edges_nm : ndarray, shape (n, 3)
        Edges along the crystal's axes, or three times the size of other shapes.
    vectors : ndarray, shape (n, 2, 3)
        g b of electron and hole in the axes of the experiment: b is the direction x of the field, the light goes along
        z. The spin turns about it with mu_B B / hbar times its length.
    g : ndarray, shape (n, 2)
        Effective g: the length of the vector, with the sign of the trace of the g tensor.
    outside : float
        Share of the drawn nanocrystals with a transition energy that none of the computed sizes has.
    left_out : tuple of float
        Errors of energy (eV), g_e and g_h where one inner size is left out of the emulator; NaN for less than five.
    """

    laser_eV: float
    width_eV: float
    homogeneous_eV: float
    transition_eV: Floats
    weight: Floats
    edges_nm: Floats
    vectors: Floats
    g: Floats
    outside: float
    left_out: tuple[float, float, float]
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def effective(self) -> float:
        """Number of nanocrystals of equal weight that would scatter as much: 1 / sum of squares of the weights."""
        return float(1 / np.sum(self.weight**2))

    def spread(self, carrier: str) -> Spread:
        """Mean and spread of g of the "electron" or the "hole"."""
        g = self.g[:, self._number(carrier)]
        mean = float(self.weight @ g)
        order = np.argsort(g)
        below = np.cumsum(self.weight[order]) - self.weight[order] / 2
        low, high = np.interp([0.25, 0.75], below, g[order])
        return Spread(mean, float(np.sqrt(self.weight @ (g - mean) ** 2)), float(high - low) / 2)

    def signal(self, carrier: str, time_ps: ArrayLike, field_T: float, t2_zero_ps: float = np.inf) -> Floats:
        """<n_z^2 + (1 - n_z^2) cos(abs(Omega) t)> exp(-t/T2*(0)) of one carrier, shape of the times.

        The pseudospin is taken along the light: selection rules of a tilted crystal are left out.
        """
        t = np.asarray(time_ps, dtype=float) / 1000
        size, along = self._turning(carrier, field_T)
        turning = ((1 - along) * self.weight) @ np.cos(np.multiply.outer(size, t))
        return np.asarray((along @ self.weight + turning) * np.exp(-1000 * t / t2_zero_ps))

    def t2_star_ps(self, carrier: str, field_T: ArrayLike, t2_zero_ps: float = np.inf) -> Floats:
        """Time in ps after which the envelope of what oscillates has fallen to 1/e, in each field.

        t2_zero_ps: another, exponential decay. Infinite where nothing decays within 1 microsecond.
        """
        t = np.geomspace(1e-4, 1e3, 1500)
        found = []
        for one in np.atleast_1d(np.asarray(field_T, dtype=float)):
            size, along = self._turning(carrier, float(one))
            share = (1 - along) * self.weight / ((1 - along) @ self.weight)
            middle = share @ size
            parts = [
                np.abs(share @ np.exp(1j * np.multiply.outer(size - middle, piece)))
                * np.exp(-1000 * piece / t2_zero_ps)
                for piece in np.array_split(t, 15)
            ]
            envelope = np.concatenate(parts)
            late = np.flatnonzero(envelope < np.exp(-1))
            if not len(late):
                found.append(np.inf)
                continue
            last = slice(max(late[0] - 1, 0), late[0] + 1)
            found.append(1000 * float(np.interp(-np.exp(-1), -envelope[last], t[last])))
        return np.array(found)

    def traces(
        self,
        field_T: ArrayLike,
        time_ps: ArrayLike,
        amplitudes: Sequence[float] = (1.0, 1.0),
        t2_zero_ps: Sequence[float] = (np.inf, np.inf),
        noise: float = 0.0,
        seed: int = 0,
    ) -> Traces:
        """The signal of electron and hole with Gaussian noise.

        Parameters
        ----------
        field_T, time_ps : array_like
            Magnetic fields in T, delays in ps.
        amplitudes : pair of float
            Signal of electron and hole at zero delay.
        t2_zero_ps : pair of float
            Exponential decay of each besides that of the spread of g.
        noise : float
            Standard deviation of the noise as a share of the largest signal.
        seed : int
            Seed of the noise.

        Returns
        -------
        Traces
        """
        if noise < 0:
            raise BandgError(f"`noise` must be 0 or more, not {noise:g}")
        if not any(amplitudes):
            raise BandgError("one of the `amplitudes` must be other than zero")
        if min(t2_zero_ps) <= 0:
            raise BandgError("`t2_zero` must be above zero")
        fields, t = np.atleast_1d(np.asarray(field_T, dtype=float)), np.asarray(time_ps, dtype=float)
        clean = np.array(
            [
                sum(
                    amplitude * self.signal(carrier, t, float(one), decay)
                    for carrier, amplitude, decay in zip(CARRIERS, amplitudes, t2_zero_ps, strict=True)
                    if amplitude
                )
                for one in fields
            ]
        )
        check_seed(seed)
        rng = np.random.default_rng(seed)
        error = noise * np.abs(clean).max()
        noisy = clean + rng.normal(0, error, clean.shape) if noise else clean
        errors = np.full(clean.shape, error) if noise else None
        return Traces.of(t, fields, noisy, errors, energy_eV=self.laser_eV, sample="simulated", source="simulated")

    def shown(self) -> tuple[str, dict[str, Any]]:
        """Title, and the spread of both carriers."""
        lines: dict[str, Any] = dict(self.labels)
        for carrier in CARRIERS:
            mean, deviation, half_width = self.spread(carrier)
            lines[carrier] = f"g {mean:.3f}, standard deviation {deviation:.4f}, half width {half_width:.4f}"
        title = f"{len(self.weight)} nanocrystals at {self.laser_eV:g} eV ({self.effective:.0f} of equal weight)"
        return title, lines

    def _number(self, carrier: str) -> int:
        if carrier not in CARRIERS:
            raise BandgError(f"`carrier` must be 'electron' or 'hole', not {carrier!r}")
        return list(CARRIERS).index(carrier)

    def _turning(self, carrier: str, field_T: float) -> tuple[Floats, Floats]:
        """Angular frequencies in rad/ns, and n_z^2."""
        vector = self.vectors[:, self._number(carrier)]
        size = np.linalg.norm(vector, axis=1)
        along = np.square(np.divide(vector[:, 2], size, out=np.zeros_like(size), where=size > 0))
        return MU_B_OVER_HBAR * field_T * size, along


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
    widths = [number(name, one) for name, one in (("width_eV", width_eV), ("homogeneous_eV", homogeneous_eV))]
    if min(widths) < 0 or number("energy_eV", energy_eV) <= 0:
        raise BandgError("`energy_eV` must be above zero, and `width_eV` and `homogeneous_eV` 0 or more")
    if text("orientation", orientation, "random") not in ORIENTATIONS:
        raise BandgError(f"`orientation` must be 'random' or 'fixed', not {orientation!r}")
    if (mean_nm is None) != (spread is None):
        raise BandgError("a distribution of sizes needs both: `mean_nm`, as 6.5, and `spread`, as 0.1")
    lognormal = None if mean_nm is None else (number("mean_nm", mean_nm), number("spread", spread))
    if lognormal and min(lognormal) <= 0:
        raise BandgError("`mean_nm` and `spread` must be above zero")
    count = whole("count", count, 2)
    check_seed(whole("draw", draw, 0))
    chosen = models.find(model)
    own = load(chosen, set)
    known = {name: Scatter.of(name, given) for name, given in (scatter or {}).items()}
    asked, given = checked(variation), given_options(neighbors, 1, intra_atomic, None, "auto")
    for name in known:
        if asked.get(name) is not None:  # type: ignore[misc]
            raise BandgError(f"`{name}` is given, and scatters too: leave one of them out")
    ends = (None,) if termination is None else names("termination", termination, "halide")
    if shares and (len(shares) != len(ends) or min(shares) < 0 or not sum(shares)):
        raise BandgError(f"`shares` must be a number of 0 or more for each of {len(ends)} terminations")
    grids = [grid(size, shape, end, given, (own, chosen), asked, known, checked_run(run)) for end in ends]
    rng = np.random.default_rng(draw)
    kind = rng.choice(len(grids), count, p=np.array(shares) / sum(shares) if shares else None)
    target = energy_eV + rng.normal(0, width_eV / FWHM, count) + homogeneous_eV / 2 * rng.standard_cauchy(count)
    drawn = {name: one.draw(rng, count) for name, one in known.items() if name not in OF_EDGES}
    factors = _factors(rng, known, count)
    values, weight, edges = np.full((count, 19), np.nan), np.zeros(count), np.full((count, 3), np.nan)
    reached = [np.inf, -np.inf]
    for n, one in enumerate(grids):
        seeds = rng.integers(one.seeds, size=count)
        for part in _chunks(np.flatnonzero(kind == n)):
            held = one.of_scatter({name: of[part] for name, of in drawn.items()}, seeds[part])
            found = _at_energy(one, held, factors[part], target[part], lognormal)
            edges[part], weight[part] = found.edges_nm, found.weight
            reached = [min(reached[0], found.lowest), max(reached[1], found.highest)]
            values[part] = one.at_edges(held, found.edges_nm)
    if not weight.any():
        raise BandgError(
            f"no nanocrystal of this `size` has its transition at {energy_eV:g} eV: they have {reached[0]:.3f} to "
            f"{reached[1]:.3f} eV"
        )
    kept = weight > 0
    tensors = values[kept, 1:].reshape(-1, 2, 3, 3)
    vectors = _vectors(rng, tensors, orientation)
    sign = np.sign(np.trace(tensors, axis1=2, axis2=3))
    worst = np.max([one.left_out() for one in grids], axis=0)
    labels = {"set": str(own.name), "termination": ", ".join(one.termination for one in grids)}
    labels |= {f"scatter of {name}": str(one) for name, one in known.items()}
    return Ensemble(
        energy_eV,
        width_eV,
        homogeneous_eV,
        values[kept, 0],
        weight[kept] / weight[kept].sum(),
        edges[kept],
        vectors,
        sign * np.linalg.norm(vectors, axis=2),
        float(1 - kept.mean()),
        tuple(worst.tolist()),
        labels,
    )


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
