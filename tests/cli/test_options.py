"""What several commands share."""

import pytest

from bandg.cli.options import as_options


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("`workers` must be 1 or more, not 0", "--workers must be 1 or more, not 0"),
        ("leave `x_vacancies` out", "leave --x-vacancies out"),
        ("`offset_eV` belongs to it", "--offset belongs to it"),
        ("or `solver='iterative'` with 2 GB", "or --solver iterative with 2 GB"),
        ("(`force=True` tries it anyway)", "(--force tries it anyway)"),
        ("use `cache=False`", "use --no-cache"),
        ("a set from `bandg kp from-etb`", "a set from `bandg kp from-etb`"),
        ("size '4..16' has no unit", "size '4..16' has no unit"),
    ],
)
def test_messages_of_the_library_name_options_on_the_command_line(message, shown):
    assert as_options(message) == shown
