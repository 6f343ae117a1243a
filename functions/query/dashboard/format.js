// Formats figures and times in the viewer's language and time zone.

const WHOLE = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const SHARE = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });
const FINE_SHARE = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const STAMP = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
const YEAR_STAMP = new Intl.DateTimeFormat(undefined, {
  year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit",
});
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const HOUR = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const UTC_DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", timeZone: "UTC" });
const UTC_DATE = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric", timeZone: "UTC" });
const AGO = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];

export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || "local time";

export const whole = (value) => (Number.isFinite(value) ? WHOLE.format(value) : "–");
/** Return a number with its noun, such as "1 insight" or "2 insights". */
export const counted = (number, one, many = `${one}s`) => `${whole(number)} ${number === 1 ? one : many}`;
export const share = (part, all) => SHARE.format(all ? part / all : 0);
export const percent = (value) => (Math.abs(value) < 0.1 ? FINE_SHARE : SHARE).format(value);
export const full = (time) => FULL.format(new Date(time));
export const stamp = (time) => {
  const at = new Date(time);
  return (at.getFullYear() === new Date().getFullYear() ? STAMP : YEAR_STAMP).format(at);
};
export const clock = (time) => CLOCK.format(new Date(time));
export const hour = (time) => HOUR.format(new Date(time));
export const day = (time) => DAY.format(new Date(time));
/** Return a day of a counter, which begins at midnight UTC. */
export const utcDay = (time) => UTC_DAY.format(new Date(time));
export const utcDate = (time) => UTC_DATE.format(new Date(time));

/** Return a time relative to now, such as "3 min. ago". */
export function ago(time, now = Date.now()) {
  const seconds = Math.max(0, (now - new Date(time)) / 1000);
  const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? UNITS.at(-1);
  return seconds < 60 ? "just now" : AGO.format(-Math.round(seconds / size), unit);
}

/** Return the number of dollars in a text of the API, such as "$0.00017". */
export const usd = (text) => Number(String(text ?? "0").replace(/[^0-9.eE-]/g, "")) || 0;

/** Return dollars with enough digits: one conversation costs far less than a cent. */
export function dollars(value) {
  if (!Number.isFinite(value)) return "–";
  const digits = value === 0 || value >= 1 ? 2 : value >= 0.01 ? 3 : 5;
  return `$${value.toLocaleString(undefined, { minimumFractionDigits: 2, maximumFractionDigits: digits })}`;
}

export function duration(milliseconds) {
  if (milliseconds === null || milliseconds === undefined) return "–";
  if (milliseconds < 1000) return `${WHOLE.format(milliseconds)} ms`;
  if (milliseconds < 60000) return `${(milliseconds / 1000).toLocaleString(undefined, { maximumFractionDigits: 1 })} s`;
  return `${WHOLE.format(milliseconds / 60000)} min`;
}

/** Return a name of the API as words, such as "circuit open" or "late delivery". */
export const words = (name) => String(name ?? "").replaceAll("_", " ").toLowerCase();
export const title = (name) => words(name).replace(/^./, (first) => first.toUpperCase());
