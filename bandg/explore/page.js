"use strict";
// The page: controls, pictures, residuals, files, and the state in the address. Bokeh draws (figures.py), and the
// controls are the browser's own. DATA is made by page.py.

const Page = (() => {
  const element = (id) => document.getElementById(id);
  const make = (tag, attributes = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), attributes);
    made.append(...children);
    return made;
  };
  const signed = (value, digits = 3) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(digits);
  const PANELS = Object.keys(DATA.panels);
  const QUANTITIES = Object.values(DATA.panels).flat();
  const NAMES = { g_e: "gₑ", g_h: "gₕ", g_bx: "g of the exciton", abs_g_e: "|gₑ|", abs_g_h: "|gₕ|", abs_g: "|g|" };
  const FINE = 160;
  const state = { set: "", shape: "", termination: "", knobs: {}, inverse_eps: 0, size_spread: 0 };
  const models = {}, views = {}, drawn = {};
  let collections = DATA.collections.map((one) => ({ ...one, shown: true }));
  let emulator, curve;

  // ---- the state

  const kinds = ["set", "shape", "termination"];
  const matching = (wanted) => DATA.emulators.filter((one) => kinds.every((kind) => !wanted[kind] || one[kind] === wanted[kind]));

  // The emulator of these words, or the first that agrees in as many of them as there are.
  function choose(wanted) {
    const best = kinds.map((_, n) => matching(Object.fromEntries(kinds.slice(0, n + 1).map((kind) => [kind, wanted[kind]])))[0]);
    emulator = best.findLast(Boolean) ?? DATA.emulators[0];
    kinds.forEach((kind) => { state[kind] = emulator[kind]; });
    state.knobs = Object.fromEntries(emulator.knobs.map((knob) => [knob.name, state.knobs[knob.name] ?? knob.default]));
  }

  // 1 / eps and the width of the size distribution.
  const commonKnobs = () => DATA.common.map((knob) => {
    if (knob.name !== "inverse_eps") return knob;
    const { inverse_eps_low, inverse_eps_high, inverse_eps_default } = emulator.exciton;
    return { ...knob, low: inverse_eps_low, high: inverse_eps_high, default: inverse_eps_default };
  });

  // Sliders of the chosen emulator: those of its knobs, and those of every curve.
  const sliders = () => [
    ...emulator.knobs.map((knob) => ({ ...knob, get: () => state.knobs[knob.name], set: (value) => { state.knobs[knob.name] = value; } })),
    ...commonKnobs().map((knob) => ({ ...knob, get: () => state[knob.name], set: (value) => { state[knob.name] = value; } })),
  ];

  const short = (value) => String(Number(value.toPrecision(6)));

  function asText() {
    const words = new URLSearchParams(kinds.map((kind) => [kind, state[kind]]));
    sliders().forEach((one) => words.set(one.name, String(one.get())));
    const hidden = collections.filter((one) => !one.shown).map((one) => one.name);
    if (hidden.length) words.set("hide", hidden.join(","));
    return words.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  }

  function fromText(text) {
    const words = new URLSearchParams(text);
    state.knobs = {};
    choose(Object.fromEntries(kinds.map((kind) => [kind, words.get(kind) ?? ""])));
    for (const one of sliders()) {
      const given = Number(words.get(one.name) ?? NaN);
      one.set(Number.isFinite(given) ? Math.min(Math.max(given, one.low), one.high) : one.default);
    }
    const known = [...kinds, "hide", ...sliders().map((one) => one.name)];
    const strange = [...words.keys()].filter((name) => !known.includes(name));
    element("refused").textContent = strange.length ? `The address has ${strange.join(", ")}, which is no slider of this curve.` : "";
    const hidden = (words.get("hide") ?? "").split(",");
    collections.forEach((one) => { one.shown = !hidden.includes(one.name); });
  }

  // ---- controls

  function buildControls() {
    element("choices").replaceChildren(...kinds.flatMap((kind, n) => {
      const before = Object.fromEntries(kinds.slice(0, n).map((one) => [one, state[one]]));
      const options = [...new Set(matching(before).map((one) => one[kind]))];
      const select = make("select", { id: `choose-${kind}` }, ...options.map((one) => new Option(one, one, false, one === state[kind])));
      select.addEventListener("change", () => {
        choose({ ...state, [kind]: select.value });
        buildControls();
        element(`choose-${kind}`).focus();
        changed(true);
      });
      return [make("label", { htmlFor: select.id, textContent: DATA.kinds[kind] }), select];
    }));
    element("knobs").replaceChildren(element("knobs").querySelector("legend"), ...sliders().map(slider));
    element("collections").replaceChildren(...collections.map((one) => {
      const box = make("input", { type: "checkbox", checked: one.shown });
      box.addEventListener("change", () => { one.shown = box.checked; changed(true); });
      return make("label", {}, box, ` ${one.name} (${one.points.length} points)`);
    }));
  }

  function slider(one) {
    const id = `knob-${one.name}`, unit = one.unit ? ` ${one.unit}` : "";
    const output = make("output", { htmlFor: id });
    const input = make("input", { type: "range", id, min: one.low, max: one.high, step: "any", value: one.get() });
    const say = () => {
      output.value = `${short(one.get())}${unit}`;
      input.setAttribute("aria-valuetext", output.value);
    };
    input.addEventListener("input", () => {
      const step = 10 ** Math.floor(Math.log10((one.high - one.low) / 100));
      one.set(Number((Math.round(Number(input.value) / step) * step).toPrecision(6)));
      say();
      changed(false);
    });
    say();
    const ends = make("small", {}, make("span", { textContent: short(one.low) }), make("span", { textContent: short(one.high) }));
    return make("div", { className: "knob" }, make("label", { htmlFor: id, textContent: one.label }), output, input, ends);
  }

  // ---- points

  // Points that are shown, each with its color and marker: one look for each source, series and temperature.
  function shownPoints() {
    const looks = new Map();
    const here = collections.filter((one) => one.shown && (!one.material || one.material === emulator.material));
    const all = here.flatMap((one) => [...one.points, ...pairsOf(one.points)].map((point) => ({ ...point, collection: one.name })));
    return all.filter((point) => point.energy_eV !== null).map((point) => {
      const key = JSON.stringify([point.source, point.series || point.sample, point.temperature_K]);
      if (!looks.has(key)) looks.set(key, looks.size);
      const number = looks.get(key), family = DATA.markers[Math.floor(number / DATA.colors.length) % DATA.markers.length];
      const quantity = point.quantity.replace("abs_", "");
      return { ...point, own: quantity, color: DATA.colors[number % DATA.colors.length],
        marker: quantity === "g" ? "hex" : family[quantity === "g_h" ? 1 : 0], label: labelOf(point) };
    });
  }

  function labelOf(point) {
    const kelvin = point.temperature_K === null ? "" : `${point.temperature_K} K`;
    const what = [point.series || point.sample, kelvin].filter(Boolean).join(", ");
    return `${point.source_name || point.source}${what && ` (${what})`}`;
  }

  // Sums of an electron's and a hole's g of one sample at one energy where no g of the exciton is stated.
  function pairsOf(points) {
    const signed = (quantity) => points.filter((point) => point.quantity === quantity && point.kind === "point" && point.energy_eV !== null);
    return signed("g_e").flatMap((electron) => {
      const same = (point) => ["energy_eV", "sample", "series", "source", "temperature_K"].every((name) => point[name] === electron[name]);
      const hole = signed("g_h").find(same);
      const stated = points.some((point) => point.quantity === "g_bx" && point.energy_eV === electron.energy_eV);
      if (!hole || stated) return [];
      const error = electron.error !== null && hole.error !== null ? Math.hypot(electron.error, hole.error) : null;
      return [{ ...electron, quantity: "g_bx", value: electron.value + hole.value, error, why: "sum of two points" }];
    });
  }

  const magnitude = (point, value) => (point.quantity.startsWith("abs_") ? Math.abs(value) : value);
  const theoryAt = (point) => (QUANTITIES.includes(point.own) ? magnitude(point, curve.at[point.own](point.energy_eV)) : NaN);

  const panelOf = (point) => PANELS.find((panel) => DATA.panels[panel].includes(point.own)) ?? PANELS[0];

  function where(energy) {
    const size = curve.at.size_nm(energy);
    return Number.isNaN(size) ? "outside the curve" : `${size.toFixed(2)} nm, ${(size / emulator.a_nm).toFixed(1)} cells`;
  }

  // ---- drawing

  const measured = (point) => `${signed(point.value, 2)}${point.error ? ` ± ${point.error}` : ""}`;

  function marksOf(points) {
    const rows = points.filter((point) => !point.kind.endsWith("range")).map((point) => {
      const theory = theoryAt(point), residual = theory - point.value;
      const isOpen = point.quantity.startsWith("abs_") || point.why.startsWith("sum");
      return {
        energy: point.energy_eV, value: point.value, lower: point.value - (point.error ?? NaN), upper: point.value + (point.error ?? NaN),
        theory, color: point.color, marker: point.why.startsWith("contains theory") || point.use === "check" ? "x" : point.marker,
        fill: isOpen ? 0 : 1, size: isOpen ? 11 : 8, sample: point.sample || "not named", label: point.label,
        quantity: NAMES[point.quantity], measured: measured(point), residual: Number.isNaN(residual) ? "outside the curve" : signed(residual),
        where: where(point.energy_eV), why: point.why ? `no: ${point.why}` : "yes",
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
    const energies = curve.points.energy_eV, low = energies[0], high = energies.at(-1);
    const fine = energies.length < 2 ? [] : Array.from({ length: FINE }, (_, n) => (n < FINE - 1 ? low + ((high - low) * n) / (FINE - 1) : high));
    const rows = fine.map((energy) => {
      const size = curve.at.size_nm(energy), row = { energy, size, cells: size / emulator.a_nm };
      for (const quantity of QUANTITIES) {
        const value = curve.at[quantity](energy), error = off(quantity, energy);
        Object.assign(row, { [quantity]: value, [`${quantity}_low`]: value - error, [`${quantity}_high`]: value + error });
      }
      return row;
    });
    return columnsOf(rows, kind);
  }

  // The computed sizes, where the distribution of sizes leaves them inside.
  function nodes() {
    const { energy_eV, size_nm, g_e, g_h, g_bx } = Curve.evaluate(emulator, state, emulator.size_nm);
    return { energy: energy_eV, size: size_nm, cells: emulator.sizes_cells, g_e, g_h, g_bx };
  }

  function draw() {
    curve = Curve.of(emulator, state);
    const points = shownPoints();
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
    residuals(points);
  }

  const model = (panel, name) => models[panel].document.get_model_by_name(`${panel} ${name}`);

  // The scale of sizes: round sizes, as many as have place.
  function drawSizes(panel) {
    const { x_range: { start, end } } = models[panel];
    const ticks = [];
    for (const size of [2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 10, 12, 16, 20, 30]) {
      const energy = curve.energyOf(size), hasPlace = ticks.every(([, other]) => Math.abs(other - energy) > 0.07 * (end - start));
      if (energy > start && energy < end && hasPlace) ticks.push([size, energy]);
    }
    const axis = model(panel, "sizes");
    axis.major_label_overrides = new Map(ticks.map(([size, energy]) => [energy, String(size)]));
    axis.ticker.ticks = ticks.map(([, energy]) => energy).sort((a, b) => a - b);
  }

  // On a phone the first panel stays in view beside the sliders, so it is low and has no legend.
  const narrow = matchMedia("(max-width: 700px)");
  function adapt() {
    model("carriers", "legend").visible = !narrow.matches;
    PANELS.forEach((panel) => { models[panel].frame_height = narrow.matches ? 190 : 270; });
  }

  // Axes that hold every point and the curve near them.
  function fit() {
    const points = shownPoints(), energies = points.map((point) => point.energy_eV);
    const low = Math.min(DATA.span_eV[0], ...energies.map((one) => one - 0.03)), high = Math.max(DATA.span_eV[1], ...energies.map((one) => one + 0.03));
    for (const panel of PANELS) {
      const own = points.filter((point) => panelOf(point) === panel);
      const values = own.flatMap((point) => [point.value - (point.error ?? 0), point.value + (point.error ?? 0)]);
      for (const quantity of DATA.panels[panel]) {
        model(panel, "line").data[quantity].forEach((value, n) => {
          const energy = model(panel, "line").data.energy[n];
          if (energy >= low && energy <= high) values.push(value);
        });
      }
      const span = values.length ? [Math.min(...values), Math.max(...values)] : [-1, 3];
      const room = 0.08 * (span[1] - span[0]) + 0.1;
      models[panel].x_range.setv({ start: low, end: high, reset_start: low, reset_end: high });
      models[panel].y_range.setv({ start: span[0] - room, end: span[1] + room, reset_start: span[0] - room, reset_end: span[1] + room });
    }
    PANELS.forEach(drawSizes);
  }

  // ---- numbers

  const rms = (values) => Math.sqrt(values.reduce((sum, one) => sum + one * one, 0) / values.length);
  const mean = (values) => values.reduce((sum, one) => sum + one, 0) / values.length;

  // Rms and means of the points of each collection that judge models and lie inside the curve.
  function summary() {
    return collections.filter((one) => one.shown).map((one) => {
      const judged = shownPoints().filter((point) => point.collection === one.name && !point.why);
      const off = judged.map((point) => ({ own: point.own, value: theoryAt(point) - point.value }));
      const inside = off.filter((point) => !Number.isNaN(point.value));
      const each = QUANTITIES.map((quantity) => [quantity, inside.filter((point) => point.own === quantity).map((point) => point.value)]);
      return { name: one.name, inside: inside.length, outside: off.length - inside.length, rms: rms(inside.map((point) => point.value)),
        each: each.filter(([, values]) => values.length).map(([quantity, values]) => ({ quantity, count: values.length, rms: rms(values), mean: mean(values) })) };
    }).filter((one) => one.inside + one.outside);
  }

  const count = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;

  function sentence(one) {
    const each = one.each.map((part) => `${NAMES[part.quantity]} ${part.rms.toFixed(3)}, mean ${signed(part.mean)} (${part.count})`).join("; ");
    const outside = one.outside ? ` ${count(one.outside, "point")} outside the curve, in no rms.` : "";
    return one.inside ? `${one.name}: rms ${one.rms.toFixed(3)} of ${count(one.inside, "point")} inside the curve: ${each}.${outside}`
      : `${one.name}: no point lies inside the curve;${outside}`;
  }

  function residuals(points) {
    const found = summary();
    const lines = found.length ? found.map(sentence) : ["No measured point that judges models is shown."];
    element("summary").replaceChildren(...lines.map((text) => make("p", { textContent: text })));
    const head = ["sample", "energy (eV)", "", "measured", "curve", "curve − measured", "nanocrystal there", "in the rms"];
    const rows = points.map((point) => {
      const theory = theoryAt(point), outside = Number.isNaN(theory);
      const cells = [point.sample || "", point.energy_eV.toFixed(3), NAMES[point.quantity], measured(point),
        outside ? "" : signed(theory), outside ? "" : signed(theory - point.value), where(point.energy_eV), point.why || "yes"];
      const row = make("tr", { className: point.why ? "out" : "" }, ...cells.map((text) => make("td", { textContent: text })));
      row.firstChild.prepend(make("span", { className: "mark", style: `background: ${point.color}` }));
      return row;
    });
    element("residuals").replaceChildren(
      make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { textContent: text, scope: "col" })))), make("tbody", {}, ...rows));
  }

  // ---- files and buttons

  async function take(files) {
    element("refused").textContent = "";
    for (const file of files) {
      try {
        const { points, told } = await Points.read(file.name, new Uint8Array(await file.arrayBuffer()));
        collections = collections.filter((one) => one.name !== file.name).concat({ name: file.name, points, shown: true, own: true });
        element("told").textContent = `${file.name}: ${told}`;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        element("refused").textContent = error.message;
      }
    }
    buildControls();
    changed(true);
  }

  function give(name, content, type) {
    const link = make("a", { href: URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type })), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  function asCsv() {
    const { points } = curve, names = ["energy_eV", "g_e", "g_h", "g_bx", "size_nm"];
    const rows = points.energy_eV.map((_, n) => names.map((name) => String(Number(points[name][n].toPrecision(12)))).join(","));
    const comments = [`${madeBy()} Parameter set ${emulator.made_by.set_sha256}.`, `state = ${asText()}`, `command = ${command()}`];
    return [...comments.map((one) => `# ${one}`), names.join(","), ...rows, ""].join("\n");
  }

  const madeBy = () => `The emulator is made by bandg ${emulator.made_by.bandg} of ${emulator.made_by.computed} computed nanocrystals.`;
  const quoted = (text) => (/^[\w@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

  function command() {
    const own = collections.filter((one) => one.own || one.file).map((one) => ` --data ${quoted(one.file ?? one.name)}`).join("");
    return `bandg explore --state ${quoted(asText())}${own}`;
  }

  const pictures = (type) => PANELS.map((panel) => views[panel].export(type));

  async function asSvg() {
    const parts = await Promise.all(pictures("svg").map(async (canvas) => (await canvas.to_blob()).text()));
    const boxes = PANELS.map((panel) => views[panel].el.getBoundingClientRect());
    const width = boxes.reduce((sum, box) => sum + box.width, 0), height = Math.max(...boxes.map((box) => box.height));
    let x = 0;
    const placed = parts.map((text, n) => {
      const inner = text.slice(text.indexOf("<svg")).replace("<svg", `<svg x="${x}" y="0"`);
      x += boxes[n].width;
      return inner;
    });
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${placed.join("")}</svg>\n`;
  }

  async function asPng() {
    const canvases = pictures("png").map((layer) => layer.canvas);
    const whole = make("canvas", { width: canvases.reduce((sum, one) => sum + one.width, 0), height: Math.max(...canvases.map((one) => one.height)) });
    const context = whole.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, whole.width, whole.height);
    let x = 0;
    for (const one of canvases) { context.drawImage(one, x, 0); x += one.width; }
    return new Promise((resolve) => { whole.toBlob(resolve, "image/png"); });
  }

  function listen() {
    element("reset").addEventListener("click", () => { sliders().forEach((one) => one.set(one.default)); buildControls(); changed(true); });
    element("csv").addEventListener("click", () => give("curve.csv", asCsv(), "text/csv"));
    element("svg").addEventListener("click", async () => give("explore.svg", await asSvg(), "image/svg+xml"));
    element("png").addEventListener("click", async () => give("explore.png", await asPng()));
    element("copy").addEventListener("click", () => {
      element("command").select();
      const copied = navigator.clipboard?.writeText(command()) ?? Promise.reject();
      copied.catch(() => document.execCommand("copy"));
    });
    element("file").addEventListener("change", (event) => take(event.target.files));
    addEventListener("dragover", (event) => { event.preventDefault(); element("drop").classList.add("over"); });
    addEventListener("dragleave", () => element("drop").classList.remove("over"));
    addEventListener("drop", (event) => { event.preventDefault(); element("drop").classList.remove("over"); take(event.dataTransfer.files); });
    narrow.addEventListener("change", adapt);
    addEventListener("hashchange", () => { if (location.hash.slice(1) !== asText()) load(location.hash.slice(1)); });
  }

  let frame = 0, timer = 0;
  function changed(isWhole) {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => { draw(); if (isWhole) fit(); });
    clearTimeout(timer);
    timer = setTimeout(remember, 150);
  }

  function remember() {
    element("command").value = command();
    history.replaceState(null, "", `#${asText()}`);
    element("about").textContent = [...DATA.about, madeBy()].join(" ");
  }

  function load(text) {
    fromText(text);
    buildControls();
    draw();
    fit();
    remember();
  }

  async function start() {
    for (const panel of PANELS) {
      const manager = await Bokeh.embed.embed_item(DATA.figures[panel], panel);
      views[panel] = [...manager][0];
      models[panel] = views[panel].model;
    }
    adapt();
    listen();
    load(location.hash.slice(1) || DATA.state);
    document.body.dataset.ready = "yes";
  }

  const shown = (panel) => Object.fromEntries(Object.keys(DATA.columns).map((kind) => [kind,
    Object.fromEntries(Object.entries(model(panel, kind).data).map(([name, column]) => [name, Array.from(column)]))]));
  const sizeTicks = (panel) => [...model(panel, "sizes").major_label_overrides].map(([energy, label]) => [Number(energy), label]);

  // What the tests ask for.
  return { start, load, state, curve: () => curve, points: shownPoints, summary, shown, sizeTicks, command };
})();

Page.start();
