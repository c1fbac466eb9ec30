// The form with which an administrator notifies a person.

import { clearProblems, filledIn, FormKey, onSubmit } from "./forms.js";
import { visible } from "./inbox/text.js";

const TYPING_MILLISECONDS = 200;

export class Send {
  #user = null;
  #key = new FormKey();

  constructor(panel, api) {
    this.panel = panel;
    this.api = api;
    this.form = panel.querySelector("form");
    this.sent = panel.querySelector("#sent");
    onSubmit(this.form, async (form) => {
      this.sent.textContent = "";
      const notification = notificationOf(form);
      await api.send(notification, this.#key.of(notification));
      this.#key.forget();
      this.#clear();
      this.sent.textContent = "Sent.";
    });
    this.form.addEventListener("input", () => { this.sent.textContent = ""; });
    this.form.elements.userId.addEventListener("input", () => this.#search());
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

  // Offers whose name or e-mail begins like this. Without an answer an id can be typed as well.
  #search() {
    clearTimeout(this.timer);
    const text = this.form.elements.userId.value.trim();
    if (!text) return;
    this.timer = setTimeout(async () => {
      const { items } = await this.api.people(text).catch(() => ({ items: [] }));
      if (this.form.elements.userId.value.trim() === text) this.#offer(items);
    }, TYPING_MILLISECONDS);
  }

  #offer(users) {
    const options = users.map(({ id, username, email }) =>
      new Option(visible(email ? `${username} · ${email}` : username), id));
    this.form.elements.userId.list.replaceChildren(...options);
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
