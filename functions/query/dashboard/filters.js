// The filter bar: the range, sentiment, topic, fields and segments. Each filter in force is a removable chip.

import { button, fill, h } from "./dom.js";
import { full, title, whole, words } from "./format.js";
import { instant, PRESETS, rangeOf } from "./ranges.js";

const SENTIMENTS = ["negative", "neutral", "positive"];
const PLAIN = ["sentiment", "status", "topic", "external_id"];

/** Return the filters of a state as parameters of the API. */
export const filtersOf = (state) =>
  Object.fromEntries(Object.entries(state).filter(([name]) => PLAIN.includes(name) || /^(field|segment)\../.test(name)));

/** Return the parameter of a label of the API: "field.risk:high" is { "field.risk": "high" }. */
export function ofLabel(label) {
  const [, dimension, value] = label.match(/^([^:]+):(.*)$/s);
  return { [dimension]: value };
}

/** Return a dimension in words: "field.churn_risk" is "Churn risk". */
export const dimensionName = (dimension) => title(dimension.replace(/^(field|segment)\./, ""));

/** Return the value of a dimension in words. Values of segments and text fields are shown as they are. */
export function valueName(dimension, value) {
  if (dimension === "external_id" || dimension.startsWith("segment.")) return value;
  if (value === "true") return "Yes";
  if (value === "false") return "No";
  return dimension === "topic" ? words(value) : title(value);
}

/** Make the bar. It returns { show(state, overview) }. */
export function filterBar(page) {
  const presets = PRESETS.map(({ id, text }) => h("button", {
    type: "button", "data-range": id, on: { click: () => page.go({ range: id, from: null, to: null, open: null }) },
  }, text));
  const custom = h("button", { type: "button", popovertarget: "range-choice", "data-range": "custom" }, "Custom");
  const ranges = h("div", { class: "segments", role: "group", "aria-label": "Range of time" }, presets, custom);
  const sentiment = h("select", { "aria-label": "Sentiment", on: { change: () => chooseSentiment(page, sentiment.value) } },
    h("option", { value: "" }, "Any sentiment"), SENTIMENTS.map((kind) => h("option", { value: kind }, title(kind))),
    h("option", { value: "failed" }, "Failed"));
  const topics = h("datalist", { id: "topic-names" });
  const search = h("input", {
    type: "search", list: "topic-names", id: "search", "aria-label": "Topic or external ID", placeholder: "Topic or external ID  ( / )",
    autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: "255",
  });
  const form = h("form", { class: "search", role: "search", on: { submit: (event) => { event.preventDefault(); find(); } } }, search, topics);
  search.addEventListener("input", (event) => event.inputType === "insertReplacementText" && find());
  const more = h("div", { id: "more-filters", class: "menu", popover: "", "aria-label": "Fields and segments" });
  const moreButton = h("button", { type: "button", class: "button", popovertarget: "more-filters" }, "Fields and segments");
  const chips = h("ul", { class: "chips", "aria-label": "Filters in force" });
  const effect = h("p", { class: "muted effect" });
  const printed = h("p", { class: "print-range" });
  const bar = h("section", { class: "filter-bar", "aria-label": "Filters" },
    h("div", { class: "filter-row" }, ranges, sentiment, form, moreButton, h("span", { class: "grow" }),
      button("Copy link", () => copy(page, location.href, "The link is copied."), { kind: "quiet" })),
    printed, h("div", { class: "filter-row second" }, chips, effect), rangeChoice(page), more);
  let known = [];

  function find() {
    const text = search.value.trim();
    if (!text) return;
    const topic = text.toLowerCase().replaceAll(/\s+/g, "_");
    page.go({ ...(known.includes(topic) ? { topic } : { external_id: text }), open: null });
    search.value = "";
  }

  function show(state, overview) {
    const range = rangeOf(state);
    printed.textContent = `Grok Insights: ${range.name}${overview ? ` (${full(overview.from)} to ${full(overview.to)})` : ""}`;
    for (const one of ranges.children) one.setAttribute("aria-pressed", String(one.dataset.range === range.id));
    sentiment.value = state.status === "failed" ? "failed" : state.sentiment ?? "";
    showChips(chips, state, page);
    const dimensions = overview?.dimensions ?? [];
    effect.textContent = overview ? effectOf(state, overview) : "";
    known = (dimensions[0]?.labels ?? []).map(({ value }) => value);
    topics.replaceChildren(...known.map((value) => h("option", { value: words(value) })));
    moreButton.hidden = dimensions.length < 2;
    if (!more.matches(":popover-open")) fill(more, dimensions.slice(1).map((one) => choices(one, state, page, more)));
  }
  return { element: bar, show, focus: () => search.focus() };
}

