"""A picture of levels holds every curve and point that it was given, says what they are, and is written whole."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from bandg.base.errors import BandgError
from bandg.data.measured import QUANTITIES, MeasuredPoint, available_measured, load_measured
from bandg.plot import FORMATS, check_picture_path, levels_caption, plot_levels, save
from bandg.plot.curves import curves_of
from bandg.plot.levels import _apart
from bandg.plot.overlay import _look
from bandg.plot.palette import LINES
from bandg.plot.points import series_of

MAGIC = {"pdf": b"%PDF-", "png": b"\x89PNG\r\n\x1a\n", "svg": b"<?xml"}
CELLS = (12, 10, 8, 6, 5, 4)


def rows(termination: str = "halide", shape: str = "cube", name: str = "some-set", **changes: object) -> list[dict]:
    """Nanocrystals that look like those of a real set."""
    found = []
    for cells in CELLS:
        energy = 1.65 + 12 / cells**2
        g_e, g_h = 3.2 - 8 / cells, -0.3 + 6 / cells
        shift = 0.5 if termination == "lead" else 0.0
        row = {"set": name, "model": "etb", "shape": shape, "termination": termination, "center": "Pb"}
        row |= {"neighbors": 1, "size_nm": 0.6289 * cells, "E_gap_eV": energy}
        found.append(row | {"g_e": g_e - shift, "g_h": g_h, "g_bx": g_e - shift + g_h} | changes)
    return found


def dataset(*groups: list[dict], **attrs: object) -> xr.Dataset:
    table = [row for group in groups for row in group]
    return xr.Dataset({key: ("nc", [row[key] for row in table]) for key in table[0]}, attrs=attrs)


def laid_out(data: xr.Dataset, measured: tuple[MeasuredPoint, ...] = (), title: str | None = None) -> Figure:
    return plot_levels(data, measured, title)[0].figure


@contextmanager
def no_layout() -> Iterator[None]:
    """The height is not looked for, which takes most of the time: for what a picture holds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bandg.plot.levels.grow", lambda *_: None)
        yield


def draw(data: xr.Dataset, measured: tuple[MeasuredPoint, ...] = (), title: str | None = None) -> Figure:
    with no_layout():
        return laid_out(data, measured, title)


def small() -> Figure:
    """A picture that is drawn quickly, for what is a matter of the file alone."""
    figure = Figure(figsize=(2, 2))
    figure.subplots().plot([1, 2], [2, 1], label="text")
    figure.axes[0].legend()
    return figure


def curves(axes: object) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return {str(line.get_label()): line.get_data() for line in axes.lines if "cube" in str(line.get_label())}


def legend_texts(figure: Figure) -> list[str]:
    legends = [axes.get_legend() for axes in figure.axes]
    return [" ".join(text.get_text().split()) for legend in legends if legend for text in legend.get_texts()]


def refusal(function: object, *arguments: object, **options: object) -> str:
    with pytest.raises(BandgError) as caught:
        function(*arguments, **options)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


