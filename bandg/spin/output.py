"""Files of a fit: measured points as CSV, and everything as JSON; of an ensemble: traces as CSV, and everything."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bandg import __version__
from bandg.base.files import check_writable
from bandg.base.marks import POINTS_MARK, TRACES_MARK
from bandg.base.tables import write_csv
from bandg.models.observable import CARRIERS
from bandg.runs.dataset import write_json
from bandg.spin.ensemble import Ensemble
from bandg.spin.minimize import Attempt
from bandg.spin.results import Fit, Line, components, correlations, lines, points, residual_tests
from bandg.spin.traces import Traces

COLUMNS = (
    *("energy_eV", "quantity", "value", "error", "kind", "convention", "evidence", "derived_from", "use", "sample"),
    *("material", "temperature_K", "field_T", "origin", "source", "note"),
)


def write_points(fit: Fit, path: str | os.PathLike[str]) -> Path:
    """Write |g|, spreads and T2* to a CSV that `bandg.load_measured` and `bandg.load_spreads` read.

    Raises BandgError where it cannot be written.
    """
    check_writable(path, (".csv",))
    return write_csv(path, points(fit), COLUMNS, ("schema = 1", POINTS_MARK.removeprefix("# ")))


def write_traces(traces: Traces, path: str | os.PathLike[str]) -> Path:
    """Write traces to a long CSV that `bandg.spin.read_traces` reads. Raises BandgError where it cannot be written."""
    check_writable(path, (".csv",))
    rows = [
        {"field_mT": f"{1000 * trace.field_T:.10g}", "time_ps": f"{1000 * t:.10g}", "signal": f"{y:.8g}"}
        | ({} if trace.error is None else {"signal_err": f"{trace.error[n]:.8g}"})
        for trace in traces.traces
        for n, (t, y) in enumerate(zip(trace.time_ns, trace.signal, strict=True))
    ]
    said = {"sample": traces.sample, "material": traces.material}
    said |= {} if traces.energy_eV is None else {"energy": f"{traces.energy_eV:.10g} eV"}
    said |= {} if traces.temperature_K is None else {"temperature": f"{traces.temperature_K:g} K"}
    comments = [f"{name} = {value}" for name, value in said.items() if value]
    return write_csv(path, rows, (), ("schema = 1", TRACES_MARK.removeprefix("# "), *comments))


def write_fit(fit: Fit, path: str | os.PathLike[str]) -> Path:
    """Write everything to .json. Raises BandgError where it cannot be written."""
    target = check_writable(path, (".json",))
    write_json(to_dict(fit), target)
    return target


def to_dict(fit: Fit) -> dict[str, Any]:
    """Everything as plain JSON types."""
    traces, best = fit.traces, fit.best
    return {
        "schema": 1,
        "bandg": __version__,
        "energy_eV": traces.energy_eV,
        "sample": traces.sample,
        "material": traces.material,
        "temperature_K": traces.temperature_K,
        "source": traces.source,
        "from_ps": traces.start_ps,
        "points_left_out": traces.left_out,
        "field_error": fit.field_error,
        "problems": list(fit.problems),
        "models": [_model(one, fit) for one in fit.attempts],
        "best": best.model.name,
        "components": [asdict(one) for one in components(fit)],
        "parameters": dict(zip(best.problem.names, best.theta.tolist(), strict=True)),
        "covariance": best.covariance.tolist(),
        "bootstrap": None if fit.replicas is None else fit.replicas.tolist(),
        "correlations": [{"between": [a, b], "value": value} for a, b, value in correlations(best)],
        "residuals": [asdict(one) for one in residual_tests(best)],
        "lines": [_line(one) for one in lines(fit)],
        "traces": [
            {
                "field_T": trace.field_T,
                "time_ns": trace.time_ns.tolist(),
                "signal": trace.signal.tolist(),
                "fit": ((part.matrix @ part.amplitudes) / weight).tolist(),
            }
            for trace, part, weight in zip(
                traces.traces, best.problem.parts(best.theta), best.problem.weights, strict=True
            )
        ],
    }


def write_ensemble(
    ensemble: Ensemble, traces: Traces, path: str | os.PathLike[str], t2_zero_ps: Sequence[float], **made: Any
) -> Path:
    """Write everything of an ensemble and its traces to .json. Raises BandgError where it cannot be written.

    made: further numbers that the traces were made with.
    """
    target = check_writable(path, (".json",))
    fields = traces.fields
    carriers = {}
    for carrier, decay in zip(CARRIERS, t2_zero_ps, strict=True):
        spread = ensemble.spread(carrier)
        times = ensemble.t2_star_ps(carrier, fields, decay)
        carriers[carrier] = {
            "mean_g": spread.mean,
            "dg": {"gaussian_standard_deviation": spread.deviation, "lorentzian_half_width": spread.half_width},
            "t2_zero_ps": _finite(decay),
            "t2_star_ps": [_finite(one) for one in times],
        }
    content = {
        "schema": 1,
        "bandg": __version__,
        "laser_eV": ensemble.laser_eV,
        "width_eV": ensemble.width_eV,
        "homogeneous_eV": ensemble.homogeneous_eV,
        "options": dict(ensemble.options),
        "outside": ensemble.outside,
        "effective": ensemble.effective,
        "left_out": dict(zip(("energy_eV", "g_e", "g_h"), map(_finite, ensemble.left_out), strict=True)),
        "fields_T": fields.tolist(),
        "carriers": carriers,
        "nanocrystals": {
            name: getattr(ensemble, name).tolist() for name in ("transition_eV", "weight", "edges_nm", "g", "vectors")
        },
        "signal": made,
        "traces": [
            {
                "field_T": one.field_T,
                "time_ns": one.time_ns.tolist(),
                "signal": one.signal.tolist(),
                "signal_err": None if one.error is None else one.error.tolist(),
            }
            for one in traces.traces
        ],
    }
    write_json(content, target)
    return target


def _finite(value: float) -> float | None:
    """A number, or None where it is infinite or not known."""
    return float(value) if np.isfinite(value) else None


def _model(one: Attempt, fit: Fit) -> dict[str, Any]:
    ln_z, error = fit.evidence.get(one.model.name, (None, None))
    return {
        "name": one.model.name,
        "decays": list(one.model.decays),
        "slow": one.model.slow,
        "phase": one.model.phase,
        "parameters": one.problem.n_parameters,
        "bic_above_lowest": one.bic - fit.attempts[0].bic,
        "sum_of_squares": one.rss,
        "ln_Z": ln_z,
        "ln_Z_error": error,
        "converged": one.converged,
        "at_bounds": list(one.at_bounds),
    }


def _line(one: Line) -> dict[str, Any]:
    names = ("decay", "g", "offset", "dg", "t2_zero_ps")
    whole = {name: asdict(value) if hasattr(value := getattr(one, name), "value") else value for name in names}
    return whole | {
        "fields_T": one.fields_T.tolist(),
        "omega_rad_ns": one.omega.tolist(),
        "decays_1_ns": one.decays.tolist(),
    }
