// The part of the profile's editor for fields: questions of the team, each with a type.

import { button, fill, h } from "./dom.js";
import { choice, field, text } from "./forms.js";
import { newField } from "./profile_draft.js";

const MOST = 10;
const TYPES = [["boolean", "Yes or no"], ["enum", "One of a few values"], ["integer", "A number of a range"], ["text", "A short text"]];

/** Return the section. `changed` is called after each change. */
export function fieldsSection(draft, changed) {
  const list = h("ol", { class: "rows" });
  const add = button("Add a field", () => added(list, draft, changed), { kind: "small", "data-place": "fields", id: "fields-add" });
  const redraw = () => { add.disabled = draft.fields.length >= MOST; changed(); };
  showFields(list, draft, redraw);
  return h("section", { class: "card", "aria-labelledby": "fields-title" },
    h("h2", { id: "fields-title" }, "Fields"),
    h("p", { class: "lead" }, "Questions of your own. The answers are in each insight, and are counted, except texts."),
    list, h("p", { class: "actions" }, add), h("p", { id: "fields-add-error", class: "field-error" }));
}

function showFields(list, draft, changed) {
  fill(list, draft.fields.map((one, at) => h("li", { class: "field-row-card" },
    h("div", { class: "fields" }, controls(one, at, changed, () => showFields(list, draft, changed))),
    button("Remove", () => removed(list, draft, at, changed), { kind: "quiet small", "aria-label": `Remove the field ${one.name || at + 1}` }))));
}

function controls(one, at, changed, redraw) {
  const set = (name) => (value) => { one[name] = value; changed(); };
  const place = (name) => `fields.${at}.${name}`;
  const retype = (type) => {
    one.type = type;
    redraw();
    document.querySelector(`[data-place="${place("type")}"]`)?.focus();
    changed();
  };
  return [
    field("Field", text(one.name, set("name"), { placeholder: "churn_risk" }), { place: place("name") }),
    field("Type", choice(TYPES, one.type, retype), { place: place("type") }),
    own(one, place, set),
    field("What it means", text(one.description, set("description")), { place: place("description"), hint: "Grok reads this.", wide: true }),
  ];
}

/** Return the controls that only fields of this type have. */
function own(one, place, set) {
  const number = (label, name) => field(label, text(one[name], set(name), { inputmode: "numeric" }), { place: place(name) });
  if (one.type === "enum") return field("Values, with commas", text(one.values, set("values"), { placeholder: "low, medium, high" }), { place: place("values") });
  if (one.type === "integer") return [number("From", "minimum"), number("To", "maximum")];
  return one.type === "text" && number("Most characters", "max_length");
}

function added(list, draft, changed) {
  draft.fields.push(newField());
  showFields(list, draft, changed);
  list.lastElementChild.querySelector("input").focus();
  changed();
}

function removed(list, draft, at, changed) {
  draft.fields.splice(at, 1);
  showFields(list, draft, changed);
  changed();
  (list.children[Math.max(0, at - 1)]?.querySelector("input") ?? document.getElementById("fields-add")).focus();
}
