// A list that the API gives in pages: loading, empty, broken, and more of it. Rows are kept by id, so
// that focus survives a change of the list.

import { make, say } from "./dom.js";

export class Pages {
  items = [];
  #rows = new Map(); // id → {element, show?(item)}
  #next = null;
  #loaded = false;
  #round = 0; // which load is the newest: answers to older ones are dropped

  // `load(cursor)` answers a page {items, nextCursor}; `row(item)` makes {element, show?(item)};
  // `idOf(item)` is its key; `empty` says that there is nothing, and `name` what there would be.
  constructor(place, { name, empty, load, row, idOf = (item) => item.id }) {
    Object.assign(this, { load, row, idOf });
    this.problemText = make("span");
    this.problem = make("div", { class: "notice trouble", role: "alert", hidden: true }, this.problemText,
      make("button", { type: "button", class: "quiet small", onclick: () => this.reload() }, "Try again"));
    this.state = make("p", { class: "empty", role: "status" });
    this.empty = empty;
    this.list = make("ul", { class: "rows", "aria-label": name, tabindex: "-1" });
    this.moreButton = make("button", { type: "button", class: "quiet more", hidden: true,
      onclick: () => this.more() }, "Load more");
    place.append(this.problem, this.state, this.list, this.moreButton);
  }

  // The first page, instead of what is there.
  async reload() {
    this.#loaded = false;
    this.#show([], null);
    return this.#get(null, (page) => page.items);
  }

  // The first page again, quietly; what was loaded below it stays. Answers whether that went well.
  // Not while further ones are under way: their answer would be dropped.
  async refresh() {
    if (this.moreButton.disabled) return true;
    return this.#get(null, (page) => refreshed(this.items, page.items, this.idOf), { quietly: true });
  }

  async more() {
    if (this.moreButton.disabled) return;
    this.moreButton.disabled = true;
    const known = this.items.length;
    await this.#get(this.#next, (page) => [...this.items, ...page.items]);
    this.moreButton.disabled = false;
    // The button went with the last page: go on where the new rows begin.
    if (this.moreButton.hidden && document.activeElement === document.body) this.#focusAt(known);
  }

  clear() {
    this.#round++;
    this.#loaded = false;
    this.#show([], null);
    say(this.state, "");
    this.problem.hidden = true;
  }

  forget(id) {
    this.#show(this.items.filter((item) => this.idOf(item) !== id), this.#next);
    this.#sayEmpty();
  }

  replace(changed) {
    const id = this.idOf(changed);
    this.#show(this.items.map((item) => (this.idOf(item) === id ? changed : item)), this.#next);
  }

  async #get(cursor, itemsOf, { quietly = false } = {}) {
    const round = ++this.#round;
    if (!this.#loaded) say(this.state, "Loading…");
    try {
      const page = await this.load(cursor);
      if (round !== this.#round) return false;
      const items = itemsOf(page);
      // A quiet look at the first page knows nothing of where the list below it goes on.
      const below = quietly && items.length > page.items.length;
      this.#show(items, below ? this.#next : page.nextCursor);
      this.problem.hidden = true;
      this.#loaded = true;
      this.#sayEmpty();
      return true;
    } catch (problem) {
      if (round !== this.#round) return false;
      say(this.state, "");
      say(this.problemText, problem.message);
      this.problem.hidden = false;
      return false;
    }
  }

  #show(items, next) {
    const focused = document.activeElement?.closest?.("li");
    const index = focused?.parentElement === this.list ? [...this.list.children].indexOf(focused) : -1;
    this.items = items;
    this.#next = next;
    this.moreButton.hidden = !next;
    this.#place();
    // The row that had the focus is gone: go on at the next one, not at the top of the page.
    if (index >= 0 && !focused.isConnected) this.#focusAt(index);
  }

  #place() {
    const kept = new Set(this.items.map(this.idOf));
    for (const [id, row] of this.#rows) {
      if (kept.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    this.items.forEach((item, position) => {
      const id = this.idOf(item);
      if (!this.#rows.has(id)) this.#rows.set(id, this.row(item));
      const row = this.#rows.get(id);
      row.show?.(item);
      const there = this.list.children[position];
      if (there !== row.element) this.list.insertBefore(row.element, there ?? null);
    });
  }

  #focusAt(index) {
    const row = this.list.children[Math.min(index, this.list.children.length - 1)];
    (row?.querySelector("a, button") ?? this.list).focus();
  }

  #sayEmpty() {
    say(this.state, this.items.length || this.#next ? "" : this.empty);
  }
}

// The list with its first page as it is now. What the page ends with tells where the rest goes on.
export function refreshed(items, page, idOf) {
  const last = page.length ? idOf(page.at(-1)) : null;
  const end = items.findIndex((item) => idOf(item) === last);
  const fresh = new Set(page.map(idOf));
  return end < 0 ? page : [...page, ...items.slice(end + 1).filter((item) => !fresh.has(idOf(item)))];
}
