"""Second neighbors: bands against first principles, and g-factors from stored curves.

python docs/_scripts/second_neighbors.py FOLDER
"""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from validation import table

from bandg.base import resources
from bandg.base.tables import read_table
from bandg.data.bands import ReferenceBands
from bandg.data.measured import load_measured
from bandg.data.reference import load_reference
from bandg.models.etb.bloch import BlochHamiltonian
from bandg.models.etb.bulk import Bulk, bulk, occupied_bands
from bandg.parameters.loader import load_set
from bandg.parameters.sets import ParameterSet
from bandg.plot.palette import BLUE, FAINT, GREEN, INK, ORANGE, SKY, VERMILLION
from bandg.plot.style import style

IODIDES = ("bandg-nn", "bandg-nnn", "bandg-nnn-small")
DELTA_EV, GAP_EV = 1.50, 1.652
"""The gap corrections of the jobs in docs/fits."""

FIRST_PRINCIPLES = {
    "R8+ 1": -1.022,
    "R6+ 1": -1.698,
    "R8+ 2": -1.733,
    "R7+ 1": -2.253,
    "R8+ 3": -2.792,
    "R6+ 2 (Pb s)": -8.511,
}
"""Levels at R in eV from the valence-band top: irrep, and number counted from the top."""

LOOKS = {"bandg-nn": "--", "bandg-nnn": "-"}
COLORS = {"halide": BLUE, "lead": VERMILLION}
SYMBOLS = {"g_e": r"$g_{\mathrm{e}}$", "g_h": r"$g_{\mathrm{h}}$", "g_bx": r"$g_{\mathrm{BX}}$"}
ENERGIES = (1.695, 1.75, 1.911, 2.25)
_ORDER = slice(7, 19)
"""Doublets of the reference that the model has: nine valence and three conduction bands, from band 67."""


@lru_cache
def bulk_of(name: str) -> Bulk:
    """Bulk of a shipped set."""
    return bulk(load_set(name))


def doublets(parameters: ParameterSet, k: NDArray[np.float64]) -> NDArray[np.float64]:
    """Nine valence and three conduction doublets in eV from the valence-band top, (n, 12); k in 2 pi/a (n, 3)."""
    hamiltonian = BlochHamiltonian.of(parameters)
    energies = np.linalg.eigvalsh(hamiltonian.H(k * 2 * np.pi / hamiltonian.a_nm))
    top = occupied_bands(hamiltonian)
    return energies[:, top - 18 : top + 6 : 2] - bulk(parameters).valence.energy


