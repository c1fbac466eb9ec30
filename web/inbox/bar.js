// The line at the foot of the panel: what was done and can be undone, what went wrong, and a question
// before much is changed. What is said here is also said to screen readers.

import { make, say } from "./make.js";

const OFFERED_MILLISECONDS = 8_000;

export class Bar {
  #late = null; // what is done once nobody has undone it
  #timer = null;
  #from = null; // what had the focus before a question

  constructor(words) {
    this.words = words;
    this.text = make("span", { class: "bar-text", id: "bar-text", dir: "auto" });
    this.buttons = make("span", { class: "bar-buttons" });
    this.element = make("div", { class: "bar", part: "notice", role: "group", "aria-labelledby": "bar-text",
      hidden: true }, this.text, this.buttons);
    this.polite = make("p", { class: "heard", role: "status" });
    this.urgent = make("p", { class: "heard", role: "alert" });
    for (const name of ["mouseenter", "focusin"]) this.element.addEventListener(name, () => this.#stay());
    for (const name of ["mouseleave", "focusout"]) this.element.addEventListener(name, () => this.#wait());
  }

  announce(text) {
    say(this.polite, "");
    setTimeout(() => say(this.polite, text), 50); // the same words again are news, too
  }

  // `undo` takes it back; `late` is called when that is not wanted any more.
  offerUndo(text, undo, late) {
    this.#show(text, "news", [["undo", undo]]);
    this.#late = late ?? null;
    this.undo = () => this.#chosen(undo);
    this.announce(text);
    this.#wait();
  }

  tell(text) {
    this.#show(text, "news", [["dismiss", () => {}]]);
    this.announce(text);
    this.#wait();
  }

  // Also said aloud, unless another one says it.
  problem(text, isSaid = true) {
    this.#show(text, "problem", [["dismiss", () => {}]]);
    if (!isSaid) return;
    say(this.urgent, "");
    setTimeout(() => say(this.urgent, text), 50);
  }

  // `from` is what had the focus, and gets it back.
  ask(text, label, act, from) {
    this.#show(text, "question", [[label, act], ["cancel", () => {}]]);
    this.#from = from;
    this.buttons.firstElementChild.focus();
  }

  get isAsking() {
    return !this.element.hidden && this.element.dataset.kind === "question";
  }

  cancel() {
    this.#chosen(() => {});
  }

  // Ends what is offered: what waited for it, is done now.
  settle() {
    clearTimeout(this.#timer);
    const late = this.#late;
    this.#late = this.undo = null;
    this.element.hidden = true;
    late?.();
  }

  #show(text, kind, choices) {
    this.settle();
    this.element.dataset.kind = kind;
    this.text.textContent = text;
    this.buttons.replaceChildren(...choices.map(([label, act]) => make("button",
      { type: "button", class: "plain", onclick: () => this.#chosen(act) }, this.words.say(label))));
    this.element.hidden = false;
  }

  #chosen(act) {
    this.#late = null;
    const hadFocus = this.element.contains(this.element.getRootNode().activeElement);
    this.settle();
    const from = this.#from;
    this.#from = null;
    act();
    if (!hadFocus) return;
    if (from && !from.disabled) from.focus();
    else this.element.dispatchEvent(new Event("left", { bubbles: true }));
  }

  #stay() {
    clearTimeout(this.#timer);
  }

  #wait() {
    clearTimeout(this.#timer);
    if (this.element.hidden || this.element.dataset.kind !== "news") return;
    this.#timer = setTimeout(() => this.settle(), OFFERED_MILLISECONDS);
  }
}
