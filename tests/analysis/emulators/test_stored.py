"""Emulators that ship against computed nanocrystals: those left out, stored curves, and a few computed here."""

import numpy as np
import pytest

from bandg import BandgError, load_set
from bandg.analysis.curves import resolve
from bandg.analysis.emulators.build import changed, computed
from bandg.analysis.emulators.knobs import variations
from bandg.analysis.emulators.stored import load_emulator, stored_names
from bandg.analysis.hypotheses.case import Case
from bandg.models.etb.local import resolve_neighbors
from bandg.parameters.names import PUBLISHED_SET
from bandg.runs.options import Run

STORED = [pytest.param(*name, id="-".join(name)) for name in stored_names()]
WITH_CURVES = [(name, shape) for name, shape in stored_names() if shape == "cube" or name == PUBLISHED_SET]


@pytest.mark.parametrize(("name", "shape"), STORED)
def test_errors_are_those_at_nanocrystals_that_were_left_out(name, shape):
    own = load_emulator(name, shape)
    assert own.made_by["set_sha256"] == load_set(name).digest()
    values = np.array([one.values for one in own.checks])
    known = np.array([one.outputs for one in own.checks], dtype=float)
    off = own.levels(values) - known
    has = np.isfinite(known[:, 0]).any(axis=0)
    assert has[: own.sizes_cells.index(own.computed_cells) + 1].all()
    tilted = values[:, -1] > 0 if own.knobs[-1].name == "tilt" else np.zeros(len(values), dtype=bool)
    at = has & np.isfinite(known[tilted, 0]).all(axis=0)  # tilted ones count at all sizes, as their own ones go on
    rms, largest = np.sqrt(np.nanmean(off[..., at] ** 2, axis=0)), np.nanmax(np.abs(off[..., has]), axis=0)
    assert rms == pytest.approx(np.array(own.error_rms)[:, at], abs=1e-5)
    assert (largest <= np.array(own.error_max)[:, has] + 1e-5).all()
    assert largest[:, at[has]] == pytest.approx(np.array(own.error_max)[:, at], abs=1e-5)
    if tilted.any():
        assert (np.sqrt(np.nanmean(off[tilted] ** 2, axis=(0, 2))) < [0.006, 0.01, 0.012, 0.02]).all()
    assert np.isfinite(known[:, 0]).sum() >= 100
    occupancy, xx = (values[:, [one.name for one in own.knobs].index(knob)] for knob in ("occupancy", "xx"))
    g_h = off[:, 3]
    assert np.sqrt(np.nanmean(g_h[xx <= 1] ** 2)) < 0.06  # stronger X-X hopping than fitted: levels of surfaces cross
    assert np.sqrt(np.nanmean(g_h**2)) < (0.1 if name == PUBLISHED_SET else 0.06)
    assert np.sqrt(np.nanmean(g_h[occupancy > 0.7] ** 2)) < 0.03


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
    found = computed(case, varied, t, Run(workers=1))[0][..., 0]
    values = [[one.knob.value(at) for one, at in zip(varied, row, strict=True)] for row in t]
    within = 3 * np.array(own.error_max)[:, 0] + 0.002
    assert (np.abs(own.levels(values)[..., 0] - found) < within).all()
    assert changed(case, varied, t[0]).crystals()[0].a_nm == pytest.approx(own.sizes(values)[0, 0] / own.sizes_cells[0])


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
