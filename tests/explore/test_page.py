"""The page of `bandg explore` in a browser: its numbers are Python's, and the keyboard reaches everything."""

from __future__ import annotations

import base64
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator

from bandg.analysis.emulators.emulator import Emulator
from bandg.analysis.emulators.stored import load_emulator, stored_names
from bandg.analysis.match.candidate import errors
from bandg.data.compare import TheoryCurve, compare
from bandg.data.curves import read_curves
from bandg.data.measured import load_measured

QUANTITIES = ("g_e", "g_h", "g_bx")


def python_curve(emulator: Emulator, state: dict[str, Any], sizes: list[float]) -> TheoryCurve:
    """The curve of a state at these sizes by Python alone."""
    found = emulator.evaluate(state["knobs"], state["inverse_eps"], state["size_spread"], sizes)
    order = np.argsort(found.energy_eV)
    values = {name: getattr(found, name)[order] for name in ("g_e", "g_h", "g_bx")}
    return TheoryCurve("python", found.energy_eV[order], values, np.array(sizes)[order])


def python_errors(emulator: Emulator, knobs: dict[str, float], curve: TheoryCurve, energy: Any) -> dict[str, Any]:
    """Errors by quantity at energies (m,): those of `bandg match` at a size, with that of the energy by the slope."""
    stretch = emulator.sizes(list(knobs.values()))[0] / emulator.size_nm[0]
    size = PchipInterpolator(curve.energy, curve.size_nm)(energy)
    of_energy, g_e, g_h, _ = errors(emulator, np.log(size / stretch)).T
    low, high = np.clip([energy - 1e-4, energy + 1e-4], curve.energy[0], curve.energy[-1])
    own = {"g_e": g_e, "g_h": g_h, "g_bx": np.hypot(g_e, g_h)}
    slope = {name: (value_at(curve, name, high) - value_at(curve, name, low)) / (high - low) for name in own}
    return {name: np.hypot(own[name], slope[name] * of_energy) for name in own}


def value_at(curve: TheoryCurve, quantity: str, energy: Any) -> Any:
    """g between the points of a curve; the page interpolates g_e and g_h."""
    parts = ("g_e", "g_h") if quantity == "g_bx" else (quantity,)
    return sum(curve.at(one, energy) for one in parts)


def test_20_states_give_the_numbers_of_python(opened: Any, emulators: list[Emulator]) -> None:
    draw = np.random.default_rng(18)
    points = load_measured("meliakov2025")
    states, texts = [], []
    for _ in range(20):
        emulator = emulators[draw.integers(2)]
        knobs = {one.name: draw.uniform(one.low, one.high) for one in emulator.knobs}
        common = {"inverse_eps": draw.uniform(0, 0.227), "size_spread": draw.uniform(0, 0.1) * draw.integers(2)}
        numbers = "&".join(f"{name}={float(value)!r}" for name, value in (knobs | common).items())
        states.append((emulator, {"knobs": knobs, **common}))
        texts.append(f"set={emulator.set}&shape={emulator.shape}&{numbers}")
    shown = opened.evaluate(
        "texts => texts.map((text) => { Page.load(text); "
        "return [Page.curve().points, Page.summary()[0], document.getElementById('outside').textContent, "
        "Picture.shown('carriers').line, Picture.shown('carriers').band]; })",
        texts,
    )
    assert {bool(one[2]) for one in shown} == {True, False}
    for (emulator, state), found in zip(states, shown, strict=True):
        curve = python_curve(emulator, state, found[0]["size_nm"])
        assert (found[2] == "") == emulator.holds(list(state["knobs"].values()))
        assert len(curve.energy) > 20 and np.ptp(curve.energy) > 0.2
        np.testing.assert_allclose(found[0]["energy_eV"], curve.energy, atol=1e-9)
        for quantity in QUANTITIES:
            np.testing.assert_allclose(found[0][quantity], curve.values[quantity], atol=1e-9)
        exact = ((0.0,) * len(emulator.size_nm),) * 4
        for one, drawn in ((replace(emulator, band=None), found[3]), (replace(emulator, error_rms=exact), found[4])):
            place = draw.integers(len(drawn["energy"]), size=30)
            energy = np.clip(np.array(drawn["energy"])[place], *curve.energy[[0, -1]])
            for quantity, error in python_errors(one, state["knobs"], curve, energy).items():
                for end, sign in (("low", -1), ("high", 1)):
                    expected = value_at(curve, quantity, energy) + sign * error
                    np.testing.assert_allclose(np.array(drawn[f"{quantity}_{end}"])[place], expected, atol=1e-8)
        off = [one.residual for one in compare(curve, points).judged]
        inside = [one for one in off if np.isfinite(one)]
        assert (found[1]["inside"], found[1]["outside"]) == (len(inside), len(off) - len(inside))
        assert found[1]["rms"] == pytest.approx(np.sqrt(np.mean(np.square(inside))), abs=1e-9)
        means = {one["quantity"]: one["mean"] for one in found[1]["each"]}
        electrons = [
            one.residual for one in compare(curve, points).judged if one.quantity == "g_e" and np.isfinite(one.theory)
        ]
        assert means["g_e"] == pytest.approx(np.mean(electrons), abs=1e-9)


