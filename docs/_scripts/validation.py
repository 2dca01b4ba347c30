"""The numbers of the validation page: large nanocrystals from stored results, the rest computed with the page.

python docs/_scripts/validation.py FOLDER
python docs/_scripts/validation.py --compute     stores the reference nanocrystals again: some minutes
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from bandg.analysis.curves import load_stored
from bandg.base.resources import theory_curve
from bandg.base.tables import read_table, write_csv
from bandg.crystal.shapes import cube, sphere
from bandg.models.etb.bulk import bulk
from bandg.models.etb.local import local_model
from bandg.models.etb.nanocrystal import ReducedNanocrystal, compute_levels
from bandg.parameters.loader import available_sets, load_set
from bandg.parameters.sets import ParameterSet
from bandg.plot.style import style

ROOT = Path(__file__).resolve().parents[2]
SET = "nestoklon2023-standin"
CELLS = range(6, 25, 2)

REFERENCE = "computed/reference_nanocrystals.csv"
QUANTITIES = {"E_e_eV": 4, "E_h_eV": 4, "g_e": 3, "g_h": 3}
"""What is compared with an independent prototype, and its digits."""


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def bulk_table() -> str:
    """Bulk values of every tight-binding set beside the published ones, where there are any."""
    rows = []
    for name in available_sets():
        parameters = load_set(name)
        if parameters.model != "etb":
            continue
        found = bulk(parameters)
        values = {
            "E_g_eV": found.E_g,
            "Delta_eV": found.Delta,
            "m_e": found.conduction.mass,
            "m_h": found.valence.mass,
            "g_e": found.conduction.g(),
            "g_h": found.valence.g(),
        }
        known = parameters.published
        cells = [f"{v:.3f}" + (f" ({known[key].value:g})" if key in known else "") for key, v in values.items()]
        rows.append([f"`{name}`", *cells])
    return table(["set", "E_g (eV)", "Δ (eV)", "m_e", "m_h", "g_e", "g_h"], rows)


def reference() -> list[dict[str, str]]:
    """The reference nanocrystals: ours, which tests compute again, and the prototype's."""
    return list(read_table(theory_curve(REFERENCE).read_text(encoding="utf-8"), REFERENCE).cells)


def compute_reference() -> None:
    """Compute the reference nanocrystals and store them."""
    parameters = load_set(SET)
    rows = reference()
    for row in rows:
        size, a = int(row["size"]), parameters.a_nm
        made = cube(size, a, row["kind"]) if row["shape"] == "cube" else sphere(size * a, a, center=row["kind"])
        found = compute_levels(parameters, made, solver="superlu")
        values = (found.electron.energy_eV, found.hole.energy_eV, found.electron.g, found.hole.g)
        row |= {name: f"{v:.{n}f}" for (name, n), v in zip(QUANTITIES.items(), values, strict=True)}
        row["residual_eV"] = f"{found.residual_eV:.0e}"
    note = f"{SET}, digest {parameters.digest()}; again: python docs/_scripts/validation.py --compute"
    write_csv(ROOT / "theory_curves" / REFERENCE, rows, tuple(rows[0]), [note])


def nanocrystal_table() -> str:
    """The reference nanocrystals: bandg's value, and the prototype's in brackets."""
    rows = []
    for row in reference():
        cells = [f"{row[name]} ({row[f'prototype_{name}']})" for name in QUANTITIES]
        size = "N" if row["shape"] == "cube" else "diameter / a"
        rows.append([f"{row['shape']}, {row['kind']}, {size} = {row['size']}", *cells, row["residual_eV"]])
    return table(["nanocrystal", "E_e (eV)", "E_h (eV)", "g_e", "g_h", "residual (eV)"], rows)


