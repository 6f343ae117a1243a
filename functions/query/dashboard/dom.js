// Builds elements. Text is added only as text nodes, so that no conversation can become markup.

const SVG = "http://www.w3.org/2000/svg";

export const $ = (id) => document.getElementById(id);

/** Return an element. `on` contains listeners; an attribute of null or false is left out. */
export const h = (tag, attributes = {}, ...children) => build(document.createElement(tag), attributes, children);

/** Return an element of SVG. */
export const svg = (tag, attributes = {}, ...children) => build(document.createElementNS(SVG, tag), attributes, children);

function build(element, { on = {}, ...attributes }, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  for (const [name, listener] of Object.entries(on)) element.addEventListener(name, listener);
  element.append(...shown(children));
  return element;
}

/** Replace the children of an element, which is then no longer busy. */
export function fill(element, ...children) {
  element.replaceChildren(...shown(children));
  element.removeAttribute("aria-busy");
}

/** Change what an element contains, and keep the focus on the element with the same text. */
export function keepFocus(place, change) {
  const focused = document.activeElement;
  if (!place.contains(focused)) return change();
  const text = focused.textContent;
  const alike = () => [...place.querySelectorAll(focused.tagName)].filter((one) => one.textContent === text);
  const number = alike().indexOf(focused);
  change();
  if (!focused.isConnected) alike()[number]?.focus({ preventScroll: true });
}

const shown = (children) => children.flat(2).filter((child) => child !== null && child !== undefined && child !== false);

/** Return a button. `kind` is its class: primary, quiet, danger or small. */
export const button = (text, click, { kind = "", ...attributes } = {}) =>
  h("button", { type: "button", class: `button ${kind}`.trim(), on: { click }, ...attributes }, text);

/** Return a grey placeholder for data that is still loading. */
export const skeleton = (kind = "line") => h("span", { class: `skeleton ${kind}`, "aria-hidden": "true" });

/** Return a bar of parts, such as { positive: 3, negative: 1 }. It is decoration: the figures are next to it. */
export function stack(parts, width = 1) {
  const bar = h("span", { class: "stack", "aria-hidden": "true" }, Object.entries(parts).map(([kind, count]) => {
    const part = h("span", { class: `part ${kind}` });
    part.style.flexGrow = count;
    return part;
  }));
  bar.style.inlineSize = `${Math.min(Math.max(width, 0), 1) * 100}%`;
  return bar;
}

/** Return a badge with the sentiment of an insight, or "Failed". */
export function badge(insight) {
  const kind = insight.status === "failed" ? "failed" : insight.sentiment;
  return h("span", { class: `badge ${kind}` }, String(kind ?? "").replace(/^./, (first) => first.toUpperCase()));
}
