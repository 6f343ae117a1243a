// What is shown when there is nothing: a new service has three ways to begin, an empty range has a longer one.

import { button, fill, h } from "./dom.js";

const WAYS = [
  { view: "try", title: "Try a conversation", text: "Paste one, and see what the analysis says." },
  { view: "import", title: "Import a file", text: "Drop a file of conversations: CSV or JSON Lines." },
];

/** Show how to begin, in a service that has no conversation yet. */
export function showFirstRun(place, page) {
  const ways = WAYS.map((way) =>
    h("a", { class: "way", href: page.href(way.view) }, h("strong", {}, way.title), h("span", { class: "muted" }, way.text)));
  fill(place, h("section", { class: "card first-run", "aria-labelledby": "first-title" },
    h("h2", { id: "first-title" }, "No conversations yet"),
    h("p", { class: "muted" }, "This page shows what customers write, what changed, and the conversations behind each figure. Begin in one of these ways:"),
    h("div", { class: "ways" }, ways,
      h("a", { class: "way", href: "docs" }, h("strong", {}, "Send them by the API"), h("span", { class: "muted" }, "POST /api/v1/conversations: the API description has examples."))),
    h("pre", { tabindex: "0", "aria-label": "An example with curl" }, h("code", {}, example()))));
}

const example = () => `curl "${new URL("../api/v1/conversations", import.meta.url).href}" \\
  -H "x-api-key: YOUR_KEY" -H "content-type: application/json" \\
  -d '{"external_id": "ticket-1", "text": "My parcel is late. I want a refund."}'`;

/** Show that a range has no conversations. */
export function showEmptyRange(place, page) {
  fill(place, h("section", { class: "card empty" }, h("p", {}, "There are no conversations in this time."),
    button("Show the last 90 days", () => page.go({ range: "90d", from: null, to: null }))));
}
