"""The example of docs/spin.md."""

import importlib.util
from pathlib import Path

from bandg.spin import fit, read_traces
from bandg.spin.results import components

DOCS = Path(__file__).parents[2] / "docs"


def test_the_file_is_what_its_script_makes_and_the_page_says_what_is_fitted():
    spec = importlib.util.spec_from_file_location("spin_traces", DOCS / "examples" / "spin_traces.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    file = DOCS / "examples" / "spin_traces.csv"
    assert file.read_text() == script.traces()
    given = read_traces(file)
    assert (given.energy_eV, given.sample, given.temperature_K, given.material) == (1.911, "#4", 6.0, "CsPbI3")
    found = fit(given, components=2, decay="exponential", slow=False)
    electron, hole = components(found)
    page = (DOCS / "spin.md").read_text(encoding="utf-8")
    for values in ((electron.g,), (hole.g,), electron.t2_ps, hole.t2_ps, (electron.dg,), (hole.dg,)):
        assert " and ".join(map(str, values)) + (" ps |" if len(values) == 2 else " |") in page
    for one, g, t2 in ((electron, 1.41, (280, 90)), (hole, 0.91, (260, 260))):
        assert abs(one.g.value - g) < 2 * one.g.error
        assert all(abs(time.value - truth) < 2 * time.error for time, truth in zip(one.t2_ps, t2, strict=True))
