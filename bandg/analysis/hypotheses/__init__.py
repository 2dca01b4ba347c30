"""Mechanisms that may explain the measured g-factors, on the same footing.

A user's own mechanism needs `Mechanism`, `Case` and the changes of `bandg.analysis.hypotheses.changes`.
"""

from bandg.analysis.hypotheses.case import Case, Sizes
from bandg.analysis.hypotheses.mechanism import Mechanism

__all__ = ["Case", "Mechanism", "Sizes"]
