// What a device knows of one filtered list: applies events and pages of the API to a state. Pure: no
// network, no clock. Every function returns a new state, except where it says otherwise.

import { after, compare, matches } from "./notification.js";

// Beyond so many items that no page has brought, the list is loaded anew: it stays small for days.
const MOST_EXTRA = 1000;

export const newListing = (filter) => ({
  filter,
  items: new Map(), //  by id; also those that have left the list, for they may come back
  fetched: 0, //        how many of them pages have brought
  boundary: null, //    the last item of the last page: what stands below it is not known
  nextCursor: null,
  loaded: false,
  meanwhile: null, //   the events since a page was asked for; null when none is awaited
});

// ── events ──

// Whether an event may bring a notification that is not known here into the list.
const BRINGS = {
  read: ({ filter }) => filter.unread === false,
  unread: ({ filter }) => filter.unread === true,
  archived: ({ filter }) => Boolean(filter.archived),
  unarchived: ({ filter }) => isOfInbox(filter),
  snoozed: ({ filter }) => Boolean(filter.snoozed),
  unsnoozed: ({ filter }) => isOfInbox(filter),
  // Also when everything seems to be loaded: it may have jumped over the cursor between two pages.
  pinned: () => true,
  unpinned: () => false,
  deleted: () => false,
  withdrawn: () => false,
  expired: () => false,
};

// Events that bring the notifications along, so that nothing has to be asked for.
const CARRIES = new Set(["notification", "updated", "unsnoozed"]);

const isOfInbox = ({ archived, snoozed }) => !archived && !snoozed;

// Answers {listing, reload}: `reload` when only the server knows what the list is now.
export function withEvent(listing, event) {
  const reload = isElsewhere(listing, event);
  const meanwhile = listing.meanwhile && [...listing.meanwhile, event];
  const next = { ...listing, meanwhile, items: itemsAfter(listing, listing.items, event) };
  return { listing: next, reload: reload || next.items.size > next.fetched + MOST_EXTRA };
}

function isElsewhere(listing, event) {
  if (event.notifications && CARRIES.has(event.type)) return false;
  if (!Object.hasOwn(BRINGS, event.type)) return true;
  return BRINGS[event.type](listing) && event.ids.some((id) => !listing.items.has(id));
}

function itemsAfter(listing, items, event) {
  const next = new Map(items);
  for (const id of event.ids ?? []) changeOne(next, id, event);
  for (const item of event.notifications ?? []) putOne(listing, next, item);
  return next;
}

function changeOne(items, id, event) {
  if (!items.has(id)) return;
  const item = after(items.get(id), event);
  if (item) items.set(id, item);
  else items.delete(id);
}

function putOne(listing, items, item) {
  if (items.has(item.id) || (matches(item, listing.filter) && isWithin(listing, item))) {
    items.set(item.id, item);
  }
}

const isWithin = ({ nextCursor, boundary }, item) =>
  nextCursor === null || boundary === null || compare(item, boundary) <= 0;

// ── pages of the API ──

export const pageAsked = (listing) => ({ ...listing, meanwhile: [] });

export const pageFailed = (listing) => ({ ...listing, meanwhile: null });

// The first page takes the place of the list. `reload` as of withEvent.
export function firstPage(listing, page) {
  return withPage({ ...listing, fetched: 0, boundary: null }, new Map(), page);
}

// A further page goes below. What is known already was kept up to date by events.
export const furtherPage = (listing, page) => withPage(listing, listing.items, page);

function withPage(listing, known, page) {
  const items = new Map(known);
  for (const item of page.items) if (!known.has(item.id)) items.set(item.id, item);
  const start = {
    ...listing, items,
    fetched: listing.fetched + page.items.length,
    boundary: page.items.at(-1) ?? listing.boundary,
    nextCursor: page.nextCursor,
    loaded: true,
    meanwhile: null,
  };
  // The page may be older than an event that came while it was under way.
  return (listing.meanwhile ?? []).reduce(replayed, { listing: start, reload: false });
}

function replayed({ listing, reload }, event) {
  const next = withEvent(listing, event);
  return { listing: next.listing, reload: reload || next.reload };
}

// ── what to show ──

// In the order of the list, with the changes that are under way, which are as events.
export function shown(listing, changes) {
  const items = [...listing.items.values()].map((item) => withChanges(item, changes));
  return items
    .filter((item) => item && matches(item, listing.filter) && isWithin(listing, item))
    .sort(compare);
}

// The notification as these changes leave it; null if it is gone.
export function withChanges(item, changes) {
  const own = changes.filter(({ ids }) => ids.has(item.id));
  return own.reduce((changed, change) => changed && after(changed, change), item);
}
