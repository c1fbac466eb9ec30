// What is shown: one of four tabs, and of a category or a priority where there are any.

import { make, say, set } from "./make.js";
import { visible } from "./text.js";

const TABS = { all: {}, unread: { unread: true }, archived: { archived: true }, snoozed: { snoozed: true } };
const PRIORITIES = [5, 4, 3, 2, 1];
const MOST_CATEGORIES = 50;

export const isTab = (name) => Object.hasOwn(TABS, name);

export class Filters {
  tab = "all";
  #categories = new Set();
  #priorities = new Set();

  constructor(words, changed) {
    this.words = words;
    this.changed = changed;
    this.tabs = make("div", { class: "tabs", part: "tabs", role: "group", "aria-label": words.say("show") },
      ...Object.keys(TABS).map((name) => this.#tab(name)));
    this.category = this.#choice("category");
    this.priority = this.#choice("priority");
    this.element = make("div", { class: "filters", part: "filters" }, this.tabs,
      make("div", { class: "choices" }, this.category, this.priority));
    this.#press();
  }

  // As the client takes it.
  get filter() {
    const category = this.category.value && [...this.#categories][this.category.value - 1];
    const priority = Number(this.priority.value);
    return { ...TABS[this.tab], ...(category && { category }), ...(priority && { priority }) };
  }

  get isNarrowed() {
    return Boolean(this.category.value || this.priority.value);
  }

  choose(tab) {
    this.tab = tab;
    this.#press();
    this.changed();
  }

  widen() {
    this.category.value = this.priority.value = "";
    this.changed();
  }

  // Offers the kinds that there are among these.
  offer(items) {
    const before = this.#categories.size + this.#priorities.size;
    for (const { category, priority } of items) {
      if (category && this.#categories.size < MOST_CATEGORIES) this.#categories.add(category);
      this.#priorities.add(priority);
    }
    if (this.#categories.size + this.#priorities.size !== before) this.#draw();
  }

  count(unread) {
    const badge = this.tabs.querySelector("[data-tab=unread] .tab-count");
    say(badge, unread ? this.words.number.format(unread) : "");
  }

  #draw() {
    const categories = [...this.#categories].map((name, index) => [index + 1, visible(name)]);
    const priorities = PRIORITIES.filter((priority) => this.#priorities.has(priority))
      .map((priority) => [priority, this.words.say(`priority${priority}`)]);
    fill(this.category, this.words.say("anyCategory"), categories, categories.length > 0);
    fill(this.priority, this.words.say("anyPriority"), priorities, priorities.length > 1);
  }

  #tab(name) {
    return make("button", { type: "button", class: "tab", part: "tab", "data-tab": name,
      onclick: () => this.choose(name) }, this.words.say(name),
    ...(name === "unread" ? [make("span", { class: "tab-count" })] : []));
  }

  #choice(name) {
    return make("select", { class: "choice", part: "filter", hidden: true,
      "aria-label": this.words.say(name), onchange: () => this.changed() });
  }

  #press() {
    for (const button of this.tabs.children) {
      set(button, "aria-pressed", String(button.dataset.tab === this.tab));
    }
  }
}

function fill(select, any, options, isWorthIt) {
  const { value } = select;
  const all = [["", any], ...options];
  select.replaceChildren(...all.map(([key, text]) => make("option", { value: key }, text)));
  select.value = value;
  select.hidden = !isWorthIt;
}
