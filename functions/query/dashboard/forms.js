// Parts of forms: labelled controls with a hint and a place for the error that the API reports about them.

import { h } from "./dom.js";

let fields = 0;

/** Return a control with its label. `place` is the location of its errors in the API, such as topics.labels.0.name. */
export function field(label, control, { hint = "", place = null, wide = false, hidden = false } = {}) {
  const id = `field-${++fields}`;
  control.id = id;
  control.setAttribute("aria-describedby", hint ? `${id}-error ${id}-hint` : `${id}-error`);
  if (place !== null) control.dataset.place = place;
  return h("div", { class: wide ? "field wide" : "field" },
    h("label", { for: id, class: hidden ? "visually-hidden" : null }, label), control,
    hint && h("p", { id: `${id}-hint`, class: "hint" }, hint),
    h("p", { id: `${id}-error`, class: "field-error" }));
}

/** Return a checkbox with its label. */
export const check = (label, checked, change, attributes = {}) => h("label", { class: "check" },
  h("input", { type: "checkbox", checked, on: { change: (event) => change(event.target.checked) }, ...attributes }), label);

/** Return a choice from a list of [value, text]. */
export const choice = (options, value, change, attributes = {}) => h("select", {
  on: { change: (event) => change(event.target.value) }, ...attributes,
}, options.map(([one, text]) => h("option", { value: one, selected: one === value }, text)));

/** Return an input of text. `input` gets each new value. */
export const text = (value, input, attributes = {}) => h("input", {
  type: "text", value, autocomplete: "off", on: { input: (event) => input(event.target.value) }, ...attributes,
});

/** Return an area for a longer text. */
export const area = (value, input, attributes = {}) => h("textarea", {
  on: { input: (event) => input(event.target.value) }, ...attributes,
}, value);

/** Return a group of buttons, one of which is pressed. */
export function segments(label, options, value, change) {
  const group = h("div", { class: "segments", role: "group", "aria-label": label });
  group.append(...options.map(([one, text]) => h("button", {
    type: "button", "aria-pressed": String(one === value), on: { click: () => press(group, one, change) }, "data-value": one,
  }, text)));
  return group;
}

function press(group, value, change) {
  for (const one of group.children) one.setAttribute("aria-pressed", String(one.dataset.value === value));
  change(value);
}

/** Show an error below a control; an empty one removes it. */
export function complain(control, message) {
  control.setAttribute("aria-invalid", String(Boolean(message)));
  const place = document.getElementById(`${control.id}-error`);
  if (place) place.textContent = message;
}

/** Show errors of the API at their controls. Return the messages of those that no control is for. */
export function showFaults(root, faults) {
  const controls = [...root.querySelectorAll("[data-place]")];
  for (const control of controls) complain(control, "");
  const others = [];
  const hit = new Set();
  for (const { location, message } of faults) {
    const place = String(location ?? "").replace(/^body\.?/, "");
    const control = nearest(controls, place);
    if (!control) others.push(place ? `${place}: ${message}` : message);
    else if (!hit.has(control)) complain(control, sentence(control, place, message));
    hit.add(control);
  }
  controls.find((control) => hit.has(control))?.focus();
  return others;
}

/** Return the control for a place: that of the place itself, or of the list that contains it. */
const nearest = (controls, place) => controls
  .filter((control) => place === control.dataset.place || place.startsWith(`${control.dataset.place}.`))
  .sort((a, b) => b.dataset.place.length - a.dataset.place.length)[0];

/** Return the message; for an item of a list, with its number. */
function sentence(control, place, message) {
  const item = place.slice(control.dataset.place.length + 1);
  return /^\d+$/.test(item) ? `Number ${Number(item) + 1} ${message}.` : `It ${message}.`;
}

/** Return the faults of an error of the API; one without a location if it has none. */
export const faultsOf = (error) => (error.problem?.errors?.length ? error.problem.errors : [{ location: "", message: error.message }]);

/** Return the items of a text with commas. */
export const listed = (value) => value.split(",").map((one) => one.trim()).filter(Boolean);
