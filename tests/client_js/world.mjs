// A server, clients of it, and waiting until they agree.

import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

import { BelfryClient } from "../../web/belfry-client.js";
import { CHANGES } from "./inbox.mjs";
import { Server } from "./server.mjs";

// A day of a client in a second; but a busy machine may take its time to answer.
export const IMPATIENT = {
  patience: 5000, heartbeat: 400, firstWait: 5, longestWait: 60, steady: 60, poll: 1000, probe: 150,
  sleep: 50, gather: 5,
};

// Ends with the test `t`.
export async function startServer(t, inbox) {
  const server = new Server(inbox);
  await server.start();
  t.after(() => server.stop());
  return server;
}

export function startClient(t, server, options = {}) {
  const { timing, ...rest } = options;
  const client = new BelfryClient({
    url: server.url, token: "token", timing: { ...IMPATIENT, ...timing }, ...rest,
  });
  t.after(() => client.stop());
  client.start();
  return client;
}

// Looks again until nothing is thrown; throws the last time.
export async function eventually(look, milliseconds = 30_000) {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await pause(5);
    }
  }
}

export const isIn = (client, name) => eventually(() => assert.equal(client.state.name, name));

// Scrolls to the end, until the list is exactly the server's.
export function agrees(client, list, inbox) {
  return eventually(() => {
    const { items } = inbox.list(list.filter, Infinity);
    if (list.hasMore) list.more();
    assert.deepEqual(list.items, items);
    assert.equal(list.loading, null);
    assert.equal(list.hasMore, false);
    assert.equal(client.unreadCount, inbox.unreadCount);
    assert.equal(client.seq, inbox.seq);
  });
}

// Everything that `client` says, by the names of its events.
export function heard(client) {
  const said = { arrived: [], event: [], problem: [], unauthorized: [], state: [] };
  for (const name of Object.keys(said)) {
    client.addEventListener(name, ({ detail }) =>
      said[name].push(name === "state" ? client.state.name : detail));
  }
  return said;
}

// Numbers from 0 to 1, the same for each seed (mulberry32).
export function randomOf(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const pick = (random, choices) => choices[Math.floor(random() * choices.length)];

export const UNTIL = "2026-06-01T09:00:00.000Z";

// Something that happens at the server, by another device or by a sender.
export function happen(random, inbox) {
  const ids = [...inbox.items.keys()];
  const id = pick(random, ids);
  const what = random();
  if (!id || what < 0.3) return inbox.send(pick(random, [{}, { category: "ci" }, { priority: 5 }]));
  if (what < 0.35) return inbox.edit(id, { message: `Edited ${what}`, category: "edited" });
  if (what < 0.4) return inbox.wake(pick(random, snoozed(inbox)));
  if (what < 0.43) return inbox.remove(id, pick(random, ["withdrawn", "expired"]));
  if (what < 0.44) return inbox.shake();
  const change = pick(random, CHANGES);
  const until = change === "snooze" ? UNTIL : undefined;
  const some = ids.filter(() => random() < 0.2).slice(0, 100);
  const many = random() < 0.1 ? { filter: { unread: random() < 0.5 } } : { ids: [id, ...some] };
  return inbox.change(change, { ...(random() < 0.5 ? { ids: [id] } : many), until });
}

const snoozed = (inbox) =>
  [...inbox.items.values()].filter((item) => item.snoozedUntil).map(({ id }) => id);
