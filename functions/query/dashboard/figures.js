// The figures of today, and the state of the worker.

import { $, bar, fill, h, skeleton } from "./dom.js";
import { clock, dollars, duration, share, title, whole, words } from "./format.js";
import { midnight, since, utcMidnight } from "./series.js";

const REASONS = {
  circuit_open: "Grok is failing",
  budget_spent: "today's budget is spent",
  credits_exhausted: "Grok's credits are used up",
  configuration: "a setting is wrong",
  paused_by_operator: "paused by an operator",
  storage_failed: "insights cannot be saved",
  rate_limited: "Grok's rate limit is reached",
  state_unreadable: "the shared state is damaged",
  state_unreachable: "the database cannot be reached",
};

/** Return why the worker is paused, in words; empty while it runs. */
export function pauseOf(health) {
  const worker = health?.worker ?? {};
  if (worker.state !== "paused") return "";
  return REASONS[worker.reason] ?? (words(worker.reason) || "the reason is not known");
}

export function loadingFigures() {
  $("figures").replaceChildren(...Array.from({ length: 6 }, () =>
    h("div", { class: "figure" }, h("dt", {}, skeleton("short")), h("dd", {}, skeleton("tall")))));
}

/** Show the figures; a part that could not be loaded is null. */
export function showFigures({ series, health, metrics }, now) {
  const today = since(series, midnight(now));
  fill($("figures"),
    figure("Analysed", whole(today.count - today.failed), "of conversations since midnight"),
    figure("Waiting", whole(health?.queue?.depth), waitingNote(health), health?.queue?.depth ? "busy" : ""),
    figure("Failed", whole(today.failed), deadLettersNote(health), today.failed ? "bad" : ""),
    sentiments(today),
    cost(today, since(series, utcMidnight(now)), metrics),
    circuit(health));
}

export function showWorker(health) {
  const pill = $("worker");
  const pause = pauseOf(health);
  const isWell = health?.status === "healthy";
  pill.hidden = !health;
  pill.className = `pill ${pause ? "warn" : isWell ? "good" : "bad"}`;
  pill.textContent = pause ? `Paused: ${pause}` : isWell ? "Running" : "Not healthy";
  $("mode").hidden = !health?.mode;
  $("mode").textContent = `${title(health?.mode)} mode`;
}

function figure(name, value, note, kind = "") {
  return h("div", { class: `figure ${kind}` }, h("dt", {}, name),
    h("dd", { class: "value" }, value), h("dd", { class: "note" }, note));
}

function waitingNote(health) {
  const age = health?.queue?.oldest_age_seconds ?? health?.queue?.age_seconds;
  if (age) return `the oldest for ${duration(age * 1000)}`;
  return health?.queue?.depth ? "in the queue" : "nothing in the queue";
}

function deadLettersNote(health) {
  const letters = health?.dead_letters;
  const count = typeof letters === "object" ? letters?.depth : letters;
  return count ? `${whole(count)} ${count === 1 ? "dead letter" : "dead letters"}` : "no dead letters";
}

function sentiments(today) {
  const all = today.positive + today.neutral + today.negative;
  const kinds = ["positive", "neutral", "negative"];
  const parts = kinds.map((kind) => {
    const part = h("span", { class: `part ${kind}` });
    part.style.flexGrow = all ? today[kind] : 1;
    return part;
  });
  return h("div", { class: "figure sentiment" }, h("dt", {}, "Sentiment"),
    h("dd", { class: "value" }, h("span", { class: `parts ${all ? "" : "none"}`, "aria-hidden": "true" }, parts)),
    h("dd", { class: "note legend" }, kinds.map((kind) => h("span", {},
      h("span", { class: `swatch ${kind}` }), `${share(today[kind], all)} ${kind}`))));
}

function cost(today, billed, metrics) {
  const budget = metrics?.daily_budget_usd ?? 0;
  if (!budget) return figure("Cost", dollars(today.cost), "no daily budget set");
  const spent = metrics.daily_spend_usd ?? billed.cost;
  const used = spent / budget;
  return h("div", { class: `figure ${used >= 1 ? "bad" : used >= 0.8 ? "busy" : ""}` }, h("dt", {}, "Cost"),
    h("dd", { class: "value" }, dollars(spent)),
    h("dd", { class: "note" }, `${share(spent, budget)} of ${dollars(budget)}, since midnight UTC`, bar(used, "budget")));
}

function circuit(health) {
  const state = health?.circuit?.state ?? health?.circuit;
  const kind = state === "open" ? "bad" : state === "half_open" ? "busy" : "";
  const until = health?.worker?.until;
  const pause = health?.worker?.detail ?? pauseOf(health);
  const note = until ? `next attempt at ${clock(until)}` : pause || `up to ${whole(health?.batch_size)} concurrent calls`;
  return figure("Circuit to Grok", state ? title(state) : title(health?.worker?.state ?? "–"), note, kind);
}
