"""Spread of g_e and g_h of each kind of scatter at one transition energy: stored numbers and a table.

python docs/_scripts/spreads.py --compute   computes the stored numbers anew: some minutes of one processor
python docs/_scripts/spreads.py FOLDER      writes the table

All ensembles have a laser of 1 meV, axes at random, cubes with halide planes, and energies without exciton binding.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from second_neighbors import stored
from validation import table

import bandg
from bandg.base.tables import write_csv
from bandg.crystal.atoms import Atoms
from bandg.crystal.cell import Cell
from bandg.data.cells import load_cells
from bandg.models.observable import CARRIERS
from bandg.parameters.loader import load_set
from bandg.parameters.sets import ParameterSet
from bandg.spin import Ensemble, fit, simulate
from bandg.spin.results import Estimate, components

STORED = Path(__file__).parents[2] / "theory_curves" / "computed" / "spreads.csv"
DEFAULT, STAND_IN, NEAREST = "bandg-cspbi3-nnn", "nestoklon2023-standin", "bandg-cspbi3-nn"
GAMMA = ("bandg-cspbi3-gamma", "bandg-cspbi3-gamma-law")
RUN = bandg.Run(workers=1)
FIELDS_T = (0.09, 0.15, 0.22, 0.29, 0.36, 0.42)
TIMES_PS = np.arange(5.0, 1000.0, 5.0)
T2_ZERO_PS = 230.0
"""T2* at B = 0 of the simulated traces: that of the hole of sample 4."""
NOISE = 0.02
MEASURED = {1.911: (0.22, 0.03), 1.69: (0.25, 0.07)}
"""Stated half widths of g_e and g_h; the second is a bound at 1.911 eV, and of sample 1, whose energy is not stated."""
COUNT = 2000


@dataclass(frozen=True)
class Case:
    """A kind of scatter. strength: a number that dg grows with, None where there is none; unit: what it counts."""

    scatter: str
    size: str
    set: str = DEFAULT
    asked: Mapping[str, Any] = field(default_factory=dict)
    strength: float | None = None
    unit: str = ""
    energy_eV: float = 1.911


def scattered(**given: str) -> dict[str, Any]:
    """The arguments of `simulate` for numbers that scatter."""
    return {"scatter": given}


LONG, SHORT, TILTED = "7cells,9cells,11cells", "8cells,10cells", "5cells,7cells,9cells"
SLABS = {"surface": "slabs"}
CASES = (
    Case("laser width", LONG, asked={"width_eV": 0.02}, strength=20, unit="meV"),
    *(Case("tilt 9, 8 degrees, axes at random", TILTED, name) for name in GAMMA),
    Case("tilt 9, 8 degrees, axes at random", TILTED, GAMMA[0], energy_eV=1.99),
    Case("halide occupancy about 1", SHORT, asked=scattered(occupancy="0.8..1"), strength=0.2, unit="range"),
    Case(
        "surface shifts of slabs", SHORT, asked=SLABS | scattered(surface_scale="1+-0.5"), strength=0.5, unit="factor"
    ),
    Case("surface bonds", SHORT, asked=scattered(surface_bonds="0+-0.02"), strength=2, unit="%"),
    Case("halide occupancy about 0", SHORT, asked=scattered(occupancy="0..0.2"), strength=0.2, unit="range"),
    Case("halide and lead planes, half each", SHORT, asked={"termination": ["halide", "lead"]}),
    Case("aspect ratio", LONG, asked=scattered(aspect="1+-0.1"), strength=0.1, unit="of 1"),
    Case("each edge", LONG, asked=scattered(edges="1+-0.1"), strength=0.1, unit="of 1"),
    Case(
        "surface Pb missing, 4 arrangements",
        "7cells,9cells",
        STAND_IN,
        {"pb_vacancies": 0.03, "seeds": 4},
        3,
        "%",
        1.95,
    ),
    Case("halide occupancy about 1", SHORT, STAND_IN, scattered(occupancy="0.8..1"), strength=0.2, unit="range"),
)
CUBIC = "3cells,4cells,5cells,6cells"
CASES += (
    Case(
        "tilts of 9+-0.8 and 8+-0.8 degrees, axes at random",
        "5cells,7cells",
        GAMMA[0],
        scattered(angle_1="9+-0.8", angle_2="8+-0.8"),
        energy_eV=2.06,
    ),
    Case(
        "tilts of 7..11 and 6..10 degrees, axes at random",
        "5cells,7cells",
        GAMMA[0],
        scattered(angle_1="7..11", angle_2="6..10"),
        energy_eV=2.06,
    ),
    Case("tilt 9, 8 degrees, axes at random", "5cells,7cells", GAMMA[0], energy_eV=2.06),
)
MIXED = (
    (
        Case("surface Pb missing, shares 0, 5, 10 %, a third each", "7cells,9cells", STAND_IN, {}, 10, "% range", 1.95),
        ({}, *({"pb_vacancies": share, "seeds": 4} for share in (0.05, 0.1))),
    ),
    (
        Case("tilted 9, 8 degrees and cubic, half each", "", GAMMA[0], energy_eV=1.99),
        ({"size": TILTED}, {"size": CUBIC, "tilt": "a0a0a0"}),
    ),
)
"""Kinds of nanocrystals that are equally frequent, by what each is asked for besides."""
CELL = "cubes of the real γ cell, axes at random"
CELL_SIZES = (5, 7, 9)
CELL_SETS = (NEAREST,)
BULK = "bulk of the real γ cell, axes at random"
OWN_BULK = "bulk of tilt 9, 8 degrees, axes at random"
PERMUTED = "bulk of the real γ cell, field along a cubic axis, which one at random"
BULK_SETS = (DEFAULT, NEAREST, STAND_IN, "bandg-nnn-spin")
MEANS = (1.41, 0.91)
"""Measured g_e and g_h of sample 4."""
ASSUMED = {
    "Gaussian of deviation 0.22, no anisotropy": ((0.0, 0.0, 0.0), 0.22),
    "Gaussian of deviation 0.31, no anisotropy": ((0.0, 0.0, 0.0), 0.31),
    "principal values 1.12, 1.55, 1.56": ((-0.29, 0.14, 0.15), 0.0),
    "principal values 0.69, 1.76, 1.79": ((-0.725, 0.35, 0.375), 0.0),
    "principal values 1.11, 1.41, 1.71": ((-0.3, 0.0, 0.3), 0.0),
    "principal values 0.91, 1.41, 1.91": ((-0.5, 0.0, 0.5), 0.0),
    "principal values 1.12, 1.55, 1.56, Gaussian of deviation 0.15": ((-0.29, 0.14, 0.15), 0.15),
}
"""Assumed electrons: principal values of g less its mean, deviation of an isotropic Gaussian. Holes do not scatter."""
COMMENTS = (
    f"bandg {bandg.__version__}: cubes of CsPbI3 at one transition energy, axes at random, no exciton binding",
    f"fitted: traces of one carrier, {NOISE:g} noise, T2*(0) {T2_ZERO_PS:g} ps, by exponential decays; both if no set",
    "again: python docs/_scripts/stored.py spreads",
)
COLUMNS = (
    *("energy_eV", "set", "scatter", "strength", "unit", "g_e", "deviation_e", "half_width_e", "fitted_dg_e"),
    *("g_h", "deviation_h", "half_width_h", "fitted_dg_h", "outside"),
)


def cube_of(cell: Cell, cells: int) -> Atoms:
    """A cube of a crystal that ends in CsX planes, its cubic axes along x, y and z."""
    tile = np.array(list(product(range(-cells - 2, cells + 3), repeat=3)))
    places = (cell.on_frame + (tile @ cell.steps)[:, None]).reshape(-1, 3)
    positions = (cell.positions_nm + (tile @ cell.vectors_nm)[:, None]).reshape(-1, 3) @ cell.turn
    kind = np.tile(cell.kind, len(tile))
    inside = np.where(places % 2 == 1, abs(places - cells + 1) <= cells, (places >= 0) & (places <= 2 * cells - 2))
    kept = inside.all(axis=1)
    return Atoms(positions[kept], np.where(kind[kept] == 0, "Pb", "I"))


def of_tensors(energy_eV: float, tensors: NDArray[np.float64], labels: Mapping[str, str]) -> Ensemble:
    """Nanocrystals of equal g tensors (2, 3, 3) with axes at random."""
    from scipy.spatial.transform import Rotation

    turned = Rotation.random(COUNT, np.random.default_rng(0)).as_matrix()[:, None]
    return of_vectors(energy_eV, (turned @ tensors @ turned.swapaxes(2, 3))[..., 0], labels)


def of_vectors(energy_eV: float, vectors: NDArray[np.float64], labels: Mapping[str, str]) -> Ensemble:
    """Nanocrystals of equal weight with given g b, (n, 2, 3)."""
    n, none = len(vectors), (np.nan,) * 3
    energies, edges = np.full(n, energy_eV), np.full((n, 3), np.nan)
    return Ensemble(energy_eV, 0.0, 0.0, energies, np.full(n, 1 / n), edges, vectors, 0.0, none, labels)


def mixed(kinds: Sequence[Ensemble]) -> Ensemble:
    """All kinds at once, each as frequent as the others."""
    joined = {
        name: np.concatenate([getattr(one, name) for one in kinds]) for name in ("transition_eV", "edges_nm", "vectors")
    }
    weight = np.concatenate([one.weight for one in kinds]) / len(kinds)
    return replace(kinds[0], weight=weight, outside=float(np.mean([one.outside for one in kinds])), **joined)


def with_cell_gap(parameters: ParameterSet, cell: Cell, E_g: float) -> ParameterSet:
    """The set with the gap of the cell's crystal brought to E_g in eV by Pb p."""
    from scipy.optimize import brentq

    own = parameters.value("onsite.Pb.p")

    def at(value: float) -> ParameterSet:
        return parameters.with_values({"onsite.Pb.p": value}, source="gap held")

    return at(brentq(lambda x: bandg.bulk(at(x), structure=cell).E_g - E_g, own - 1.1, own, xtol=1e-3))


