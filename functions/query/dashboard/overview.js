// The first view: what customers wrote, what changed, and the conversations behind each figure.

import * as api from "./api.js";
import { fill, h, keepFocus, skeleton } from "./dom.js";
import { showEmptyRange, showFirstRun } from "./empty.js";
import { filterBar, filtersOf } from "./filters.js";
import { whole } from "./format.js";
import { showHeadline } from "./headline.js";
import { conversationList } from "./list.js";
import { showMovers } from "./movers.js";
import { conversationPanel } from "./panel.js";
import { rangeOf } from "./ranges.js";
import { timeline } from "./timeline.js";
import { showDimensions, showTopics } from "./topics.js";

const TOP = 100;
const PAGE = 20;

export function show(place, page) {
  const view = { overview: null, shown: "", isNew: null };
  const bar = filterBar(page);
  const list = conversationList(page);
  const panel = conversationPanel(page, list);
  const chart = timeline(page, drill);
  const parts = {
    headline: h("dl", { class: "figures" }), movers: h("div"), topics: h("article", { class: "card" }),
    dimensions: h("section", { class: "dimensions", "aria-label": "Fields and segments" }), nothing: h("div", { hidden: true }),
  };
  const tabs = h("div", { class: "tabs segments", role: "group", "aria-label": "Part of the page" },
    [["", "Overview"], ["list", "Conversations"]].map(([id, name]) => h("button", { type: "button", "data-tab": id, on: { click: () => page.replace({ tab: id || null }) } }, name)));
  const figures = h("div", { class: "figures-part" }, parts.headline, chart.element,
    h("div", { class: "halves" }, parts.topics, h("article", { class: "card" }, h("div", { class: "card-head" }, h("h2", {}, "What changed"), h("span", { class: "muted" }, "against the period before")), parts.movers)),
    parts.dimensions);
  const board = h("div", { class: "board" }, figures, list.element);
  fill(place, h("h2", { class: "visually-hidden" }, "Overview"), bar.element, tabs, parts.nothing, board, panel.element);
  document.addEventListener("keydown", keys);
  loading();

  /** Show the conversations behind a mark. */
  function drill(changes) {
    page.go({ ...changes, open: null, tab: page.isNarrow() ? "list" : page.state().tab });
    list.element.scrollIntoView({ block: "start" });
    list.element.querySelector("h2").focus({ preventScroll: true });
  }

  function query(state) {
    return { ...filtersOf(state), ...rangeOf(state).query, top: TOP, limit: PAGE };
  }

  const nameOf = (state) => JSON.stringify([rangeOf(state).id, state.from, state.to, filtersOf(state)]);

  async function refresh() {
    const state = page.state();
    const { json } = await api.get("api/v1/overview", query(state)).finally(() => board.removeAttribute("aria-busy"));
    if (nameOf(state) !== nameOf(page.state())) return {};
    const { status, budget } = json;
    const isEmpty = !json.items.length && !json.next_cursor && !json.counts.count && !Object.keys(filtersOf(state)).length;
    if (isEmpty && view.isNew !== false) view.isNew = !(await api.get("api/v1/insights", { limit: 1 })).json.items.length;
    if (!isEmpty) view.isNew = false;
    Object.assign(view, { overview: json, shown: nameOf(state) });
    draw(isEmpty);
    return { status, budget };
  }

  function draw(isEmpty) {
    const { overview } = view;
    const state = page.state();
    bar.show(state, overview);
    parts.nothing.hidden = !isEmpty;
    board.hidden = isEmpty;
    bar.element.hidden = isEmpty && view.isNew;
    tabs.hidden = isEmpty;
    if (isEmpty) (view.isNew ? showFirstRun : showEmptyRange)(parts.nothing, page);
    list.show(overview, state, view.shown);
    drawParts(state);
  }

  const drawParts = (state) => keepFocus(figures, () => drawFigures(state));

  function drawFigures(state) {
    const { overview } = view;
    showHeadline(parts.headline, overview, state, drill);
    showMovers(parts.movers, overview, drill);
    showTopics(parts.topics, overview, state, page, drill);
    showDimensions(parts.dimensions, overview, state, drill);
    chart.show(overview, state);
    tabs.lastChild.textContent = overview.matches === null ? "Conversations" : `Conversations (${whole(overview.matches)})`;
    arrange(state);
  }

  /** Show what depends on the URL alone: the part on a phone, and the open conversation. */
  function arrange(state) {
    place.classList.toggle("tab-list", state.tab === "list");
    for (const tab of tabs.children) tab.setAttribute("aria-pressed", String(tab.dataset.tab === (state.tab ?? "")));
    // On a phone the panel covers the page.
    for (const part of [bar.element, tabs, board]) part.inert = page.isNarrow() && Boolean(state.open);
    panel.show(state);
  }

  function update(state) {
    bar.show(state, view.overview);
    arrange(state);
    if (view.shown === nameOf(state)) return view.overview && drawParts(state);
    board.setAttribute("aria-busy", "true");
    page.refresh();
  }

  function loading() {
    bar.show(page.state(), null);
    board.setAttribute("aria-busy", "true");
    fill(parts.headline, Array.from({ length: 4 }, () => h("div", { class: "figure" }, h("dt", {}, skeleton("short")), h("dd", {}, skeleton("tall")))));
    fill(parts.topics, skeleton("block"));
    fill(parts.movers, skeleton("block"));
    list.clear();
    arrange(page.state());
  }

  function keys(event) {
    const isTyping = event.target.closest?.("input, textarea, select, dialog") || document.querySelector(":popover-open");
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping) return;
    const actions = { "/": () => bar.focus(), j: () => panel.step(1), k: () => panel.step(-1) };
    if (page.state().open) actions.Escape = () => panel.close();
    if (!actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
  }

  function leave() {
    document.removeEventListener("keydown", keys);
    document.body.classList.remove("with-panel");
  }
  return { update, refresh, leave };
}
