// The headline: conversations, negative share, biggest mover, failed. Each with the change against the period before.

import { fill, h } from "./dom.js";
import { percent, share, title, whole } from "./format.js";
import { ofLabel } from "./filters.js";

/** Show the figures of an overview. `drill(changes)` opens the list with filters. */
export function showHeadline(place, overview, state, drill) {
  const { counts, comparison, movers } = overview;
  const { period, before } = comparison ?? {};
  const completed = ({ count, failed }) => count - failed;
  const [first] = movers;
  const kind = state.status === "failed" ? "failed" : state.sentiment ?? "count";
  fill(place,
    figure(kind === "count" ? "Conversations" : `${title(kind)} conversations`, whole(counts[kind]), comparison && relative(period[kind], before[kind]), () => drill({})),
    figure("Negative", share(counts.negative, completed(counts)),
      comparison && points(period.negative / completed(period), before.negative / completed(before), true),
      () => drill({ sentiment: "negative", status: null })),
    first
      ? figure("Biggest change", title(first.value), points(first.share, first.share - first.change, false),
        () => drill(ofLabel(first.label)), "named")
      : figure("Biggest change", "None", { text: "no change beyond chance" }, null, "named"),
    figure("Failed", whole(counts.failed), comparison && difference(period.failed, before.failed),
      counts.failed ? () => drill({ status: "failed", sentiment: null }) : null, counts.failed ? "bad" : ""));
}

function figure(name, value, change, open, kind = "") {
  const shown = open ? h("button", { type: "button", class: "link", on: { click: open } }, value) : value;
  return h("div", { class: `figure ${kind}` }, h("dt", {}, name), h("dd", { class: "value" }, shown),
    h("dd", { class: `change ${change?.kind ?? ""}` }, change?.text ?? "not compared yet"));
}

/** Return a change with an arrow and its meaning. `isBad` says whether more is worse. */
function arrow(size, text, isBad) {
  if (!Number.isFinite(size)) return { text: "nothing to compare with" };
  if (text === null) return { text: "as before" };
  const kind = isBad === null ? "" : (size > 0) === isBad ? "worse" : "better";
  return { text: `${size > 0 ? "▲" : "▼"} ${text} than before`, kind };
}

const relative = (now, before) => {
  const size = now / before - 1;
  return arrow(before ? size : NaN, Math.abs(size) < 0.005 ? null : `${percent(Math.abs(size))} ${size > 0 ? "more" : "fewer"}`, null);
};

const points = (now, before, isBad) => {
  const size = now - before;
  return arrow(size, Math.abs(size) < 0.0005 ? null : `${(Math.abs(size) * 100).toFixed(1)} points ${size > 0 ? "higher" : "lower"}`, isBad || null);
};

const difference = (now, before) =>
  arrow(now - before, now === before ? null : `${whole(Math.abs(now - before))} ${now > before ? "more" : "fewer"}`, true);
