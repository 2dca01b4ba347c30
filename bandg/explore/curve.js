"use strict";
// Emulated curves: values of an emulator, the exciton, the distribution of sizes, and g against energy.
// bandg/analysis/emulators/emulator.py is the same in Python, and tests/explore compares the two.

const Curve = (() => {
  // t of a knob's value: -1 at its low end, 1 at its high end, linear in the knob's power of the value.
  const scaled = ({ low, high, power }, value) => (2 * (value ** power - low ** power)) / (high ** power - low ** power) - 1;

  // The emulator's sizes in nm at values of the knobs, which may change the lattice.
  function sizesAt(emulator, knobs) {
    const factor = emulator.knobs.reduce((product, knob) => product * (1 + (knob.size_change * (scaled(knob, knobs[knob.name]) + 1)) / 2), 1);
    return emulator.size_nm.map((one) => one * factor);
  }

  // The terms of the polynomials at values of the knobs: products of t^exponent.
  function termsAt(emulator, knobs) {
    const highest = Math.max(...emulator.exponents.flat());
    const powers = emulator.knobs.map((knob) => {
      const t = scaled(knob, knobs[knob.name]), found = [1];
      for (let n = 1; n <= highest; n++) found.push(found[n - 1] * t);
      return found;
    });
    return emulator.exponents.map((row) => row.reduce((product, n, k) => product * powers[k][n], 1));
  }

  const sum = (coefficients, terms) => coefficients.reduce((total, one, n) => total + one * terms[n], 0);

  // Values by output and size at values of the knobs.
  function values(emulator, knobs) {
    const terms = termsAt(emulator, knobs);
    return Object.fromEntries(emulator.outputs.map((name, n) => [name, emulator.coefficients[n].map((one) => sum(one, terms))]));
  }

  // Whether the band edges at values of the knobs are the levels that are emulated.
  const holds = (emulator, knobs) => sum(emulator.overlap, termsAt(emulator, knobs)) >= DATA.least_overlap;

  // Straight lines through points (x ascending) as a function, NaN outside.
  const linear = (x, y) => (at) => {
    if (!(at >= x[0] && at <= x.at(-1))) return NaN;
    const k = Math.max(1, x.findIndex((one) => one >= at));
    return y[k - 1] + ((y[k] - y[k - 1]) * (at - x[k - 1])) / (x[k] - x[k - 1]);
  };

  // The monotone cubic of bandg.base.monotone through points (x ascending) as a function, NaN outside.
  function monotone(x, y) {
    const n = x.length;
    if (n < 3) return linear(x, y);
    const h = x.slice(1).map((one, k) => one - x[k]);
    const m = h.map((width, k) => (y[k + 1] - y[k]) / width);
    const end = (h0, h1, m0, m1) => {
      const d = ((2 * h0 + h1) * m0 - h0 * m1) / (h0 + h1);
      if (d * m0 <= 0) return 0;
      return m0 * m1 <= 0 && Math.abs(d) > 3 * Math.abs(m0) ? 3 * m0 : d;
    };
    const d = y.map((_, k) => {
      if (k === 0) return end(h[0], h[1], m[0], m[1]);
      if (k === n - 1) return end(h[n - 2], h[n - 3], m[n - 2], m[n - 3]);
      if (m[k - 1] * m[k] <= 0) return 0;
      const left = 2 * h[k] + h[k - 1], right = h[k] + 2 * h[k - 1];
      return ((left + right) * m[k - 1] * m[k]) / (left * m[k] + right * m[k - 1]);
    });
    return (at) => {
      if (!(at >= x[0] && at <= x[n - 1])) return NaN;
      let k = 0;
      while (k < n - 2 && x[k + 1] <= at) k++;
      const t = (at - x[k]) / h[k];
      const start = (1 + 2 * t) * (1 - t) ** 2 * y[k] + t * (1 - t) ** 2 * h[k] * d[k];
      return start + t ** 2 * (3 - 2 * t) * y[k + 1] + t ** 2 * (t - 1) * h[k] * d[k + 1];
    };
  }

  // Columns at ascending sizes as monotone cubics of 1 / size, or straight lines: functions of the size, NaN outside.
  function betweenSizes(size, columns, through = monotone) {
    const x = size.map((one) => 1 / one).reverse(), low = x[0], high = x.at(-1), slack = 1e-9 * (high - low);
    const inside = (at) => (Math.abs(at - low) < slack ? low : Math.abs(at - high) < slack ? high : at);
    return columns.map((column) => {
      const at = through(x, [...column].reverse());
      return (one) => at(inside(1 / one));
    });
  }

  // Change of the pair's energy by the attraction in eV, for a size in nm.
  function exciton({ exciton: one }, size, inverseEps) {
    if (inverseEps === 0) return 0;
    const rydberg = one.mu * one.rydberg_eV * inverseEps ** 2;
    return Math.min((-one.coulomb * one.e2_eV_nm * inverseEps) / (one.radius_per_size * size) - one.correlation * rydberg, -rydberg);
  }

  // Energy, g_e and g_h at sizes in nm, each the mean over a Gaussian distribution of sizes.
  function evaluate(emulator, state, sizes) {
    const found = values(emulator, state.knobs);
    const [upper, lower, ...g] = betweenSizes(sizesAt(emulator, state.knobs), [found.E_e_eV, found.E_h_eV, found.g_e, found.g_h]);
    const transition = (size) => upper(size) - lower(size) + exciton(emulator, size, state.inverse_eps);
    const reach = Math.sqrt(3) * state.size_spread;
    const nodes = reach === 0 ? [[1, 0]] : [[1 / 6, -1], [2 / 3, 0], [1 / 6, 1]];
    const mean = (of, size) => nodes.reduce((sum, [weight, node]) => sum + weight * of(size * (1 + reach * node)), 0);
    const [energy_eV, g_e, g_h] = [transition, ...g].map((of) => sizes.map((size) => mean(of, size)));
    return { size_nm: sizes, energy_eV, g_e, g_h, g_bx: g_e.map((one, n) => one + g_h[n]) };
  }

  // Sizes that the distribution does not lead out of the emulator: the computed ones, the ends, and FINE - 1 between.
  const FINE = 6;
  function sizesOf(emulator, state) {
    const size = sizesAt(emulator, state.knobs), reach = Math.sqrt(3) * state.size_spread;
    const low = size[0] / (1 - reach), high = size.at(-1) / (1 + reach);
    if (!(reach < 1 && low < high)) return [];
    const knots = [low, ...size.filter((one) => one > low * (1 + 1e-6) && one < high * (1 - 1e-6)), high];
    const parts = knots.slice(1).flatMap((one, n) =>
      Array.from({ length: FINE }, (_, k) => 1 / (1 / knots[n] + ((1 / one - 1 / knots[n]) * k) / FINE)));
    return [...parts, high];
  }

  // What lies within an error by quantity and energy: that of g at fixed size and of the energies, or of g at fixed energy.
  // Between the sizes the errors of the outputs are linear in 1 / size, as in bandg/analysis/match/candidate.py.
  function errors(emulator, size, curve, rows, isAtEnergy) {
    if (!rows) return () => NaN;
    const ofOutputs = betweenSizes(size, rows, linear);
    const off = Object.fromEntries(emulator.outputs.map((name, n) => [name, ofOutputs[n]]));
    const both = (one, other) => (at) => Math.hypot(off[one](at), off[other](at));
    const pair = both("E_e_eV", "E_h_eV"), g = { g_e: off.g_e, g_h: off.g_h, g_bx: both("g_e", "g_h") };
    const { energy_eV } = curve.points;
    return (quantity, energy) => {
      const at = curve.at.size_nm(energy), own = g[quantity](at);
      if (isAtEnergy) return own;
      const low = Math.max(energy - 1e-4, energy_eV[0]), high = Math.min(energy + 1e-4, energy_eV.at(-1));
      const slope = (curve.at[quantity](high) - curve.at[quantity](low)) / (high - low);
      return Math.hypot(own, slope * pair(at));
    };
  }

  // The curve of a state: points by ascending energy, and functions of the energy by quantity.
  function of(emulator, state) {
    const found = evaluate(emulator, state, sizesOf(emulator, state));
    const order = found.energy_eV.map((_, n) => n).sort((a, b) => found.energy_eV[a] - found.energy_eV[b]);
    const points = Object.fromEntries(Object.entries(found).map(([name, column]) => [name, order.map((n) => column[n])]));
    const at = Object.fromEntries(["g_e", "g_h", "size_nm"].map((name) => [name, monotone(points.energy_eV, points[name])]));
    at.g_bx = (energy) => at.g_e(energy) + at.g_h(energy);
    const places = monotone(points.size_nm.map((size) => 1 / size), points.energy_eV);
    const curve = { points, at, energyOf: (size) => places(1 / size) };
    const errorsOf = (rows, isAtEnergy) => errors(emulator, sizesAt(emulator, state.knobs), curve, rows, isAtEnergy);
    return { ...curve, error: errorsOf(emulator.error_rms, false), band: errorsOf(emulator.band, true) };
  }

  return { of, evaluate, exciton, holds, sizesAt };
})();
