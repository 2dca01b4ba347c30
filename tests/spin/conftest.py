"""Synthetic traces from stated parameters."""

import numpy as np
import pytest

from bandg.spin import Traces, decay


def made(
    fields, g=(1.41, 0.91), t2_ps=(350, 260), dg=(0.22, 0.0), kind="exponential", size=(1.0, 0.6), noise=0.0, seed=0,
    step=5.0, end=1200.0, phase=0.0, offset=0.0, **stated,
):  # fmt: skip
    """Sum of damped cosines; noise in units of the largest signal. T2* is that without a field."""
    t = np.arange(5, end, step) / 1000
    rows = []
    for B in fields:
        total = np.full_like(t, offset)
        for a, b, T, spread in zip(size, g, t2_ps, dg, strict=True):
            omega = float(decay.larmor(b, B))
            if kind == "exponential":
                pair = decay.exponential(t, omega, 1000 / T + decay.spread_rate(spread, B))
            elif kind == "gaussian":
                pair = decay.gaussian(t, omega, (1000 / T) ** 2 + decay.spread_square(spread, B))
            else:
                pair = decay.nuclear(t, omega, np.sqrt(2) * 1000 / T)
            turned = phase if B else 0.0
            total = total + a * (np.cos(turned) * pair.cosine - np.sin(turned) * pair.sine)
        rows.append(total)
    clean = np.array(rows)
    rng = np.random.default_rng(seed)
    return Traces.of(
        1000 * t, fields, clean + rng.normal(0, noise * np.abs(clean).max() + 1e-12, clean.shape), **stated
    )


@pytest.fixture(scope="session")
def make():
    """A function that makes traces."""
    return made
