"""Oscillating signals against delay, one trace for each magnetic field, as plain arrays or xarray."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandg.base.errors import BandgError
from bandg.base.show import Shown
from bandg.spin.decay import MU_B_OVER_HBAR

if TYPE_CHECKING:
    import xarray

Floats = NDArray[np.float64]

START_PS = 5.0
"""Points before this delay are left out: negative delays, and those during the pump pulse."""

FIELD_LIMIT_T = 100.0
_SPANS_NS = 1e-3, 1e3
_SIGNALS = 1e-100, 1e100  # squares of others are lost
_UNEVEN, _FEW = 0.2, 0.05


@dataclass(frozen=True, eq=False)
class Trace:
    """The signal in one field, at ascending delays. error: standard deviations of the points, None if not known."""

    field_T: float
    time_ns: Floats
    signal: Floats
    error: Floats | None = None
    label: str = ""

    @property
    def name(self) -> str:
        """The field for messages, with the file where there are several."""
        return f"{1000 * self.field_T:g} mT" + (f" ({self.label})" if self.label else "")

    @property
    def step_ns(self) -> float:
        """Median time step."""
        return float(np.median(np.diff(self.time_ns)))

    @property
    def span_ns(self) -> float:
        """Time from the first to the last point."""
        return float(self.time_ns[-1] - self.time_ns[0])

    @property
    def largest_g(self) -> float:
        """|g| whose frequency is half of the sampling rate; infinite without a field."""
        return np.pi / self.step_ns / (MU_B_OVER_HBAR * self.field_T) if self.field_T else np.inf


@dataclass(frozen=True, eq=False, repr=False)
class Traces(Shown):
    """Traces of one sample at one photon energy, in ascending fields.

    left_out: number of points before start_ps. source: the files, or the user's word for it.
    """

    traces: tuple[Trace, ...]
    energy_eV: float | None = None
    sample: str = ""
    temperature_K: float | None = None
    material: str = ""
    source: str = ""
    start_ps: float | None = None
    left_out: int = 0

    @classmethod
    def of(
        cls, time_ps: ArrayLike, field_T: ArrayLike, signal: ArrayLike, error: ArrayLike | None = None, **stated: Any
    ) -> Traces:
        """Traces from arrays.

        Parameters
        ----------
        time_ps : array_like, shape (n_times,)
            Delays in ps, ascending.
        field_T : array_like, shape (n_fields,)
            Magnetic fields in T.
        signal : array_like, shape (n_fields, n_times)
            Signal; NaN where a point is missing.
        error : array_like, shape (n_fields, n_times), optional
            Standard deviations of the signal.
        **stated
            Further fields of `Traces`, as ``energy_eV``.

        Returns
        -------
        Traces

        Raises
        ------
        BandgError
            For arrays that do not belong together, times that do not ascend, and less than two points in a trace.

        Examples
        --------
        >>> import numpy as np
        >>> from bandg.spin import Traces
        >>> t = np.arange(5.0, 1000.0, 5.0)
        >>> Traces.of(t, [0.09, 0.42], [np.cos(t / 80), np.cos(t / 17)], energy_eV=1.911).fields.tolist()
        [0.09, 0.42]
        """
        times, fields = np.asarray(time_ps, dtype=float), np.atleast_1d(np.asarray(field_T, dtype=float))
        values = np.atleast_2d(np.asarray(signal, dtype=float))
        errors = None if error is None else np.atleast_2d(np.asarray(error, dtype=float))
        if values.shape != (len(fields), len(times)) or (errors is not None and errors.shape != values.shape):
            raise BandgError(
                f"`signal` has the shape {values.shape} for {len(fields)} fields and {len(times)} times: "
                "give one row for each field"
            )
        found = []
        for number, field in enumerate(fields):
            known = np.isfinite(values[number])
            own = None if errors is None else errors[number][known]
            found.append(Trace(float(abs(field)), times[known] / 1000, values[number][known], own))
        return cls(tuple(found), **stated).checked()

    @property
    def fields(self) -> Floats:
        """Fields in T."""
        return np.array([trace.field_T for trace in self.traces])

    @property
    def n_points(self) -> int:
        """Number of points of all traces."""
        return sum(len(trace.time_ns) for trace in self.traces)

    def checked(self, uneven: bool = True) -> Traces:
        """These traces in ascending fields, if they can be fitted. Raises BandgError that says what is wrong.

        uneven: whether a time step may change within a trace.
        """
        for trace in self.traces:
            _check(trace, uneven)
        return replace(self, traces=tuple(sorted(self.traces, key=lambda trace: trace.field_T)))

    def since(self, start_ps: float) -> Traces:
        """The points from this delay on. Raises BandgError if less than two are left in a trace."""
        kept = []
        for trace in self.traces:
            late = trace.time_ns >= start_ps / 1000 * (1 - 1e-9)
            if late.sum() < 2:
                raise BandgError(
                    f"{trace.name}: {late.sum()} points stand at {start_ps:g} ps or later: choose an earlier `from`"
                )
            error = None if trace.error is None else trace.error[late]
            kept.append(replace(trace, time_ns=trace.time_ns[late], signal=trace.signal[late], error=error))
        gone = self.n_points - sum(len(trace.time_ns) for trace in kept)
        return replace(self, traces=tuple(kept), start_ps=start_ps, left_out=self.left_out + gone)

    def thinned(self, most: int, largest_g: float) -> Traces:
        """Every n-th point, so that about `most` are left in a trace and |g| up to `largest_g` is still sampled."""
        kept = []
        for trace in self.traces:
            room = min(trace.largest_g / largest_g, len(trace.time_ns))
            every = slice(None, None, max(1, min(int(room), len(trace.time_ns) // most)))
            error = None if trace.error is None else trace.error[every]
            kept.append(replace(trace, time_ns=trace.time_ns[every], signal=trace.signal[every], error=error))
        return replace(self, traces=tuple(kept))

    def to_xarray(self) -> xarray.Dataset:
        """The signal (and signal_err, where it is known) by field_T and time_ps; NaN where a trace has no point."""
        import xarray

        parts = []
        for trace in self.traces:
            data = {"signal": ("time_ps", trace.signal)}
            if trace.error is not None:
                data["signal_err"] = ("time_ps", trace.error)
            parts.append(xarray.Dataset(data, {"time_ps": 1000 * trace.time_ns}))
        whole = xarray.concat(parts, xarray.DataArray(self.fields, dims="field_T", name="field_T"), join="outer")
        return whole.assign_attrs(
            {k: v for k, v in vars(self).items() if k in ("energy_eV", "sample", "temperature_K") and v is not None}
        )

    def shown(self) -> tuple[str, dict[str, Any]]:
        """Title, and one line for each trace."""
        lines = {
            trace.name: f"{len(trace.time_ns)} points, {1000 * trace.time_ns[0]:g} to {1000 * trace.time_ns[-1]:g} ps"
            for trace in self.traces
        }
        energy = f" at {self.energy_eV:g} eV" if self.energy_eV else ""
        return f"{len(self.traces)} traces{energy}", lines


def _check(trace: Trace, uneven: bool) -> None:
    """Raise BandgError for a trace that cannot be fitted."""
    if not 0 <= trace.field_T <= FIELD_LIMIT_T:
        raise BandgError(f"{trace.name}: fields lie between 0 and {FIELD_LIMIT_T:g} T: check the unit")
    values: Sequence[Floats] = [trace.time_ns, trace.signal, *([] if trace.error is None else [trace.error])]
    if not all(np.isfinite(one).all() for one in values):
        raise BandgError(f"{trace.name}: has values that are not finite: leave these points out")
    if trace.error is not None and (trace.error <= 0).any():
        raise BandgError(f"{trace.name}: a signal_err is not above zero: leave the column out if errors are not known")
    if len(trace.time_ns) < 2:
        raise BandgError(f"{trace.name}: has {len(trace.time_ns)} points: a trace needs more")
    steps = np.diff(trace.time_ns)
    if (steps <= 0).any():
        first = int(np.flatnonzero(steps <= 0)[0])
        here, there = 1000 * trace.time_ns[first : first + 2]
        what = f"the time {here:g} ps stands twice" if here == there else f"time goes from {here:g} to {there:g} ps"
        raise BandgError(f"{trace.name}: {what}: give each trace its own field, column or file")
    shortest, longest = _SPANS_NS
    if trace.span_ns < shortest:
        raise BandgError(
            f"{trace.name}: the times span {1000 * trace.span_ns:.3g} ps: if they are seconds, call the column time_s"
        )
    if trace.span_ns > longest:
        raise BandgError(f"{trace.name}: the times span {trace.span_ns:.3g} ns: check the unit, as time_ps")
    other = np.abs(steps / trace.step_ns - 1) > _UNEVEN
    if not uneven and other.mean() > _FEW:
        first = int(np.flatnonzero(np.abs(steps / steps[0] - 1) > _UNEVEN)[0])
        raise BandgError(
            f"{trace.name}: the time step changes from {1000 * steps[0]:.4g} to {1000 * steps[first]:.4g} ps at "
            f"{1000 * trace.time_ns[first]:.6g} ps: give the parts as two traces, or add `uneven`"
        )
    if np.ptp(trace.signal) == 0:
        raise BandgError(f"{trace.name}: the signal does not change: leave this field out")
    largest = float(np.abs(trace.signal).max())
    if not _SIGNALS[0] < largest < _SIGNALS[1]:
        raise BandgError(f"{trace.name}: the signal reaches {largest:.3g}: write it in another unit")
