"""Theory curves by name: stored ones, the models' own, and a user's CSV; and the command that stores them again.

A name is MODEL:KIND or MODEL:KIND:SET, such as etb:halide, kp:bulk-law or etb:lead:kashikar2021.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bandg import __version__
from bandg.analysis.hypotheses.case import Case, bulk_of
from bandg.analysis.hypotheses.evaluate import Evaluator
from bandg.base import resources
from bandg.base.errors import BandgError
from bandg.base.files import write_whole
from bandg.base.tables import to_csv
from bandg.base.text import nearest
from bandg.data.choice import material_of
from bandg.data.compare import TheoryCurve
from bandg.data.curves import parse_curves, read_curves
from bandg.parameters.covariance import ensemble_of
from bandg.parameters.loader import load_set
from bandg.parameters.names import LAW_SET, PUBLISHED_SET
from bandg.parameters.sets import ParameterSet
from bandg.runs.options import DEFAULT_RUN, Run
from bandg.runs.rows import file_columns

if TYPE_CHECKING:
    from bandg.models.etb.derivatives import Gradients

LAW_ENERGIES_EV = np.linspace(1.6, 2.6, 41)
STORE_COMMAND = "bandg overlay --regenerate theory_curves/computed"
COLUMNS = ("energy_eV", "g_e", "g_h", "g_bx", "size_nm")

_BAND_CELLS = (4, 5, 6, 8, 11, 15)
"""Edges or diameters in cells for which errors are computed; they change little between them."""

_CUBES = tuple(range(4, 31))
_BALLS = tuple(range(5, 31))
_ENVELOPES = (4, 5, 6, 7, 8, 9, 10, 12, 14, 17, 20)


@dataclass(frozen=True)
class Kind:
    """A kind of curve: what it is, and the fields of its `Case` (none for a law)."""

    title: str
    fields: tuple[tuple[str, Any], ...] = ()


KINDS = {
    "etb:halide": Kind("tight binding, halide-terminated cubes", (("termination", "halide"), ("cells", _CUBES))),
    "etb:lead": Kind("tight binding, lead-terminated cubes", (("termination", "lead"), ("cells", _CUBES))),
    "etb:halide-sphere": Kind(
        "tight binding, halide-terminated spheres",
        (("termination", "halide"), ("shape", "sphere"), ("cells", _BALLS)),
    ),
    "etb:lead-sphere": Kind(
        "tight binding, lead-terminated spheres", (("termination", "lead"), ("shape", "sphere"), ("cells", _BALLS))
    ),
    "kp:hard-wall": Kind(
        "k.p envelopes of the same bands, cubes with hard walls", (("model", "kp"), ("cells", _ENVELOPES))
    ),
    "kp:glass": Kind(
        "k.p envelopes of the same bands, cubes behind barriers of 3 eV (assumed)",
        (("model", "kp"), ("barrier", (3.0, 3.0)), ("cells", _ENVELOPES)),
    ),
    "kp:bulk-law": Kind("k.p law of bulk crystals, the transition energy in place of the gap"),
}
"""The curves that bandg makes by name."""


def stored_names() -> tuple[str, ...]:
    """Names of the stored curves."""
    files = resources.theory_curve_files("computed")
    return tuple(name for name in KINDS if file_name(name) in files)


def file_name(name: str) -> str:
    """Name of the file of a stored curve."""
    return f"{name.replace(':', '-', 1)}.csv"


def resolve(names: Sequence[str], evaluator: Evaluator | None = None, fresh: bool = False) -> list[TheoryCurve]:
    """Curves by name or path of a CSV, in order. fresh: compute also what is stored.

    A file may hold several curves; see `bandg.data.curves.read_curves`. Raises BandgError for an unknown
    name, with the nearest, and for whatever is wrong in a file.
    """
    cases: dict[str, Case] = {}
    found: dict[str, Sequence[TheoryCurve]] = {}
    for name in dict.fromkeys(names):
        if _is_file(name):
            found[name] = read_curves(name, file_columns())
        elif name in stored_names() and not fresh:
            found[name] = [load_stored(name)]
        else:
            kind, own = _parse(name)
            if not fresh and (known := load_stored_set(kind, own, name)) is not None:
                found[name] = [known]
            elif KINDS[kind].fields:
                cases[name] = _case(kind, own)
            else:
                found[name] = [bulk_law(own or LAW_SET, name)]
    if cases:
        evaluator = evaluator or Evaluator()
        made = evaluator.curves(list(cases.values()), list(cases))
        for name, curve in zip(cases, made, strict=True):
            if not np.isfinite(curve.energy).all():
                why = evaluator.reason(cases[name]) or "the energies do not fall with size"
                raise BandgError(f"{name}: there is no curve: {why}")
            found[name] = [curve]
    return [curve for name in names for curve in found[name]]


def count(names: Sequence[str]) -> int:
    """How many curves `resolve` makes of these names, without computing any. Raises BandgError for a bad file."""
    return sum(len(read_curves(name, file_columns())) if _is_file(name) else 1 for name in names)


def _is_file(name: str) -> bool:
    """Whether a name is that of a file; the set of a kind may be a path too."""
    return (name.endswith(".csv") or os.sep in name or "/" in name) and _kind_of(name) not in KINDS


def _kind_of(name: str) -> str:
    """The part MODEL:KIND of a name."""
    return ":".join(name.split(":", 2)[:2])


def _parse(name: str) -> tuple[str, str | None]:
    kind = _kind_of(name)
    if kind not in KINDS:
        known = dict.fromkeys([*KINDS, *stored_names()])
        listed = f"{nearest(name, known, cutoff=0.4)}; there are: {', '.join(known)}; or give a CSV file"
        raise BandgError(f"no curve is called {name!r}{listed}")
    own = name.removeprefix(kind)
    if own == ":":
        raise BandgError(f"{name!r} names no set: write {kind}, or {kind}:SET")
    return kind, own[1:] or None


def _case(kind: str, set_name: str | None) -> Case:
    chosen = load_set(set_name or PUBLISHED_SET)
    return case_of(kind, chosen)


def case_of(kind: str, parameters: ParameterSet) -> Case:
    """The case of one of KINDS that is not a law."""
    from bandg.models.etb.local import resolve_neighbors

    return replace(Case(parameters, resolve_neighbors(parameters, None)), **dict(KINDS[kind].fields))


def with_band(curve: TheoryCurve, run: Run = DEFAULT_RUN) -> TheoryCurve:
    """A curve of `resolve` with its standard errors at fixed energy, from the covariance of its set.

    They are computed for cubes or spheres of _BAND_CELLS and the bulk, with a monotone cubic between. A curve that has
    them stays as it is. Raises BandgError for a curve that is not of a set that `bandg fit` has made.
    """
    from bandg.runs.band import along, at_energy, derivatives_of

    if curve.stderr:
        return curve
    if not KINDS.get(_kind_of(curve.name), Kind("")).fields or not curve.name.startswith("etb:"):
        raise BandgError(
            f"{curve.name}: there is no `band` of this curve: give one of a fitted set, as etb:halide:bandg-nnn"
        )
    case = _case(*_parse(curve.name))
    try:
        members = ensemble_of(case.parameters)
    except BandgError as error:
        raise BandgError(f"{curve.name}: {error}") from None
    crystals = replace(case, cells=tuple(n for n in _BAND_CELLS if n in case.counts)).crystals()
    sizes = derivatives_of(members, crystals, case.neighbors, False, "auto", run)
    found = [[bulk_gradients(one.parameters), *row] for one, row in zip(members, sizes, strict=True)]
    energy = np.array([one.value("E_gap_eV") for one in found[0]])
    order = np.argsort(energy)
    stderr = {q: along(energy[order], at_energy(members, found, q)[order])(curve.energy) for q in COLUMNS[1:4]}
    return replace(curve, stderr=stderr)


def bulk_gradients(parameters: ParameterSet) -> Gradients:
    """Band edges and g-factors of the bulk at R with their derivatives by all parameters but the lattice constant."""
    from bandg.analysis.fit.edges import EdgeModel
    from bandg.models.etb.bloch import BlochHamiltonian
    from bandg.models.etb.derivatives import Gradients

    count = len(parameters.paths)
    model = EdgeModel(BlochHamiltonian.of(parameters), np.zeros(count), np.eye(count))
    found = model.quantities(parameters.vector, ("E_v", "E_g", "g_e", "g_h"))
    (top, top_slope), (gap, gap_slope) = found.pop("E_v"), found.pop("E_g")
    found |= {"E_h_eV": (top, top_slope), "E_e_eV": (top + gap, top_slope + gap_slope)}
    values = {name: value for name, (value, _) in found.items()}
    return Gradients(parameters.paths, values, {name: tuple(slope.tolist()) for name, (_, slope) in found.items()})


def bulk_law(set_name: str, name: str = "kp:bulk-law") -> TheoryCurve:
    """The bulk laws of g at gaps of LAW_ENERGIES_EV, all else as in the k.p set [kirstein2022]."""
    from bandg.models.kp.laws import at_gaps
    from bandg.models.kp.sets import load_kp

    kp = load_kp(set_name)
    values = {quantity: at_gaps(edge, kp.values, LAW_ENERGIES_EV) for quantity, edge in (("g_e", "c"), ("g_h", "v"))}
    provenance = {"set": kp.name, "set_sha256": kp.digest(), "model": "kp", "law": "bulk"}
    return TheoryCurve(name, LAW_ENERGIES_EV, values, np.full(len(LAW_ENERGIES_EV), np.nan), provenance)


def load_stored(name: str) -> TheoryCurve:
    """A stored curve with its provenance. Raises BandgError for an unknown name."""
    path = f"computed/{file_name(name)}"
    text = resources.theory_curve(path).read_text(encoding="utf-8")
    mark = "# provenance = "
    provenance = next(json.loads(line.removeprefix(mark)) for line in text.splitlines() if line.startswith(mark))
    (curve,) = parse_curves(text, name, path)
    return replace(curve, provenance=provenance)


def load_stored_set(kind: str, set_name: str | None, name: str) -> TheoryCurve | None:
    """The curve of another shipped set that is stored for both terminations of cubes, None where there is none.

    It is used only if it was made with the numbers that the set has now.
    """
    file = f"{set_name}.csv"
    if kind not in ("etb:halide", "etb:lead") or file not in resources.theory_curve_files("computed"):
        return None
    chosen = load_set(str(set_name))
    text = resources.theory_curve(f"computed/{file}").read_text(encoding="utf-8")
    if not any(chosen.digest() in line for line in text.splitlines() if line.startswith("#")):
        return None
    of_set = parse_curves(text, name, file, file_columns())
    own = next(curve for curve in of_set if curve.provenance["termination"] == kind.removeprefix("etb:"))
    case = case_of(kind, chosen)
    end = bulk_of(chosen, case.neighbors)
    table: list[tuple[float, ...]] = [(end.E_g, end.conduction.g(), end.valence.g(), np.inf)]
    table += zip(own.energy, own.values["g_e"], own.values["g_h"], own.size_nm, strict=True)
    energy, g_e, g_h, size = np.array(sorted(table)).T
    cells = tuple(sorted(round(nm / chosen.a_nm) for nm in own.size_nm))
    return TheoryCurve(name, energy, {"g_e": g_e, "g_h": g_h}, size, replace(case, cells=cells).describe())


def material_of_curves(curves: Sequence[TheoryCurve]) -> str:
    """The one material of the curves whose set ships, CsPbI3 where none does. Raises BandgError for several."""
    known = {material_of(str(curve.provenance.get("set", ""))) for curve in curves} - {""}
    if len(known) > 1:
        raise BandgError(f"the curves are of {' and '.join(sorted(known))}: name the measured points to compare with")
    return known.pop() if known else "CsPbI3"


def to_text(curve: TheoryCurve, title: str = "") -> str:
    """The curve as CSV with its provenance in comment lines."""
    head = dict(curve.provenance) | {"name": curve.name, "bandg": __version__}
    comments = [
        "schema = 1",
        *([f"{curve.name}: {title}"] if title else []),
        "Energies in eV without exciton binding, sizes in nm (inf: the bulk crystal). Made by",
        STORE_COMMAND,
        f"provenance = {json.dumps(head, sort_keys=True)}",
    ]
    rows = [
        {"energy_eV": f"{energy:.6f}"}
        | {name: f"{g:.5f}" for name, g in (("g_e", g_e), ("g_h", g_h), ("g_bx", g_e + g_h))}
        | {"size_nm": "" if np.isnan(size) else f"{size:.6g}"}
        for energy, g_e, g_h, size in zip(
            curve.energy, curve.values["g_e"], curve.values["g_h"], curve.size_nm, strict=True
        )
    ]
    return to_csv(rows, COLUMNS, comments)


def regenerate(folder: str | os.PathLike[str], evaluator: Evaluator) -> list[Path]:
    """Compute all of KINDS with the default sets and write them to a folder. Raises BandgError."""
    target = Path(folder)
    if not target.is_dir():
        raise BandgError(f"cannot write {os.fspath(folder)}: it is not a folder")
    return [
        write_whole(target / file_name(curve.name), to_text(curve, KINDS[curve.name].title))
        for curve in resolve(list(KINDS), evaluator, fresh=True)
    ]
