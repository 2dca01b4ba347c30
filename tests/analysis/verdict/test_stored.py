"""The stored verdict is of the combinations and the sets that there are."""

import json

from bandg.analysis.verdict.combination import SETS, all_combinations, bulk_sets, combinations_of
from bandg.analysis.verdict.report import lines, sentences
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
    assert len(lines(found)) == len(expected) and sentences(found)
    assert found["spreads"] and found["bromides"]
