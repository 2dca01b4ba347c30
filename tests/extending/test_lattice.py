"""The door for lattices, used as a stranger would: one file with a lattice, and a parameter file that names it.

Two s-like orbitals on a simple cubic lattice that do not couple: every level of a cube has a closed form, its state is
a product of standing waves sin(pi n i / (N + 1)) along the axes, and g is that of the free electron.
"""

from __future__ import annotations

import itertools
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bandg
from bandg import bulk
from bandg.base.units import G0, HBAR2_OVER_M0
from bandg.crystal.atoms import Atoms
from bandg.crystal.lattice import BandEdges, Lattice, Shell, Species, Termination, lattice_named, register
from bandg.crystal.shapes import cube
from bandg.models.etb.job import Job
from bandg.parameters.loader import load_set
from bandg.runs.options import Run
from bandg.runs.sweep import run_jobs

ALONE = Run(workers=1, cache=False)
A_NM = 0.5
E_S, E_STAR = -1.0, 2.0


def simple_cubic(point: str) -> Lattice:
    """One atom in the cell, with hopping along the edges; the band edges are s-like, at Gamma or R."""
    return register(
        Lattice(
            name=f"simple-cubic-{point}",
            species=(Species("A", (0, 0, 0)),),
            shells=(Shell("A", "A", (2, 0, 0)),),
            terminations=(Termination("bare"),),
            edges=BandEdges(point, "6+", "6+", filled=(("A", "s"),)),
            centers=("A", "edge", "face", "middle"),
        )
    )


