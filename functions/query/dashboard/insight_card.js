// Shows one insight: sentiment, summary, topics, answers to the fields, quotes, and what it cost.

import { badge, fill, h } from "./dom.js";
import { dollars, duration, title, usd, whole, words } from "./format.js";

/** Return the insight as an article. */
export const insightCard = (insight) => h("article", { class: "insight-card" },
  h("p", { class: "insight-head" }, badge(insight), h("span", { class: "tags" }, tags(insight.topics))),
  h("p", { class: "insight-summary" }, insight.error ? `${insight.error.message}.` : insight.summary),
  facts("Fields", Object.entries(insight.fields ?? {}).map(([name, value]) => [title(name), answer(value)])),
  facts("Segments", Object.entries(insight.segments ?? {}).map(([name, value]) => [title(name), value])),
  quotes(insight.quotes),
  h("p", { class: "muted" }, origin(insight)));

const tags = (topics) => (topics ?? []).map((topic) => h("span", { class: "tag" }, words(topic)));

function facts(name, rows) {
  return rows.length > 0 && [h("h3", {}, name), h("dl", { class: "facts" },
    rows.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))))];
}

/** Return the answer to a field in words. */
function answer(value) {
  if (value === null) return h("span", { class: "muted" }, "not said");
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "number" ? whole(value) : words(value);
}

const quotes = (found) => found?.length > 0 && [h("h3", {}, "Quotes"),
  found.map((quote) => h("blockquote", {}, quote.text))];

/** Return how the insight was made. That of a preview has no `meta`, since its profile has no version. */
function origin({ meta, mock, grok_model: model, processing_time_ms: time, estimated_cost: cost, tokens_used: tokens }) {
  const analyst = meta?.mock ?? mock ? "in mock mode, without Grok" : `by ${model}`;
  return `Analysed ${analyst}, in ${duration(time)}${meta ? `, with version ${meta.profile_version} of the profile` : ""}. `
    + `${whole(tokens)} tokens, ${dollars(usd(cost))}.`;
}

/** Show a step of something that takes time, with a sign that it goes on. */
export const step = (place, text, isWaiting = true) =>
  fill(place, h("p", { class: "step" }, isWaiting && h("span", { class: "spin", "aria-hidden": "true" }), text));
