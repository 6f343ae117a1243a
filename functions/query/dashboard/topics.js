// Topics as stacked sentiment bars, sorted by volume, negativity or change; fields and segments as small charts.

import { button, fill, h, stack } from "./dom.js";
import { percent, share, utcDate, whole } from "./format.js";
import { dimensionName, ofLabel, valueName } from "./filters.js";

const SORTS = { volume: "Volume", negativity: "Negativity", change: "Change" };
const FEW = 8;
const DAY = 86400000;

const ORDER = {
  volume: (one, kind) => one[kind ?? "count"],
  negativity: (one) => one.negative / one.count,
  change: (one) => Math.abs(one.change ?? 0),
};

/** Show the topics. The state says how they are sorted (`sort`) and whether all are shown (`all`). */
export function showTopics(place, overview, state, page, drill) {
  const sort = state.sort in SORTS ? state.sort : "volume";
  const { labels } = overview.dimensions[0];
  const order = (one) => ORDER[sort](one, state.sentiment);
  const sorted = [...labels].sort((a, b) => order(b) - order(a) || b.count - a.count);
  const shown = state.all ? sorted : sorted.slice(0, FEW);
  const sorts = h("div", { class: "segments", role: "group", "aria-label": "Sort topics by" }, Object.entries(SORTS).map(([id, name]) =>
    h("button", { type: "button", "aria-pressed": String(id === sort), on: { click: () => page.replace({ sort: id === "volume" ? null : id }) } }, name)));
  fill(place,
    h("div", { class: "card-head" }, h("h2", {}, "Topics"), labels.length > 1 ? sorts : null),
    note(overview, "topic"),
    shown.length ? bars("topic", shown, state, drill, sort) : h("p", { class: "empty" }, "No topics in this time."),
    labels.length > FEW ? button(state.all ? "Show fewer" : `Show all ${labels.length}`, () => page.replace({ all: state.all ? null : "1" }), { kind: "small" }) : null);
}

/** Show a chart for each field and segment that has values. */
export function showDimensions(place, overview, state, drill) {
  const shown = overview.dimensions.slice(1);
  place.hidden = !shown.length && !isLong(overview);
  fill(place, isLong(overview)
    ? h("p", { class: "muted" }, "Fields and segments are shown for ranges of up to 100 days.")
    : [daysNote(overview, shown[0]), ...shown.map((one) => h("article", { class: "card" }, h("h2", {}, dimensionName(one.by)), note(overview, one.by),
      one.labels.some(({ count }) => count) ? bars(one.by, one.labels, state, drill) : h("p", { class: "empty" }, "No values in this time.")))]);
}

const isLong = ({ from, to }) => Date.parse(to) - Date.parse(from) > 100 * DAY;

/** Say where a chart shows other conversations than the figures above. */
function note(overview, by) {
  const isOther = overview.counted && !overview.counted.startsWith(`${by}:`);
  return isOther ? h("p", { class: "muted chart-note" }, "All conversations, whatever the filters.") : null;
}

/** Say which days fields and segments show, if the range has incomplete days. */
function daysNote(overview, { from, to } = overview) {
  const isSame = from === overview.from && to === overview.to;
  return isSame ? null : h("p", { class: "muted chart-note" },
    `Fields and segments are counted by whole days in UTC: ${utcDate(from)} to ${utcDate(Date.parse(to) - DAY)}.`);
}

function bars(by, labels, state, drill, sort = "volume") {
  const kinds = state.sentiment ? [state.sentiment] : ["negative", "neutral", "positive"];
  const size = (one) => kinds.reduce((all, kind) => all + one[kind], 0);
  const most = Math.max(...labels.map(size), 1);
  return h("table", { class: "bars" },
    h("caption", { class: "visually-hidden" }, `${dimensionName(by)}: conversations by sentiment`),
    h("colgroup", {}, ["name", "bar", "count", "last"].map((name) => h("col", { class: `col-${name}` }))),
    h("thead", { class: "visually-hidden" }, h("tr", {}, ["Value", "By sentiment", "Conversations", "Negative"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, labels.map((one) => h("tr", { class: state[by] === one.value ? "chosen" : null },
      h("th", { scope: "row" }, h("button", { type: "button", class: "link", on: { click: () => drill(ofLabel(one.label)) } }, valueName(by, one.value))),
      h("td", { class: "bar-cell" }, segments(one, kinds, size(one) / most, drill)),
      h("td", { class: "number" }, whole(size(one))),
      h("td", { class: "number muted" }, last(one, sort))))));
}

/** Return the bar of a label. Each part leads to its conversations; the sentiment is in the title of the part. */
function segments(one, kinds, width, drill) {
  const bar = stack(Object.fromEntries(kinds.filter((kind) => one[kind]).map((kind) => [kind, one[kind]])), width);
  for (const part of bar.children) {
    const kind = part.classList[1];
    part.title = `${whole(one[kind])} ${kind}`;
    part.addEventListener("click", () => drill({ ...ofLabel(one.label), sentiment: kind, status: null }));
  }
  return bar;
}

function last(one, sort) {
  if (sort !== "change" || one.change === undefined) return one.count ? `${share(one.negative, one.count)} neg.` : "";
  return `${one.change > 0 ? "▲" : one.change < 0 ? "▼" : ""} ${percent(Math.abs(one.change))}`;
}
