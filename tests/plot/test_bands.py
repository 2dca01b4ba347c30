"""Bands along the path agree with the band edges, and their picture names the characters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from bandg.base.errors import BandgError
from bandg.models.etb.bulk import Bulk, bulk
from bandg.parameters.loader import load_set
from bandg.plot import band_path, plot_bands, save
from bandg.plot.bands import bands_with_character


@pytest.fixture(scope="module", params=["nestoklon2023-standin", "kashikar2021"])
def crystal(request: pytest.FixtureRequest) -> Bulk:
    return bulk(load_set(request.param))


def draw(crystal: Bulk, window: tuple[float, float] = (-6, 6)) -> Figure:
    return plot_bands(crystal, "some-set", window, n_per_segment=8)[0].figure


def test_corners_and_lengths(crystal: Bulk) -> None:
    distances, energies, ticks = band_path(crystal.hamiltonian, n_per_segment=7)
    assert distances.shape == (36,) and energies.shape == (36, crystal.hamiltonian.dimension)
    assert [name for _, name in ticks] == ["Gamma", "X", "M", "R", "Gamma", "M"]
    unit = np.pi / crystal.hamiltonian.a_nm
    assert np.diff([d for d, _ in ticks]) == pytest.approx(unit * np.sqrt([1, 1, 1, 3, 2]))
    assert distances[::7] == pytest.approx([d for d, _ in ticks])
    assert np.all(np.diff(distances) > 0)


def test_the_gap_along_the_path_is_that_at_R(crystal: Bulk) -> None:
    distances, energies, ticks = band_path(crystal.hamiltonian, n_per_segment=10)
    occupied = int(np.sum(energies[30] < crystal.valence.energy + 1e-6))
    assert np.all(np.argmax(energies[:, occupied - 1]) == 30) and np.argmin(energies[:, occupied]) == 30
    gap = energies[30, occupied] - energies[30, occupied - 1]
    assert gap == pytest.approx(crystal.E_g, abs=1e-9)
    assert distances[30] == ticks[3][0]


def test_bands_are_doubly_degenerate(crystal: Bulk) -> None:
    _, energies, _ = band_path(crystal.hamiltonian, n_per_segment=5)
    assert energies[:, ::2] == pytest.approx(energies[:, 1::2], abs=1e-9)


def test_weights_are_those_of_the_band_edges(crystal: Bulk) -> None:
    """At R the weights equal the character of the levels, found there by another route."""
    bands = bands_with_character(crystal.hamiltonian, n_per_segment=4)
    at_R = bands.weights[12]
    level = 0
    for edge in (crystal.valence, crystal.conduction):
        level = int(np.argmin(np.abs(bands.energies[12] - edge.energy)))
        (character,) = (one.character for one in crystal.levels if abs(one.energy - edge.energy) < 1e-6)
        expected = [character.get(name, 0.0) for name in ("Pb s", "X p", "Pb p")]
        assert at_R[level] == pytest.approx(expected, abs=1e-9)
    assert at_R[level, 2] > 0.8 and bands.weights.sum(axis=-1).max() < 1 + 1e-9


def test_panels_and_legend(crystal: Bulk) -> None:
    figure = draw(crystal)
    assert [axes.get_title() for axes in figure.axes] == ["Pb $s$", "X $p$", "Pb $p$"]
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts[0] == "bands of some-set" and len(texts) == 4
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == ["Γ", "X", "M", "R", "Γ", "M"]
    assert "valence-band top" in figure.axes[0].get_ylabel()
    assert any(f"{crystal.E_g:.3f} eV" in text.get_text() for text in figure.axes[0].texts)
    assert all(len(axes.collections) == 1 for axes in figure.axes)


def test_the_valence_band_top_is_the_zero(crystal: Bulk) -> None:
    axes = draw(crystal).axes[0]
    tops = [line.get_ydata() for line in axes.lines if len(line.get_xdata()) > 2]
    assert min(abs(np.max(band)) for band in tops) < 1e-9
    _, energies, _ = band_path(crystal.hamiltonian, n_per_segment=8)
    energies = energies - crystal.valence.energy
    inside = np.sum((energies.min(axis=0) <= 6) & (energies.max(axis=0) >= -6))
    assert 2 * len(tops) == inside  # one line for two Kramers partners


def test_a_window_without_the_gap_says_nothing_of_it(crystal: Bulk) -> None:
    assert [text.get_text() for text in draw(crystal, (-6, -1)).axes[0].texts] == ["(a)"]


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "bands.png"
    save(plot_bands(bulk(load_set("kashikar2021")), "kashikar2021", n_per_segment=2), path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_errors_are_one_line(crystal: Bulk) -> None:
    def refusal(function: object, *arguments: object, **options: object) -> str:
        with pytest.raises(BandgError) as caught:
            function(*arguments, **options)
        assert len(str(caught.value).splitlines()) == 1
        return str(caught.value)

    assert "window_eV" in refusal(plot_bands, crystal, "x", (2.0, 2.0))
    assert "window_eV" in refusal(plot_bands, crystal, "x", (float("nan"), 2.0))
    assert "Gamma, X, M, R" in refusal(band_path, crystal.hamiltonian, ("Gamma", "K"))
    assert "two points" in refusal(band_path, crystal.hamiltonian, ("Gamma",))
    assert "different" in refusal(band_path, crystal.hamiltonian, ("Gamma", "Gamma"))
    assert "n_per_segment" in refusal(band_path, crystal.hamiltonian, n_per_segment=0)
