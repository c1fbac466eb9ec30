// The list of notifications: a row for each, kept by id, so that a change touches only what has
// changed; full near the window, hollow elsewhere. Arrow keys go from row to row (ARIA's feed).

import { set } from "./make.js";
import { actionOf, Row } from "./row.js";

const NEAR = "800px 0px"; // of the window; rows this far away are made in advance
const FULL_AT_ONCE = 12; // rows that are surely seen

export class Feed {
  #rows = new Map(); // id → Row
  #items = [];
  #current = null; //  the id of the row into which Tab goes
  #watch;

  // `act` as of Row; `left()` is called when the focus has no row left to go to.
  constructor(element, words, { act, left }) {
    Object.assign(this, { element, words, act, left });
    element.addEventListener("keydown", (event) => this.#pressed(event));
    element.addEventListener("focusin", (event) => this.#focused(event));
  }

  // Rows are looked after while they are in `scroller`, null for the page.
  watch(scroller) {
    this.#watch?.disconnect();
    const seen = (entries) => this.#seen(entries);
    this.#watch = new IntersectionObserver(seen, { root: scroller, rootMargin: NEAR, scrollMargin: NEAR });
    for (const { element } of this.#rows.values()) this.#watch.observe(element);
  }

  show(items, hasMore) {
    if (items === this.#items && hasMore === this.hasMore) return;
    const focused = this.#focusedIndex();
    this.hasMore = hasMore;
    this.#items = items;
    this.#forget(new Set(items.map(({ id }) => id)));
    this.#place(items);
    if (!this.#rows.has(this.#current)) this.#setCurrent(items[within(focused, items)]?.id);
    // The row that had the focus is gone: go on at the next one, not at the top of the page.
    if (focused >= 0 && this.#focusedIndex() < 0) this.focus();
  }

  focus() {
    const row = this.#rows.get(this.#current);
    if (row) row.element.focus();
    else this.left();
  }

  tick() {
    for (const row of this.#rows.values()) row.tick();
  }

  // The button of a row's action, which may have been drawn anew.
  button(id, name) {
    return this.#rows.get(id)?.element.querySelector(`[data-action="${name}"]`);
  }

  #forget(kept) {
    for (const [id, row] of this.#rows) {
      if (kept.has(id)) continue;
      this.#watch?.unobserve(row.element);
      row.remove();
      this.#rows.delete(id);
    }
  }

  #place(items) {
    let next = this.element.firstElementChild;
    items.forEach((item, index) => {
      const row = this.#rows.get(item.id) ?? this.#add(item, index);
      row.update(item);
      // `next` belongs further down: its turn comes. So one that has moved is one move.
      if (next && row.element === next.nextElementSibling) next = row.element;
      if (row.element === next) next = next.nextElementSibling;
      else this.element.insertBefore(row.element, next);
      if (row.isFull) row.setPosition(index + 1, this.hasMore ? -1 : items.length);
    });
  }

  #add(item, index) {
    const row = new Row(item, this.words, this.act);
    this.#rows.set(item.id, row);
    this.#watch?.observe(row.element);
    if (index < FULL_AT_ONCE) row.fill();
    return row;
  }

  #seen(entries) {
    for (const { target, isIntersecting, boundingClientRect } of entries) {
      const row = this.#rows.get(target.dataset.id);
      if (!isIntersecting) row?.hollow(boundingClientRect.height);
      else if (row && !row.isFull) this.#fill(row);
    }
  }

  #fill(row) {
    row.fill();
    row.setPosition(this.#items.indexOf(row.item) + 1, this.hasMore ? -1 : this.#items.length);
  }

  #setCurrent(id) {
    this.#rows.get(this.#current)?.setCurrent(false);
    this.#current = id ?? null;
    this.#rows.get(this.#current)?.setCurrent(true);
  }

  #focused(event) {
    const row = event.target.closest(".item");
    if (row && row.dataset.id !== this.#current) this.#setCurrent(row.dataset.id);
  }

  #focusedIndex() {
    const row = this.element.getRootNode().activeElement?.closest(".item");
    return row ? [...this.element.children].indexOf(row) : -1;
  }

  #pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const index = this.#focusedIndex();
    if (index < 0) return;
    const item = this.#items[index];
    const action = actionOf(item, event.key);
    const isOnRow = event.target.matches(".item");
    const page = Math.max(1, Math.floor(this.#height() / event.target.closest(".item").offsetHeight) - 1);
    const to = { ArrowDown: index + 1, ArrowUp: index - 1, PageDown: index + page, PageUp: index - page,
      Home: 0, End: this.#items.length - 1 }[event.key];
    if (to !== undefined) this.#go(to);
    else if (action) this.act(action, item, this.button(item.id, action));
    else if (event.key === "Enter" && isOnRow) event.target.querySelector("a[href]")?.click();
    else return;
    event.preventDefault();
  }

  #height = () => (this.element.closest(".scroller")?.clientHeight || innerHeight);

  #go(index) {
    const item = this.#items[within(index, this.#items)];
    const row = this.#rows.get(item.id);
    if (!row.isFull) this.#fill(row);
    set(row.element, "tabindex", 0);
    row.element.focus({ preventScroll: true });
    row.element.scrollIntoView({ block: "nearest" });
  }
}

const within = (index, items) => Math.max(0, Math.min(index, items.length - 1));
