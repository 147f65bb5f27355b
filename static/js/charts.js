// Draws every figure of the page from its json_script. A string "--token" in a figure becomes that token's colour, so charts
// follow the theme and Python names no colour. The table under each chart holds the same numbers.
"use strict";

const coloured = (value, style) => {
  if (typeof value === "string") return value.startsWith("--") ? style.getPropertyValue(value).trim() : value;
  if (Array.isArray(value)) return value.map((item) => coloured(item, style));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item, style)]));
  }
  return value;
};

const AXIS = { gridcolor: "--border", linecolor: "--border", zerolinecolor: "--border", tickcolor: "--border", automargin: true };

const draw = (place) => {
  const style = getComputedStyle(place);
  const figure = JSON.parse(document.getElementById(place.dataset.chart).textContent);
  const given = figure.layout ?? {};
  const layout = {
    margin: { l: 40, r: 16, t: 8, b: 40 },
    paper_bgcolor: "transparent",
    plot_bgcolor: "transparent",
    autosize: true,
    ...given,
    font: { family: style.fontFamily, size: 13, color: "--text-soft", ...given.font },
    hoverlabel: { bgcolor: "--bg-raised", bordercolor: "--border-strong", font: { color: "--text" } },
  };
  for (const name of new Set(["xaxis", "yaxis", ...Object.keys(given).filter((key) => /^[xy]axis\d*$/.test(key))])) {
    layout[name] = { ...AXIS, showgrid: name.startsWith("y"), ...given[name] };
  }
  window.Plotly.react(place, coloured(figure.data, style), coloured(layout, style), {
    responsive: true,
    // The bar's buttons may not stand inside what is read out as one image; the picture is saved by a button of ours.
    displayModeBar: false,
  });
  const save = place.closest("figure")?.querySelector("[data-chart-save]");
  if (!save) return;
  save.hidden = false;
  save.onclick = () => window.Plotly.downloadImage(place, { format: "png", scale: 2, filename: place.id });
};

const drawAll = () => document.querySelectorAll("[data-chart]").forEach(draw);
document.addEventListener("portal:theme", drawAll);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
document.addEventListener("htmx:load", (event) => event.detail.elt.querySelectorAll("[data-chart]").forEach(draw));
if (window.Plotly) drawAll();
