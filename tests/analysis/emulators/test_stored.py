"""Emulators that ship against computed nanocrystals: those left out, stored curves, and a few computed here."""

import numpy as np
import pytest

from bandg import BandgError, load_set
from bandg.analysis.curves import resolve
from bandg.analysis.emulators.beyond import by_volume
from bandg.analysis.emulators.build import changed, computed
from bandg.analysis.emulators.knobs import variations
from bandg.analysis.emulators.stored import load_emulator, stored_names
from bandg.analysis.hypotheses.case import Case
from bandg.models.etb.local import resolve_neighbors
from bandg.parameters.names import PUBLISHED_SET
from bandg.runs.options import Run

STORED = [pytest.param(*name, id="-".join(name)) for name in stored_names()]
WITH_CURVES = [(name, shape) for name, shape in stored_names() if shape == "cube" or name == PUBLISHED_SET]


def residuals(own):
    """Emulated less computed OUTPUTS of what was left out (n, 4), values (n, d), and numbers of nearest sizes (n,)."""
    rows = []
    for one in own.checks:
        sizes, knobs = own.sizes(one.values), dict(zip([k.name for k in own.knobs], one.values, strict=True))
        found = own.evaluate(knobs, size_nm=np.clip(one.size_nm, sizes[0], sizes[-1]))  # which are rounded
        emulated = np.array([found.E_e_eV, found.E_h_eV, found.g_e, found.g_h])
        for n, size in enumerate(one.size_nm):
            error = emulated[:, n] - np.array(one.outputs)[:, n]
            rows.append((error, one.values, np.abs(np.log(sizes / size)).argmin()))
    return tuple(np.array(column) for column in zip(*rows, strict=True))


@pytest.mark.parametrize(("name", "shape"), STORED)
def test_errors_are_those_at_nanocrystals_that_were_left_out(name, shape):
    own = load_emulator(name, shape)
    assert own.made_by["set_sha256"] == load_set(name).digest()
    off, values, place = residuals(own)
    assert len(off) >= 100 and set(range(own.sizes_cells.index(own.computed_cells) + 1)) <= set(place)
    holds = own.holds(values)
    assert holds.mean() > 0.9
    knob = {one.name: values[:, n] for n, one in enumerate(own.knobs)}
    rms = np.array(own.error_rms)[:, place].T
    for part in (holds, holds & (knob["occupancy"] > 0.5), holds & (knob["occupancy"] < 0.5)):
        assert np.sqrt(np.mean((off[part] / rms[part]) ** 2)) < 1.3
    for n in set(place[holds]):
        assert (np.abs(off[holds & (place == n)]).max(axis=0) <= np.array(own.error_max)[:, n] + 1e-5).all()
    if "tilt" in knob:
        assert (np.sqrt(np.mean(off[holds & (knob["tilt"] > 0)] ** 2, axis=0)) < [0.006, 0.01, 0.012, 0.02]).all()
    g_h = off[:, 3]
    assert np.sqrt(np.mean(g_h[holds] ** 2)) < 0.06
    assert np.sqrt(np.mean(g_h[holds & (knob["occupancy"] > 0.7)] ** 2)) < 0.03


def rounded(knob):
    return {name: round(value, 9) if isinstance(value, float) else value for name, value in vars(knob).items()}


@pytest.mark.parametrize(("name", "shape"), STORED)
def test_nanocrystals_computed_here_are_as_emulated(name, shape):
    """At the smallest size, at values that no fit has seen, tilted octahedra among them where there is such a knob."""
    own, parameters = load_emulator(name, shape), load_set(name)
    case = Case(parameters, resolve_neighbors(parameters, None), shape, "halide", cells=own.sizes_cells[:1])
    varied = variations(case, any(one.name == "tilt" for one in own.knobs))
    assert [rounded(one.knob) for one in varied] == [rounded(one) for one in own.knobs]
    t = np.random.default_rng(18).uniform(-1, 1, size=(2, len(varied)))
    found = computed(case, varied, t, Run(workers=1)).outputs[..., 0]
    values = [[one.knob.value(at) for one, at in zip(varied, row, strict=True)] for row in t]
    within = 3 * np.array(own.error_max)[:, 0] + 0.002
    assert (np.abs(own.levels(values)[..., 0] - found) < within).all()
    size = by_volume(case, case.cells)[0] * changed(case, varied, t[0]).crystals()[0].a_nm
    assert own.sizes(values)[0, 0] == pytest.approx(size)


@pytest.mark.parametrize("name", ["bandg-cspbi3-nnn"])
def test_where_the_hole_jumps_to_another_level_the_emulator_does_not_hold(name):
    """An empty surface with the whole potential and strong X-X hopping."""
    own = load_emulator(name)
    corner = dict(zip([one.name for one in own.knobs], own.values(), strict=True))
    assert own.holds(list(corner.values()))
    assert not own.holds(list((corner | {"occupancy": 0.0, "potential": 1.0, "xx": 1.5}).values()))


@pytest.mark.parametrize(("name", "shape"), WITH_CURVES)
@pytest.mark.parametrize("end", ["halide", "lead"])
def test_ends_of_the_occupancy_are_the_stored_curves(name, shape, end):
    """At all sizes, also those beyond the computed ones."""
    own = load_emulator(name, shape)
    found = own.evaluate({"occupancy": float(end == "halide")})
    kind = end if shape == "cube" else f"{end}-{shape}"
    (curve,) = resolve([f"etb:{kind}" if name == PUBLISHED_SET else f"etb:{kind}:{name}"])
    places = [np.flatnonzero(np.abs(curve.size_nm - size) < 1e-3) for size in found.size_nm]
    both = [(n, int(at[0])) for n, at in enumerate(places) if len(at)]
    assert max(own.sizes_cells[n] for n, _ in both) >= 20
    ours, theirs = (list(column) for column in zip(*both, strict=True))
    assert found.energy_eV[ours] == pytest.approx(curve.energy[theirs], abs=0.005)
    assert found.g_e[ours] == pytest.approx(curve.values["g_e"][theirs], abs=0.03)
    assert found.g_h[ours] == pytest.approx(curve.values["g_h"][theirs], abs=0.03)


def test_another_set_has_none():
    with pytest.raises(BandgError, match="no emulator of kashikar2021, cube ships with bandg"):
        load_emulator("kashikar2021")