@pytest.mark.parametrize("ending", [*FORMATS, "PNG"])
def test_the_ending_chooses_the_format(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"levels.{ending}"
    save(small(), path)
    assert path.read_bytes().startswith(MAGIC[ending.lower()])
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_title_is_no_mathematics() -> None:
    """Two dollar signs would enclose a formula, here one that matplotlib cannot read."""
    figure = laid_out(dataset(rows()), title="from $5 to \\alpha_{ $10")
    figure.canvas.draw()
    assert r"from \$5 to \alpha_{ \$10" in [text.get_text() for text in figure.axes[0].texts]


def test_a_picture_is_the_same_every_time(tmp_path: Path) -> None:
    for name in ("one.svg", "two.svg", "one.pdf", "two.pdf"):
        save(small(), tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()


def test_pdf_text_stays_text(tmp_path: Path) -> None:
    save(small(), tmp_path / "a.pdf")
    assert b"/FontType 42" in (tmp_path / "a.pdf").read_bytes() or b"/CIDFontType2" in (tmp_path / "a.pdf").read_bytes()


def test_curves_are_the_numbers_and_nothing_beyond() -> None:
    data = dataset(rows("halide"), rows("lead"))
    left, right = draw(data).axes
    drawn = curves(left) | curves(right)
    assert len(curves(left)) == 4 and len(curves(right)) == 2
    for termination, label in (("halide", "halide (CsX)"), ("lead", "lead (PbX2)")):
        mine = data.where(data.termination == termination, drop=True)
        for quantity in ("g_e", "g_h", "g_bx"):
            x, y = drawn[f"{quantity} some-set (ETB): cube, {label}"]
            assert x.tolist() == mine.E_gap_eV.values.tolist()
            assert y.tolist() == mine[quantity].values.tolist()


def test_order_in_the_dataset_does_not_matter() -> None:
    data = dataset(rows())
    (line,) = curves(draw(data.isel(nc=[3, 0, 5, 1, 4, 2])).axes[1]).values()
    assert line[0].tolist() == data.E_gap_eV.values.tolist()


def test_a_missing_value_leaves_a_gap() -> None:
    data = dataset(rows())
    data["g_h"][2] = data["g_bx"][2] = np.nan
    left, right = draw(data).axes
    assert (
        np.isnan(curves(right)["g_bx some-set (ETB): cube, halide (CsX)"][1]).tolist()
        == [False] * 2 + [True] + [False] * 3
    )
    assert not np.isnan(curves(left)["g_e some-set (ETB): cube, halide (CsX)"][1]).any()


def test_terminations_differ_in_color_and_carriers_without_it() -> None:
    left = draw(dataset(rows("halide"), rows("lead"))).axes[0]
    lines = {str(line.get_label()): line for line in left.lines}
    halide_e, halide_h = (lines[f"{q} some-set (ETB): cube, halide (CsX)"] for q in ("g_e", "g_h"))
    lead_e = lines["g_e some-set (ETB): cube, lead (PbX2)"]
    assert halide_e.get_color() == halide_h.get_color() != lead_e.get_color()
    assert halide_e.get_marker() != halide_h.get_marker() and halide_e.get_linestyle() != halide_h.get_linestyle()


def test_groups_of_the_legend() -> None:
    texts = legend_texts(draw(dataset(rows("halide"), rows("lead"), rows("lead", name="other"))))
    assert texts[:3] == [
        "some-set (ETB): cube, halide (CsX)",
        "some-set (ETB): cube, lead (PbX$_{2}$)",
        "other (ETB): cube, lead (PbX$_{2}$)",
    ]
    assert len(texts) == 5 and "electron" in texts[3] and "hole" in texts[4]


def test_many_groups_all_look_different() -> None:
    data = dataset(*(rows(termination, name=f"set{n}") for n in range(5) for termination in ("halide", "lead")))
    found = curves_of(data)
    assert len(found) == 10
    assert len({(curve.color, curve.look("g_e")["marker"]) for curve in found}) == 10
    laid_out(data)


def test_centers_split_spheres_but_not_cubes() -> None:
    mixed = [row | {"center": "Pb" if n % 2 else "Cs"} for n, row in enumerate(rows())]
    assert len(curves_of(dataset(mixed))) == 1
    spheres = [row | {"shape": "sphere"} for row in mixed]
    assert [curve.label for curve in curves_of(dataset(spheres))] == [
        "some-set (ETB): sphere, halide (CsX), centered on Cs",
        "some-set (ETB): sphere, halide (CsX), centered on Pb",
    ]


def test_neighbors_split_where_they_differ() -> None:
    labels = [curve.label for curve in curves_of(dataset(rows(), rows(neighbors=2)))]
    assert labels == [
        "some-set (ETB): cube, halide (CsX), neighbors 1",
        "some-set (ETB): cube, halide (CsX), neighbors 2",
    ]


def test_every_measured_point_lies_inside_the_frame() -> None:
    points = (*load_measured("meliakov2025"), *load_measured("checks"))
    left, right = draw(dataset(rows()), points).axes
    for point in points:
        if point.energy_eV is None:
            continue
        axes = right if point.quantity == "g_bx" else left
        assert axes.get_xlim()[0] < point.energy_eV < axes.get_xlim()[1]
        assert axes.get_ylim()[0] < point.value < axes.get_ylim()[1]
        near = [
            np.abs(np.transpose(line.get_data()) - (point.energy_eV, point.value)).sum(axis=1) for line in axes.lines
        ]
        assert min(distance.min() for distance in near) < 1e-12


def test_a_magnitude_is_open_and_a_flat_range_a_bar() -> None:
    left, right = draw(dataset(rows()), load_measured("meliakov2025")).axes
    at = {(line.get_xdata()[0], line.get_ydata()[0]): line for line in left.lines if len(line.get_xdata()) == 1}
    assert at[1.911, 1.41].get_markerfacecolor() == "none" and at[1.911, 0.91].get_markerfacecolor() == "none"
    assert at[1.69, 2.3].get_markerfacecolor() == "#000000"
    bars = {tuple(line.get_xdata()): line for line in right.lines if 2.2 in line.get_ydata()}
    assert set(bars) == {(1.69, 1.911), (1.911, 2.25)}
    assert bars[1.69, 1.911].get_linestyle() == "-" and bars[1.911, 2.25].get_linestyle() != "-"


def test_what_contains_theory_is_marked() -> None:
    figure = draw(dataset(rows()), load_measured("meliakov2025"))
    assert "dotted or cross: contains theory" in legend_texts(figure)
    points = (MeasuredPoint(1.8, "g_e", 1.0), MeasuredPoint(1.9, "g_e", 1.1, evidence="contains-theory"))
    axes = draw(dataset(rows()), points).axes[0]
    marks = {line.get_xdata()[0]: line.get_marker() for line in axes.lines if len(line.get_xdata()) == 1}
    assert marks[1.9] == "x" and marks[1.8] == "o"
    assert "dotted or cross: contains theory" not in legend_texts(draw(dataset(rows()), points[:1]))


def test_the_legend_says_what_the_points_are() -> None:
    figure = laid_out(dataset(rows("lead")), load_measured("meliakov2025"))
    texts = legend_texts(figure)
    assert "Meliakov et al. 2025, stated in the text (nanocrystals in glass, 6 K)" in texts
    assert "open: stated as a magnitude" in texts and "bar: stated as a range, not as points" in texts
    assert figure.axes[0].get_legend().get_title().get_text() == "Calculated, without exciton binding"
    notes = " ".join(levels_caption(dataset(rows("lead")), load_measured("meliakov2025")))
    assert "exciton binding" in notes and "g_e = +1.58, g_h = +0.72" in notes and "(N-1)a" in notes


def test_series_of_several_materials_are_told_apart() -> None:
    groups = series_of((*load_measured("meliakov2025"), *load_measured("checks")), ("#CC79A7", "#E69F00"))
    assert "Kirstein et al. 2022, transcribed (MAPbI3)" in [group.label for group in groups]
    assert "Meliakov et al. 2025, transcribed (colloidal CsPbI3 NCs, 7.2 nm, 200 K)" in [
        group.label for group in groups
    ]
    assert len({group.color for group in groups}) == len(groups) == 6
    assert all(mark.is_range for group in groups[1:4] for mark in group.marks)


def test_twenty_samples_and_curves_all_look_different() -> None:
    points = [MeasuredPoint(1.8, "g_e", 1.0, sample=f"#{n}") for n in range(20)]
    looks = [group.look() for group in series_of(points, ("#000000", "#CC79A7"))]
    assert len({(look["markeredgecolor"], look["marker"]) for look in looks}) == 20
    lines = [_look(number, "g_e", LINES[number % len(LINES)]) for number in range(20)]
    assert len({(look["color"], look.get("marker")) for look in lines}) == 20


def test_a_bound_has_an_arrow() -> None:
    points = [MeasuredPoint(1.8, "g_h", 0.1, kind=kind) for kind in ("upper-bound", "lower-bound")]
    axes = draw(dataset(rows()), tuple(points)).axes[0]
    assert {"v", "^"} <= {line.get_marker() for line in axes.lines}


def test_own_points_are_named_by_their_file() -> None:
    own = MeasuredPoint(1.8, "g_e", 2.0, error=0.3, source="/some/where/my$points.csv")
    figure = draw(dataset(rows()), (own,))
    assert r"my\$points.csv" in legend_texts(figure)
    assert len(figure.axes[0].containers) == 1  # the error bar


def test_every_quantity_that_can_be_measured_is_drawn() -> None:
    points = tuple(MeasuredPoint(1.8, quantity, 1.0) for quantity in QUANTITIES)
    (group,) = series_of(points)
    assert [mark.quantity for mark in group.marks] == ["g_e", "g_h", "g_bx", "g_e", "g_h", "g"]
    assert [mark.signed for mark in group.marks] == [True, True, True, False, False, False]
    axes = draw(dataset(rows()), points).axes
    assert [sum(line.get_marker() == "8" for line in one.lines) for one in axes] == [1, 0]


def test_bulk_values_come_from_the_attributes() -> None:
    figure = draw(dataset(rows(), bulk_E_gap_eV=1.652, bulk_g_e=3.239, bulk_g_h=-0.338))
    stars = [[line for line in axes.lines if line.get_marker() == "*"] for axes in figure.axes]
    assert [line.get_ydata()[0] for line in stars[0]] == [3.239, -0.338]
    assert stars[1][0].get_ydata()[0] == pytest.approx(2.901)
    assert any("1.652 eV" in text for text in legend_texts(figure))


def test_why_there_is_no_bulk_value_is_said() -> None:
    data = dataset(rows(), bulk_missing="No bulk limit is drawn: tilted.")
    figure = draw(data)
    assert levels_caption(data, "none")[-1] == "No bulk limit is drawn: tilted."
    assert not any(line.get_marker() == "*" for axes in figure.axes for line in axes.lines)


def provenance(material: str, second: object = None) -> dict[str, str]:
    return {"provenance": json.dumps({"parameters": {"material": material}, "second": second})}


SOURCE_NAMES = {point.source_name for name in available_measured() for point in load_measured(name)}


def test_only_points_of_the_material_are_drawn_unless_asked_for() -> None:
    def sources(found: xr.Dataset, **options: object) -> set[str]:
        with no_layout():
            texts = legend_texts(plot_levels(found, **options)[0].figure)
        return {name for name in SOURCE_NAMES if any(name in text for text in texts)}

    assert sources(dataset(rows(), **provenance("CsPbI3"))) == {"Meliakov et al. 2025"}
    assert sources(dataset(rows(), **provenance("CsPbBr3"))) == {"Kirstein et al. 2022"}
    assert sources(dataset(rows(), **provenance("CsPbI3", {"name": "other"}))) == set()
    assert sources(dataset(rows(), **provenance("CsPbI3")), data="none") == set()
    assert sources(dataset(rows(name="bandg-cspbbr3"))) == {"Kirstein et al. 2022"}
    assert sources(dataset(rows(), **provenance("CsPbBr3")), data=["meliakov2025"]) == {"Meliakov et al. 2025"}
    chloride = levels_caption(dataset(rows(), **provenance("CsPbCl3")))
    assert "No measured points of CsPbCl3 ship" in chloride[-1]


def test_legends_hang_below_the_frames_and_do_not_meet() -> None:
    data = dataset(rows("halide", name="a-rather-long-name-of-a-parameter-set"), rows("lead"))
    figure = laid_out(data, (*load_measured("meliakov2025"), *load_measured("checks")), title="both")
    figure.draw_without_rendering()
    left, right = (axes.get_legend().get_window_extent() for axes in figure.axes)
    assert left.x1 < right.x0
    for axes, legend in zip(figure.axes, (left, right), strict=True):
        assert legend.y1 < axes.xaxis.label.get_window_extent().y0
    assert min(left.y0, right.y0) >= 0 and max(left.x1, right.x1) <= figure.bbox.x1
    frames = sum(axes.get_window_extent().height for axes in figure.axes) / 2
    assert frames == pytest.approx(2.35 * figure.dpi, rel=0.03)  # legends take nothing from the frames


def test_sizes_above_the_frame_do_not_overlap() -> None:
    for axes in laid_out(dataset(rows("halide"), rows("lead"))).axes:
        numbers = [text for text in axes.texts if re.fullmatch(r"[\d.]+( nm)?", text.get_text())]
        boxes = [text.get_window_extent() for text in numbers]
        assert {"7.5", "2.5 nm"} <= {text.get_text() for text in numbers}
        assert not any(one.overlaps(other) for n, one in enumerate(boxes) for other in boxes[:n])


@pytest.mark.parametrize(
    "places, labeled",
    [([0], [0]), ([0, 10, 40, 45], [0, 3]), ([0, 5], [0]), ([0, 20, 40], [0, 1, 2]), ([30, 0, 35, 60], [0, 1, 3])],
)
def test_labels_keep_apart_and_hold_the_last_size(places: list[float], labeled: list[int]) -> None:
    assert _apart(np.array(places, dtype=float)) == labeled


def test_one_nanocrystal_is_enough() -> None:
    left, _ = plot_levels(dataset(rows()[:1]))
    assert [len(line.get_xdata()) for line in left.lines if "cube" in str(line.get_label())] == [1, 1]


def test_pictures_go_on_the_axes_that_are_given() -> None:
    import matplotlib.pyplot as plt

    figure, (first, second, other) = plt.subplots(1, 3)
    assert plot_levels(dataset(rows()), load_measured("meliakov2025"), "mine", ax=(first, second)) == (first, second)
    assert len(curves(first)) == 2 and len(curves(second)) == 1 and first.get_title() == "mine"
    assert plot_levels(dataset(rows()), ax=other) == (other,)
    assert len(curves(other)) == 2 and plt.get_fignums() == [figure.number]
    assert any("Meliakov et al. 2025" in text for text in legend_texts(figure))
    with plt.rc_context({"axes.labelsize": 31.0}):
        (mine,) = plot_levels(dataset(rows()), ax=plt.figure().subplots())
        assert mine.xaxis.label.get_fontsize() == 31.0  # on given axes the user's own settings hold


def test_errors_are_one_line_and_leave_nothing(tmp_path: Path) -> None:
    data = dataset(rows())
    assert "E_gap_eV" in refusal(plot_levels, data.drop_vars("E_gap_eV"))
    assert "nothing to draw" in refusal(plot_levels, data.isel(nc=[]))
    assert "ax must be matplotlib axes" in refusal(plot_levels, data, ax="left")
    picture = draw(data)
    assert "ax holds 3 axes: this picture needs 1 to 2" in refusal(
        plot_levels, data, ax=[*picture.axes, picture.axes[0]]
    )
    for name, expected in {"a.jpg": ".pdf, .png, .svg", "a": "no extension", ".png": "no extension"}.items():
        assert expected in refusal(save, picture, tmp_path / name)
    assert "does not exist" in refusal(save, picture, tmp_path / "absent" / "a.png")
    assert "cannot write" in refusal(save, picture, tmp_path / ("x" * 300 + ".png"))
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "folder.png").mkdir()
    assert "null" in refusal(save, picture, "a\0.png")
    assert "it is a folder" in refusal(save, picture, tmp_path / "folder.png")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_directory_without_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        assert "permission" in refusal(save, small(), tmp_path / "a.png")
    finally:
        tmp_path.chmod(0o700)


def test_a_failure_while_writing_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    assert "No space left" in refusal(save, small(), path)
    assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target.png", tmp_path / "link.png"
    link.symlink_to(target)
    save(small(), link)
    assert link.is_symlink() and target.read_bytes().startswith(MAGIC["png"])


def test_check_picture_path_tells_the_format(tmp_path: Path) -> None:
    assert check_picture_path(tmp_path / "a.SVG") == "svg"


def test_the_user_settings_neither_matter_nor_change() -> None:
    import matplotlib

    with matplotlib.rc_context({"font.size": 31.0, "text.usetex": True}):
        figure = draw(dataset(rows()))
        assert matplotlib.rcParams["font.size"] == 31.0
        assert figure.axes[0].xaxis.label.get_fontsize() == 8.0 and not figure.axes[0].xaxis.label.get_usetex()


def test_matplotlib_comes_late() -> None:
    code = "import sys, bandg.plot; assert not {'matplotlib', 'xarray'} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
