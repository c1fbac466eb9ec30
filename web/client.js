// One person's inbox, kept live: puts the API, the connection and the rules of inbox.js together.
// Knows no page; what changed is told to a listener.

import { waitBefore } from "./backoff.js";
import { Connection } from "./connection.js";
import * as rules from "./inbox.js";

const PAGE_SIZE = 20;
// Beyond this many items the list is loaded anew, so that a page left open for days stays small.
const MOST_ITEMS = 1000;
const MOST_ACKNOWLEDGED = 100; // in one frame, as docs/protocol.md has it

export class Client {
  inbox;
  loading = "first"; // null, "first" (the list is being replaced) or "more"
  problem = null; //    why the list could not be loaded

  #api;
  #listener;
  #connection;
  #request = null; // the AbortController of the page under way
  #attempt = 0;
  #retry = null;
  #stale = true; //   the list has to be loaded
  #stopped = false;

  // `listener` has `changed()`, called after each change of `inbox`, `loading` or `problem`;
  // `arrived(notifications)`; `connection(state)` as of Connection; `failed(problem)` when a mark
  // could not be kept.
  constructor(api, address, filter, listener) {
    this.#api = api;
    this.#listener = listener;
    this.inbox = rules.emptyInbox(filter);
    this.#connection = new Connection(address, {
      ticket: api.ticket,
      opened: () => this.#opened(),
      received: (frame) => this.#received(frame),
      changed: (state) => this.#connectionChanged(state),
    });
  }

  start() {
    this.#listener.changed();
    this.#connection.start();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#request?.abort();
    this.#connection.stop();
  }

  retryNow() {
    this.#connection.retryNow();
  }

  // ── the socket ──

  #connectionChanged(state) {
    this.#listener.connection(state);
    // The list is loaded once the position is known; without a socket it is readable all the same.
    if (state.name === "waiting" && this.loading && !this.#request) this.reload();
  }

  #opened() {
    this.inbox = rules.opened(this.inbox);
    this.#sync();
  }

  #sync() {
    const { seq } = this.inbox;
    this.#connection.send({ action: "sync", ref: "sync", ...(seq !== null && { since: seq }) });
  }

  #received(frame) {
    // Without a position nothing live can be relied on: come back later with a new socket.
    if (isError(frame)) return frame.ref === "sync" || !frame.ref ? this.#connection.drop() : null;
    const { inbox, sync, reload, arrived } = rules.receive(this.inbox, frame);
    this.#acknowledge(idsBetween(this.inbox.seq, inbox.seq, frame));
    this.inbox = inbox;
    if (frame.type === "ready" || frame.type === "sync") this.#connection.settled();
    if (sync) this.#sync();
    const tooMany = inbox.items.length > MOST_ITEMS && !this.loading;
    const missing = this.#stale && frame.type === "sync" && !this.loading;
    if (reload || tooMany || missing) this.reload();
    if (arrived.length) this.#listener.arrived(arrived);
    this.#changed();
  }

  // Tells that these have come, for those who trace them.
  #acknowledge(ids) {
    for (let start = 0; start < ids.length; start += MOST_ACKNOWLEDGED) {
      const some = ids.slice(start, start + MOST_ACKNOWLEDGED);
      this.#connection.tell({ action: "ack", ref: "ack", ids: some });
    }
  }

  // ── the list ──

  reload() {
    this.#stale = true;
    return this.#load("first", rules.pageLoaded);
  }

  more() {
    const { nextCursor } = this.inbox;
    if (this.loading || !nextCursor) return undefined;
    return this.#load("more", rules.pageAppended, nextCursor);
  }

  filter(filter) {
    this.inbox = rules.filtered(this.inbox, filter);
    return this.reload();
  }

  async #load(kind, place, cursor) {
    clearTimeout(this.#retry);
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    this.loading = kind;
    this.inbox = rules.pageAsked(this.inbox);
    this.#listener.changed();
    const unread = this.inbox.filter === "unread";
    const asked = this.#api.list({ limit: PAGE_SIZE, cursor, unread, signal: request.signal });
    const [page, problem] = await asked.then((answer) => [answer, null], (error) => [null, error]);
    // A newer request has taken over, or nobody is signed in any more.
    if (this.#request !== request || this.#stopped) return;
    this.#request = null;
    this.loading = null;
    this.problem = problem;
    if (page) this.#placed(place(this.inbox, page));
    else this.#loadFailed(kind);
    this.#changed();
  }

  #placed(inbox) {
    this.inbox = inbox;
    this.#stale = false;
    this.#attempt = 0;
  }

  #loadFailed(kind) {
    this.inbox = rules.pageFailed(this.inbox);
    if (kind === "more") return;
    this.#retry = setTimeout(() => this.reload(), waitBefore(this.#attempt++) + 1000);
  }

  #changed() {
    this.#listener.changed();
    // Everything that was loaded has been filtered out by reading it: show what comes below.
    if (!this.problem && !rules.shownItems(this.inbox).length) this.more();
  }

  // ── marks ──

  async mark(id, read) {
    if (rules.isMarking(this.inbox, id)) return;
    this.inbox = rules.markStarted(this.inbox, id, read);
    this.#changed();
    try {
      await this.#api.mark(id, read);
      this.inbox = rules.markSettled(this.inbox, id);
    } catch (problem) {
      this.inbox = rules.markFailed(this.inbox, id);
      if (!this.#stopped) this.#listener.failed(problem);
    }
    if (!this.#stopped) this.#changed();
  }
}

// The notifications of the events of a frame by which the position went from one number to another.
function idsBetween(before, after, frame) {
  const events = frame.type === "sync" ? frame.events : [frame];
  const applied = events.filter(({ type, seq }) =>
    type === "notification" && seq > before && seq <= after);
  return applied.flatMap((event) => event.notifications.map(({ id }) => id));
}

// A frame without a type is the gateway's own word for a function that failed.
const isError = (frame) => frame.type === "error" || frame.type === undefined;
