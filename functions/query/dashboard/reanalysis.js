// Analyses conversations again with the active profile: one of them, or all that match the filters of the overview.

import * as api from "./api.js";
import { ask } from "./dialog.js";
import { button, fill, h } from "./dom.js";
import { dimensionName, filtersOf, valueName } from "./filters.js";
import { counted, dollars, stamp, title, words } from "./format.js";
import { estimateFacts, follow, jobWords, progressBar } from "./job_card.js";

const PATIENCE_MS = 120000;
const PAUSE_MS = 2000;

const start = async (options) => (await api.post("api/v1/jobs", { kind: "reanalysis", ...options })).json.id;

/**
 * Analyse one conversation again, and return whether its insight was replaced. `tell` gets what happens, in words, and
 * at the end why the insight is as before. `isOpen` says whether anybody still looks.
 */
export async function analyseAgain(id, tell, isOpen) {
  tell("It is analysed again with the active profile.");
  const job = await start({ filter: { conversation_id: id } });
  for (const until = performance.now() + PATIENCE_MS; performance.now() < until && isOpen();) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    const { json } = await api.get(`api/v1/jobs/${job}`);
    const { done, failed, errors } = json.outcomes;
    if (done) return true;
    if (failed) return tell(`It could not be analysed again: ${words(Object.keys(errors)[0] ?? "failed")}. The insight stays as it was.`);
    if (json.status !== "running") return tell(json.error ? jobWords(json) : "It was not analysed again, since it changed meanwhile.");
    if (json.waiting_for && json.waiting_for !== "analysis") tell(jobWords(json));
  }
  return tell("It still waits. The list of jobs shows how far it is.");
}

/** Return the filter of a job from the parameters of a URL; null if it has none. */
export function jobFilterOf(state) {
  const filter = {};
  for (const name of ["from", "to"]) if (state[name]) filter[name] = state[name];
  for (const [name, value] of Object.entries(filtersOf(state))) {
    const [, kind, part] = name.match(/^(field|segment)\.(.+)$/s) ?? [];
    if (kind) filter[`${kind}s`] = { ...filter[`${kind}s`], [part]: value };
    else filter[name] = value;
  }
  return Object.keys(filter).length ? filter : null;
}

/** Return which conversations a filter selects, in words. */
export function filterWords(filter) {
  if (!filter) return "All conversations";
  if (filter.conversation_id) return "One conversation";
  const { from, to, fields, segments, ...others } = filter;
  const parts = [from && to ? `${stamp(from)} to ${stamp(to)}` : from ? `Since ${stamp(from)}` : to ? `Until ${stamp(to)}` : ""];
  for (const [name, value] of Object.entries(others)) parts.push(`${title(name).replace(/ id$/, " ID")}: ${valueName(name, value)}`);
  for (const [name, value] of Object.entries(fields ?? {})) parts.push(`${dimensionName(name)}: ${valueName(`field.${name}`, value)}`);
  for (const [name, value] of Object.entries(segments ?? {})) parts.push(`${dimensionName(name)}: ${value}`);
  return parts.filter(Boolean).join(", ");
}

/** Show the start of a re-analysis: its estimate, and after a question the job. It returns { show(state) }. */
export function reanalysisCard(place, page) {
  const card = { page, filter: undefined, body: h("div", { role: "status" }), which: h("p"), fault: h("p", { class: "field-error", role: "alert" }) };
  fill(place, h("h2", { id: "again-title" }, "Analyse again"),
    h("p", { class: "lead" }, "Stored conversations are analysed again with the active profile. Each insight is replaced; the one before is kept as a version."),
    card.which, card.body, card.fault);
  return { show: (state) => show(card, jobFilterOf(state)) };
}

function show(card, filter) {
  if (JSON.stringify(filter) === JSON.stringify(card.filter)) return;
  card.filter = filter;
  fill(card.which, h("strong", {}, filterWords(filter)), filter
    ? [". ", h("a", { href: card.page.href("jobs") }, "Choose all conversations")]
    : [". To choose some of them, set filters on the overview, and follow ", h("em", {}, "Analyse these again"), " above its list."]);
  begin(card);
}

function begin(card) {
  card.fault.textContent = "";
  fill(card.body, h("p", { class: "actions" }, button("Estimate the cost", () => estimate(card))));
}

/** Count the insights and their cost, without analysing any of them. */
async function estimate(card) {
  const { filter, page } = card;
  card.fault.textContent = "";
  const body = h("div");
  fill(card.body, body);
  const isShown = () => body.isConnected;
  try {
    const job = await follow(await start({ dry_run: true, ...(filter && { filter }) }), body, page, isShown, estimateCard);
    if (!job) return;
    page.refresh();
    const number = job.estimate?.lines ?? 0;
    body.append(h("p", { class: "actions" },
      number > 0 && button(`Analyse ${counted(number, "conversation")} again`, () => run(card, job.estimate), { kind: "primary" }),
      button("Back", () => begin(card))));
  } catch (error) {
    refuse(card, error);
  }
}

const estimateCard = (job) => [
  job.status === "running" && [progressBar(job.progress.percent, "Progress of the estimate"), h("p", { class: "muted" }, jobWords(job))],
  job.error && h("p", { class: "field-error" }, jobWords(job)),
  job.status === "completed" && (job.estimate?.lines ? estimateFacts(job.estimate, "Conversations") : h("p", { class: "muted" }, "No insight matches.")),
];

async function run(card, { lines, cost_usd: cost }) {
  const isSure = await ask({
    title: `Analyse ${counted(lines, "conversation")} again?`, action: "Analyse again",
    text: `With Grok, this costs about ${dollars(Number(cost))}. New conversations are analysed first. You can cancel the job; what was replaced stays replaced.`,
  });
  if (!isSure) return;
  try {
    await start(card.filter ? { filter: card.filter } : {});
  } catch (error) {
    return refuse(card, error);
  }
  begin(card);
  card.page.say("The re-analysis has started.");
  await card.page.refresh();
}

function refuse(card, error) {
  if (!(error instanceof api.ApiError)) throw error;
  begin(card);
  if (error.kind === "server") card.fault.textContent = error.message;
  else card.page.failed(error);
}