def spectrum_table(parameters: ParameterSet) -> str:
    """Largest difference between the union of the reduced spectra and that of the full matrix."""
    rows = []
    for name, nanocrystal in (
        ("cube, halide, N = 2", cube(2, parameters.a_nm)),
        ("cube, lead, N = 3", cube(3, parameters.a_nm, "lead")),
        ("sphere on Cs, diameter 3 a", sphere(3 * parameters.a_nm, parameters.a_nm, center="Cs")),
    ):
        reduced = ReducedNanocrystal(nanocrystal, local_model(parameters))
        full = np.linalg.eigvalsh(reduced.system.hamiltonian().at(parameters.vector).toarray())
        parts = []
        for irrep in reduced.orbits.group.irreps:
            block = reduced.block(irrep.label)[1].at(parameters.vector).toarray()
            parts.append(np.repeat(np.linalg.eigvalsh(block), irrep.multiplicity))
        difference = np.abs(np.sort(np.concatenate(parts)) - full).max()
        rows.append([name, str(len(full)), f"{difference:.0e}"])
    return table(["nanocrystal", "spin-orbitals", "largest difference (eV)"], rows)


def convergence(parameters: ParameterSet, folder: Path) -> str:
    """Figure of g - g_bulk against 1/N^2 from the stored curves, and the table of the fits."""
    from matplotlib.figure import Figure

    found = {}
    for termination in ("halide", "lead"):
        curve = load_stored(f"etb:{termination}")
        order = [int(np.argmin(np.abs(curve.size_nm - n * parameters.a_nm))) for n in CELLS]
        found[termination] = {"electron": curve.values["g_e"][order], "hole": curve.values["g_h"][order]}
    crystal_bulk = bulk(parameters)
    limits = {"electron": crystal_bulk.conduction.g(), "hole": crystal_bulk.valence.g()}
    cells = np.array(CELLS)
    rows = []
    with style():
        figure = Figure(figsize=(6.6, 2.9), layout="constrained")
        for axes, (carrier, limit) in zip(figure.subplots(1, 2), limits.items(), strict=True):
            for termination, values in found.items():
                g = values[carrier]
                large = cells >= 14
                powers = 1 / cells[large, None] ** np.array([2.0, 3.0, 4.0])
                fit = np.linalg.lstsq(powers, (g - limit)[large])[0]
                rms = np.sqrt(np.mean((powers @ fit - (g - limit)[large]) ** 2))
                exponents = -np.diff(np.log(np.abs(g - limit))) / np.diff(np.log(cells))
                numbers = (f"{fit[0]:+.0f}", f"{rms:.4f}", f"{exponents[0]:.2f}", f"{exponents[-1]:.2f}")
                rows.append([carrier, termination, *numbers])
                line = np.linspace(1e-4, 1 / 14, 200)
                curve = limit + (line[:, None] ** np.array([2.0, 3.0, 4.0])) @ fit
                (drawn,) = axes.plot(1e3 / cells**2, g, "o", label=f"{termination}, computed")
                axes.plot(1e3 * line**2, curve, "-", color=drawn.get_color(), label=f"{termination}, fit for N ≥ 14")
            axes.plot([0], [limit], "k*", markersize=9, label="bulk crystal", clip_on=False, zorder=5)
            axes.set_xlim(left=0)
            axes.set_xlabel(r"$10^3 / N^2$")
            axes.set_ylabel(rf"$g$ of the {carrier}")
        axes.legend(fontsize=6.5)
        figure.savefig(folder / "convergence.png")
    head = ["carrier", "termination", "c₂", "rms of the fit", f"exponent at N = {cells[0]}", f"at N = {cells[-1]}"]
    return table(head, rows)


def write(folder: Path) -> None:
    """Compute everything and write one Markdown file for each table, and the figure."""
    folder.mkdir(parents=True, exist_ok=True)
    parameters = load_set(SET)
    for name, text in (
        ("bulk", bulk_table()),
        ("nanocrystals", nanocrystal_table()),
        ("spectra", spectrum_table(parameters)),
        ("convergence", convergence(parameters, folder)),
    ):
        (folder / f"{name}.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "--compute":
        compute_reference()
    else:
        write(Path(sys.argv[1]))