function chooseSentiment(page, value) {
  const isFailed = value === "failed";
  page.go({ sentiment: isFailed ? null : value, status: isFailed ? "failed" : null, open: null });
}

function rangeChoice(page) {
  const from = h("input", { type: "datetime-local", required: true });
  const to = h("input", { type: "datetime-local", required: true });
  const fault = h("p", { class: "field-error", role: "alert" });
  const place = h("form", { id: "range-choice", class: "menu", popover: "", "aria-label": "Custom range" },
    h("label", {}, "From", from), h("label", {}, "To", to), fault,
    h("button", { type: "submit", class: "button primary" }, "Show"));
  place.addEventListener("submit", (event) => {
    event.preventDefault();
    const [start, end] = [from.value, to.value].map((text) => Date.parse(text));
    const isValid = start < end && end - start <= 400 * 86400000;
    fault.textContent = isValid ? "" : start < end ? "Choose at most 400 days." : "Choose a start before the end.";
    if (!isValid) return;
    place.hidePopover();
    page.go({ range: null, from: instant(start), to: instant(end), open: null });
  });
  return place;
}

function choices({ by, labels }, state, page, menu) {
  return h("fieldset", {}, h("legend", {}, dimensionName(by)), labels.map(({ value, count }) =>
    h("button", {
      type: "button", class: "choice", "aria-pressed": String(state[by] === value),
      on: { click: () => { menu.hidePopover(); page.go({ [by]: state[by] === value ? null : value, open: null }); } },
    }, h("span", {}, valueName(by, value)), h("span", { class: "muted" }, whole(count)))));
}

function showChips(place, state, page) {
  const filters = Object.entries(filtersOf(state));
  const names = { sentiment: "Sentiment", status: "Status", topic: "Topic", external_id: "External ID" };
  const chips = filters.map(([name, value]) => chip(`${names[name] ?? dimensionName(name)}: ${valueName(name, value)}`,
    () => page.go({ [name]: null, open: null })));
  if (state.from && state.to) {
    chips.unshift(chip(rangeOf(state).name, () => page.go({ from: null, to: null, open: null })));
  }
  fill(place, chips, chips.length > 1 ? h("li", {}, button("Clear all", () => page.go(
    { ...Object.fromEntries(filters.map(([name]) => [name, null])), from: null, to: null, open: null }), { kind: "quiet small" })) : null);
  place.hidden = !chips.length;
}

const chip = (text, remove) => h("li", { class: "chip" }, h("span", {}, text),
  h("button", { type: "button", "aria-label": `Remove ${text}`, title: "Remove this filter", on: { click: remove } }, "×"));

/** Return what the figures and charts show, where it is not what the list shows. */
function effectOf(state, overview) {
  const filters = filtersOf(state);
  const labels = Object.keys(filters).filter((name) => name === "topic" || name.includes("."));
  const notes = [];
  if (overview.interval === "day" && labels.some((name) => name.includes(".")) && rangeOf(state).query.interval === "hour") {
    notes.push("Fields and segments are counted by day: the range is widened to whole days in UTC.");
  }
  // The overview may still be the one of fewer filters, while that of these is read.
  if (labels.length > 1 && overview.counted) {
    const [[name, value]] = Object.entries(ofLabel(overview.counted));
    notes.push(`Counters know one filter at a time. Figures and the chart over time show ${dimensionName(name).toLowerCase()} “${valueName(name, value)}”; the list has all filters.`);
  }
  if (filters.external_id) notes.push("Figures and charts show all conversations; the list has the filters.");
  return notes.join(" ");
}

/** Copy a text, and say so. */
export async function copy(page, text, done) {
  try {
    await navigator.clipboard.writeText(text);
    page.say(done);
  } catch {
    page.say("The browser does not allow copying here.");
  }
}
