// Import: the user chooses a file, says what its columns are, checks it without importing, and imports it.

import * as api from "./api.js";
import { button, fill, h } from "./dom.js";
import { counted } from "./format.js";
import { columnTable, importOptions, readOptions } from "./import_columns.js";
import { FileProblem, guess, preview } from "./file_preview.js";
import { estimateFacts, follow, jobCard, jobWords, progressBar, refill } from "./job_card.js";
import { forget, upload } from "./upload.js";

const ACCEPTED = ".csv,.tsv,.txt,.json,.jsonl,.ndjson,.gz";

export function show(place, page) {
  const view = { page, isOpen: true, place, segments: [], stop: null };
  begin(view);
  const { job } = page.state();
  if (job) followImport(view, job);
  else learnSegments(view);
  return {
    update: (state) => state.job !== view.job && (state.job ? followImport(view, state.job) : begin(view)),
    leave: () => { view.isOpen = false; view.stop?.abort(); },
  };
}

/** The segments of the profile are offered as uses of columns. */
async function learnSegments(view) {
  const { json } = await api.get("api/v1/profile").catch(() => ({ json: null }));
  view.segments = json?.segments ?? [];
}

/** Show the choice of a file. */
function begin(view) {
  Object.assign(view, { job: undefined, file: null, found: null, uses: [], stop: null, again: false });
  view.columns = h("section", { class: "card", "aria-labelledby": "columns-title", hidden: true });
  view.outcome = h("section", { class: "card", "aria-labelledby": "outcome-title", hidden: true });
  fill(view.place, h("div", { class: "stacked" }, h("section", { class: "card", "aria-labelledby": "file-title" },
    h("h2", { id: "file-title" }, "Import conversations from a file"),
    h("p", { class: "lead" }, "CSV or JSON Lines, also compressed with gzip. Nothing is imported before you say so."),
    dropZone(view)), view.columns, view.outcome));
}

function dropZone(view) {
  const input = h("input", { type: "file", accept: ACCEPTED, "aria-describedby": "file-error", on: { change: () => input.files[0] && choose(view, input.files[0]) } });
  view.complaint = h("p", { id: "file-error", class: "field-error", role: "alert" });
  const zone = h("div", { class: "drop", on: {
    dragover: (event) => { event.preventDefault(); zone.classList.add("over"); },
    dragleave: () => zone.classList.remove("over"),
    drop: (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      input.files = event.dataTransfer.files;
      if (input.files[0]) choose(view, input.files[0]);
    },
  } }, h("label", {}, "Drop a file here, or choose one", input), view.complaint);
  view.chosen = h("p", { class: "chosen" });
  zone.append(view.chosen);
  return zone;
}

/** Read the beginning of a file, and show its columns. */
async function choose(view, file, options = {}) {
  view.complaint.textContent = "";
  view.outcome.hidden = true;
  try {
    const found = await preview(file, options);
    const isSame = view.file === file && String(view.found?.columns) === String(found.columns);
    Object.assign(view, { file, found, options, uses: isSame ? view.uses : guess(found.columns, view.segments) });
    view.chosen.textContent = size(file.size);
    showColumns(view);
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    view.columns.hidden = true;
    view.chosen.textContent = "";
    view.complaint.textContent = error.message;
  }
}

const size = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

function showColumns(view) {
  view.columns.hidden = false;
  view.mapError = h("p", { class: "field-error", role: "alert" });
  refill(view.columns, h("h2", { id: "columns-title" }, "What the columns are"),
    readOptions(view.found, (changes) => choose(view, view.file, { ...view.options, ...changes })),
    columnTable(view), view.mapError,
    h("p", { class: "actions" }, button("Check the file", () => attempt(view, true), { kind: "primary" })),
    h("p", { class: "hint" }, "The file is uploaded and read. You see how many lines it has and what their analysis costs."));
}

/** Upload the file and start a job: a check, or the import. */
async function attempt(view, isCheck) {
  const options = importOptions(view);
  view.mapError.textContent = options ? "" : "Choose which column has the text of the conversation.";
  if (!options) return;
  view.stop = new AbortController();
  const shown = view.file;
  try {
    const id = await upload(view.file, (part) => showUpload(view, part), view.stop.signal);
    const job = { kind: "import", upload_id: id, ...options, dry_run: isCheck, again: view.again };
    const { json } = await api.post("api/v1/jobs", job);
    if (!view.isOpen || view.file !== shown) return;
    if (isCheck) await followCheck(view, json.id);
    else view.page.go({ job: json.id });
  } catch (error) {
    refuse(view, error);
  }
}

function showUpload(view, part) {
  if (!view.isOpen || view.stop?.signal.aborted) return;
  view.outcome.hidden = false;
  refill(view.outcome, h("h2", { id: "outcome-title" }, "Upload"), progressBar(part * 100, "Progress of the upload"),
    h("p", { class: "actions" }, button("Cancel the upload", () => view.stop.abort(), { kind: "small" })));
}

function refuse(view, error) {
  if (!view.isOpen) return;
  view.outcome.hidden = true;
  if (error.name === "AbortError") view.page.say("The upload is cancelled. It goes on when you check the file again.");
  else if (error.kind === "server" || error.kind === "limit") view.mapError.textContent = error.kind === "limit" ? `Too many requests: try again in ${error.seconds} s.` : error.message;
  else if (error instanceof api.ApiError) view.page.failed(error);
  else throw error;
}

/** Show the check of a file until it ends, and then its result. */
async function followCheck(view, id) {
  const { file, outcome } = view;
  const body = h("div", { role: "status" });
  fill(outcome, h("h2", { id: "outcome-title" }, "Check"), body);
  const job = await follow(id, body, view.page, () => view.isOpen && view.file === file && outcome.contains(body), checkCard);
  if (job?.status !== "completed") return;
  const ready = (job.estimate?.lines ?? 0) - (job.estimate?.unreadable ?? 0);
  body.append(h("p", { class: "actions" },
    button(`Import ${counted(ready, "line")}`, () => attempt(view, false), { kind: "primary", disabled: !ready })));
}

const checkCard = (job) => [
  job.status === "running" && progressBar(job.progress.percent, "Progress of the check"),
  job.status !== "completed" && h("p", { class: job.error ? "field-error" : "muted" }, jobWords(job)),
  job.status === "completed" && estimateFacts(job.estimate),
];

/** Show an import until it ends. */
async function followImport(view, id) {
  view.job = id;
  const body = h("div", { class: "job" });
  fill(view.place, h("section", { class: "card", "aria-labelledby": "job-title" },
    h("h2", { id: "job-title", tabindex: "-1" }, "Import"), body,
    h("p", { class: "actions" }, h("a", { class: "button", href: view.page.href("import") }, "Import another file"),
      h("a", { class: "button", href: view.page.href("jobs") }, "All jobs"))));
  try {
    const job = await follow(id, body, view.page, () => view.isOpen && view.job === id);
    if (job) ended(view, job, body);
  } catch (error) {
    if (error.status !== 404) throw error;
    fill(body, h("p", { class: "empty" }, "There is no such job."));
  }
}

function ended(view, job, body) {
  if (job.status === "completed") {
    if (view.file) forget(view.file);
    body.append(h("p", { class: "lead" }, "The insights appear on the overview as the conversations are analysed."));
  }
  if (job.error?.code !== "imported_before" || !view.file) return;
  body.append(h("p", { class: "actions" }, button("Import the file again", () => { view.again = true; attempt(view, false); }, { kind: "primary" })),
    h("p", { class: "hint" }, "Nothing is stored or analysed twice."));
}
