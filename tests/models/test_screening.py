"""Screened interactions: limits, the formulas as they are published, and the grammar."""

import numpy as np
import pytest

from bandg.base.errors import BandgError
from bandg.base.units import E2_EV_NM
from bandg.models.screening import ON_SITE_PER_NM, PRESETS, Screening, parse_screening

R = np.array([0.01, 0.5, 2.0, 8.0, 40.0])


def test_near_it_is_that_of_the_electrons_and_far_the_static_one():
    for kind in ("haken", "pollmann-buettner"):
        screening = Screening(kind, 4.4, 20.0, 3.0, 4.0)
        near, far = 1 / screening.inverse([1e-6, 200.0])
        assert (near, far) == pytest.approx((4.4, 20.0), rel=1e-5)
    assert 1 / Screening("constant", 6.0).inverse(R) == pytest.approx(np.full(5, 6.0))


def test_haken_is_the_published_formula():
    found = Screening("haken", 5.0, 25.0, 2.0, 4.0).inverse(R)
    assert found == pytest.approx(1 / 25 + (1 / 5 - 1 / 25) * (np.exp(-R / 2) + np.exp(-R / 4)) / 2)


def test_pollmann_buettner_is_the_published_formula_in_masses():
    """l = sqrt(hbar / (2 m omega)): the radii that belong to masses of 0.15 and 0.2 at one phonon."""
    m_e, m_h, scale = 0.15, 0.2, 1.2
    l_e, l_h = scale / np.sqrt(m_e), scale / np.sqrt(m_h)
    lattice = 1 / 5 - 1 / 25
    published = 1 / 25 + lattice * (m_h * np.exp(-R / l_h) - m_e * np.exp(-R / l_e)) / (m_h - m_e)
    assert Screening("pollmann-buettner", 5.0, 25.0, l_e, l_h).inverse(R) == pytest.approx(published)


def test_pollmann_buettner_is_smooth_where_both_radii_are_equal():
    equal = Screening("pollmann-buettner", 5.0, 25.0, 3.0, 3.0).inverse(R)
    for radius in (3 * (1 + 0.9e-5), 3 * (1 + 1.1e-5), 3 * (1 - 1e-4)):
        assert Screening("pollmann-buettner", 5.0, 25.0, radius, 3.0).inverse(R) == pytest.approx(equal, rel=2e-4)


def test_at_distance_zero_it_is_that_within_one_atom():
    screening = Screening("constant", 6.0)
    assert screening.energy([0.0, 2.0]) == pytest.approx(E2_EV_NM / 6 * np.array([ON_SITE_PER_NM, 0.5]))


def test_grammar():
    assert parse_screening("none") is None
    assert parse_screening("haken") == PRESETS["middle"]
    assert parse_screening("haken:weak") == PRESETS["weak"]
    assert parse_screening("pollmann-buettner:MAPbI3") == Screening("pollmann-buettner", 4.5, 24.1, 3.5, 3.5)
    assert parse_screening("haken:eps_inf=5,eps_static=25,radius=3nm") == PRESETS["strong"]
    assert parse_screening(" haken : radius_e = 3nm, radius_h=4 nm") == Screening("haken", 4.7, 20.0, 3.0, 4.0)
    assert parse_screening("constant:eps=6") == Screening("constant", 6.0)


def test_yellow_phase_is_no_preset():
    assert not [name for name, one in PRESETS.items() if (one.eps_inf, one.eps_static) == (4.43, 14.65)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hakken", "exciton 'hakken' is unknown.*'haken'"),
        ("", "exciton '' is unknown"),
        ("none:strong", "exciton 'none' is unknown"),
        ("haken:", "exciton constants '' are unknown; choose middle, strong"),
        ("haken:CsPbI3", "exciton constants 'CsPbI3' are unknown"),
        ("haken:eps=5", "exciton 'eps' is unknown.*eps_inf"),
        ("haken:eps_inf=5nm", "exciton eps_inf '5nm' has the unknown unit"),
        ("haken:radius=3", "exciton radius '3' has no unit: write '3nm'"),
        ("haken:eps_inf=5,eps_inf=6", "'eps_inf' is given twice"),
        ("haken:eps_inf=0.5", "eps_inf must be 1 or more, not 0.5"),
        ("haken:eps_inf=30", "eps_static must not lie below eps_inf = 30"),
        ("haken:radius_h=0nm", "a polaron radius must be above 0 nm"),
        ("constant", "needs its eps alone"),
        ("constant:eps=5,radius=3nm", "needs its eps alone"),
    ],
)
def test_wrong_text_is_one_line(text, message):
    with pytest.raises(BandgError, match=message) as caught:
        parse_screening(text)
    assert "\n" not in str(caught.value)


def test_unknown_kind():
    with pytest.raises(BandgError, match="screening 'thomas-fermi' is unknown; choose haken, pollmann-buettner"):
        Screening("thomas-fermi")
