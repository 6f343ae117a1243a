// Charts by uPlot. Each has a readout of the point under the pointer, and a table of the same data.

import { bar, fill, h, skeleton } from "./dom.js";
import { dollars, duration, title, whole, words } from "./format.js";
import { grouped, KINDS } from "./series.js";

const STAMP = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
const HOUR = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const DATE = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", timeZone: "UTC" });

const stamp = (seconds, range) => (range.interval === "day" ? DATE : STAMP).format(seconds * 1000);

/** The charts: the values that each draws, and their format. */
const CHARTS = {
  "sentiment-chart": {
    name: "Sentiment over time",
    height: 290,
    kinds: KINDS,
    value: (point, kind) => point[kind],
    write: whole,
    total: (points) => `${whole(points.reduce((all, point) => all + point.count, 0))} insights`,
  },
  "cost-chart": {
    name: "Cost over time",
    height: 190,
    kinds: ["cost"],
    value: (point) => point.cost,
    write: dollars,
    total: (points) => dollars(points.reduce((all, point) => all + point.cost, 0)),
  },
  "latency-chart": {
    name: "Mean time of an analysis",
    height: 190,
    kinds: ["mean"],
    value: (point) => point.mean,
    write: duration,
    total: (points) => {
      const count = points.reduce((all, point) => all + point.count, 0);
      return duration(count ? points.reduce((all, point) => all + point.busy, 0) / count : null);
    },
  },
};

const drawn = new Map();
let shown = null;

export function loadingCharts() {
  for (const id of [...Object.keys(CHARTS), "topics"]) {
    if (!drawn.has(id)) document.getElementById(id).replaceChildren(h(id === "topics" ? "li" : "div", {}, skeleton("block")));
  }
}

/** Draw the trends of a range. */
export function draw(trends, range) {
  const points = grouped(trends.series, range.step, range.interval === "hour");
  shown = { points, range };
  for (const id of Object.keys(CHARTS)) drawOne(id, points, range);
  document.getElementById("charts").removeAttribute("aria-busy");
}

/** Draw again in the colours of the current theme. */
export function recolour() {
  for (const chart of drawn.values()) chart.plot?.destroy();
  for (const chart of drawn.values()) chart.plot = null;
  if (shown) for (const id of Object.keys(CHARTS)) drawOne(id, shown.points, shown.range);
}

function drawOne(id, points, range) {
  const about = CHARTS[id];
  const chart = drawn.get(id) ?? frame(id, about);
  Object.assign(chart, { points, range });
  const isEmpty = points.every((point) => point.count === 0);
  chart.total.textContent = isEmpty ? "" : about.total(points);
  chart.holder.hidden = isEmpty;
  chart.empty.hidden = !isEmpty;
  chart.table.hidden = isEmpty;
  if (isEmpty) return;
  chart.holder.setAttribute("aria-label", `${about.name}, ${range.name}: ${about.total(points)}`);
  tabulate(chart, about);
  plot(chart, about);
  readOut(chart, about, null);
}

