// Builds elements. Text goes in as text nodes only, so that no conversation can become markup.

export const $ = (id) => document.getElementById(id);

/** An element. `on` holds listeners; an attribute of null or false is left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  const { on = {}, ...rest } = attributes;
  for (const [name, value] of Object.entries(rest)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  for (const [name, listener] of Object.entries(on)) element.addEventListener(name, listener);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Put children into an element in place of what is there. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child !== null));
  element.removeAttribute("aria-busy");
}

/** A bar that is a share of its track long; 0 to 1. Decoration: the figure stands beside it. */
export function bar(share, kind = "") {
  const filled = h("span", { class: `bar-fill ${kind}` });
  filled.style.inlineSize = `${Math.min(Math.max(share, 0), 1) * 100}%`;
  return h("span", { class: "bar-track", "aria-hidden": "true" }, filled);
}

/** A grey place for something that is still loading. */
export const skeleton = (kind = "line") => h("span", { class: `skeleton ${kind}`, "aria-hidden": "true" });
