// The menu that asks until when: some usual times, or one's own.

import { make, say } from "./make.js";
import { placeBelow } from "./place.js";
import { snoozeTimes } from "./snooze-times.js";

const YEAR = 365 * 86_400_000;

export class SnoozeMenu {
  #chosen = null;
  #button = null;

  constructor(words) {
    this.words = words;
    this.element = make("div", { class: "menu", part: "menu", popover: "auto", "aria-label": words.say("snoozeUntil") });
    this.element.addEventListener("keydown", (event) => this.#pressed(event));
    this.element.addEventListener("toggle", ({ newState }) => newState === "closed" && this.#closed());
  }

  // `chosen(date)` is called once, or never. `button` is where the menu opens and the focus returns.
  open(button, chosen) {
    this.#chosen = chosen;
    this.#button = button;
    this.element.role = "menu";
    this.element.replaceChildren(...this.#entries());
    this.#show();
    this.element.firstElementChild.focus();
  }

  #show() {
    if (!this.element.matches(":popover-open")) this.element.showPopover();
    placeBelow(this.#button, this.element);
  }

  #entries() {
    const times = snoozeTimes(new Date()).map(([name, time]) => this.#entry(name, () => this.#choose(time),
      make("span", { class: "menu-time" }, this.words.until(time))));
    return [...times, this.#entry("ownTime", () => this.#askForTime())];
  }

  #entry(name, act, ...more) {
    return make("button", { type: "button", role: "menuitem", tabindex: -1, class: "menu-entry", onclick: act },
      make("span", {}, this.words.say(name)), ...more);
  }

  // A menu may hold nothing but entries: for a field it becomes a small dialog.
  #askForTime() {
    const [, tomorrow] = snoozeTimes(new Date()).find(([name]) => name === "tomorrow");
    const input = make("input", { type: "datetime-local", id: "own-time", required: true,
      value: localText(tomorrow), "aria-describedby": "own-time-problem" });
    const problem = make("p", { id: "own-time-problem", class: "menu-problem", role: "alert" });
    const form = make("form", { novalidate: true, class: "menu-form" },
      make("label", { for: "own-time" }, this.words.say("ownTimeField")), input, problem,
      make("button", { type: "submit", class: "strong" }, this.words.say("snooze")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const time = new Date(input.value);
      const isFine = time > Date.now() && time < Date.now() + YEAR;
      if (isFine) return this.#choose(time);
      say(problem, this.words.say("notInFuture"));
      input.setAttribute("aria-invalid", "true");
      return input.focus();
    });
    this.element.role = "dialog";
    this.element.replaceChildren(form);
    this.#show();
    input.focus();
  }

  #choose(time) {
    const chosen = this.#chosen;
    this.#leave();
    chosen(time);
  }

  #leave() {
    this.#button.focus();
    this.element.hidePopover();
  }

  #closed() {
    this.element.replaceChildren();
    this.#button = this.#chosen = null;
  }

  #pressed(event) {
    event.stopPropagation(); // the list below has other plans for these keys
    const isMenu = this.element.role === "menu";
    if (event.key === "Escape" || (event.key === "Tab" && isMenu)) {
      event.preventDefault();
      return this.#leave();
    }
    return isMenu && this.#move(event);
  }

  #move(event) {
    const entries = [...this.element.children];
    const index = entries.indexOf(event.target);
    const to = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    entries.at(to % entries.length).focus();
  }
}

// As <input type="datetime-local"> wants it: in local time, to the minute.
const localText = (date) =>
  new Date(date - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
