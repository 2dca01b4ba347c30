"""Pictures of spin traces."""

from dataclasses import replace

import numpy as np
import pytest

from bandg.base.errors import BandgError
from bandg.plot.spin import plot_spin
from bandg.spin import Traces, decay, fit


@pytest.fixture(scope="module")
def found():
    t, rng = np.arange(5, 900, 5.0), np.random.default_rng(0)
    fields = np.array([0.1, 0.2, 0.42])
    clean = np.cos(decay.larmor(1.41, fields)[:, None] * t / 1000) * np.exp(-t / 200)
    traces = Traces.of(t, fields, clean + rng.normal(0, 0.02, clean.shape), energy_eV=1.911, sample="$4")
    return fit(traces, components=1, decay="exponential", slow=False, separately=True)


def test_a_picture_has_traces_components_and_both_lines(found):
    import matplotlib.pyplot as plt

    axes = plot_spin(found)
    try:
        assert len(axes[0].lines) == 6
        assert [text.get_text() for text in axes[0].texts] == ["100 mT", "200 mT", "420 mT", "(a)"]
        line = axes[2].lines[0]
        assert line.get_ydata()[-1] == pytest.approx(decay.larmor(1.41, line.get_xdata()[-1] / 1000), rel=0.02)
        t2 = next(one for one in axes[3].lines if len(one.get_xdata()) > 3)
        assert t2.get_ydata() == pytest.approx(200, rel=0.1)
        assert "\\$4, 1.911 eV" in axes[0].figure.get_suptitle()
    finally:
        plt.close(axes[0].figure)


def test_other_numbers_of_axes_are_refused(found):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2)
    with pytest.raises(BandgError, match="this picture needs 4"):
        plot_spin(found, axes)
    plt.close(figure)


def test_the_hole_has_its_color_even_if_its_g_is_the_larger(found):
    import matplotlib.pyplot as plt

    from bandg.plot.palette import LINES

    for names, place in (((), 0), (("e",), 0), (("h",), 1)):
        axes = plot_spin(replace(found, names=names))
        assert [axes[1].lines[2].get_color(), axes[2].lines[0].get_color()] == [LINES[place]] * 2
        plt.close(axes[0].figure)
