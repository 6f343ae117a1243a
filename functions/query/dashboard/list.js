// The conversations behind the figures as a table: the newest first, page by page.

import * as api from "./api.js";
import { badge, button, fill, h, skeleton } from "./dom.js";
import { ago, counted, full, words } from "./format.js";
import { dimensionName, filtersOf, valueName } from "./filters.js";

const PAGE = 20;
const FEW_FIELDS = 3;

/** Make the list. It returns { element, show, clear, ids, focus }. */
export function conversationList(page) {
  const list = { items: [], next: null, query: null, name: "" };
  const found = h("p", { class: "muted", role: "status" });
  const heads = ["External ID", "Sentiment", "Summary", "Topics", "Occurred", "Fields"];
  const rows = h("tbody");
  const table = h("table", { class: "table conversations", "aria-labelledby": "list-title" },
    h("thead", {}, h("tr", {}, heads.map((name) => h("th", { scope: "col" }, name)))), rows);
  const empty = h("div", { class: "empty", hidden: true });
  const more = button("Show older conversations", () => showOlder().catch(page.failed));
  const again = h("a", { class: "button quiet small" }, "Analyse these again");
  const element = h("section", { class: "card list", id: "conversations", "aria-labelledby": "list-title" },
    h("div", { class: "card-head" }, h("h2", { id: "list-title", tabindex: "-1" }, "Conversations"), found,
      h("span", { class: "grow" }), again, h("p", { class: "muted keys" }, h("kbd", {}, "j"), " ", h("kbd", {}, "k"), " next and previous")),
    table, empty, more);

  /** Show the first page of an overview. Older pages with the same filters, by `name`, stay below it. */
  function show(overview, state, name) {
    if (name !== list.name) Object.assign(list, { name, items: [], next: null });
    const kept = older(list.items, overview.items);
    const isWhole = !overview.next_cursor;
    if (!kept.length || isWhole) {
      list.next = overview.next_cursor;
      list.query = { ...filtersOf(state), from: overview.from, to: overview.to };
    }
    list.items = isWhole ? overview.items : [...overview.items, ...kept];
    found.textContent = matchText(overview, list);
    again.href = page.href("jobs", { from: overview.from, to: overview.to, ...filtersOf(state) });
    draw(state);
  }

  async function showOlder() {
    more.disabled = true;
    try {
      const { json } = await api.get("api/v1/insights", { ...list.query, limit: PAGE, cursor: list.next });
      const first = list.items.length;
      Object.assign(list, { items: [...list.items, ...json.items], next: json.next_cursor });
      draw(page.state());
      rows.children[first]?.querySelector("button")?.focus();
    } finally {
      more.disabled = false;
    }
  }

  function draw(state) {
    const focused = document.activeElement?.closest?.("tr")?.dataset.id;
    rows.replaceChildren(...list.items.map((insight) => row(insight, state, page)));
    table.hidden = !list.items.length;
    empty.hidden = Boolean(list.items.length);
    fill(empty, list.next ? "No match among the newest conversations. Older ones may match." : "No conversation matches these filters.");
    more.hidden = !list.next;
    if (focused) focus(focused);
  }

  function clear() {
    Object.assign(list, { items: [], next: null });
    rows.replaceChildren(...Array.from({ length: 6 }, () => h("tr", {}, h("td", { colspan: heads.length }, skeleton("line")))));
    table.hidden = false;
    empty.hidden = true;
    more.hidden = true;
    found.textContent = "";
  }

  function remove(id) {
    list.items = list.items.filter((one) => one.id !== id);
    draw(page.state());
  }

  const focus = (id) => rows.querySelector(`tr[data-id="${CSS.escape(id)}"] button`)?.focus({ preventScroll: false });
  const mark = (id) => {
    for (const one of rows.children) one.classList.toggle("chosen", one.dataset.id === id);
  };
  return { element, show, clear, focus, mark, items: () => list.items, remove };
}

/** Return the items that follow a new first page in the list as it was; none if that is not known. */
function older(items, firstPage) {
  if (!firstPage.length) return items;
  const place = items.findIndex(({ id }) => id === firstPage.at(-1).id);
  const ids = new Set(firstPage.map(({ id }) => id));
  return place < 0 ? [] : items.slice(place + 1).filter(({ id }) => !ids.has(id));
}

function matchText({ matches }, { items, next }) {
  if (matches !== null) return counted(matches, "match", "matches");
  return next ? `${items.length} shown, and there may be more` : counted(items.length, "match", "matches");
}

export const summaryOf = (insight) => insight.summary || insight.error?.message || "No summary.";

function row(insight, state, page) {
  const open = () => page.go({ open: insight.id });
  const fields = Object.entries(insight.fields ?? {}).filter(([, value]) => value !== null);
  const shown = [...fields.map(([name, value]) => [`field.${name}`, String(value)]), ...Object.entries(insight.segments ?? {}).map(([name, value]) => [`segment.${name}`, value])];
  return h("tr", { "data-id": insight.id, class: insight.id === state.open ? "chosen" : null, on: { click: (event) => event.target.closest("button, a") || getSelection().toString() || open() } },
    h("td", { class: "cell-id" }, insight.external_id ?? h("span", { class: "muted" }, "–")),
    h("td", { class: "cell-sentiment" }, badge(insight)),
    h("td", { class: "cell-summary" }, h("button", { type: "button", class: "link summary", on: { click: open } }, summaryOf(insight))),
    h("td", { class: "cell-topics" }, h("span", { class: "tags" }, (insight.topics ?? []).map((topic) => h("span", { class: "tag" }, words(topic))))),
    h("td", { class: "cell-time" }, h("time", { datetime: insight.occurred_at, title: full(insight.occurred_at) }, ago(insight.occurred_at))),
    h("td", { class: "cell-fields muted" }, shown.slice(0, FEW_FIELDS).map(([name, value]) =>
      h("span", { class: "field" }, `${dimensionName(name)}: ${valueName(name, value)}`))));
}
