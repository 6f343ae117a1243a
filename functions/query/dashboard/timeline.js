// Sentiment over time as stacked bars, in counts or shares, with a line of the period before, a tooltip and a table.

import { fill, h, svg } from "./dom.js";
import { counted, day, percent, share, title, whole } from "./format.js";
import { barLabel, barName, grouped, instant, rangeOf } from "./ranges.js";

const HEIGHT = 230;
const TOP = 10;
const BOTTOM = 24;
const LEFT = 44;
const WIDEST = 44;
const NARROWEST_DAY = 52;
const KINDS = ["negative", "neutral", "positive", "failed"];

/** Make the chart. It returns { element, show(overview, state) }. */
export function timeline(page, drill) {
  const chart = { bars: [], overview: null, state: {}, plot: h("div", { class: "plot" }), tip: h("div", { class: "tip", hidden: true, "aria-hidden": "true" }) };
  const modes = h("div", { class: "segments", role: "group", "aria-label": "Measure of the chart" }, [["", "Counts"], ["share", "Share"]].map(([mode, name]) =>
    h("button", { type: "button", "data-mode": mode, on: { click: () => page.replace({ measure: mode || null }) } }, name)));
  const legend = h("ul", { class: "legend" });
  const rows = h("tbody");
  const table = h("details", { class: "data" }, h("summary", {}, "Show as a table"),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Sentiment over time as a table" },
      h("table", { class: "table" }, h("thead", {}, h("tr", {}, ["Time", ...KINDS.map(title), "Total", "Period before"].map((name) => h("th", { scope: "col" }, name)))), rows)));
  const element = h("article", { class: "card timeline" },
    h("div", { class: "card-head" }, h("h2", {}, "Sentiment over time"), legend, modes),
    h("div", { class: "plot-holder" }, chart.plot, chart.tip), table);
  const open = ({ start, end }, kind = null) => drill({
    range: null, from: instant(start), to: instant(end), ...(kind ? sentimentOf(kind) : {}),
  });

  chart.plot.addEventListener("pointermove", (event) => point(chart, event));
  chart.plot.addEventListener("pointerleave", () => away(chart));
  chart.plot.addEventListener("click", (event) => {
    const bar = chart.bars[Number(event.target.closest("[data-bar]")?.dataset.bar ?? NaN)];
    if (bar?.count) open(bar, event.target.dataset.kind);
  });
  let width = 0;
  new ResizeObserver(() => {
    if (chart.overview && chart.plot.clientWidth !== width) draw(chart);
    width = chart.plot.clientWidth;
  }).observe(chart.plot);

  function show(overview, state) {
    Object.assign(chart, { overview, state, bars: grouped(overview, rangeOf(state).step) });
    for (const one of modes.children) one.setAttribute("aria-pressed", String(one.dataset.mode === (state.measure ?? "")));
    fill(legend, KINDS.filter((kind) => overview.counts[kind]).map((kind) => h("li", {}, h("button", {
      type: "button", class: "link", on: { click: () => drill(sentimentOf(kind)) },
    }, h("span", { class: `swatch ${kind}` }), `${title(kind)} ${whole(overview.counts[kind])}`))),
    overview.counts.count ? h("li", { class: "muted" }, h("span", { class: "swatch line" }), state.measure === "share" ? "negative, period before" : "period before") : null);
    rows.replaceChildren(...chart.bars.filter((bar) => bar.count || bar.before).map((bar) => h("tr", {},
      h("th", { scope: "row" }, bar.count ? h("button", { type: "button", class: "link", on: { click: () => open(bar) } }, barName(bar, overview.interval)) : barName(bar, overview.interval)),
      KINDS.map((kind) => h("td", {}, whole(bar[kind]))), h("td", {}, whole(bar.count)), h("td", {}, whole(bar.before)))));
    table.hidden = !overview.counts.count;
    draw(chart);
  }
  return { element, show };
}

const sentimentOf = (kind) => (kind === "failed" ? { status: "failed", sentiment: null } : { sentiment: kind, status: null });

