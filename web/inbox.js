// The inbox as a device sees it: applies the frames of docs/protocol.md and the pages of the API to
// a state. Pure: no page, no network, no clock. Every function returns a new state.

export const emptyInbox = (filter = "all") => ({
  filter, //            "all" or "unread"
  seq: null, //         everything up to this number was seen; null before the first `ready`
  heard: 0, //          the highest number heard on this socket, seen or not
  unreadCount: 0, //    as the server said last
  items: [], //         newest first
  nextCursor: null,
  loaded: false, //     whether a first page was there
  meanwhile: null, //   the events since a page was asked for; null when none is awaited
  marks: {}, //         id → {read, settled}: marked here, not yet confirmed by an event
});

// ── frames ──

export const opened = (inbox) => ({ ...inbox, heard: 0 });

// Takes a frame of the server. Answers {inbox, sync, reload, arrived}: `sync` asks to send a sync
// from the new position, `reload` to load the list again, `arrived` are the notifications new here.
export function receive(inbox, frame) {
  if (frame.type === "ready") return startAt(inbox, frame);
  if (frame.type === "sync") return frame.recovered ? catchUp(inbox, frame) : startAt(inbox, frame);
  if (Number.isInteger(frame.seq)) return receiveEvent(inbox, frame);
  return outcome(inbox);
}

const outcome = (inbox, { sync = false, reload = false, arrived = [] } = {}) =>
  ({ inbox, sync, reload, arrived });

function startAt(inbox, { seq, unreadCount }) {
  return outcome({ ...inbox, seq, unreadCount }, { reload: true, sync: inbox.heard > seq });
}

function receiveEvent(inbox, event) {
  const heard = { ...inbox, heard: Math.max(inbox.heard, event.seq) };
  // Before the first position nothing is applied: the answer to the first sync compares `heard`.
  if (inbox.seq === null || event.seq <= inbox.seq) return outcome(heard);
  if (event.seq > inbox.seq + 1) return outcome(heard, { sync: true });
  return applyEvent(heard, event);
}

function catchUp(inbox, frame) {
  let result = outcome(inbox);
  const arrived = [];
  let reload = false;
  for (const event of frame.events) {
    if (event.seq <= result.inbox.seq) continue;
    result = applyEvent(result.inbox, event);
    arrived.push(...result.arrived);
    reload ||= result.reload;
  }
  const seq = Math.max(result.inbox.seq, frame.seq);
  const progressed = seq > inbox.seq;
  // An event that was heard live while the answer was under way is fetched by one more sync.
  // `heard` is forgotten when an answer brings nothing: a faulty server is not asked for ever.
  const sync = (progressed && frame.more) || inbox.heard > seq;
  const heard = progressed ? inbox.heard : 0;
  return outcome({ ...result.inbox, seq, heard, unreadCount: unreadAt(result.inbox, frame) },
    { sync, reload, arrived });
}

// A sync that is not the last part carries the count of now, the events the count of then.
const unreadAt = (inbox, frame) => (inbox.seq > frame.seq ? inbox.unreadCount : frame.unreadCount);

// ── events ──

function applyEvent(inbox, event) {
  const known = new Set(inbox.items.map((item) => item.id));
  const next = {
    ...inbox,
    seq: event.seq,
    unreadCount: event.unreadCount,
    items: withEvent(inbox.items, event),
    meanwhile: inbox.meanwhile && [...inbox.meanwhile, event],
    marks: withoutConfirmed(inbox.marks, event),
  };
  if (event.type === "notification") {
    const arrived = event.notifications.filter((item) => !known.has(item.id));
    return outcome(next, { arrived });
  }
  if (event.type === "read") return outcome(next);
  // Something unread again may belong anywhere into the unread list, and an event of a kind that
  // this page does not know may have changed anything.
  const elsewhere = inbox.filter === "unread" && event.ids?.some((id) => !known.has(id));
  return outcome(next, { reload: event.type !== "unread" || elsewhere });
}

function withEvent(items, event) {
  if (event.type === "notification") return merged(event.notifications, items);
  if (event.type !== "read" && event.type !== "unread") return items;
  const read = event.type === "read";
  const ids = new Set(event.ids);
  const marked = (item) => ({ ...item, read, readAt: read ? event.at : undefined });
  return items.map((item) => (ids.has(item.id) ? marked(item) : item));
}

// Both lists as one, newest first; where both have an item, the one of `first` is taken.
function merged(first, second) {
  const byId = new Map([...second, ...first].map((item) => [item.id, item]));
  return [...byId.values()].sort(newestFirst);
}

const newestFirst = (a, b) => (b.seq ?? 0) - (a.seq ?? 0) || (a.id < b.id ? 1 : -1);

function withoutConfirmed(marks, event) {
  const left = Object.entries(marks).filter(([id, mark]) =>
    !(event.ids?.includes(id) && mark.read === (event.type === "read")));
  return Object.fromEntries(left);
}

// ── pages of the API ──

export const pageAsked = (inbox) => ({ ...inbox, meanwhile: [] });

export const pageFailed = (inbox) => ({ ...inbox, meanwhile: null });

// The first page: takes the place of the list.
export function pageLoaded(inbox, page) {
  const unsettled = Object.entries(inbox.marks).filter(([, mark]) => !mark.settled);
  return withPage({ ...inbox, marks: Object.fromEntries(unsettled) }, page, page.items);
}

// A further page: goes below the list. What is there already was kept up to date by events.
export const pageAppended = (inbox, page) => withPage(inbox, page, merged(inbox.items, page.items));

function withPage(inbox, page, items) {
  const meanwhile = inbox.meanwhile ?? [];
  // The page may be older than an event that came while it was under way.
  const current = meanwhile.reduce(replayed, items);
  const unreadCount = meanwhile.length ? inbox.unreadCount : page.unreadCount;
  const { nextCursor } = page;
  return { ...inbox, items: current, unreadCount, nextCursor, loaded: true, meanwhile: null };
}

const replayed = (items, event) =>
  event.type === "notification" ? merged(items, event.notifications) : withEvent(items, event);

// Another filter: what is there already is shown at once, until the page of the server comes.
export const filtered = (inbox, filter) => ({ ...inbox, filter, nextCursor: null });

// ── marks, shown before the server has confirmed them ──

export const markStarted = (inbox, id, read) =>
  ({ ...inbox, marks: { ...inbox.marks, [id]: { read, settled: false } } });

export function markSettled(inbox, id) {
  if (!(id in inbox.marks)) return inbox;
  return { ...inbox, marks: { ...inbox.marks, [id]: { ...inbox.marks[id], settled: true } } };
}

export function markFailed(inbox, id) {
  const { [id]: _, ...marks } = inbox.marks;
  return { ...inbox, marks };
}

export const isMarking = (inbox, id) => inbox.marks[id]?.settled === false;

// ── what to show ──

const withMark = (inbox, item) =>
  item.id in inbox.marks ? { ...item, read: inbox.marks[item.id].read } : item;

export function shownItems(inbox) {
  const items = inbox.items.map((item) => withMark(inbox, item));
  return inbox.filter === "unread" ? items.filter((item) => !item.read) : items;
}

export function shownUnread(inbox) {
  const changes = inbox.items.filter((item) => withMark(inbox, item).read !== item.read);
  return changes.reduce((count, item) => count + (item.read ? 1 : -1), inbox.unreadCount);
}
