"""The stored verdict is of the combinations and the sets that there are."""

import json

from bandg.analysis.verdict.bulk_error import bulk_sd
from bandg.analysis.verdict.combination import AMOUNTS, CELLS, SETS, all_combinations, bulk_sets, combinations_of
from bandg.analysis.verdict.pair import PRIOR
from bandg.analysis.verdict.study import DRAWS, ERRORS, SEED
from bandg.base import resources


def test_the_stored_verdict_is_what_the_command_would_make():
    """Else: python docs/_scripts/stored.py verdict."""
    found = json.loads(resources.theory_curve("computed/verdict.json").read_text(encoding="utf-8"))
    sets = bulk_sets(SETS)
    expected = [
        (one.name, one.minimum, *(getattr(pair, name) for name in ("termination", "surface", "image")), pair.scale.name)
        for one in sets
        for pair in combinations_of(one, all_combinations())
    ]
    names = ("set", "minimum", "termination", "surface", "image", "scale")
    assert [tuple(row[name] for name in names) for row in found["rows"]] == expected
    assert found["settings"]["sets"] == {one.label: one.parameters.digest() for one in sets}
    settings = found["settings"]
    assert settings["constants"] == {name: [one.lower, one.upper, one.source] for name, one in PRIOR.items()}
    assert settings["surface_scale"] == {end: [amounts[0], amounts[-1]] for end, amounts in AMOUNTS.items()}
    assert (settings["draws"], settings["seed"], settings["assumed_errors"]) == (DRAWS, SEED, list(ERRORS))
    assert settings["bulk_sd"] == bulk_sd("CsPbI3")
    assert settings["cells"]["bandg-cspbi3-nnn, halide"] == list(CELLS)
    assert found["spreads"] and found["bromides"]
