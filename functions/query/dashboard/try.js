// Try it: the user writes a conversation as a text or in turns, sends it, and sees its insight.

import * as api from "./api.js";
import { ask } from "./dialog.js";
import { button, fill, h } from "./dom.js";
import { area, choice, complain, faultsOf, field, segments, showFaults } from "./forms.js";
import { insightCard, step } from "./insight_card.js";
import { pauseOf } from "./status.js";

const PATIENCE_MS = 120000;
const FIRST_PAUSE_MS = 700;
const LONGEST_PAUSE_MS = 5000;
const ROLES = [["customer", "Customer"], ["agent", "Agent"], ["bot", "Bot"], ["system", "System"]];
const EXAMPLE = [
  ["customer", "My parcel was due on Monday and it is Friday now. Nobody answers the phone."],
  ["agent", "I am sorry about that. It is at the depot; I have sent it out by courier for tomorrow morning."],
  ["customer", "Tomorrow works. And the delivery fee?"],
  ["agent", "I have refunded it, you will see it within two days."],
  ["customer", "Thank you, that was quick and kind of you."],
].map(([role, text]) => ({ role, text }));

/** What the user wrote. It is kept while other views are shown. */
const draft = { kind: "text", text: "", turns: [{ role: "customer", text: "" }] };

export function show(place, page) {
  const view = { page, isOpen: true, form: h("div"), result: h("div", { class: "result", role: "status" }), others: h("p", { class: "field-error", role: "alert" }) };
  view.send = h("button", { type: "submit", class: "button primary" }, "Analyse");
  fill(place, h("div", { class: "halves" },
    h("section", { class: "card", "aria-labelledby": "try-title" },
      h("div", { class: "card-head" }, h("h2", { id: "try-title" }, "Try a conversation"),
        segments("Write it as", [["text", "Text"], ["turns", "Turns"]], draft.kind, (kind) => { draft.kind = kind; write(view); })),
      h("form", { novalidate: true, on: { submit: (event) => { event.preventDefault(); attempt(view); } } },
        view.form, view.others,
        h("p", { class: "actions" }, view.send, button("Use an example", () => example(view))),
        h("p", { class: "hint" }, "It is stored and counted like any other conversation. You can delete it afterwards."))),
    h("section", { class: "card", "aria-labelledby": "result-title" },
      h("div", { class: "card-head" }, h("h2", { id: "result-title" }, "Insight")), view.result)));
  write(view);
  fill(view.result, h("p", { class: "empty" }, "The insight appears here."));
  return { leave: () => { view.isOpen = false; } };
}

/** Show the controls for the conversation. */
function write(view) {
  fill(view.form, draft.kind === "text" ? textForm() : turnsForm(view));
}

const textForm = () => field("Conversation", area(draft.text, (value) => { draft.text = value; },
  { rows: 12, placeholder: "Customer: …\nAgent: …" }), { place: "text" });

function turnsForm(view) {
  return [h("ol", { class: "turns" }, draft.turns.map((turn, at) => h("li", { class: "turn-row" },
    field(`Speaker of turn ${at + 1}`, choice(ROLES, turn.role, (role) => { turn.role = role; }), { hidden: true, place: `messages.${at}.role` }),
    field(`Words of turn ${at + 1}`, area(turn.text, (value) => { turn.text = value; }, { rows: 2, class: "low" }), { hidden: true, place: `messages.${at}.text` }),
    button("Remove", () => removeTurn(view, at), { kind: "quiet small", "aria-label": `Remove turn ${at + 1}`, disabled: draft.turns.length === 1 })))),
  button("Add a turn", () => addTurn(view), { kind: "small" })];
}

function addTurn(view) {
  draft.turns.push({ role: draft.turns.at(-1)?.role === "customer" ? "agent" : "customer", text: "" });
  write(view);
  [...view.form.querySelectorAll("textarea")].at(-1).focus();
}

function removeTurn(view, at) {
  draft.turns.splice(at, 1);
  write(view);
  view.form.querySelectorAll("textarea")[Math.max(0, at - 1)].focus();
}

function example(view) {
  draft.turns = EXAMPLE.map((turn) => ({ ...turn }));
  draft.text = EXAMPLE.map(({ role, text }) => `${role === "customer" ? "Customer" : "Agent"}: ${text}`).join("\n");
  write(view);
  view.form.querySelector("textarea").focus();
}

async function attempt(view) {
  const body = draft.kind === "text" ? { text: draft.text } : { messages: draft.turns };
  if (isEmpty(view)) return;
  view.send.disabled = true;
  showFaults(view.form, []);
  view.others.textContent = "";
  try {
    step(view.result, "Sending the conversation");
    const { json } = await api.post("api/v1/conversations", body);
    await watch(view, json.id, performance.now() + PATIENCE_MS);
  } catch (error) {
    refuse(view, error);
  } finally {
    view.send.disabled = false;
  }
}

/** Complain about a conversation without words. */
function isEmpty(view) {
  const isBlank = draft.kind === "text" ? !draft.text.trim() : draft.turns.every((turn) => !turn.text.trim());
  const control = view.form.querySelector("textarea");
  complain(control, isBlank ? "Write or paste a conversation first." : "");
  if (isBlank) control.focus();
  return isBlank;
}

function refuse(view, error) {
  fill(view.result, h("p", { class: "empty" }, "The conversation has no insight."));
  if (error.kind === "limit") view.others.textContent = `Too many requests: try again in ${error.seconds} s.`;
  else if (error.kind === "server") view.others.textContent = showFaults(view.form, faultsOf(error)).join("; ");
  else view.page.failed(error);
}

/** Request the insight, at growing intervals, until it exists. */
async function watch(view, id, until) {
  let reason = "";
  for (let wait = FIRST_PAUSE_MS; performance.now() < until && view.isOpen; wait = Math.min(wait * 1.6, LONGEST_PAUSE_MS)) {
    step(view.result, reason ? `Accepted. It waits: ${reason}.` : "Accepted. It is being analysed.", !reason);
    await new Promise((resolve) => setTimeout(resolve, wait));
    const { status, json } = await api.insight(id).catch(waitIfLimited);
    if (status === 200) return arrived(view, json);
    if (wait > FIRST_PAUSE_MS) reason = pauseOf((await api.health().catch(() => ({ json: null }))).json);
  }
  step(view.result, "It still waits. Its insight appears in the list of conversations later.", false);
  return undefined;
}

async function waitIfLimited(error) {
  if (error.kind !== "limit") throw error;
  await new Promise((resolve) => setTimeout(resolve, error.seconds * 1000));
  return { status: error.status };
}

function arrived(view, insight) {
  fill(view.result, insightCard(insight), h("p", { class: "actions" },
    h("a", { class: "button small", href: view.page.href("overview", { open: insight.id }) }, "Show on the overview"),
    button("Delete this conversation", () => erase(view, insight.id), { kind: "danger small" })));
  if (view.page.isNarrow()) view.result.scrollIntoView({ block: "center" });
}

async function erase(view, id) {
  const text = "The conversation, its insight and its counts are deleted.";
  if (!await ask({ title: "Delete this conversation?", text, action: "Delete", danger: true })) return;
  try {
    await api.remove(`api/v1/conversations/${id}`);
    fill(view.result, h("p", { class: "empty" }, "The conversation is deleted."));
    view.page.say("Deleted");
  } catch (error) {
    view.page.failed(error);
  }
}