@pytest.mark.parametrize(("name", "shape"), stored_names())
def test_states_of_the_emulators_that_ship_give_the_numbers_of_python(opened: Any, name: str, shape: str) -> None:
    emulator, draw = load_emulator(name, shape), np.random.default_rng(18)
    states = [
        {"knobs": {one.name: draw.uniform(one.low, one.high) for one in emulator.knobs}, "inverse_eps": 0.1}
        | {"size_spread": 0.05 * (n % 2)}
        for n in range(20)
    ]
    sizes = np.linspace(1.2 * emulator.size_nm[0], 0.8 * emulator.size_nm[-1], 12).tolist()
    shown = opened.evaluate(
        "([one, states, sizes]) => states.map((state) => "
        "[Curve.evaluate(one, state, sizes), Curve.holds(one, state.knobs)])",
        [asdict(replace(emulator, checks=())), states, sizes],
    )
    for state, (found, holds) in zip(states, shown, strict=True):
        curve = emulator.evaluate(state["knobs"], state["inverse_eps"], state["size_spread"], sizes)
        for quantity in ("energy_eV", *QUANTITIES):
            np.testing.assert_allclose(found[quantity], getattr(curve, quantity), atol=1e-9)
        assert holds == emulator.holds(list(state["knobs"].values()))


def test_the_shift_of_the_exciton_ends_at_that_of_the_bulk(opened: Any, emulators: list[Emulator]) -> None:
    """In a crystal of 1000 nm the lowest state of a sphere would bind less than the bulk exciton does."""
    size = np.array([3.0, 20.0, 1000.0])
    shown = opened.evaluate("sizes => sizes.map((one) => Curve.exciton(DATA.emulators[0], one, 0.2))", size.tolist())
    np.testing.assert_allclose(shown, emulators[0].transition(np.zeros(3), size, 0.2), atol=1e-12)
    assert shown[2] == pytest.approx(-0.08 * 13.605693 * 0.2**2, rel=1e-6)


