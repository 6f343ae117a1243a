// The state of the page in its URL: #VIEW?NAME=VALUE&… The part after # is not sent to the server or written to its
// logs. Parameters are texts; an empty one is left out.

/** Return the view and the parameters of an address. */
export function parse(hash) {
  const [view, query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  return { view, parameters: changed({}, Object.fromEntries(new URLSearchParams(query))) };
}

/** Return the part of an address after the path. */
export function href(view, parameters = {}) {
  const query = new URLSearchParams(present(parameters)).toString().replaceAll("%3A", ":");
  return `#${view}${query && `?${query}`}`;
}

/** Return parameters with changes. Null or an empty text removes a parameter. */
export const changed = (parameters, changes) => Object.fromEntries(present({ ...parameters, ...changes }));

const present = (parameters) =>
  Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== "");