function frame(id, about) {
  const chart = {
    plot: null,
    readout: h("p", { class: "readout", "aria-hidden": "true" }),
    total: h("span", { class: "card-total" }),
    holder: h("div", { class: "plot", role: "img" }),
    empty: h("p", { class: "empty", hidden: true }, "Nothing was analysed in this time."),
    rows: h("tbody"),
  };
  const heads = ["Time", ...about.kinds.map((kind) => (kind === "mean" ? "Mean time" : title(kind)))];
  chart.table = h("details", { class: "data" },
    h("summary", {}, "Show as a table"),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${about.name} as a table` },
      h("table", {}, h("thead", {}, h("tr", {}, heads.map((name) => h("th", { scope: "col" }, name)))), chart.rows)));
  const head = h("div", { class: "card-head" }, h("h3", { class: "card-title" }, about.name), chart.total);
  document.getElementById(id).replaceChildren(head, chart.readout, chart.holder, chart.empty, chart.table);
  new ResizeObserver(() => chart.plot?.setSize({ width: chart.holder.clientWidth, height: about.height })).observe(chart.holder);
  drawn.set(id, chart);
  return chart;
}

function tabulate({ rows, points, range }, about) {
  const present = points.filter((point) => point.count);
  rows.replaceChildren(...present.map((point) => h("tr", {},
    h("th", { scope: "row" }, stamp(point.start, range)),
    about.kinds.map((kind) => h("td", {}, about.write(about.value(point, kind)))))));
}

/** Bars overlap: the tallest, which is the sum of all, is drawn first. */
function columns(points, about) {
  const stacks = about.kinds.map((_, place) => points.map((point) => {
    const below = about.kinds.slice(0, place + 1).map((kind) => about.value(point, kind));
    return below.includes(null) ? null : below.reduce((all, value) => all + value, 0);
  }));
  return [points.map((point) => point.start), ...stacks.reverse()];
}

function plot(chart, about) {
  const data = columns(chart.points, about);
  const width = chart.holder.clientWidth;
  if (chart.plot && chart.step === chart.range.step) {
    chart.plot.setData(data);
    return;
  }
  chart.plot?.destroy();
  chart.step = chart.range.step;
  chart.plot = new window.uPlot(options(chart, about, width), data, chart.holder);
}

function options(chart, about, width) {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const bars = window.uPlot.paths.bars({ size: [0.7, 28], radius: 0.12 });
  const line = { stroke: colour("grid"), width: 1 };
  const font = "12px system-ui, sans-serif";
  return {
    width, height: about.height, legend: { show: false }, padding: [12, 8, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: {
      x: { time: true, range: (_, first, last) => [first - chart.range.step / 2, last + chart.range.step / 2] },
      y: { range: (_, low, high) => [0, high ? high * 1.08 : 1] },
    },
    axes: [
      { stroke: colour("muted"), font, grid: { show: false }, ticks: { show: false }, size: 30, gap: 8, space: 64, values: (_, splits) => splits.map((at, place) => tick(at, splits[place - 1], chart.range)) },
      { stroke: colour("muted"), font, grid: line, ticks: { show: false }, size: 58, space: 44, incrs: about.write === whole ? [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6] : undefined, values: (_, splits) => splits.map(about.write) },
    ],
    series: [{}, ...[...about.kinds].reverse().map((kind) => ({ fill: colour(kind), width: 0, paths: bars, points: { show: false } }))],
    hooks: { setCursor: [(plot) => readOut(chart, about, plot.cursor.idx)] },
  };
}

function tick(at, before, range) {
  if (range.interval === "day") return DATE.format(at * 1000);
  const day = (seconds) => new Date(seconds * 1000).toDateString();
  return range.step > 3600 || (before && day(at) !== day(before)) ? DAY.format(at * 1000) : HOUR.format(at * 1000);
}

function readOut({ readout, points, range }, about, index) {
  const point = points[index ?? -1];
  const swatch = (kind) => h("span", { class: `swatch ${kind}` });
  if (!point) {
    const legend = about.kinds.length > 1 ? about.kinds : [];
    readout.replaceChildren(...legend.map((kind) => h("span", {}, swatch(kind), title(kind))));
    return;
  }
  readout.replaceChildren(h("span", { class: "when" }, stamp(point.start, range)),
    ...about.kinds.map((kind) => h("span", {}, swatch(kind), about.write(about.value(point, kind)), about.kinds.length > 1 ? ` ${words(kind)}` : "")));
}

/** Show the most frequent topics; a click on one filters the list. */
export function drawTopics(topics, choose) {
  const most = Math.max(...topics.map((topic) => topic.count), 1);
  const rows = topics.map(({ topic, count }) => h("li", {},
    h("button", { type: "button", class: "topic", on: { click: () => choose(topic) } },
      h("span", { class: "topic-name" }, words(topic)), h("span", { class: "topic-count" }, whole(count)),
      bar(count / most))));
  fill(document.getElementById("topics"), rows.length ? rows : h("li", { class: "empty" }, "No topics yet."));
}
