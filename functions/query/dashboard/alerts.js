// Alerts: which rules are breached or were, the rules themselves, and a form to add one.

import * as api from "./api.js";
import { ask } from "./dialog.js";
import { button, fill, h, skeleton } from "./dom.js";
import { labelWords, measured, partsOf, ruleForm, ruleWords } from "./alert_rules.js";
import { refill } from "./job_card.js";
import { stamp } from "./format.js";

const PATH = "api/v1/alerts";

export function show(place, page) {
  const view = { page, alerts: h("div", {}, skeleton("row"), skeleton("row")), rules: h("div", {}, skeleton("row")), form: h("div", {}) };
  fill(place, h("div", { class: "halves" }, card("alerts", "Alerts", view.alerts), h("div", { class: "stacked" },
    card("rules", "Rules", view.rules), card("new-rule", "New rule", view.form))));
  return { refresh: () => refresh(view) };
}

const card = (id, title, content) => h("section", { class: "card", "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title), content);

async function refresh(view) {
  const [alerts, rules] = await Promise.all([api.get(PATH), api.get(`${PATH}/rules`)]);
  refill(view.alerts, alerts.json.items.length ? h("ol", { class: "rows" }, alerts.json.items.map((one) => alert(view, one)))
    : h("p", { class: "empty" }, "No rule has been breached."));
  refill(view.rules, rules.json.items.length ? h("ol", { class: "rows" }, rules.json.items.map((one) => rule(view, one)))
    : h("p", { class: "empty" }, "There are no rules yet. A rule tells you when a topic, a field, a segment or a sentiment comes up too often."));
  if (!view.form.hasChildNodes()) await begin(view);
}

/** Show an empty form for a rule. The profile has the dimensions that can be counted. */
async function begin(view) {
  const { json } = await api.get("api/v1/profile");
  fill(view.form, ruleForm(view.page, json, async (name) => {
    view.page.say(`The rule ${name} is added`);
    view.form.replaceChildren();
    await view.page.refresh();
  }));
}

const alert = (view, one) => h("li", { class: "version" },
  h("p", { class: "insight-head" }, h("span", { class: `badge ${one.status === "breached" ? "negative" : "neutral"}` }, one.status === "breached" ? "Breached" : "Ended"),
    h("strong", {}, one.rule.name)),
  h("p", {}, ruleWords(one.rule)),
  h("p", { class: "muted" }, `${measured(one)}. Since ${stamp(one.since)}${one.ended_at ? `, until ${stamp(one.ended_at)}` : ""}. `,
    h("a", { href: view.page.href("overview", conversations(one)) }, "Show the conversations")));

/** Return the filters of the overview for the conversations of an alert. */
function conversations({ rule: { label }, window }) {
  const [dimension, value] = partsOf(label);
  return { from: window.from, to: window.to, [dimension]: value };
}

const rule = (view, one) => h("li", { class: "version" }, h("p", {}, h("strong", {}, one.name)), h("p", {}, ruleWords(one)),
  h("p", { class: "job-actions" }, button("Delete", () => remove(view, one), { kind: "quiet small", "aria-label": `Delete the rule ${one.name}` })));

async function remove(view, one) {
  const text = `It tells of ${labelWords(one.label)}. If it is breached now, its alert ends.`;
  if (!await ask({ title: `Delete the rule ${one.name}?`, text, action: "Delete", danger: true })) return;
  try {
    await api.remove(`${PATH}/rules/${encodeURIComponent(one.name)}`, { accepts: [204, 404] });
    await view.page.refresh();
  } catch (error) {
    view.page.failed(error);
  }
}
