"""Mechanisms that may explain the measured g-factors, on the same footing.

A user's own mechanism needs `Mechanism`, `Case` and the changes of `bandg.hypotheses.changes`.
"""

from bandg.hypotheses.case import Case, Sizes
from bandg.hypotheses.mechanism import Mechanism

__all__ = ["Case", "Mechanism", "Sizes"]
