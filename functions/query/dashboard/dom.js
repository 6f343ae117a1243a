// Builds elements. Text is added only as text nodes, so that no conversation can become markup.

export const $ = (id) => document.getElementById(id);

/** Return an element. `on` contains listeners; an attribute of null or false is left out. */
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

/** Replace the children of an element. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child !== null));
  element.removeAttribute("aria-busy");
}

/** Return a bar that fills a share (0 to 1) of its track. It is decoration: the figure is next to it. */
export function bar(share, kind = "") {
  const filled = h("span", { class: `bar-fill ${kind}` });
  filled.style.inlineSize = `${Math.min(Math.max(share, 0), 1) * 100}%`;
  return h("span", { class: "bar-track", "aria-hidden": "true" }, filled);
}

/** Return a grey placeholder for data that is still loading. */
export const skeleton = (kind = "line") => h("span", { class: `skeleton ${kind}`, "aria-hidden": "true" });
