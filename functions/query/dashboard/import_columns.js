// The step of an import in which the user says what the columns of a file are, with its first rows.

import { h } from "./dom.js";
import { choice, field } from "./forms.js";

const USES = [["", "Not imported"], ["text", "Text of the conversation"], ["external_id", "External ID"], ["occurred_at", "Time of the conversation"]];
const DELIMITERS = [[",", "Comma"], [";", "Semicolon"], ["\t", "Tab"], ["|", "Bar"]];
const METADATA = "metadata.";
const LONGEST_CELL = 160;

/** Return the choices of how the file is read. `change` gets the changed options. */
export const readOptions = (found, change) => h("div", { class: "fields" },
  field("Format", choice([["csv", "CSV"], ["jsonl", "JSON Lines"]], found.format, (format) => change({ format }))),
  field("Encoding", choice([["utf-8", "UTF-8"], ["latin-1", "Latin-1"]], found.encoding, (encoding) => change({ encoding }))),
  found.format === "csv" && field("Separator", choice(DELIMITERS, found.delimiter, (delimiter) => change({ delimiter }))));

/** Return the first rows of the file. The head of each column has the choice of what it is used as. */
export function columnTable(view) {
  const { found } = view;
  if (!found.columns.length) return h("p", { class: "empty" }, "No column was found.");
  if (found.isOfApi) return [h("p", { class: "lead" }, "The lines are conversations as the API accepts them."), table(found, found.columns.map((name) => h("th", { scope: "col" }, name)))];
  const selects = found.columns.map((name, at) => use(view, name, at));
  view.selects = selects;
  return table(found, found.columns.map((name, at) => h("th", { scope: "col" }, h("span", {}, name || `Column ${at + 1}`), selects[at])));
}

const table = (found, heads) => h("div", { class: "table-scroll", tabindex: "0", role: "region", "aria-label": "First rows of the file" },
  h("table", { class: "table preview" }, h("thead", {}, h("tr", {}, heads)),
    h("tbody", {}, found.rows.map((row) => h("tr", {}, found.columns.map((_, at) => h("td", {}, short(row[at]))))))));

const short = (value = "") => (value.length > LONGEST_CELL ? `${value.slice(0, LONGEST_CELL)}…` : value);

/** Return the choice of what a column is used as. */
function use(view, name, at) {
  const metadata = view.segments.map((segment) => [METADATA + segment, `Segment: ${segment}`]);
  const own = METADATA + name.trim();
  const others = name.trim() && !metadata.some(([value]) => value === own) ? [[own, `Metadata: ${name.trim()}`]] : [];
  return choice([...USES, ...metadata, ...others], view.uses[at], (value) => chosen(view, at, value),
    { "aria-label": `Use of the column ${name || at + 1}` });
}

/** Only one column can have a use. */
function chosen(view, at, value) {
  view.uses = view.uses.map((one, other) => (other === at ? value : one === value ? "" : one));
  view.selects.forEach((select, other) => { select.value = view.uses[other]; });
}

/** Return the options of the job; null while no column has the text. */
export function importOptions({ found, uses }) {
  const read = { format: found.format, encoding: found.encoding, delimiter: found.format === "csv" ? found.delimiter : null };
  if (found.isOfApi) return read;
  const pairs = uses.map((target, at) => [target, found.columns[at]]).filter(([target]) => target);
  const mapping = Object.fromEntries(pairs);
  return mapping.text === undefined ? null : { ...read, mapping };
}