def real_cell(name: str, energy_eV: float) -> Ensemble:
    """Cubes of the relaxed γ cell at one energy: tensors inserted between the sizes."""
    cell = load_cells()["gamma_relaxed"].cell
    parameters = with_cell_gap(load_set(name), cell, bandg.bulk(name).E_g)
    energies, tensors = [], []
    for cells in CELL_SIZES:
        found = bandg.compute(structure=cube_of(cell, cells), set=parameters, run=RUN)
        energies.append(float(found.E_gap_eV[0]))
        tensors.append([np.diag(np.sort(own)) for own in found.g_axis.values[0]])  # its axes lie at 45 degrees
    from scipy.interpolate import PchipInterpolator

    at = PchipInterpolator(energies[::-1], np.array(tensors)[::-1], axis=0, extrapolate=True)(energy_eV)
    return of_tensors(energy_eV, at, {"set": name})


def bulk_of(name: str, cell: Cell | None, permuted: bool = False) -> Ensemble:
    """The bulk of a crystal as if it were an ensemble: the limit of large nanocrystals.

    permuted: light and field lie along cubic axes of the cell, all of which are equally frequent.
    """
    parameters = load_set(name) if cell is None else with_cell_gap(load_set(name), cell, bandg.bulk(name).E_g)
    found = bandg.bulk(parameters, structure=cell)
    tensors = np.array([found.conduction.g.matrix, found.valence.g.matrix])
    if cell is None or not permuted:
        return of_tensors(found.E_g, tensors, {"set": name})
    tensors = cell.turn.T @ tensors @ cell.turn
    vectors = np.stack([np.roll(tensors[..., axis], -axis, axis=1) for axis in range(3)])  # light along the axis + 2
    return of_vectors(found.E_g, np.tile(vectors, (COUNT // 3, 1, 1)), {"set": name})


def assumed(principal: tuple[float, ...], deviation: float) -> Ensemble:
    """Measured means with an assumed scatter of the electron's g, axes at random."""
    from scipy.spatial.transform import Rotation

    rng = np.random.default_rng(1)
    turned = Rotation.random(COUNT, rng).as_matrix()
    electron = (turned @ np.diag(np.array(principal) + MEANS[0]) @ turned.swapaxes(1, 2))[..., 0]
    electron[:, 0] += deviation * rng.standard_normal(COUNT)
    hole = np.tile([MEANS[1], 0.0, 0.0], (COUNT, 1))
    return of_vectors(1.911, np.stack([electron, hole], axis=1), {})


def fitted_together(ensemble: Ensemble) -> tuple[str, ...]:
    """dg of both carriers, electron first, from traces that hold both."""
    traces = ensemble.traces(FIELDS_T, TIMES_PS, (1.0, 1.0), (T2_ZERO_PS,) * 2, noise=NOISE)
    return tuple(_shown(one.dg) for one in components(fit(traces, components=2, decay="exponential")))


def fitted(ensemble: Ensemble, number: int) -> str:
    """dg that a fit by Eq. (3) of the source returns from the traces of one carrier; < for a bound."""
    amplitudes = [float(n == number) for n in range(2)]
    traces = ensemble.traces(FIELDS_T, TIMES_PS, amplitudes, (T2_ZERO_PS,) * 2, noise=NOISE)
    return _shown(components(fit(traces, components=1, decay="exponential"))[0].dg)


def _shown(dg: Estimate | None) -> str:
    return "" if dg is None else f"{'<' if dg.bound else ''}{dg.value:.4f}"


def row(case: Case, ensemble: Ensemble) -> dict[str, Any]:
    """The stored row of an ensemble."""
    found: dict[str, Any] = {"energy_eV": case.energy_eV, "set": case.set, "scatter": case.scatter, "unit": case.unit}
    found["strength"] = "" if case.strength is None else case.strength
    both = () if case.set else fitted_together(ensemble)
    for number, (carrier, short) in enumerate(zip(CARRIERS, "eh", strict=True)):
        mean, deviation, half_width = ensemble.spread(carrier)
        found |= {f"g_{short}": f"{mean:.4f}", f"deviation_{short}": f"{deviation:.4f}"}
        found |= {
            f"half_width_{short}": f"{half_width:.4f}",
            f"fitted_dg_{short}": both[number] if both else fitted(ensemble, number),
        }
    return found | {"outside": f"{ensemble.outside:.3f}"}


def ensembles(only: str) -> Iterator[tuple[Case, Ensemble]]:
    """All cases whose name holds `only`, with their nanocrystals."""
    for case in CASES:
        if only in case.scatter:
            yield case, simulate(case.size, set=case.set, energy_eV=case.energy_eV, run=RUN, count=COUNT, **case.asked)
    for case, kinds in MIXED:
        if only in case.scatter:
            asked = [{"size": case.size, "set": case.set, "energy_eV": case.energy_eV} | kind for kind in kinds]
            yield case, mixed([simulate(run=RUN, count=COUNT, **one) for one in asked])
    for what, (principal, deviation) in ASSUMED.items():
        if only in what:
            yield Case(what, "", ""), assumed(principal, deviation)
    cell = load_cells()["gamma_relaxed"].cell
    for what, names, crystal in ((BULK, BULK_SETS, cell), (PERMUTED, (NEAREST,), cell), (OWN_BULK, GAMMA, None)):
        for name in names if only in what else ():
            found = bulk_of(name, crystal, what == PERMUTED)
            yield Case(what, "", name, energy_eV=round(found.laser_eV, 3)), found
    for name in CELL_SETS:
        for energy_eV in (1.911, 1.99) if only in CELL else ():
            yield Case(CELL, "", name, energy_eV=energy_eV), real_cell(name, energy_eV)


def compute(only: str = "") -> None:
    """Compute and store; what is in the cache is not computed again."""
    rows = [] if not only else [one for one in stored("spreads") if only not in one["scatter"]]
    for case, ensemble in ensembles(only):
        rows.append(row(case, ensemble))
        print(rows[-1], flush=True)
        write_csv(STORED, rows, COLUMNS, COMMENTS)


def needed(one: Mapping[str, Any]) -> list[str]:
    """By what the scatter grows for the measured spread of g_e, and g_h then: as half width, as standard deviation.

    A Gaussian falls to 1/e in the same time as a Lorentzian if its standard deviation is sqrt 2 of the half width.
    """
    wanted = MEASURED[min(MEASURED, key=lambda energy: abs(energy - one["energy_eV"]))][0]
    cells = []
    for kind, of_gaussian in (("half_width", 1.0), ("deviation", 2**0.5)):
        factor = wanted * of_gaussian / one[f"{kind}_e"]
        own = "" if np.isnan(one["strength"]) else f" ({factor * one['strength']:.2g} {one['unit']})"
        cells += [f"{factor:.1f}{own}", f"{factor * one[f'{kind}_h']:.3f}"]
    return cells


def spreads_table(scales: bool) -> str:
    """What each ensemble gives, or what it would need for the measured spread of g_e."""
    rows = []
    for one in stored("spreads"):
        if scales and not isinstance(one["set"], str):
            continue
        strength = "" if np.isnan(one["strength"]) else f", {one['strength']:g} {one['unit']}"
        cells = [
            one["scatter"] + strength,
            f"`{one['set']}`" if isinstance(one["set"], str) else "assumed",
            f"{one['energy_eV']:g}",
        ]
        if scales:
            rows.append([*cells, *needed(one)])
            continue
        cells += [f"{one[f'g_{short}']:.2f}" for short in "eh"]
        cells += [f"{one[f'{kind}_e']:.3f}, {one[f'{kind}_h']:.3f}" for kind in ("deviation", "half_width")]
        rows.append([*cells, f"{one['fitted_dg_e']}, {one['fitted_dg_h']}"])
    head = ["scatter", "set", "energy (eV)"]
    if scales:
        kinds = ("half width", "standard deviation")
        return table([*head, *(of.format(kind) for kind in kinds for of in ("factor, {}", "dg_h then, {}"))], rows)
    return table([*head, "g_e", "g_h", "standard deviations", "half widths", "fitted"], rows)


def write(folder: Path) -> None:
    """Write the tables: electron first, hole second."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spreads.md").write_text(spreads_table(False), encoding="utf-8")
    (folder / "spreads-needed.md").write_text(spreads_table(True), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "--compute":
        compute(*sys.argv[2:])
    else:
        write(Path(sys.argv[1]))
