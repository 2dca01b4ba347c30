"""Measurements that would decide, and the size of what they would see: stored numbers and tables.

python docs/_scripts/decide.py --compute   computes the stored numbers anew
python docs/_scripts/decide.py FOLDER      writes the tables
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import theory_lines
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from validation import table

import bandg
from bandg.analysis.hypotheses.case import Case
from bandg.analysis.hypotheses.changes import with_gap
from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.analysis.verdict.waterfall import SCREENINGS, SYMBOL, tilted
from bandg.base.resources import theory_curve
from bandg.base.tables import read_table, write_csv
from bandg.data.compare import TheoryCurve
from bandg.data.measured import load_spreads
from bandg.models.etb.local import resolve_neighbors
from bandg.models.levels import Levels
from bandg.models.screening import GLASS_EPS
from bandg.parameters.loader import load_set
from bandg.runs import sweep
from bandg.runs.options import Run

STORED = Path(__file__).parents[2] / "theory_curves" / "computed" / "decide.csv"
COLUMNS = ("question", "set", "case", "quantity", "value")
SETS = ("bandg-cspbi3-nnn", "bandg-cspbi3-nn", "bandg-nnn", "nestoklon2023-standin")
ENERGIES = (1.69, 1.911, 2.25)
SURFACES = {"halide": "halide planes", "half": "halide planes, half filled", "lead": "lead planes"}
SCALES = {"none": {}, "Haken": {"exciton": SCREENINGS["screening"], "eps_out": GLASS_EPS}}
TILTED_SETS = ("bandg-cspbi3-nnn", "nestoklon2023-standin")
ANGLES = ((9.0, 8.0), (8.0, 12.0), (9.0, 12.5))
TILTED_CELLS, CELLS = 6, 8
CUBES = (2, 3, 4, 5, 6, 8, 11, 15)
SIZE_NM = 11.0
"""Size for which g_e = 2.07 is published (arXiv:2508.17881)."""

Row = dict[str, Any]
Array = NDArray[np.float64]
RUN = Run(workers=1)


def surface_case(name: str, surface: str) -> Case:
    """Cubes of a set with a surface and its slab shifts."""
    parameters = load_set(name)
    more: tuple[tuple[str, Any], ...] = (("surface", "slabs"),)
    if surface == "half":
        more += (("occupancy", 0.5),)
    termination = "lead" if surface == "lead" else "halide"
    return Case(parameters, resolve_neighbors(parameters, None), termination=termination, cells=CUBES, distortion=more)


def chemistry(evaluator: Evaluator) -> Iterator[Row]:
    """g at fixed energy for each surface; where g_e changes sign, and g_e at SIZE_NM."""
    for name in SETS:
        for surface in SURFACES:
            for scale, more in SCALES.items():
                (curve,) = evaluator.curves([replace(surface_case(name, surface), **more)])
                where = {"question": "chemistry", "set": name, "case": f"{surface}, {scale}"}
                for quantity in ("g_e", "g_h"):
                    for at in ENERGIES:
                        yield where | {"quantity": f"{quantity} {at:g}", "value": float(curve.at(quantity, at))}
                if surface == "halide":
                    for quantity, value in sign_change(curve).items():
                        yield where | {"question": "sign", "quantity": quantity, "value": value}


def sign_change(curve: TheoryCurve) -> dict[str, float]:
    """Energy and size at which g_e is 0, and g_e at SIZE_NM, along 1 / size."""
    inverse = 1 / curve.size_nm
    g_of, energy_of = (PchipInterpolator(inverse, of) for of in (curve.values["g_e"], curve.energy))
    first = min((float(one) for one in g_of.roots(extrapolate=False) if one > 0), default=float("nan"))
    return {
        "energy of sign change": float(energy_of(first)),
        "size of sign change": 1 / first,
        "g_e at 11 nm": float(g_of(1 / SIZE_NM)),
        "energy at 11 nm": float(energy_of(1 / SIZE_NM)),
    }


def levels_of(case: Case) -> Levels:
    """The levels of the one nanocrystal of a case."""
    ((found, _),) = sweep.run_jobs(list(case.jobs()), RUN)
    return found


def tilted_case(name: str, angles: tuple[float, float], fixed: tuple[float, float] | None = None) -> Case:
    """A cube of a tilted set with halide planes; the set has its gap at the angles `fixed`, by default the own."""
    parameters = tilted(load_set(name), fixed or angles)
    more = (("tilt", SYMBOL), ("angles", shown(angles)), ("surface", "slabs"))
    return Case(
        parameters, resolve_neighbors(parameters, None), termination="halide", cells=(TILTED_CELLS,), distortion=more
    )


def shown(angles: tuple[float, float]) -> str:
    """Angles as the option takes them."""
    return ",".join(f"{one:g}" for one in angles)


def spread(tensor: Array) -> float:
    """Standard deviation of the g-factor over the directions of the field, from a tensor (3, 3)."""
    x, weight = np.polynomial.legendre.leggauss(24)
    x, weight = (x[:, None] + 1) / 2, weight / 2  # half of the sphere is enough
    phi = 2 * np.pi * np.arange(48) / 48
    across = np.sqrt(1 - x**2)
    field = np.stack([across * np.cos(phi), across * np.sin(phi), x + 0 * phi], axis=-1)
    g = np.linalg.norm(field @ tensor.T, axis=-1)
    mean, square = weight @ g.mean(axis=1), weight @ (g**2).mean(axis=1)
    return float(np.sqrt(max(square - mean**2, 0.0)))


def anisotropy(_: Evaluator) -> Iterator[Row]:
    """Principal values of g of tilted nanocrystals, and the standard deviation of random orientation."""
    for name in TILTED_SETS:
        for angles in ANGLES:
            found = levels_of(tilted_case(name, angles))
            where = {"question": "anisotropy", "set": name, "case": shown(angles)}
            yield where | {"quantity": "energy", "value": found.electron.energy_eV - found.hole.energy_eV}
            for quantity, state in (("g_e", found.electron), ("g_h", found.hole)):
                for axis, value in zip("xyz", state.g_principal, strict=True):
                    yield where | {"quantity": f"{quantity}_{axis}", "value": value}
                yield where | {"quantity": f"d{quantity}", "value": spread(np.array(state.g_tensor))}


@dataclass(frozen=True)
class Derivative:
    """What is changed, by a step up and down, and in which unit the derivative is given."""

    case: str
    down: Case
    up: Case
    units: float


def derivatives(name: str) -> list[Derivative]:
    """Derivatives by gap, lattice constant and tilt at fixed number of cells."""
    base = replace(surface_case(name, "halide"), cells=(CELLS,))
    gap = bandg.bulk(set=name).E_g
    moved = [replace(base, parameters=with_gap(base.parameters, base.neighbors, gap + one)) for one in (-0.01, 0.01)]
    strained = [
        replace(base, distortion=(*base.distortion, ("strain", ",".join(f"{of}={one}" for of in ("xx", "yy", "zz")))))
        for one in (-0.01, 0.01)
    ]
    turned = [tilted_case(name, angles, ANGLES[0]) for angles in ((8.5, 7.5), (9.5, 8.5))]
    return [
        Derivative("10 meV of the bulk gap", *moved, units=2.0),
        Derivative("1 % of the lattice constant", *strained, units=2.0),
        Derivative("1 degree of each tilt", *turned, units=1.0),
    ]


def temperature(_: Evaluator) -> Iterator[Row]:
    """Derivatives of energy and g at fixed size."""
    for name in TILTED_SETS:
        for one in derivatives(name):
            down, up = levels_of(one.down), levels_of(one.up)
            where = {"question": "temperature", "set": name, "case": one.case}
            values = {
                "energy": [found.electron.energy_eV - found.hole.energy_eV for found in (down, up)],
                "g_e": [found.electron.g for found in (down, up)],
                "g_h": [found.hole.g for found in (down, up)],
            }
            for quantity, (low, high) in values.items():
                yield where | {"quantity": quantity, "value": (high - low) / one.units}


QUESTIONS = {"anisotropy": anisotropy, "temperature": temperature, "chemistry": chemistry}


def compute(names: list[str]) -> None:
    """Compute and store; what is in the cache is not computed again."""
    evaluator, rows = Evaluator(RUN), [] if not names else [row for row in stored() if row["question"] not in names]
    for name, question in QUESTIONS.items():
        if not names or name in names:
            for row in question(evaluator):
                rows.append(row | {"value": f"{row['value']:.5f}"})
                print(rows[-1], flush=True)
    comments = [
        f"bandg {bandg.__version__}: cubes of CsPbI3 with slab shifts at the surface",
        f"Haken: {SCREENINGS['screening'].describe()}, {GLASS_EPS:g} outside",
        *(f"{name}, sha256 {load_set(name).digest()}" for name in SETS),
        "again: python docs/_scripts/decide.py --compute",
    ]
    write_csv(STORED, rows, COLUMNS, comments)


def stored() -> list[dict[str, str]]:
    """All stored rows."""
    label = "computed/decide.csv"
    return [dict(row) for row in read_table(theory_curve(label).read_text(encoding="utf-8"), label).cells]


def values(question: str) -> dict[tuple[str, str, str], float]:
    """Stored values of a question by set, case and quantity."""
    rows = [row for row in stored() if row["question"] == question]
    return {(row["set"], row["case"], row["quantity"]): float(row["value"]) for row in rows}


def _shown(value: float, form: str = "+.2f") -> str:
    return "" if np.isnan(value) else format(value, form)


def chemistry_table() -> str:
    """g at fixed energy of the pair for the three surfaces."""
    found, rows = values("chemistry"), []
    quantities = [f"{quantity} {at:g}" for quantity in ("g_e", "g_h") for at in ENERGIES]
    for name in SETS:
        cells = [", ".join(_shown(found[name, f"{surface}, Haken", one]) for surface in SURFACES) for one in quantities]
        rows.append([f"`{name}`", *cells])
    return table(["set", *(f"{one} eV" for one in quantities)], rows)


def anisotropy_table() -> str:
    """Principal values and the standard deviation of random orientation; the measured spread in both conventions."""
    found, rows = values("anisotropy"), []
    for name in TILTED_SETS:
        for angles in ANGLES:
            own = {
                quantity: value for (of, case, quantity), value in found.items() if (of, case) == (name, shown(angles))
            }
            cells = [", ".join(f"{own[f'{q}_{axis}']:.2f}" for axis in "xyz") for q in ("g_e", "g_h")]
            spreads = [f"{own[f'd{q}']:.3f}" for q in ("g_e", "g_h")]
            rows.append([f"`{name}`", shown(angles), f"{own['energy']:.2f}", *cells, *spreads])
    dg = {(one.sample, one.quantity): one.value for one in load_spreads("meliakov2025")}
    for label, factor in MEASURED_AS.items():
        first, fourth, hole, bound = (factor * dg[f"#{n}", of] for of in ("dg_e", "dg_h") for n in (1, 4))
        rows.append([label, "", "", "", "", f"{fourth:.2f} to {first:.2f}", f"{hole:.3f}; below {bound:.3f}"])
    return table(["set", "angles", "E_e − E_h (eV)", "g_e", "g_h", "dg_e", "dg_h"], rows)


MEASURED_AS = {
    "measured, samples 1 and 4: half width of a Lorentzian": 1.0,
    "the same: standard deviation of a Gaussian with equal 1/e time": np.sqrt(2),
}
"""Conventions of the measured spread, and by what each multiplies the stated number; computed ones are deviations."""


def temperature_table() -> str:
    """Derivatives at fixed size."""
    found = values("temperature")
    lines = [
        [f"`{name}`", case, *(f"{found[name, case, one]:{form}}" for one, form in FORMS.items())]
        for name, case in dict.fromkeys((name, case) for name, case, _ in found)
    ]
    return table(["set", "for", "energy (eV)", "g_e", "g_h"], lines)


FORMS = {"energy": "+.3f", "g_e": "+.3f", "g_h": "+.3f"}


def sign_table() -> str:
    """Where g_e of pairs changes sign, g_e at 11 nm, and g_e at 2.25 eV with its standard error."""
    found, rows = values("sign"), []
    for name in SETS:
        own = {
            quantity: value for (of, case, quantity), value in found.items() if (of, case) == (name, "halide, Haken")
        }
        zero = [own["energy of sign change"], own["size of sign change"]]
        at = [own["g_e at 11 nm"], own["energy at 11 nm"]]
        rows.append([f"`{name}`", *theory_lines.unmeasured(name), *(f"{one:.2f}" for one in (*at, *zero))])
    heads = [f"g_e at 2.25 eV, {kind}" for kind in theory_lines.KINDS]
    heads += ["g_e at 11 nm", "energy there (eV)", "g_e = 0 at (eV)", "at (nm)"]
    return table(["set", *heads], rows)


TABLES = {
    "chemistry": chemistry_table,
    "anisotropy": anisotropy_table,
    "temperature": temperature_table,
    "sign": sign_table,
}


def write(folder: Path) -> None:
    """Write a table for each question into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in TABLES.items():
        (folder / f"decide-{name}.md").write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "--compute":
        compute(sys.argv[2:])
    else:
        write(Path(sys.argv[1]))
