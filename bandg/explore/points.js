"use strict";
// A table of measured points: its rows checked, and the points as bandg.data.measured.MeasuredPoint has them.
// This is bandg/base/tables.py and bandg/data/measured.py once more; RULES has their columns and what each accepts.

const Points = (() => {
  const quote = (text) => Reader.quote(text);
  const isNumber = (text) => /^\s*[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|nan)\s*$/iu.test(text);
  const value = (text) => Number(text.trim().replace(/^([+-]?)inf(?:inity)?$/iu, "$1Infinity"));
  const QUANTITIES = RULES.quantities, SPREADS = RULES.spreads;

  // ---- base/tables.py

  function strictTable(text, label) {
    const settings = {}, lines = [];
    text.split("\n").forEach((content, n) => {
      const line = content.replace(/\r$/u, "");
      if (!line.startsWith("#")) { lines.push([n + 1, line]); return; }
      const at = line.indexOf("=");
      const [key, held] = at < 0 ? [line.slice(1).trim(), ""] : [line.slice(1, at).trim(), line.slice(at + 1).trim()];
      if (at >= 0) settings[key] = held;
      if (key === "schema" && held !== "1") {
        refuse(label, "schema is not known: this version of bandg reads schema = 1", n + 1);
      }
    });
    const all = lines.some(([, line]) => line.includes("\r")) ? null : Reader.csv(lines, ",", false);
    if (all === null) refuse(label, "is not CSV: a quotation mark or a line end is out of place");
    const rows = all.map(([line, cells]) => [line, cells.map((cell) => cell.trim())]).filter(([, cells]) => cells.some(Boolean));
    if (!rows.length) refuse(label, `is empty: it needs ${RULES.needed}`);
    const [place, header] = rows[0];
    if (header.length === 1 && /[;\t]/u.test(header[0])) {
      refuse(label, "separates its columns by something else than commas: save it as CSV with commas", place);
    }
    const twice = header.find((column, n) => column && header.indexOf(column) !== n);
    if (twice) refuse(label, `has the column ${quote(twice)} twice`, place);
    for (const [line, cells] of rows.slice(1)) {
      if (cells.slice(header.length).some(Boolean) || cells.length < header.length) {
        const advice = cells.length > header.length ? ": quote cells that contain a comma" : "";
        refuse(label, `has ${cells.length} cells under ${header.length} columns${advice}`, line);
      }
      if (header.some((column, n) => !column && cells[n])) refuse(label, "has a cell in a column without a name", line);
    }
    const body = rows.slice(1);
    return {
      label, settings, columns: header.filter(Boolean), lines: body.map(([line]) => line),
      cells: body.map(([, row]) => Object.fromEntries(header.map((column, n) => [column, row[n]]).filter(([column]) => column))),
    };
  }

  // Similarity of two words, 0 to 1, as difflib.SequenceMatcher.ratio.
  function ratio(a, b) {
    const matches = (aLow, aHigh, bLow, bHigh) => {
      let best = 0, i = 0, j = 0;
      for (let m = aLow; m < aHigh; m++) {
        for (let n = bLow; n < bHigh; n++) {
          let k = 0;
          while (m + k < aHigh && n + k < bHigh && a[m + k] === b[n + k]) k++;
          if (k > best) [best, i, j] = [k, m, n];
        }
      }
      return best ? best + matches(aLow, i, bLow, j) + matches(i + best, aHigh, j + best, bHigh) : 0;
    };
    return a.length + b.length ? (2 * matches(0, a.length, 0, b.length)) / (a.length + b.length) : 1;
  }

  function nearest(word, known, cutoff) {
    const longer = word.length > 2 ? known.find((option) => option.startsWith(word)) : undefined;
    let close, highest = cutoff;
    for (const option of known) {
      const how = ratio(option.toLowerCase(), word.toLowerCase().slice(0, 80));
      if (how > highest || (how === highest && !(option <= close))) [close, highest] = [option, how]; // as difflib
    }
    const found = longer ?? close;
    return found ? ` (did you mean '${found}'?)` : "";
  }

  // The cell of a field as a value; a refusal says what the field accepts.
  function parsed(table, n, name, field) {
    const text = table.cells[n][name] ?? "";
    const fail = (reason) => {
      const shown = isNumber(text) && Number.isFinite(value(text)) ? text : quote(text);
      refuse(table.label, `${name} is ${shown}${reason.startsWith("which") ? ", " : ": "}${reason}`, table.lines[n]);
    };
    if (text === "") {
      if (field.required) refuse(table.label, `${name} is empty: every row needs a value`, table.lines[n]);
      return field.default;
    }
    if (field.type === "text") return text;
    if (field.type === "choice") {
      const options = field.options.filter(Boolean);
      if (!options.includes(text)) fail(`it must be one of ${options.slice(0, -1).join(", ")} or ${options.at(-1)}`);
      return text;
    }
    if (!isNumber(text)) fail("which is not a number");
    const found = value(text);
    if (!Number.isFinite(found)) fail("which is not a finite number: leave the cell empty where there is none");
    if (Math.abs(found) > RULES.largest_number) fail("which is beyond 1e+12");
    if (found <= 0 && field.no_error) fail(field.no_error);
    if (found < 0 && !field.negative) fail(field.zero ? "it must not be negative" : "it must be above zero");
    if (found === 0 && !field.zero) fail("it must be above zero");
    if (found > RULES.largest_eV && field.energy) fail("which looks like meV: give eV");
    return found;
  }

  // ---- data/measured.py

  function pointsOf(table) {
    const fail = (what, n = null) => refuse(table.label, what, n === null ? null : table.lines[n]);
    const values = [...QUANTITIES, ...SPREADS];
    const wide = table.columns.filter((column) => values.includes(column) || values.includes(column.replace(/_error$/u, "")))
      .filter((column) => values.includes(column));
    const isLong = table.columns.includes("quantity") || table.columns.includes("value");
    const model = wide.length && !isLong ? RULES.wide : RULES.long;
    const known = Object.keys(model), needed = isLong || !wide.length ? ["energy_eV", "quantity", "value"] : ["energy_eV"];
    for (const column of table.columns) {
      const options = [...known, "energy_eV", "quantity", "value"];
      const hint = options.includes(column) ? "" : nearest(column, options, 0.75);
      if (hint) fail(`has the unknown column ${quote(column)}${hint}`);
    }
    const missing = needed.filter((column) => !table.columns.includes(column));
    if (missing.length) fail(`has no column ${missing.join(", ")}: it needs ${RULES.needed}`);
    if (isLong && wide.length) fail(`has both a column quantity and a column ${wide[0]}: it needs ${RULES.needed}`);
    if (model === RULES.wide && table.columns.includes("error") && (wide.length > 1 || table.columns.includes(`${wide[0]}_error`))) {
      fail(`column 'error' is ambiguous: call it ${wide.map((name) => `${name}_error`).join(" or ")}`);
    }
    const unstated = RULES.schema.filter((column) => !table.columns.includes(column));
    if ("schema" in table.settings && unstated.length) {
      fail(`states schema = 1 and has no column ${unstated.join(", ")}: add it, or leave out the line of the schema`);
    }
    for (const column of table.columns) {
      if (!known.includes(column) && table.cells.some((row) => isNumber(row[column]))) {
        fail(`column ${quote(column)} contains numbers but is not a known column; known are: ${known.join(", ")}`);
      }
    }
    const rows = table.cells.map((_, n) =>
      Object.fromEntries(known.map((name) => [name, parsed(table, n, name, model[name])])));
    const found = rows.flatMap((row, n) => ofRow(table, fail, row, n, model === RULES.long).map((point) => [n, point]));
    checkRanges(fail, found);
    checkEvidence(fail, found);
    return found.map(([, point]) => point);
  }

  function ofRow(table, fail, row, n, isLong) {
    const stated = Object.fromEntries(RULES.stated.map((name) => [name, row[name]]));
    stated.source = row.source || table.label;
    stated.source_name = table.settings[`source ${row.source}`] ?? "";
    stated.foreign_to = "";
    const values = isLong ? [[row.quantity, row.value, row.error]] : byQuantity(row);
    if (row.convention && !values.some(([name, held]) => held !== null && SPREADS.includes(name))) {
      fail(`convention is ${row.convention}, but the row has no spread (${SPREADS.join(", ")})`, n);
    }
    const points = [];
    for (const [quantity, held, error] of values) {
      const isSpread = SPREADS.includes(quantity);
      if (held === null && error !== null) fail(`an error stands without ${quantity}`, n);
      if (held === null) continue;
      if (held < 0 && (isSpread || quantity.startsWith("abs_"))) {
        fail(`${quantity} is ${held}: a ${isSpread ? "spread" : "magnitude"} is not negative`, n);
      }
      if (quantity.startsWith("T2") && held === 0) fail(`${quantity} is 0: it must be above zero`, n);
      if (isSpread && !row.convention) {
        fail(`${quantity} has no convention: write lorentzian (half width at half maximum, exponential decay) or ` +
          "gaussian (standard deviation) in a column convention", n);
      }
      if (isSpread && row.kind.endsWith("range")) {
        fail(`kind is ${row.kind}, but ${quantity} is a point, an upper-bound or a lower-bound`, n);
      }
      points.push({ ...stated, convention: isSpread ? row.convention : "", quantity, value: held, error });
    }
    return points;
  }

  function byQuantity(row) {
    const values = [...QUANTITIES, ...SPREADS].map((name) => [name, row[name], row[`${name}_error`]]);
    if (row.error === null) return values;
    const own = values.find(([, held]) => held !== null);
    if (!own) return [...values, ["a value", null, row.error]];
    own[2] = row.error;
    return values;
  }

  function rangeOf(point) {
    const common = [point.kind, point.source, point.series, point.sample, point.temperature_K, point.quantity, point.evidence];
    if (point.kind === "value-range") return JSON.stringify([...common, point.energy_eV]);
    return point.kind === "energy-range" ? JSON.stringify([...common, point.value]) : "";
  }

  function checkRanges(fail, found) {
    const counts = new Map();
    for (const [, point] of found) counts.set(rangeOf(point), (counts.get(rangeOf(point)) ?? 0) + 1);
    for (const [n, point] of found) {
      const key = rangeOf(point), ends = counts.get(key);
      if (key && ends !== 2) {
        const same = point.kind === "value-range" ? "energy_eV" : "value";
        fail(`kind is ${point.kind}, but ${ends} rows have this sample, quantity and ${same}: write both ends`, n);
      }
    }
  }

  function checkEvidence(fail, found) {
    for (const [n, point] of found) {
      const parts = point.derived_from.split(";").map((part) => part.trim()).filter(Boolean);
      if (point.evidence === "measured" && parts.length) {
        fail("evidence is measured, but derived_from is filled: write derived or contains-theory", n);
      }
      if (point.evidence !== "measured" && !parts.length) {
        const what = point.evidence === "derived" ? "the rows that it follows from" : "the rows and the theory";
        fail(`evidence is ${point.evidence}: name ${what} in derived_from, as 'g_e at 1.69; g_h at 1.69'`, n);
      }
      for (const part of parts) {
        const match = /^(\w+) at ([0-9]+(?:\.[0-9]+)?)$/u.exec(part);
        if (!match && point.evidence === "contains-theory") continue;
        const named = match && found.some(([other, one]) =>
          other !== n && one.quantity === match[1] && one.energy_eV === Number(match[2]));
        if (!named) fail(`derived_from names ${quote(part)}, which is no other row: write it as 'g_e at 1.69'`, n);
      }
    }
  }

  // Why a point is not compared with models; empty for one that is.
  function whyNotJudgedBy(point) {
    const origin = point.derived_from.replaceAll(";", " and");
    if (point.use === "check") return "kept for checks";
    if (point.quantity === "abs_g") return "electron or hole is not decided";
    if (point.evidence === "contains-theory") return `contains theory${origin && ": "}${origin}`;
    if (point.evidence === "derived") {
      const verb = origin.includes(point.quantity) && !origin.includes(" and ") ? "repeats" : "follows from";
      return `${verb} ${origin || "other points"}`;
    }
    if (point.energy_eV === null) return "no energy is stated";
    if (point.kind.endsWith("bound")) return "is a bound";
    if (point.energy_is === "gap") return "stands at the gap of the bulk crystal";
    if (point.temperature_K !== null && point.temperature_K > RULES.warm_K) return `above ${RULES.warm_K} K`;
    return "";
  }

  // data/pairs.py: the points, and g_e + g_h where a sample has both at one energy and its source states no g_bx.
  function withPairs(points) {
    const stated = points.filter((point) => point.quantity === "g_bx").map((point) => point.source);
    const same = ["source", "sample", "series", "energy_eV", "energy_is", "temperature_K", "field_T", "material", "size_nm"];
    const members = new Map();
    for (const point of points) {
      const known = point.energy_eV !== null && point.kind === "point" && point.evidence !== "contains-theory";
      if (known && !stated.includes(point.source) && ["g_e", "g_h"].includes(point.quantity)) {
        const key = JSON.stringify(same.map((name) => point[name]));
        if (!members.has(key)) members.set(key, []);
        members.get(key).push(point);
      }
    }
    const pairs = [...members.values()].filter((pair) => pair.map((point) => point.quantity).sort().join() === "g_e,g_h");
    return [...points, ...pairs.map(([one, other]) => {
      const error = one.error === null || other.error === null ? null : Math.hypot(one.error, other.error);
      const energy = Number(one.energy_eV.toPrecision(6)), from = `g_e at ${energy}; g_h at ${energy}`;
      return { ...one, quantity: "g_bx", value: one.value + other.value, error, evidence: "derived", derived_from: from };
    })];
  }

  function describe(points, notes) {
    const g = points.filter((point) => QUANTITIES.includes(point.quantity));
    const samples = new Set(g.map((point) => point.sample).filter(Boolean)).size;
    const parts = [...new Set(points.map((point) => point.quantity))].map((quantity) => {
      const own = points.filter((point) => point.quantity === quantity);
      const errors = own.filter((point) => point.error !== null).length;
      const some = errors === own.length ? "with errors" : errors ? `(${errors} with errors)` : "without errors";
      return `${own.length} ${quantity} ${some}`;
    });
    const energies = g.map((point) => point.energy_eV).filter((energy) => energy !== null);
    const short = (energy) => String(Number(energy.toPrecision(4)));
    const of = samples ? ` of ${samples} sample${samples === 1 ? "" : "s"}` : "";
    const [low, high] = [Math.min, Math.max].map((end) => energies.reduce((one, other) => end(one, other), energies[0]));
    const at = energies.length ? `, ${[...new Set([short(low), short(high)])].join(" to ")} eV` : "";
    return `${g.length} point${g.length === 1 ? "" : "s"}${of}: ${parts.join(", ")}${at}${notes.length ? ` (${notes.join("; ")})` : ""}`;
  }

  // A few words on rows that stand twice in a table.
  function repeated(table) {
    const first = new Map(), found = [];
    table.cells.forEach((cells, n) => {
      const row = JSON.stringify(cells);
      if (first.has(row)) found.push(`line ${table.lines[n]} repeats line ${first.get(row)}`);
      else first.set(row, table.lines[n]);
    });
    const more = found.length > 3 ? ` and ${found.length - 3} more` : "";
    return found.length ? [`${found.slice(0, 3).join(", ")}${more}: all count`] : [];
  }

  // The g-factors of a file, with the sums of pairs, and one line that says what it was taken for. Raises Refusal, one line.
  async function read(name, bytes) {
    const [table, notes] = await Reader.table(name, bytes);
    const all = pointsOf(table);
    const points = all.filter((point) => QUANTITIES.includes(point.quantity));
    if (!points.length) refuse(name, `has no points${all.length ? " but spreads" : ""}: it needs ${RULES.needed}`);
    return {
      count: points.length,
      points: withPairs(points).map((point) => ({ ...point, why: whyNotJudgedBy(point) })),
      told: describe(all, [...notes, ...repeated(table)]),
    };
  }

  return { read, strictTable, rangeOf };
})();