/** Draw the bars of the kinds that the filters leave. */
function draw(chart) {
  const { bars, overview, state, plot } = chart;
  away(chart);
  if (!overview.counts.count) return fill(plot, h("p", { class: "empty" }, "No conversations in this time."));
  const isShare = state.measure === "share";
  const all = isShare ? KINDS.filter((kind) => kind !== "failed") : KINDS;
  const kinds = state.sentiment ? [state.sentiment] : state.status === "failed" ? ["failed"] : all;
  const size = (bar) => kinds.reduce((all, kind) => all + bar[kind], 0);
  const divisor = (bar) => (isShare ? Math.max(bar.count - bar.failed, 1) : 1);
  const ghost = (bar) => (isShare ? bar.negativeBefore / Math.max(bar.before - bar.failedBefore, 1) : kinds.length > 1 ? bar.before : NaN);
  const most = isShare ? 1 : niceTop(Math.max(...bars.map(size), ...bars.map(ghost).filter(Number.isFinite)));
  const width = Math.max(plot.clientWidth, 240);
  const slot = (width - LEFT) / bars.length;
  const x = (place) => LEFT + place * slot;
  const y = (value) => TOP + (1 - value / most) * (HEIGHT - TOP - BOTTOM);
  const thick = Math.max(Math.min(slot * 0.74, WIDEST), 1);
  const isLong = (bars.at(-1)?.end ?? 0) - (bars[0]?.start ?? 0) > 86400000 * 1.1;
  const total = bars.reduce((all, bar) => all + size(bar), 0);
  const picture = svg("svg", {
    class: "chart", width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img",
    "aria-label": `Sentiment over time, ${rangeOf(state).name}: ${counted(total, "conversation")}. The table below has the figures.`,
  },
  [0, most / 2, most].map((tick) => [
    svg("line", { class: "grid", x1: LEFT, x2: width, y1: y(tick), y2: y(tick) }),
    svg("text", { class: "tick", x: LEFT - 8, y: y(tick) + 4, "text-anchor": "end" }, isShare ? percent(tick) : Number.isInteger(tick) ? whole(tick) : ""),
  ]),
  bars.map((bar, place) => svg("g", { "data-bar": place, class: bar.count ? "bar-group" : "" },
    svg("rect", { class: "slot", x: x(place), y: TOP, width: slot, height: HEIGHT - TOP - BOTTOM }),
    pieces(bar, kinds, divisor(bar)).map(({ kind, from, to }) => svg("rect", {
      class: kind, "data-kind": kind, x: x(place) + (slot - thick) / 2, width: thick, y: y(to), height: Math.max(y(from) - y(to) - (from ? 0.5 : 0), 0.5),
    })))),
  bars.some((bar) => ghost(bar)) ? svg("polyline", { class: "ghost", points: bars.map((bar, place) => `${x(place) + slot / 2},${y(Math.min(ghost(bar), most) || 0)}`).join(" ") }) : null,
  labelled(bars, slot, isLong, overview.interval).map((place) => svg("text", {
    class: "tick", x: x(place) + slot / 2, y: HEIGHT - 6, "text-anchor": place === 0 && slot < 60 ? "start" : "middle",
  }, barLabel(bars[place].start, overview.interval, isLong))));
  fill(plot, picture);
}

function pieces(bar, kinds, divisor) {
  let from = 0;
  return kinds.filter((kind) => bar[kind]).map((kind) => {
    const piece = { kind, from, to: from + bar[kind] / divisor };
    from = piece.to;
    return piece;
  });
}

/** Return the top of the axis: a round number that is not below the highest bar. */
function niceTop(highest) {
  if (highest <= 2) return 2;
  const power = 10 ** Math.floor(Math.log10(highest));
  return [1, 2, 3, 4, 5, 6, 8, 10].map((factor) => factor * power).find((top) => top >= highest && top % 2 === 0) ?? 10 * power;
}

/** Return the places of the bars with a label: as many as fit. */
function labelled(bars, slot, isLong, interval) {
  if (isLong && interval === "hour") {
    const days = places(bars).filter((place) => new Date(bars[place].start).getHours() < 6 && bars[place - 1] && day(bars[place - 1].start) !== day(bars[place].start));
    const every = Math.max(1, Math.ceil(NARROWEST_DAY / ((days[1] - days[0]) * slot || NARROWEST_DAY)));
    return days.filter((_, number) => number % every === 0);
  }
  const every = Math.max(1, Math.ceil((isLong ? 72 : 56) / slot));
  return places(bars).filter((place) => place % every === 0 && (place + 0.5) * slot + 30 < bars.length * slot + 1 || bars.length === 1);
}

const places = (bars) => bars.map((_, place) => place);

/** Show the tooltip at the pointer: the time of the bar, its figures and the period before. */
function point(chart, event) {
  const place = event.target.closest("[data-bar]")?.dataset.bar;
  if (place === undefined) return away(chart);
  const bar = chart.bars[Number(place)];
  for (const one of chart.plot.querySelectorAll(".pointed")) one.classList.remove("pointed");
  event.target.closest("[data-bar]").classList.add("pointed");
  fill(chart.tip, h("p", { class: "tip-title" }, barName(bar, chart.overview.interval)),
    h("dl", {}, KINDS.filter((kind) => bar[kind]).map((kind) => h("div", {}, h("dt", {}, h("span", { class: `swatch ${kind}` }), title(kind)),
      h("dd", {}, `${whole(bar[kind])} · ${share(bar[kind], bar.count)}`))),
    h("div", { class: "tip-total" }, h("dt", {}, "Total"), h("dd", {}, whole(bar.count))),
    h("div", { class: "muted" }, h("dt", {}, "Period before"), h("dd", {}, whole(bar.before)))));
  chart.tip.hidden = false;
  const box = chart.plot.getBoundingClientRect();
  const left = event.clientX - box.left;
  chart.tip.style.insetInlineStart = `${left + 16 + chart.tip.offsetWidth > box.width ? left - chart.tip.offsetWidth - 12 : left + 16}px`;
  chart.tip.style.insetBlockStart = `${Math.max(0, event.clientY - box.top - 20)}px`;
}

function away(chart) {
  chart.tip.hidden = true;
  for (const one of chart.plot.querySelectorAll(".pointed")) one.classList.remove("pointed");
}
