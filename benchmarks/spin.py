"""How well fits of spin traces do: coverage of errors, decays and components told apart, and time, on synthetic traces.

    uv run python benchmarks/spin.py coverage|decays|carriers|speed [--replicas 200] [--seed 0]

The traces have the numbers that Meliakov et al. 2025 state. Noise is in units of the largest signal.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from bandg.spin import Fit, Traces, decay, fit
from bandg.spin.results import Estimate, components

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
PAPER_ALONE = (1.0, 1.69, 260.0, 0.0)
"""Sample #6 at 2.25 eV: one carrier in print, |g_h| = 1.69. T2* is that of sample #4; theory adds |g_e| = 0.51."""
PAPER_ONE = ((1.0, 58.5 / 36.9352, 150.0, 0.0), (0.6, 26.5 / 36.9352, 220.0, 0.0))


def coverage(seeds: range) -> None:
    """Share of replicas in which one standard error covers the truth, for everything that the report prints."""
    for fields, carriers in (((0.42,), PAPER_ONE), (SIX, PAPER_SIX)):
        for noise in NOISE:
            rows: dict[str, list[tuple[float, float]]] = {}
            bounds = []
            for seed in seeds:
                found = fit(made(fields, carriers, noise, seed), components=2, decay="exponential", slow=False)
                for name, estimate, truth in _estimates(found, fields, carriers):
                    if estimate.bound:
                        bounds.append((name, (estimate.value > truth) == (estimate.bound == "upper-bound")))
                    else:
                        rows.setdefault(name, []).append((estimate.value - truth, float(estimate.error or 0)))
            print(f"{len(fields)} fields, noise {noise:.0%}")
            for name, pairs in rows.items():
                off, error = np.array(pairs).T
                share, far = (np.mean(np.abs(off) < k * error) for k in (1, 2))
                print(
                    f"  {name:12s} covered {share:.3f} (two errors {far:.3f}); mean {off.mean():+.2g}, "
                    f"rms {np.sqrt(np.mean(off**2)):.2g}, error {np.sqrt(np.mean(error**2)):.2g}; {len(off)} values"
                )
            for name in sorted({name for name, _ in bounds}):
                holds = [right for one, right in bounds if one == name]
                print(f"  {name:12s} {len(holds)} bounds, {np.mean(holds):.3f} hold")
            sys.stdout.flush()


def _estimates(
    found: Fit, fields: Sequence[float], carriers: Sequence[tuple[float, float, float, float]]
) -> Iterator[tuple[str, Estimate, float]]:
    """(name, estimate, truth) of what the report prints, for both carriers."""
    for one, (size, g, t2, dg) in zip(components(found), carriers, strict=True):
        yield f"g {one.label}", one.g, g
        for n in sorted({0, len(fields) - 1}):
            rate = 1000 / t2 + decay.spread_rate(dg, fields[n])
            yield f"T2 {one.label} {1000 * fields[n]:g} mT", one.t2_ps[n], 1000 / rate
            yield f"S {one.label} {1000 * fields[n]:g} mT", one.amplitudes[n], size
        if one.dg is not None:
            yield f"dg {one.label}", one.dg, dg
        if (phase := one.phases[-1]) is not None:
            yield f"phase {one.label}", phase, 0.0


def decays(seeds: range) -> None:
    """Share of replicas in which the criterion chooses the decay that the traces were made with."""
    for fields, both in (((0.42,), PAPER_ONE), ((0.09, 0.25, 0.42), PAPER_SIX)):
        for noise in (0.05, 0.10, 0.15, 0.20, 0.30):
            for kind in ("exponential", "gaussian"):
                right = 0
                for seed in seeds:
                    traces = made(fields, both, noise, seed, kind, step=4)
                    fits = [
                        fit(traces, components=2, decay=one, slow=False).best for one in ("exponential", "gaussian")
                    ]
                    right += (fits[0].bic < fits[1].bic) == (kind == "exponential")
                print(f"{len(fields)} fields, noise {noise:.0%}, {kind}: {right / len(seeds):.2f} right", flush=True)


def carriers(seeds: range) -> None:
    """Second carriers that are not there, and those that are missed; as in print for samples #5 and #6."""
    one = (1.0, 1.2, 200.0, 0.0)
    for fields in ((0.42,), SIX):
        for noise in NOISE:
            false = sum(_count(made(fields, (one,), noise, seed, step=4)) == 2 for seed in seeds)
            text = f"{len(fields)} fields, noise {noise:.0%}, one carrier: {false / len(seeds):.3f} fitted with two"
            print(text, flush=True)
    for ratio in (1.1, 1.2, 1.4, 1.8):
        _missed(f"ratio of frequencies {ratio:.1f}, noise 5%", one, (1.2 * ratio, 200.0, 0.0), 0.05, seeds)
    for noise, t2 in ((0.02, 90.0), (0.05, 90.0), (0.10, 90.0), (0.05, 260.0)):
        what = f"sample #6, second with T2* = {t2:g} ps, noise {noise:.0%}"
        _missed(what, PAPER_ALONE, (0.51, t2, 0.0), noise, seeds)


def _missed(
    what: str,
    first: tuple[float, float, float, float],
    second: tuple[float, float, float],
    noise: float,
    seeds: range,
) -> None:
    """Print the share of second carriers that are missed in 420 mT, by amplitude, up to the first of which none is."""
    row = []
    for size in (0.05, 0.1, 0.2, 0.4, 0.8):
        both = (first, (size, *second))
        missed = sum(_count(made((0.42,), both, noise, seed, step=4)) == 1 for seed in seeds) / len(seeds)
        row.append(f"{size:g}: {missed:.3f}")
        if not missed:
            break
    print(f"{what}; missed at amplitude", ", ".join(row), flush=True)


def _count(traces: Traces) -> int:
    return len(fit(traces, decay="exponential", slow=False).best.model.decays)


def speed(seeds: range) -> None:
    """The command on 20 traces of 1000 points with all models, report and picture."""
    traces = made(np.linspace(0, 0.42, 20), PAPER_SIX, 0.05, 0, step=4, end=4005)
    table = np.column_stack([1000 * traces.traces[0].time_ns, *(trace.signal for trace in traces.traces)])
    head = ",".join(["time_ps", *(f"{1000 * B:g} mT" for B in traces.fields)])
    with tempfile.TemporaryDirectory() as folder:
        np.savetxt(Path(folder) / "t.csv", table, "%.6g", ",", header=head, comments="")
        given = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        given |= {"PYTHONPYCACHEPREFIX": folder, "OPENBLAS_NUM_THREADS": "1"}  # as installed: compiled at first use
        program = "from bandg.cli import main; main()"
        command = (sys.executable, "-c", program, "spin", "fit", "t.csv", "--plot", "t.png")
        for number in range(1 + min(len(seeds), 5)):
            start, before = time.perf_counter(), _processor_seconds()
            done = subprocess.run(command, cwd=folder, env=given, capture_output=True)
            used, seconds = _processor_seconds() - before, time.perf_counter() - start
            first = " (first run, compiles)" if not number else ""
            print(f"exit {done.returncode}: {seconds:.1f} s, {used:.1f} s of one core{first}", flush=True)


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("coverage", "decays", "carriers", "speed"))
    parser.add_argument("--replicas", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="the first of as many seeds as replicas")
    given = parser.parse_args()
    seeds = range(given.seed, given.seed + given.replicas)
    {"coverage": coverage, "decays": decays, "carriers": carriers, "speed": speed}[given.what](seeds)
