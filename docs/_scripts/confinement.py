"""Laws, envelope and tight binding side by side: the figure and the tables of the k.p page.

python docs/_scripts/confinement.py FOLDER
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from validation import table

from bandg.analysis.curves import load_stored
from bandg.data.measured import load_measured
from bandg.models.kp import laws
from bandg.models.kp.sets import of_etb
from bandg.parameters.loader import load_set
from bandg.plot.palette import BLUE, FAINT, GREEN, INK, PINK, SKY, VERMILLION, VIOLET
from bandg.plot.style import style

SET = "nestoklon2023-standin"
CELLS = np.array([4, 5, 6, 8, 10, 13, 16, 20, 24])
STORED = {
    "envelope, hard walls": "kp:hard-wall",
    "envelope, 3 eV glass": "kp:glass",
    "ETB, halide": "etb:halide",
    "ETB, lead": "etb:lead",
}
"""Curves that are stored, since large cubes take minutes."""

LOOKS = {
    "bulk law": (FAINT, ":"),
    "effective gap": (SKY, "-."),
    "Kane": (GREEN, "-."),
    "fourth order": (PINK, "-."),
    "envelope, hard walls": (INK, "-"),
    "envelope, 3 eV glass": (VIOLET, "-"),
    "ETB, halide": (BLUE, "-"),
    "ETB, lead": (VERMILLION, "-"),
}
LABELS = {"g_e": r"$g_{\mathrm{e}}$", "g_h": r"$g_{\mathrm{h}}$"}


@dataclass
class Curve:
    """g against energy (eV) and size (nm), each shape (n,)."""

    size: np.ndarray
    energy: np.ndarray
    g: dict[str, np.ndarray]

    def at(self, quantity: str, energy: float) -> float:
        """Value at an energy, NaN outside the computed range."""
        order = np.argsort(self.energy)
        return float(np.interp(energy, self.energy[order], self.g[quantity][order], left=np.nan, right=np.nan))

    def coefficient(self, quantity: str, bulk: float) -> float:
        """c2 in nm^2 of g = bulk + c2 / L^2 + c3 / L^3 + c4 / L^4, from the larger half of the sizes."""
        large = self.size > 6
        powers = 1 / self.size[large, None] ** np.array([2.0, 3.0, 4.0])
        return float(np.linalg.lstsq(powers, self.g[quantity][large] - bulk)[0][0])


def of_stored(name: str, largest_nm: float) -> Curve:
    """A stored curve up to a size, without its bulk limit."""
    found = load_stored(name)
    own = found.size_nm <= largest_nm
    return Curve(found.size_nm[own], found.energy[own], {name: found.values[name][own] for name in ("g_e", "g_h")})


def curves() -> tuple[dict[str, Curve], dict[str, float]]:
    """Every curve by name, and the bulk values."""
    etb = load_set(SET)
    kp = of_etb(etb)
    sizes = CELLS * etb.a_nm
    bulk = {"E": kp.values["E_g"], "g_e": laws.evaluate("c", kp.values), "g_h": laws.evaluate("v", kp.values)}
    gaps = np.linspace(bulk["E"], 2.3, 30)
    by_gap = {
        name: np.array([laws.evaluate(edge, kp.values | {"E_g": float(gap)}) for gap in gaps])
        for name, edge in (("g_e", "c"), ("g_h", "v"))
    }
    found = {"bulk law": Curve(np.full(len(gaps), np.nan), gaps, by_gap)}
    for name, law in (("effective gap", "effective-gap"), ("Kane", "kane"), ("fourth order", "fourth-order")):
        r = laws.confined(law, kp.values, "cube", sizes)
        found[name] = Curve(sizes, r["E_e_eV"] - r["E_h_eV"], {"g_e": r["g_e"], "g_h": r["g_h"]})
    return found | {name: of_stored(curve, sizes[-1] + 1e-3) for name, curve in STORED.items()}, bulk


def picture(found: dict[str, Curve], bulk: dict[str, float], path: Path) -> None:
    """g against transition energy and against 1 / size."""
    from matplotlib.figure import Figure

    measured = load_measured("meliakov2025")
    with style():
        figure = Figure(figsize=(7.0, 6.2), layout="constrained")
        axes = figure.subplots(2, 2, sharey="row")
        for row, quantity in enumerate(("g_h", "g_e")):
            for name, curve in found.items():
                color, dash = LOOKS[name]
                look = {"color": color, "linestyle": dash, "linewidth": 1.4 if dash == "-" else 1.1}
                axes[row, 0].plot(curve.energy, curve.g[quantity], label=name, **look)
                if np.isfinite(curve.size).all():
                    axes[row, 1].plot(1 / curve.size, curve.g[quantity], **look)
            axes[row, 0].plot([bulk["E"]], [bulk[quantity]], "k*", markersize=8, label="bulk crystal", zorder=5)
            axes[row, 1].plot([0], [bulk[quantity]], "k*", markersize=8, clip_on=False, zorder=5)
            points = [(p.energy_eV, p.value) for p in measured if p.quantity == quantity and p.energy_eV is not None]
            axes[row, 0].plot(
                *zip(*points, strict=True),
                "o",
                color="k",
                markersize=4.5,
                label="measured, with the exciton binding",
                zorder=6,
            )
            axes[row, 0].set_ylabel(LABELS[quantity])
        axes[0, 0].set_xlim(1.63, 2.3)
        axes[1, 0].set_xlim(1.63, 2.3)
        axes[0, 0].set_ylim(-0.6, 2.0)
        axes[1, 0].set_ylim(-0.2, 3.4)
        axes[1, 0].set_xlabel("Transition energy (eV), no exciton binding")
        axes[0, 1].set_xlim(left=-0.005)
        axes[1, 1].set_xlim(left=-0.005)
        axes[1, 1].set_xlabel("1 / size (1/nm)")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=7)
        figure.savefig(path)


def tables(found: dict[str, Curve], bulk: dict[str, float]) -> str:
    """g at three energies, and the leading coefficient of the approach to the bulk."""
    rows = []
    for name, curve in found.items():
        numbers = [curve.at(q, e) for q in ("g_h", "g_e") for e in (1.75, 1.911, 2.1)]
        cells = ["–" if np.isnan(x) else f"{x:+.2f}" for x in numbers]
        sized = np.isfinite(curve.size).all()
        cells += [f"{curve.coefficient(q, bulk[q]):+.0f}" if sized else "–" for q in ("g_h", "g_e")]
        rows.append([name, *cells])
    head = ["", *(f"{q} at {e} eV" for q in ("g_h", "g_e") for e in (1.75, 1.911, 2.1))]
    return table([*head, "c₂ of g_h (nm²)", "c₂ of g_e (nm²)"], rows)


def write(folder: Path) -> None:
    """Compute everything and write the picture and the table."""
    folder.mkdir(parents=True, exist_ok=True)
    found, bulk = curves()
    picture(found, bulk, folder / "confinement.png")
    (folder / "confinement.md").write_text(tables(found, bulk), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
