// The inbox as a server keeps it: what all clients have to agree with in the end. Written from
// docs/protocol.md, not from the client's code.

const EVENTS = {
  read: (item, { at }) => !item.read && Object.assign(item, { read: true, readAt: at }) && "read",
  unread: (item) => item.read && delete item.readAt && Object.assign(item, { read: false }) && "unread",
  archive(item) {
    if (item.archived) return false;
    item.archived = true;
    delete item.snoozedUntil;
    return "archived";
  },
  unarchive: (item) => item.archived && Object.assign(item, { archived: false }) && "unarchived",
  delete: () => "deleted",
  snooze(item, { until }) {
    if (item.snoozedUntil === until) return false;
    Object.assign(item, { archived: false, snoozedUntil: until });
    return "snoozed";
  },
  unsnooze(item, { at }) {
    if (!item.snoozedUntil) return false;
    delete item.snoozedUntil;
    item.arrivedAt = at;
    return "unsnoozed";
  },
  pin: (item) => !item.pinned && Object.assign(item, { pinned: true }) && "pinned",
  unpin: (item) => item.pinned && Object.assign(item, { pinned: false }) && "unpinned",
};

export const CHANGES = Object.keys(EVENTS);

export class Inbox {
  items = new Map();
  events = []; // the last ones
  seq = 0;
  onEvent = () => {};
  #time = Date.parse("2026-01-05T10:00:00.000Z");
  #kept;

  constructor(kept = 100) {
    this.#kept = kept;
  }

  // Every change is a millisecond later than the one before.
  #now() {
    return new Date(++this.#time).toISOString();
  }

  get unreadCount() {
    return this.#matching({ unread: true }).length;
  }

  send(fields = {}) {
    const at = this.#now();
    const id = `n${String(this.items.size + this.seq).padStart(6, "0")}`;
    const item = {
      id, userId: "ada", message: "Hello", priority: 3, read: false, archived: false, pinned: false,
      createdAt: at, arrivedAt: at, ...fields,
    };
    this.items.set(id, item);
    this.#append({ type: "notification", at }, [item]);
    return item;
  }

  change(change, { ids, filter, until }) {
    const at = this.#now();
    const meant = ids
      ? ids.map((id) => this.items.get(id)).filter(Boolean)
      : this.#matching(filter);
    if (!meant.length && ids) return null;
    const types = meant.map((item) => [item, EVENTS[change](item, { at, until })]);
    const changed = types.filter(([, type]) => type);
    if (change === "delete") for (const [{ id }] of changed) this.items.delete(id);
    for (let start = 0; start < changed.length; start += 100) {
      const some = changed.slice(start, start + 100);
      const names = some.map(([{ id }]) => id);
      this.#append({ type: some[0][1], at, ids: names, ...(until && { until }) });
    }
    return { changed: changed.length, nextCursor: null, seq: this.seq, unreadCount: this.unreadCount };
  }

  // What happens by itself, or by a sender.
  wake(id) {
    const item = this.items.get(id);
    if (!item?.snoozedUntil) return;
    delete item.snoozedUntil;
    item.arrivedAt = this.#now();
    this.#append({ type: "unsnoozed", at: item.arrivedAt, ids: [id] }, [item]);
  }

  edit(id, content) {
    const item = Object.assign(this.items.get(id), content, { editedAt: this.#now() });
    this.#append({ type: "updated", at: item.editedAt, ids: [id] }, [item]);
  }

  remove(id, type) {
    if (this.items.delete(id)) this.#append({ type, at: this.#now(), ids: [id] });
  }

  // Whatever happens to many at once.
  shake() {
    for (const item of this.items.values()) item.pinned = false;
    this.#append({ type: "changed", at: this.#now() });
  }

  list(filter, limit = 10, cursor = undefined) {
    const all = this.#matching(filter).sort(byPlace);
    const start = cursor ? all.findIndex((item) => byPlace(item, JSON.parse(cursor)) > 0) : 0;
    const items = start < 0 ? [] : all.slice(start, start + limit);
    const last = items.at(-1);
    const isMore = last && last !== all.at(-1);
    const place = last && { pinned: last.pinned, arrivedAt: last.arrivedAt, id: last.id };
    const nextCursor = isMore ? JSON.stringify(place) : null;
    return structuredClone({ items, nextCursor, unreadCount: this.unreadCount });
  }

  // The answer to a sync.
  sync(since, most = 40) {
    const { seq, unreadCount } = this;
    if (since === undefined) return { type: "ready", seq, unreadCount };
    const missed = this.events.filter((event) => event.seq > since);
    if (since > seq || missed.length < seq - since) {
      return { type: "sync", seq, unreadCount, recovered: false, events: [], more: false };
    }
    const events = missed.slice(0, most).map((event) => this.#asNow(event));
    const more = missed.length > most;
    const last = events.at(-1)?.seq ?? seq;
    return { type: "sync", seq: last, unreadCount, recovered: true, events, more };
  }

  #asNow(event) {
    if (!event.notifications) return event;
    const left = event.notifications.map(({ id }) => this.items.get(id)).filter(Boolean);
    return { ...event, notifications: structuredClone(left) };
  }

  #matching({ unread, archived = false, snoozed = false, category, priority, since = "" }) {
    return [...this.items.values()].filter((item) =>
      item.archived === archived && (item.snoozedUntil !== undefined) === snoozed
      && (unread ?? !item.read) === !item.read
      && (category ?? item.category) === item.category
      && (priority ?? item.priority) === item.priority && item.arrivedAt >= since);
  }

  #append({ type, at, ...rest }, notifications) {
    this.seq += 1;
    const event = { type, seq: this.seq, at, unreadCount: this.unreadCount, ...rest };
    if (notifications) event.notifications = structuredClone(notifications);
    this.events = [...this.events, event].slice(-this.#kept);
    this.onEvent(event);
  }
}

function byPlace(a, b) {
  const key = (item) => `${item.pinned ? 1 : 0} ${item.arrivedAt} ${item.id}`;
  return key(a) > key(b) ? -1 : key(a) < key(b) ? 1 : 0;
}
