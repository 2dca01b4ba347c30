"""The one exception that a wrong input raises."""


class BandgError(Exception):
    """A wrong input: its message is one line that names what is wrong and what would be right.

    The command line prints the message and exits with code 2; a library user catches this type alone.
    """
