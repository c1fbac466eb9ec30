// Belfry's client: one person's inbox, kept in step with the server. No dependencies; for pages and for
// Node. What it offers stands in belfry-client.d.ts, how to use it in docs/javascript-client.md.

import { Api } from "./client/api.js";
import { Changes } from "./client/changes.js";
import { Connection } from "./client/connection.js";
import { InboxList } from "./client/inbox-list.js";
import { withChanges } from "./client/listing.js";
import { countsAsUnread, EVENT_OF, matches } from "./client/notification.js";
import { watchLeaving } from "./client/page.js";
import { Problem } from "./client/problem.js";
import { newStream, receive } from "./client/stream.js";
import { TIMING } from "./client/timing.js";

export { InboxList, Problem };

const MOST_ACKNOWLEDGED = 100; // in one frame, as docs/protocol.md has it

export class BelfryClient extends EventTarget {
  #api;
  #connection;
  #changes;
  #keeper; //            what a list needs of this client
  #members = new Set(); // how the open lists are told, as of InboxList
  #stream = newStream();
  #state = { name: "stopped" };
  #unwatch = null; //    there while it runs

  constructor({ url = globalThis.location?.origin, socketUrl, token, fetch, WebSocket, timing }) {
    super();
    if (!url) throw new TypeError("`url` is missing: where is Belfry? Such as https://belfry.example");
    const origin = url.replace(/\/+$/, "");
    const times = { ...TIMING, ...timing };
    this.#api = new Api({
      origin, token, fetch: fetch ?? globalThis.fetch, patience: times.patience,
      onUnauthorized: () => this.#unauthorized(),
    });
    this.#connection = this.#newConnection({
      address: socketUrl ?? `${origin.replace(/^http/, "ws")}/ws`,
      WebSocket: WebSocket === undefined ? globalThis.WebSocket : WebSocket,
      timing: times,
    });
    this.#changes = this.#newChanges(times);
    this.#keeper = this.#newKeeper(times);
  }

  start() {
    if (this.#state.name !== "stopped") return;
    this.#unwatch = watchLeaving(() => this.#changes.sendAll());
    this.#connection.start();
  }

  stop() {
    if (this.#state.name === "stopped") return;
    this.#unwatch();
    this.#changes.abandon();
    for (const member of this.#members) member.pause();
    this.#connection.stop();
  }

  retryNow() {
    this.#connection.retryNow();
  }

  get state() {
    return this.#state;
  }

  get seq() {
    return this.#stream.seq;
  }

  get unreadCount() {
    const ids = new Set(this.#changes.pending.flatMap((change) => [...change.ids]));
    const difference = [...ids].reduce((sum, id) => sum + this.#unreadMade(id), 0);
    return Math.max(0, this.#stream.unreadCount + difference);
  }

  list(filter = {}, { pageSize = 20 } = {}) {
    const list = new InboxList(this.#keeper, filter, pageSize);
    if (this.seq !== null && this.#state.name !== "stopped") this.#each("wake");
    return list;
  }

  async counts(filters) {
    const query = { filters: JSON.stringify(filters) };
    return (await this.#api.request("GET", "/api/inbox/counts", { query })).counts;
  }

  change(change, what, options) {
    return this.hold(change, what, options).release();
  }

  hold(change, { ids, filter }, { until } = {}) {
    if (!Object.hasOwn(EVENT_OF, change)) throw new TypeError(`There is no change "${change}".`);
    const what = ids ? { ids: [...ids] } : { filter };
    const known = what.ids ?? this.#idsOf(filter);
    return this.#changes.hold(change, what, known, until?.toISOString());
  }

  read = (ids) => this.change("read", { ids: [ids].flat() });
  unread = (ids) => this.change("unread", { ids: [ids].flat() });
  archive = (ids) => this.change("archive", { ids: [ids].flat() });
  unarchive = (ids) => this.change("unarchive", { ids: [ids].flat() });
  delete = (ids) => this.change("delete", { ids: [ids].flat() });
  snooze = (ids, until) => this.change("snooze", { ids: [ids].flat() }, { until });
  unsnooze = (ids) => this.change("unsnooze", { ids: [ids].flat() });
  pin = (ids) => this.change("pin", { ids: [ids].flat() });
  unpin = (ids) => this.change("unpin", { ids: [ids].flat() });

  request(method, path, { body, query, signal, idempotencyKey } = {}) {
    return this.#api.patiently(method, path, { body, query, signal, idempotencyKey });
  }

  // ── the parts ──

  #newConnection(options) {
    return new Connection({
      ...options,
      ticket: this.#api.ticket,
      request: (query, signal, patience) =>
        this.#api.request("GET", "/api/inbox/events", { query, signal, patience }),
      position: () => this.seq,
      received: (frame, since) => this.#received(frame, since),
      changed: (state) => this.#entered(state),
      closed: () => this.stop(),
    });
  }

  #newChanges(timing) {
    return new Changes({
      timing,
      // A click on a link may mark as read and leave the page: that has to get through.
      post: (body, idempotencyKey) => this.#api.request(
        "POST", "/api/inbox/changes", { body, idempotencyKey, keepalive: true }),
      position: () => this.seq,
      changed: () => {
        this.#each("redraw");
        this.#changed();
      },
      failed: (problem) => this.#tell("problem", problem),
    });
  }

  #newKeeper(timing) {
    return {
      timing,
      page: (query, signal) => this.#api.request("GET", "/api/notifications", { query, signal }),
      changes: () => this.#changes.pending,
      changed: () => this.#changed(),
      join: (member) => {
        this.#members.add(member);
        return () => this.#members.delete(member);
      },
    };
  }

  // ── what comes ──

  #received(frame, since) {
    const { stream, events, sync, restart } = receive(this.#stream, frame, since);
    this.#stream = stream;
    for (const event of events) this.#each("take", event);
    const arrived = this.#arrivals(events);
    this.#changes.confirm();
    if (sync) this.#connection.sync();
    if (restart) this.#each("restart");
    this.#acknowledge(events);
    this.#changed();
    for (const event of events) this.#tell("event", event);
    if (arrived.length) this.#tell("arrived", arrived);
  }

  // What has come and is still to be looked at: it may be read already elsewhere, or have been called
  // back from its snooze right here.
  #arrivals(events) {
    const bring = events.filter(({ type }) => type === "notification" || type === "unsnoozed");
    const items = bring.flatMap(({ notifications = [] }) => notifications).filter(countsAsUnread);
    const called = this.#changes.pending.filter(({ type }) => type === "unsnoozed");
    const news = items.filter(({ id }) => !called.some(({ ids }) => ids.has(id)));
    return [...new Map(news.map((item) => [item.id, item])).values()];
  }

  // Tells that these have come, for those who trace them.
  #acknowledge(events) {
    const news = events.filter(({ type }) => type === "notification");
    const ids = news.flatMap(({ notifications }) => notifications.map(({ id }) => id));
    for (let start = 0; start < ids.length; start += MOST_ACKNOWLEDGED) {
      const some = ids.slice(start, start + MOST_ACKNOWLEDGED);
      this.#connection.tell({ action: "ack", ref: "ack", ids: some });
    }
  }

  #entered(state) {
    this.#state = state;
    // The lists are loaded once the position is known; without a way to events they are readable too.
    const isReached = state.name === "live" || state.name === "polling";
    if (isReached || state.name === "waiting") this.#each("wake");
    if (isReached) this.#changes.hurry();
    this.#tell("state");
  }

  #unauthorized() {
    this.stop();
    this.#tell("unauthorized");
  }

  // ── what is shown ──

  #idsOf(filter) {
    const items = [...this.#members].flatMap((member) => [...member.known().values()]);
    const shown = items.map((item) => withChanges(item, this.#changes.pending));
    return shown.filter((item) => item && matches(item, filter)).map(({ id }) => id);
  }

  // By how much the changes under way make one notification count as unread.
  #unreadMade(id) {
    const lists = [...this.#members].map((member) => member.known());
    const item = lists.find((known) => known.has(id))?.get(id);
    if (!item) return 0;
    const changed = withChanges(item, this.#changes.pending);
    return Number(Boolean(changed) && countsAsUnread(changed)) - Number(countsAsUnread(item));
  }

  #each(what, ...given) {
    for (const member of [...this.#members]) member[what](...given);
  }

  #changed() {
    this.#each("tell");
    this.#tell("change");
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
