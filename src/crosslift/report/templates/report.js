"use strict";
(() => {
  const root = document.documentElement;
  const plots = [...document.querySelectorAll(".plot")];
  const system = matchMedia("(prefers-color-scheme: dark)");
  const touch = matchMedia("(pointer: coarse)").matches;

  // A custom property holds `light-dark(...)` unresolved; the colour of an element is resolved.
  const probe = document.body.appendChild(document.createElement("span"));
  probe.hidden = true;
  const colour = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };

  function theme() {
    const ink = colour("ink"), rule = colour("rule");
    const change = {
      "font.color": ink,
      "font.family": getComputedStyle(document.querySelector("table") ?? document.body).fontFamily,
      "hoverlabel.bgcolor": colour("raised"),
      "hoverlabel.bordercolor": rule,
      "hoverlabel.font.color": ink,
      "modebar.bgcolor": "rgba(0,0,0,0)",
      "modebar.color": colour("quiet"),
      "modebar.activecolor": colour("accent"),
    };
    for (const axis of ["xaxis", "yaxis"]) {
      change[`${axis}.gridcolor`] = rule;
      change[`${axis}.linecolor`] = rule;
      change[`${axis}.zerolinecolor`] = rule;
      change[`${axis}.color`] = colour("quiet");
    }
    return change;
  }

  function set(layout, change) {
    for (const [path, value] of Object.entries(change)) {
      const keys = path.split("."), last = keys.pop();
      keys.reduce((place, key) => (place[key] ??= {}), layout)[last] = value;
    }
    return layout;
  }

  for (const plot of plots) {
    const { data, layout } = JSON.parse(plot.parentElement.querySelector("script").textContent);
    // By default plotly offers to upload a figure to its makers' site; nothing leaves this page.
    // A finger on a figure must still scroll the page.
    const config = { responsive: true, displaylogo: false, showSendToCloud: false, plotlyServerURL: "",
      displayModeBar: touch ? false : "hover", scrollZoom: false,
      modeBarButtons: [["toImage"], ["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]] };
    if (!touch) layout.dragmode = plot.closest(".maps") ? "pan" : "zoom";
    Plotly.newPlot(plot, data, set(layout, theme()), config);
  }

  const repaint = () => plots.forEach((plot) => Plotly.relayout(plot, theme()));

  // Theme: follow the system until the reader chooses.
  const button = document.getElementById("theme");
  const dark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const label = () => {
    button.textContent = dark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Switch to ${dark() ? "light" : "dark"} colours`);
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    label();
    repaint();
  });
  system.addEventListener("change", () => { label(); repaint(); });
  label();

  // Paper is white whatever the screen is.
  let chosen;
  addEventListener("beforeprint", () => { chosen = root.dataset.theme; root.dataset.theme = "light"; repaint(); });
  addEventListener("afterprint", () => {
    if (chosen === undefined) delete root.dataset.theme; else root.dataset.theme = chosen;
    repaint();
  });

  // Tables: a click or Enter on a heading sorts by it; rows without a number stay last.
  const value = (row, index) => row.cells[index].dataset.value;
  function compare(first, second, index, sign) {
    const a = value(first, index), b = value(second, index);
    if (a !== undefined && b !== undefined) return sign * (a - b);
    if (a !== undefined || b !== undefined) return a === undefined ? 1 : -1;
    return sign * first.cells[index].textContent.localeCompare(second.cells[index].textContent);
  }
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
    if (body.rows.length < 2) continue;
    heads.forEach((head, index) => {
      const sorter = document.createElement("button");
      sorter.type = "button";
      sorter.append(...head.childNodes);
      head.append(sorter);
      sorter.addEventListener("click", () => {
        const up = head.ariaSort ? head.ariaSort === "descending" : head.classList.contains("words");
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        body.append(...[...body.rows].sort((a, b) => compare(a, b, index, up ? 1 : -1)));
      });
    });
  }

  // One arm of several: a table shown, or the points of a figure with their intervals.
  for (const select of document.querySelectorAll("[data-picks]")) {
    const parts = [...document.getElementsByClassName(select.dataset.picks)];
    const plot = select.closest("figure")?.querySelector(".plot");
    const choose = () => {
      for (const part of parts) part.hidden = part.dataset.pick !== select.value;
      if (plot) {
        const here = plot.data.map((trace) => !select.value || trace.meta?.pick === select.value);
        Plotly.restyle(plot, { visible: here, "error_y.visible": here.map((shown) => shown && select.value !== "") });
      }
    };
    select.addEventListener("change", choose);
    select.parentElement.hidden = false;
    choose();
  }

  // Embedding maps: one pair of switches moves every map.
  const controls = document.querySelector("form.controls");
  function redraw() {
    const { layout, colour } = Object.fromEntries(new FormData(controls));
    for (const plot of plots.filter((plot) => plot.closest(".maps"))) {
      const traces = plot.data, meaning = colour === "meaning";
      const isPoints = (trace) => trace.meta.shows === "points";
      Plotly.update(plot, {
        x: traces.map((trace) => trace.meta[layout].x),
        y: traces.map((trace) => trace.meta[layout].y),
        visible: traces.map((trace) => isPoints(trace) || meaning),
        showlegend: traces.map((trace) => isPoints(trace) !== meaning),
        "marker.color": traces.map((trace) => trace.meta.colour?.[colour]),
      }, { "xaxis.range": [-1.08, 1.08], "yaxis.range": [-1.08, 1.08] });
    }
  }
  controls?.addEventListener("change", redraw);
})();
