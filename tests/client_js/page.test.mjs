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

test("a sleeping page that is stopped stays so", async (t) => {
  const { client } = await live(t);
  show("hidden");
  await isIn(client, "sleeping");
  client.stop();
  show("visible");
  await pause(30);
  assert.equal(client.state.name, "stopped");
});
