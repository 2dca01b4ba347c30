"""The numbers of the validation page, computed when the documentation is built.

python docs/_scripts/validation.py FOLDER
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from bandg.crystal.shapes import cube, sphere
from bandg.models.etb.bulk import bulk
from bandg.models.etb.local import local_model
from bandg.models.etb.nanocrystal import ReducedNanocrystal, compute_levels
from bandg.models.levels import Levels
from bandg.parameters.loader import available_sets, load_set
from bandg.parameters.sets import ParameterSet
from bandg.plot.style import style

SET = "nestoklon2023-standin"
CELLS = range(6, 25, 2)

# what an independent prototype of the project found: E_e, E_h, g_e, g_h
PROTOTYPE = {
    ("cube", "halide", 6): (1.9650, -0.1703, 1.174, 1.290),
    ("cube", "halide", 10): (1.7854, -0.0881, 2.041, 0.811),
    ("cube", "halide", 16): (1.7093, -0.0446, 2.630, 0.385),
    ("cube", "halide", 25): (1.6767, -0.0220, 2.953, 0.073),
    ("cube", "lead", 6): (1.8643, -0.4085, 0.246, 0.901),
    ("cube", "lead", 10): (1.7509, -0.1691, 1.225, 0.361),
    ("cube", "lead", 16): (1.6982, -0.0713, 2.065, 0.007),
    ("cube", "lead", 25): (1.6733, -0.0305, 2.622, -0.179),
    ("sphere", "Pb", 8): (1.9145, -0.1721, 1.014, 1.254),
    ("sphere", "Cs", 8): (1.9004, -0.1692, 1.015, 1.236),
}


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


def crystal(shape: str, what: str, cells: int, parameters: ParameterSet):
    """The nanocrystal of one row of PROTOTYPE."""
    a = parameters.a_nm
    return cube(cells, a, what) if shape == "cube" else sphere(cells * a, a, "halide", what)


def nanocrystal_table(parameters: ParameterSet) -> str:
    """The reference nanocrystals: bandg's value, and the prototype's in brackets."""
    rows = []
    for key, reference in PROTOTYPE.items():
        found = compute_levels(parameters, crystal(*key, parameters), solver="superlu")
        values = (found.electron.energy_eV, found.hole.energy_eV, found.electron.g, found.hole.g)
        digits = (4, 4, 3, 3)
        cells = [f"{v:.{n}f} ({r:.{n}f})" for v, r, n in zip(values, reference, digits, strict=True)]
        name = f"{key[0]}, {key[1]}, {'N' if key[0] == 'cube' else 'diameter / a'} = {key[2]}"
        rows.append([name, *cells, f"{found.residual_eV:.0e}"])
    return table(["nanocrystal", "E_e (eV)", "E_h (eV)", "g_e", "g_h", "residual (eV)"], rows)


def spectrum_table(parameters: ParameterSet) -> str:
    """Largest difference between the union of the reduced spectra and that of the full matrix."""
    rows = []
    for name, nanocrystal in (
        ("cube, halide, N = 3", cube(3, parameters.a_nm)),
        ("cube, lead, N = 4", cube(4, parameters.a_nm, "lead")),
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
    """Figure of g - g_bulk against 1/N^2, and the table of the fits."""
    from matplotlib.figure import Figure

    found: dict[str, list[Levels]] = {}
    for termination in ("halide", "lead"):
        found[termination] = [compute_levels(parameters, cube(n, parameters.a_nm, termination)) for n in CELLS]
    crystal_bulk = bulk(parameters)
    limits = {"electron": crystal_bulk.conduction.g(), "hole": crystal_bulk.valence.g()}
    cells = np.array(CELLS)
    rows = []
    with style():
        figure = Figure(figsize=(6.6, 2.9), layout="constrained")
        for axes, (carrier, limit) in zip(figure.subplots(1, 2), limits.items(), strict=True):
            for termination, levels in found.items():
                g = np.array([getattr(one, carrier).g for one in levels])
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
        ("nanocrystals", nanocrystal_table(parameters)),
        ("spectra", spectrum_table(parameters)),
        ("convergence", convergence(parameters, folder)),
    ):
        (folder / f"{name}.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
