"""The exception for wrong input, its subclass for solver failures, and the warning of bandg."""

from bandg.base.text import one_line, shortened


class BandgError(Exception):
    """A wrong input: its message is one line that names what is wrong and what would be right.

    The command line prints the message and exits with code 2; a library user catches this type alone.
    Line breaks of the message become blanks, other signs that cannot be printed are escaped.
    """

    def __init__(self, message: str) -> None:
        super().__init__(shortened(one_line(" ".join(message.split()))))


class SolverError(BandgError):
    """A solver failed on a matrix: another solver, shift or machine may do it, so this is never kept in the cache."""


class BandgWarning(UserWarning):
    """Something that a user should know although the work goes on; the command line prints it as one line."""
