// What a list shows, without a server's timing.

import assert from "node:assert/strict";
import { test } from "node:test";

import * as rules from "../../web/client/listing.js";
import { Inbox } from "./inbox.mjs";
import { happen, pick, randomOf, UNTIL } from "./world.mjs";

const AT = "2026-01-05T10:00:00.000Z";

const item = (number, fields = {}) => ({
  id: `n${number}`, message: "Hello", priority: 3, read: false, archived: false, pinned: false,
  arrivedAt: new Date(Date.parse(AT) + number).toISOString(), ...fields,
});

const loaded = (filter, items, nextCursor = null) =>
  rules.firstPage(rules.pageAsked(rules.newListing(filter)), { items, nextCursor }).listing;

const idsOf = (listing, changes = []) => rules.shown(listing, changes).map(({ id }) => id);

const change = (type, ids, fields = {}) => ({ type, ids, at: AT, ...fields });

test("pinned ones stand first, then the newest, then the greater id", () => {
  const twin = item(2, { id: "n2b" });
  const listing = loaded({}, [item(1, { pinned: true }), item(3), twin, item(2)]);
  assert.deepEqual(idsOf(listing), ["n1", "n3", "n2b", "n2"]);
});

for (const [type, filter, stays] of [
  ["read", { unread: true }, false], ["read", {}, true], ["archived", {}, false],
  ["snoozed", {}, false], ["deleted", {}, false], ["withdrawn", {}, false], ["expired", {}, false],
  ["pinned", {}, true],
]) {
  test(`${type}: ${stays ? "stays in" : "leaves"} the list ${JSON.stringify(filter)}`, () => {
    const { listing, reload } = rules.withEvent(loaded(filter, [item(1)]), change(type, ["n1"], { until: UNTIL }));
    assert.deepEqual([idsOf(listing), reload], [stays ? ["n1"] : [], false]);
  });
}

test("what came back is at its place again, without asking the server", () => {
  const away = rules.withEvent(loaded({}, [item(2), item(1)]), change("archived", ["n1"])).listing;
  const { listing, reload } = rules.withEvent(away, change("unarchived", ["n1"]));
  assert.deepEqual([idsOf(listing), reload], [["n2", "n1"], false]);
});

for (const [type, filter, reloads] of [
  ["unread", { unread: true }, true], ["unread", {}, false], ["read", { unread: false }, true],
  ["archived", { archived: true }, true], ["archived", {}, false], ["unarchived", {}, true],
  ["snoozed", { snoozed: true }, true], ["unsnoozed", {}, true], ["deleted", {}, false],
  ["unpinned", {}, false], ["pinned", {}, true], ["updated", {}, true], ["changed", {}, true],
  ["of a later version", {}, true],
]) {
  test(`${type}, not loaded here: the list ${JSON.stringify(filter)} is ${reloads ? "" : "not "}loaded anew`, () => {
    const listing = loaded(filter, [item(9)], "cursor");
    assert.equal(rules.withEvent(listing, change(type, ["n1"])).reload, reloads);
  });
}

test("what comes with its event is put at its place", () => {
  const event = { type: "unsnoozed", ids: ["n1"], at: AT, notifications: [item(7, { id: "n1" })] };
  const { listing, reload } = rules.withEvent(loaded({}, [item(8), item(2)]), event);
  assert.deepEqual([idsOf(listing), reload], [["n8", "n1", "n2"], false]);
});

test("what is replaced may leave or enter by its new content", () => {
  const listing = loaded({ category: "ci" }, [item(2, { category: "ci" })]);
  const updated = [item(2, { category: "other" }), item(1, { category: "ci" })];
  const event = { type: "updated", ids: ["n1", "n2"], at: AT, notifications: updated };
  assert.deepEqual(idsOf(rules.withEvent(listing, event).listing), ["n1"]);
});

