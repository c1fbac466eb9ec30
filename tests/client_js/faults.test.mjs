// A client whose server misbehaves shows what the server has, as soon as that can be known.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { Inbox } from "./inbox.mjs";
import {
  agrees, eventually, happen, heard, isIn, pick, randomOf, startClient, startServer,
} from "./world.mjs";

async function live(t, options) {
  const server = await startServer(t);
  for (let sent = 0; sent < 30; sent += 1) server.inbox.send();
  const client = startClient(t, server, options);
  const list = client.list();
  await agrees(client, list, server.inbox);
  await isIn(client, "live");
  return { server, client, list, said: heard(client) };
}

// ── close codes ──

for (const code of [1001, 1002, 1003, 1007, 1009, 1011, 1012, 4008]) {
  test(`closed with ${code}: it comes back and has missed nothing`, async (t) => {
    const { server, client, list, said } = await live(t);
    server.closeAll(code);
    server.inbox.send();
    await agrees(client, list, server.inbox);
    await isIn(client, "live");
    assert.equal(server.opened, 2);
    assert.deepEqual(said.event.map(({ seq }) => seq), [31]);
  });
}

test("closed with 1000: it stays away, until it is started again", async (t) => {
  const { server, client, list } = await live(t);
  server.closeAll(1000);
  await isIn(client, "stopped");
  server.inbox.send();
  await pause(100);
  assert.equal(server.opened, 1);
  client.start();
  await agrees(client, list, server.inbox);
});

test("closed with 1001 after a while: it comes back without a wait", async (t) => {
  const { server, client, said } = await live(t, { timing: { steady: 20 } });
  await pause(30);
  server.closeAll(1001);
  await eventually(() => assert.equal(server.opened, 2));
  await isIn(client, "live");
  assert.deepEqual(said.state, ["connecting", "live"]);
});

test("closed again and again: it waits longer and longer", async (t) => {
  const { server, client } = await live(t, { timing: { firstWait: 20, longestWait: 10_000, steady: 10_000 } });
  const waits = [];
  client.addEventListener("state", () => {
    if (client.state.name === "waiting") waits.push(client.state.until - Date.now());
    if (client.state.name === "live") server.closeAll(1012);
  });
  server.closeAll(1012);
  await eventually(() => assert.ok(waits.length > 6));
  assert.ok(Math.max(...waits.slice(0, 2)) <= 40);
  assert.ok(Math.max(...waits) > 100, `${waits}`);
});

test("broken without a word: it comes back", async (t) => {
  const { server, client, list } = await live(t);
  server.breakAll();
  server.inbox.send();
  await agrees(client, list, server.inbox);
});

// ── frames ──

const late = [];

const DELIVERIES = {
  "half of the frames are lost": (random) => (frame, send) => random() < 0.5 && send(frame),
  "frames are repeated": (random) => (frame, send) => {
    for (let times = 1 + Math.floor(random() * 3); times; times -= 1) send(frame);
  },
  "frames are repeated much later": (random) => (frame, send) => {
    send(frame);
    late.push(() => send(frame));
    if (random() < 0.3) pick(random, late)();
    if (late.length > 20) late.shift();
  },
  "frames are reordered": (random) => (frame, send) => setTimeout(() => send(frame), random() * 20),
  "frames are lost, repeated and reordered": (random) => (frame, send) => {
    while (random() < 0.5) setTimeout(() => send(frame), random() * 20);
  },
};

for (const [name, deliver] of Object.entries(DELIVERIES)) {
  for (const seed of [1, 2]) {
    test(`${name} (seed ${seed})`, async (t) => {
      const random = randomOf(seed);
      const server = await startServer(t, new Inbox(30));
      server.deliver = deliver(random);
      const client = startClient(t, server, { timing: { patience: 300 } });
      const lists = [{}, { unread: true }, { archived: true }, { snoozed: true }].map((filter) =>
        client.list(filter, { pageSize: 5 }));
      const said = heard(client);
      for (let steps = 0; steps < 150; steps += 1) {
        happen(random, server.inbox);
        if (random() < 0.05) server.closeAll(pick(random, [1001, 1012, 4008]));
        if (random() < 0.5) await pause(random() * 6);
      }
      for (const list of lists) await agrees(client, list, server.inbox);
      const acted = said.event.map(({ seq }) => seq);
      assert.deepEqual(acted, [...new Set(acted)].sort((a, b) => a - b));
      for (const arrived of said.arrived) {
        assert.equal(arrived.length, new Set(arrived.map(({ id }) => id)).size);
      }
    });
  }
}

