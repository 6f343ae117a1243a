// The preview: a pasted conversation is analysed with the profile in the editor. Neither of both is stored.

import * as api from "./api.js";
import { button, fill, h } from "./dom.js";
import { area, complain, faultsOf, field } from "./forms.js";
import { insightCard, step } from "./insight_card.js";

const LONGEST_WAIT_MS = 30000;

/** The conversation. It is kept while other views are shown. */
const kept = { text: "" };

/** Make the preview. `profile()` returns the profile; `refused(faults)` shows its errors, and returns the others. */
export function profilePreview(page, { profile, refused }) {
  const text = area(kept.text, (value) => { kept.text = value; }, { rows: 6, placeholder: "Customer: …\nAgent: …" });
  const result = h("div", { role: "status" });
  const send = button("Preview", attempt);

  async function attempt() {
    complain(text, kept.text.trim() ? "" : "Paste a conversation first.");
    if (!kept.text.trim()) return text.focus();
    send.disabled = true;
    step(result, "It is being analysed.");
    try {
      const body = { profile: profile(), conversation: { text: kept.text } };
      const { json } = await api.post("api/v1/profile/preview", body, { patience: LONGEST_WAIT_MS });
      refused([]);
      fill(result, insightCard(json));
    } catch (error) {
      refuse(error);
    } finally {
      send.disabled = false;
    }
    return undefined;
  }

  function refuse(error) {
    fill(result);
    if (error.status === 422) {
      const faults = faultsOf(error);
      const ofText = faults.find(({ location }) => location?.startsWith("body.conversation"));
      if (ofText) return complain(text, `It ${ofText.message}.`);
      return fill(result, h("p", { class: "field-error" }, ["The profile has errors.", ...refused(faults)].join(" ")));
    }
    if (error.kind === "limit") return fill(result, h("p", { class: "field-error" }, `Too many requests: try again in ${error.seconds} s.`));
    if (error.kind === "server") return fill(result, h("p", { class: "field-error" }, `${error.message}.`));
    return page.failed(error);
  }

  return h("section", { class: "card", "aria-labelledby": "preview-title" }, h("h2", { id: "preview-title" }, "Preview"),
    h("p", { class: "lead" }, "See what this profile says of a conversation before you save it. Nothing is stored; Grok is called once."),
    field("A conversation", text), h("p", { class: "actions" }, send), result);
}
