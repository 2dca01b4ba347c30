"""The explorer as a page that stands beside the others as it is, and tables of its sliders and emulators."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from validation import table

from bandg.analysis.emulators.emulator import Emulator, Knob
from bandg.analysis.emulators.errors import off
from bandg.analysis.emulators.stored import load_emulator, stored_names
from bandg.explore.page import COMMON, OPTIONS, explore

NEAR = 0.7
"""Least occupancy of a surface that counts as near CsX."""


def write(folder: Path) -> None:
    """Write pages/explorer.html, explore_sliders.md and explore_emulators.md into the folder."""
    (folder / "pages").mkdir(parents=True, exist_ok=True)
    (folder / "pages" / "explorer.html").write_text(explore(), encoding="utf-8")
    found = [load_emulator(*name) for name in stored_names()]
    (folder / "explore_sliders.md").write_text(sliders(found), encoding="utf-8")
    (folder / "explore_emulators.md").write_text(emulators(found), encoding="utf-8")


def sliders(found: list[Emulator]) -> str:
    """Each slider with its ranges, the emulators that have it, and its option of `bandg compute`."""
    rows: dict[str, tuple[Knob, dict[str, list[str]]]] = {}
    for one in found:
        for knob in one.knobs:
            unit = f" {knob.unit}" if knob.unit else ""
            span = f"{knob.low:.3g} to {knob.high:.3g}{unit}, {knob.default:.3g}"
            rows.setdefault(knob.name, (knob, {}))[1].setdefault(span, []).append(f"{one.set} {one.shape}")
    text = []
    for name, (knob, spans) in rows.items():
        ranges = "; ".join(span if len(spans) == 1 else f"{span} ({', '.join(of)})" for span, of in spans.items())
        having = [of for many in spans.values() for of in many]
        where = "all" if len(having) == len(found) else ", ".join(having)
        text.append([f"`{name}`", knob.label, ranges, where, _option(name)])
    highest = max(one.exciton.inverse_eps_high for one in found)
    for common in COMMON:
        span = f"0 to {common.get('high', highest):.3g}, 0"
        text.append([f"`{common['name']}`", str(common["label"]), span, "all", ""])
    return table(["slider", "changes", "range, default", "emulators", "option of `bandg compute`"], text)


def _option(name: str) -> str:
    how = OPTIONS.get(name, "")
    return (
        f"`{how}`"
        if isinstance(how, str) and how
        else "; ".join(f"`{one}` at {at}" for at, one in dict(how or {}).items())
    )


def emulators(found: list[Emulator]) -> str:
    """Each emulator with its sizes, the number of computed nanocrystals, and its errors at those left out."""
    rows = []
    for one in found:
        error, near, count = errors(one)
        largest = one.computed_cells or one.sizes_cells[-1]
        cells = ", ".join(str(n) for n in one.sizes_cells if n <= largest)
        beyond = ", ".join(str(n) for n in one.sizes_cells if n > largest)
        cell = [f"{np.sqrt(np.mean(e**2)):.3f}, {np.abs(e).max():.3f}" for e in (*error, near)]
        rows.append([f"`{one.set}`", one.shape, cells, beyond, one.made_by["computed"], str(count), *cell])
    head = ["set", "shape", "computed sizes (cells)", "beyond", "nanocrystals", "left out"]
    names = ("E_e − E_h (eV)", "g_e", "g_h", f"g_h, occupancy ≥ {NEAR:g}")
    return table([*head, *(f"{name}: rms, largest" for name in names)], rows)


def errors(emulator: Emulator) -> tuple[list[np.ndarray], np.ndarray, int]:
    """Errors (n,) of the gap, g_e and g_h, those of g_h near CsX, and n: left-out ones where the emulator holds."""
    place = [one.name for one in emulator.knobs].index("occupancy")
    held = [one for one in emulator.checks if emulator.holds(one.values)]
    every = np.concatenate([off(emulator, one) for one in held], axis=1)
    near = np.concatenate([off(emulator, one) for one in held if one.values[place] >= NEAR], axis=1)
    return [every[0] - every[1], every[2], every[3]], near[3], every.shape[1]
