// The form to try a conversation: sends it, and waits for its insight.

import * as api from "./api.js";
import { $, fill, h } from "./dom.js";
import { duration, words } from "./format.js";
import { badge, open, summary } from "./insights.js";

const PATIENCE_MS = 120000;
const FIRST_PAUSE_MS = 700;
const LONGEST_PAUSE_MS = 5000;
const EXAMPLE = `Customer: My parcel was due on Monday and it is Friday now. Nobody answers the phone.
Agent: I am sorry about that. It is at the depot; I have sent it out by courier for tomorrow morning.
Customer: Tomorrow works. And the delivery fee?
Agent: I have refunded it, you will see it within two days.
Customer: Thank you, that was quick and kind of you.`;

/** Connect the form. `pause` returns why the worker is paused; `arrived` and `failed` get the outcome. */
export function setUp({ pause, arrived, failed }) {
  $("example").addEventListener("click", () => {
    $("try-text").value = EXAMPLE;
    $("try-text").focus();
  });
  $("try-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = $("try-text").value;
    complain(text.trim() ? "" : "Write or paste a conversation first.");
    if (!text.trim()) return;
    await attempt(text, { pause, arrived, failed });
  });
}

async function attempt(text, { pause, arrived, failed }) {
  const button = $("try-form").querySelector("[type=submit]");
  button.disabled = true;
  const started = performance.now();
  try {
    fill($("try-result"), steps("Sending the conversation", "spin"));
    const { json } = await api.send({ text });
    const insight = await watch(json.id, started, pause);
    if (insight) arrived(insight);
  } catch (error) {
    fill($("try-result"));
    complain(error.kind === "limit" ? `Too many requests: try again in ${error.seconds} s.` : error.message);
    failed(error);
  } finally {
    button.disabled = false;
  }
}

/** Request the insight, at growing intervals, until it exists. */
async function watch(id, started, pause) {
  for (let wait = FIRST_PAUSE_MS; performance.now() - started < PATIENCE_MS; wait = Math.min(wait * 1.6, LONGEST_PAUSE_MS)) {
    const why = pause();
    fill($("try-result"), steps(why ? `Accepted. It is waiting: ${why}.` : "Accepted. Waiting for the analysis", why ? "rest" : "spin"));
    await new Promise((resolve) => setTimeout(resolve, wait));
    const { status, json } = await api.insight(id).catch(againIfLimited);
    if (status !== 200) continue;
    fill($("try-result"), result(json, performance.now() - started));
    return json;
  }
  fill($("try-result"), steps("It is still waiting. Its insight will appear in the list.", "rest"));
  return null;
}

async function againIfLimited(error) {
  if (error.kind !== "limit") throw error;
  await new Promise((resolve) => setTimeout(resolve, error.seconds * 1000));
  return { status: error.status };
}

const steps = (text, kind) => h("p", { class: "step" }, h("span", { class: kind, "aria-hidden": "true" }), text);

function result(insight, milliseconds) {
  return h("div", { class: "result" },
    h("p", {}, badge(insight), h("span", { class: "muted" }, ` after ${duration(milliseconds)}`)),
    h("p", {}, summary(insight)),
    h("p", { class: "row-tags" }, (insight.topics ?? []).map((topic) => h("span", { class: "tag" }, words(topic)))),
    h("button", { class: "button small", type: "button", on: { click: () => open(insight) } }, "Show details"));
}

function complain(text) {
  $("try-error").textContent = text;
  $("try-text").setAttribute("aria-invalid", String(Boolean(text)));
}
