"""Matches of synthetic samples, stored, and of the paper's samples: tables and a picture of docs/match.md.

python docs/_scripts/synthetic.py --compute   matches 200 synthetic samples anew: some minutes of one processor
python docs/_scripts/synthetic.py FOLDER      writes the tables and the picture
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from second_neighbors import stored
from validation import table

import bandg
from bandg.analysis.emulators.stored import load_emulator, stored_names
from bandg.analysis.match.request import Pool
from bandg.analysis.match.result import Fit, Match
from bandg.analysis.match.synthetic import ERRORS, trials
from bandg.base.tables import write_csv
from bandg.plot.match import plot_match
from bandg.plot.output import save

STORED = Path(__file__).parents[2] / "theory_curves" / "computed" / "synthetic.csv"
COUNT = 200
INTERVALS = ("size_nm", "occupancy", "potential", "xx", "bulk_g_h", "bromide", "tilt", "inverse_eps")
COMMENTS = (
    "Synthetic samples: nanocrystals drawn from the prior of all emulators, with errors, matched by bandg match.",
    f"Errors of energy (eV), g_e and g_h: {', '.join(map(str, ERRORS))}, and those of emulator and bulk.",
    "in_...: 1 where the 68 % set or interval has the truth. Made by: python docs/_scripts/stored.py synthetic",
)
MATCHED = ("1.911+-0.01eV", "1.41+-0.05", "0.91+-0.05")
"""Energy, g_e and g_h of the example of the page."""


def compute() -> None:
    """Match the synthetic samples and store what was found."""
    emulators = [load_emulator(*name) for name in stored_names()]
    rows: list[dict[str, Any]] = []
    for number, one in enumerate(trials(emulators, COUNT, Pool(emulators))):
        own = {name: f"{value:.4g}" if isinstance(value, float) else value for name, value in asdict(one).items()}
        inside = own.pop("in_interval")
        flags = {name: int(value) if isinstance(value, bool) else value for name, value in own.items()}
        rows.append({"sample": number + 1} | flags | {f"in_{name}": _flag(inside, name) for name in INTERVALS})
    write_csv(STORED, rows, tuple(rows[0]), COMMENTS)


def _flag(inside: dict[str, bool], name: str) -> int | str:
    return int(inside[name]) if name in inside else ""


def share(name: str) -> tuple[float, int]:
    """Share of the synthetic samples for which a column is 1, and number of those that have it."""
    found = np.array([row[name] for row in stored("synthetic")], dtype=float)
    known = found[np.isfinite(found)]
    return float(known.mean()), len(known)


def synthetic_table() -> str:
    """How often the 68 % sets have the truth."""
    texts = {
        "in_set": "68 % set: candidate and size",
        "in_all": "68 % set of all unknowns together",
    }
    texts |= {f"in_{name}": f"68 % interval of `{name}`" for name in INTERVALS}
    texts |= {"best": "the true candidate is the most probable", "none": "none of these, although one is true"}
    rows = []
    for name, text in texts.items():
        found, count = share(name) if any(row[name] == row[name] for row in stored("synthetic")) else (np.nan, 0)
        if count:
            rows.append([text, f"{found:.1%}", str(count)])
    names = sorted({row["name"] for row in stored("synthetic")})
    mean = np.mean([row["probability"] for row in stored("synthetic")])
    rows.append(["mean posterior probability of the true candidate", f"{mean:.2f}", str(COUNT)])
    listed = "; ".join(f"`{name}`" for name in names)
    return f"{table(['', 'share', 'samples'], rows)}\nCandidates: {listed}.\n"


def paper_table() -> str:
    """The samples of the paper: the candidates that fit, or what does not."""
    rows = [cells for one in bandg.match(data="meliakov2025").samples for cells in _cells(one)]
    return table(["sample", "candidate", "probability", "p", "size (nm)", "surface", "1/eps"], rows)


def _cells(found: Match) -> Iterator[list[str]]:
    sample = ", ".join(f"{one.quantity.removesuffix('_eV')} {one.value:g}" for one in found.sample.data)
    if not found.found:
        best = min(found.fits, key=lambda one: one.chi2)
        rests = ", ".join(f"{rest:+.1f}" for rest in best.residuals)
        yield [
            sample,
            f"none of these; best `{best.name}`, off by {rests} errors",
            "",
            f"{best.p_value:.1g}",
            "",
            "",
            "",
        ]
        return
    for one in found.fits:
        if one.probability > 0.01:
            words = [f"`{one.name}`", f"{one.probability:.2f}", f"{one.p_value:.2f}"]
            yield [sample, *words, *(_interval(one, name) for name in ("size_nm", "occupancy", "inverse_eps"))]


def _interval(one: Fit, name: str) -> str:
    own = one.unknowns.get(name)
    return "" if own is None else f"{own.median:.2f} ({own.low:.2f} to {own.high:.2f})"


def write(folder: Path) -> None:
    """Write the tables and the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "match-synthetic.md").write_text(synthetic_table(), encoding="utf-8")
    (folder / "match-paper.md").write_text(paper_table(), encoding="utf-8")
    save(plot_match(bandg.match(*MATCHED)), folder / "match.png")


if __name__ == "__main__":
    if sys.argv[1] == "--compute":
        compute()
    else:
        write(Path(sys.argv[1]))
