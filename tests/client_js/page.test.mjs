// What the page around has to say: hidden or seen, with a network or without.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { agrees, eventually, heard, isIn, startClient, startServer } from "./world.mjs";

// As much of a browser as the client looks at.
const network = new EventTarget();
const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
Object.assign(globalThis, {
  document,
  addEventListener: network.addEventListener.bind(network),
});
after(() => {
  delete globalThis.document;
  delete globalThis.addEventListener;
});

function show(visibilityState) {
  document.visibilityState = visibilityState;
  document.dispatchEvent(new Event("visibilitychange"));
}

async function live(t, options) {
  show("visible");
  const server = await startServer(t);
  const client = startClient(t, server, options);
  const list = client.list();
  await isIn(client, "live");
  await agrees(client, list, server.inbox);
  return { server, client, list };
}

test("a hidden page sleeps after a while, and catches up when it is seen", async (t) => {
  const { server, client, list } = await live(t);
  show("hidden");
  await isIn(client, "sleeping");
  await eventually(() => assert.equal(server.sockets.size, 0));
  const { length } = server.asked;
  server.inbox.send();
  await pause(100);
  assert.equal(server.asked.length, length);
  show("visible");
  await agrees(client, list, server.inbox);
  await isIn(client, "live");
});

test("a page that is hidden for a moment keeps its socket", async (t) => {
  const { server, client } = await live(t, { timing: { sleep: 2000 } });
  const said = heard(client);
  show("hidden");
  await pause(10);
  show("visible");
  await pause(80);
  assert.deepEqual([said.state, server.opened], [[], 1]);
});

test("a page that is seen again asks at once whether it has missed anything", async (t) => {
  const { server } = await live(t, { timing: { heartbeat: 60_000 } });
  const before = server.received.length;
  show("visible");
  await eventually(() => assert.equal(server.received.length, before + 1));
});

test("a network that comes back is used at once", async (t) => {
  const { server, client } = await live(t, { timing: { firstWait: 60_000, longestWait: 60_000 } });
  server.refuse = () => ({ status: 0 });
  server.breakAll();
  await isIn(client, "waiting");
  server.refuse = () => undefined;
  network.dispatchEvent(new Event("online"));
  await isIn(client, "live");
});

test("what waits behind a slow change goes out at once when the page is left, and acts once", async (t) => {
  const { server, client, list } = await live(t);
  const ids = Array.from({ length: 4 }, () => server.inbox.send().id);
  await agrees(client, list, server.inbox);
  const changes = () => server.asked.filter(({ path }) => path.includes("changes"));
  const slow = new Promise((resolve) => { server.letGo = resolve; });
  server.refuse = ({ body }) => (body?.change === "pin" ? slow.then(() => undefined) : undefined);
  const done = [client.pin(ids[0]), client.archive(ids[1]), client.read(ids[2])];
  client.hold("delete", { ids: [ids[3]] });
  await eventually(() => assert.equal(changes().length, 1));
  await pause(20);
  assert.equal(changes().length, 1);

  network.dispatchEvent(new Event("pagehide"));
  await eventually(() => assert.equal(changes().length, 4));
  assert.equal(server.inbox.items.get(ids[1]).archived, true);
  assert.equal(server.inbox.items.has(ids[3]), false);

  server.letGo(); // it was only put aside
  assert.deepEqual((await Promise.all(done)).map(({ changed }) => changed), [1, 1, 1]);
  await agrees(client, list, server.inbox);
  assert.equal(changes().length, 4);
});

test("what goes out when the page is left is no more than a browser takes", async (t) => {
  const sizes = [];
  const { server, client } = await live(t, {
    fetch: (url, { body, ...options }) => {
      if (url.includes("changes")) sizes.push(body.length);
      return options.keepalive && url.includes("changes") ? new Promise(() => {}) : fetch(url, { body, ...options });
    },
  });
  const ids = Array.from({ length: 100 }, (_, at) => `${at}`.padStart(36, "0"));
  for (let times = 0; times < 30; times += 1) client.read(ids);
  network.dispatchEvent(new Event("pagehide"));
  await eventually(() => assert.ok(sizes.length > 10));
  assert.ok(sizes.reduce((sum, size) => sum + size, 0) < 65_536);
  assert.equal(server.asked.some(({ path }) => path.includes("changes")), false);
});

test("a client that is stopped does not look at the page any more", async (t) => {
  const { server, client } = await live(t);
  client.stop();
  client.hold("read", { ids: ["n000000"] });
  network.dispatchEvent(new Event("pagehide"));
  await pause(30);
  assert.equal(server.asked.some(({ path }) => path.includes("changes")), false);
});

test("a sleeping page that is stopped stays so", async (t) => {
  const { client } = await live(t);
  show("hidden");
  await isIn(client, "sleeping");
  client.stop();
  show("visible");
  await pause(30);
  assert.equal(client.state.name, "stopped");
});
