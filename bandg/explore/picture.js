"use strict";
// The picture: two panels that Bokeh draws (figures.py), with a curve and measured points in them.

const Picture = (() => {
  const signed = (value, digits = 3) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(digits);
  const PANELS = Object.keys(DATA.panels);
  const QUANTITIES = Object.values(DATA.panels).flat();
  const NAMES = { g_e: "gₑ", g_h: "gₕ", g_bx: "g of the exciton", abs_g_e: "|gₑ|", abs_g_h: "|gₕ|", abs_g: "|g|" };
  const FINE = 160, SCALE = 44;
  const models = {}, views = {}, drawn = {};
  let now;

  const magnitude = (point, value) => (point.quantity.startsWith("abs_") ? Math.abs(value) : value);
  const theoryAt = (point) => (QUANTITIES.includes(point.own) ? magnitude(point, now.curve.at[point.own](point.energy_eV)) : NaN);

  const panelOf = (point) => PANELS.find((panel) => DATA.panels[panel].includes(point.own)) ?? PANELS[0];

  // Lattice constant in nm at the values of the knobs.
  const latticeOf = () => (now.emulator.a_nm * Curve.sizesAt(now.emulator, now.state.knobs)[0]) / now.emulator.size_nm[0];

  function where(energy) {
    const size = now.curve.at.size_nm(energy);
    return Number.isNaN(size) ? "outside the curve" : `${size.toFixed(2)} nm, ${(size / latticeOf()).toFixed(1)} cells`;
  }

  const measured = (point) => `${signed(point.value, 2)}${point.error ? ` ± ${Number(point.error.toPrecision(3))}` : ""}`;

  function marksOf(points) {
    const rows = points.filter((point) => !point.kind.endsWith("range")).map((point) => {
      const theory = theoryAt(point), residual = theory - point.value;
      const isOpen = point.quantity.startsWith("abs_");
      return {
        energy: point.energy_eV, value: point.value, lower: point.value - (point.error ?? NaN), upper: point.value + (point.error ?? NaN),
        theory, color: point.color, marker: point.why.startsWith("contains theory") || point.use === "check" ? "x" : point.marker,
        fill: isOpen ? 0 : 1, size: isOpen ? 11 : 8, sample: point.sample || "not named", label: point.label,
        quantity: NAMES[point.quantity], measured: measured(point), residual: Number.isNaN(residual) ? "outside the curve" : signed(residual),
        where: where(point.energy_eV), why: point.why ? `no: ${point.why}` : Number.isNaN(residual) ? "no" : "yes",
      };
    });
    return columnsOf(rows, "marks");
  }

  const columnsOf = (rows, kind) => Object.fromEntries(DATA.columns[kind].map((name) => [name, rows.map((row) => row[name])]));

  function rangesOf(points) {
    const ends = new Map();
    for (const point of points.filter((one) => one.kind.endsWith("range"))) {
      const key = Points.rangeOf(point);
      ends.set(key, [...(ends.get(key) ?? []), point]);
    }
    const rows = [...ends.values()].map((range) => ({
      x0: range[0].energy_eV, y0: range[0].value, x1: range.at(-1).energy_eV, y1: range.at(-1).value,
      color: range[0].color, dash: range[0].evidence === "contains-theory" ? "dotted" : "solid", label: range[0].label,
    }));
    return columnsOf(rows, "ranges");
  }

  function boundsOf(points) {
    const rows = points.filter((point) => point.kind.endsWith("bound")).map((point) => ({
      energy: point.energy_eV, value: point.value, color: point.color,
      marker: point.kind === "upper-bound" ? "inverted_triangle" : "triangle",
    }));
    return columnsOf(rows, "bounds");
  }

  // The curve on a fine grid, with what `off` says above and below it.
  function lineOf(kind, off) {
    const { curve } = now;
    const energies = curve.points.energy_eV, low = energies[0], high = energies.at(-1);
    const fine = energies.length < 2 ? [] : Array.from({ length: FINE }, (_, n) => (n < FINE - 1 ? low + ((high - low) * n) / (FINE - 1) : high));
    const rows = fine.map((energy) => {
      const size = curve.at.size_nm(energy), row = { energy, size, cells: size / latticeOf() };
      for (const quantity of QUANTITIES) {
        const value = curve.at[quantity](energy), error = off(quantity, energy);
        Object.assign(row, { [quantity]: value, [`${quantity}_low`]: value - error, [`${quantity}_high`]: value + error });
      }
      return row;
    });
    return columnsOf(rows, kind);
  }

  const computedCells = (emulator) => emulator.sizes_cells.filter((one) => one <= (emulator.computed_cells ?? Infinity));

  // The computed sizes, where the distribution of sizes leaves them inside.
  function nodes() {
    const { emulator, state } = now;
    const cells = computedCells(emulator);
    const sizes = Curve.sizesAt(emulator, state.knobs).slice(0, cells.length);
    const { energy_eV, size_nm, g_e, g_h, g_bx } = Curve.evaluate(emulator, state, sizes);
    return { energy: energy_eV, size: size_nm, cells, g_e, g_h, g_bx };
  }

  // Draw a curve and points: { emulator, state, curve, points }.
  function draw(given) {
    now = given;
    const { curve, points } = now;
    const line = lineOf("line", curve.error), band = lineOf("band", curve.band);
    for (const panel of PANELS) {
      const own = points.filter((point) => panelOf(point) === panel);
      const data = { line, band, nodes: nodes(), marks: marksOf(own), ranges: rangesOf(own), bounds: boundsOf(own) };
      for (const [kind, columns] of Object.entries(data)) {
        const key = `${panel} ${kind}`, text = JSON.stringify(columns);
        if (drawn[key] !== text) model(panel, kind).data = columns;
        drawn[key] = text;
      }
      drawSizes(panel);
    }
  }

  const model = (panel, name) => models[panel].document.get_model_by_name(`${panel} ${name}`);

  // The scale of sizes: round sizes, as many as have place.
  function drawSizes(panel) {
    const { x_range: { start, end } } = models[panel];
    const ticks = [];
    for (const size of [2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 10, 12, 16, 20, 30]) {
      const energy = now.curve.energyOf(size), hasPlace = ticks.every(([, other]) => Math.abs(other - energy) > 0.07 * (end - start));
      if (energy > start && energy < end && hasPlace) ticks.push([size, energy]);
    }
    const axis = model(panel, "sizes");
    axis.major_label_overrides = new Map(ticks.map(([size, energy]) => [energy, String(size)]));
    axis.ticker.ticks = ticks.map(([, energy]) => energy).sort((a, b) => a - b);
  }

  // On a phone the first panel stays in view beside the sliders: it is low, and its legend is above and scrolls away.
  const narrow = matchMedia("(max-width: 700px)");
  function adapt() {
    for (const panel of PANELS) {
      model(panel, "legend above").visible = narrow.matches;
      model(panel, "legend below").visible = !narrow.matches;
      models[panel].frame_height = narrow.matches ? 190 : 270;
    }
  }

  // Sticks the first panel by the scale of sizes.
  function stick() {
    document.getElementById("carriers").style.top = `${Math.min(0, SCALE - views.carriers.frame.bbox.top)}px`;
  }

  // Axes that hold every point and the curve near them. While a slider moves (isDragged) they stay if they hold both and
  // are not twice too high, or if the user has zoomed.
  function fit(isDragged = false) {
    const { points } = now, energies = points.map((point) => point.energy_eV);
    const low = energies.reduce((end, one) => Math.min(end, one - 0.03), DATA.span_eV[0]);
    const high = energies.reduce((end, one) => Math.max(end, one + 0.03), DATA.span_eV[1]);
    for (const panel of PANELS) {
      const own = points.filter((point) => panelOf(point) === panel);
      const values = own.flatMap((point) => [point.value - (point.error ?? 0), point.value + (point.error ?? 0)]);
      for (const quantity of DATA.panels[panel]) {
        model(panel, "line").data[quantity].forEach((value, n) => {
          const energy = model(panel, "line").data.energy[n];
          if (energy >= low && energy <= high) values.push(value);
        });
      }
      const span = values.length ? [Math.min, Math.max].map((end) => values.reduce((one, other) => end(one, other))) : [-1, 3];
      const room = 0.08 * (span[1] - span[0]) + 0.1, { x_range, y_range } = models[panel], { start, end } = y_range;
      const holds = start <= span[0] && end >= span[1] && end - start < 2 * (span[1] - span[0] + 2 * room);
      const isZoomed = [x_range, y_range].some((one) => one.start !== one.reset_start || one.end !== one.reset_end);
      if (isDragged && (holds || isZoomed)) continue;
      x_range.setv({ start: low, end: high, reset_start: low, reset_end: high });
      y_range.setv({ start: span[0] - room, end: span[1] + room, reset_start: span[0] - room, reset_end: span[1] + room });
    }
    PANELS.forEach(drawSizes);
  }

  async function start() {
    for (const panel of PANELS) {
      const manager = await Bokeh.embed.embed_item(DATA.figures[panel], panel);
      views[panel] = [...manager][0];
      models[panel] = views[panel].model;
    }
    adapt();
    new ResizeObserver(stick).observe(document.getElementById("carriers"));
    narrow.addEventListener("change", adapt);
  }

  // ---- files

  const pictures = (type) => PANELS.map((panel) => views[panel].export(type));

  // Size of the whole picture and the place of each panel: side by side, or on a phone one below the other.
  function layout(sizes) {
    const along = narrow.matches ? "height" : "width", across = narrow.matches ? "width" : "height";
    const sum = (some) => some.reduce((total, one) => total + one[along], 0);
    const places = sizes.map((_, n) => (narrow.matches ? [0, sum(sizes.slice(0, n))] : [sum(sizes.slice(0, n)), 0]));
    return { [along]: sum(sizes), [across]: Math.max(...sizes.map((one) => one[across])), places };
  }

  async function asSvg() {
    const parts = await Promise.all(pictures("svg").map(async (canvas) => (await canvas.to_blob()).text()));
    const { width, height, places } = layout(PANELS.map((panel) => views[panel].el.getBoundingClientRect()));
    const placed = parts.map((text, n) => text.slice(text.indexOf("<svg")).replace("<svg", `<svg x="${places[n][0]}" y="${places[n][1]}"`));
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${placed.join("")}</svg>\n`;
  }

  async function asPng() {
    const canvases = pictures("png").map((layer) => layer.canvas);
    const { places, ...size } = layout(canvases), whole = Object.assign(document.createElement("canvas"), size);
    const context = whole.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, whole.width, whole.height);
    canvases.forEach((one, n) => context.drawImage(one, ...places[n]));
    return new Promise((resolve) => { whole.toBlob(resolve, "image/png"); });
  }

  // What the tests ask for.
  const shown = (panel) => Object.fromEntries(Object.keys(DATA.columns).map((kind) => [kind,
    Object.fromEntries(Object.entries(model(panel, kind).data).map(([name, column]) => [name, Array.from(column)]))]));
  const sizeTicks = (panel) => [...model(panel, "sizes").major_label_overrides].map(([energy, label]) => [Number(energy), label]);

  return { start, draw, fit, asSvg, asPng, shown, sizeTicks, signed, measured, theoryAt, where, computedCells, NAMES, QUANTITIES };
})();