test("frames that are no JSON, or an error of the gateway: it opens another socket", async (t) => {
  for (const text of ["<html>", "null", "[]", '{"message": "Internal server error"}']) {
    const { server, client, list } = await live(t);
    for (const socket of server.sockets) socket.send(text);
    server.inbox.send();
    await eventually(() => assert.equal(server.opened, 2));
    await agrees(client, list, server.inbox);
  }
});

test("what has come is acknowledged once, also what a sync brought", async (t) => {
  const { server, client } = await live(t);
  server.inbox.send();
  await eventually(() => assert.equal(client.seq, 31));
  server.breakAll();
  for (let sent = 0; sent < 25; sent += 1) server.inbox.send();
  await eventually(() => assert.equal(client.seq, 56));
  await eventually(() => {
    const acks = server.received.filter(({ action }) => action === "ack");
    const ids = [...server.inbox.items.keys()].slice(30);
    assert.deepEqual(acks.flatMap((ack) => ack.ids), ids);
    assert.deepEqual(acks.map((ack) => ack.ids.length), [1, 25]);
  });
});

test("more was missed than the server knows: everything is loaded anew", async (t) => {
  const { server, client, list } = await live(t);
  server.breakAll();
  for (let sent = 0; sent < 150; sent += 1) server.inbox.send();
  await agrees(client, list, server.inbox);
});

// ── silence ──

test("a server that stops answering is left", async (t) => {
  const { server, client, list } = await live(t, { timing: { heartbeat: 50, patience: 100 } });
  const { deliver } = server;
  server.deliver = () => {};
  server.inbox.send();
  await eventually(() => assert.ok(server.opened > 1));
  server.deliver = deliver;
  await agrees(client, list, server.inbox);
});

test("an event that was lost is asked for when the next one comes", async (t) => {
  const { server, client, list } = await live(t, { timing: { heartbeat: 600_000 } });
  const { deliver } = server;
  server.deliver = () => {};
  server.inbox.send();
  server.deliver = deliver;
  server.inbox.send();
  await agrees(client, list, server.inbox);
});

test("an event that was lost without a trace is found by the heartbeat", async (t) => {
  const { server, client, list } = await live(t, { timing: { heartbeat: 50 } });
  const { deliver } = server;
  server.deliver = () => {};
  server.inbox.send();
  server.deliver = deliver;
  await agrees(client, list, server.inbox);
  assert.equal(server.opened, 1);
});

// ── statuses ──

for (const status of [0, 429, 500, 503]) {
  test(`every second request is answered with ${status}: it comes through`, async (t) => {
    const server = await startServer(t);
    let count = 0;
    server.refuse = () => (count++ % 2 ? undefined : { status });
    for (let sent = 0; sent < 30; sent += 1) server.inbox.send();
    const client = startClient(t, server);
    const list = client.list();
    await isIn(client, "live");
    await agrees(client, list, server.inbox);
    server.inbox.send();
    await agrees(client, list, server.inbox);
  });
}

test("Retry-After is kept to", async (t) => {
  const server = await startServer(t);
  server.refuse = () => ({ status: 429, headers: { "Retry-After": "1" } });
  const client = startClient(t, server);
  await isIn(client, "waiting");
  const wait = client.state.until - Date.now();
  assert.ok(wait > 500 && wait <= 1000, `${wait}`);
  server.refuse = () => undefined;
  client.retryNow();
  await isIn(client, "live");
});

test("a list is readable while no socket opens", async (t) => {
  const server = await startServer(t);
  server.inbox.send();
  server.refuse = ({ path }) => (path.includes("tickets") ? { status: 503 } : undefined);
  const client = startClient(t, server);
  const list = client.list();
  await eventually(() => assert.equal(list.items.length, 1));
  assert.equal(client.seq, null);
});

test("a new token is asked for when the server refuses the old one", async (t) => {
  const server = await startServer(t);
  server.inbox.send();
  const given = ["old", "token"];
  const client = startClient(t, server, { token: () => Promise.resolve(given.shift()) });
  const list = client.list();
  await agrees(client, list, server.inbox);
  assert.deepEqual(given, []);
});

