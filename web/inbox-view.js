// The inbox on the page: the list with what stands around it when it is loading, empty or broken.

import { List } from "./list.js";

const EMPTY = {
  all: ["Nothing here yet", "New notifications appear here by themselves."],
  unread: ["All read", "There is nothing left that you have not read."],
};

export class InboxView {
  // `actions` has mark(id, read), more(), reload() and filter(name).
  constructor(element, template, actions) {
    const part = (id) => element.querySelector(`#${id}`);
    this.list = new List(part("notifications"), template, actions.mark);
    Object.assign(this, { loading: part("loading"), empty: part("empty"), more: part("more") });
    this.problem = part("list-problem");
    this.filters = [...element.querySelectorAll("[data-filter]")];
    this.more.addEventListener("click", actions.more);
    this.problem.querySelector("button").addEventListener("click", actions.reload);
    for (const button of this.filters) {
      button.addEventListener("click", () => {
        this.#press(button.dataset.filter);
        actions.filter(button.dataset.filter);
      });
    }
  }

  start(filter) {
    this.#press(filter);
  }

  clear() {
    this.list.show([]);
  }

  tick() {
    this.list.tick();
  }

  // `client` tells what is being loaded, and what went wrong.
  show(items, { inbox, loading, problem }) {
    this.list.show(items);
    this.loading.hidden = items.length > 0 || !loading;
    this.empty.hidden = items.length > 0 || Boolean(loading) || !inbox.loaded || Boolean(problem);
    this.more.hidden = items.length === 0 || !inbox.nextCursor;
    this.more.disabled = loading === "more";
    this.more.textContent = loading === "more" ? "Loading…" : "Load more";
    this.problem.hidden = !problem;
    const text = this.problem.querySelector("span");
    if (problem && text.textContent !== problem.message) text.textContent = problem.message;
    const [title, hint] = EMPTY[inbox.filter];
    this.empty.querySelector("h2").textContent = title;
    this.empty.querySelector("p").textContent = hint;
  }

  #press(filter) {
    for (const button of this.filters) {
      button.setAttribute("aria-pressed", String(button.dataset.filter === filter));
    }
  }
}
