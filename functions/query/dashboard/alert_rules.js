// Alert rules in words, and the form to add one.

import * as api from "./api.js";
import { fill, h } from "./dom.js";
import { choice, faultsOf, field, showFaults, text } from "./forms.js";
import { counted, percent, title, whole, words } from "./format.js";

const SENTIMENTS = ["negative", "neutral", "positive"];
const WINDOWS = [["1h", "an hour"], ["1d", "a day"]];
const PERCENT = 100;

/** Return [dimension, value] of a label such as topic:refund. */
export const partsOf = (label) => [label.slice(0, label.indexOf(":")), label.slice(label.indexOf(":") + 1)];

/** Return a label in words, such as "topic refund" or "churn risk high". */
export function labelWords(label) {
  const [dimension, value] = partsOf(label);
  return `${words(dimension.replace(/^(field|segment)\./, ""))} ${words(value)}`;
}

/** Return when a rule is breached, in words. */
export function ruleWords(rule) {
  const window = rule.window === "1h" ? "in an hour" : "in a day";
  const least = rule.minimum > 1 ? `, where ${counted(rule.minimum, "conversation")} or more are completed` : "";
  return rule.measure === "share"
    ? `More than ${percent(rule.above)} of the conversations ${window} have ${labelWords(rule.label)}${least}.`
    : `More than ${counted(rule.above, "conversation")} ${window} with ${labelWords(rule.label)}${least}.`;
}

/** Return the form to add a rule. `added` is called with its name. */
export function ruleForm(page, profile, added) {
  const rule = { name: "", dimension: "topic", value: "", measure: "count", above: "", minimum: "", window: "1h" };
  const place = h("div", { class: "fields" });
  const others = h("p", { class: "field-error", role: "alert" });
  const form = h("form", { novalidate: true, on: { submit: (event) => { event.preventDefault(); add(); } } }, place, others,
    h("p", { class: "actions" }, h("button", { type: "submit", class: "button primary" }, "Add the rule")));
  const redraw = (focused) => { fill(place, controls(rule, profile, redraw)); if (focused) place.querySelector(`[data-name=${focused}]`)?.focus(); };

  async function add() {
    others.textContent = "";
    showFaults(form, []);
    try {
      await api.post("api/v1/alerts/rules", bodyOf(rule));
      added(rule.name);
    } catch (error) {
      if (error.status === 422 || error.status === 409) others.textContent = showFaults(form, faultsOf(error)).join("; ");
      else page.failed(error);
    }
  }
  redraw();
  return form;
}

const isByDay = ({ dimension }) => /^(field|segment)\./.test(dimension);

function controls(rule, profile, redraw) {
  const set = (name) => (value) => { rule[name] = value; };
  const reset = (name, changes) => (value) => { Object.assign(rule, { [name]: value }, changes(value)); redraw(name); };
  const windows = isByDay(rule) ? WINDOWS.slice(1) : WINDOWS;
  return [
    field("Name of the rule", text(rule.name, set("name"), { placeholder: "many-refunds" }), { place: "name" }),
    field("Conversations with", choice(dimensions(profile), rule.dimension, reset("dimension", (dimension) => ({ value: "", window: isByDay({ dimension }) ? "1d" : rule.window })), { "data-name": "dimension" })),
    value(rule, profile, set("value")),
    field("Measure", choice([["count", "Number"], ["share", "Share of all"]], rule.measure, reset("measure", () => ({ above: "" })), { "data-name": "measure" }), { place: "measure" }),
    field(rule.measure === "share" ? "More than, in %" : "More than", text(rule.above, set("above"), { inputmode: "decimal" }), { place: "above" }),
    field("Within", choice(windows, rule.window, set("window")), { place: "window", hint: isByDay(rule) ? "Fields and segments are counted by day." : "" }),
    field("Smallest number", text(rule.minimum, set("minimum"), { inputmode: "numeric", placeholder: rule.measure === "share" ? "20" : "1" }), { place: "minimum", hint: "Fewer completed conversations are no breach." }),
  ];
}

const dimensions = (profile) => [["topic", "Topic"], ["sentiment", "Sentiment"],
  ...(profile?.fields ?? []).filter((one) => one.type !== "text").map((one) => [`field.${one.name}`, `Field: ${title(one.name)}`]),
  ...(profile?.segments ?? []).map((name) => [`segment.${name}`, `Segment: ${title(name)}`])];

/** Return the control for the value: a choice where the values are known, else a text with suggestions. */
function value(rule, profile, set) {
  const known = values(rule.dimension, profile);
  if (known && !known.includes(rule.value)) set(known[0]);
  if (known) return field("Value", choice(known.map((one) => [one, words(one)]), rule.value, set), { place: "label" });
  const labels = rule.dimension === "topic" ? profile?.topics.labels ?? [] : [];
  return [field("Value", text(rule.value, set, { list: "rule-values", placeholder: rule.dimension === "topic" ? "refund" : "" }), { place: "label" }),
    h("datalist", { id: "rule-values" }, labels.map((label) => h("option", { value: label.name })))];
}

/** Return the values of a dimension; null where others are possible. */
function values(dimension, profile) {
  if (dimension === "sentiment") return SENTIMENTS;
  const found = profile?.fields.find((one) => `field.${one.name}` === dimension);
  if (found?.type === "boolean") return ["true", "false"];
  if (found?.type === "integer") return Array.from({ length: found.maximum - found.minimum + 1 }, (_, at) => String(found.minimum + at));
  return found?.values ?? null;
}

/** Return the body of the request. What is no number is refused by the API with a reason. */
function bodyOf({ name, dimension, value: wanted, measure, above, minimum, window }) {
  const limit = number(above);
  const shown = measure === "share" && limit !== null ? limit / PERCENT : limit;
  return { name: name.trim(), label: `${dimension}:${wanted.trim()}`, measure, above: shown, window, ...(String(minimum).trim() ? { minimum: number(minimum) } : {}) };
}

function number(typed) {
  const clean = String(typed).trim().replace(",", ".");
  return clean === "" || Number.isNaN(Number(clean)) ? null : Number(clean);
}

/** Return what was measured, in words. */
export const measured = ({ rule, value: found, count, completed }) => (rule.measure === "share"
  ? `${percent(found)}: ${whole(count)} of ${counted(completed, "conversation")}` : counted(count, "conversation"));
