"""A mechanism of one's own: bandg hypotheses --plugin own_mechanism.py --only lead-s"""

from bandg.analysis.hypotheses import Mechanism
from bandg.analysis.hypotheses.changes import Values

MECHANISMS = [
    Mechanism(
        "lead-s",
        "The onsite energy of the lead 6s orbital is shifted at the same gap. It sets how much lead is in the hole.",
        Values(("onsite.Pb.s",), "add"),
        lower=-0.3,
        upper=0.3,
        baseline=0.0,
        unit="eV",
        source="",  # nobody says so: the range is shown as assumed
    )
]
