"""The family of fitted sets in the bulk, and what every set gives for the five measured g of CsPbI3.

python docs/_scripts/family.py FOLDER      tables for the docs
python docs/_scripts/family.py --compute   stores what the sets give: from the stored curves, and for other minima of
                                           a fit from cubes of 4 to 25 cells; some minutes
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from second_neighbors import errors_of, stored, value_at
from validation import table

import bandg
from bandg.analysis.curves import bulk_gradients, load_stored, load_stored_set
from bandg.analysis.fit.edges import EdgeModel
from bandg.analysis.fit.job import read_job
from bandg.analysis.fit.matching import shifts_of
from bandg.analysis.fit.wanted import reference_value
from bandg.base.tables import write_csv
from bandg.crystal.shapes import cube
from bandg.data.compare import TheoryCurve
from bandg.data.measured import MeasuredPoint, load_measured
from bandg.data.reference import load_reference
from bandg.models.etb.bloch import BlochHamiltonian
from bandg.models.etb.nanocrystal import compute_levels
from bandg.parameters.covariance import Member, ensemble_of
from bandg.parameters.loader import load_set

ROOT = Path(__file__).resolve().parents[2]
STANDIN = "nestoklon2023-standin"
CHOSEN = {
    STANDIN: 0,
    "bandg-nn": 0,
    "bandg-nnn": 0,
    "bandg-nnn-spin": 2,
    "bandg-nnn-small": 0,
    "bandg-cspbi3-nn": 0,
    "bandg-cspbi3-nnn": 0,
}
"""Numbers of a set that were chosen in view of nanocrystals; bandg-nnn-spin: bulk g_h and g_e, as its job says."""

CELLS = (4, 5, 6, 7, 8, 10, 12, 16, 20, 25)
TARGETS = {
    "m_e": "m_e",
    "m_h": "m_h",
    "g_e": "g_e",
    "g_h": "g_h",
    "character.R6-.X.s/Pb.p": "R6−, X s : Pb p",
    "character.R6-.X.d/Pb.p": "R6−, X d : Pb p",
    "character.R6+.Pb.s/Pb.s+X.p": "R6+, share of Pb s in Pb s + X p",
    "g_e.R6+": "to g_e: valence edge",
    "g_e.R6+.2": "to g_e: bonding Pb 6s",
    "g_e.R8+.1": "to g_e: first R8+",
    "g_e.R8+.2": "to g_e: second R8+",
    "g_h.spin": "to g_h: spin",
    "g_h.R8-": "to g_h: R8−",
    "g_h.R6-.1": "to g_h: X s, R6−",
    "level.R8+.1": "first R8+ (eV)",
    "level.R6+.1": "R6+ (eV)",
    "level.R8+.2": "second R8+ (eV)",
    "level.R6+.2": "bonding Pb 6s (eV)",
}
RANGES = {
    ("cspbi3", "m_e"): "0.178 .. 0.195",
    ("cspbi3", "m_h"): "0.214 .. 0.230",
    ("cspbi3", "g_e"): "2.43 .. 2.97",
    ("cspbi3", "g_h"): "−0.90 .. −0.62",
    ("cspbi3", "character.R6-.X.s/Pb.p"): "0.089 .. 0.105",
    ("cspbi3", "character.R6-.X.d/Pb.p"): "0.081 .. 0.117",
    ("cspbi3", "character.R6+.Pb.s/Pb.s+X.p"): "0.303 .. 0.362",
    ("cspbi3", "g_e.R6+"): "4.61 .. 5.58",
    ("cspbi3", "g_e.R6+.2"): "0.277 .. 0.367",
    ("cspbi3", "g_e.R8+.1"): "−0.445 .. −0.193",
    ("cspbi3", "g_e.R8+.2"): "−1.89 .. −1.56",
    ("cspbi3", "g_h.spin"): "1.776 .. 1.899",
    ("cspbi3", "g_h.R8-"): "1.33 .. 2.65",
    ("cspbi3", "g_h.R6-.1"): "0.116 .. 0.201",
    ("cspbbr3", "g_e"): "1.79 .. 2.18",
    ("cspbbr3", "g_h"): "0.24 .. 0.47",
}
"""From 0.90 of the smallest of PBE, mBJ and mBJ with c = 1.654 to the largest; R8- with the level at 5.48 eV, which
no set has. CsPbBr3, g: bare and calibrated mBJ at 2.30 eV."""

REFERENCES = {"cspbi3": "cspbi3_cubic_mbj_soc", "cspbbr3": "cspbbr3_cubic_mbj_soc_path"}
COLUMNS = ("set", "minimum", "termination", "chosen", "quantity", "energy_eV", "measured", "computed", "stderr")


def measured() -> list[MeasuredPoint]:
    """The five independent measurements at a stated energy."""
    points = [one for one in load_measured("meliakov2025") if one.evidence == "measured" and one.energy_eV]
    assert len(points) == 5
    return sorted(points, key=lambda one: (one.quantity[-3:], one.energy_eV))


def curves(name: str) -> Iterator[tuple[str, str, TheoryCurve]]:
    """(minimum, termination, curve) of a set and of the other minima of its fit."""
    for termination in ("halide", "lead"):
        kind = f"etb:{termination}"
        if name == STANDIN:
            yield "", termination, load_stored(kind)
            continue
        found = load_stored_set(kind, name, name)
        if found is None:
            raise SystemExit(f"the curve of {name} is missing or old: python docs/_scripts/computed_curves.py {name}")
        yield "", termination, found
        for member in ensemble_of(load_set(name))[1:]:
            yield member.name, termination, cubes(member, termination)


def cubes(member: Member, termination: str) -> TheoryCurve:
    """The curve of another minimum."""
    a_nm = member.parameters.a_nm
    found = [compute_levels(member.parameters, cube(n, a_nm, termination)) for n in CELLS[::-1]]
    print(member.name, termination, flush=True)
    values = {"g_e": np.array([one.electron.g for one in found]), "g_h": np.array([one.hole.g for one in found])}
    sizes = a_nm * np.array(CELLS[::-1], dtype=float)
    return TheoryCurve(member.name, np.array([one.E_gap_eV for one in found]), values, sizes)


def error_of(name: str, termination: str, quantity: str, energy: float) -> float:
    """Standard error of the fit at fixed energy, NaN where none is stored."""
    if name == STANDIN:
        return float("nan")
    return float(value_at(stored(name), termination, f"{quantity}_stderr_at_E", energy))


def compute() -> None:
    """Store the numbers."""
    rows: list[dict[str, Any]] = []
    for name, chosen in CHOSEN.items():
        for minimum, termination, curve in curves(name):
            head = {"set": name, "minimum": minimum, "termination": termination, "chosen": chosen}
            for point in measured():
                quantity, energy = point.quantity.removeprefix("abs_"), float(point.energy_eV or "nan")
                error = float("nan") if minimum else error_of(name, termination, quantity, energy)
                numbers = float(curve.at(quantity, energy)), error
                shown = [f"{x:.4f}" if np.isfinite(x) else "" for x in numbers]
                row = {"quantity": quantity, "energy_eV": energy, "measured": point.value, "computed": shown[0]}
                rows.append(head | row | {"stderr": shown[1]})
    comments = [
        f"bandg {bandg.__version__}, {datetime.now(UTC).date()}: cubes, energy E_e - E_h, no exciton, no shifts",
        "stderr: of the fit, at fixed energy; again: python docs/_scripts/family.py --compute",
    ]
    write_csv(ROOT / "theory_curves" / "computed" / "five_points.csv", rows, COLUMNS, comments)


def five_points_table() -> str:
    """One row a set, minimum and termination; rms over what its sizes reach, and the count if not five."""
    rows: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in stored("five_points"):
        minimum = row["minimum"] if isinstance(row["minimum"], str) else ""
        rows.setdefault((row["set"], minimum, row["termination"]), []).append(row)
    first = next(iter(rows.values()))
    lines = [["", "measured", *(f"{row['measured']:+.2f}" for row in first), "", ""]]
    for (name, minimum, termination), found in rows.items():
        off = np.array([row["computed"] - row["measured"] for row in found])
        reached = np.isfinite(off)
        rms = f"{np.sqrt(np.mean(off[reached] ** 2)):.2f}" + ("" if reached.all() else f" ({reached.sum()})")
        title = f"`{name}`" + (f", {minimum}" if minimum else "")
        lines.append([title, termination, *map(_shown, found), rms, f"{found[0]['chosen']:.0f}"])
    head = ["set", "planes", *(f"{row['quantity']}, {row['energy_eV']:g} eV" for row in first), "rms", "chosen"]
    return table(head, lines)


def _shown(row: dict[str, Any]) -> str:
    if not np.isfinite(row["computed"]):
        return "–"
    return f"{row['computed']:+.2f}" + (f" ± {row['stderr']:.2f}" if np.isfinite(row["stderr"]) else "")


def quantities(name: str) -> dict[str, float]:
    """The quantities of the table of a set."""
    chosen = load_set(name)
    model = EdgeModel(BlochHamiltonian.of(chosen), chosen.vector, np.zeros((len(chosen.paths), 0)))
    return {target: value for target, (value, _) in model.quantities(np.zeros(0), tuple(TARGETS)).items()}


def bulk_table(material: str, gap: str) -> str:
    """Edges, composition and contributions to g of both sets of a material beside first principles."""
    names = [f"bandg-{material}-{neighbors}" for neighbors in ("nnn", "nn")]
    found = {name: quantities(name) for name in names}
    reference = load_reference(REFERENCES[material])
    job = read_job(str(ROOT / "docs" / "fits" / f"{names[0]}.toml"))
    assert job.reference is not None
    shifts = shifts_of(reference, job.reference)
    rows = []
    for target, label in TARGETS.items():
        wanted = reference_value(target, reference, shifts) if "." in target else None
        cells = [f"{found[name][target]:.3f}" for name in names]
        rows.append([label, "" if wanted is None else f"{wanted:.3f}", RANGES.get((material, target), ""), *cells])
    if material == "cspbi3":
        errors = [errors_of(load_set(name)) for name in names]
        rows += [[f"{group} (meV rms)", "", "", *(f"{one[group]:.0f}" for one in errors)] for group in errors[0]]
    spread = [[_with_error(name, key) for name in names] for key in ("g_e", "g_h")]
    rows += [
        [f"{key} with the error of the fit", "", "", *cells] for key, cells in zip(("g_e", "g_h"), spread, strict=True)
    ]
    return table([f"{gap} eV", "mBJ, bare", "first principles", *(f"`{name}`" for name in names)], rows)


def _with_error(name: str, key: str) -> str:
    member = ensemble_of(load_set(name))[0]
    slopes = bulk_gradients(member.parameters)
    return f"{slopes.value(key):.2f} ± {member.covariance.stderr(slopes.paths, slopes.gradient(key)):.2f}"


def write(folder: Path) -> None:
    """Write the tables."""
    (folder / "five_points.md").write_text(five_points_table(), encoding="utf-8")
    for material, gap in (("cspbi3", "1.652"), ("cspbbr3", "2.352")):
        (folder / f"family_{material}.md").write_text(bulk_table(material, gap), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "--compute":
        compute()
    else:
        write(Path(sys.argv[1]))
