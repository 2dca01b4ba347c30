"""Results print themselves in a few lines, as text and as HTML: golden text of each."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray

import bandg
from bandg.analysis.fit.covariance import Errors
from bandg.analysis.fit.solve import Fit, FitAttempt
from bandg.analysis.inference.posterior import Inference, Posterior
from bandg.analysis.overlay import overlay
from bandg.analysis.sensitivity.effects import Effects, Step
from bandg.analysis.sensitivity.indices import GlobalSensitivity, Index
from bandg.base.errors import BandgError
from bandg.base.show import Table
from bandg.crystal.distortion import distorted
from bandg.crystal.shapes import cube, cuboid
from bandg.data.compare import TheoryCurve
from bandg.data.measured import MeasuredPoint
from bandg.models.etb.derivatives import Derivatives
from bandg.models.etb.nanocrystal import compute_levels
from bandg.models.kp.bulk import KpBulk
from bandg.models.kp.sets import load_kp

SET = bandg.load_set("nestoklon2023-standin")
KP = load_kp("kirstein2022")
CRYSTAL = cube(2, SET.a_nm)
CURVE = TheoryCurve("mine", np.array([1.7, 2.0]), {"g_e": np.array([2.0, 1.0])}, np.array([8.0, 4.0]))


def fit():
    attempts = tuple(FitAttempt(n, (0.0,), (1.0, 2.0), 0.5 + n, 10, True, "", (0, 0)) for n in range(3))
    errors = Errors(("a", "b"), np.eye(2), np.ones(2), np.zeros(2), np.array([True, False]), (), 12.34, 7, 1.0)
    return Fit(SimpleNamespace(), attempts, errors, 0)


def effects():
    names = ("g_e", "g_h", "E_e_eV", "E_h_eV")
    slopes = {name: (0.1 * n, 1.0) for n, name in enumerate(names)}
    steps = (Step("onsite.Pb.p", 4.0, 0.1, "eV", "given"), Step("onsite.Pb.s", 4.0, 0.2, "eV", "given"))
    found = Derivatives(("onsite.Pb.p", "onsite.Pb.s"), dict.fromkeys(names, 1.0), slopes, CRYSTAL, 1, 1)
    return Effects(SET, 1, False, steps, (found,))


def indices():
    found = tuple(
        Index(0, "g_e", path, 64, {"mu": 0.5, "mu_star": value, "sigma": 0.1, "S1": value, "ST": value})
        for path, value in (("onsite.Pb.p", 0.25), ("onsite.Pb.s", 0.75))
    )
    return GlobalSensitivity("sobol", 64, 1, SET, 1, False, (None, None), (CRYSTAL,), found, 1, 0)


def posterior():
    model = SimpleNamespace(name="surface", ranges=[SimpleNamespace(path="termination")])
    points = SimpleNamespace(value=np.array([1.0, 2.0]))
    likelihood = SimpleNamespace(model=model, points=points)
    samples = np.array([[0.25], [0.75]])
    exact = np.array([1.5, 2.5])
    return Posterior(likelihood, -3.21, 0.05, samples, samples[0], -1.0, exact, exact, exact, 0.0, 10, None)


def inference():
    found = posterior()
    return Inference(None, found.likelihood.points, 0.1, (), (found,), (0.0, 0.0, 0.0), 3, 1)


LEVELS = compute_levels(SET, CRYSTAL)
GOLDEN = {
    "Bulk": (
        lambda: bandg.bulk(SET),
        """
bulk crystal, band edges at R6+ and R6-
  energies (eV)  E_g 1.652, Delta 1.258
  masses (m0)    m_e 0.16781, m_h 0.14216
  g-factors      g_e 3.2393, g_h -0.33777
  edges (eV)     valence -0.00012484, conduction 1.6519
""",
    ),
    "KpBulk": (
        KpBulk(KP),
        """
bulk crystal of the k.p set kirstein2022
  E_g_eV  1.652
  g_h     -0.32845
  g_e     3.2303
""",
    ),
    "ParameterSet": (
        SET,
        """
parameter set nestoklon2023-standin
  for               stands in for the published theory of g in CsPbI3 nanocrystals
  material          CsPbI3
  lattice constant  0.6289 nm
  orbitals          Pb s p d s*, X s p d s*
  hopping           Pb-X
  numbers           32: 29 transcribed, 3 fitted
  origin            shipped
""",
    ),
    "KpSet": (
        KP,
        """
k.p set kirstein2022
  E_g    1.652 eV
  Delta  1.5 eV
  P6     0.68 eV nm
  P8     0.68 eV nm
  dg_c   -1
""",
    ),
    "Nanocrystal": (
        CRYSTAL,
        """
cube of 1.258 nm, halide termination, center Cs
""",
    ),
    "distorted": (
        distorted(cuboid((1, 2, 2), SET.a_nm), strain="zz=0.01", x_vacancies=0.2, seed=3),
        """
cuboid of 0.9983 nm, halide termination, center face, edges 1, 2, 2, strain 0, 0, 0.01, 0, 0, 0, x_vacancies 0.2, seed 3
""",
    ),
    "LevelState": (
        LEVELS.hole,
        """
level 7- at -0.5338 eV, 2 states
  g                 1.8681
  principal values  1.8681, 1.8681, 1.8681
  surface weight    0.42647
  overlap           0.94805
  character         Pb s 0.237, Pb p 0.007, X p 0.752
""",
    ),
    "Levels": (
        LEVELS,
        """