def test_a_slider_moves_the_curve_and_the_address_keeps_it(opened: Any) -> None:
    opened.evaluate("Page.load('shape=cube')")
    before = opened.evaluate("Page.curve().points.g_h")
    opened.focus("#knob-potential")
    for _ in range(5):
        opened.keyboard.press("ArrowRight")
    opened.wait_for_function("location.hash.includes('potential=0.0')")
    after = opened.evaluate("[Page.curve().points.g_h, Page.state.knobs.potential, location.hash]")
    assert after[1] == pytest.approx(0.04, abs=1e-9)  # a hundredth of the range for each press
    assert max(abs(np.subtract(after[0], before))) > 0.001
    opened.evaluate("history.replaceState(null, '', '#shape=cube&potential=0.1'); Page.load('shape=sphere')")
    opened.evaluate("hash => { location.hash = hash; }", after[2])
    opened.wait_for_function("Page.state.shape === 'cube'")
    assert opened.evaluate("Page.curve().points.g_h") == after[0]
    opened.evaluate("location.hash = 'shape=cube&nonsense=1'")
    opened.wait_for_function("document.getElementById('refused').textContent.includes('nonsense')")


def test_another_curve_takes_its_own_defaults_and_what_was_moved_within_its_ranges(opened: Any) -> None:
    def choose(shape: str) -> tuple[dict[str, float], str]:
        opened.select_option("#choose-shape", shape)
        return opened.evaluate("Page.state.knobs"), opened.text_content("#kept")

    opened.evaluate("Page.load('shape=cube')")
    assert choose("sphere") == ({"occupancy": 0.8, "potential": 0, "strain": 0}, "")
    opened.evaluate("Page.load('shape=cube&occupancy=0.3&potential=-0.4&tilt=5&inverse_eps=0.1')")
    said = "Not kept: surface potential: −0.4 (not from −0.2 to 0.4: −0.2 is used); "
    said += "tilt: 5 (this curve has no such slider)."
    assert choose("sphere") == ({"occupancy": 0.3, "potential": -0.2, "strain": 0}, said)
    opened.wait_for_function("location.hash.includes('potential=-0.2&strain=0&inverse_eps=0.1')")
    shown = opened.evaluate("[Page.curve().points, Page.load(location.hash.slice(1)), Page.curve().points]")
    assert shown[0] == shown[2]  # the address opens the same curve
    assert opened.text_content("#refused") == opened.text_content("#kept") == ""


def test_a_slider_returns_to_its_default_and_its_ends(opened: Any) -> None:
    opened.evaluate("Page.load('shape=sphere&inverse_eps=0.1')")
    for slider, value, became in (
        ("occupancy", 0.5043, 0.5),
        ("occupancy", 0.8004, 0.8),
        ("inverse_eps", 0.2271, 1 / 4.4),
        ("potential", -0.1999, -0.2),
        ("potential", -0.1211, -0.121),
    ):
        moved = (
            "([id, value]) => Object.assign(document.getElementById(id), { value }).dispatchEvent(new Event('input'))"
        )
        opened.evaluate(moved, [f"knob-{slider}", value])
        assert opened.evaluate("name => Page.state.knobs[name] ?? Page.state[name]", slider) == became
    assert opened.text_content("#knobs .knob:nth-of-type(2) output") == "−0.121 eV"
    assert opened.text_content("#knobs .knob:nth-of-type(2) small") == "−0.20.4"


def test_axes_follow_a_curve_that_leaves_them_unless_the_user_has_zoomed(opened: Any) -> None:
    y_range = "Bokeh.documents.map((one) => one.get_model_by_name('exciton')).find(Boolean).y_range"

    def moved(slider: str, value: float) -> tuple[float, float, float, float]:
        opened.evaluate(
            """([id, value]) => new Promise((done) => {
                const old = Page.curve(), wait = () => requestAnimationFrame(Page.curve() === old ? wait : done);
                Object.assign(document.getElementById(id), { value }).dispatchEvent(new Event("input"));
                wait();
            })""",
            [f"knob-{slider}", value],
        )
        own = opened.evaluate("Picture.shown('exciton').line.g_bx.filter(Number.isFinite)")
        return (*opened.evaluate(f"[{y_range}.start, {y_range}.end]"), min(own), max(own))

    opened.evaluate("Page.load('shape=cube&hide=meliakov2025,checks')")
    before = moved("tilt", 0.1)
    assert before[:2] == moved("tilt", 0.2)[:2]
    low, high, least, most = moved("tilt", 12)
    assert least < before[0] or most > before[1], "the curve has left the old frame"
    assert low < least and most < high
    opened.evaluate(f"{y_range}.setv({{ start: 1.9, end: 2 }})")
    assert moved("tilt", 0)[:2] == (1.9, 2)


