"""Makes spin_traces.csv: traces with the numbers that Meliakov et al. 2025 state for sample #4, and noise of 3 %."""

import sys

import numpy as np

from bandg.spin.decay import larmor

CARRIERS = ((1.0, 1.41, (280.0, 90.0)), (0.6, 0.91, (260.0, 260.0)))
"""Amplitude (ours), |g|, and T2* in ps at 90 and 420 mT (stated)."""


def traces(seed: int = 0) -> str:
    """The file as text."""
    time = np.arange(-20.0, 1200.0, 4.0)
    signals = []
    for number, field in enumerate((0.09, 0.42)):
        clean = sum(a * np.cos(larmor(g, field) * time / 1000) * np.exp(-time / t2[number]) for a, g, t2 in CARRIERS)
        noise = np.random.default_rng(seed + number).normal(0, 0.03 * clean[time >= 0].max(), len(time))
        signals.append(np.where(time < 0, 0, clean) + noise)
    rows = (f"{t:g},{a:.4f},{b:.4f}" for t, a, b in zip(time, *signals, strict=True))
    head = ("# energy = 1.911 eV", "# sample = #4", "# temperature = 6 K", "# material = CsPbI3")
    return "\n".join([*head, "time_ps,90 mT,420 mT", *rows]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(traces())
