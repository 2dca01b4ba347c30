"""Reference bands: the numbers of their own documentation, their symmetry, and a user's table with its defects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bandg.base.errors import BandgError
from bandg.data.cells import load_cells
from bandg.data.reference import available_references, load_reference

# E_g, Delta, halide levels R8+ R6+ R8+ R7+ R8+, bonding Pb 6s, E_p to R6- and R8-, from README.md of the data
PUBLISHED = {
    "cspbi3_cubic_pbe_soc": (0.261, 1.358, -0.827, -1.551, -1.608, -2.268, -2.765, -8.815, 12.70, 6.98),
    "cspbi3_cubic_mbj_soc": (0.696, 1.414, -1.022, -1.698, -1.733, -2.253, -2.792, -8.511, 13.09, 8.19),
    "cspbi3_cubic_mbjc1654_soc": (1.195, 1.379, -1.371, -1.969, -2.098, -2.337, -2.930, -8.142, 13.82, 10.14),
    "cspbbr3_cubic_mbj_soc_path": (1.154, 1.513, -1.906, -2.183, -2.528, -2.889, -3.114, -8.625, 13.07, 9.59),
    "cspbbr3_cubic_mbj_soc": (1.167, 1.510, -1.919, -2.194, -2.539, -2.899, -3.124, -8.616, 13.11, 9.62),
}


def test_these_references_ship() -> None:
    assert set(available_references()) == set(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_levels_at_R_are_those_of_the_documentation(name: str) -> None:
    bands = load_reference(name)
    assert bands.R is not None
    R8, R6, R7 = (bands.levels_of(irrep) for irrep in ("R8+", "R6+", "R7+"))
    up = {irrep: next(v for v in bands.levels if v.irrep == irrep and v.energy > 0) for irrep in ("R6-", "R8-")}
    found = (
        *(bands.R[bands.top + 1], bands.R[bands.top + 2] - bands.R[bands.top + 1]),
        *(R8[0].energy, R6[0].energy, R8[1].energy, R7[0].energy, R8[2].energy, R6[1].energy),
        *(up["R6-"].E_p["valence"], up["R8-"].E_p["valence"] / 2),
    )
    assert found == pytest.approx(PUBLISHED[name], abs=0.006)
    assert bands.offset(84) == 0 and bands.offset(85) == 1 and bands.offset(67) == -8


@pytest.mark.parametrize("name", [name for name in PUBLISHED if "cspbi3" in name])
def test_parities_and_lead_s_come_from_the_characters(name: str) -> None:
    """X p with Pb s have 0, 3, 6 and 9 even doublets at Gamma, X, M and R; Pb s bonding is even and falls to R."""
    bands = load_reference(name)
    for point, even in (("Gamma", 0), ("X", 3), ("M", 6), ("R", 9)):
        parity = bands.parity_at(point)
        assert np.sum(parity[bands.top - 8 : bands.top + 1] > 0) == even
        assert parity[bands.top + 1] == -1 or point == "Gamma"  # there Cs and I d lie lowest in mBJ
    energies = [bands.lead_s(point) for point in ("Gamma", "X", "M", "R")]
    assert (np.diff(energies) < -0.3).all()
    assert energies[-1] == pytest.approx(bands.levels_of("R6+")[1].energy, abs=1e-3)


def test_irreps_that_the_file_lacks_are_those_of_the_other_calculation() -> None:
    known, found = (load_reference(name).levels for name in ("cspbbr3_cubic_mbj_soc", "cspbbr3_cubic_mbj_soc_path"))
    other = {level.bands: level.irrep.partition(" ")[0] for level in known}
    assert [(level.bands, level.irrep) for level in found] == [(level.bands, other[level.bands]) for level in found]
    assert {"R6+", "R7+", "R8+", "R6-", "R7-", "R8-"} == {level.irrep for level in found}


def test_path_of_the_bromide() -> None:
    bands = load_reference("cspbbr3_cubic_mbj_soc_path")
    assert list(bands.sections) == ["path"] and list(bands.characters) == ["R"]
    assert bands.sections["path"].energies.shape == (81, 27)
    assert bands.sections["path"].energies[:, bands.top].max() == 0
    edge = bands.characters["R"].lead[bands.top : bands.top + 2]
    assert edge[0, 0] == 0.3043 and edge[1, 1] == 0.5218
    assert bands.lead_s("R") == -8.6248


def test_mesh_has_the_weights_of_512_points() -> None:
    mesh = load_reference("cspbi3_cubic_mbj_soc").sections["mesh"]
    stars = mesh.weights * 512
    assert len(stars) == 35 and stars.sum() == pytest.approx(512)
    assert np.abs(stars - np.round(stars)).max() < 1e-6 and set(np.round(stars)) <= {1, 3, 6, 8, 12, 24, 48}


HEAD = "# top_valence_band = 4\n# kramers = both\n"
GOOD = HEAD + "kx,ky,kz,weight,band_1,band_2,band_3,band_4,band_5,band_6\n0.5,0.5,0.5,2,-3,-3,1,1,2.5,2.5\n"
GOOD += "0,0,0,1,-4,-4,0,0,3,3\n"


def test_table_of_bands(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(GOOD)
    bands = load_reference(str(path))
    section = bands.sections["path"]
    assert section.energies.tolist() == [[-4, 0, 1.5], [-5, -1, 2]]
    assert section.weights == pytest.approx([2 / 3, 1 / 3])
    assert bands.top == 1 and bands.offset(5) == 1 and bands.bands(1) == "5-6"
    path.write_text(
        GOOD.replace("kx,ky,kz", "from,to,fraction").replace("0.5,0.5,0.5", "X,R,0.5").replace("0,0,0", "X,M,0")
    )
    assert load_reference(str(path)).sections["path"].k.tolist() == [[0.5, 0.25, 0.25], [0.5, 0, 0]]
    path.write_text("# top_valence_band=2\n# kramers=once\nkx,ky,kz,band_1,band_2,band_3\n0,0,0,3,1,2\n")
    once = load_reference(str(path))
    assert once.sections["path"].energies.tolist() == [[-1, 0, 1]] and once.bands(0) == "2"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("# kramers = both\n", "", "must say kramers"),
        ("both", "double", "write both"),
        ("= 4", "= 3", "lower partner"),
        ("= 4", "= 9", "must be a band of the table, 1 to 6"),
        ("kx,", "qx,", "no column kx"),
        ("band_6", "band_7", "follow each other"),
        ("band_6", "gap", "'gap' is not a known column"),
        ("band_5", "band_6", "has the column 'band_6' twice"),
        ("2.5,2.5", "2.5", "line 4: has 9 cells"),
        ("-4,-4", "-4,x", "line 5: band_2 is 'x'"),
        ("-4,-4", "-4,nan", "band_2 is 'nan', which is not a finite number"),
        ("-3,-3", "-3,-2.5", "0.500 eV apart"),
        ("0.5,0.5,0.5,2", "5,5,5,2", "is it in 1/nm"),
        ("0,0,0,1", "0,0,0,-1", "line 5: weight is -1: it must be above zero"),
        ("# top_valence_band = 4\n", "", "must say top_valence_band"),
        (GOOD, HEAD, "is empty: it needs the header kx"),
        (GOOD, HEAD + "kx,ky,kz,band_1,band_2\n", "no row"),
        ("0.5,0.5,0.5,2,-3", "0.5,0.5,0.5,2,", "line 4: band_1 is empty"),
        ("kx,ky,kz", "from,to,fraction", "line 4: from is 0.5, which is not a known point"),
    ],
)
def test_defects_of_a_table_are_named(old: str, new: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(BandgError) as error:
        load_reference(str(path))
    assert message in str(error.value) and str(error.value).startswith(str(path)) and "\n" not in str(error.value)


def test_unknown_names_are_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(BandgError, match="did you mean 'cspbi3_cubic_mbj_soc'"):
        load_reference("cspbi3_mbj_soc")
    with pytest.raises(BandgError, match="no such file"):
        load_reference(str(tmp_path / "none.csv"))


def test_strained_and_tilted_cells_are_those_of_the_documentation() -> None:
    cells = load_cells()
    gap = cells["cubic_100"].E_g
    changes = [cells[name].E_g - gap for name in ("cubic_098", "cubic_102", "cplus_10", "gamma_9_8", "gamma_relaxed")]
    assert changes == pytest.approx([-0.20, 0.16, 0.175, 0.37, 0.60], abs=5e-3)
    assert cells["gamma_9_8"].momentum_sums == (3.649, 3.389, 3.649)
    cubic, same = cells["cubic_100"], load_reference("cspbi3_cubic_pbe_soc")
    for irrep, count in {"R8+": 3, "R6+": 2, "R7+": 1}.items():  # below are Cs 5p
        levels = [level.energy for level in same.levels_of(irrep)[:count]]
        assert [cubic.level(irrep, number + 1) for number in range(count)] == pytest.approx(levels, abs=0.015)
    assert cubic.level("R8-", 0) - cubic.level("R6-", 0) == pytest.approx(1.358, abs=0.03)
    with pytest.raises(BandgError, match=r"no level R7\+\.2"):
        cubic.level("R7+", 2)
    with pytest.raises(BandgError, match="unknown strained cells 'x'"):
        load_cells("x")
