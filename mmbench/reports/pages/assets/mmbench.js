// Theme, sorting and filtering of tables. Pages are complete without this script.
//
// table[data-sortable]: every column header becomes a button, unless it has data-nosort. A header
//   with data-type="number" sorts by number, one with data-better="lower" smallest first. A cell
//   sorts by its data-value, if it has one, or by its text. Empty values are last in both orders.
// [data-filter]: a group of controls for all rows with data-row in the page. An input of type
//   search matches words in the text of a row, a select with data-facet="x" one of the lines of the
//   attribute data-x of a row, and a checkbox with data-hide="x" hides rows with data-kind="x". An output in the group
//   shows the number of visible rows. A select also hides the columns with data-column="x" in the
//   header and another data-facet-value. A section with data-group is hidden if no row of it is visible.
"use strict";

(() => {
  const root = document.documentElement;

  // Storage is not available to pages from disk in every browser; the theme then lasts for the page.
  const storage = (() => {
    try {
      return window.localStorage;
    } catch {
      return null;
    }
  })();

  const setTheme = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  };
  setTheme(storage && storage.getItem("mmbench-theme"));

  const isDark = () =>
    root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;

  const setUpTheme = () => {
    const button = document.getElementById("theme");
    const label = () => {
      button.textContent = isDark() ? "Light theme" : "Dark theme";
    };
    button.hidden = false;
    label();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", label);
    button.addEventListener("click", () => {
      setTheme(isDark() ? "light" : "dark");
      if (storage) storage.setItem("mmbench-theme", root.dataset.theme);
      label();
    });
  };

  const valueOf = (row, column, numeric) => {
    const cell = row.cells[column];
    const text = cell.dataset.value ?? cell.textContent.trim();
    if (!numeric) return text || null;
    const number = text === "" ? NaN : Number(text);
    return Number.isNaN(number) ? null : number;
  };

  const compare = (a, b, numeric) =>
    numeric ? a - b : a.localeCompare(b, undefined, { numeric: true, sensitivity: "base" });

  const sort = (table, header) => {
    const numeric = header.dataset.type === "number";
    const first = numeric && header.dataset.better !== "lower" ? "descending" : "ascending";
    const second = first === "ascending" ? "descending" : "ascending";
    const order = header.getAttribute("aria-sort") === first ? second : first;
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    for (const body of table.tBodies) {
      const rows = Array.from(body.rows, (row) => [valueOf(row, header.cellIndex, numeric), row]);
      rows.sort(([a], [b]) => {
        if (a === null || b === null) return (a === null) - (b === null);
        return sign * compare(a, b, numeric);
      });
      body.append(...rows.map(([, row]) => row));
    }
  };

  const setUpSorting = (table) => {
    for (const header of table.tHead.rows[0].cells) {
      if ("nosort" in header.dataset) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => sort(table, header));
    }
  };

  const filter = (group) => {
    const words = Array.from(group.querySelectorAll("input[type=search]"), (input) =>
      input.value.toLowerCase().split(/\s+/)).flat().filter(Boolean);
    const facets = Array.from(group.querySelectorAll("select[data-facet]"), (select) =>
      [select.dataset.facet, select.value]).filter(([, value]) => value !== "");
    const hidden = Array.from(group.querySelectorAll("input[data-hide]:checked"), (box) => box.dataset.hide);
    const rows = document.querySelectorAll("[data-row]");
    let visible = 0;
    for (const row of rows) {
      const text = `${row.textContent} ${row.dataset.search ?? ""}`.toLowerCase();
      row.hidden = hidden.includes(row.dataset.kind)
        || facets.some(([name, value]) => !(row.dataset[name] ?? "").split("\n").includes(value))
        || words.some((word) => !text.includes(word));
      visible += !row.hidden;
    }
    for (const header of document.querySelectorAll("th[data-column]")) {
      const { column, facetValue } = header.dataset;
      const out = facets.some(([name, value]) => name === column && value !== facetValue);
      for (const row of header.closest("table").rows) row.cells[header.cellIndex].hidden = out;
    }
    for (const section of document.querySelectorAll("[data-group]"))
      section.hidden = !section.querySelector("[data-row]:not([hidden])");
    const output = group.querySelector("output");
    if (output) output.textContent = `${visible} of ${rows.length} rows`;
  };

  const setUpFilter = (group) => {
    group.hidden = false;
    group.addEventListener("input", () => filter(group));
    filter(group);
  };

  document.addEventListener("DOMContentLoaded", () => {
    setUpTheme();
    document.querySelectorAll("table[data-sortable]").forEach(setUpSorting);
    document.querySelectorAll("[data-filter]").forEach(setUpFilter);
  });
})();
