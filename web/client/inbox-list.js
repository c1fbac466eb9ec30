// One list of a client: loads its pages, and applies the events that the client hands to it.

import { waitBefore } from "./backoff.js";
import * as rules from "./listing.js";
import { isPassing } from "./problem.js";

const LARGEST_PAGE = 100;
const MOST_KEPT = 500; // when it is loaded anew: who has scrolled that far stays where they are

export class InboxList extends EventTarget {
  filter;
  loading = "first";
  problem = null;

  #keeper;
  #pageSize;
  #listing;
  #items = null; //   what is shown; null when it has to be made out again
  #told = true; //    whether the listeners know the last change
  #request = null; // the AbortController of the page under way
  #attempt = 0;
  #retry = null; //   the timer that loads it anew
  #stale = true; //   the first page has to be loaded
  #leave;

  // `keeper` is the client's side: `page(query, signal)`, `changes()` under way, `changed()`, `timing`,
  // and `join(member)`, which answers how to leave.
  constructor(keeper, filter, pageSize) {
    super();
    this.filter = Object.freeze({ ...filter });
    this.#keeper = keeper;
    this.#pageSize = pageSize;
    this.#listing = rules.newListing(this.filter);
    this.#leave = keeper.join({
      take: (event) => this.#take(event),
      wake: () => this.#wake(),
      restart: () => this.reload(),
      pause: () => this.#pause(),
      redraw: () => this.#redraw(),
      tell: () => this.#tell(),
      known: () => this.#listing.items,
    });
  }

  get items() {
    return (this.#items ??= Object.freeze(rules.shown(this.#listing, this.#keeper.changes())));
  }

  get hasMore() {
    return this.#listing.nextCursor !== null;
  }

  reload() {
    this.#stale = true;
    const wanted = Math.min(MOST_KEPT, Math.max(this.#pageSize, this.items.length));
    this.#load("first", { limit: Math.min(LARGEST_PAGE, wanted) }, rules.firstPage, wanted);
  }

  more() {
    const { nextCursor: cursor } = this.#listing;
    if (this.loading || this.#stale || cursor === null) return;
    this.#load("more", { limit: this.#pageSize, cursor }, rules.furtherPage);
  }

  close() {
    this.#leave();
    this.#pause();
  }

  // ── what the client tells ──

  #take(event) {
    this.#place(rules.withEvent(this.#listing, event), this.loading !== "first");
  }

  // The server is there, or there again.
  #wake() {
    if (this.#stale && !this.#request) this.reload();
  }

  #pause() {
    clearTimeout(this.#retry);
    this.#retry = null;
    this.#request?.abort();
    this.#request = null;
    if (this.loading === "more") this.loading = null;
  }

  #tell() {
    if (this.#told) return;
    this.#told = true;
    this.dispatchEvent(new Event("change"));
    // All that was loaded has left the list: show what comes below.
    if (!this.problem && !this.items.length) this.more();
  }

  // ── loading ──

  // While the first page is under way, its own replay says whether it is still right.
  #place({ listing, reload }, mayReload = true) {
    this.#listing = listing;
    this.#redraw();
    if (reload && mayReload) this.#needs(this.#keeper.timing.gather);
  }

  #needs(wait) {
    this.#stale = true;
    if (this.#retry !== null) return;
    this.#retry = setTimeout(() => this.reload(), wait);
  }

  async #load(kind, query, place, wanted = 0) {
    this.#pause();
    const request = new AbortController();
    this.#request = request;
    this.loading = kind;
    this.#listing = rules.pageAsked(this.#listing);
    this.#changed();
    const asked = this.#pages(query, wanted, request.signal);
    const [page, problem] = await asked.then((answer) => [answer, null], (error) => [null, error]);
    // A newer request has taken over, or the list is closed.
    if (this.#request !== request) return;
    this.#request = null;
    this.loading = null;
    this.problem = problem;
    if (page) this.#loaded(place(this.#listing, page));
    else this.#failed(kind, problem);
    this.#changed();
  }

  // One page, or as many as have what is wanted, as one.
  async #pages(query, wanted, signal) {
    let page = await this.#keeper.page({ ...this.filter, ...query }, signal);
    while (page.items.length < wanted && page.nextCursor !== null) {
      const further = { ...this.filter, ...query, cursor: page.nextCursor };
      const next = await this.#keeper.page(further, signal);
      page = { ...next, items: [...page.items, ...next.items] };
    }
    return page;
  }

  #loaded(result) {
    this.#stale = false;
    this.#attempt = 0;
    this.#place(result);
  }

  #failed(kind, problem) {
    this.#listing = rules.pageFailed(this.#listing);
    const mayPass = isPassing(problem) || problem.status >= 500;
    if (kind === "more" || !mayPass) return;
    const { timing } = this.#keeper;
    const wait = waitBefore(this.#attempt++, timing) + timing.firstWait;
    this.#needs(Math.max(wait, (problem.retryAfter ?? 0) * 1000));
  }

  #redraw() {
    this.#items = null;
    this.#told = false;
  }

  #changed() {
    this.#redraw();
    this.#keeper.changed();
  }
}
