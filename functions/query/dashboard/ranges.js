// The range of time in the URL: a preset, or a free choice. Pure.

import { day, hour, stamp, utcDate, utcDay } from "./format.js";

const HOUR = 3600000;
const DAY = 24 * HOUR;

export const PRESETS = [
  { id: "1h", text: "1 h", name: "the last hour" },
  { id: "24h", text: "24 h", name: "the last 24 hours", hours: 24 },
  { id: "7d", text: "7 days", name: "the last 7 days", hours: 7 * 24 },
  { id: "30d", text: "30 days", name: "the last 30 days", days: 30 },
  { id: "90d", text: "90 days", name: "the last 90 days", days: 90 },
];
const DEFAULT = "7d";

/** Return the range of a state: { id, name, query, step }. A bar of the chart has `step` points. */
export function rangeOf(state, now = Date.now()) {
  if (state.from && state.to) return chosen(state.from, state.to);
  const preset = PRESETS.find(({ id }) => id === state.range) ?? PRESETS.find(({ id }) => id === DEFAULT);
  const { id, name, hours, days } = preset;
  if (days) return { id, name, step: 1, query: { interval: "day", from: instant(floor(now, DAY) - (days - 1) * DAY) } };
  const from = hours ? floor(now, HOUR) - (hours - 1) * HOUR : now - HOUR;
  return { id, name, step: hours === 168 ? 6 : 1, query: { interval: "hour", from: instant(floor(from, HOUR)) } };
}

function chosen(from, to) {
  const days = (Date.parse(to) - Date.parse(from)) / DAY;
  const interval = days <= 7 ? "hour" : "day";
  const step = interval === "hour" ? (days > 3 ? 6 : 1) : days > 120 ? 7 : 1;
  return { id: "custom", name: `${stamp(from)} to ${stamp(to)}`, step, query: { interval, from, to } };
}

const floor = (time, width) => Math.floor(time / width) * width;

/** Return a time in the format of the API. */
export const instant = (time) => new Date(time).toISOString().replace(/\.\d+Z$/, "Z");

/** Return the points of two series in groups of `step`: { start, end, kinds…, before }. */
export function grouped(overview, step) {
  const width = overview.interval === "hour" ? HOUR : DAY;
  const groups = new Map();
  overview.series.forEach((point, place) => {
    const start = Date.parse(point.start);
    const group = overview.interval === "hour" && step > 1 ? localGroup(start, step) : Math.floor(place / step);
    const found = groups.get(group) ?? { start, count: 0, positive: 0, neutral: 0, negative: 0, failed: 0, before: 0, negativeBefore: 0, failedBefore: 0 };
    const before = overview.series_before[place] ?? {};
    for (const kind of ["count", "positive", "neutral", "negative", "failed"]) found[kind] += point[kind];
    found.before += before.count ?? 0;
    found.negativeBefore += before.negative ?? 0;
    found.failedBefore += before.failed ?? 0;
    groups.set(group, { ...found, end: start + width });
  });
  return [...groups.values()];
}

/** Return the number of the group of `step` hours, which begin at midnight of the viewer. */
function localGroup(start, step) {
  const local = start - new Date(start).getTimezoneOffset() * 60000;
  return Math.floor(local / (step * HOUR));
}

/** Return the time of a bar in words. Days are in UTC. */
export function barName({ start, end }, interval) {
  if (interval === "hour") return `${stamp(start)}–${hour(end)}`;
  return end - start > DAY ? `${utcDay(start)}–${utcDate(end - DAY)} (UTC)` : `${utcDate(start)} (UTC)`;
}

/** Return the short time of a bar, for the axis. */
export const barLabel = (start, interval, isLong) =>
  interval === "day" ? utcDay(start) : isLong ? day(start) : hour(start);
