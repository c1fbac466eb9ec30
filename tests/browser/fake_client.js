// A BelfryClient without a server: holds notifications, and does at once what the real one asks for.

import { after, compare, countsAsUnread, EVENT_OF, matches } from "/web/client/notification.js";

class FakeList extends EventTarget {
  problem = null;
  loading = null;

  constructor(client, filter, pageSize) {
    super();
    Object.assign(this, { client, filter, pageSize, shown: pageSize });
    if (client.held) this.loading = "first";
    this.refresh();
  }

  refresh() {
    const { items, failing } = this.client;
    this.problem = failing ? new Error(failing) : null;
    const isAway = failing || this.loading === "first";
    this.all = isAway ? [] : items.filter((item) => matches(item, this.filter)).sort(compare);
    this.items = this.all.slice(0, this.shown);
    this.hasMore = this.all.length > this.shown;
    this.dispatchEvent(new Event("change"));
  }

  more() {
    this.shown += this.pageSize;
    this.refresh();
  }

  reload() {
    this.loading = null;
    this.client.reloads += 1;
    this.refresh();
  }

  close() {
    this.client.lists.delete(this);
  }
}

export class FakeClient extends EventTarget {
  lists = new Set();
  asked = []; //    the changes, as the test wants to see them
  reloads = 0;
  failing = ""; //  why no list can be loaded
  held = false; //  whether lists stay loading
  state = { name: "live" };

  constructor(items = []) {
    super();
    this.items = items;
  }

  get unreadCount() {
    return this.items.filter(countsAsUnread).length;
  }

  list(filter, { pageSize }) {
    const list = new FakeList(this, filter, pageSize);
    this.lists.add(list);
    return list;
  }

  async change(change, { ids, filter }, { until } = {}) {
    const event = { type: EVENT_OF[change], at: new Date().toISOString(), until: until?.toISOString() };
    const chosen = new Set(ids ?? this.items.filter((item) => matches(item, filter)).map(({ id }) => id));
    this.asked.push({ change, ids: ids ?? null, filter: filter ?? null });
    this.items = this.items.map((item) => (chosen.has(item.id) ? after(item, event) : item)).filter(Boolean);
    this.refresh();
    return { changed: chosen.size };
  }

  hold(change, { ids }) {
    const held = this.items.filter(({ id }) => ids.includes(id));
    this.items = this.items.filter((item) => !held.includes(item));
    this.refresh();
    let isDone = false;
    const once = (act) => () => {
      if (!isDone) act();
      isDone = true;
    };
    return {
      release: once(() => this.asked.push({ change, ids, filter: null })),
      undo: once(() => {
        this.items = [...this.items, ...held];
        this.refresh();
      }),
    };
  }

  arrive(...items) {
    this.items = [...this.items, ...items];
    this.refresh();
    this.dispatchEvent(new CustomEvent("arrived", { detail: items }));
  }

  become(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }

  refresh() {
    for (const list of this.lists) list.refresh();
    this.dispatchEvent(new Event("change"));
  }

  retryNow() {
    this.become({ name: "live" });
  }

  read = (id) => this.change("read", { ids: [id] });
  unread = (id) => this.change("unread", { ids: [id] });
  archive = (id) => this.change("archive", { ids: [id] });
  unarchive = (id) => this.change("unarchive", { ids: [id] });
  delete = (id) => this.change("delete", { ids: [id] });
  snooze = (id, until) => this.change("snooze", { ids: [id] }, { until });
  unsnooze = (id) => this.change("unsnooze", { ids: [id] });
  pin = (id) => this.change("pin", { ids: [id] });
  unpin = (id) => this.change("unpin", { ids: [id] });
}
