// The first view: what customers wrote, what changed, and the conversations behind each figure.

import * as api from "./api.js";
import { fill, h } from "./dom.js";

export function show(place, page) {
  fill(place, h("p", { class: "muted" }, "Loading"));
  return {
    async refresh() {
      const { json } = await api.get("api/v1/insights", { limit: 20 });
      fill(place, json.items.map((item) => h("p", {}, item.summary)));
    },
  };
}
