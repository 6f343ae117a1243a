// The shell: asks for the key, shows the view that the URL names, and refreshes it while the page is visible.

import * as api from "./api.js";
import { $, fill, h } from "./dom.js";
import { clock, ZONE } from "./format.js";
import { hideStatus, showStatus, showUnreachable } from "./status.js";
import { changed, href, parse } from "./url.js";
import { FIRST, viewOf, VIEWS } from "./views.js";

const EVERY_MS = 30000;
const SOONEST_MS = 1000;
const TOAST_MS = 5000;
const NARROW = matchMedia("(max-width: 720px)");

const shell = { view: null, shown: null, parameters: {}, remembered: {}, timer: 0, toast: 0, round: 0, updated: 0, limited: 0 };

function start() {
  $("zone").textContent = ZONE === "UTC" ? "Times are in UTC." : `Times are in ${ZONE}. Days of counters are in UTC.`;
  $("key-form").addEventListener("submit", useKey);
  $("forget").addEventListener("click", () => lock(""));
  window.addEventListener("popstate", follow);
  document.addEventListener("visibilitychange", wake);
  window.addEventListener("online", wake);
  window.addEventListener("offline", () => explain(new api.ApiError("offline", "You are offline.")));
  NARROW.addEventListener("change", () => shell.shown?.update?.(shell.parameters));
  if (api.key.get()) unlock();
  else lock("");
}

/** What a view can use: see views.js. */
const page = {
  state: () => ({ ...shell.parameters }),
  go: (changes) => move(shell.view.id, changed(shell.parameters, changes), "pushState"),
  replace: (changes) => move(shell.view.id, changed(shell.parameters, changes), "replaceState"),
  open: (view, parameters = {}) => move(view, parameters, "pushState"),
  href,
  refresh: () => refresh(),
  failed: (error) => explain(error),
  say,
  isNarrow: () => NARROW.matches,
};

async function useKey(event) {
  event.preventDefault();
  const button = $("key-form").querySelector("button");
  const given = $("key").value.trim();
  if (!given) return lock("Enter the key first.");
  button.disabled = true;
  api.key.set(given);
  try {
    await api.get("api/v1/insights", { limit: 1 });
    $("key").value = "";
    unlock();
    $("main").focus({ preventScroll: true });
    scrollTo(0, 0);
  } catch (error) {
    lock(error.kind === "limit" ? `Too many requests: try again in ${error.seconds} s.` : error.message);
  } finally {
    button.disabled = false;
  }
}

/** Ask for a key, and show why the last one was refused. */
function lock(complaint) {
  api.key.forget();
  clearTimeout(shell.timer);
  shell.round += 1;
  leave();
  hideStatus();
  for (const id of ["view", "views", "forget", "notice"]) $(id).hidden = true;
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  $("updated").textContent = "";
  $("welcome").hidden = false;
  $("key-error").textContent = complaint;
  $("key").setAttribute("aria-invalid", String(Boolean(complaint)));
  $("key").focus();
}

function unlock() {
  $("welcome").hidden = true;
  for (const id of ["view", "views", "forget"]) $(id).hidden = false;
  follow();
}

function leave() {
  shell.shown?.leave?.();
  Object.assign(shell, { shown: null, view: null });
  $("view").replaceChildren();
}

function move(view, parameters, method) {
  const place = href(view, parameters);
  if (place !== location.hash) history[method](null, "", place);
  follow();
}

/** Show what the URL names. */
async function follow() {
  if (!api.key.get()) return;
  const { view: id, parameters } = parse(location.hash);
  const view = viewOf(id || FIRST);
  shell.parameters = parameters;
  shell.remembered[view.id] = parameters;
  navigate(view);
  if (shell.view === view) {
    shell.shown?.update?.(parameters);
    return;
  }
  leave();
  shell.view = view;
  const { show } = await loaded(view);
  if (shell.view !== view) return;
  const place = h("div", { class: `view ${view.id}` });
  fill($("view"), place);
  document.title = view === VIEWS[0] ? "Grok Insights" : `${view.title} – Grok Insights`;
  shell.shown = show(place, page);
  refresh();
}

async function loaded(view) {
  if (view.styles && !document.querySelector(`link[href$="${view.styles}"]`)) {
    document.head.append(h("link", { rel: "stylesheet", href: `dashboard/${view.styles}` }));
  }
  return view.load();
}

/** Show the navigation. A link leads back to what its view showed last. */
function navigate(current) {
  const shown = VIEWS.filter((view) => !view.hidden);
  $("views").hidden = shown.length < 2;
  fill($("views"), shown.map((view) => h("a", {
    href: href(view.id, shell.remembered[view.id]), "aria-current": view === current ? "page" : null,
  }, view.title)));
  const link = $("views").querySelector("[aria-current]");
  if (link) $("views").scrollLeft = link.offsetLeft - $("views").clientWidth / 2;
}

/** Refresh the view once, and schedule the next refresh. */
async function refresh() {
  clearTimeout(shell.timer);
  if (!shell.shown) return;
  const round = ++shell.round;
  try {
    const found = (await shell.shown.refresh?.()) ?? { status: (await api.health()).json };
    if (round !== shell.round) return;
    shell.updated = Date.now();
    $("notice").hidden = true;
    $("updated").textContent = `Updated ${clock(shell.updated)}`;
    showStatus(found);
    again(EVERY_MS);
  } catch (error) {
    if (round === shell.round) explain(error);
  }
}

/** Show the error, and try again if that can help. */
function explain(error) {
  if (!(error instanceof api.ApiError)) throw error;
  if (error.kind === "key") return lock("This key is not valid any more.");
  const wait = error.kind === "limit" ? Math.max(error.seconds * 1000, SOONEST_MS) : EVERY_MS;
  const next = `Trying again at ${clock(Date.now() + wait)}.`;
  const kept = shell.updated ? ` What you see is from ${clock(shell.updated)}.` : "";
  $("notice").className = `notice ${error.kind === "limit" ? "warn" : "error"}`;
  $("notice").textContent = `${error.message} ${next}${kept}`;
  $("notice").hidden = false;
  if (error.kind !== "limit") showUnreachable(error, shell.updated);
  again(wait);
}

function again(milliseconds) {
  clearTimeout(shell.timer);
  if (!document.hidden && api.key.get()) shell.timer = setTimeout(refresh, milliseconds);
}

/** Stop refreshing while the page is hidden, and refresh when it is visible again. */
function wake() {
  clearTimeout(shell.timer);
  if (!document.hidden && api.key.get()) refresh();
}

function say(text) {
  clearTimeout(shell.toast);
  $("toast").textContent = text;
  shell.toast = setTimeout(() => $("toast").replaceChildren(), TOAST_MS);
}

start();
