// The heatmap as a grid for keyboards (APG grid pattern: one tab stop, arrows, no wrapping) and its panel of details.
// Markup: <table class="heat" data-grid data-panel-url="/heatmap/cell?..." data-panel="cell-panel">, <tr data-row="team">,
// column headings <th data-column="release">. Without this file the link in each row's heading leads to the team.
"use strict";

const PAGE = 10;

const grid = (table) => {
  // The last row of the head names the columns; the row of groups above it has other columns and is passed over.
  const rows = [...table.tHead.rows].slice(-1).concat([...table.tBodies].flatMap((body) => [...body.rows]));
  const columns = [...rows[0].cells].map((cell) => cell.dataset.column ?? "");
  const inner = (cell) => cell.querySelector("a, button") ?? cell;
  let row = 0;
  let column = 0;

  table.setAttribute("role", "grid");
  for (const link of table.querySelectorAll("a, button")) link.tabIndex = -1;

  // On narrow screens some cells are not shown: the nearest one that is stands in.
  const shown = (at) => [...rows[at].cells].filter((cell) => getComputedStyle(cell).display !== "none");
  const nearest = (at, wanted) =>
    shown(at).reduce((best, cell) => (Math.abs(cell.cellIndex - wanted) < Math.abs(best.cellIndex - wanted) ? cell : best));
  let stop = inner(nearest(0, 0)); // the one tab stop
  stop.tabIndex = 0;
  const move = (toRow, toColumn) => {
    row = Math.max(0, Math.min(toRow, rows.length - 1));
    const cell = nearest(row, Math.min(toColumn, columns.length));
    column = cell.cellIndex;
    stop.tabIndex = -1;
    stop = inner(cell);
    stop.tabIndex = 0;
    stop.focus();
  };

  const place = (element) => {
    const cell = element.closest("td, th");
    const at = cell ? rows.indexOf(cell.parentElement) : -1;
    return at < 0 ? null : [at, cell.cellIndex, cell];
  };

  const panel = document.getElementById(table.dataset.panel);
  const hint = [...(panel?.childNodes ?? [])];
  if (panel) panel.hidden = false;
  const isOpen = () => Boolean(panel?.querySelector("h2"));
  const close = () => {
    table.querySelector(".on")?.classList.remove("on");
    panel.replaceChildren(...hint);
    move(row, column);
  };
  // By fetch, not htmx: this page needs nothing else of it, and is a fifth lighter without.
  let asked = 0;
  const show = async (url) => {
    const mine = ++asked;
    let html = "<h2>The details did not arrive</h2><p role=alert>Choose the cell again.</p>";
    try {
      const response = await fetch(url, { headers: { "HX-Request": "true" } });
      if (response.redirected) {
        // The only way out of here is the sign-in page; it leads back to this one.
        const signIn = new URL(response.url);
        signIn.searchParams.set("next", location.pathname + location.search);
        html = `<h2>You are signed out</h2><p role=alert><a href="${signIn.href}">Sign in</a> to see the details.</p>`;
      } else if (response.ok) html = await response.text();
    } catch {
      // No network: the sentence above says what to do.
    }
    if (mine === asked) panel.innerHTML = html;
  };
  const open = (cell) => {
    const key = cell.parentElement.dataset.row;
    const name = columns[cell.cellIndex];
    if (!panel || !key || !name || cell.tagName !== "TD") return;
    table.querySelector(".on")?.classList.remove("on");
    cell.classList.add("on");
    const url = new URL(table.dataset.panelUrl, location.href);
    url.searchParams.set("row", key);
    url.searchParams.set("column", name);
    show(url).then(() => {
      // Where the panel floats it may lie on the cell that it is about.
      const over = cell.getBoundingClientRect().bottom - panel.getBoundingClientRect().top;
      const isBeside = panel.getBoundingClientRect().left >= cell.getBoundingClientRect().right;
      if (over > 0 && !isBeside) window.scrollBy(0, over + 8);
    });
  };

  const beside = (step) => {
    const cells = shown(row);
    const at = cells.findIndex((cell) => cell.cellIndex === column) + step;
    return cells[Math.max(0, Math.min(at, cells.length - 1))].cellIndex;
  };
  const keys = {
    ArrowUp: () => [row - 1, column],
    ArrowDown: () => [row + 1, column],
    ArrowLeft: () => [row, beside(-1)],
    ArrowRight: () => [row, beside(1)],
    Home: (control) => [control ? 0 : row, 0],
    End: (control) => [control ? rows.length - 1 : row, columns.length],
    PageUp: () => [row - PAGE, column],
    PageDown: () => [row + PAGE, column],
  };
  table.addEventListener("keydown", (event) => {
    if (event.altKey || event.metaKey) return;
    const found = place(event.target);
    if (!found) return;
    [row, column] = found;
    if (event.key === "Escape" && isOpen()) close();
    else if (event.key === "Enter" && event.target === found[2]) open(found[2]);
    else if (keys[event.key]) {
      event.preventDefault();
      move(...keys[event.key](event.ctrlKey));
    }
  });
  table.addEventListener("click", (event) => {
    const found = place(event.target);
    if (!found || event.target.closest("a, button")) return;
    move(found[0], found[1]);
    open(found[2]);
  });
  panel?.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isOpen()) close();
  });
  panel?.addEventListener("click", (event) => {
    if (event.target.closest("[data-panel-close]")) close();
  });
};

for (const table of document.querySelectorAll("[data-grid]")) grid(table);
