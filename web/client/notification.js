// What an event does to one notification, where it belongs, and in which order they stand. Pure.

const FIELDS = {
  read: ({ at }) => ({ read: true, readAt: at }),
  unread: () => ({ read: false, readAt: undefined }),
  archived: () => ({ archived: true, snoozedUntil: undefined }),
  unarchived: () => ({ archived: false }),
  snoozed: ({ until }) => ({ archived: false, snoozedUntil: until }),
  unsnoozed: ({ at }) => ({ snoozedUntil: undefined, arrivedAt: at }),
  pinned: () => ({ pinned: true }),
  unpinned: () => ({ pinned: false }),
};

// Its state may be newer than the event: a page can hold what the next events are about to tell.
const ALREADY = {
  read: (item) => item.read,
  unread: (item) => !item.read,
  archived: (item) => item.archived,
  unarchived: (item) => !item.archived,
  snoozed: (item, { until }) => item.snoozedUntil === until,
  unsnoozed: (item) => item.snoozedUntil === undefined,
  pinned: (item) => item.pinned,
  unpinned: (item) => !item.pinned,
};

const GONE = new Set(["deleted", "withdrawn", "expired"]);

// The event that a change leads to.
export const EVENT_OF = {
  read: "read",
  unread: "unread",
  archive: "archived",
  unarchive: "unarchived",
  delete: "deleted",
  snooze: "snoozed",
  unsnooze: "unsnoozed",
  pin: "pinned",
  unpin: "unpinned",
};

// The notification after an event that names it: the same object if it changes nothing, null if it
// is gone.
export function after(item, event) {
  if (GONE.has(event.type)) return null;
  if (!Object.hasOwn(FIELDS, event.type) || ALREADY[event.type](item, event)) return item;
  return withFields(item, FIELDS[event.type](event));
}

function withFields(item, fields) {
  const left = Object.entries({ ...item, ...fields }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(left);
}

export const isSnoozed = (item) => item.snoozedUntil !== undefined;

export const countsAsUnread = (item) => !item.read && !item.archived && !isSnoozed(item);

// `filter` is that of GET /api/notifications.
export function matches(item, { unread, archived, snoozed, category, priority, since }) {
  return item.archived === Boolean(archived)
    && isSnoozed(item) === Boolean(snoozed)
    && (unread === undefined || item.read !== unread)
    && (category === undefined || item.category === category)
    && (priority === undefined || item.priority === priority)
    && (since === undefined || Date.parse(item.arrivedAt) >= Date.parse(since));
}

// For sorting: pinned first, then the newest. Times of the API are of one form, so they compare as text.
export function compare(a, b) {
  if (a.pinned !== b.pinned) return a.pinned ? -1 : 1;
  if (a.arrivedAt !== b.arrivedAt) return a.arrivedAt > b.arrivedAt ? -1 : 1;
  return a.id === b.id ? 0 : a.id > b.id ? -1 : 1;
}
