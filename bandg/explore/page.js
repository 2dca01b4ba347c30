"use strict";
// The page: controls, residuals, files, and the state in the address. The controls are the browser's own. DATA is made by
// page.py.

const Page = (() => {
  const element = (id) => document.getElementById(id);
  const make = (tag, attributes = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), attributes);
    made.append(...children);
    return made;
  };
  const state = { set: "", shape: "", termination: "", knobs: {}, inverse_eps: 0, size_spread: 0 };
  let collections = DATA.collections.map((one) => ({ ...one, shown: true }));
  let emulator, curve;
  const { signed, measured, theoryAt, where, NAMES, QUANTITIES } = Picture;

  // ---- the state

  const kinds = ["set", "shape", "termination"];
  const matching = (wanted) => DATA.emulators.filter((one) => kinds.every((kind) => !wanted[kind] || one[kind] === wanted[kind]));

  // The emulator of these words, or the first that agrees in as many of them as there are.
  function choose(wanted) {
    const best = kinds.map((_, n) => matching(Object.fromEntries(kinds.slice(0, n + 1).map((kind) => [kind, wanted[kind]])))[0]);
    emulator = best.findLast(Boolean) ?? DATA.emulators[0];
    kinds.forEach((kind) => { state[kind] = emulator[kind]; });
    state.knobs = {};
    sliders().forEach((one) => one.set(one.default));
  }

  // Choose while sliders that were moved keep their value, where the other curve can have it; says where it cannot.
  function exchange(wanted) {
    const moved = sliders().map((one) => ({ ...one, value: one.get() })).filter((one) => one.value !== one.default);
    choose(wanted);
    const odd = moved.flatMap(({ name, label, value }) => {
      const one = sliders().find((other) => other.name === name);
      one?.set(within(one, value));
      return one?.get() === value ? [] : [`${one?.label ?? label}: ${short(value)} (${one ? instead(one) : "this curve has no such slider"})`];
    });
    return odd.length ? `Not kept: ${odd.join("; ")}.` : "";
  }

  const within = (one, value) => Math.min(Math.max(value, one.low), one.high);
  const instead = (one) => `not from ${short(one.low)} to ${short(one.high)}: ${short(one.get())} is used`;

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

  const short = (value) => String(Number(value.toPrecision(3))).replaceAll("-", "−");

  function asText() {
    const words = new URLSearchParams(kinds.map((kind) => [kind, state[kind]]));
    sliders().forEach((one) => words.set(one.name, String(one.get())));
    const hidden = collections.filter((one) => !one.shown).map((one) => one.name);
    if (hidden.length) words.set("hide", hidden.join(","));
    return words.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  }

  // The state of a text; what of it is not understood is said with what is taken instead.
  function fromText(text) {
    const words = new URLSearchParams(text), odd = [];
    const say = (name, instead) => odd.push(`${name}=${words.get(name).slice(0, 40)} (${instead})`);
    choose(Object.fromEntries(kinds.map((kind) => [kind, words.get(kind) ?? ""])));
    for (const kind of kinds) if (words.has(kind) && words.get(kind) !== state[kind]) say(kind, `there is none: ${state[kind]} is shown`);
    for (const one of sliders()) {
      const given = words.get(one.name), value = given?.trim() ? Number(given) : NaN;
      if (Number.isFinite(value)) one.set(within(one, value));
      if (given !== null && one.get() !== value) say(one.name, instead(one));
    }
    const known = [...kinds, "hide", ...sliders().map((one) => one.name)];
    for (const name of new Set(words.keys())) {
      if (!known.includes(name)) say(name, "no slider of this curve: left out");
      else if (words.getAll(name).length > 1) say(name, "given more than once: the first is used");
    }
    const hidden = (words.get("hide") ?? "").split(",").filter(Boolean);
    collections.forEach((one) => { one.shown = !hidden.includes(one.name); });
    if (hidden.some((name) => !collections.some((one) => one.name === name))) {
      say("hide", `the points here are ${collections.map((one) => one.name).join(", ")}`);
    }
    element("refused").textContent = odd.length ? `Not understood in the address: ${odd.join("; ")}.` : "";
  }

  // ---- controls

  function buildControls() {
    element("choices").replaceChildren(...kinds.flatMap((kind, n) => {
      const before = Object.fromEntries(kinds.slice(0, n).map((one) => [one, state[one]]));
      const options = [...new Set(matching(before).map((one) => one[kind]))];
      const select = make("select", { id: `choose-${kind}` }, ...options.map((one) => new Option(one, one, false, one === state[kind])));
      select.addEventListener("change", () => {
        const told = exchange({ ...state, [kind]: select.value });
        buildControls();
        element(`choose-${kind}`).focus();
        changed(true, told);
      });
      return [make("label", { htmlFor: select.id, textContent: DATA.kinds[kind] }), select];
    }));
    element("knobs").replaceChildren(element("knobs").querySelector("legend"), ...sliders().map(slider));
    element("collections").replaceChildren(...collections.map((one) => {
      const box = make("input", { type: "checkbox", checked: one.shown });
      box.addEventListener("change", () => { one.shown = box.checked; changed(true); });
      return make("label", {}, box, ` ${one.name} (${count(one.count, "point")})`);
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
      const step = 10 ** Math.floor(Math.log10((one.high - one.low) / 100)), value = Number(input.value);
      const exact = [one.default, one.low, one.high].find((other) => Math.abs(other - value) < step / 2);
      one.set(exact ?? Number((Math.round(value / step) * step).toPrecision(6)));
      say();
      changed(false);
    });
    say();
    const ends = make("small", {}, make("span", { textContent: short(one.low) }), make("span", { textContent: short(one.high) }));
    return make("div", { className: "knob" }, make("label", { htmlFor: id, textContent: one.label }), output, input, ends);
  }

  // ---- points

  // Collections that are shown; those that ship are of one material.
  const present = () => collections.filter((one) => one.shown && (!one.material || one.material === emulator.material));

  // Points that are shown, each with its color and marker: one look for each source, series and temperature.
  function shownPoints() {
    const looks = new Map();
    const all = present().flatMap((one) => one.points.map((point) => ({ ...point, collection: one.name })));
    return all.filter((point) => point.energy_eV !== null).map((point) => {
      const key = JSON.stringify([point.source, point.series || point.sample, point.temperature_K]);
      if (!looks.has(key)) looks.set(key, looks.size);
      const number = looks.get(key), family = DATA.markers[Math.floor(number / DATA.colors.length) % DATA.markers.length];
      const quantity = point.quantity.replace("abs_", "");
      const isForeign = !point.why && point.material && emulator.material && point.material !== emulator.material;
      const why = isForeign ? `of ${point.material}, not ${emulator.material}` : point.why;
      return { ...point, why, isForeign, own: quantity, color: DATA.colors[number % DATA.colors.length],
        marker: quantity === "g" ? "hex" : family[quantity === "g_h" ? 1 : 0], label: labelOf(point) };
    });
  }

  function labelOf(point) {
    const kelvin = point.temperature_K === null ? "" : `${point.temperature_K} K`;
    const what = [point.series || point.sample, kelvin].filter(Boolean).join(", ");
    return `${point.source_name || point.source.split(/[\\/]/u).at(-1)}${what && ` (${what})`}`;
  }

  const outside = () => (Curve.holds(emulator, state.knobs) ? "" : DATA.outside);

  function draw() {
    curve = Curve.of(emulator, state);
    const points = shownPoints();
    Picture.draw({ emulator, state, curve, points });
    if (element("outside").textContent !== outside()) element("outside").textContent = outside(); // readers say it anew
    residuals(points);
  }

  // ---- numbers

  const rms = (values) => Math.sqrt(values.reduce((sum, one) => sum + one * one, 0) / values.length);
  const mean = (values) => values.reduce((sum, one) => sum + one, 0) / values.length;

  // Rms and means of the points of each collection that judge models and lie inside the curve, and numbers of the others.
  function summary() {
    return present().map((one) => {
      const own = shownPoints().filter((point) => point.collection === one.name), judged = own.filter((point) => !point.why);
      const off = judged.map((point) => ({ own: point.own, value: theoryAt(point) - point.value }));
      const inside = off.filter((point) => !Number.isNaN(point.value));
      const each = QUANTITIES.map((quantity) => [quantity, inside.filter((point) => point.own === quantity).map((point) => point.value)]);
      return { name: one.name, inside: inside.length, outside: off.length - inside.length,
        foreign: own.filter((point) => point.isForeign), unplaced: one.points.filter((point) => point.energy_eV === null).length, rms: rms(inside.map((point) => point.value)),
        each: each.filter(([, values]) => values.length).map(([quantity, values]) => ({ quantity, count: values.length, rms: rms(values), mean: mean(values) })) };
    }).filter((one) => one.inside + one.outside + one.foreign.length + one.unplaced);
  }

  const count = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;

  function sentence(one) {
    const each = one.each.map((part) => `${NAMES[part.quantity]} ${part.rms.toFixed(3)}, mean ${signed(part.mean)} (${part.count})`).join("; ");
    const materials = [...new Set(one.foreign.map((point) => point.material))].join(", ");
    const left = [[one.outside, "outside the curve"], [one.foreign.length, `of ${materials}, not ${emulator.material}`],
      [one.unplaced, "without an energy, not drawn"]].filter(([n]) => n).map(([n, why]) => `${count(n, "point")} ${why}`);
    const others = left.length ? ` In no rms: ${left.join("; ")}.` : "";
    return `${one.name}: ${one.inside ? `rms ${one.rms.toFixed(3)} of ${count(one.inside, "point")} inside the curve: ${each}` : "no rms"}.${others}`;
  }

  const MOST_ROWS = 300; // more make the sliders slow

  function residuals(points) {
    const found = summary();
    const lines = found.length ? found.map(sentence) : ["No measured point that judges models is shown."];
    if (points.length > MOST_ROWS) lines.push(`The table has the first ${MOST_ROWS} of ${points.length} points.`);
    element("summary").replaceChildren(...lines.map((text) => make("p", { textContent: text })));
    const head = ["sample", "energy (eV)", "", "measured", "curve", "curve − measured", "nanocrystal there", "in the rms"];
    const rows = points.slice(0, MOST_ROWS).map((point) => {
      const theory = theoryAt(point), outside = Number.isNaN(theory);
      const cells = [point.sample || "", point.energy_eV.toFixed(3), NAMES[point.quantity], measured(point),
        outside ? "" : signed(theory), outside ? "" : signed(theory - point.value), where(point.energy_eV), point.why || (outside ? "no" : "yes")];
      const row = make("tr", { className: point.why ? "out" : "" }, ...cells.map((text) => make("td", { textContent: text })));
      row.firstChild.prepend(make("span", { className: "mark", style: `background: ${point.color}` }));
      return row;
    });
    element("residuals").replaceChildren(
      make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { textContent: text, scope: "col" })))), make("tbody", {}, ...rows));
  }

  // ---- files and buttons

  async function take(files) {
    const told = [], refused = [], say = () => {
      element("told").textContent = told.join("\n");
      element("refused").textContent = refused.join("\n");
    };
    say();
    for (const file of files) {
      try {
        const { told: one, ...found } = await Points.read(file.name, new Uint8Array(await file.arrayBuffer()));
        collections = collections.filter((one) => one.name !== file.name).concat({ name: file.name, ...found, shown: true, own: true });
        told.push(`${file.name}: ${one}`);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        refused.push(error.message);
      }
    }
    say();
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
    const comments = [`${madeBy()} Parameter set ${emulator.made_by.set_sha256}.`, `state = ${asText()}`, `command = ${command()}`, ...(outside() ? [outside()] : [])];
    return [...comments.map((one) => `# ${one}`), names.join(","), ...rows, ""].join("\n");
  }

  const madeBy = () => `The emulator is made by bandg ${emulator.made_by.bandg} of ${emulator.made_by.computed} computed nanocrystals.`;
  const quoted = (text) => (/^[\w@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

  function command() {
    const own = collections.filter((one) => one.own || one.file).map((one) => ` --data ${quoted(one.file ?? one.name)}`).join("");
    const none = collections.some((one) => one.material) ? "" : " --data none";
    return `bandg explore --state ${quoted(asText())}${none}${own}`;
  }

  // The bandg compute that computes what is emulated, or why there is none.
  function computeCommand() {
    const words = [], missing = [];
    for (const knob of sliders()) {
      const value = knob.get(), how = DATA.options[knob.name];
      if (typeof how === "object" && how[value]) words.push(how[value]);
      else if (value !== knob.default && typeof how === "string") words.push(`${how} ${value}`);
      else if (value !== knob.default) missing.push(`${knob.label}: ${short(value)}`);
    }
    if (missing.length) return `# bandg compute has no options for ${missing.join("; ")}`;
    const sizes = Picture.computedCells(emulator).map((n) => `${n}cells`).join(",");
    const { set, shape, termination } = emulator;
    return ["bandg compute", ...Object.entries({ set, shape, termination }).map((one) => `--${one[0]} ${quoted(one[1])}`), `--size ${sizes}`, ...words].join(" ");
  }

  function listen() {
    element("reset").addEventListener("click", () => { sliders().forEach((one) => one.set(one.default)); buildControls(); changed(true); });
    element("csv").addEventListener("click", () => give("curve.csv", asCsv(), "text/csv"));
    element("svg").addEventListener("click", async () => give("explore.svg", await Picture.asSvg(), "image/svg+xml"));
    element("png").addEventListener("click", async () => give("explore.png", await Picture.asPng()));
    element("copy").addEventListener("click", () => {
      remember();
      element("command").select();
      const copied = navigator.clipboard?.writeText(element("command").value) ?? Promise.reject();
      copied.catch(() => document.execCommand("copy"));
    });
    element("file").addEventListener("change", (event) => take(event.target.files));
    addEventListener("dragover", (event) => { event.preventDefault(); element("drop").classList.add("over"); });
    addEventListener("dragleave", () => element("drop").classList.remove("over"));
    addEventListener("drop", (event) => { event.preventDefault(); element("drop").classList.remove("over"); take(event.dataTransfer.files); });
    addEventListener("hashchange", () => { if (location.hash.slice(1) !== asText()) load(location.hash.slice(1)); });
  }

  let frame = 0, timer = 0;
  function changed(isWhole, told = "") {
    element("kept").textContent = told;
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => { draw(); Picture.fit(!isWhole); });
    clearTimeout(timer);
    timer = setTimeout(remember, 150);
  }

  function remember() {
    element("command").value = `${command()}\n${computeCommand()}`;
    history.replaceState(null, "", `#${asText()}`);
    element("about").textContent = [...DATA.about, madeBy()].join(" ");
  }

  function load(text) {
    fromText(text);
    element("kept").textContent = "";
    buildControls();
    draw();
    Picture.fit();
    remember();
  }

  async function start() {
    await Picture.start();
    listen();
    load(location.hash.slice(1) || DATA.state);
    document.body.dataset.ready = "yes";
  }

  // What the tests ask for.
  return { start, load, state, curve: () => curve, points: shownPoints, summary, command, computeCommand };
})();

Page.start();
