// Requests to the API under the same prefix as this page, and their errors.

const ROOT = new URL("../", import.meta.url);
const STORE = "grok-insights-api-key";
const LONGEST_WAIT_MS = 20000;

/** A request without a usable response. `kind`: key, limit, offline, slow or server. `problem` is the body. */
export class ApiError extends Error {
  constructor(kind, message, { seconds = 0, status = 0, problem = null } = {}) {
    super(message);
    Object.assign(this, { kind, seconds, status, problem });
  }
}

export const key = {
  get: () => sessionStorage.getItem(STORE),
  set: (value) => sessionStorage.setItem(STORE, value),
  forget: () => sessionStorage.removeItem(STORE),
};

/** Return the response to a GET: { status, json, headers }. Empty parameters are not sent. */
export const get = (path, query = {}, options = {}) => call("GET", path, { query, ...options });

/** Return the response to a request with a body in JSON. `headers` are added; `patience` is how many ms it may take. */
export const post = (path, body, options = {}) => call("POST", path, { body, ...options });
export const put = (path, body, options = {}) => call("PUT", path, { body, ...options });
export const remove = (path, options = {}) => call("DELETE", path, options);

export const health = () => get("health", {}, { accepts: [200, 503] });
export const insight = (id) => get(`api/v1/insights/${encodeURIComponent(id)}`);
export const conversation = (id) => get(`api/v1/conversations/${encodeURIComponent(id)}`);

async function call(method, path, { query = {}, body, headers = {}, accepts = [200, 201, 202, 204], patience = LONGEST_WAIT_MS }) {
  const [response, text] = await attempt(method, path, { query, body, headers, patience });
  const json = /^[[{]/.test(text) ? JSON.parse(text) : null;
  if (!accepts.includes(response.status)) throw refused(response, json);
  return { status: response.status, json, headers: response.headers };
}

async function attempt(method, path, { query, body, headers: more, patience }) {
  const url = new URL(path, ROOT);
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  url.search = new URLSearchParams(given).toString();
  const headers = { accept: "application/json", "x-api-key": key.get() ?? "", ...more };
  const request = { method, headers, signal: AbortSignal.timeout(patience) };
  if (body !== undefined) {
    headers["content-type"] = "application/json";
    request.body = JSON.stringify(body);
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
  return new ApiError("server", detail || `The service responded with ${status}.`, { status, problem });
}
