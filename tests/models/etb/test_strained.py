"""The strained bulk: without strain the bulk itself, and to first order what symmetry allows."""

import numpy as np
import pytest

import bandg
from bandg.models.etb.bulk import bulk
from bandg.models.etb.strained import strained_bulk
from bandg.parameters.loader import load_set

SETS = ("nestoklon2023-standin", "bandg-nnn-small")


def values(name: str, *strain: float) -> np.ndarray:
    chosen = load_set(name)
    found = strained_bulk(chosen, len(chosen.shells) and (2 if len(chosen.shells) > 1 else 1), strain)
    return np.array([found.E_g, *found.g_factors(), *found.g_factors(True)])


@pytest.mark.parametrize("name", SETS)
def test_without_strain_it_is_the_bulk(name: str) -> None:
    ideal = bulk(load_set(name))
    expected = [ideal.E_g, *ideal.g_factors(), *ideal.g_factors(True)]
    assert values(name, 0, 0, 0, 0, 0, 0) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("name", SETS)
def test_isotropic_strain_is_another_lattice_constant(name: str) -> None:
    """The bulk of a set whose hoppings are scaled by hand: (1 + e)^-n."""
    chosen, e = load_set(name), 0.02
    scaled = {path: chosen.value(path) * (1 + e) ** -n for path, n in zip(chosen.paths, chosen.exponents, strict=True)}
    other = bulk(
        chosen.with_values(
            {p: v for p, v in scaled.items() if p.startswith("hopping.")} | {"lattice.a": chosen.a_nm * (1 + e)}
        )
    )
    assert values(name, e, e, e, 0, 0, 0)[:3] == pytest.approx([other.E_g, *other.g_factors()], abs=1e-8)


@pytest.mark.parametrize("name", SETS)
def test_directions_are_equal_and_to_first_order_the_trace_alone_counts(name: str) -> None:
    e = 1e-4
    ideal = values(name, 0, 0, 0, 0, 0, 0)
    isotropic = (values(name, e, e, e, 0, 0, 0) - ideal) / e
    uniaxial = [(values(name, *np.roll([e, 0, 0], n), 0, 0, 0) - ideal) / e for n in range(3)]
    assert uniaxial[0] == pytest.approx(uniaxial[1], abs=1e-6) and uniaxial[0] == pytest.approx(uniaxial[2], abs=1e-6)
    assert uniaxial[0] == pytest.approx(isotropic / 3, rel=5e-3, abs=1e-2)
    assert (values(name, 0, 0, 0, e, e, e) - ideal) / e == pytest.approx(np.zeros(5), abs=2e-2)
    assert np.abs(isotropic[:3]).min() > 1


def test_the_bulk_limit_of_a_picture_is_that_of_the_distorted_crystal() -> None:
    found = bandg.compute("2cells", strain="zz=0.02", run=bandg.Run(workers=1))
    limit = [found.attrs[f"bulk_{name}"] for name in ("E_gap_eV", "g_e", "g_h")]
    assert limit == pytest.approx(values("nestoklon2023-standin", 0, 0, 0.02, 0, 0, 0)[:3])
    tilted = bandg.compute("2cells", tilt="a0a0c+", angles="8", run=bandg.Run(workers=1))
    assert "bulk_g_e" not in tilted.attrs and "tilted" in tilted.attrs["bulk_missing"]
