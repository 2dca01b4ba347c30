"""The tornado plot of sensitivities: nothing of it is cut or overlaps at the widths of a journal."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import pytest

from bandg.plot.tornado import plot_tornado


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def effects():
    """Effects of three parameters on one nanocrystal, as far as the plot reads them."""
    paths = ("spin_orbit.Pb.p", "hopping.Pb-X.p-p.sigma", "onsite.X.p")
    rows = [
        {"path": path, "effect_g_e": 0.07 / n, "effect_g_h": -0.04 / n, "effect_g_bx": 0.03 / n}
        for n, path in enumerate(paths, start=1)
    ]
    crystal = SimpleNamespace(size_nm=6.289, shape="cube", termination="halide")
    return SimpleNamespace(
        parameters=SimpleNamespace(name="nestoklon2023-standin"),
        steps=[SimpleNamespace(path=path, size=0.1, unit="eV") for path in paths],
        found=[SimpleNamespace(nanocrystal=crystal)],
        rows=lambda number: rows,
    )


@pytest.mark.parametrize("width", ["86mm", "178mm"])
def test_title_and_keys_lie_within_the_picture_and_beside_each_other(width):
    figure = plot_tornado(effects(), width=width)[0].figure
    figure.canvas.draw()
    boxes = [one.get_window_extent() for one in (figure._suptitle, *figure.legends)]
    if figure._supxlabel is not None:
        boxes.append(figure._supxlabel.get_window_extent())
    for n, box in enumerate(boxes):
        assert box.x0 >= 0 and box.x1 <= figure.bbox.width and box.y0 >= 0 and box.y1 <= figure.bbox.height
        assert not any(box.overlaps(other) for other in boxes[:n])
