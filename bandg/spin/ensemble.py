"""An ensemble of nanocrystals as a laser sees it: spread of g, T2* against field, and the trace."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandg.base.arguments import number
from bandg.base.errors import BandgError
from bandg.base.show import Shown
from bandg.models.observable import CARRIERS
from bandg.runs.request import check_seed
from bandg.spin.decay import MU_B_OVER_HBAR
from bandg.spin.traces import Traces

if TYPE_CHECKING:
    import xarray

Floats = NDArray[np.float64]

FWHM = 2 * np.sqrt(2 * np.log(2))
"""Full width at half maximum of a Gaussian in standard deviations."""


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
    outside : float
        Share of the drawn nanocrystals with a transition energy that none of the computed sizes has.
    left_out : tuple of float
        Errors of energy (eV), g_e and g_h where one inner size is left out of the emulator; NaN for less than five.
    options : mapping
        What the ensemble was asked for, in plain types.
    """

    laser_eV: float
    width_eV: float
    homogeneous_eV: float
    transition_eV: Floats
    weight: Floats
    edges_nm: Floats
    vectors: Floats
    outside: float
    left_out: tuple[float, float, float]
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def g(self) -> Floats:
        """Effective g, shape (n, 2): the length of the vector, with the sign of its component along the field.

        A g tensor whose principal values have one sign gives this sign in all directions. Where they have both, the
        sign changes with the direction, and the mean passes through zero without a jump.
        """
        return np.asarray(np.copysign(np.linalg.norm(self.vectors, axis=2), self.vectors[..., 0]))

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
        found = []
        for one in np.atleast_1d(np.asarray(field_T, dtype=float)):
            size, along = self._turning(carrier, float(one))
            share = (1 - along) * self.weight
            if not share.any():
                found.append(np.inf)
                continue
            times = _TIMES_NS
            for _ in range(3):  # each round looks between the last time above 1/e and the first below
                low = np.flatnonzero(_envelope(size, share / share.sum(), times, t2_zero_ps) < np.exp(-1))
                if not len(low):
                    break
                times = np.linspace(times[max(low[0] - 1, 0)], times[low[0]], 20)
            found.append(1000 * float(times.mean()) if len(low) else np.inf)
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
        t, fields = np.asarray(time_ps, dtype=float), np.atleast_1d(np.asarray(field_T, dtype=float))
        check_signal(fields, t, amplitudes, t2_zero_ps, noise, seed)
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
        rng = np.random.default_rng(seed)
        error = noise * np.abs(clean).max()
        noisy = clean + rng.normal(0, error, clean.shape) if noise else clean
        errors = np.full(clean.shape, error) if noise else None
        return Traces.of(t, fields, noisy, errors, energy_eV=self.laser_eV, sample="simulated", source="simulated")

    def to_xarray(self) -> xarray.Dataset:
        """Energy, weight, edges, g and the vectors by nanocrystal, carrier and axis, with the options as JSON text."""
        import xarray

        return xarray.Dataset(
            {
                "transition_eV": ("nanocrystal", self.transition_eV),
                "weight": ("nanocrystal", self.weight),
                "edges_nm": (("nanocrystal", "axis"), self.edges_nm),
                "g": (("nanocrystal", "carrier"), self.g),
                "g_vector": (("nanocrystal", "carrier", "axis"), self.vectors),
            },
            {"carrier": list(CARRIERS), "axis": ["x", "y", "z"]},
            {
                "laser_eV": self.laser_eV,
                "width_eV": self.width_eV,
                "homogeneous_eV": self.homogeneous_eV,
                "outside": self.outside,
                "options": json.dumps(self.options),
            },
        )

    def shown(self) -> tuple[str, dict[str, Any]]:
        """Title, and the spread of both carriers."""
        known = ("set", "terminations", "scatter")
        lines: dict[str, Any] = {name: self.options[name] for name in known if self.options.get(name)}
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


_TIMES_NS = np.geomspace(1e-4, 1e3, 200)
MAX_POINTS = 1_000_000


def _envelope(size: Floats, share: Floats, time_ns: Floats, t2_zero_ps: float) -> Floats:
    """Absolute value of what oscillates with the frequencies `size` (rad/ns), without the mean frequency."""
    turned = np.exp(1j * np.multiply.outer(time_ns, size - share @ size))
    return np.asarray(np.abs(turned @ share) * np.exp(-1000 * time_ns / t2_zero_ps))


def check_signal(
    field_T: Floats,
    time_ps: Floats,
    amplitudes: Sequence[float],
    t2_zero_ps: Sequence[float],
    noise: float = 0.0,
    seed: int = 0,
) -> None:
    """Raise BandgError where `Ensemble.traces` cannot make a signal of these arguments."""
    for name, pair in (("amplitudes", amplitudes), ("t2_zero", t2_zero_ps)):
        if len(pair) != 2:
            raise BandgError(f"`{name}` needs two values, of electron and hole")
    if number("noise", noise) < 0:
        raise BandgError(f"`noise` must be 0 or more, not {noise:g}")
    check_seed(seed)
    if not np.isfinite(amplitudes).all() or not any(amplitudes):
        raise BandgError("one of the `amplitudes` must be other than zero")
    if not min(t2_zero_ps) > 0:
        raise BandgError("`t2_zero` must be above zero")
    if len(field_T) * len(time_ps) > MAX_POINTS:
        raise BandgError(f"{len(field_T)} fields of {len(time_ps)} delays are too many: take a longer time step")
    if len(np.unique(field_T)) < len(field_T) or not (field_T >= 0).all():
        raise BandgError("each `field` must be 0 or more, and stand once")
    if 0 in field_T and not any(a and np.isfinite(t) for a, t in zip(amplitudes, t2_zero_ps, strict=True)):
        raise BandgError("at a `field` of zero nothing turns or decays: add `t2_zero`, or leave this field out")
    Traces.of(time_ps, field_T, np.resize([0.0, 1.0], (len(field_T), len(time_ps))))
