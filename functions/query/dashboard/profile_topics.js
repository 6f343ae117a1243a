// The part of the profile's editor for topics: open or closed, and the labels with their aliases.

import { button, fill, h } from "./dom.js";
import { field, segments, text } from "./forms.js";
import { newLabel } from "./profile_draft.js";

const MODES = {
  open: "Grok names topics freely. Labels only merge synonyms: an alias counts as its label.",
  closed: "Grok chooses among the labels, or other. It can propose new names, which are listed under Proposals.",
};

/** Return the section. `changed` is called after each change. */
export function topicsSection(draft, changed) {
  const list = h("ol", { class: "rows" });
  const explained = h("p", { class: "lead" }, MODES[draft.mode]);
  const choose = (mode) => {
    draft.mode = mode;
    explained.textContent = MODES[mode];
    changed();
  };
  showLabels(list, draft, changed);
  return h("section", { class: "card", "aria-labelledby": "topics-title" },
    h("div", { class: "card-head" }, h("h2", { id: "topics-title" }, "Topics"),
      segments("Topics are", [["open", "Open"], ["closed", "Closed"]], draft.mode, choose)),
    explained, list, h("p", { class: "actions" }, button("Add a label", () => add(list, draft, changed), { kind: "small", "data-place": "topics.labels", id: "labels-add" })),
    h("p", { id: "labels-add-error", class: "field-error" }));
}

function showLabels(list, draft, changed) {
  const set = (label, name) => (value) => { label[name] = value; changed(); };
  fill(list, draft.labels.map((label, at) => h("li", { class: "label-row" },
    field("Label", text(label.name, set(label, "name"), { placeholder: "refund" }), { place: `topics.labels.${at}.name` }),
    field("When it applies", text(label.description, set(label, "description")), { place: `topics.labels.${at}.description` }),
    field("Aliases, with commas", text(label.aliases, set(label, "aliases")), { place: `topics.labels.${at}.aliases` }),
    button("Remove", () => removed(list, draft, at, changed), { kind: "quiet small", "aria-label": `Remove the label ${label.name || at + 1}` }))));
}

function add(list, draft, changed) {
  draft.labels.push(newLabel());
  showLabels(list, draft, changed);
  list.lastElementChild.querySelector("input").focus();
  changed();
}

function removed(list, draft, at, changed) {
  draft.labels.splice(at, 1);
  showLabels(list, draft, changed);
  (list.children[Math.max(0, at - 1)]?.querySelector("input") ?? document.getElementById("labels-add")).focus();
  changed();
}
