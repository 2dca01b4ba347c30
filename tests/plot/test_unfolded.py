"""The picture of unfolded bands: markers at the levels, with the area and opacity of their weights."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgba_array

import bandg
from bandg.base.errors import BandgError
from bandg.plot.unfolded import plot_unfolded, unfolded_bands


def test_markers_are_the_levels_with_their_weights() -> None:
    found = bandg.bulk("kashikar2021", tilt="a0a0c+", angles=10)
    bands = unfolded_bands(found, n_per_segment=3)
    assert bands.weights.sum(axis=(1, 2)) == pytest.approx(np.full(16, found.ideal.hamiltonian.dimension))
    axes = plot_unfolded(found, "some-set", (-2.0, 3.0), n_per_segment=3)
    [markers] = axes.collections
    energies, weights = bands.energies - found.valence.energy, bands.weights[:, :, 0]
    seen = (weights > 0.02) & (energies > -2) & (energies < 3)
    assert np.asarray(markers.get_offsets())[:, 1] == pytest.approx(energies[seen])
    assert markers.get_sizes() == pytest.approx(14 * weights[seen])
    assert to_rgba_array(markers.get_facecolor())[:, 3] == pytest.approx(weights[seen].clip(0, 1))
    assert "turned by 0.0, 0.0, 10.0" in axes.get_title()
    with pytest.raises(BandgError, match="window_eV"):
        plot_unfolded(found, "some-set", (1.0, 1.0))
