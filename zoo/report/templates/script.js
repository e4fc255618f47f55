"use strict";
(() => {
const root = document.documentElement;
root.classList.add("js");
const all = (what, inside = document) => [...inside.querySelectorAll(what)];
const make = (name, text, attributes = {}) => {
  const one = document.createElement(name);
  one.textContent = text;
  for (const key in attributes) one.setAttribute(key, attributes[key]);
  return one;
};
const shape = (name, attributes) => {
  const one = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) one.setAttribute(key, attributes[key]);
  return one;
};
const say = text => { document.getElementById("status").textContent = text; };

// Light or dark: kept where the browser lets a page keep something.
const theme = document.getElementById("theme");
const keep = word => { try { localStorage.setItem("zoo-theme", word); } catch { /* then not */ } };
const kept = () => { try { return localStorage.getItem("zoo-theme") || ""; } catch { return ""; } };
const paint = word => { if (word) root.dataset.theme = word; else delete root.dataset.theme; };
theme.value = kept();
paint(theme.value);
theme.onchange = () => { paint(theme.value); keep(theme.value); };

// Tables: sorted by a button in each head, copied in three formats.
const textOf = cell => cell ? cell.textContent.trim() : "";
const numeric = text => {
  const found = text.replace(/\u2212/g, "-").replace(/(\d),(?=\d{3})/g, "$1").match(/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?/i);
  return found ? parseFloat(found[0]) : NaN;
};
const compare = (a, b) => {
  const x = numeric(a), y = numeric(b);
  if (!isNaN(x) && !isNaN(y)) return x - y;
  if (!isNaN(x) || !isNaN(y)) return isNaN(x) ? 1 : -1;
  return a.localeCompare(b, "en", { numeric: true });
};
const sort = (table, column, down) => {
  const body = table.tBodies[0];
  all("thead th", table).forEach((head, place) => {
    if (place === column) head.setAttribute("aria-sort", down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  });
  const rows = [...body.rows].map((row, place) => [row, textOf(row.cells[column]), place]);
  rows.sort((a, b) => (down ? -1 : 1) * compare(a[1], b[1]) || a[2] - b[2]);
  body.append(...rows.map(row => row[0]));
};
const cellsOf = table => [...table.rows].map(row => [...row.cells].map(cell => textOf(cell)));
const csv = cells => cells.map(row => row.map(text => /[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text).join(",")).join("\n") + "\n";
const markdown = cells => {
  const line = row => `| ${row.map(text => text.replace(/\|/g, "\\|")).join(" | ")} |`;
  return [line(cells[0]), "|---".repeat(cells[0].length) + "|", ...cells.slice(1).map(line)].join("\n") + "\n";
};
const marks = { "\\": "\\textbackslash{}", "^": "\\textasciicircum{}", "~": "\\textasciitilde{}", "\u2212": "$-$" };
const latex = cells => {
  const line = row => row.map(text => text.replace(/[&%$#_{}\\^~\u2212]/g, mark => marks[mark] || "\\" + mark)).join(" & ") + " \\\\";
  return [`\\begin{tabular}{l${"r".repeat(cells[0].length - 1)}}`, "\\toprule", line(cells[0]), "\\midrule",
    ...cells.slice(1).map(line), "\\bottomrule", "\\end{tabular}"].join("\n") + "\n";
};
const copy = async text => {
  try { await navigator.clipboard.writeText(text); } catch {
    const area = make("textarea", text);
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
};
for (const table of all("table[data-sortable]")) {
  all("thead th", table).forEach((head, column) => {
    if ("plain" in head.dataset) return;
    const button = make("button", head.textContent, { type: "button" });
    head.replaceChildren(button);
    button.onclick = () => {
      sort(table, column, head.getAttribute("aria-sort") === "ascending");
      if (table.classList.contains("ledger")) remember();
    };
  });
  if (table.classList.contains("ledger")) continue;
  const tools = make("div", "", { class: "tools scripted" });
  for (const [name, form] of Object.entries({ CSV: csv, Markdown: markdown, LaTeX: latex })) {
    const button = make("button", `Copy ${name}`, { type: "button" });
    button.onclick = async () => { await copy(form(cellsOf(table))); say(`${name} copied`); };
    tools.append(button);
  }
  table.closest(".table").append(tools);
}

// The ledger: what is shown stands in the address, so that a link shows the same.
const filters = document.getElementById("filters");
const ledger = document.querySelector(".ledger");
const NAMES = ["lecture", "topic", "verdict", "text"];
const rows = ledger ? [...ledger.tBodies[0].rows] : [];
const words = new Map(rows.map(row => [row, row.textContent.toLowerCase()]));
const filter = () => {
  const asked = Object.fromEntries(NAMES.map(name => [name, filters.elements[name].value]));
  const parts = asked.text.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows) {
    const own = row.dataset;
    const fits = (!asked.lecture || own.lecture.split(" ").includes(asked.lecture)) &&
      (!asked.topic || own.topic === asked.topic) && (!asked.verdict || own.verdict === asked.verdict) &&
      parts.every(part => words.get(row).includes(part));
    row.hidden = !fits;
    shown += fits;
  }
  document.getElementById("shown").textContent = `${shown} of ${rows.length} verdicts`;
};
const remember = () => {
  const state = new URLSearchParams();
  for (const name of NAMES) if (filters.elements[name].value) state.set(name, filters.elements[name].value);
  const heads = all("thead th", ledger);
  const sorted = heads.findIndex(head => head.hasAttribute("aria-sort"));
  if (sorted >= 0) state.set("sort", (heads[sorted].getAttribute("aria-sort") === "descending" ? "-" : "") + sorted);
  history.replaceState(null, "", `#?${state}`);
};
const recall = () => {
  if (!ledger || !location.hash.startsWith("#?")) return;
  const state = new URLSearchParams(location.hash.slice(2));
  for (const name of NAMES) filters.elements[name].value = state.get(name) || "";
  const asked = state.get("sort");
  if (/^-?\d$/.test(asked || "")) sort(ledger, Math.abs(parseInt(asked, 10)), asked.startsWith("-"));
  filter();
  document.getElementById("ledger").scrollIntoView();
};
if (ledger) {
  filters.onsubmit = event => event.preventDefault();
  filters.oninput = filters.onchange = () => { filter(); remember(); };
  filters.onreset = () => setTimeout(() => { filter(); remember(); });
  recall();
  addEventListener("hashchange", recall);
}

// Charts: their numbers are read from the table below them.
const MINUS = "\u2212";
const number = value => {
  if (Math.abs(value) < 1e-12) return "0";
  const size = Math.abs(value);
  let text = size >= 1000 && size < 1e6 ? Math.round(size).toLocaleString("en") : String(parseFloat(size.toPrecision(3)));
  if (size < 1e-3) text = size.toExponential(2).replace(/\.?0*e/, "e");
  text = text.replace("e+", "e");
  return value < 0 ? MINUS + text : text;
};
const axis = (told, length) => {
  const [kind, low, high, whole] = told.split(" ");
  const to = kind === "log" ? Math.log10 : value => value;
  const back = kind === "log" ? value => 10 ** value : value => value;
  const a = to(+low), b = to(+high);
  return { log: kind === "log", whole, at: value => length * (to(value) - a) / (b - a), value: place => back(a + (b - a) * place / length) };
};
const ticks = (low, high, { log, whole }) => {
  if (log && high / low > 20) {
    const first = Math.ceil(Math.log10(low)), last = Math.floor(Math.log10(high));
    const every = Math.max(1, Math.ceil((last - first) / 5));
    return Array.from({ length: Math.floor((last - first) / every) + 1 }, (_, n) => 10 ** (first + n * every));
  }
  const rough = (high - low) / 5, unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(n => n * unit).find(n => n >= 0.999 * rough);
  const found = [];
  for (let n = Math.ceil(low / step); n * step <= high; n += 1) if (!whole || Number.isInteger(n * step)) found.push(n * step);
  return found;
};
const HELP = { lines: "Arrow keys read the values, + and - zoom, 0 shows all.", rows: "Arrow keys read the values." };

const start = figure => {
  const svg = figure.querySelector(":scope > svg");
  const plot = svg.querySelector(".plot");
  const isLines = figure.classList.contains("lines");
  const table = figure.querySelector("table");
  const heads = all("thead th", table).map(textOf);
  const reading = make("p", "", { class: "reading" });
  svg.after(reading);
  const title = svg.getAttribute("aria-label");
  svg.setAttribute("tabindex", "0");
  svg.setAttribute("role", "group");
  svg.setAttribute("aria-roledescription", "chart");
  svg.setAttribute("aria-label", `${title}. ${HELP[isLines ? "lines" : "rows"]}`);
  svg.querySelector("title").remove();
  const [left, top, width, height] = ["x", "y", "width", "height"].map(name => +plot.getAttribute(name));
  let view = [0, 0, width, height];
  const spot = isLines ? shape("path", { class: "spot" }) : shape("rect", { class: "chosen", x: -left, width: left + width + 130, height: 20 });
  const places = (svg.dataset.x || "").split(" ").map(Number);
  const groups = all("g[data-series], g[data-row]", plot);
  const series = isLines ? groups.map((group, nth) => {
    const line = group.querySelector(".line");
    const points = line ? line.getAttribute("d").slice(1).split("L").map(pair => pair.split(",").map(Number)) : [];
    return { group, nth, points, off: false };
  }) : [];
  const rowAt = x => places.reduce((best, place, nth) => Math.abs(place - x) < Math.abs(places[best] - x) ? nth : best, 0);
  let now = null;

  const tell = (text, loud) => { reading.textContent = text; if (loud) say(text); };
  const readPoint = (nth, index, loud) => {
    const own = series[nth], [x, y] = own.points[index], row = rowAt(x);
    const cells = table.tBodies[0].rows[row].cells;
    now = { nth, index };
    spot.setAttribute("d", `M${x},${y}h0`);
    plot.append(spot);
    tell(`${heads[nth + 1]}: ${textOf(cells[nth + 1])} at ${heads[0]} ${textOf(cells[0])}`, loud);
  };
  const readRow = (nth, loud) => {
    const cells = [...table.tBodies[0].rows[nth].cells].map(textOf);
    now = { nth };
    spot.setAttribute("y", 22 * nth + 1);
    plot.prepend(spot);
    tell(cells.join(": "), loud);
  };
  const placeOf = event => {
    const box = svg.getBoundingClientRect();
    const unit = svg.viewBox.baseVal.width / box.width;
    const x = (event.clientX - box.left) * unit - left, y = (event.clientY - box.top) * unit - top;
    return [view[0] + x * view[2] / width, view[1] + y * view[3] / height];
  };

  const redraw = () => {
    plot.setAttribute("viewBox", view.join(" "));
    const sides = [["across", "x", width, 0, 2, left], ["up", "y", height, 1, 3, top]];
    for (const [name, side, length, from, size, shift] of sides) {
      const scale = axis(svg.dataset[name], length);
      const flip = place => name === "up" ? length - place : place;
      const ends = [view[from], view[from] + view[size]].map(place => scale.value(flip(place))).sort((a, b) => a - b);
      const group = svg.querySelector(`.ticks.${side}`);
      group.replaceChildren();
      for (const tick of ticks(ends[0], ends[1], scale)) {
        const at = shift + (flip(scale.at(tick)) - view[from]) * length / view[size];
        const label = shape("text", side === "x" ? { x: at, y: top + height + 15 } : { x: left - 5, y: at + 4 });
        label.textContent = number(tick);
        const ends = side === "x" ? { x1: at, x2: at, y1: top, y2: top + height } : { x1: left, x2: left + width, y1: at, y2: at };
        group.append(shape("line", { class: "grid", ...ends }), label);
      }
    }
    clear.hidden = view[2] === width && view[3] === height;
  };
  const zoom = (x, y, w, h) => {
    w = Math.min(w, width); h = Math.min(h, height);
    view = [Math.max(0, Math.min(x, width - w)), Math.max(0, Math.min(y, height - h)), w, h];
    redraw();
  };
  const clear = make("button", "Show all", { type: "button", hidden: "" });
  if (isLines) reading.after(clear);
  clear.onclick = () => zoom(0, 0, width, height);

  const nearest = (x, y) => {
    let best = null, least = Infinity;
    for (const own of series) if (!own.off) own.points.forEach(([a, b], index) => {
      const far = Math.hypot((a - x) * width / view[2], (b - y) * height / view[3]);
      if (far < least) { least = far; best = [own.nth, index]; }
    });
    return best;
  };
  let pressed = null, box = null;
  svg.addEventListener("pointerdown", event => {
    if (!isLines || event.pointerType === "touch") return;
    pressed = placeOf(event);
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointermove", event => {
    const [x, y] = placeOf(event);
    if (pressed) {
      const corner = [Math.min(x, pressed[0]), Math.min(y, pressed[1])], size = [Math.abs(x - pressed[0]), Math.abs(y - pressed[1])];
      box = box || shape("rect", { class: "chosen" });
      for (const [name, value] of Object.entries({ x: corner[0], y: corner[1], width: size[0], height: size[1] })) box.setAttribute(name, value);
      plot.append(box);
      return;
    }
    if (isLines) { const found = nearest(x, y); if (found) readPoint(...found, false); }
    else { const nth = Math.floor(y / 22); if (nth >= 0 && nth < groups.length) readRow(nth, false); }
  });
  const release = event => {
    if (!pressed) return;
    const [x, y] = placeOf(event), size = [Math.abs(x - pressed[0]), Math.abs(y - pressed[1])];
    if (size[0] > 5 && size[1] > 5) zoom(Math.min(x, pressed[0]), Math.min(y, pressed[1]), size[0], size[1]);
    if (box) box.remove();
    pressed = box = null;
  };
  svg.addEventListener("pointerup", release);
  svg.addEventListener("dblclick", () => { if (isLines) zoom(0, 0, width, height); });

  const step = (key, seen) => {
    if (!isLines) {
      const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[key];
      return readRow(now ? Math.max(0, Math.min(groups.length - 1, now.nth + by)) : 0, true);
    }
    if (!now || series[now.nth].off) return readPoint(seen[0].nth, 0, true);
    let { nth, index } = now;
    if (key === "ArrowRight" || key === "ArrowLeft") {
      index = Math.max(0, Math.min(series[nth].points.length - 1, index + (key === "ArrowRight" ? 1 : -1)));
    } else {
      const x = series[nth].points[index][0], at = seen.findIndex(own => own.nth === nth);
      const other = seen[(at + (key === "ArrowDown" ? 1 : seen.length - 1)) % seen.length];
      index = other.points.reduce((best, point, place) => Math.abs(point[0] - x) < Math.abs(other.points[best][0] - x) ? place : best, 0);
      nth = other.nth;
    }
    return readPoint(nth, index, true);
  };
  svg.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const seen = series.filter(own => !own.off && own.points.length);
    if (event.key.startsWith("Arrow")) { if (!isLines || seen.length) step(event.key, seen); }
    else if (isLines && (event.key === "0" || event.key === "Escape")) zoom(0, 0, width, height);
    else if (isLines && "+=-".includes(event.key)) {
      const factor = event.key === "-" ? 1.5 : 1 / 1.5;
      const [x, y] = now ? series[now.nth].points[now.index] : [view[0] + view[2] / 2, view[1] + view[3] / 2];
      zoom(x - (x - view[0]) * factor, y - (y - view[1]) * factor, view[2] * factor, view[3] * factor);
    } else return;
    event.preventDefault();
  });

  for (const item of all(".legend li", figure)) {
    const own = series[+item.dataset.series];
    const button = make("button", "", { type: "button", "aria-pressed": "true" });
    button.append(...item.childNodes);
    item.append(button);
    button.onclick = () => {
      own.off = !own.off;
      own.group.classList.toggle("off", own.off);
      button.setAttribute("aria-pressed", String(!own.off));
    };
    button.onpointerenter = () => series.forEach(other => other.group.classList.toggle("faint", other !== own));
    button.onpointerleave = () => series.forEach(other => other.group.classList.remove("faint"));
  }
};
// A chart is started when it comes near, as there are hundreds.
const soon = new IntersectionObserver(entries => {
  for (const entry of entries) if (entry.isIntersecting) { soon.unobserve(entry.target); start(entry.target); }
}, { rootMargin: "400px" });
all(".chart").forEach(figure => soon.observe(figure));

// Print opens everything.
let closed = [];
addEventListener("beforeprint", () => { closed = all("details:not([open])"); closed.forEach(one => { one.open = true; }); });
addEventListener("afterprint", () => { closed.forEach(one => { one.open = false; }); closed = []; });
})();
