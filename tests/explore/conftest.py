"""An emulator made up for the tests, and the page in a browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bandg.analysis.emulators.emulator import OUTPUTS, Emulator, Exciton, Knob

SCRIPTS = Path(__file__).resolve().parents[2] / "docs" / "_scripts"


def made_up(shape: str = "cube", seed: int = 1) -> Emulator:
    """Smooth numbers of no crystal, which a set that ships has lent its name."""
    draw = np.random.default_rng(seed)
    cells = np.array([4, 5, 6, 8, 11, 16, 25])
    size = cells * 0.6289
    exponents = [powers for powers in product(range(4), repeat=3) if sum(powers) <= 3]
    mean = [1.62 + 1.5 / size**1.3, -1.9 / size**2, 2.9 - 5.6 / size**1.2, -0.5 + 6.0 / size**1.2]
    table = draw.normal(size=(4, 1, len(exponents))) * np.array([0.02, 0.02, 0.12, 0.12])[:, None, None] / size[:, None]
    table[..., exponents.index((0, 0, 0))] += mean
    off = np.repeat([[0.001], [0.001], [0.02], [0.03]], len(size), axis=1)
    return Emulator(
        *("bandg-nnn", shape, "halide", tuple(cells.tolist()), tuple(size.tolist())),
        knobs=(
            Knob("occupancy", "surface occupancy", "", 0.0, 1.0, 1.0),
            Knob("potential", "surface potential", "eV", -0.4, 0.4, 0.0),
            Knob("tilt", "tilt", "deg", 0.0, 12.0, 0.0, power=2, size_change=-0.02),
        ),
        exponents=tuple(exponents),
        outputs=OUTPUTS,
        coefficients=tuple(tuple(map(tuple, one)) for one in table.tolist()),
        error_rms=tuple(map(tuple, off.tolist())),
        error_max=tuple(map(tuple, (2 * off).tolist())),
        band=tuple(map(tuple, (3 * off).tolist())),
        exciton=Exciton(0.08, 0.586),
        made_by={"bandg": "0", "set_sha256": "0", "computed": "0"},
        a_nm=0.6289,
        overlap=tuple(0.6 if not any(one) else 0.3 * (one == (1, 0, 0)) for one in exponents),
        computed_cells=16,
    )


@pytest.fixture(scope="session")
def emulators() -> list[Emulator]:
    cube, sphere = made_up(), made_up("sphere", 2)
    occupancy, potential, tilt = sphere.knobs
    knobs = (
        replace(occupancy, default=0.8),
        replace(potential, low=-0.2),
        replace(tilt, name="strain", label="strain"),
    )
    fall = np.exp(-np.arange(len(sphere.size_nm)) / 2)  # of its errors with the size
    rms, band = (tuple(map(tuple, (np.array(one) * fall).tolist())) for one in (sphere.error_rms, sphere.band or ()))
    return [cube, replace(sphere, knobs=knobs, error_rms=rms, band=band)]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser that is installed; skips, or fails where BANDG_BROWSER=required."""
    with pytest.MonkeyPatch.context() as paths:
        paths.syspath_prepend(str(SCRIPTS))
        import explorer_picture

    found = explorer_picture.browser()
    missing = [name for name in ("playwright", "bokeh") if find_spec(name) is None]
    if missing or found is None:
        why = f"no {' and no '.join(missing or ['browser'])}"
        if os.environ.get("BANDG_BROWSER") == "required":
            pytest.fail(f"{why}, but BANDG_BROWSER=required")
        pytest.skip(f"{why}: the page is not tested in a browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        folder = tmp_path_factory.mktemp("browser")
        context = driver.chromium.launch_persistent_context(
            str(folder), executable_path=found, args=explorer_picture.OPTIONS, viewport={"width": 1400, "height": 900}
        )
        context.set_default_timeout(20_000)
        yield context
        context.close()


@pytest.fixture(scope="session")
def opened(browser: Any, emulators: list[Emulator], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The page with the made-up emulators. Its console has no error when the tests are through."""
    from bandg.explore.page import explore

    file = tmp_path_factory.mktemp("page") / "explore.html"
    file.write_text(explore(emulators=emulators), encoding="utf-8")
    page, said = browser.pages[0], []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "request",
        lambda request: said.append(request.url) if not request.url.startswith(("file:", "blob:", "data:")) else None,
    )
    page.goto(file.as_uri())
    page.wait_for_selector("body[data-ready=yes]")
    yield page
    assert said == []