def test_what_is_not_understood_in_the_address_is_said_with_what_is_used(opened: Any) -> None:
    def said(state: str) -> str:
        opened.evaluate("state => Page.load(state)", state)
        return str(opened.text_content("#refused"))

    begin = "Not understood in the address: "
    assert said("shape=ball") == begin + "shape=ball (there is none: cube is shown)."
    assert said("occupancy=much&tilt=40&potential=") == begin + (
        "occupancy=much (not from 0 to 1: 1 is used); potential= (not from −0.4 to 0.4: 0 is used); "
        "tilt=40 (not from 0 to 12: 12 is used)."
    )
    assert opened.evaluate("Page.state.knobs") == {"occupancy": 1, "potential": 0, "tilt": 12}
    assert said("nonsense=1&occupancy=0.5&occupancy=0.7") == begin + (
        "nonsense=1 (no slider of this curve: left out); occupancy=0.5 (given more than once: the first is used)."
    )
    assert said("hide=mine") == begin + "hide=mine (the points here are meliakov2025, checks)."
    assert said("shape=sphere&occupancy=1e-1&hide=checks") == ""
    assert said("") == ""


def test_the_picture_shows_what_the_curve_has(opened: Any) -> None:
    opened.evaluate("Page.load('shape=cube')")
    shown = opened.evaluate("Picture.shown('carriers')")
    assert len(shown["line"]["energy"]) > 100 and shown["nodes"]["cells"] == [4, 5, 6, 8, 11, 16]
    assert set(shown["marks"]["sample"]) >= {"#4", "#1-#4", "#1-#6"}
    low, high = np.array(shown["line"]["g_h_low"]), np.array(shown["line"]["g_h_high"])
    assert (high - low > 2 * 0.03 - 1e-9).all()  # the emulator's own error, and that of the energy by the slope
    band = np.subtract(shown["band"]["g_h_high"], shown["band"]["g_h_low"])
    np.testing.assert_allclose(band, 2 * 0.09)  # that of g is at fixed energy
    assert opened.evaluate("Picture.shown('exciton').ranges.x1").count(2.25) == 1
    labels = opened.evaluate("Picture.sizeTicks('carriers')")
    curve = opened.evaluate("Page.curve().points")
    for energy, size in labels:
        assert np.interp(energy, curve["energy_eV"], curve["size_nm"]) == pytest.approx(float(size), rel=0.01)
    assert len(labels) >= 4


def test_buttons_give_files_that_bandg_and_others_read(opened: Any, tmp_path: Path) -> None:
    opened.evaluate("Page.load('shape=cube&occupancy=0.3&inverse_eps=0.1')")
    files = {}
    for button in ("csv", "svg", "png"):
        with opened.expect_download() as download:
            opened.click(f"#{button}")
        files[button] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[button])
    [curve] = read_curves(str(files["csv"]))
    shown = opened.evaluate("Page.curve().points")
    np.testing.assert_allclose(curve.energy, shown["energy_eV"], atol=1e-9)
    np.testing.assert_allclose(curve.values["g_h"], shown["g_h"], atol=1e-9)
    assert "occupancy=0.3" in files["csv"].read_text()
    svg = files["svg"].read_text(encoding="utf-8")
    assert svg.count("<svg") == 3 and "transition energy (eV)" in svg
    assert files["png"].read_bytes().startswith(b"\x89PNG") and files["png"].stat().st_size > 20_000


