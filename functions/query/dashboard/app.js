// The page: asks for the key, then shows the data of the API, and refreshes it while the page is visible.

import * as api from "./api.js";
import { draw, drawTopics, loadingCharts, recolour } from "./charts.js";
import { $ } from "./dom.js";
import { clock, ZONE } from "./format.js";
import { loadingFigures, pauseOf, showFigures, showWorker } from "./figures.js";
import * as list from "./insights.js";
import { midnight, instant, RANGES, rangeQuery, utcMidnight } from "./series.js";
import * as tryBox from "./try.js";

// A refresh sends two or three requests that count for the rate limit: about ten a minute.
const EVERY_MS = 15000;
const TYPING_MS = 400;
const page = { range: "fortnight", health: null, timer: 0, typing: 0, round: 0, updated: 0 };

function start() {
  $("zone").textContent = `Times are in ${ZONE}.`;
  $("key-form").addEventListener("submit", useKey);
  $("forget").addEventListener("click", () => lock(""));
  $("ranges").addEventListener("click", chooseRange);
  $("filters").addEventListener("input", () => filterIn(TYPING_MS));
  $("filters").addEventListener("reset", () => setTimeout(() => filterIn(0)));
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("more").addEventListener("click", () => list.older().catch(explain));
  $("detail-close").addEventListener("click", () => $("detail").close());
  $("detail").addEventListener("click", (event) => event.target === $("detail") && $("detail").close());
  document.addEventListener("visibilitychange", wake);
  window.addEventListener("online", wake);
  window.addEventListener("offline", () => explain(new api.ApiError("offline", "You are offline.")));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
  tryBox.setUp({ pause: () => pauseOf(page.health), arrived: refresh, failed: explain });
  if (api.key.get()) unlock();
  else lock("");
}

async function useKey(event) {
  event.preventDefault();
  const button = $("key-form").querySelector("button");
  const given = $("key").value.trim();
  if (!given) return lock("Enter the key first.");
  button.disabled = true;
  api.key.set(given);
  try {
    await api.insights({ limit: 1 });
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
  clearTimeout(page.timer);
  page.round += 1;
  for (const id of ["board", "forget", "notice", "worker", "mode"]) $(id).hidden = true;
  if ($("detail").open) $("detail").close();
  list.clear();
  $("updated").textContent = "";
  $("welcome").hidden = false;
  $("key-error").textContent = complaint;
  $("key").setAttribute("aria-invalid", String(Boolean(complaint)));
  $("key").focus();
}

function unlock() {
  $("welcome").hidden = true;
  $("board").hidden = false;
  $("forget").hidden = false;
  loadingFigures();
  loadingCharts();
  list.clear();
  refresh();
}

/** Load everything once, and schedule the next refresh. */
async function refresh() {
  clearTimeout(page.timer);
  const round = ++page.round;
  const range = RANGES[page.range];
  try {
    const found = await load(range, Date.now());
    if (round !== page.round) return;
    show(found, range);
    again(EVERY_MS);
  } catch (error) {
    if (round === page.round) explain(error);
  }
}

async function load(range, now) {
  const today = { interval: "hour", top: 1, from: instant(Math.min(midnight(now), utcMidnight(now))) };
  const [health, metrics, trends, day] = await Promise.all([
    api.health(), api.metrics().catch(() => null), api.trends(rangeQuery(range, now)),
    range.interval === "day" ? api.trends(today) : null, list.refresh(),
  ]);
  return { health: health.json, metrics, trends: trends.json, series: (day ?? trends).json.series };
}

function show({ health, metrics, trends, series }, range) {
  page.health = health;
  page.updated = Date.now();
  $("notice").hidden = true;
  $("updated").textContent = `Updated ${clock(page.updated)}`;
  showWorker(health);
  showFigures({ series, health, metrics }, Date.now());
  draw(trends, range);
  drawTopics(trends.top_topics, chooseTopic);
  list.suggest(trends.top_topics);
}

/** Show the error, and try again if that can help. */
function explain(error) {
  if (!(error instanceof api.ApiError)) throw error;
  if (error.kind === "key") return lock("This key is not valid any more.");
  const wait = error.kind === "limit" ? error.seconds * 1000 : EVERY_MS;
  const next = `Trying again at ${clock(Date.now() + wait)}.`;
  const kept = page.updated ? ` What you see is from ${clock(page.updated)}.` : "";
  $("notice").className = `notice ${error.kind === "limit" ? "warn" : "error"}`;
  $("notice").textContent = `${error.message} ${next}${kept}`;
  $("notice").hidden = false;
  $("charts").removeAttribute("aria-busy");
  again(wait);
}

function again(milliseconds) {
  clearTimeout(page.timer);
  if (!document.hidden && api.key.get()) page.timer = setTimeout(refresh, milliseconds);
}

/** Stop refreshing while the page is hidden, and refresh when it is visible again. */
function wake() {
  clearTimeout(page.timer);
  if (!document.hidden && api.key.get()) refresh();
}

function chooseRange({ target }) {
  if (!target.dataset.range) return;
  page.range = target.dataset.range;
  for (const button of $("ranges").children) button.setAttribute("aria-pressed", String(button === target));
  $("charts").setAttribute("aria-busy", "true");
  refresh();
}

function chooseTopic(topic) {
  $("filters").elements.topic.value = topic;
  filterIn(0);
  $("insights-title").scrollIntoView({ block: "start" });
}

/** Load the filtered list when the user stops typing. */
function filterIn(milliseconds) {
  clearTimeout(page.typing);
  page.typing = setTimeout(() => {
    list.clear();
    list.refresh().catch(explain);
  }, milliseconds);
}

start();
