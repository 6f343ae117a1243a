// Sends a file to the bucket of uploads in parts. The same file goes on where an earlier attempt stopped.

import * as api from "./api.js";

const CONNECTIONS = 3;
const ATTEMPTS = 4;

/** Ids of uploads of this page, by file. */
const begun = new Map();

/** Send a file, and return the id of its upload. `progress` gets the share that is sent; `signal` stops it. */
export async function upload(file, progress, signal) {
  let state = await begin(file);
  for (let left = ATTEMPTS; state.missing.length; left -= 1) {
    const before = state.uploaded;
    await send(file, state, progress, signal);
    state = (await api.get(`api/v1/uploads/${state.id}`)).json;
    if (state.uploaded > before) left = ATTEMPTS;
    if (left <= 1) throw new api.ApiError("server", "The file cannot be sent to the bucket of uploads.");
  }
  progress(1);
  return state.id;
}

/** Forget the upload of a file, so that it is sent again. */
export const forget = (file) => begun.delete(named(file));

const named = (file) => [file.name, file.size, file.lastModified].join("/");

async function begin(file) {
  const id = begun.get(named(file));
  if (id) {
    const { status, json } = await api.get(`api/v1/uploads/${id}`, {}, { accepts: [200, 404] });
    if (status === 200) return json;
  }
  const { json } = await api.post("api/v1/uploads", { name: file.name, size: file.size });
  begun.set(named(file), json.id);
  return json;
}

/** Send the parts whose addresses are known, a few at a time. */
async function send(file, state, progress, signal) {
  const parts = [...state.missing];
  const sent = new Map();
  const report = (part, bytes) => {
    sent.set(part, bytes);
    const all = state.uploaded * state.part_size + [...sent.values()].reduce((sum, one) => sum + one, 0);
    progress(Math.min(all / file.size, 1));
  };
  const next = async () => {
    for (let part = parts.shift(); part; part = parts.shift()) await put(file, state, part, report, signal);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, next));
}

/** Send one part. One that fails is among the missing ones of the next round. */
function put(file, state, { part, size, url }, report, signal) {
  const start = (part - 1) * state.part_size;
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    signal.addEventListener("abort", stop);
    request.upload.addEventListener("progress", (event) => report(part, event.loaded));
    request.addEventListener("loadend", () => {
      signal.removeEventListener("abort", stop);
      if (signal.aborted) reject(signal.reason);
      else resolve(request.status === 200);
    });
    request.open("PUT", url);
    request.send(file.slice(start, start + size));
  });
}