for (const [name, token] of [["a text", "wrong"], ["a function", () => "wrong"]]) {
  test(`a token that is not taken, ${name}: it says so once and stops`, async (t) => {
    const server = await startServer(t);
    const client = startClient(t, server, { token });
    const said = heard(client);
    client.list();
    await isIn(client, "stopped");
    await pause(50);
    assert.equal(said.unauthorized.length, 1);
    assert.ok(server.asked.length <= 2);
  });
}

test("a token that cannot be had for the moment is asked for again", async (t) => {
  const server = await startServer(t);
  let times = 0;
  const token = () => {
    times += 1;
    if (times < 3) throw new Error("The sign-in is away.");
    return "token";
  };
  const client = startClient(t, server, { token });
  await isIn(client, "live");
  assert.equal(times, 3);
});

// ── no sockets ──

for (const handshake of ["refuse", "ignore"]) {
  test(`sockets do not get through (${handshake}): it polls, and takes a socket when one does`, async (t) => {
    const server = await startServer(t);
    server.handshake = handshake;
    const client = startClient(t, server, { timing: { patience: 200 } });
    const list = client.list();
    const said = heard(client);
    await isIn(client, "polling");
    for (let sent = 0; sent < 3; sent += 1) {
      server.inbox.send();
      await agrees(client, list, server.inbox);
    }
    server.handshake = "accept";
    await isIn(client, "live");
    server.inbox.send();
    await agrees(client, list, server.inbox);
    assert.deepEqual(said.event.map(({ seq }) => seq).slice(-3), [2, 3, 4]);
  });
}

// What refuses handshakes because it has too much to do says so where a status can be seen.
for (const status of [429, 503]) {
  test(`no ticket because of ${status} is no blocked socket: it does not poll`, async (t) => {
    const server = await startServer(t);
    const client = startClient(t, server);
    const said = heard(client);
    await isIn(client, "live");
    let count = 0;
    server.handshake = "refuse";
    server.refuse = ({ path }) => (path.includes("tickets") && count++ % 2 ? { status } : undefined);
    server.breakAll();
    await eventually(() => assert.ok(count > 8));
    assert.equal(server.asked.some(({ path }) => path.includes("events")), false);
    server.handshake = "accept";
    await isIn(client, "live");
    assert.equal(said.state.includes("polling"), false);
  });

  test(`a poll that is answered with ${status}: it tries a socket again`, async (t) => {
    const server = await startServer(t);
    server.handshake = "refuse";
    const client = startClient(t, server, { timing: { probe: 600_000 } });
    await isIn(client, "polling");
    server.refuse = ({ path }) => (path.includes("events") ? { status } : undefined);
    server.handshake = "accept";
    server.inbox.send();
    await isIn(client, "live");
    assert.equal(server.opened, 1);
  });
}

test("a poll that fails otherwise: it goes on polling", async (t) => {
  const server = await startServer(t);
  server.handshake = "refuse";
  const client = startClient(t, server, { timing: { probe: 600_000 } });
  await isIn(client, "polling");
  server.refuse = ({ path }) => (path.includes("events") ? { status: 500 } : undefined);
  server.inbox.send();
  await isIn(client, "waiting");
  server.refuse = () => undefined;
  server.handshake = "accept";
  await isIn(client, "polling");
  assert.equal(server.opened, 0);
});

test("without WebSocket at all it polls", async (t) => {
  const server = await startServer(t);
  const client = startClient(t, server, { WebSocket: null });
  const list = client.list();
  await isIn(client, "polling");
  for (let sent = 0; sent < 120; sent += 1) server.inbox.send();
  await agrees(client, list, server.inbox);
  assert.equal(server.asked.some(({ path }) => path.includes("tickets")), false);
});

test("a poll that fails is tried again", async (t) => {
  const server = await startServer(t);
  const client = startClient(t, server, { WebSocket: null });
  const list = client.list();
  await isIn(client, "polling");
  server.refuse = ({ path }) => (path.includes("events") ? { status: 503 } : undefined);
  server.inbox.send();
  await isIn(client, "waiting");
  server.refuse = () => undefined;
  await agrees(client, list, server.inbox);
});

test("a server that answers polls at once is not asked in a hurry", async (t) => {
  const server = await startServer(t);
  server.refuse = ({ path }) => (path.includes("events") ? { body: server.inbox.sync(0) } : undefined);
  const client = startClient(t, server, { WebSocket: null, timing: { firstWait: 100 } });
  await isIn(client, "polling");
  const before = server.asked.length;
  await pause(250);
  assert.ok(server.asked.length - before <= 4);
});
