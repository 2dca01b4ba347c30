"use strict";
// Files of measured points: bytes to a table with bandg's columns and units.
// This is bandg/data/{sheets,headings,understood}.py once more, function by function. All words, units and patterns come
// from there (RULES, made by bandg/explore/rules.py); tests/explore reads the same files with both.

class Refusal extends Error {}

const refuse = (label, what, line = null) => {
  throw new Refusal(`${label}${line === null ? "" : `, line ${line}`}: ${what}`.trim().replace(/\s+/gu, " "));
};

const Reader = (() => {
  const pattern = (source, flags = "u") => new RegExp(source, flags);
  const whole = (source) => pattern(`^(?:${source})$`);
  const CELL = whole(RULES.cell);
  const NEARLY = whole(RULES.nearly);
  const BARE_UNIT = whole(RULES.bare_unit);
  const UNIT = pattern(RULES.unit);
  const ERROR = pattern(RULES.error, "giu");
  const SPREAD = pattern(RULES.spread);
  const SAMPLE = pattern(`^(?:${RULES.sample})`);
  const isNumeric = (name) => !RULES.words.includes(name);
  const has = (object, key) => Object.prototype.hasOwnProperty.call(object, key);

  // ---- text

  function quote(text) {
    const shown = text.length <= 60 ? text : `${text.slice(0, 57)}...`;
    const sign = shown.includes("'") && !shown.includes('"') ? '"' : "'";
    const code = (one) => one.codePointAt(0).toString(16);
    const escape = (one) => ({ "\t": "\\t", "\n": "\\n", "\r": "\\r" })[one]
      ?? (code(one).length < 3 ? `\\x${code(one).padStart(2, "0")}` : `\\u${code(one).padStart(4, "0")}`);
    const escaped = shown.replaceAll("\\", "\\\\").replaceAll(sign, `\\${sign}`).replace(/(?! )[\p{Z}\p{C}]/gu, escape);
    return sign + escaped + sign;
  }

  function decoded(bytes, label, wanted) {
    const decode = (name, fatal = true) => new TextDecoder(name, { fatal }).decode(bytes);
    const utf16 = { "255,254": "utf-16le", "254,255": "utf-16be" }[`${bytes[0]},${bytes[1]}`];
    if (utf16) {
      try { return [decode(utf16), ["text is UTF-16"]]; } catch { refuse(label, `is marked as UTF-16 and is damaged: give ${wanted}`); }
    }
    try { return [decode("utf-8"), []]; } catch { /* another encoding */ }
    if (bytes.includes(0)) refuse(label, `is not a text file: give ${wanted}`);
    const cyrillic = bytes.reduce((count, byte) => count + (byte >= 192), 0) > 8;
    return [decode(cyrillic ? "windows-1251" : "windows-1252", false), [`text is taken as ${cyrillic ? "cp1251" : "cp1252"}`]];
  }

  // Rows of cells as Python's csv.reader(strict=True) reads them: [number of the last line, cells]. Null for what is no CSV.
  function csv(lines, separator, skipBlanks) {
    const rows = [];
    let cells = [], cell = "", state = "start";
    const close = () => { cells.push(cell); cell = ""; state = "start"; };
    for (const [number, line] of lines) {
      for (const sign of line) {
        if (state === "quoted") {
          if (sign === '"') state = "after quote"; else cell += sign;
        } else if (sign === separator) close();
        else if (state === "start" && sign === '"') state = "quoted";
        else if (state === "start" && skipBlanks && sign === " ") continue;
        else if (state === "after quote") {
          if (sign !== '"') return null;
          cell += '"';
          state = "quoted";
        } else {
          cell += sign;
          state = "plain";
        }
      }
      if (state === "quoted") { cell += "\n"; continue; }
      if (line !== "" || cells.length) { close(); rows.push([number, cells]); }
      cells = [];
    }
    return state === "quoted" ? null : rows;
  }

  // ---- sheets.py

  const plain = (cell) =>
    cell.replace(/[−–—‒‑]/gu, "-").trim().replace(/^['"]+|['"]+$/gu, "").replace(/(?<=\d)[ \u00a0\u2009\u202f](?=\d{3}(?!\d))/gu, "");
  const isCell = (cell) => CELL.test(plain(cell));
  const isData = (cells) => cells.length > 1 && cells.filter((cell) => isCell(cell) || NEARLY.test(plain(cell))).length > 1;

  function split(lines, separator) {
    if (!separator.trim() && separator !== "\t") {
      const between = separator === " " ? /\s+/u : /\s{2,}/u;
      return lines.map(([number, line]) => {
        const joined = line.trim().replace(/\s*(±|\+\/?-)\s*(?=[\d.,])/gu, "$1").replace(/\s+(?=[([][A-Za-zÅ]+[)\]])/gu, "");
        return [number, joined.split(between)];
      });
    }
    const rows = [];
    for (const line of lines) {
      const found = csv([line], separator, true);
      if (found === null) return [];
      rows.push([line[0], found[0][1].map((cell) => cell.trim())]);
    }
    return rows;
  }

  function score(rows) {
    const first = rows.findIndex(([, cells]) => isData(cells));
    if (first < 1 || rows[first - 1][1].length < 2) return 0;
    const width = rows[first - 1][1].length;
    return rows.slice(first).filter(([, cells]) => cells.length >= width && !cells.slice(width).some(Boolean)).length;
  }

  function isOwn(text) {
    const ends = text.split("\n");
    if (ends.some((line) => SAMPLE.test(line))) return false;
    const header = ends.find((line) => line.trim() && !line.startsWith("#")) ?? "";
    const cells = header.split(",").map((cell) => cell.trim().replace(/^"+|"+$/gu, ""));
    const spelled = cells.some((cell) => cell !== "energy_eV" && named(cell) && named(cell).name !== cell);
    return !header || (cells.includes("energy_eV") && !spelled);
  }

  function textSheet(bytes, label) {
    const [text, how] = decoded(bytes, label, "a CSV, text or .xlsx file");
    if (!how.length && isOwn(text)) return { label, text };
    const settings = {}, lines = [];
    text.split(/\r\n|\n|\r/u).forEach((line, n) => {
      if (line.startsWith("#") && !SAMPLE.test(line)) {
        const at = line.indexOf("=");
        if (at > 0) settings[line.slice(1, at).trim()] = line.slice(at + 1).trim();
      } else if (line.replace(/[ \t;,]/gu, "")) lines.push([n + 1, line]);
    });
    if (!lines.length) refuse(label, "is empty");
    const isTabbed = lines.some(([, line]) => line.trim().includes("\t")); // then blanks are no separators
    const tried = new Map((isTabbed ? ["\t", ";", ","] : ["\t", ";", ",", "  ", " "]).map((separator) => [separator, split(lines, separator)]));
    let best = "\t", highest = -1;
    for (const [separator, rows] of tried) {
      if (score(rows) > highest) [best, highest] = [separator, score(rows)];
    }
    if (highest === 0) refuse(label, "has no table: it needs headings, as energy_eV and g_e, and rows of as many cells");
    const name = { "\t": "tabs", ";": "semicolons", " ": "blanks", "  ": "blanks" }[best];
    return { label, rows: tried.get(best), settings, how: name ? [...how, `columns separated by ${name}`] : how };
  }

  // ---- headings.py

  const folded = (text) =>
    text.normalize("NFKC").toLowerCase().replace(pattern(RULES.folded, "gu"), "");

  function named(text) {
    const heading = text.trim().replace(/^['"]+|['"]+$/gu, "");
    if (RULES.as_they_are.includes(heading)) return { name: heading, heading, unit: "" };
    const match = UNIT.exec(heading);
    const unit = match ? RULES.units[match[1]] ?? match[1] : "";
    const name = match ? heading.slice(0, match.index) : heading;
    if (!name.trim()) return null;
    let bare = name.replace(ERROR, " ");
    const isError = bare !== name;
    if (isError) bare = bare.replace(pattern(RULES.of), "");
    const magnitude = bare.includes("|") || /^\s*abs/iu.test(bare);
    const plainName = folded(bare).replace(/^abs(?=g.)/u, "");
    for (const [g, spellings] of Object.entries(RULES.g)) {
      if (spellings.includes(plainName)) {
        const quantity = magnitude && (g === "g_e" || g === "g_h") ? `abs_${g}` : g;
        return { name: isError ? `${quantity}_error` : quantity, heading, unit };
      }
    }
    if (["g", "gfactor", "gfaktor", "gфактор"].includes(plainName)) {
      return magnitude ? { name: isError ? "abs_g_error" : "abs_g", heading, unit: "" } : null;
    }
    if (isError) return ["", "y", "g"].includes(plainName) ? { name: "error", heading, unit: "" } : null;
    if (RULES.peak.includes(plainName)) {
      return unit ? { name: has(RULES.family.wavelength, unit) ? "wavelength" : "energy", heading, unit } : null;
    }
    const known = Object.keys(RULES.names).find((one) => RULES.names[one].includes(plainName));
    return known ? { name: known, heading, unit } : null;
  }

  // ---- understood.py

  function understood(sheet) {
    const fail = (what, line = null) => refuse(sheet.label, what, line);
    let first = sheet.rows.findIndex(([, cells]) => isData(cells));
    if (first < 1) fail("has no line of headings above its numbers: name the columns, as energy_eV, g_e, g_e_error, sample");
    const above = sheet.rows.slice(Math.max(0, first - 4), first).map(([, cells]) => cells);
    const notes = [...sheet.how];
    const width = above.map((cells) => cells.length).concat(sheet.rows.slice(first).map(([, cells]) => cells.length))
      .reduce((one, other) => Math.max(one, other));
    const columns = columnsOf(fail, above, width, notes);
    const energy = [...columns].find(([, one]) => ["energy", "wavelength"].includes(one.name));
    if (energy) {
      const [k, { heading }] = energy;
      const isWhole = above.some((cells) => cells[k] === heading); // else it is made of several cells
      const at = above.findLastIndex((cells) => (isWhole ? cells[k] === heading : cells[k] && !isCell(cells[k])));
      const numeric = [...columns].filter(([, one]) => isNumeric(one.name)).map(([place]) => place);
      const earlier = above.findIndex((cells, n) => n > at && numeric.some((place) => place < cells.length && isCell(cells[place])));
      first -= earlier < 0 ? 0 : above.length - earlier;
    }
    const body = sheet.rows.slice(first);
    const headed = Math.max(0, ...above.map((cells) => cells.length));
    const last = Math.max(0, ...columns.keys());
    for (const [line, cells] of body) {
      if (!(last < cells.length && cells.length <= headed)) {
        const advice = "leave empty cells in their places, and delete lines that are no points";
        fail(`has ${cells.length} cell${cells.length === 1 ? "" : "s"} under ${headed} headings: ${advice}`, line);
      }
    }
    const filled = [...Array(width).keys()].filter((k) => body.some(([, cells]) => cells[k]));
    checkColumns(fail, columns, filled, above, body);
    for (const k of filled.filter((one) => !columns.has(one))) {
      const heading = above.filter((cells) => k < cells.length).map((cells) => cells[k]).join(" ").trim();
      notes.push(`column ${quote(heading)} left out`);
    }
    const comma = decimalComma(fail, body, columns);
    if (comma) notes.push("decimal commas");
    const rows = body.map(([line, cells]) => rowOf(fail, line, cells, columns, comma));
    toEV(fail, rows, body, columns, notes);
    for (const [k, { name, heading, unit }] of columns) {
      const own = { size_nm: "nm", temperature_K: "K", field_T: "T" }[name];
      if (own && !unit && body.some(([, cells]) => cells[k])) {
        notes.push(`${quote(heading)} is taken in ${own}${hasUnit(body, k) ? " where no unit stands" : ""}`);
      }
    }
    const names = [...columns.keys()].sort((a, b) => a - b).map((k) => columns.get(k).name);
    const used = new Set(["energy_eV", ...names.filter((name) => !["energy", "wavelength"].includes(name))]);
    rows.forEach((row) => Object.keys(row).forEach((name) => used.add(name)));
    const cells = rows.map((row) => Object.fromEntries([...used].map((name) => [name, row[name] ?? ""])));
    return [{ label: sheet.label, columns: [...used], lines: body.map(([line]) => line), cells, settings: sheet.settings }, notes];
  }

  function columnsOf(fail, above, width, notes) {
    const columns = new Map();
    for (let k = 0; k < width; k++) {
      const texts = above.map((cells) => cells[k]).filter(Boolean);
      const spread = texts.find((text) => SPREAD.test(text) && !text.startsWith("dg_"));
      if (spread) fail(`column ${quote(spread)} may be an error or a spread: call it g_e_error, or dg_e with a convention`);
      let found = [...texts, texts.join(" ")].map(named).find(Boolean);
      if (!found) continue;
      if (found.name === "error") {
        const left = columns.get(k - 1)?.name;
        if (!left || !/^(g_|abs_g|value)/u.test(left) || left.endsWith("_error")) {
          const before = k ? above.map((cells) => cells[k - 1] ?? "").filter(Boolean).join(" ").trim() : "";
          const unknown = before && !left ? ` (that on its left, ${quote(before)}, is not known as one)` : "";
          fail(`column ${quote(found.heading)} stands beside no g-factor${unknown}: ` +
            "call them g_e and g_e_error, or g_h and g_h_error");
        }
        const same = above.flat().filter((text) => text === found.heading).length;
        notes.push(`${quote(found.heading)}${same > 1 ? ` in column ${k + 1}` : ""} is the error of ${left}`);
        found = { name: left === "value" ? "error" : `${left}_error`, heading: found.heading, unit: "" };
      }
      const other = [...columns.values()].find((one) => one.name === found.name);
      if (other) fail(`columns ${quote(other.heading)} and ${quote(found.heading)} are both ${found.name}: leave one out`);
      const below = texts.filter((text) => text !== found.heading).map((text) => BARE_UNIT.exec(text)).find(Boolean);
      columns.set(k, { ...found, unit: found.unit || (below ? RULES.units[below[1]] ?? below[1] : "") });
    }
    return columns;
  }

  function checkColumns(fail, columns, filled, above, body) {
    const all = [...columns.values()];
    const energies = all.filter((one) => ["energy", "wavelength"].includes(one.name)).map((one) => one.heading);
    const isEnergy = (cell) => ["energy", "wavelength"].includes(named(cell)?.name);
    if (!energies.length && above.concat(body.map(([, cells]) => cells)).some((cells) => cells.length && isEnergy(cells[0]))) {
      fail("has its energies in a row: exchange rows and columns (in Excel: paste, transpose)");
    }
    const unknown = filled
      .filter((k) => !columns.has(k) && body.some(([, cells]) => k < cells.length && isCell(cells[k])))
      .map((k) => above.map((cells) => cells[k]).filter(Boolean).join(" ")).filter(Boolean).slice(0, 3);
    const meant = unknown.length ? ` (is it ${unknown.map(quote).join(" or ")}?)` : "";
    if (!energies.length) {
      fail(`has no column energy_eV${meant}: it needs one of energy or wavelength, as energy_eV, 'E (meV)' or 'λ (nm)'`);
    }
    if (energies.length > 1) {
      fail(`has ${energies.length} columns of energy or wavelength (${energies.map(quote).join(", ")}): keep one`);
    }
    if (!all.some((one) => [...RULES.quantities, "value"].includes(one.name))) {
      fail(`has no column of g-factors${meant}: call it g_e, g_h, g_bx, |g_e| or |g_h|`);
    }
    for (const k of filled.filter((one) => !columns.has(one))) {
      const heading = above.map((cells) => cells[k]).filter(Boolean).join(" ");
      const held = body.find(([, cells]) => k < cells.length && isCell(cells[k]));
      if (!held) continue;
      const what = heading ? `column ${quote(heading)}` : `column ${k + 1}, which has no heading,`;
      if (heading.includes("%")) fail(`${what} is in percent: give errors in units of g`, held[0]);
      fail(
        `${what} contains numbers (${held[1][k]}) and is not known: call it energy_eV, g_e, g_h, g_bx, one of these ` +
        "with _error, sample, size_nm, temperature_K, field_T or note, or delete it", held[0]);
    }
    for (const { name, heading, unit } of all) {
      const allowed = RULES.family[name];
      if (unit && !(allowed && has(allowed, unit))) {
        const use = allowed ? `use ${Object.keys(allowed).join(" or ")}` : "it has no unit";
        fail(`column ${quote(heading)} has the unit ${unit}: ${use}`);
      }
    }
  }

  function decimalComma(fail, body, columns) {
    const commas = [], points = [];
    for (const [line, cells] of body) {
      cells.forEach((cell, k) => {
        const match = columns.has(k) && isNumeric(columns.get(k).name) && CELL.exec(plain(cell));
        for (const number of match ? [match[1], match[3], match[5]].filter(Boolean) : []) {
          const last = Math.max(number.lastIndexOf(","), number.lastIndexOf("."));
          if (last >= 0) (number[last] === "," ? commas : points).push([line, number]);
        }
      });
    }
    if (commas.length && points.length) {
      fail(`has ${quote(commas[0][1])} in line ${commas[0][0]} and ${quote(points[0][1])} in line ${points[0][0]}: ` +
        "write all numbers with decimal points, or all with decimal commas");
    }
    return commas.length > 0;
  }

  const hasUnit = (body, k) => body.some(([, cells]) => k < cells.length && CELL.exec(plain(cells[k]))?.[4]);

  // The number as JavaScript writes it; null where it is none.
  function number(written, comma) {
    const [thousands, decimal] = comma ? [".", ","] : [",", "."];
    let text = written;
    if (text.includes(thousands)) {
      const integer = text.replace(/^[+-]+/u, "").split(decimal)[0];
      if (!new RegExp(`^\\d{1,3}(?:\\${thousands}\\d{3})+$`, "u").test(integer) || !text.includes(decimal)) return null;
      text = text.replaceAll(thousands, "");
    }
    return text.split(decimal).length > 2 ? null : text.replace(decimal, ".");
  }

  // A decimal number times a power of ten, without rounding twice; by another factor to 9 decimals.
  function scaled(text, factor) {
    if (Number(factor) !== 0 && !Number.isInteger(Math.log10(Number(factor)))) return Number((Number(text) * Number(factor)).toFixed(9));
    const [digits, exponent] = text.toLowerCase().split("e");
    return Number(`${digits}e${Number(exponent ?? 0) + Math.round(Math.log10(Number(factor)))}`);
  }

  // What to write in place of a cell that is not a number.
  function instead(text) {
    if (text.includes("%")) return "give errors in units of g, as 1.41±0.05";
    if (/\(\d*[.,]\d+\)$/u.test(text)) return "give the error as 1.41±0.05";
    if (/^(?:[^+-]+\+[^+-]+-[^+-]+|[^+-]+-[^+-]+\+[^+-]+)$/u.test(text)) return "give one error, as 1.41±0.05";
    return "correct it, empty the cell, or delete the row";
  }

  function rowOf(fail, line, cells, columns, comma) {
    const found = {};
    cells.forEach((cell, k) => {
      if (!columns.has(k)) return;
      const { name, heading, unit: headed } = columns.get(k);
      const text = plain(cell);
      if (name === "sample" && RULES.means.includes(cell.replace(/^[ :]+|[ :]+$/gu, "").toLowerCase())) {
        fail(`sample ${quote(cell)} sums up other rows: delete the row, or name the sample`, line);
      }
      if (!isNumeric(name)) { found[name] = name === "quantity" ? quantityOf(cell) : cell; return; }
      if (RULES.none.includes(text.toLowerCase())) return;
      const match = CELL.exec(text);
      const value = match ? number(match[1], comma) : null;
      if (value === null) fail(`${quote(heading)} is ${quote(cell)}, which is not a number: ${instead(text)}`, line);
      const written = match[4] && (RULES.units[match[4]] ?? match[4]);
      const unit = written ?? headed, family = RULES.family[name] ?? {};
      if (written && (!has(family, written) || !["", written].includes(headed))) {
        fail(`${quote(heading)} is ${quote(cell)}, whose unit does not fit the column`, line);
      }
      if ([match[2], match[3], match[5]].filter((one) => one !== undefined).length > 1) {
        fail(`${quote(heading)} is ${quote(cell)}, which has several errors: give one`, line);
      }
      const error = errorOf(match, comma);
      if (error !== null) {
        const own = name === "value" ? "error" : `${name}_error`;
        if (has(RULES.family, name) || name.endsWith("error")) {
          fail(`${quote(heading)} is ${quote(cell)}: only g-factors have errors, delete it`, line);
        }
        if (found[own]) fail(`${name} has two errors: leave one out`, line);
        found[own] = String(error);
      } else if (found[name] !== undefined) fail(`${name.replace(/_error$/u, "")} has two errors: leave one out`, line);
      if (/^(g_|abs_g)/u.test(name) && Math.abs(Number(value)) > RULES.largest_g) {
        fail(`${quote(heading)} is ${quote(cell)}, which is no g-factor: see the columns`, line);
      }
      found[name] = String(scaled(value, family[unit] ?? "1"));
    });
    return found;
  }

  function quantityOf(cell) {
    const known = named(cell);
    return known && /^(g_|abs_g)/u.test(known.name) ? known.name : cell;
  }

  function errorOf(match, comma) {
    if (match[2]) return scaled(match[2], `1e${-(match[1].split(comma ? "," : ".")[1] ?? "").length}`);
    const written = match[3] ?? match[5];
    const text = written ? number(written, comma) : null;
    return text === null ? null : Number(text);
  }

  function toEV(fail, rows, body, columns, notes) {
    const [place, column] = [...columns].find(([, one]) => ["energy", "wavelength"].includes(one.name));
    const values = rows.filter((row) => row[column.name] !== undefined).map((row) => Number(row[column.name]));
    let factor = "1";
    if (column.name === "wavelength") {
      notes.push(`energies from ${quote(column.heading)}${column.unit ? "" : ", taken in nm,"} by ${RULES.ev_nm} eV nm (wavelength in vacuum)`);
    } else if (!column.unit && !hasUnit(body, place)) {
      if (values.every((value) => value >= 0.3 && value <= 8)) notes.push(`${quote(column.heading)} is taken in eV`);
      else if (values.every((value) => value >= 300 && value <= 8000)) {
        factor = "0.001";
        notes.push(`${quote(column.heading)} is taken in meV`);
      } else fail(`column ${quote(column.heading)} has no unit: call it energy_eV, 'E (meV)' or 'λ (nm)'`);
    } else if (["meV", "cm-1"].includes(column.unit)) notes.push(`${quote(column.heading)} converted to eV`);
    rows.forEach((row, n) => {
      const [line] = body[n], text = row[column.name];
      delete row[column.name];
      if (text === undefined) {
        if (Object.keys(row).some(isNumeric)) fail(`${quote(column.heading)} is empty, but the row has numbers`, line);
        return;
      }
      let value = scaled(text, factor);
      if (column.name === "wavelength") value = value > 0 ? Number((RULES.ev_nm / value).toFixed(6)) : 0;
      if (!(value >= 0.1 && value <= 10)) {
        fail(`${quote(column.heading)} gives ${value} eV, which is no transition energy: see its unit`, line);
      }
      row.energy_eV = String(value);
    });
  }

  // The table of a file and what was understood; a table in bandg's own spelling is read as it stands (points.js).
  async function table(name, bytes) {
    const suffix = /\.[^.]*$/u.exec(name)?.[0].toLowerCase() ?? "";
    if (has(RULES.other, suffix)) refuse(name, `is ${RULES.other[suffix]}`);
    const isWorkbook = suffix === ".xlsx" || [0x50, 0x4b, 3, 4].every((byte, n) => bytes[n] === byte);
    const sheet = isWorkbook ? await Workbook.sheet(bytes, name) : textSheet(bytes, name);
    return sheet.text === undefined ? understood(sheet) : [Points.strictTable(sheet.text, name), []];
  }

  return { table, quote, csv };
})();
