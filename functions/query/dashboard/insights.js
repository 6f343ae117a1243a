// The newest insights: the list, its filters, older pages, and one insight in detail.

import * as api from "./api.js";
import { $, fill, h, skeleton } from "./dom.js";
import { ago, duration, full, title, words } from "./format.js";
import { instant } from "./series.js";

const PAGE = 20;
const list = { items: [], cursor: null };

/** Return the filters as parameters of the API. */
function chosen() {
  const form = new FormData($("filters"));
  const time = (name) => (form.get(name) ? instant(form.get(name)) : "");
  return {
    sentiment: form.get("sentiment"), status: form.get("status"),
    topic: form.get("topic").trim().toLowerCase().replaceAll(/\s+/g, "_"), from: time("from"), to: time("to"),
  };
}

/** Load the newest page, and keep the older pages below it. */
export async function refresh() {
  const query = chosen();
  const { json } = await api.insights({ ...query, limit: PAGE });
  if (JSON.stringify(query) !== JSON.stringify(chosen())) return;
  const last = json.items.length ? position(json.items.at(-1)) : "";
  // A page may be empty and still have a cursor: then the older insights remain.
  const kept = list.items.filter((item) => !last || position(item) < last);
  if (!kept.length || !json.next_cursor) list.cursor = json.next_cursor;
  list.items = [...json.items, ...(json.next_cursor ? kept : [])];
  show();
}

/** Return the place of an insight in lists, which are filed under the time of the conversation. */
const position = (insight) => `${insight.occurred_at}#${insight.id}`;

/** Remove the shown insights when the filters or the key change. */
export function clear() {
  Object.assign(list, { items: [], cursor: null });
  $("insights").setAttribute("aria-busy", "true");
  $("insights").replaceChildren(...Array.from({ length: 5 }, () => h("li", {}, skeleton("row"))));
  $("more").hidden = true;
}

export async function older() {
  const { json } = await api.insights({ ...chosen(), limit: PAGE, cursor: list.cursor });
  const first = list.items.length;
  Object.assign(list, { items: [...list.items, ...json.items], cursor: json.next_cursor });
  show();
  $("insights").children[first]?.querySelector("button")?.focus();
}

export function suggest(topics) {
  $("topic-names").replaceChildren(...topics.map(({ topic }) => h("option", { value: topic })));
}

function show() {
  const focused = document.activeElement?.dataset?.id;
  const isFiltered = Object.values(chosen()).some(Boolean);
  const none = nothing(isFiltered);
  fill($("insights"), list.items.length ? list.items.map(row) : h("li", { class: "empty" }, none));
  $("found").textContent = list.items.length ? `${list.items.length} ${list.items.length === 1 ? "insight" : "insights"} shown` : none;
  $("more").hidden = !list.cursor;
  if (focused) $("insights").querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
}

function nothing(isFiltered) {
  if (list.cursor) return "No match among the newest insights. Older ones may match.";
  return isFiltered ? "No insight matches these filters." : "No insights yet. Try a conversation, or send one to the API.";
}

export function badge(insight) {
  const kind = insight.status === "failed" ? "failed" : insight.sentiment;
  return h("span", { class: `badge ${kind}` }, title(kind));
}

function row(insight) {
  const topics = (insight.topics ?? []).slice(0, 3).map((topic) => h("span", { class: "tag" }, words(topic)));
  return h("li", {}, h("button", { type: "button", class: "row", "data-id": insight.id, "aria-haspopup": "dialog", on: { click: () => open(insight) } },
    badge(insight),
    h("span", { class: "row-text" }, summary(insight)),
    h("span", { class: "row-tags" }, topics),
    h("time", { class: "row-time", datetime: insight.occurred_at, title: full(insight.occurred_at) }, ago(insight.occurred_at))));
}

export const summary = (insight) => insight.summary || insight.error?.message || "No summary.";

/** Show all fields of an insight, and its conversation. */
export async function open(insight) {
  const text = h("div", { class: "conversation" }, skeleton(), skeleton(), skeleton());
  fill($("detail-body"), h("p", { class: "detail-head-line" }, badge(insight), " ", h("span", { class: "muted" }, full(insight.occurred_at))),
    h("p", { class: "detail-summary" }, summary(insight)),
    h("p", { class: "row-tags" }, (insight.topics ?? []).map((topic) => h("span", { class: "tag" }, words(topic)))),
    facts(insight), h("h3", {}, "Conversation"), text);
  $("detail").showModal();
  try {
    const { json } = await api.conversation(insight.conversation_id);
    fill(text, json.messages ? transcript(json.messages) : json.text);
  } catch (error) {
    text.textContent = error.status === 404 ? "The conversation was deleted." : error.message;
  }
}

function transcript(messages) {
  return h("ol", { class: "turns" }, messages.map(({ role, name, at, text }) => h("li", { class: `turn ${role}` },
    h("p", { class: "turn-speaker" }, [title(role), name, at && full(at)].filter(Boolean).join(", ")),
    h("p", {}, text))));
}

function facts(insight) {
  const { meta = {} } = insight;
  const known = [
    ["ID", insight.id], ["External ID", insight.external_id], ["Reason", insight.error?.code && words(insight.error.code)],
    ["Analysed at", full(insight.created_at)], ["Model", insight.grok_model], ["Analysis time", duration(insight.processing_time_ms)],
    ["Tokens", insight.tokens_used], ["Cost", insight.estimated_cost], ["Attempts", meta.attempts],
    ["Mock", "mock" in meta ? (meta.mock ? "yes, made by heuristics" : "no") : null],
  ];
  return h("dl", { class: "facts" }, known.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, String(value)))));
}
