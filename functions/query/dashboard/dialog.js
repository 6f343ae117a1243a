// Modal dialogs. The browser moves the focus into them, closes them by Esc, and gives the focus back.

import { button, h } from "./dom.js";

/** Ask a question, and return a promise of whether the user agrees. `danger` marks what cannot be undone. */
export function ask({ title, text, action, danger = false }) {
  return new Promise((resolve) => {
    const dialog = modal(title, h("p", {}, text), h("div", { class: "dialog-actions" },
      button("Cancel", () => dialog.close()),
      button(action, () => dialog.close("yes"), { kind: danger ? "danger" : "primary" })));
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"));
  });
}

/** Show a dialog with a title and content, and return it. It is removed from the page when it closes. */
export function modal(title, ...content) {
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": "dialog-title" },
    h("h2", { id: "dialog-title" }, title), ...content);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