levels of cube of 1.258 nm, halide termination, center Cs
  electron  3.0410 eV, 7+, g -0.34753
  hole      -0.5338 eV, 7-, g 1.8681
  E_gap     3.5748 eV
  symmetry  Oh
  solver    dense, 880 orbitals
""",
    ),
    "TheoryCurve": (
        CURVE,
        """
curve mine
  energy  1.7000 to 2.0000 eV, 2 points
  g_e     +2.000 to +1.000
""",
    ),
    "Overlay": (
        overlay(CURVE, MeasuredPoint(1.7, "g_e", 2.1)),
        """
theory curves beside measured points: 1, of which independent: 1
  mine  rms g_e 0.1
""",
    ),
    "Fit": (
        fit,
        """
fit of 2 parameters
  cost          0.5
  chi2 / dof    12.34 / 7
  starts        3, 1 at the best cost
  converged     True
  undetermined  1 parameters
""",
    ),
    "Effects": (
        effects,
        """
effects of 2 parameters of nestoklon2023-standin, the largest
  1.258 nm halide  onsite.Pb.s: g_e 0.2, g_h 0.2, g_bx 0.4
""",
    ),
    "GlobalSensitivity": (
        indices,
        """
sobol indices (ST) of 2 parameters of nestoklon2023-standin
  1.258 nm halide, g_e  onsite.Pb.s 0.75
""",
    ),
    "Posterior": (
        posterior,
        """
posterior of the model surface
  ln Z         -3.21 +- 0.05
  rms          0.5
  termination  0.5 +- 0.25
""",
    ),
    "Inference": (
        inference,
        """
inference from 2 measured values
  surface  ln Z -3.21 +- 0.05, rms 0.500
""",
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_text(name):
    found, text = GOLDEN[name]
    found = found() if callable(found) else found
    assert repr(found) == text.strip("\n")
    assert text.isascii()


@pytest.mark.parametrize("name", GOLDEN)
def test_html_is_one_small_table(name):
    found = GOLDEN[name][0]
    text = (found() if callable(found) else found)._repr_html_()
    assert text.startswith("<table><caption>") and text.endswith("</table>") and len(text) < 3000


def test_text_of_users_is_escaped():
    from dataclasses import replace

    assert "<b>" not in replace(SET, name="<b>x</b>", origin="a\nb")._repr_html_()
    assert "a\\nb" in repr(replace(SET, origin="a\nb"))


@pytest.fixture(scope="module")
def levels(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANDG_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        return bandg.compute("2..3cells", termination=["halide", "lead"], set=SET, run=bandg.Run(workers=1))


def test_the_dataset_shows_what_is_looked_for(levels):
    assert tuple(levels.data_vars) == (
        *("E_e_eV", "E_h_eV", "g_e", "g_h", "g_bx", "surface_weight", "residual_eV", "g_axis", "irrep"),
    )
    assert {"size_nm", "E_gap_eV", "termination", "shape", "set", "model"} <= set(levels.coords)
    assert len(repr(levels).splitlines()) < 40


def test_the_accessor_gives_curves(levels):
    halide, lead = levels.bandg.curves()
    assert "halide" in halide.name and "lead" in lead.name
    with pytest.raises(BandgError, match="holds 2 curves"):
        levels.bandg.curve()
    with pytest.raises(BandgError, match="no dimension nc: select nanocrystals with a list"):
        levels.isel(nc=0).bandg.table()
    with pytest.raises(BandgError, match="'g_x' is unknown; choose g_e, g_h or g_bx"):
        halide.at("g_x", 2.0)
    curve = levels.isel(nc=levels["termination"].values == "halide").bandg.curve()
    assert curve.energy.tolist() == sorted(levels["E_gap_eV"].values[:2].tolist())
    assert float(curve.at("g_h", levels["E_gap_eV"].values[0])) == pytest.approx(float(levels["g_h"][0]))
    assert curve.size_nm[0] == levels["size_nm"].values[1]


def test_the_accessor_draws_into_given_axes(levels, tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    monkeypatch.chdir(tmp_path)
    axes = Figure().subplots()
    assert levels.bandg.plot(data="none", ax=axes)[0] is axes
    drawn = {tuple(line.get_ydata()) for line in axes.lines}
    assert tuple(levels["g_e"].values[1::-1]) in drawn
    assert list(tmp_path.iterdir()) == []


def test_the_table_is_that_of_the_csv(levels):
    table = levels.bandg.table()
    assert isinstance(table, Table) and len(table) == 4
    assert table[0]["g_e"] == float(levels["g_e"][0]) and table.rows[2]["termination"] == "lead"
    assert "g_h_z" in table[0] and repr(table).splitlines()[0] == SET.name
    assert len({len(line) for line in repr(table).splitlines()[1:]}) == 1
    assert table._repr_html_().count("<tr>") == 5


def test_the_accessor_takes_known_arguments_alone(levels):
    with pytest.raises(BandgError, match="too many positional arguments"):
        levels.bandg.curve("g_h")
    with pytest.raises(BandgError, match="did you mean 'data'"):
        levels.bandg.plot(date="none")


def test_selecting_and_joining_keep_everything(levels):
    joined = xarray.concat([levels.isel(nc=[3]), levels.isel(nc=[0])], "nc")
    assert [row["g_e"] for row in joined.bandg.table()] == levels["g_e"].values[[3, 0]].tolist()
    assert [row["set"] for row in joined.bandg.table()] == [SET.name] * 2
