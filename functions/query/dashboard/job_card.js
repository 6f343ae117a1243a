// Shows a job: what it does, how far it is, its counts, and what can be done with it.

import * as api from "./api.js";
import { ask } from "./dialog.js";
import { button, fill, h } from "./dom.js";
import { counted, dollars, stamp, title, whole, words } from "./format.js";

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 5000;
const BADGES = { running: "running", completed: "positive", failed: "negative", cancelled: "neutral" };
const PHASES = {
  reading: "Reading the file", importing: "Importing", counting: "Counting the insights", sending: "Sending them to the analysis",
  checking: "Checking the outcomes", waiting: "Waiting", mapping: "Mapping the topics", exporting: "Writing the insights",
  composing: "Making one file",
};
const WAITS = {
  queue: "Waiting until fewer conversations are in the queue.",
  analysis: "Waiting for the analysis.",
  new_conversations: "Waiting: new conversations are analysed first.",
};
const KINDS = { import: "Import", reanalysis: "Re-analysis", remap: "New mapping of topics", export: "Export" };

/** Return what the job is, in words. */
export function jobTitle(job) {
  const kind = KINDS[job.kind] ?? title(job.kind);
  if (!job.dry_run) return kind;
  return job.kind === "import" ? "Check of a file" : `${kind}, estimate only`;
}

export const statusBadge = (job) => h("span", { class: `badge ${BADGES[job.status] ?? "neutral"}` }, title(job.status));

/** Return what the job does now, or how it ended, in words. */
export function jobWords(job) {
  if (job.error) return `${sentence(job.error.message)}`;
  if (job.status !== "running") return job.finished_at ? `Ended ${stamp(job.finished_at)}.` : "";
  if (job.waiting_for) return WAITS[job.waiting_for] ?? `Waiting: ${words(job.waiting_for)}.`;
  if (job.kind !== "import" && job.phase === "reading") return "Starting.";
  return `${PHASES[job.phase] ?? "Running"}.${job.eta_seconds ? ` About ${lasting(job.eta_seconds)} left.` : ""}`;
}

const sentence = (text) => `${text.replace(/^./, (first) => first.toUpperCase()).replace(/\.$/, "")}.`;

/** Return seconds in words, such as "3 minutes". */
export function lasting(seconds) {
  if (seconds < 90) return counted(Math.max(1, Math.round(seconds)), "second");
  return seconds < 5400 ? counted(Math.round(seconds / 60), "minute") : counted(Math.round(seconds / 3600), "hour");
}

/** Return the progress of a job as a bar, with the percentage. */
export function progressBar(percent, label) {
  const value = Math.round(percent);
  return h("div", { class: "progress" },
    h("progress", { max: 100, value, "aria-label": label }), h("span", { class: "muted" }, `${value} %`));
}

/** Return the counts of a job in words. */
export function countWords({ kind, counts, outcomes, estimate, progress, dry_run: isCheck }) {
  if (kind === "export") return `${counted(progress.lines_done, "insight")} read.`;
  if (kind === "remap" && isCheck) return `${counted(outcomes?.changed ?? 0, "insight")} would change.`;
  if (isCheck && kind === "reanalysis" && estimate) {
    return `${counted(estimate.lines, "conversation")}, about ${dollars(Number(estimate.cost_usd))} with Grok.`;
  }
  if (isCheck) return "";
  if (outcomes) return outcomeWords(outcomes);
  if (kind !== "import") return `${counted(progress.lines_done, "insight")} done.`;
  const parts = [counted(counts.accepted, "line") + " accepted"];
  if (counts.repeated) parts.push(`${whole(counts.repeated)} of them known before`);
  if (counts.rejected) parts.push(`${whole(counts.rejected)} rejected`);
  if (counts.erased) parts.push(`${whole(counts.erased)} erased before, and left out`);
  return `${parts.join(", ")}.`;
}

