"""Theory curves beside measured points: the function of `bandg overlay`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bandg.analysis.curves import material_of_curves, resolve, with_band
from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.base.arguments import flag, strict, wrong
from bandg.base.show import Shown
from bandg.base.tables import write_csv
from bandg.data.choice import beside, measured_points
from bandg.data.compare import QUANTITIES, Comparison, TheoryCurve, compare, of_those, verdict_points
from bandg.data.measured import MeasuredPoint
from bandg.runs.dataset import write_json
from bandg.runs.options import DEFAULT_RUN, Run

DEFAULT_CURVES = ("etb:halide", "etb:lead", "kp:bulk-law")


@dataclass(frozen=True, repr=False)
class Overlay(Shown):
    """Curves, the points that they were compared with, and a comparison for each curve.

    Points of a material that no curve has say so in `foreign_to`.
    """

    curves: tuple[TheoryCurve, ...]
    points: tuple[MeasuredPoint, ...]
    comparisons: tuple[Comparison, ...]

    def shown(self) -> tuple[str, dict[str, Any]]:
        """Title, and the rms difference of each curve from the points."""
        lines = {
            one.name: {
                f"rms {name}{of_those(*one.count(name))}": one.rms(name)
                for name in ("g_e", "g_h")
                if one.rms(name) == one.rms(name)
            }
            for one in self.comparisons
        }
        count = len(verdict_points(self.points))
        return f"theory curves beside measured points: {len(self.points)}, of which independent: {count}", lines


@strict
def overlay(
    curves: str | TheoryCurve | Sequence[str | TheoryCurve] = DEFAULT_CURVES,
    data: object = None,
    *,
    run: Run = DEFAULT_RUN,
    fresh: bool = False,
    band: bool = False,
) -> Overlay:
    """Compare theory curves with measured g-factors.

    Parameters
    ----------
    curves : sequence of str or TheoryCurve
        Names as "etb:halide" (the published theory) or "etb:lead:SET", paths of CSV files, or curves. Those of a
        dataset are `levels.bandg.curves()`.
    data : str, path, MeasuredPoint or sequence of these, optional
        Measured points: names of shipped collections, CSV files or points, "none" for none. Without it the shipped
        points of the curves' material are taken.
    run : Run
        Workers, cache and cluster for curves that are not stored.
    fresh : bool
        Compute stored curves again.
    band : bool
        Add to each curve the standard errors at fixed energy that the fit of its set leaves: `TheoryCurve.stderr`.

    Returns
    -------
    Overlay
        Energies in eV; `bandg.plot.overlay.plot_overlay` draws it.

    Raises
    ------
    BandgError
        For unknown names, for any error in a file, and with `band` for a set without covariance.

    Examples
    --------
    >>> from bandg.analysis.overlay import overlay
    >>> found = overlay(["kp:bulk-law"], "meliakov2025")
    >>> f"{found.comparisons[0].rms('g_h'):.2f}"
    '0.79'
    """
    curves = [curves] if isinstance(curves, str | TheoryCurve) else curves
    if not isinstance(curves, list | tuple) or not all(isinstance(one, str | TheoryCurve) for one in curves):
        raise wrong("curves", "names as 'etb:halide', paths of CSV files, or curves", curves)
    if all(isinstance(curve, str) for curve in curves):
        chosen = tuple(resolve([str(curve) for curve in curves], Evaluator(run), fresh))
    else:
        parts = (resolve([one], Evaluator(run), fresh) if isinstance(one, str) else [one] for one in curves)
        chosen = tuple(curve for part in parts for curve in part)
    if flag("band", band):
        chosen = tuple(with_band(curve, run) for curve in chosen)
    points = measured_points(data, material_of_curves(chosen) if data is None else "")
    comparisons = tuple(compare(curve, points) for curve in chosen)
    return Overlay(chosen, beside(points, [curve.material for curve in chosen]), comparisons)


def write_comparisons(comparisons: Sequence[Comparison], path: Path) -> None:
    """Write one row for each curve and point. Raises BandgError where it cannot be written."""
    rows = [
        {
            "curve": one.name,
            "energy_eV": residual.point.energy_eV,
            "quantity": residual.point.quantity,
            "measured": residual.point.value,
            "error": residual.point.error,
            "theory": None if residual.theory != residual.theory else residual.theory,
            "theory_stderr": None if residual.stderr != residual.stderr else residual.stderr,
            "residual": None if residual.theory != residual.theory else residual.residual,
            "source": residual.point.source,
            "evidence": residual.point.evidence,
            "not_judged_because": residual.point.why_not_judged_by,
        }
        for one in comparisons
        for residual in one.residuals
    ]
    if path.suffix.lower() == ".csv":
        write_csv(path, rows, columns=() if rows else ("curve",))
        return
    summary = [
        {
            "curve": one.name,
            "outside": one.outside,
            **{f"inside_{q}": one.count(q)[0] for q in QUANTITIES},
            "chi_square": one.chi_square[0],
            "points_with_error": one.chi_square[1],
        }
        | {f"rms_{q}": None if one.rms(q) != one.rms(q) else one.rms(q) for q in QUANTITIES}
        for one in comparisons
    ]
    write_json({"schema": 1, "curves": summary, "residuals": rows}, path)
