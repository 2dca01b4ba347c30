"""How well fits of spin traces do: coverage of errors, decays and components told apart, and time, on synthetic traces.

    uv run python benchmarks/spin.py coverage|decays|components|speed [--replicas 200]

The traces have the numbers that Meliakov et al. 2025 state. Noise is in units of the largest signal.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bandg.spin import Traces, decay, fit

SIX = (0.0, 0.09, 0.17, 0.25, 0.34, 0.42)
NOISE = (0.02, 0.05, 0.10)


def made(
    fields: Sequence[float],
    carriers: Sequence[tuple[float, float, float, float]],
    noise: float,
    seed: int,
    kind: str = "exponential",
    step: float = 2.0,
    end: float = 1500.0,
) -> Traces:
    """Traces of carriers (amplitude, |g|, T2*(0) in ps, dg)."""
    t = np.arange(5, end, step) / 1000
    rows = []
    for B in fields:
        total = np.zeros_like(t)
        for size, g, t2, dg in carriers:
            omega = float(decay.larmor(g, B))
            if kind == "exponential":
                pair = decay.exponential(t, omega, 1000 / t2 + decay.spread_rate(dg, B))
            else:
                pair = decay.gaussian(t, omega, (1000 / t2) ** 2 + decay.spread_square(dg, B))
            total += size * pair.cosine
        rows.append(total)
    clean = np.array(rows)
    rng = np.random.default_rng(seed)
    return Traces.of(1000 * t, fields, clean + rng.normal(0, noise * np.abs(clean).max(), clean.shape))


PAPER_SIX = ((1.0, 1.41, 350.0, 0.22), (0.6, 0.91, 260.0, 0.0))
PAPER_ONE = ((1.0, 58.5 / 36.9352, 150.0, 0.0), (0.6, 26.5 / 36.9352, 220.0, 0.0))


def coverage(replicas: int) -> None:
    """Share of replicas in which one standard error covers the truth, for every parameter."""
    for fields, carriers in ((SIX, PAPER_SIX), ((0.42,), PAPER_ONE)):
        truth: list[float] = []
        for _, g, t2, dg in carriers:
            rates = [1000 / t2 + decay.spread_rate(dg, B) for B in (fields[0], fields[-1])]
            truth += [g, *(rates if len(fields) > 1 else rates[:1]), *[0.0] * (len(fields) > 1)]
        for noise in NOISE:
            off, inside = [], []
            for seed in range(replicas):
                traces = made(fields, carriers, noise, seed)
                best = fit(traces, components=2, decay="exponential", slow=False).best
                away = best.theta - truth
                if best.problem.has_phase:
                    away[[3, 7]] = np.remainder(away[[3, 7]] + np.pi / 2, np.pi) - np.pi / 2
                inside.append(np.abs(away) < np.sqrt(np.diag(best.covariance)))
                off.append(away[[0, best.problem.per_component]])
            rms = np.sqrt(np.mean(np.square(off), axis=0)) / [carriers[0][1], carriers[1][1]]
            print(
                f"{len(fields)} fields, noise {noise:.0%}: covered",
                np.mean(inside, axis=0).round(3),
                "rms g",
                rms.round(4),
            )
            sys.stdout.flush()


def decays(replicas: int) -> None:
    """Share of replicas in which the criterion chooses the decay that the traces were made with."""
    for fields, carriers in (((0.42,), PAPER_ONE), ((0.09, 0.25, 0.42), PAPER_SIX)):
        for noise in (0.05, 0.10, 0.20, 0.30):
            for kind in ("exponential", "gaussian"):
                right = 0
                for seed in range(replicas):
                    traces = made(fields, carriers, noise, seed, kind, step=4)
                    fits = [
                        fit(traces, components=2, decay=one, slow=False).best for one in ("exponential", "gaussian")
                    ]
                    right += (fits[0].bic < fits[1].bic) == (kind == "exponential")
                print(f"{len(fields)} fields, noise {noise:.0%}, {kind}: {right / replicas:.2f} right", flush=True)


def components(replicas: int) -> None:
    """Second components that are not there, and those that are missed, at 5 % noise in 420 mT."""
    one = (1.0, 1.2, 200.0, 0.0)
    for noise in NOISE:
        false = sum(_count(made((0.42,), (one,), noise, seed, step=4)) == 2 for seed in range(replicas))
        print(f"noise {noise:.0%}, one component: {false / replicas:.3f} fitted with two", flush=True)
    print("missed at 5 %; rows: ratio of frequencies, columns: ratio of amplitudes 0.05 0.1 0.2 0.4 0.8")
    for ratio in (1.1, 1.2, 1.4, 1.8):
        row = []
        for size in (0.05, 0.1, 0.2, 0.4, 0.8):
            carriers = (one, (size, 1.2 * ratio, 200.0, 0.0))
            row.append(sum(_count(made((0.42,), carriers, 0.05, s, step=4)) == 1 for s in range(replicas)) / replicas)
        print(f"{ratio:.1f}", *(f"{x:.2f}" for x in row), flush=True)


def _count(traces: Traces) -> int:
    return len(fit(traces, decay="exponential", slow=False).best.model.decays)


def speed(replicas: int) -> None:
    """The command on 20 traces of 1000 points with all models, report and picture."""
    traces = made(np.linspace(0, 0.42, 20), PAPER_SIX, 0.05, 0, step=4, end=4005)
    table = np.column_stack([1000 * traces.traces[0].time_ns, *(trace.signal for trace in traces.traces)])
    head = ",".join(["time_ps", *(f"{1000 * B:g} mT" for B in traces.fields)])
    with tempfile.TemporaryDirectory() as folder:
        np.savetxt(Path(folder) / "t.csv", table, "%.6g", ",", header=head, comments="")
        for _ in range(min(replicas, 3)):
            start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
            command = (
                sys.executable,
                "-c",
                "from bandg.cli import main; main()",
                "spin",
                "fit",
                "t.csv",
                "--plot",
                "t.png",
            )
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
            used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
            print(f"exit {done.returncode}: {time.perf_counter() - start:.1f} s, {used:.1f} s of one core", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("coverage", "decays", "components", "speed"))
    parser.add_argument("--replicas", type=int, default=200)
    given = parser.parse_args()
    {"coverage": coverage, "decays": decays, "components": components, "speed": speed}[given.what](given.replicas)