def test_commands_that_reproduce_the_state(opened: Any) -> None:
    opened.evaluate("Page.load('shape=cube&occupancy=0.25&potential=0')")
    opened.click("#copy")
    explore, compute = opened.input_value("#command").splitlines()
    assert explore.startswith("bandg explore --state 'set=bandg-nnn&shape=cube&termination=halide&occupancy=0.25&")
    assert compute == (
        "bandg compute --set bandg-nnn --shape cube --termination halide "
        "--size 4cells,5cells,6cells,8cells,11cells,16cells --occupancy 0.25 --surface none"
    )
    for occupancy, option in ((0, "--occupancy 0 "), (1, "")):
        opened.evaluate(f"Page.load('shape=cube&occupancy={occupancy}&potential=0')")
        opened.click("#copy")
        assert opened.input_value("#command").endswith(f"16cells {option}--surface none")
    opened.evaluate("Page.load('shape=cube&potential=0.2&inverse_eps=0.1')")
    opened.click("#copy")
    said = opened.input_value("#command").splitlines()[1]
    assert said.startswith("# bandg compute has no options for surface potential: 0.2; Screening")


def test_the_keyboard_reaches_everything(opened: Any) -> None:
    opened.evaluate("Page.load('shape=cube'); document.activeElement.blur()")
    wanted = set(
        opened.evaluate(
            "[...document.querySelectorAll('input, select, button, textarea')].map((one) => one.id || one.type)"
        )
    )
    assert {"choose-set", "knob-occupancy", "knob-inverse_eps", "file", "csv", "copy", "checkbox"} <= wanted
    reached, order = set(), []
    for _ in range(60):
        opened.keyboard.press("Tab")
        now = opened.evaluate(
            "document.activeElement.id || document.activeElement.type || document.activeElement.className"
        )
        reached.add(now)
        order.append(now)
    assert wanted <= reached, wanted - reached
    knobs = [one for one in order if one.startswith(("choose", "knob"))][:8]
    assert knobs == [
        *(f"choose-{one}" for one in ("set", "shape", "termination")),
        "knob-occupancy",
        "knob-potential",
        "knob-tilt",
        "knob-inverse_eps",
        "knob-size_spread",
    ]


@pytest.mark.parametrize("width", [400, 1400])
def test_nothing_is_wider_than_the_screen(opened: Any, width: int) -> None:
    opened.set_viewport_size({"width": width, "height": 900})
    opened.wait_for_timeout(200)
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    frame = opened.locator("#carriers").bounding_box()
    assert frame["width"] > 340 and frame["x"] >= 0
    assert {"electron", "hole", "sum"} <= set(re.findall(r">(\w+)</text>", opened.evaluate("Picture.asSvg()")))
    opened.set_viewport_size({"width": 1400, "height": 900})


def drop(page: Any, name: str, content: bytes) -> tuple[str, str]:
    """Drop a file on the page; what it says that it read, and why it refused."""
    return drop_all(page, {name: content})


