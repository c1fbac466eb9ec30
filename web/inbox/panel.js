// The panel: what one sees of the inbox, in which state it ever is. It holds a list of the client
// while it is open.

import { Actions } from "./actions.js";
import { Around } from "./around.js";
import { Bar } from "./bar.js";
import { Feed } from "./feed.js";
import { Filters } from "./filters.js";
import { icon, make, set } from "./make.js";
import { SnoozeMenu } from "./snooze-menu.js";
import { Status } from "./status.js";

const PAGE_SIZE = 30;

export class Panel {
  #list = null;
  #shown = []; //     what the feed was given last
  #isAtEnd = false; // whether the end of the list is near the window

  // `on` has tabChanged(tab), opened(item) as of Actions, announce(text), and close() to shut the panel.
  constructor(client, words, on) {
    Object.assign(this, { client, words, on });
    this.bar = new Bar(words);
    this.menu = new SnoozeMenu(words);
    this.actions = new Actions(client, { bar: this.bar, menu: this.menu, words, opened: on.opened });
    this.filters = new Filters(words, () => this.#filtered());
    this.status = new Status(words, {
      retry: () => client.retryNow(), announce: (text) => on.announce(text),
    });
    this.element = this.#build();
    this.feed = new Feed(this.articles, words, {
      act: (name, item, from) => this.actions.act(name, item, from),
      left: () => this.element.focus(),
    });
    this.end = new IntersectionObserver((entries) => {
      this.#isAtEnd = entries.at(-1).isIntersecting; // several: it has come and gone since
      this.#goOn();
    }, { rootMargin: "600px 0px", scrollMargin: "600px 0px" });
    this.element.addEventListener("left", () => this.feed.focus());
    this.element.addEventListener("keydown", (event) => this.#pressed(event));
  }

  get tab() {
    return this.filters.tab;
  }

  open() {
    if (this.#list) return;
    this.#load();
    // A panel that is no popover grows with the page, unless its place has a height.
    this.feed.watch(this.element.popover ? this.scroller : null);
    this.end.observe(this.endMark);
    this.ticking = setInterval(() => this.feed.tick(), 30_000);
  }

  close() {
    if (!this.#list) return;
    clearInterval(this.ticking);
    this.bar.settle();
    this.end.disconnect();
    this.#leaveList();
    this.feed.show([], false);
    this.#shown = [];
  }

  // It will not be opened any more.
  leave() {
    this.close();
    this.status.stop();
  }

  // Something of the client has changed.
  update() {
    this.filters.count(this.client.unreadCount);
    this.status.show(this.client.state);
  }

  focus() {
    if (this.#shown.length) this.feed.focus();
    else this.element.focus();
  }

  // ── the list ──

  #load() {
    this.#list = this.client.list(this.filters.filter, { pageSize: PAGE_SIZE });
    this.#list.addEventListener("change", this.#draw);
    this.#draw();
  }

  #leaveList() {
    this.#list.removeEventListener("change", this.#draw);
    this.#list.close();
    this.#list = null;
  }

  #filtered() {
    this.on.tabChanged(this.tab);
    if (!this.#list) return;
    this.#leaveList();
    this.scroller.scrollTop = 0;
    this.#load();
  }

  #goOn() {
    const { loading, hasMore, problem } = this.#list ?? {};
    if (this.#isAtEnd && hasMore && !loading && !problem) this.#list.more();
  }

  #draw = () => {
    if (!this.#list) return;
    const { items, loading, problem, hasMore } = this.#list;
    if (items !== this.#shown) this.filters.offer(items);
    this.#shown = items;
    this.feed.show(this.#shown, hasMore);
    this.articles.hidden = !this.#shown.length;
    this.around.show(this.#shown.length > 0, loading, problem, this.filters);
    set(this.articles, "aria-busy", String(Boolean(loading)));
    this.readAll.disabled = !hasMore && this.#shown.every(({ read }) => read);
    this.archiveAll.disabled = !this.#shown.length;
    this.archiveAll.hidden = this.tab === "archived";
    // It tells anew whether the end is still near.
    this.end.unobserve(this.endMark);
    this.end.observe(this.endMark);
  };

  #pressed(event) {
    if (event.key === "Escape" && this.bar.isAsking) {
      event.preventDefault(); // or it would close the panel, too
      return this.bar.cancel();
    }
    const isTyping = event.target.matches("input, select, textarea");
    if (event.key !== "z" || isTyping || event.metaKey || event.altKey || !this.bar.undo) return undefined;
    event.preventDefault();
    return this.bar.undo();
  }

  // ── what it is made of ──

  #build() {
    const { words } = this;
    this.articles = make("div", { class: "feed", part: "list", role: "feed", hidden: true,
      "aria-label": words.say("title"), "aria-describedby": "keys" });
    this.endMark = make("div", { class: "end", "aria-hidden": "true" });
    this.around = new Around(words, { again: () => this.#again(), widen: () => this.filters.widen() });
    const { trouble, skeleton, empty, more } = this.around;
    this.scroller = make("div", { class: "scroller" }, trouble, skeleton, empty, this.articles, more,
      this.endMark);
    const keys = make("p", { class: "heard", id: "keys" }, words.say("keys"));
    const named = { id: "panel", tabindex: -1, "aria-labelledby": "heading" };
    return make("section", { class: "panel", part: "panel", ...named }, this.#buildHead(), this.filters.element, keys, this.scroller,
      this.bar.element, this.bar.polite, this.bar.urgent, this.menu.element);
  }

  #buildHead() {
    const { words } = this;
    const button = (name, act) => make("button", { type: "button", class: "action", part: "action",
      "aria-label": words.say(name), title: words.say(name), onclick: act }, icon(name));
    this.readAll = button("readAll", () => this.actions.all("read", this.filters.filter, "allRead"));
    this.archiveAll = button("archiveAll", () => this.bar.ask(words.say("confirmArchiveAll"), "archiveAll",
      () => this.actions.all("archive", this.filters.filter, "allArchived"), this.archiveAll));
    const close = button("close", () => this.on.close());
    close.classList.add("close");
    return make("header", { class: "head", part: "header" },
      make("h2", { class: "heading", id: "heading", part: "title" }, words.say("title")),
      this.status.element, make("div", { class: "head-actions" }, this.readAll, this.archiveAll, close));
  }

  #again() {
    this.#list.more();
    if (!this.#list.loading) this.#list.reload();
  }
}