def shifted(reference: ReferenceBands, energies: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same doublets of the reference with the conduction bands shifted as in the jobs, (n, 12)."""
    assert reference.R is not None
    top, bottom, upper = reference.R[reference.top : reference.top + 3]
    found = energies[:, _ORDER].copy()
    found[:, 9] += GAP_EV - (bottom - top)
    found[:, 10:] += GAP_EV + DELTA_EV - (upper - top)
    return found


def errors_of(parameters: ParameterSet) -> dict[str, float]:
    """Root-mean-square errors in meV by group of bands."""
    digest = parameters.digest()
    if digest not in _ERRORS:
        _ERRORS[digest] = _errors_of(parameters)
    return _ERRORS[digest]


_ERRORS: dict[str, dict[str, float]] = {}
"""What has been computed for this build, by the digest of the set."""


def _errors_of(parameters: ParameterSet) -> dict[str, float]:
    reference = load_reference("cspbi3_cubic_mbj_soc")
    path, mesh = reference.sections["path"], reference.sections["mesh"]
    on_path = 1000 * (doublets(parameters, path.k) - shifted(reference, path.energies))
    on_mesh = 1000 * (doublets(parameters, mesh.k) - shifted(reference, mesh.energies))
    near = np.linalg.norm(np.abs(path.k) - 0.5, axis=1) <= 0.15

    def rms(values: NDArray[np.float64]) -> float:
        return float(np.sqrt(np.mean(values**2)))

    def mean(values: NDArray[np.float64]) -> float:
        return float(np.sqrt(mesh.weights @ np.mean(values**2, axis=1)))

    return {
        "upper valence, mesh": mean(on_mesh[:, 8:9]),
        "upper valence, path": rms(on_path[:, 8]),
        "two conduction bands within 0.15 of R": rms(on_path[near, 9:11]),
        "lower halide valence, mesh": mean(on_mesh[:, :8]),
        "lower halide valence, path": rms(on_path[:, :8]),
        "all 18 valence bands, path": rms(on_path[:, :9]),
    }


def level(name: str, label: str) -> float:
    """A valence level at R from the top, by irrep and number."""
    irrep, number = label.split()[:2]
    edges = bulk_of(name)
    own = [one.energy - edges.valence.energy for one in edges.levels if irrep in one.irrep]
    return sorted((e for e in own if -10 < e < -0.1), reverse=True)[int(number) - 1]


def bulk_table() -> str:
    """Band edges of the three sets."""
    rows = []
    for what, unit, read in (
        ("E_g", "eV", lambda b: b.E_g),
        ("Δ", "eV", lambda b: b.Delta),
        ("E_p, R6+ to R6−", "eV", lambda b: b.kane_energy("R6-")),
        ("E_p, R6+ to R8−", "eV", lambda b: b.kane_energy("R8-")),
        ("m_h", "m0", lambda b: b.valence.mass),
        ("m_e", "m0", lambda b: b.conduction.mass),
        ("g_h", "", lambda b: b.valence.g()),
        ("g_e", "", lambda b: b.conduction.g()),
    ):
        rows.append([what, unit, *(f"{read(bulk_of(name)):.3f}" for name in IODIDES)])
    return table(["", "", *(f"`{name}`" for name in IODIDES)], rows)


def errors_table() -> str:
    """Errors in meV, levels at R in eV."""
    found = [errors_of(load_set(name)) for name in IODIDES]
    rows = [[f"{group} (meV)", "", *(f"{one[group]:.0f}" for one in found)] for group in found[0]]
    rows += [
        [f"{label} at R (eV)", f"{value:.3f}", *(f"{level(name, label):.3f}" for name in IODIDES)]
        for label, value in FIRST_PRINCIPLES.items()
    ]
    return table(["", "mBJ", *(f"`{name}`" for name in IODIDES)], rows)


def stored(name: str) -> list[dict[str, Any]]:
    """Rows of a file in theory_curves/computed, numbers as numbers, NaN where there is none."""
    label = f"computed/{name}.csv"
    table = read_table(resources.theory_curve(label).read_text(encoding="utf-8"), label)
    return [{key: _number(value) for key, value in row.items()} for row in table.cells]


def _number(text: str) -> Any:
    try:
        return float(text or "nan")
    except ValueError:
        return text


def column(rows: list[dict[str, Any]], termination: str, key: str) -> NDArray[np.float64]:
    """One column of one termination, by ascending transition energy."""
    chosen = sorted((row for row in rows if row["termination"] == termination), key=lambda row: row["E_gap_eV"])
    return np.array([row[key] for row in chosen], dtype=float)


def value_at(rows: list[dict[str, Any]], termination: str, key: str, energy: float) -> float:
    """A column at a transition energy, NaN outside of the computed range."""
    x, y = (column(rows, termination, one) for one in ("E_gap_eV", key))
    return float(np.interp(energy, x, y, left=np.nan, right=np.nan))


def g_table() -> str:
    """g of the nanocrystals at some transition energies."""
    curves = {name: stored(name) for name in LOOKS}
    rows = []
    for quantity in ("g_h", "g_e", "g_bx"):
        for termination in COLORS:
            for name, found in curves.items():
                cells = []
                for energy in ENERGIES:
                    value = value_at(found, termination, quantity, energy)
                    error = value_at(found, termination, f"{quantity}_stderr_at_E", energy)
                    shown = "–" if np.isnan(value) else f"{value:+.2f}"
                    cells.append(shown if np.isnan(error) else f"{shown} ± {error:.2f}")
                rows.append([quantity, termination, f"`{name}`", *cells])
    return table(["", "termination", "set", *(f"{energy} eV" for energy in ENERGIES)], rows)


def picture_of_g(path: Path) -> None:
    """g_h, g_e and g_BX against transition energy for first and second neighbors, with the measured points."""
    from matplotlib.figure import Figure

    measured = load_measured("meliakov2025")
    with style():
        figure = Figure(figsize=(7.0, 3.4), layout="constrained")
        axes = figure.subplots(1, 3)
        for panel, quantity in zip(axes, ("g_h", "g_e", "g_bx"), strict=True):
            for name, dash in LOOKS.items():
                rows = stored(name)
                for end, color in COLORS.items():
                    x, y = column(rows, end, "E_gap_eV"), column(rows, end, quantity)
                    error = column(rows, end, f"{quantity}_stderr_at_E")
                    panel.plot(x, y, dash, color=color, label=f"{name}, {end}")
                    panel.fill_between(x, y - error, y + error, color=color, alpha=0.25, linewidth=0)
            for signed, face in ((True, "k"), (False, "w")):
                names = (quantity,) if signed else (f"abs_{quantity}",)
                own = [p for p in measured if p.quantity in names and p.energy_eV and p.kind == "point"]
                points = [(p.energy_eV, p.value) for p in own]
                label = "measured" if signed else "measured, magnitude"
                if points:
                    panel.plot(*zip(*points, strict=True), "o", color="k", mfc=face, ms=4, label=label, zorder=6)
            flat = [(p.energy_eV, p.value) for p in measured if p.quantity == quantity and p.kind == "energy-range"]
            if flat:
                panel.plot(*zip(*flat, strict=True), ":", color="k")
                panel.annotate("stated: about 2.2, flat", (1.95, 2.22), fontsize=6)
            panel.set_xlabel("Transition energy (eV)")
            panel.set_ylabel(SYMBOLS[quantity])
            panel.set_xlim(1.65, 2.4)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=7)
        figure.savefig(path)


def picture_of_bands(path: Path) -> None:
    """Bands along the path over the reference, and the errors by group."""
    from matplotlib.figure import Figure

    reference = load_reference("cspbi3_cubic_mbj_soc")
    section = reference.sections["path"]
    energies = shifted(reference, section.energies)
    distance = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(section.k, axis=0), axis=1))])
    corners = {"Γ": 0, "X": 26, "M": 52, "R": 78, " Γ": len(distance) - 1}
    corners = {name: _corner(section.k, name, place) for name, place in corners.items()}
    groups = ("upper valence, mesh", "two conduction bands within 0.15 of R", "lower halide valence, mesh")
    with style():
        figure = Figure(figsize=(7.0, 3.4), layout="constrained")
        *panels, bars = figure.subplots(1, 3, width_ratios=(1, 1, 0.8))
        for panel, name in zip(panels, LOOKS, strict=True):
            panel.plot(distance, energies[:, :11], color=FAINT, linewidth=2.2)
            panel.plot(distance, doublets(load_set(name), section.k)[:, :11], color=BLUE, linewidth=0.8)
            panel.set_title(f"{name} (lines) over mBJ (gray)", fontsize=8)
            panel.set_xticks([distance[i] for i in corners.values()], list(corners))
            panel.set_xlim(distance[0], distance[-1])
            panel.set_ylim(-4.6, 5.5)
        panels[0].set_ylabel("Energy from the valence-band top at R (eV)")
        for number, (name, color) in enumerate(zip(IODIDES, (ORANGE, BLUE, SKY), strict=True)):
            found = errors_of(load_set(name))
            bars.bar(np.arange(3) + 0.27 * (number - 1), [found[g] for g in groups], 0.26, color=color, label=name)
        bars.set_xticks(range(3), ["upper\nvalence", "conduction\nnear R", "lower\nhalide"])
        bars.set_ylabel("rms error (meV)")
        bars.set_ylim(0, 100)
        bars.legend(fontsize=7, loc="upper left")
        figure.savefig(path)


def _corner(k: NDArray[np.float64], name: str, near: int) -> int:
    """The position of a corner of the path."""
    points = {"Γ": (0, 0, 0), "X": (0.5, 0, 0), "M": (0.5, 0.5, 0), "R": (0.5, 0.5, 0.5)}
    found = np.flatnonzero(np.linalg.norm(k - np.array(points[name.strip()]), axis=1) < 1e-6)
    return int(found[np.argmin(np.abs(found - near))])


def picture_of_profile(path: Path) -> None:
    """Errors of the bands against the bulk g_h that is imposed."""
    from matplotlib.figure import Figure

    rows = stored("profile_g_h")
    with style():
        figure = Figure(figsize=(7.0, 2.8), layout="constrained")
        for panel, group in zip(figure.subplots(1, 2), ("halide valence, mesh", "upper valence, mesh"), strict=True):
            for name, dash in LOOKS.items():
                own = sorted((row for row in rows if row["set"] == name), key=lambda row: row["g_h"])
                x, y = ([row[key] for row in own] for key in ("g_h", f"rms {group} (meV)"))
                panel.plot(x, y, dash, marker="o", ms=3, color=INK, label=name)
            panel.axvspan(-0.90, -0.62, color=GREEN, alpha=0.25, linewidth=0, label="first principles, scissor")
            panel.set_xlabel(r"Bulk $g_{\mathrm{h}}$ imposed")
            panel.set_ylabel(f"rms error, {group.split(',')[0]} (meV)")
            panel.set_ylim(bottom=0)
            panel.legend(fontsize=7)
        figure.savefig(path)


def profile_table() -> str:
    """The profile as numbers."""
    rows = []
    for row in stored("profile_g_h"):
        numbers = [row[f"rms {group} (meV)"] for group in ("halide valence, mesh", "upper valence, mesh")]
        edges = [row[key] for key in ("g_e", "m_h", "m_e", "E_p_R6", "E_p_R8")]
        mark = " (best)" if row["best"] == "True" else ""
        name = f"`{row['set']}`{mark}"
        rows.append([name, f"{row['g_h']:+.2f}", *(f"{x:.0f}" for x in numbers), *(f"{x:.3g}" for x in edges)])
    head = ["set", "g_h", "halide valence (meV)", "upper valence (meV)", "g_e", "m_h", "m_e"]
    return table([*head, "E_p R6− (eV)", "E_p R8− (eV)"], rows)


def held_table() -> str:
    """What it costs to hold parameters of `bandg-nnn` near physical values, from docs/_scripts/held_fits.py."""
    groups = ("halide valence, mesh", "upper valence, mesh", "second conduction near M", "lead s")
    rows = []
    for row in stored("held_nnn"):
        g = [f"{row[f'{q} {end} 1.911 eV']:+.2f}" for q in ("g_h", "g_e") for end in COLORS]
        errors = [f"{row[f'rms {group} (meV)']:.0f}" for group in groups]
        bulk_g = f"{row['g_h']:+.2f}, {row['g_e']:+.2f}"
        rows.append([row["held"], f"{row['lambda_Pb_eV']:.2f}", *errors, bulk_g, ", ".join(g[:2]), ", ".join(g[2:])])
    head = ["held", "λ of Pb (eV)", "halide valence (meV)", "upper valence", "R8− near M", "Pb 6s", "bulk g_h, g_e"]
    return table([*head, "g_h at 1.911 eV, `halide`, `lead`", "g_e there"], rows)


def picture_of_bromide(path: Path) -> None:
    """g of CsPbBr3 cubes beside published values and ranges."""
    from matplotlib.figure import Figure

    rows = stored("bandg-cspbbr3")
    bulk_ranges = {"g_e": (1.69, 2.06), "g_h": (0.65, 0.85)}
    colloids = {"g_e": 1.73, "g_h": 0.83}
    with style():
        figure = Figure(figsize=(7.0, 2.9), layout="constrained")
        for panel, quantity in zip(figure.subplots(1, 2), ("g_h", "g_e"), strict=True):
            for end, color in COLORS.items():
                panel.plot(column(rows, end, "E_gap_eV"), column(rows, end, quantity), color=color, label=f"ETB, {end}")
            panel.plot([2.352] * 2, bulk_ranges[quantity], "-|", color="k", label="bulk, Kirstein et al. 2022")
            panel.axhline(
                colloids[quantity],
                color="k",
                ls=":",
                lw=0.9,
                label="colloidal NCs, energy not stated, Nano Lett. 21, 8481",
            )
            if quantity == "g_h":
                panel.axhspan(0.8, 1.5, color=GREEN, alpha=0.2, lw=0, label="NCs in glass, arXiv:2409.01065")
            panel.set_xlabel("Transition energy (eV)")
            panel.set_ylabel(SYMBOLS[quantity])
        panel = figure.axes[0]
        figure.legend(*panel.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=7)
        figure.savefig(path)


def bromide_table() -> str:
    """The six published numbers of CsPbBr3 and CsPbCl3, ours beside them."""
    rows = []
    for name in ("bandg-cspbbr3", "bandg-cspbcl3"):
        edges, published = bulk_of(name), load_set(name).published
        ours = (edges.E_g, edges.Delta, edges.conduction.mass, edges.valence.mass)
        ours = (*ours, edges.conduction.g(), edges.valence.g())
        pairs = zip(ours, published.values(), strict=True)
        rows.append([f"`{name}`", *(f"{value:.3f} [{one.value:g}]" for value, one in pairs)])
    return table(["", "E_g (eV)", "Δ (eV)", "m_e", "m_h", "g_e", "g_h"], rows)


def write(folder: Path) -> None:
    """Write all pictures and tables into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (
        ("nnn_bulk", bulk_table()),
        ("nnn_errors", errors_table()),
        ("nnn_g", g_table()),
        ("nnn_profile", profile_table()),
        ("nnn_held", held_table()),
        ("nnn_bromide", bromide_table()),
    ):
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    picture_of_bands(folder / "nnn_bands.png")
    picture_of_g(folder / "nnn_g.png")
    picture_of_profile(folder / "nnn_profile.png")
    picture_of_bromide(folder / "nnn_bromide.png")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
