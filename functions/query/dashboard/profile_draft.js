// The profile as the editor changes it. Lists of names are texts with commas, since that is how people type them.

import { listed } from "./forms.js";

/** Return the draft of a profile of the API. */
export const draftOf = (profile) => ({
  note: "",
  instructions: profile.instructions,
  mode: profile.topics.mode,
  labels: profile.topics.labels.map((label) => ({ ...label, aliases: label.aliases.join(", ") })),
  fields: profile.fields.map((one) => ({ ...newField(), ...one, values: (one.values ?? []).join(", ") })),
  quotes: profile.quotes,
  segments: profile.segments.join(", "),
});

export const newLabel = (name = "") => ({ name, description: "", aliases: "" });
export const newField = () => ({ name: "", type: "boolean", description: "", values: "", minimum: 1, maximum: 5, max_length: 80 });

/** Return the body of the request that stores a draft. */
export const bodyOf = (draft) => ({
  note: draft.note,
  instructions: draft.instructions,
  topics: { mode: draft.mode, labels: draft.labels.map((label) => ({ ...label, aliases: listed(label.aliases) })) },
  fields: draft.fields.map(fieldOf),
  quotes: draft.quotes,
  segments: listed(draft.segments),
});

function fieldOf({ name, type, description, values, minimum, maximum, max_length: longest }) {
  const own = {
    boolean: {}, enum: { values: listed(values) }, text: { max_length: whole(longest) },
    integer: { minimum: whole(minimum), maximum: whole(maximum) },
  };
  return { name, type, description, ...own[type] };
}

/** Return a number; null, which the API refuses with a reason, for what is not one. */
const whole = (value) => (String(value).trim() === "" || Number.isNaN(Number(value)) ? null : Number(value));

/** Return whether two drafts ask the same. Notes say nothing about that. */
export const isSame = (one, other) => JSON.stringify({ ...bodyOf(one), note: "" }) === JSON.stringify({ ...bodyOf(other), note: "" });
