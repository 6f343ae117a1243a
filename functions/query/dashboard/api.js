// Requests to the API under the same prefix as this page, and their errors.

const ROOT = new URL("../", import.meta.url);
const STORE = "grok-insights-api-key";
const LONGEST_WAIT_MS = 20000;

/** A request without a usable response. `kind`: key, limit, offline, slow or server. */
export class ApiError extends Error {
  constructor(kind, message, { seconds = 0, status = 0 } = {}) {
    super(message);
    Object.assign(this, { kind, seconds, status });
  }
}

export const key = {
  get: () => sessionStorage.getItem(STORE),
  set: (value) => sessionStorage.setItem(STORE, value),
  forget: () => sessionStorage.removeItem(STORE),
};

export const health = () => call("health", { accepts: [200, 503] });
export const trends = (query) => call("api/v1/insights/trends", { query });
export const insights = (query) => call("api/v1/insights", { query });
export const insight = (id) => call(`api/v1/insights/${encodeURIComponent(id)}`);
export const conversation = (id) => call(`api/v1/conversations/${encodeURIComponent(id)}`);
export const send = (body) => call("api/v1/conversations", { body });

/** Return the metrics without labels, by name. */
export async function metrics() {
  const { text } = await call("metrics");
  const lines = [...text.matchAll(/^(\w+) (\S+)$/gm)];
  return Object.fromEntries(lines.map(([, name, value]) => [name, Number(value)]));
}

async function call(path, { query = {}, body, accepts = [200, 202] } = {}) {
  const [response, text] = await attempt(path, query, body);
  const json = text.startsWith("{") ? JSON.parse(text) : null;
  if (!accepts.includes(response.status)) throw refused(response, json);
  return { status: response.status, json, text };
}

async function attempt(path, query, body) {
  const url = new URL(path, ROOT);
  const given = Object.entries(query).filter(([, value]) => value);
  url.search = new URLSearchParams(given).toString();
  const headers = { accept: "application/json, text/plain", "x-api-key": key.get() ?? "" };
  const request = { headers, signal: AbortSignal.timeout(LONGEST_WAIT_MS) };
  if (body) {
    headers["content-type"] = "application/json";
    Object.assign(request, { method: "POST", body: JSON.stringify(body) });
  }
  try {
    const response = await fetch(url, request);
    return [response, await response.text()];
  } catch (error) {
    if (error.name === "TimeoutError") throw new ApiError("slow", "The service takes too long to respond.");
    throw new ApiError("offline", "The service cannot be reached.");
  }
}

function refused(response, problem) {
  const { status } = response;
  if (status === 401 || status === 403) return new ApiError("key", "This key is not valid here.", { status });
  if (status === 429) {
    const seconds = Number(response.headers.get("retry-after")) || 30;
    return new ApiError("limit", "Too many requests from your address.", { status, seconds });
  }
  const faults = (problem?.errors ?? []).map((fault) => fault.message).join("; ");
  const detail = [problem?.detail ?? problem?.message, faults].filter(Boolean).join(": ");
  return new ApiError("server", detail || `The service responded with ${status}.`, { status });
}