def drop_all(page: Any, contents: dict[str, bytes]) -> tuple[str, str]:
    """Drop files together."""
    page.evaluate(
        """async (files) => {
            const data = new DataTransfer();
            for (const [name, text] of files) {
                data.items.add(new File([Uint8Array.from(atob(text), (one) => one.charCodeAt(0))], name));
            }
            document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        [[name, base64.b64encode(content).decode()] for name, content in contents.items()],
    )
    page.wait_for_function(
        "document.getElementById('told').textContent + document.getElementById('refused').textContent"
    )
    return tuple(page.text_content(f"#{one}") for one in ("told", "refused"))  # type: ignore[return-value]


def test_dropped_files_are_drawn_or_refused_in_one_line(opened: Any) -> None:
    opened.evaluate("Page.load('shape=cube')")
    told, refused = drop(opened, "mine.csv", "Probe;Energie (meV);g_e;g_h\nA;1.911,0;1,41 ± 0,05;0,91+-0,03\n".encode())
    assert not refused and told.startswith("mine.csv: 2 points of 1 sample: 1 g_e with errors, 1 g_h with errors")
    opened.wait_for_function("Picture.shown('carriers').marks.sample.includes('A')")
    marks = opened.evaluate("Picture.shown('exciton').marks")
    n = marks["sample"].index("A")  # the sum of both
    assert marks["value"][n] == pytest.approx(2.32) and marks["upper"][n] - marks["value"][n] == pytest.approx(
        np.hypot(0.05, 0.03)
    )
    assert opened.evaluate("Page.command()").endswith(" --data mine.csv")
    assert "mine.csv (2 points)" in opened.text_content("#collections")
    told, refused = drop_all(opened, {"no.csv": b"", "one.csv": b"energy_eV,g_e\n1.9,1\n", "odd.csv": b"E (eV)\n1.9\n"})
    assert told.startswith("one.csv: 1 point: 1 g_e") and "one.csv (1 point)" in opened.text_content("#collections")
    assert [line.split(":")[0] for line in refused.splitlines()] == ["no.csv", "odd.csv"]
    told, refused = drop(opened, "bad.csv", b"E (eV);g_e\n1,911;1.41\n")
    assert told == "" and refused == (
        "bad.csv: has '1,911' in line 2 and '1.41' in line 2: "
        "write all numbers with decimal points, or all with decimal commas"
    )
    assert opened.evaluate("Page.points().filter((one) => one.collection === 'bad.csv').length") == 0
    many = "sample,energy_eV,g_e\n" + "".join(f"S{n},{1.7 + n / 40:.3f},1\n" for n in range(14))
    drop(opened, "many.csv", many.encode())
    opened.wait_for_function("Picture.shown('carriers').marks.sample.includes('S13')")
    marks = opened.evaluate("Picture.shown('carriers').marks")
    looks = {
        (c, m) for s, c, m in zip(marks["sample"], marks["color"], marks["marker"], strict=True) if s.startswith("S")
    }
    assert len(looks) == 14


def test_points_of_another_material_and_without_an_energy_are_in_no_rms_with_a_word(opened: Any) -> None:
    opened.evaluate("Page.load('shape=cube&hide=meliakov2025,checks')")
    rows = "sample,energy_eV,g_e,material\nB,1.91,1.41,CsPbBr3\nI,2.0,1.2,CsPbI3\nU,2.05,1.1,\nN,,1.4,\n"
    drop(opened, "stated.csv", rows.encode())
    opened.wait_for_function("Picture.shown('carriers').marks.sample.includes('B')")
    [own] = [one for one in opened.evaluate("Page.summary()") if one["name"] == "stated.csv"]
    assert (own["inside"], own["outside"], len(own["foreign"]), own["unplaced"]) == (2, 0, 1, 1)
    assert own["rms"] == pytest.approx(
        opened.evaluate("Math.hypot(Page.curve().at.g_e(2.0) - 1.2, Page.curve().at.g_e(2.05) - 1.1) / Math.sqrt(2)")
    )
    assert "In no rms: 1 point of CsPbBr3, not CsPbI3; 1 point without an energy, not drawn." in opened.text_content(
        "#summary"
    )
    assert "of CsPbBr3, not CsPbI3" in opened.text_content("#residuals")


def test_many_points_are_drawn_and_the_table_ends(opened: Any) -> None:
    opened.evaluate("Page.load('shape=cube&hide=meliakov2025,checks')")
    many = "sample,energy_eV,g_e\n" + "".join(f"many,{1.7 + n / 1000:.3f},1\n" for n in range(400))
    drop(opened, "very_many.csv", many.encode())
    opened.wait_for_function("Picture.shown('carriers').marks.sample.filter((one) => one === 'many').length === 400")
    assert opened.evaluate("document.querySelectorAll('#residuals tbody tr').length") == 300
    assert "The table has the first 300 of " in opened.text_content("#summary")
