"use strict";
// Excel workbooks: the cells of the one sheet that has some. A workbook is a zip of XML files.

const Workbook = (() => {
  async function sheet(bytes, label) {
    refuse(label, "is an Excel workbook, which the page does not read: save it as CSV, or give it to bandg explore --data");
  }
  return { sheet };
})();