@pytest.fixture(scope="module", params=["Gamma", "R"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, float, float, Path]:
    """Point of the band edges, the hoppings of both bands, and the parameter file."""
    point = request.param
    valence, conduction = (0.05, -0.08) if point == "Gamma" else (-0.05, 0.08)  # top and bottom at that point
    file = tmp_path_factory.mktemp(point) / "mine.toml"
    file.write_text(f"""
schema = 1
name = "two-s"
material = "A"
[defaults]
unit = "eV"
source = "a test"
status = "assumed"
[lattice]
name = "{simple_cubic(point).name}"
a = {{ value = {A_NM}, unit = "nm" }}
[onsite.A]
s = {E_S}
"s*" = {E_STAR}
[hopping.A-A]
"s-s" = {valence}
"s-s*" = 0
"s*-s*" = {conduction}
""")
    return point, valence, conduction, file


def levels_of_box(energy: float, hoppings: tuple[float, ...], cells: tuple[int, ...]) -> list[float]:
    """E + sum over the axes of 2 V cos(pi n / (N + 1)), ascending, each Kramers doublet once."""
    waves = [2 * v * np.cos(np.pi * np.arange(1, n + 1) / (n + 1)) for v, n in zip(hoppings, cells, strict=True)]
    return sorted(energy + sum(three) for three in itertools.product(*waves))


@pytest.mark.parametrize(
    ("size", "words", "cells", "z_factor"),
    [
        ("4cells", {}, (4, 4, 4), 1.0),  # about the middle of a cell
        ("5cells", {}, (5, 5, 5), 1.0),  # about an atom
        ("2x3x4cells", {"shape": "cuboid"}, (2, 3, 4), 1.0),
        ("3cells", {"strain": "zz=0.02"}, (3, 3, 3), 1.02**-2),  # Harrison's law along z
    ],
)
def test_levels_have_their_closed_form(
    case: tuple[str, float, float, Path], size: str, words: dict[str, str], cells: tuple[int, ...], z_factor: float
) -> None:
    _, valence, conduction, file = case
    wanted = 8
    found = bandg.compute(size, set=file, levels=wanted, run=ALONE, **words).isel(nc=0)
    for carrier, letter, onsite, hopping in (("electron", "e", E_STAR, conduction), ("hole", "h", E_S, valence)):
        exact = levels_of_box(onsite, (hopping, hopping, hopping * z_factor), cells)
        exact = exact if carrier == "electron" else exact[::-1]
        one = found.sel(carrier=carrier)
        doublets = np.repeat(one["level_E_eV"].values, one["level_degeneracy"].values.astype(int) // 2)
        assert len(doublets) >= wanted
        np.testing.assert_allclose(doublets, exact[: len(doublets)], rtol=0, atol=1e-9)
        assert float(found[f"E_{letter}_eV"]) == pytest.approx(exact[0], abs=1e-9)
        assert float(found[f"g_{letter}"]) == pytest.approx(G0, abs=1e-9)  # an s orbital without neighbors in energy
        assert float(one["level_overlap"][0]) == pytest.approx(1, abs=1e-6)  # Bloch function x envelope is exact here
        inner = [1 - 4 / (n + 1) * np.sin(np.pi / (n + 1)) ** 2 for n in cells]  # not on one of two faces
        assert float(one["surface_weight"]) == pytest.approx(1 - np.prod(inner), abs=1e-9)


def test_irreps_about_both_centers(case: tuple[str, float, float, Path]) -> None:
    """About the middle of the cell the Bloch factor at R turns like A2u, at Gamma it is 1."""
    point, *_, file = case
    odd, even = (bandg.compute(size, set=file, run=ALONE)["irrep"].values.ravel() for size in ("3cells", "2cells"))
    assert set(odd) == {"6+"}
    assert set(even) == ({"6+"} if point == "Gamma" else {"7-"})


def test_bulk(case: tuple[str, float, float, Path]) -> None:
    point, valence, conduction, file = case
    found = bulk(set=file)
    rng = np.random.default_rng(1)
    for k in rng.uniform(-1, 1, (5, 3)) * np.pi / A_NM:
        exact = [e + 2 * v * np.cos(k * A_NM).sum() for e, v in ((E_S, valence), (E_STAR, conduction))]
        np.testing.assert_allclose(np.linalg.eigvalsh(found.hamiltonian.H(k)), np.repeat(sorted(exact), 2), atol=1e-12)
    assert found.E_g == pytest.approx(E_STAR - E_S - 6 * (abs(valence) + abs(conduction)))
    for edge, hopping in ((found.valence, valence), (found.conduction, conduction)):
        assert edge.mass == pytest.approx(HBAR2_OVER_M0 / (2 * abs(hopping) * A_NM**2))
        assert edge.irrep == f"{point}6+"
    assert found.g_factors() == pytest.approx((G0, G0))
    assert np.isnan(found.Delta)


def test_picture_of_the_bands_has_a_panel_for_each_filled_shell(case: tuple[str, float, float, Path]) -> None:
    from bandg.plot.bands import plot_bands

    [axes] = plot_bands(bulk(set=case[3]), "mine", n_per_segment=2)
    assert axes.get_title() == "A $s$"
    assert ("Γ" if case[0] == "Gamma" else "at R") in axes.get_ylabel()


def test_set_keeps_its_lattice(case: tuple[str, float, float, Path], tmp_path: Path) -> None:
    made = load_set(case[3])
    again = tmp_path / "again.toml"
    again.write_text(made.to_toml())
    assert load_set(again).digest() == made.digest()
    assert pickle.loads(pickle.dumps(made)).lattice == made.lattice == lattice_named(f"simple-cubic-{case[0]}")


def test_base_of_another_lattice_is_refused(case: tuple[str, float, float, Path]) -> None:
    file = case[3].with_name("child.toml")
    file.write_text('schema = 1\nname = "child"\nbase = "mine.toml"\n')
    with pytest.raises(bandg.BandgError, match=f'write name = "simple-cubic-{case[0]}" in \\[lattice\\]'):
        load_set(file)
    file.write_text(file.read_text() + f'[lattice]\nname = "simple-cubic-{case[0]}"\n')
    assert load_set(file).digest() == load_set(case[3]).digest()


def test_results_of_two_lattices_do_not_mix(case: tuple[str, float, float, Path]) -> None:
    """Same numbers, same shape, another lattice: another key. What is stored comes back with its lattice."""
    made = load_set(case[3])
    other = replace(made, lattice=replace(made.lattice, name="other"))
    jobs = [Job(one, cube(2, A_NM, lattice=one.lattice), 1) for one in (made, other)]
    assert jobs[0].key() != jobs[1].key()
    assert made.digest() != other.digest()
    [first], [second] = (run_jobs([jobs[0]], Run(workers=1)) for _ in range(2))
    assert second[1] and not first[1]
    assert second[0] == first[0]
    assert second[0].nanocrystal.lattice == made.lattice


@pytest.mark.parametrize("case", ["R"], indirect=True)
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"tilt": "a0a0c+", "angles": 8}, "belongs to perovskites"),
        ({"x_vacancies": 0.1}, "belongs to perovskites"),
        ({"second": "kashikar2021", "fraction": 0.5, "offset_eV": 0.0}, "a mixed halide belongs to perovskites"),
        ({"structure": Atoms(np.zeros((1, 3)), np.array(["A"])), "size": None}, "a structure belongs to perovskites"),
        ({"model": "kp"}, "the 8-band k.p model belongs to perovskites"),
        ({"termination": "halide"}, "choose bare"),
        ({"center": "Pb"}, "choose A or middle"),
        ({"neighbors": 2}, "no second-neighbor hopping"),
    ],
)
def test_what_only_perovskites_have_is_refused(
    case: tuple[str, float, float, Path], words: dict[str, Any], message: str
) -> None:
    with pytest.raises(bandg.BandgError, match=message) as raised:
        bandg.compute(**{"size": "3cells", "set": case[3], "run": ALONE, **words})
    assert "\n" not in str(raised.value)
