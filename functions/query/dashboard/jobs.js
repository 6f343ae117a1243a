// Jobs: the start of a re-analysis, and the list of what each job does, how far it is, and what can be done with it.

import * as api from "./api.js";
import { fill, h, skeleton } from "./dom.js";
import { stamp } from "./format.js";
import { countWords, jobActions, jobTitle, jobWords, progressBar, refill, statusBadge } from "./job_card.js";
import { filterWords, reanalysisCard } from "./reanalysis.js";

const MOST = 50;
const SOON_MS = 4000;

export function show(place, page) {
  const view = { page, timer: 0, seen: new Map(), list: h("div", { "aria-busy": "true" }, skeleton("row"), skeleton("row")) };
  const again = h("section", { class: "card", "aria-labelledby": "again-title" });
  const start = reanalysisCard(again, page);
  fill(place, h("div", { class: "stacked" }, again, h("section", { class: "card", "aria-labelledby": "jobs-title" },
    h("div", { class: "card-head" }, h("h2", { id: "jobs-title" }, "Jobs"), h("a", { class: "button small", href: page.href("import") }, "Import a file")),
    view.list)));
  start.show(page.state());
  return { update: start.show, refresh: () => refresh(view), leave: () => clearTimeout(view.timer) };
}

/** Show the newest jobs. While one runs, they are requested more often. */
async function refresh(view) {
  clearTimeout(view.timer);
  const { json } = await api.get("api/v1/jobs", { limit: MOST });
  const items = await Promise.all(json.items.map((job) => present(view, job)));
  refill(view.list, items.length ? table(view, items) : nothing());
  if (items.some((job) => job.status === "running") && !document.hidden) view.timer = setTimeout(() => view.page.refresh(), SOON_MS);
}

/** Return a job with its progress and outcomes, if it runs or ran when it was last shown: the list has neither. */
async function present(view, job) {
  const seen = view.seen.get(job.id);
  if (job.status !== "running" && seen?.status !== "running") return seen ?? job;
  const { json } = await api.get(`api/v1/jobs/${job.id}`);
  view.seen.set(job.id, json);
  return json;
}

const nothing = () => h("p", { class: "empty" }, "There are no jobs yet.");

const table = (view, items) => h("table", { class: "table jobs" },
  h("thead", {}, h("tr", {}, ["Job", "Status", "Progress", "Started"].map((name) => h("th", { scope: "col" }, name)), h("td", {}))),
  h("tbody", {}, items.map((job) => row(view, job))));

const row = (view, job) => h("tr", { "data-id": job.id },
  h("td", {}, title(view, job), h("div", { class: "muted" }, job.file ? jobTitle(job) : selection(view, job))),
  h("td", {}, statusBadge(job)),
  h("td", { class: "job-progress" }, progressBar(job.progress?.percent ?? 0, `Progress of ${job.file ?? jobTitle(job)}`),
    h("div", { class: job.error ? "field-error" : "muted" }, `${countWords(job)} ${jobWords(job)}`)),
  h("td", { class: "muted" }, stamp(job.started_at)),
  h("td", {}, h("div", { class: "job-actions" }, jobActions(job, view.page, view.page.refresh))));

/** Return the conversations of a job on stored insights. One of them is a link. */
function selection({ page }, { filter }) {
  const id = filter?.conversation_id;
  return id ? h("a", { href: page.href("overview", { open: id }) }, filterWords(filter)) : filterWords(filter);
}

/** Return the name of a job. That of an import leads to its page. */
const title = (view, job) => (job.kind === "import" && !job.dry_run
  ? h("a", { href: view.page.href("import", { job: job.id }) }, job.file) : h("span", {}, job.file ?? jobTitle(job)));
