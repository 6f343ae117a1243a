// Prepares trends for the page: ranges of time, points of a chart, sums. Pure.

import { usd } from "./format.js";

const HOUR = 3600;
export const KINDS = ["positive", "neutral", "negative", "failed"];

/** The query of each range, and the seconds of one bar in its charts. */
export const RANGES = {
  day: { interval: "hour", span: 24 * HOUR, step: HOUR, name: "the last 24 hours" },
  week: { interval: "hour", span: 7 * 24 * HOUR, step: 6 * HOUR, name: "the last 7 days" },
  fortnight: { interval: "day", span: 14 * 24 * HOUR, step: 24 * HOUR, name: "the last 14 days (UTC)" },
  month: { interval: "day", span: 30 * 24 * HOUR, step: 24 * HOUR, name: "the last 30 days (UTC)" },
};

export const rangeQuery = ({ interval, span }, now) => ({
  interval, top: 8, from: instant(now - (span - (interval === "hour" ? HOUR : 24 * HOUR)) * 1000),
});

/** Return the start of "today": midnight in the viewer's time zone. */
export function midnight(now) {
  const day = new Date(now);
  day.setHours(0, 0, 0, 0);
  return day.getTime();
}

export const utcMidnight = (now) => Math.floor(now / 86400000) * 86400000;

/** Return a time in the format of the API. */
export const instant = (time) => new Date(time).toISOString().replace(/\.\d+Z$/, "Z");

/** Return the sum of the points since a time. */
export function since(series, start) {
  return sum(series.filter((point) => Date.parse(point.start) >= start));
}

/** Return the points in groups of `step` seconds, aligned to the viewer's local time. */
export function grouped(series, step, hourly) {
  const groups = new Map();
  for (const point of series) {
    const seconds = Date.parse(point.start) / 1000;
    const shift = hourly ? new Date(point.start).getTimezoneOffset() * 60 : 0;
    const start = Math.floor((seconds - shift) / step) * step + shift;
    groups.set(start, [...(groups.get(start) ?? []), point]);
  }
  return [...groups].map(([start, points]) => ({ start, ...sum(points) })).sort((a, b) => a.start - b.start);
}

function sum(points) {
  const total = { count: 0, cost: 0, busy: 0, positive: 0, neutral: 0, negative: 0, failed: 0 };
  for (const point of points) {
    for (const kind of [...KINDS, "count"]) total[kind] += point[kind];
    total.cost += usd(point.estimated_cost);
    total.busy += point.count * (point.mean_processing_time_ms ?? 0);
  }
  return { ...total, mean: total.count ? total.busy / total.count : null };
}
