"""Spread of g_e and g_h of each kind of scatter, at one transition energy: a table as CSV.

    python docs/_scripts/spreads.py SET SIZE ENERGY_EV FILE.csv

All ensembles are `bandg.spin.simulate` with a laser of 1 meV and axes at random.
"""

import sys
from pathlib import Path

import bandg
from bandg.base.tables import write_csv
from bandg.spin import simulate

CASES = {
    "laser width 1 meV": {},
    "laser width 20 meV": {"width_eV": 0.02},
    "edges +-15 %": {"scatter": {"edges": "1+-0.15"}},
    "aspect ratio 1+-0.2": {"scatter": {"aspect": "1+-0.2"}},
    "halide occupancy 0.8..1": {"scatter": {"occupancy": "0.8..1"}},
    "halide occupancy 0..0.2": {"scatter": {"occupancy": "0..0.2"}},
    "halide and lead planes, half each": {"termination": ["halide", "lead"]},
    "surface shifts of slabs, factor 1+-0.5": {"surface": "slabs", "scatter": {"surface_scale": "1+-0.5"}},
    "tilt 8, 12 degrees, no scatter": {"tilt": "a-b+a-", "angles": "8,12"},
    "tilt 8, 12 degrees, each +-1": {
        "tilt": "a-b+a-",
        "angles": "8,12",
        "scatter": {"angle_1": "8+-1", "angle_2": "12+-1"},
    },
    "3 % of surface Pb missing, 4 arrangements": {"pb_vacancies": 0.03, "seeds": 4},
}


def main(name: str, size: str, energy_eV: str, path: Path) -> None:
    """Compute all cases; one that has no nanocrystal at the energy is said and left out."""
    rows = []
    for what, asked in CASES.items():
        try:
            found = simulate(size, set=name, energy_eV=float(energy_eV), run=bandg.Run(workers=1), **asked)
        except bandg.BandgError as error:
            print(f"{what}: {error}")
            continue
        row = {"scatter": what}
        for carrier, short in (("electron", "e"), ("hole", "h")):
            mean, deviation, half_width = found.spread(carrier)
            row |= {f"g_{short}": f"{mean:.4f}", f"dg_{short}": f"{deviation:.4f}"}
            row |= {f"half_width_{short}": f"{half_width:.4f}"}
        row |= {"outside": f"{found.outside:.3f}", "effective": f"{found.effective:.0f}"}
        print(row, flush=True)
        rows.append(row)
        write_csv(path, rows, comments=(f"set = {name}", f"size = {size}", f"energy = {energy_eV} eV"))


if __name__ == "__main__":
    main(*sys.argv[1:4], Path(sys.argv[4]))
