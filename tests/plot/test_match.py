"""The picture of a match shows the sample, the candidates, and posteriors that are as high as they are probable."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from bandg import BandgError, match
from bandg.plot.match import plot_match

SET = "bandg-cspbi3-nnn"


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def found():
    return match((1.911, 0.01), (1.41, 0.05), "|0.91|", set=SET, shape="cube")


def heights(axes):
    """Sum of the outlines of the histograms."""
    return sum(patch.get_data().values.sum() for patch in axes.patches if not patch.get_fill())


def test_one_sample(found):
    axes = plot_match(found)
    by_label = {one.get_xlabel(): one for one in axes}
    assert axes[0].get_ylabel() == r"$g_{\mathrm{e}}$"
    assert next(list(line.get_xydata()[0]) for line in axes[0].lines if len(line.get_xdata()) == 1) == [1.911, 1.41]
    assert heights(by_label["Size (nm)"]) == pytest.approx(1, abs=0.02)
    assert heights(by_label[r"Screening, $1/\varepsilon$"]) == pytest.approx(1)
    thick = max((line for line in axes[0].lines if len(line.get_xdata()) > 1), key=lambda line: line.get_linewidth())
    fit = found.samples[0].fits[0]
    expected = fit.emulator.evaluate(
        {name: fit.best[name] for name in fit.best if name not in ("size_nm", "inverse_eps")},
        fit.best["inverse_eps"],
        size_nm=[fit.best["size_nm"]],
    )
    energy, g_e = thick.get_data()
    assert np.interp(-expected.energy_eV[0], -energy, g_e) == pytest.approx(expected.g_e[0], abs=1e-3)


def test_what_is_fixed_has_no_panel():
    axes = plot_match(match(1.911, 1.41, set=SET, fix=["inverse_eps=0.1", "occupancy=1"]))
    labels = [one.get_xlabel() for one in axes]
    assert "Size (nm)" in labels and not any("Screening" in one or "Surface" in one for one in labels)


def test_panels_labels_and_axes_are_chosen(found):
    _, ax = plt.subplots(1, 2)
    axes = plot_match(found, ax=ax, panels=["g_e", "size"], labels=["mine"])
    assert [text.get_text() for text in axes[0].get_legend().get_texts()] == ["mine", "measured"]
    with pytest.raises(BandgError, match="`panels` has 'g_bx', which this picture has not"):
        plot_match(found, panels="g_bx")


def test_where_nothing_fits_there_is_no_posterior():
    axes = plot_match(match(1.911, (6.0, 0.05), set=SET))
    assert [one.get_ylabel() for one in axes] == [r"$g_{\mathrm{e}}$", r"$g_{\mathrm{h}}$"]
    assert "does not fit" in axes[0].figure.legends[0].get_texts()[0].get_text()


def test_several_samples_have_intervals_against_energy():
    found = match(data="meliakov2025", set=SET)
    axes = plot_match(found, panels=["g_h", "size"])
    shown = sorted(float(line.get_xdata()[0]) for line in axes[1].lines if line.get_marker() == "o")
    assert shown == sorted(one.sample.energy_eV for one in found.samples if one.found)
    assert axes[0].get_xlim() == axes[1].get_xlim()


def test_several_samples_are_named_and_a_panel_has_values(tmp_path):
    """No panel for what no most probable candidate has; one that some have says whose it is not."""
    file, head = tmp_path / "mine.csv", "sample,energy_eV,g_e,g_h,material\n"
    file.write_text(f"{head}A,1.95,1.2,0.9,CsPbI3\nB,1.85,1.6,0.6,CsPbI3\n")
    axes = plot_match(match(data=str(file), set=SET))
    assert "Bromide share" not in [one.get_ylabel() for one in axes]
    for panel in axes[:3]:
        assert [text.get_text() for text in panel.texts if text.get_text() in "AB"] == ["A", "B"]
    file.write_text(f'{head}A,1.95,1.2,0.9,CsPbI3\nsecond,1.85,1.6,0.6,"CsPb(I,Br)3"\n')
    (bromide,) = plot_match(match(data=str(file), set=SET), panels=["bromide"])
    assert bromide.get_title() == "not among the unknowns of 1"
    assert "samples 1: A; 2: second" in bromide.figure.legends[0].get_title().get_text().replace("\n", " ")


def test_one_sample_is_named_in_the_legend(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("sample,energy_eV,g_e\nmy best,1.95,1.2\n")
    (axes,) = plot_match(match(data=str(file), set=SET), panels=["g_e"])
    assert "my best, measured" in [text.get_text() for text in axes.figure.legends[0].get_texts()]
