"""`bandg.compute(exciton=...)`: energies, curves and files, and what is refused."""

import json

import numpy as np
import pytest

import bandg
from bandg.base.errors import BandgError
from bandg.data.curves import read_curves
from bandg.models.screening import PRESETS
from bandg.runs.dataset import write
from bandg.runs.rows import file_columns

SMALL = {"size": "2..3cells", "run": bandg.Run(workers=1)}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANDG_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        return bandg.compute(**SMALL, exciton="haken:strong", eps_out=2.25)


def test_energy_of_the_pair_is_the_sum_of_its_columns(pairs):
    assert pairs["E_exciton_eV"].attrs["units"] == "eV"
    total = pairs["E_gap_eV"] - pairs["J_eV"] + pairs["polarization_eV"]
    assert pairs["E_exciton_eV"].values == pytest.approx(total.values, abs=1e-12)
    assert (pairs["J_eV"].values > pairs["polarization_eV"].values).all()
    assert (pairs["polarization_eV"].values > 0).all()
    assert pairs["J_hh_eV"].values == pytest.approx(pairs["J_eV"].values, rel=0.2)


def test_provenance_says_what_it_was_made_with(pairs):
    found = json.loads(pairs.attrs["provenance"])["exciton"]
    assert found["screening"] == PRESETS["strong"].describe()
    assert (found["eps_out"], found["correlation_left_out_eV"]) == (2.25, [0.005, 0.02])


def test_image_in_the_hamiltonian_does_not_count_twice(pairs):
    """E_e - E_h then has both self-energies; but for the relaxation of both the energy is that of first order."""
    inside = bandg.compute(**SMALL, exciton="haken:strong", image="5,2.25")
    assert (inside["E_gap_eV"] - pairs["E_gap_eV"] > 0.2).all()
    assert (inside["polarization_eV"].values < 0).all()
    lower = (pairs["E_exciton_eV"] - inside["E_exciton_eV"]).values
    assert (lower > 0).all() and (lower < 0.03).all()


def test_curves_and_files_are_over_the_energy_of_the_pair(pairs, tmp_path):
    curve = pairs.bandg.curve()
    assert curve.energy == pytest.approx(np.sort(pairs["E_exciton_eV"].values))
    assert curve.provenance["energy"] == "exciton"
    (path,) = write(pairs, tmp_path / "pairs.csv")
    (read,) = read_curves(path, file_columns())
    assert read.energy == pytest.approx(curve.energy)
    assert read.provenance["energy"] == "exciton"
    left, right = pairs.bandg.plot("none")
    assert left.get_xlabel() == right.get_xlabel() == "Energy of the exciton (eV)"
    headings = [legend.get_title().get_text() for legend in [*left.figure.legends, left.get_legend()] if legend]
    assert "Calculated, to first order" in headings
    assert left.lines[0].get_xdata() == pytest.approx(curve.energy)


def test_a_screening_is_taken_too_and_without_surroundings_nothing_is_polarized(pairs):
    bare = bandg.compute("2cells", run=bandg.Run(workers=1), exciton=PRESETS["strong"])
    assert bare["polarization_eV"].values == pytest.approx(0)
    assert bare["J_eV"].values == pytest.approx(pairs["J_eV"].values[:1])
    assert "J_eV" not in bandg.compute("2cells", run=bandg.Run(workers=1), exciton="none").variables


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"exciton": "hakn"}, "exciton 'hakn' is unknown"),
        ({"exciton": 5}, "`exciton` must be"),
        ({"eps_out": 2.25}, "`eps_out` is the surroundings of an exciton: add `exciton='haken'`"),
        ({"exciton": "none", "eps_out": 2.25}, "`eps_out` is the surroundings of an exciton"),
        ({"exciton": "haken", "eps_out": 0.5}, "`eps_out` must be 1 or more, not 0.5"),
        ({"exciton": "haken", "eps_out": "glass"}, "`eps_out` must be a finite number"),
        ({"exciton": "haken", "image": "5,2.25"}, "`image` has 5 inside and `exciton` eps_inf 4.7"),
        ({"exciton": "haken", "eps_out": 2.25, "image": "5,2.25"}, "`image` has the constant of the surroundings"),
        ({"exciton": "haken", "eps_out": 2.25, "shape": "octahedron"}, "not in a shape 'octahedron'"),
        ({"image": "5,2.25", "shape": "octahedron"}, "not in a shape 'octahedron'"),
        ({"exciton": "haken", "model": "kp"}, "the kp model does not know `exciton`, which belongs to `model='etb'`"),
        ({"observables": "J_eV"}, "J_eV is computed with an exciton alone: add `exciton='haken'`"),
    ],
)
def test_wrong_input_is_refused_before_anything_is_computed(options, message, monkeypatch):
    monkeypatch.setattr("bandg.runs.sweep.run_jobs", None)
    with pytest.raises(BandgError, match=message):
        bandg.compute("6cells", **options)
