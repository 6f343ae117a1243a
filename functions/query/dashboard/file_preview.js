// Reads the beginning of a file in the browser: its format, its columns and its first rows. Nothing is sent.

const HEAD_BYTES = 262144;
const ROWS = 5;
const DELIMITERS = [",", ";", "\t", "|"];
const OF_API = new Set(["text", "messages", "external_id", "occurred_at", "metadata"]);
const NAMES = {
  text: /^(text|body|message|transcript|conversation|content|comment|description|review|feedback)$/i,
  external_id: /^(external_?id|id|ticket|ticket_?(id|number|no)|case_?(id|number)|conversation_?id|number)$/i,
  occurred_at: /^(occurred_?at|date|time|timestamp|created|created_?at|opened_?at|date_?time)$/i,
};

/** A file that cannot be imported, with what to do about it. */
export class FileProblem extends Error {}

/** Return { format, encoding, delimiter, columns, rows, isOfApi } of a file. Options that are empty are found out. */
export async function preview(file, { format = "", encoding = "", delimiter = "" } = {}) {
  if (!file.size) throw new FileProblem("The file is empty.");
  const bytes = await head(file);
  const found = encoding || (isUtf8(bytes) ? "utf-8" : "latin-1");
  const text = decoded(bytes, found).replace(/^\uFEFF/, "");
  if (text.includes("\0")) throw new FileProblem("This is not a text in UTF-8 or Latin-1. Save it as UTF-8.");
  const kind = format || (/^\s*\{/.test(text) ? "jsonl" : "csv");
  if (!format && /^\s*\[/.test(text)) throw new FileProblem("This is a JSON array. Write each conversation into a line of its own (JSON Lines).");
  const separator = delimiter || likely(text);
  const table = kind === "jsonl" ? jsonLines(text) : csv(text, separator);
  return { format: kind, encoding: found, delimiter: separator, ...table };
}

/** Return the first bytes of a file, decompressed. */
async function head(file) {
  const start = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  if (start[0] === 0x50 && start[1] === 0x4b) throw new FileProblem("This is an Excel or ZIP file. Save it as CSV, and choose that file.");
  return start[0] === 0x1f && start[1] === 0x8b ? decompressed(file) : start;
}

async function decompressed(file) {
  const reader = file.stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  const chunks = [];
  try {
    for (let size = 0; size < HEAD_BYTES;) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      size += value.length;
    }
  } catch {
    throw new FileProblem("This gzip file is damaged.");
  }
  reader.cancel().catch(() => {});
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

function isUtf8(bytes) {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

const decoded = (bytes, encoding) => new TextDecoder(encoding === "latin-1" ? "iso-8859-1" : encoding).decode(bytes);

/** Return the most frequent delimiter of the first line. */
function likely(text) {
  const [line] = text.split(/\r?\n/, 1);
  return DELIMITERS.map((one) => [line.split(one).length, one]).sort((a, b) => b[0] - a[0])[0][1];
}

function jsonLines(text) {
  const items = text.split(/\r?\n/).filter((line) => line.trim()).slice(0, ROWS).map(object);
  const columns = [...new Set(items.flatMap(Object.keys))];
  const isOfApi = items.some((item) => "text" in item || "messages" in item) && columns.every((one) => OF_API.has(one));
  return { columns, isOfApi, rows: items.map((item) => columns.map((name) => shown(item[name]))) };
}

function object(line) {
  try {
    const item = JSON.parse(line);
    return item && typeof item === "object" && !Array.isArray(item) ? item : {};
  } catch {
    return {};
  }
}

const shown = (value) => (typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value));

function csv(text, delimiter) {
  const [columns = [], ...rows] = records(text, delimiter, ROWS + 1);
  return { columns, rows, isOfApi: false };
}

/** Return the first records of a CSV text. Quoted cells can contain delimiters and line breaks. */
function records(text, delimiter, most) {
  const found = [];
  let [record, cell, isQuoted] = [[], "", false];
  const end = () => { record.push(cell); cell = ""; };
  for (let at = 0; at < text.length && found.length < most; at += 1) {
    const char = text[at];
    if (isQuoted) {
      if (char !== '"') cell += char;
      else if (text[at + 1] === '"') cell += text[++at];
      else isQuoted = false;
    } else if (char === '"' && !cell) isQuoted = true;
    else if (char === delimiter) end();
    else if (char === "\n") { end(); found.push(record); record = []; } else if (char !== "\r") cell += char;
  }
  if (found.length < most && (cell || record.length)) { end(); found.push(record); }
  return found.filter((one) => one.length > 1 || one[0].trim());
}

/** Return what each column is used as: text, external_id, occurred_at, metadata.NAME, or nothing. */
export function guess(columns, segments = []) {
  const uses = columns.map((column) => segments.find((one) => one.toLowerCase() === column.trim().toLowerCase())).map((one) => (one ? `metadata.${one}` : ""));
  for (const [target, pattern] of Object.entries(NAMES)) {
    const at = columns.findIndex((column, place) => !uses[place] && pattern.test(column.trim().replace(/[\s-]+/g, "_")));
    if (at >= 0) uses[at] = target;
  }
  return uses;
}
