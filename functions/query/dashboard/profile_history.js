// The lists beside the profile's editor: versions, with going back, and the topics that Grok proposed.

import * as api from "./api.js";
import { ask } from "./dialog.js";
import { button, h } from "./dom.js";
import { choice } from "./forms.js";
import { ago, counted, words } from "./format.js";

/** Return the list of versions. `edit` gets a version to begin from, and `changed` is called after an activation. */
export const versionList = (versions, { page, edit, changed, older }) => [
  h("ol", { class: "rows" }, versions.items.map((one) => h("li", { class: "version" },
    h("p", { class: "insight-head" }, h("strong", {}, `Version ${one.version}`), one.active && h("span", { class: "badge positive" }, "Active"),
      h("span", { class: "muted" }, one.created_at ? ago(one.created_at) : "built in")),
    one.note && h("p", {}, one.note),
    h("p", { class: "job-actions" }, button("Edit", () => edit(one.version), { kind: "quiet small", "aria-label": `Edit version ${one.version}` }),
      !one.active && button("Activate", () => activate(one.version, page, changed), { kind: "small", "aria-label": `Activate version ${one.version}` }))))),
  versions.next_before && button("Older versions", older, { kind: "small" }),
];

async function activate(version, page, changed) {
  const text = "New conversations are analysed with it within seconds. Existing insights do not change.";
  if (!await ask({ title: `Activate version ${version}?`, text, action: "Activate" })) return;
  try {
    const { headers } = await api.get("api/v1/profile");
    await api.post(`api/v1/profile/versions/${version}/activate`, {}, { headers: { "If-Match": headers.get("etag") } });
    page.say(`Version ${version} is active`);
  } catch (error) {
    if (error.status !== 412) return page.failed(error);
    page.say("Somebody activated another version just now");
  }
  return changed();
}

/** Return the list of proposed topics. `draft` gets the ones that the user promotes or merges. */
export function proposalList(proposals, draft, { page, promote, merge, changed }) {
  const known = new Set(draft.labels.flatMap((label) => [label.name, ...label.aliases.split(",").map((one) => one.trim())]));
  if (!proposals.items.length) return h("p", { class: "muted" }, "Grok has proposed no topic. It does where topics are closed and no label applies.");
  return h("ol", { class: "rows" }, proposals.items.map((one) => h("li", { class: "version" },
    h("p", {}, h("strong", {}, words(one.topic)), h("span", { class: "muted" }, ` proposed ${counted(one.count, "time")}`)),
    known.has(one.topic) ? h("p", { class: "muted" }, "In your changes. Save them to apply it.") : h("p", { class: "job-actions" },
      button("Add", () => promote(one.topic), { kind: "small", "aria-label": `Add ${one.topic} as a label` }),
      draft.labels.length > 0 && mergeChoice(one.topic, draft, merge),
      button("Dismiss", () => dismiss(one.topic, page, changed), { kind: "quiet small", "aria-label": `Dismiss ${one.topic}` })))));
}

const mergeChoice = (topic, draft, merge) => choice(
  [["", "Merge into …"], ...draft.labels.filter((label) => label.name).map((label) => [label.name, words(label.name)])], "",
  (label) => label && merge(topic, label), { "aria-label": `Merge ${topic} into a label`, class: "merge" });

async function dismiss(topic, page, changed) {
  try {
    await api.remove(`api/v1/profile/proposals/${encodeURIComponent(topic)}`, { accepts: [204, 404] });
    await changed();
  } catch (error) {
    page.failed(error);
  }
}
