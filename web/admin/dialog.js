// Asks before something that cannot be taken back.

import { make } from "./dom.js";

// Answers a promise of whether the person agreed; Escape means no.
export function confirmed({ title, text, action }) {
  const dialog = make("dialog", { class: "card ask", "aria-labelledby": "ask-title",
    "aria-describedby": "ask-text" },
    make("form", { method: "dialog" },
      make("h2", { id: "ask-title" }, title),
      make("p", { id: "ask-text" }, text),
      make("div", { class: "foot" },
        make("button", { class: "quiet", value: "no" }, "Cancel"),
        make("button", { class: "main-action", value: "yes" }, action))));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}
