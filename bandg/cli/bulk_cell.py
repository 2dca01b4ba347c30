"""Tables of `bandg bulk` for a periodic cell: edges, tensors, and unfolded weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bandg.cli.tables import Column, show

if TYPE_CHECKING:
    from bandg.models.etb.cell import CellBulk

_NEAR_EV = 1.0
"""Levels up to this far from the band edges are listed, but no more than `_MOST` on each side."""

_MOST = 4


def crystal_words(crystal: dict[str, Any]) -> str:
    """The crystal that is computed, by the arguments of `bandg.bulk`; empty for the cubic one."""
    parts = []
    if "structure" in crystal:
        species = f", species {crystal['species']}" if "species" in crystal else ""
        parts.append(f"structure {crystal['structure']}{species}")
    if "strain" in crystal:
        parts.append(f"strain {crystal['strain']}")
    if "tilt" in crystal:
        angles = f" by {crystal['angles']} degrees, {crystal['keep']} kept" if "angles" in crystal else ""
        parts.append(f"tilt {crystal['tilt']}{angles}")
    if "second" in crystal:
        parts.append(f"{crystal['fraction']:.4g} of X of {crystal['second']}, offset {crystal['offset_eV']:g} eV")
    return "; ".join(parts)


def print_cell(name: str, result: CellBulk, intra_atomic: bool, crystal: dict[str, Any]) -> None:
    """Print the bulk of a periodic cell; crystal as `crystal_words` takes it."""
    cell = result.hamiltonian.cell
    title = f"{name}, bulk of a cell of {cell.formulas}\n{crystal_words(crystal)}"
    if angles := cell.turns(2):
        title += f"\noctahedra turned about the cubic axes by {angles} degrees"
    g_e, g_h = result.g_factors(intra_atomic)
    rows = [
        ("gap", "eV", result.E_g),
        ("valence-band top, set's zero", "eV", result.valence.energy),
        ("electron mass", "m0", result.conduction.mass),
        ("hole mass", "m0", result.valence.mass),
        ("electron g, Tr(g)/3", "", g_e),
        ("hole g, Tr(g)/3 (valence doublet)", "", g_h),
    ]
    show(title, ("quantity", "", Column("bandg", ".4f")), rows)
    _print_tensors(result, intra_atomic)
    _print_unfolded(result)


def _print_tensors(result: CellBulk, intra_atomic: bool) -> None:
    rows: list[tuple[object, ...]] = []
    for carrier, edge in (("electron", result.conduction), ("hole", result.valence)):
        tensor = edge.g_with_atomic if intra_atomic else edge.g
        for quantity, values, axes in (
            ("mass (m0)", *edge.principal_masses),
            ("g", tensor.principal, tensor.axes),
        ):
            for value, axis in zip(values, axes, strict=True):
                rows.append((carrier, quantity, value, " ".join(f"{x:+.3f}" for x in axis + 0.0)))
    sums = zip(result.momentum_sums, np.eye(3), strict=True)
    rows += [("both", "2 p^2/m0 (eV)", value, " ".join(f"{x:+.3f}" for x in axis)) for value, axis in sums]
    caption = "p^2: sum over both states of one edge of its momentum with the other, by direction"
    show("principal values", ("carrier", "", Column("value", ".4f"), "axis (x y z)"), rows, caption)


def _print_unfolded(result: CellBulk) -> None:
    from bandg.models.etb.cell import point_name

    points = result.hamiltonian.cell.edge_points
    names = [point_name(q) or "({:.3g} {:.3g} {:.3g})".format(*q / 2) for q in points]
    shown = list(dict.fromkeys(names))[:8]
    top = next(n for n, level in enumerate(result.levels) if level.energy > result.valence.energy + 1e-9)
    near = [
        n
        for n in range(max(0, top - _MOST), min(len(result.levels), top + _MOST))
        if -_NEAR_EV <= result.levels[n].energy - result.valence.energy <= result.E_g + _NEAR_EV
    ]
    rows = []
    for n in near[::-1]:
        level, weights = result.levels[n], result.unfolded_weights[n]
        of_names = (sum(w for w, own in zip(weights, names, strict=True) if own == name) for name in shown)
        rows.append((level.energy - result.valence.energy, level.degeneracy, *of_names))
    counts = [f"{name} ({names.count(name)})" if names.count(name) > 1 else name for name in shown]
    show(
        "unfolded spectral weights of the levels near the gap",
        (Column("E (eV)", ".4f"), Column("states", "d"), *(Column(name, ".3f") for name in counts)),
        rows,
        "weights on the k points of the cubic crystal that fold where its band edges do; E from the valence-band top",
    )
