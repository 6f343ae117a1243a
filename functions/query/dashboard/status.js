// The status panel: worker, connection to Grok, queue, dead letters and budget in plain words.

import { $, fill, h } from "./dom.js";
import { clock, counted, dollars, share, stamp, whole, words } from "./format.js";

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
const CONNECTION = {
  closed: "OK",
  open: "Interrupted: Grok failed several times",
  half_open: "Testing whether Grok works again",
  unknown: "Not known",
};

/** Return why the analysis is paused, in words; empty while it runs. */
export function pauseOf(status) {
  const worker = status?.worker ?? {};
  if (worker.state !== "paused") return "";
  return REASONS[worker.reason] ?? (words(worker.reason) || "the reason is not known");
}

/** Show the status of the last refresh. `budget` may be missing. */
export function showStatus({ status, budget }) {
  if (!status) return;
  const pause = pauseOf(status);
  const isHealthy = status.status === "healthy";
  pill(pause ? "warn" : isHealthy ? "good" : "bad", pause ? `Paused: ${pause}` : isHealthy ? "Running" : "Not healthy");
  fill($("status-facts"), [
    ["Analysis", pause ? `Paused: ${pause}` : "Running", pause ? pauseDetail(status.worker) : mode(status)],
    ["Grok connection", CONNECTION[status.circuit] ?? "Not known", null],
    ["Waiting", status.queue?.depth === null ? "Not known" : counted(status.queue?.depth ?? 0, "conversation"),
      `Up to ${whole(status.batch_size)} are analysed at the same time.`],
    ["Given up", status.dead_letters === null ? "Not known" : counted(status.dead_letters ?? 0, "conversation"),
      status.dead_letters ? "An operator can send them again: make redrive." : null],
    ["Database", status.database === "reachable" ? "OK" : "Cannot be reached", null],
    ["Today's budget", ...budgetWords(budget)],
  ].map(([name, value, note]) => h("div", {}, h("dt", {}, name), h("dd", {}, value), note && h("dd", { class: "muted" }, note))));
}

/** Show that the service did not respond, or not as expected. */
export function showUnreachable(error, updated) {
  pill("bad", error.kind === "server" ? "Error" : "Unreachable");
  fill($("status-facts"), h("div", {}, h("dt", {}, "Service"), h("dd", {}, error.message),
    updated ? h("dd", { class: "muted" }, `The last response was at ${clock(updated)}.`) : null));
}

export function hideStatus() {
  $("status-button").hidden = true;
  if ($("status-panel").matches(":popover-open")) $("status-panel").hidePopover();
}

function pill(kind, text) {
  $("status-button").hidden = false;
  $("status-button").className = `pill ${kind}`;
  $("status-button").textContent = text;
  $("status-button").setAttribute("aria-label", `Status: ${text}`);
}

function pauseDetail({ detail, since, until }) {
  const times = [since && `since ${stamp(since)}`, until && `next attempt at ${clock(until)}`].filter(Boolean).join(", ");
  return [detail, times].filter(Boolean).join("; ") || null;
}

const mode = ({ mode: name }) => (name === "mock" ? "In mock mode: heuristics in place of Grok, without cost." : "With Grok.");

function budgetWords(budget) {
  if (!budget) return ["Not known", null];
  if (budget.spent_usd === null) return ["Not known", null];
  if (!budget.daily_usd) return ["No limit", `${dollars(budget.spent_usd)} spent since midnight UTC.`];
  return [`${share(budget.spent_usd, budget.daily_usd)} used`,
    `${dollars(budget.spent_usd)} of ${dollars(budget.daily_usd)} since midnight UTC.`];
}
