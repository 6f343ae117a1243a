// One conversation beside the list: the analysis, the transcript with its quotes, facts and actions.

import * as api from "./api.js";
import { ask } from "./dialog.js";
import { $, badge, button, fill, h, skeleton } from "./dom.js";
import { dollars, duration, full, stamp, title, usd, words } from "./format.js";
import { copy, dimensionName, valueName } from "./filters.js";
import { summaryOf } from "./list.js";

const RETRY_MS = 4000;

/** Make the panel. `list` is the list beside it. It returns { element, show(state), step(places) }. */
export function conversationPanel(page, list) {
  const body = h("div", { class: "panel-body" });
  const name = h("h2", { id: "panel-title", tabindex: "-1" });
  const previous = button("‹", () => step(-1), { kind: "quiet", "aria-label": "Previous conversation (k)", title: "Previous (k)" });
  const next = button("›", () => step(1), { kind: "quiet", "aria-label": "Next conversation (j)", title: "Next (j)" });
  const element = h("aside", { class: "panel", "aria-labelledby": "panel-title", hidden: true },
    h("div", { class: "panel-head" }, name, previous, next, button("×", close, { kind: "quiet", "aria-label": "Close (Esc)", title: "Close (Esc)" })), body);
  let shown = null;

  function show(state) {
    const { open } = state;
    document.body.classList.toggle("with-panel", Boolean(open));
    element.hidden = !open;
    list.mark(open);
    buttons(open);
    if (open && open !== shown) load(open);
    shown = open ?? null;
  }

  function buttons(open) {
    const ids = list.items().map(({ id }) => id);
    const place = ids.indexOf(open);
    previous.disabled = place <= 0;
    next.disabled = place < 0 || place === ids.length - 1;
  }

  /** Go to a conversation that is some places further in the list, or to its start. */
  function step(places) {
    const items = list.items();
    const place = items.findIndex(({ id }) => id === page.state().open);
    const item = items[place < 0 ? 0 : place + places];
    if (item) page.replace({ open: item.id });
  }

  function close() {
    const { open } = page.state();
    page.go({ open: null });
    if (open) list.focus(open);
  }

  async function load(id, known = list.items().find((item) => item.id === id)) {
    name.textContent = known?.external_id ?? "Conversation";
    fill(body, known ? analysis(known, page) : null, skeleton(), skeleton(), skeleton());
    body.scrollTop = 0;
    name.focus({ preventScroll: true });
    try {
      const [insight, conversation] = await Promise.all([known ? { json: known, status: 200 } : api.insight(id), api.conversation(id)]);
      if (page.state().open === id) draw(id, insight.status === 200 ? insight.json : null, conversation.json);
    } catch (error) {
      if (page.state().open !== id) return;
      if (error.kind === "key") return page.failed(error);
      const isGone = error.status === 404 || error.status === 422;
      fill(body, h("div", { class: "empty" }, h("p", {}, isGone ? "This conversation does not exist. It was deleted or has expired." : error.message),
        isGone ? null : button("Try again", () => load(id))));
    }
  }

  function draw(id, insight, conversation) {
    name.textContent = conversation.external_id ?? "Conversation";
    fill(body,
      insight ? analysis(insight, page) : h("p", { class: "notice info" }, "It waits to be analysed."),
      h("h3", {}, "Conversation"), transcript(conversation, insight?.quotes ?? []),
      insight ? facts(insight, conversation) : null,
      h("div", { class: "panel-actions" },
        button("Copy link", () => copy(page, location.href, "The link is copied."), { kind: "small" }),
        button("Copy ID", () => copy(page, id, "The ID is copied."), { kind: "small" }),
        insight?.error ? button("Retry", () => retry(id), { kind: "small", title: "Analyse it again" }) : null,
        insight && !insight.error ? button("Analyse again", (event) => again(id, event.target), { kind: "small", title: "With the active profile; this insight is kept as a version" }) : null,
        button("Delete", () => remove(id), { kind: "small danger" })),
      h("p", { class: "muted panel-note", role: "status" }));
  }

  /** Analyse a conversation again with the active profile, and show the new insight. */
  async function again(id, control) {
    const isOpen = () => control.isConnected;
    const note = body.querySelector(".panel-note");
    control.disabled = true;
    try {
      const { analyseAgain } = await import("./reanalysis.js");
      const isReplaced = await analyseAgain(id, (text) => { note.textContent = text; }, isOpen);
      if (!isReplaced || !isOpen()) return;
      await load(id, null);
      page.say("The new insight is shown.");
      page.refresh();
    } catch (error) {
      note.textContent = "";
      page.failed(error);
    } finally {
      control.disabled = false;
    }
  }

  /** Analyse a conversation again whose analysis failed, and show the result when it can be there. */
  async function retry(id) {
    try {
      await api.post(`api/v1/conversations/${encodeURIComponent(id)}/retry`);
    } catch (error) {
      return error.status === 409 ? load(id, null) : page.failed(error);
    }
    page.say("The conversation is analysed again.");
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    if (page.state().open === id) load(id, null);
    page.refresh();
  }

  async function remove(id) {
    const isSure = await ask({
      title: "Delete this conversation?", danger: true, action: "Delete",
      text: "Its text, its insight and its counts are deleted together. This cannot be undone.",
    });
    if (!isSure) return;
    try {
      await api.remove(`api/v1/conversations/${encodeURIComponent(id)}`);
    } catch (error) {
      if (error.status !== 404) return page.failed(error);
    }
    page.go({ open: null });
    list.remove(id);
    page.say("The conversation is deleted.");
    page.refresh();
  }

  return { element, show, step, close, buttons };
}

