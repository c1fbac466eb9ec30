// The form with which an administrator notifies a person.

import { clearProblems, filledIn, onSubmit } from "./forms.js";

export class Send {
  #user = null;

  constructor(panel, api) {
    this.panel = panel;
    this.form = panel.querySelector("form");
    this.sent = panel.querySelector("#sent");
    onSubmit(this.form, async (form) => {
      this.sent.textContent = "";
      await api.send(notificationOf(form));
      this.#clear();
      this.sent.textContent = "Sent.";
    });
    this.form.addEventListener("input", () => { this.sent.textContent = ""; });
    panel.querySelector("#to-myself").addEventListener("click", () => this.#toMyself());
  }

  // What was typed stays for the same person, and goes for another one.
  showFor(user) {
    this.panel.hidden = user.role !== "admin";
    this.panel.open = matchMedia("(min-width: 60rem)").matches;
    if (this.#user?.id !== user.id) this.form.reset();
    this.#user = user;
    clearProblems(this.form);
  }

  forget() {
    this.form.reset();
    this.sent.textContent = "";
  }

  #toMyself() {
    const field = this.form.elements.userId;
    field.value = this.#user.id;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    this.form.elements.message.focus();
  }

  // The recipient and the kind stay: the next message often goes the same way.
  #clear() {
    for (const name of ["title", "message", "link"]) this.form.elements[name].value = "";
  }
}

function notificationOf(form) {
  const fields = { userId: "", message: "", ...filledIn(form) };
  return { ...fields, userId: fields.userId.trim(), priority: Number(fields.priority) };
}
