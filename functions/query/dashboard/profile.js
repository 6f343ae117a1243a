// The editor of the profile: what Grok is asked about each conversation. A save stores a new version.

import * as api from "./api.js";
import { ask } from "./dialog.js";
import { button, fill, h, skeleton } from "./dom.js";
import { area, check, faultsOf, field, showFaults, text } from "./forms.js";
import { bodyOf, draftOf, isSame, newLabel } from "./profile_draft.js";
import { fieldsSection } from "./profile_fields.js";
import { proposalList, versionList } from "./profile_history.js";
import { profilePreview } from "./profile_preview.js";
import { topicsSection } from "./profile_topics.js";

const PATH = "api/v1/profile";

/** The draft of this page, and the version that it began from. It is kept while other views are shown. */
const kept = { draft: null, base: null, version: 0, newest: 0, saved: null, etag: "" };
const isChanged = () => Boolean(kept.draft) && !isSame(kept.draft, kept.base);

addEventListener("beforeunload", (event) => isChanged() && event.preventDefault());

export function show(place, page) {
  const view = { page, versions: null, proposals: { items: [] } };
  view.form = h("form", { class: "stacked", novalidate: true, on: { submit: (event) => { event.preventDefault(); save(view, true); } } }, h("div", { class: "card" }, skeleton("block")));
  view.versionsPlace = h("div", {});
  view.proposalsPlace = h("div", {});
  const preview = profilePreview(page, {
    profile: () => bodyOf(kept.draft),
    refused: (faults) => showFaults(view.form, faults.map((one) => ({ ...one, location: one.location.replace(/^body\.profile/, "body") }))),
  });
  // Hidden at first, so that nothing moves when the form and the lists arrive.
  view.beside = h("div", { class: "stacked", hidden: true },
    preview, aside("proposals", "Proposals", view.proposalsPlace), aside("versions", "Versions", view.versionsPlace));
  fill(place, h("div", { class: "main-aside" }, view.form, view.beside));
  return { refresh: () => refresh(view) };
}

const aside = (id, title, content) => h("section", { class: "card", "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title), content);

/** Read versions and proposals; at first, also the active version, or the one just saved, into the editor. */
async function refresh(view) {
  const [versions, proposals] = await Promise.all([api.get(`${PATH}/versions`), api.get(`${PATH}/proposals`)]);
  Object.assign(view, { versions: versions.json, proposals: proposals.json });
  const [newest] = view.versions.items;
  if (!kept.draft || (!isChanged() && kept.newest !== newest.version)) {
    await load(kept.saved ?? (await api.get(PATH)).json.version, newest.version);
    kept.saved = null;
  }
  if (view.shown !== kept.draft) showForm(view);
  kept.newest = newest.version;
  showAside(view);
  view.beside.hidden = false;
}

/** Begin from a version. The ETag of the newest one is what a save is conditional on. */
async function load(version, newest) {
  const found = await api.get(`${PATH}/versions/${version}`);
  const last = newest === version ? found : await api.get(`${PATH}/versions/${newest}`);
  Object.assign(kept, { version, etag: last.headers.get("etag"), draft: draftOf(found.json), base: draftOf(found.json) });
}

function showAside(view) {
  const changed = () => view.page.refresh();
  fill(view.versionsPlace, versionList(view.versions, { page: view.page, changed, edit: (version) => edit(view, version), older: () => older(view) }));
  fill(view.proposalsPlace, proposalList(view.proposals, kept.draft, { page: view.page, changed, promote: (topic) => promote(view, topic), merge: (topic, label) => merge(view, topic, label) }));
}

async function older(view) {
  const { json } = await api.get(`${PATH}/versions`, { before: view.versions.next_before });
  view.versions = { items: [...view.versions.items, ...json.items], next_before: json.next_before };
  showAside(view);
}

async function edit(view, version) {
  const text = "Your changes, which are not saved, are lost.";
  if (isChanged() && !await ask({ title: "Discard your changes?", text, action: "Discard", danger: true })) return;
  await load(version, view.versions.items[0].version).catch((error) => view.page.failed(error));
  showForm(view);
  showAside(view);
}

function promote(view, topic) {
  kept.draft.labels.push(newLabel(topic));
  showForm(view);
  showAside(view);
  view.page.say(`${topic} is a label of your changes`);
}

function merge(view, topic, name) {
  const label = kept.draft.labels.find((one) => one.name === name);
  label.aliases = [label.aliases, topic].filter(Boolean).join(", ");
  showForm(view);
  showAside(view);
  view.page.say(`${topic} is an alias of ${name} in your changes`);
}

function showForm(view) {
  const { draft } = kept;
  view.shown = draft;
  view.state = h("p", { class: "muted", role: "status" });
  view.others = h("p", { class: "field-error", role: "alert" });
  const changed = () => showState(view);
  const set = (name) => (value) => { draft[name] = value; changed(); };
  fill(view.form, topicsSection(draft, changed), fieldsSection(draft, changed), general(draft, set),
    h("section", { class: "card save", "aria-label": "Save" },
      field("What changed", text(draft.note, set("note"), { placeholder: "adds churn risk" }), { place: "note" }),
      h("p", { class: "actions" }, h("button", { type: "submit", class: "button primary" }, "Save and activate"),
        button("Save as a draft", () => save(view, false)), button("Discard changes", () => edit(view, kept.version), { kind: "quiet" })), view.state, view.others));
  changed();
}

const general = (draft, set) => h("section", { class: "card", "aria-labelledby": "general-title" }, h("h2", { id: "general-title" }, "Quotes, segments and instructions"),
  h("p", {}, check("Quote the conversation", draft.quotes, set("quotes"))),
  h("div", { class: "stacked" },
    field("Segments, with commas", text(draft.segments, set("segments"), { placeholder: "channel, product" }), { place: "segments", hint: "Keys of the metadata that are counted: up to 3." }),
    field("Instructions", area(draft.instructions, set("instructions"), { class: "low", rows: 4 }), { place: "instructions", hint: "Empty for the instructions of the setting GROK_SYSTEM_PROMPT, or the built-in ones." })));

function showState(view) {
  view.state.textContent = isChanged() ? "You have changes that are not saved." : `Version ${kept.version}, without changes.`;
}

async function save(view, activate) {
  view.others.textContent = "";
  showFaults(view.form, []);
  try {
    const { json } = await api.put(PATH, bodyOf(kept.draft), { query: { activate }, headers: { "If-Match": kept.etag } });
    view.page.say(`Version ${json.version} is ${activate ? "active" : "stored as a draft"}`);
    Object.assign(kept, { draft: null, saved: json.version });
    await view.page.refresh();
  } catch (error) {
    if (error.status === 412) await overwrite(view, activate);
    else if (error.status === 422) view.others.textContent = showFaults(view.form, faultsOf(error)).join("; ");
    else view.page.failed(error);
  }
}

/** Somebody else saved a version meanwhile: ask whether this one replaces it. */
async function overwrite(view, activate) {
  const text = "Somebody saved another version since you began. If you save yours, it becomes the newest; theirs stays in the list of versions.";
  if (!await ask({ title: "The profile has changed", text, action: "Save mine" })) return;
  const { json } = await api.get(`${PATH}/versions`, { limit: 1 });
  const { headers } = await api.get(`${PATH}/versions/${json.items[0].version}`);
  kept.etag = headers.get("etag");
  await save(view, activate);
}