function analysis(insight, page) {
  const quotes = insight.quotes ?? [];
  const fields = Object.entries(insight.fields ?? {});
  const segments = Object.entries(insight.segments ?? {});
  return h("div", { class: "analysis" },
    h("p", { class: "panel-line" }, badge(insight), h("span", { class: "muted" }, full(insight.occurred_at))),
    h("p", { class: insight.error ? "panel-error" : "panel-summary" }, summaryOf(insight)),
    quotes.length ? h("ul", { class: `quotes ${insight.sentiment}` }, quotes.map((quote, number) => h("li", {},
      h("button", { type: "button", class: "link quote", title: "Show it in the conversation", on: { click: () => reveal(number) } }, `“${quote.text}”`)))) : null,
    h("ul", { class: "tags", "aria-label": "Topics" }, (insight.topics ?? []).map((topic) => h("li", {},
      h("button", { type: "button", class: "tag", title: "Show all conversations with this topic", on: { click: () => page.go({ topic, open: null }) } }, words(topic))))),
    fields.length || segments.length ? h("dl", { class: "fields" }, [...fields.map(([name, value]) => [`field.${name}`, value]), ...segments.map(([name, value]) => [`segment.${name}`, value])]
      .map(([name, value]) => h("div", {}, h("dt", {}, dimensionName(name)), h("dd", {}, value === null ? h("span", { class: "muted" }, "not said") : valueName(name, String(value)))))) : null);
}

/** Scroll to a quote in the transcript. */
function reveal(number) {
  const mark = $(`quote-${number}`);
  mark?.scrollIntoView({ block: "center", behavior: "smooth" });
  mark?.focus({ preventScroll: true });
}

function transcript({ messages, text }, quotes) {
  const numbered = quotes.map((quote, number) => ({ ...quote, number }));
  if (!messages) return h("div", { class: "text" }, highlighted(text ?? "", numbered));
  return h("ol", { class: "turns" }, messages.map((message, turn) => h("li", { class: `turn ${message.role}` },
    h("p", { class: "turn-speaker" }, [title(message.role), message.name, message.at && stamp(message.at)].filter(Boolean).join(", ")),
    h("p", {}, highlighted(message.text, numbered.filter((quote) => quote.turn === turn))))));
}

/** Return a text as nodes, with its quotes marked. Offsets of quotes are code points. */
function highlighted(text, quotes) {
  const characters = Array.from(text);
  const nodes = [];
  let at = 0;
  for (const { start, end, number } of [...quotes].sort((a, b) => a.start - b.start)) {
    if (start < at || end > characters.length) continue;
    nodes.push(characters.slice(at, start).join(""));
    nodes.push(h("mark", { id: `quote-${number}`, tabindex: "-1" }, characters.slice(start, end).join("")));
    at = end;
  }
  return [...nodes, characters.slice(at).join("")].filter(Boolean);
}

function facts(insight, conversation) {
  const { meta = {} } = insight;
  const known = [
    ["ID", insight.id], ["Reason", insight.error?.code && words(insight.error.code)],
    ["Accepted", stamp(conversation.created_at)], ["Analysed", full(insight.created_at)],
    ["Analysis time", duration(insight.processing_time_ms)], ["Model", insight.grok_model],
    ["Mode", meta.mock ? "Mock: made by heuristics" : "Grok"], ["Tokens", insight.tokens_used], ["Cost", dollars(usd(insight.estimated_cost))],
    ["Attempts", meta.attempts], ["Profile version", meta.profile_version],
    ["Quotes not found", meta.unverified_quotes],
    ...Object.entries(conversation.metadata ?? {}).map(([name, value]) => [name, typeof value === "object" ? JSON.stringify(value) : value]),
  ].filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("details", { class: "facts" }, h("summary", {}, "Facts"),
    h("dl", {}, known.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, String(value))))));
}