test("what falls below the last page is shown when its page comes", () => {
  const listing = loaded({}, [item(1, { pinned: true }), item(9)], "cursor");
  const unpinned = rules.withEvent(listing, change("unpinned", ["n1"])).listing;
  assert.deepEqual(idsOf(unpinned), ["n9"]);
  const page = { items: [item(5), item(1)], nextCursor: null };
  assert.deepEqual(idsOf(rules.furtherPage(rules.pageAsked(unpinned), page).listing), ["n9", "n5", "n1"]);
});

test("a page that is older than an event is brought up to date", () => {
  const asked = rules.pageAsked(rules.newListing({}));
  const during = rules.withEvent(asked, change("archived", ["n1"])).listing;
  const page = { items: [item(2), item(1)], nextCursor: null };
  const { listing, reload } = rules.firstPage(during, page);
  assert.deepEqual([idsOf(listing), reload], [["n2"], false]);
});

test("changes under way are shown and change nothing else", () => {
  const listing = loaded({}, [item(2), item(1)]);
  const pending = [{ type: "archived", ids: new Set(["n2"]), at: AT }];
  assert.deepEqual(idsOf(listing, pending), ["n1"]);
  assert.deepEqual(idsOf(listing), ["n2", "n1"]);
});

test("items that nothing changed are the same objects", () => {
  const listing = loaded({}, [item(2), item(1)]);
  const [two] = rules.shown(listing, []);
  const { listing: next } = rules.withEvent(listing, change("read", ["n1"]));
  assert.equal(rules.shown(next, [])[0], two);
});

test("a list that thousands have entered and left is loaded anew", () => {
  let listing = loaded({ unread: true }, []);
  let reload = false;
  for (let number = 0; number <= 1000; number += 1) {
    const arrival = { type: "notification", at: AT, notifications: [item(number)] };
    ({ listing, reload } = rules.withEvent(listing, arrival));
    assert.equal(reload, number === 1000);
    listing = rules.withEvent(listing, change("read", [`n${number}`])).listing;
  }
});

const FILTERS = [
  {}, { unread: true }, { unread: false }, { archived: true }, { snoozed: true }, { category: "ci" },
  { priority: 5 }, { since: "2026-01-05T10:00:00.150Z" }, { archived: true, unread: true },
];

// The events of the inbox reach the list later than its pages are made, in this order only.
for (const filter of FILTERS) {
  test(`pages and events in any mixture end at the server's list ${JSON.stringify(filter)}`, () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const random = randomOf(seed);
      const inbox = new Inbox();
      const queue = [];
      inbox.onEvent = (event) => queue.push(structuredClone(event));
      let listing = rules.newListing(filter);
      let stale = true;
      const take = ({ listing: next, reload }) => {
        listing = next;
        stale ||= reload;
      };
      const page = (first) => {
        stale &&= !first;
        listing = rules.pageAsked(listing);
        const cursor = first ? undefined : listing.nextCursor;
        const answer = inbox.list(filter, 5, cursor);
        for (let late = 0; late < 3; late += 1) step();
        take((first ? rules.firstPage : rules.furtherPage)(listing, answer));
      };
      const step = () => {
        if (random() < 0.6) happen(random, inbox);
        else if (queue.length) take(rules.withEvent(listing, queue.shift()));
      };
      page(true);
      for (let steps = 0; steps < 150; steps += 1) {
        step();
        if (stale && random() < 0.3) page(true);
        else if (!stale && listing.nextCursor && random() < 0.1) page(false);
      }
      while (queue.length) take(rules.withEvent(listing, queue.shift()));
      if (stale) page(true);
      while (queue.length) take(rules.withEvent(listing, queue.shift()));
      for (; stale || listing.nextCursor; random()) {
        page(stale);
        while (queue.length) take(rules.withEvent(listing, queue.shift()));
      }
      assert.deepEqual(rules.shown(listing, []), inbox.list(filter, Infinity).items, `seed ${seed}`);
    }
  });
}
