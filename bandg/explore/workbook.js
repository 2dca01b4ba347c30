"use strict";
// Excel workbooks: the cells of the one sheet that has some. A workbook is a zip archive of XML files.

const Workbook = (() => {
  const BUILT_IN_DATES = (id) => (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) || (id >= 50 && id <= 58);

  // The files of a zip archive as functions that give their text, by name.
  function unzip(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), text = new TextDecoder();
    let end = bytes.length - 22;
    while (view.getUint32(end, true) !== 0x06054b50) end--;
    const found = {};
    let at = view.getUint32(end + 16, true);
    for (let left = view.getUint16(end + 10, true); left > 0; left--) {
      const [method, packed] = [view.getUint16(at + 10, true), view.getUint32(at + 20, true)];
      const [name, extra, comment] = [28, 30, 32].map((place) => view.getUint16(at + place, true));
      const local = view.getUint32(at + 42, true);
      found[text.decode(bytes.subarray(at + 46, at + 46 + name))] = () => {
        const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
        const content = new Blob([bytes.subarray(start, start + packed)]);
        return new Response(method === 0 ? content : content.stream().pipeThrough(new DecompressionStream("deflate-raw"))).text();
      };
      at += 46 + name + extra + comment;
    }
    return found;
  }

  async function xml(files, name) {
    const found = new DOMParser().parseFromString(await files[name](), "application/xml");
    if (found.querySelector("parsererror")) throw new Error(`${name} is no XML`);
    return found;
  }

  const all = (node, tag) => [...node.getElementsByTagNameNS("*", tag)];

  // Whether a number of each style is a date.
  async function dateStyles(files) {
    if (!files["xl/styles.xml"]) return [];
    const styles = await xml(files, "xl/styles.xml");
    const own = new Set(all(styles, "numFmt").filter((one) => {
      const format = one.getAttribute("formatCode").replace(/"[^"]*"|\[(?!h|m|s)[^\]]*\]|\\./giu, "");
      return /[dmhys]/iu.test(format);
    }).map((one) => Number(one.getAttribute("numFmtId"))));
    return all(all(styles, "cellXfs")[0] ?? styles, "xf").map((one) => {
      const id = Number(one.getAttribute("numFmtId"));
      return BUILT_IN_DATES(id) || own.has(id);
    });
  }

  function cellText(cell, strings, dates) {
    const kind = cell.getAttribute("t"), raw = all(cell, "v")[0]?.textContent ?? "";
    if (raw === "" && all(cell, "f").length) return { text: "", formula: cell.getAttribute("r") };
    if (kind === "inlineStr") return { text: all(cell, "t").map((one) => one.textContent).join("") };
    if (kind === "s") return { text: strings[Number(raw)] };
    if (kind === "b") return { text: raw === "1" ? "True" : "False" };
    if (kind === "str" || kind === "e" || raw === "") return { text: raw };
    if (kind === "d" || dates[Number(cell.getAttribute("s") ?? 0)]) {
      const date = kind === "d" ? raw : new Date(Date.UTC(1899, 11, 30) + Math.round(Number(raw) * 86400) * 1000).toISOString();
      return { date: date.slice(0, 19).replace("T", " ") };
    }
    return { text: String(Number(raw)) };
  }

  function column(reference) {
    return [...reference.replace(/\d/gu, "")].reduce((sum, letter) => 26 * sum + letter.charCodeAt(0) - 64, 0) - 1;
  }

  // Rows with their numbers, each a list of cells; cells merged over several rows of a column have one content.
  function rowsOf(sheet, strings, dates) {
    const rows = all(sheet, "row").map((row, n) => {
      const cells = [];
      for (const cell of all(row, "c")) {
        const reference = cell.getAttribute("r");
        cells[reference ? column(reference) : cells.length] = cellText(cell, strings, dates);
      }
      return [Number(row.getAttribute("r") ?? n + 1), Array.from(cells, (one) => one ?? { text: "" })];
    });
    for (const merged of all(sheet, "mergeCell")) {
      const [start, end] = merged.getAttribute("ref").split(":"), k = column(start), line = Number(start.replace(/\D/gu, ""));
      if (end === undefined || column(end) !== k) continue;
      const upper = rows.find(([number]) => number === line)?.[1][k];
      for (const [number, cells] of upper ? rows : []) {
        if (number <= line || number > Number(end.replace(/\D/gu, ""))) continue;
        while (cells.length < k) cells.push({ text: "" });
        cells[k] = upper;
      }
    }
    return rows;
  }

  async function sheets(bytes) {
    const files = unzip(bytes), book = await xml(files, "xl/workbook.xml"), links = await xml(files, "xl/_rels/workbook.xml.rels");
    const targets = Object.fromEntries(all(links, "Relationship").map((one) => [one.getAttribute("Id"), one.getAttribute("Target")]));
    const texts = files["xl/sharedStrings.xml"] ? all(await xml(files, "xl/sharedStrings.xml"), "si") : [];
    const strings = texts.map((one) => all(one, "t").map((part) => part.textContent).join(""));
    const dates = await dateStyles(files), found = [];
    for (const one of all(book, "sheet")) {
      const target = targets[[...one.attributes].find((attribute) => attribute.localName === "id").value];
      const name = target.startsWith("/") ? target.slice(1) : `xl/${target}`;
      found.push({ title: one.getAttribute("name"), rows: rowsOf(await xml(files, name), strings, dates) });
    }
    return found;
  }

  async function sheet(bytes, label) {
    let found;
    try {
      found = await sheets(bytes);
    } catch {
      refuse(label, "is not an Excel workbook that can be read: save it again");
    }
    const full = found.filter((one) => one.rows.some(([, cells]) => cells.some((cell) => cell.date || cell.text || cell.formula)));
    if (!full.length) refuse(label, "is empty");
    if (full.length > 1) {
      const names = full.map((one) => Reader.quote(one.title)).join(", ");
      refuse(label, `has ${full.length} sheets with cells (${names}): save the one with the points alone`);
    }
    const [{ title, rows }] = full, width = rows.reduce((most, [, cells]) => Math.max(most, cells.length), 0);
    for (const [line, cells] of rows) {
      const formula = cells.find((cell) => cell?.formula)?.formula;
      if (formula) refuse(label, `the formula in ${formula} has no value yet: open it in Excel and save`, line);
      const date = cells.find((cell) => cell.date)?.date;
      if (date) refuse(label, `has the date ${date}: Excel may have made it of a number`, line);
    }
    const texts = rows.map(([line, cells]) => [line, Array.from({ length: width }, (_, n) => (cells[n]?.text ?? "").trim())]);
    return { label, rows: texts.filter(([, cells]) => cells.some(Boolean)), settings: {}, how: [`Excel sheet ${Reader.quote(title)}`] };
  }

  return { sheet };
})();
