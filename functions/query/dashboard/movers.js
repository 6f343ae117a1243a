// What changed: topics whose share changed by more than chance explains.

import { fill, h, svg } from "./dom.js";
import { counted, percent, whole } from "./format.js";
import { ofLabel, valueName } from "./filters.js";

const WIDTH = 96;
const HEIGHT = 24;
const FINEST = 28;

/** Show the movers of an overview. */
export function showMovers(place, { movers, comparison, series }, drill) {
  if (!movers.length) {
    const text = comparison
      ? "No topic changed by more than chance explains."
      : "The first hour or day of this range is not over yet.";
    return fill(place, h("p", { class: "empty" }, text));
  }
  fill(place, h("ul", { class: "movers" }, movers.map((mover) => h("li", {}, row(mover, series.length, drill)))));
}

function row(mover, length, drill) {
  const isUp = mover.change > 0;
  const delta = `${isUp ? "▲" : "▼"} ${(Math.abs(mover.change) * 100).toFixed(1)} points`;
  return h("button", { type: "button", class: "mover", on: { click: () => drill(ofLabel(mover.label)) } },
    h("span", { class: "mover-name" }, valueName("topic", mover.value)),
    h("span", { class: "mover-delta" }, delta),
    spark(mover.series, length),
    h("span", { class: "muted" }, [`${counted(mover.count, "conversation")}, ${whole(mover.count_before)} before`,
      mover.negative_share === null ? "" : `${percent(mover.negative_share)} negative`].filter(Boolean).join(" · ")));
}

/** Return the sums of at most FINEST groups of points. */
function coarse(series) {
  const size = Math.ceil(series.length / FINEST);
  return Array.from({ length: Math.ceil(series.length / size) }, (_, place) =>
    series.slice(place * size, (place + 1) * size).reduce((all, value) => all + value, 0));
}

/** Return a small line of both periods. The period before is pale. It is decoration: the figures are next to it. */
function spark(counts, length) {
  const series = coarse(counts);
  const most = Math.max(...series, 1);
  const at = (value, place) => `${(place / Math.max(series.length - 1, 1)) * WIDTH},${HEIGHT - 2 - (value / most) * (HEIGHT - 4)}`;
  const points = series.map(at);
  const split = Math.round(series.length * (1 - length / counts.length));
  return svg("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true", preserveAspectRatio: "none" },
    svg("polyline", { class: "before", points: points.slice(0, split + 1).join(" ") }),
    svg("polyline", { points: points.slice(split).join(" ") }));
}
