// Chooses people by name or e-mail: a combobox (ARIA 1.2) above a list of those who were chosen.

import { visible } from "../inbox/text.js";
import { make, say } from "./dom.js";
import { counted } from "./times.js";

const SHOWN = 8;
const TYPING_MILLISECONDS = 150;
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export class People {
  chosen = [];
  #options = [];
  #active = -1;
  #timer = null;
  #asked = 0;

  // `place` holds the input; `search(text, limit)` answers users. With `one`, a choice takes the
  // place of the one before. `changed()` is called after each.
  constructor(place, { search, one = false, changed = () => {} }) {
    Object.assign(this, { search, one, changed });
    this.input = place.querySelector("input");
    this.list = make("ul", { id: `${this.input.id}-options`, class: "options", role: "listbox",
      "aria-label": "People found", hidden: true });
    this.chips = make("ul", { class: "chips", "aria-label": "Chosen people", hidden: true });
    this.said = make("p", { class: "only-heard", role: "status" });
    this.input.setAttribute("aria-controls", this.list.id);
    this.input.before(this.chips);
    this.input.after(this.list, this.said);
    this.input.addEventListener("input", () => this.#typed());
    this.input.addEventListener("keydown", (event) => this.#pressed(event));
    this.input.addEventListener("blur", () => this.#close());
    this.list.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the focus
    this.#close();
  }

  clear() {
    this.chosen = [];
    this.input.value = "";
    this.#close();
    this.#drawChips();
  }

  choose(user) {
    const others = this.one ? [] : this.chosen.filter(({ id }) => id !== user.id);
    this.chosen = [...others, user];
    this.input.value = "";
    this.#close();
    this.#drawChips();
    this.#changed();
    say(this.said, `${nameOf(user)} chosen.`);
  }

  #remove(user) {
    this.chosen = this.chosen.filter(({ id }) => id !== user.id);
    this.#drawChips();
    this.#changed();
    say(this.said, `${nameOf(user)} removed.`);
    this.input.focus();
  }

  #changed() {
    this.input.dispatchEvent(new Event("input", { bubbles: true })); // takes back the form's complaint
    this.changed();
  }

  #typed() {
    clearTimeout(this.#timer);
    this.#asked++;
    const text = this.input.value.trim();
    if (!text) return this.#close();
    this.#timer = setTimeout(() => this.#find(text, this.#asked), TYPING_MILLISECONDS);
  }

  async #find(text, asked) {
    const [users, problem] = await this.search(text, SHOWN)
      .then((found) => [found, null], (error) => [[], error]);
    if (asked !== this.#asked || document.activeElement !== this.input) return;
    // An id need not be found: whoever copied it knows whom it means.
    const byId = ID.test(text) ? [{ id: text.toLowerCase() }] : [];
    const chosen = new Set(this.chosen.map(({ id }) => id));
    const none = `${users.length ? "Nobody else" : "Nobody"} has a name or an e-mail address that begins so.`;
    const others = [...byId, ...users].filter(({ id }) => !chosen.has(id));
    this.#open(others, problem?.message ?? none);
  }

  #open(options, otherwise) {
    this.#options = options;
    this.list.replaceChildren(...options.map((user, index) => this.#option(user, index)));
    if (!options.length) {
      this.list.append(make("li", { class: "none", role: "option", "aria-disabled": "true" }, otherwise));
    }
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.#activate(options.length ? 0 : -1);
    say(this.said, options.length ? `${counted(options.length, "person", "people")} found.` : otherwise);
  }

  #option(user, index) {
    const option = make("li", { id: `${this.list.id}-${index}`, role: "option", "aria-selected": "false",
      onclick: () => this.choose(user) },
      make("span", { class: "name", dir: "auto" }, nameOf(user)));
    if (user.email) option.append(make("span", { class: "mail", dir: "auto" }, visible(user.email)));
    return option;
  }

  #close() {
    clearTimeout(this.#timer);
    this.#asked++;
    this.#options = [];
    this.list.hidden = true;
    this.list.replaceChildren();
    this.input.setAttribute("aria-expanded", "false");
    this.#activate(-1);
  }

  #activate(index) {
    this.#active = index;
    [...this.list.children].forEach((option, position) => {
      option.setAttribute("aria-selected", String(position === index));
    });
    const option = this.list.children[index];
    if (!option || index < 0) return this.input.removeAttribute("aria-activedescendant");
    this.input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  #pressed(event) {
    const act = this.#meaningOf(event.key);
    if (!act) return;
    event.preventDefault();
    act();
  }

  // What a key does here; null when it keeps its usual meaning.
  #meaningOf(key) {
    const { length } = this.#options;
    const active = this.#options[this.#active];
    if (key === "ArrowDown" && length) return () => this.#activate((this.#active + 1) % length);
    if (key === "ArrowUp" && length) return () => this.#activate((this.#active - 1 + length) % length);
    if (key === "Enter" && active) return () => this.choose(active);
    if (key === "Enter" && this.input.value) return () => {}; // a half-typed name sends nothing
    if (key === "Escape" && !this.list.hidden) return () => this.#close();
    const last = this.chosen.at(-1);
    if (key === "Backspace" && !this.input.value && last) return () => this.#remove(last);
    return null;
  }

  #drawChips() {
    this.chips.hidden = !this.chosen.length;
    this.chips.replaceChildren(...this.chosen.map((user) => make("li", {},
      make("span", { dir: "auto", title: user.email && visible(user.email) }, nameOf(user)),
      make("button", { type: "button", "aria-label": `Remove ${nameOf(user)}`,
        onclick: () => this.#remove(user) }, "✕"))));
  }
}

export const nameOf = (user) => visible(user.username ?? user.id);