function outcomeWords({ done, changed, failed, skipped }) {
  const parts = [`${counted(done, "insight")} replaced`, `${whole(changed)} of them changed`];
  if (failed) parts.push(`${whole(failed)} failed`);
  if (skipped) parts.push(`${whole(skipped)} skipped`);
  return `${parts.join(", ")}.`;
}

/** Return what the analysis of a file or of stored conversations takes, as rows of a list of facts. */
export function estimateFacts(estimate, noun = "Lines") {
  if (!estimate) return null;
  const rows = [[noun, whole(estimate.lines)]];
  if (estimate.unreadable) rows.push(["Not readable", whole(estimate.unreadable)]);
  rows.push(["Tokens", `about ${whole(estimate.tokens)}`], ["Cost, with Grok", `about ${dollars(Number(estimate.cost_usd))}`],
    ["Time", `at least ${lasting(estimate.seconds)}`]);
  if (estimate.days_of_budget) rows.push(["By the daily budget", counted(estimate.days_of_budget, "day")]);
  return h("dl", { class: "facts" }, rows.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))));
}

/** Return the buttons of a job. `changed` is called after a change. */
export function jobActions(job, page, changed) {
  const act = (verb) => async () => {
    try {
      await api.post(`api/v1/jobs/${job.id}/${verb}`, {});
      await changed();
    } catch (error) {
      if (error.status === 409) await changed();
      else page.failed(error);
    }
  };
  const cancel = async () => {
    const text = "What was accepted stays accepted. You can start the job again; it goes on where it stopped.";
    if (await ask({ title: "Cancel this job?", text, action: "Cancel the job", danger: true })) await act("cancel")();
  };
  return [
    job.status === "running" && button("Cancel", cancel, { kind: "small", "aria-label": `Cancel ${named(job)}` }),
    ["failed", "cancelled"].includes(job.status) && button("Start again", act("start"), { kind: "small", "aria-label": `Start ${named(job)} again` }),
    job.export_file && h("a", { class: "button small", href: job.export_file.url, download: true }, "Download"),
    job.rejected_file && h("a", { class: "button small", href: job.rejected_file.url, download: true }, "Download rejected lines"),
  ];
}

const named = (job) => `${jobTitle(job).toLowerCase()} ${job.file ? `of ${job.file}` : ""}`.trim();

/** Return a job with all its facts. */
export const jobCard = (job, page, changed) => [
  h("p", { class: "insight-head" }, statusBadge(job), h("strong", {}, job.file ?? jobTitle(job))),
  h("p", { class: job.error ? "field-error" : "muted" }, jobWords(job)),
  progressBar(job.progress?.percent ?? 0, "Progress of the job"),
  h("p", {}, countWords(job)),
  h("p", { class: "actions" }, jobActions(job, page, changed)),
];

/** Show a job in a place until it ends, and return it. `isOpen` says whether the place is still shown. */
export async function follow(id, place, page, isOpen, draw = jobCard) {
  for (let wait = FIRST_PAUSE_MS; isOpen(); wait = Math.min(wait * 1.3, LONGEST_PAUSE_MS)) {
    const job = await read(id, page);
    if (!isOpen()) return null;
    if (job) refill(place, draw(job, page, () => follow(id, place, page, isOpen, draw)));
    if (job && job.status !== "running") return job;
    await new Promise((resolve) => setTimeout(resolve, job ? wait : LONGEST_PAUSE_MS));
  }
  return null;
}

/** Return the job; null if the service did not respond, which the page shows. */
async function read(id, page) {
  try {
    return (await api.get(`api/v1/jobs/${id}`)).json;
  } catch (error) {
    if (error.status === 404) throw error;
    page.failed(error);
    return null;
  }
}

/** Replace the children of an element. A button keeps the focus if there is one with the same text. */
export function refill(place, ...children) {
  const text = place.contains(document.activeElement) ? document.activeElement.textContent : "";
  fill(place, ...children);
  if (text) [...place.querySelectorAll("button, a")].find((one) => one.textContent === text)?.focus();
}
