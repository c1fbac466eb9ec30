// What a person does is shown at once, and is what the server has in the end.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { Inbox } from "./inbox.mjs";
import {
  agrees, eventually, happen, heard, isIn, pick, randomOf, startClient, startServer, UNTIL,
} from "./world.mjs";

async function loaded(t, { count = 3, filter = {}, ...options } = {}) {
  const server = await startServer(t);
  const ids = Array.from({ length: count }, () => server.inbox.send().id);
  const client = startClient(t, server, options);
  const list = client.list(filter, { pageSize: 100 });
  await isIn(client, "live");
  await agrees(client, list, server.inbox);
  return { server, client, list, ids, said: heard(client) };
}

const hold = (server) => {
  const waiting = new Promise((resolve) => { server.letGo = resolve; });
  const { refuse } = server;
  server.refuse = (asked) => (asked.method === "POST" && asked.path.includes("changes")
    ? waiting.then(() => undefined) : refuse(asked));
};

for (const [name, call, shown, unread] of [
  ["read", (client, id) => client.read(id), ({ read }) => read === true, 2],
  ["archive", (client, id) => client.archive(id), undefined, 2],
  ["delete", (client, id) => client.delete([id]), undefined, 2],
  ["snooze", (client, id) => client.snooze(id, new Date(UNTIL)), undefined, 2],
  ["pin", (client, id) => client.pin(id), ({ pinned }) => pinned === true, 3],
]) {
  test(`${name}: it shows at once, and stays until the event that confirms it`, async (t) => {
    const { server, client, list, ids, said } = await loaded(t);
    server.deliver = (frame, send) => setTimeout(() => send(frame), 30);
    const done = call(client, ids[0]);
    const item = list.items.find(({ id }) => id === ids[0]);
    assert.equal(shown ? shown(item) : item === undefined, true);
    assert.equal(client.unreadCount, unread);
    const seen = [];
    client.addEventListener("change", () => seen.push(list.items.length, client.unreadCount));
    assert.deepEqual(await done, { changed: 1 });
    await agrees(client, list, server.inbox);
    assert.deepEqual(new Set(seen), new Set([shown ? 3 : 2, unread]));
    assert.deepEqual(said.problem, []);
  });
}

test("every change and its opposite", async (t) => {
  const { server, client, list, ids } = await loaded(t);
  for (const [there, back] of [["read", "unread"], ["archive", "unarchive"], ["pin", "unpin"]]) {
    await client[there](ids);
    await agrees(client, list, server.inbox);
    await client[back](ids);
    await agrees(client, list, server.inbox);
  }
  await client.snooze(ids, new Date(UNTIL));
  await client.unsnooze(ids);
  await agrees(client, list, server.inbox);
});

test("two changes of one are carried out in their order", async (t) => {
  const { server, client, list, ids } = await loaded(t);
  let times = 0;
  server.refuse = ({ path }) => (path.includes("changes") && !times++ ? pause(50) : undefined);
  await Promise.all([client.read(ids[0]), client.unread(ids[0])]);
  await agrees(client, list, server.inbox);
  assert.equal(list.items.at(-1).read, false);
});

test("all that match a filter", async (t) => {
  const { server, client, list } = await loaded(t, { count: 130 });
  const done = client.change("read", { filter: { unread: true } });
  assert.equal(list.items.every(({ read }) => read), true);
  assert.deepEqual(await done, { changed: 130 });
  await agrees(client, list, server.inbox);
  assert.equal(client.unreadCount, 0);
});

test("a filter that is more than the server does at once is gone through to its end", async (t) => {
  const { server, client, list, ids } = await loaded(t, { count: 5 });
  const { change } = server.inbox;
  const cursors = [];
  // The second call finds nothing to change, and there is more all the same.
  server.inbox.change = function (name, { filter, cursor = "0" }) {
    cursors.push(cursor);
    assert.deepEqual(filter, { unread: true });
    const id = ids[Number(cursor) - 1];
    const answer = id ? change.call(this, name, { ids: [id] }) : { changed: 0, seq: this.seq };
    return { ...answer, nextCursor: cursor === "5" ? null : String(Number(cursor) + 1) };
  };
  assert.deepEqual(await client.change("archive", { filter: { unread: true } }), { changed: 5 });
  assert.deepEqual(cursors, ["0", "1", "2", "3", "4", "5"]);
  const sent = server.asked.filter(({ path }) => path.includes("changes"));
  assert.equal(new Set(sent.map(({ key }) => key)).size, 6);
  await agrees(client, list, server.inbox);
  assert.deepEqual(list.items, []);
});

test("more ids than one call takes", async (t) => {
  const { server, client, list, ids } = await loaded(t, { count: 230 });
  assert.deepEqual(await client.archive(ids), { changed: 230 });
  await agrees(client, list, server.inbox);
});

test("what the server refuses is taken back, and told", async (t) => {
  const { server, client, list, ids, said } = await loaded(t);
  server.refuse = ({ path }) => (path.includes("changes")
    ? { status: 403, body: { title: "Forbidden", detail: "Not you.", type: "about:blank" } } : undefined);
  const done = client.archive(ids[0]);
  assert.equal(list.items.length, 2);
  await assert.rejects(done, { name: "Problem", status: 403, message: "Not you." });
  assert.equal(list.items.length, 3);
  assert.equal(client.unreadCount, 3);
  assert.deepEqual(said.problem.map(({ status }) => status), [403]);
});

test("nobody has to wait for a change that is refused", async (t) => {
  const { client, said } = await loaded(t);
  client.read("of somebody else"); // an unhandled rejection would end this test
  await eventually(() => assert.deepEqual(said.problem.map(({ status }) => status), [404]));
});

test("a change that is not one is a mistake of the program", async (t) => {
  const { client } = await loaded(t);
  assert.throws(() => client.change("toString", { ids: ["n1"] }), TypeError);
  assert.deepEqual(await client.read([]), { changed: 0 });
});

for (const status of [0, 409, 429, 503]) {
  test(`a change that is answered with ${status} is sent again, and acts once`, async (t) => {
    const { server, client, list, ids, said } = await loaded(t);
    let times = 0;
    const headers = status === 409 ? { "Retry-After": "0" } : {};
    // The server does it, and its answer is lost.
    server.refuse = ({ path }) => (path.includes("changes") && times++ < 3
      ? { status, headers, late: true } : undefined);
    assert.deepEqual(await client.archive(ids[0]), { changed: 1 });
    await agrees(client, list, server.inbox);
    const sent = server.asked.filter(({ path }) => path.includes("changes"));
    assert.equal(sent.length, 4);
    assert.equal(new Set(sent.map(({ key }) => key)).size, 1);
    assert.deepEqual([server.inbox.seq, said.problem], [4, []]);
  });
}

test("a change that the server is still at is waited for", async (t) => {
  const { server, client, list, ids } = await loaded(t);
  let times = 0;
  server.refuse = ({ path }) => (path.includes("changes") && times++ < 40
    ? { status: 409, headers: { "Retry-After": "0" } } : undefined);
  assert.deepEqual(await client.archive(ids[0]), { changed: 1 });
  await agrees(client, list, server.inbox);
});

test("any call with a key waits until the attempt before it is over", async (t) => {
  const { server, client } = await loaded(t);
  let times = 0;
  server.refuse = ({ key }) => {
    if (!key) return undefined;
    const [status, headers] = times++ < 3 ? [409, { "Retry-After": "0" }] : [201, {}];
    return { status, headers, body: { times } };
  };
  const send = (idempotencyKey) => client.request("POST", "/api/notifications", { body: {}, idempotencyKey });
  assert.deepEqual(await send("a key"), { times: 4 });
  assert.equal(new Set(server.asked.map(({ key }) => key).filter(Boolean)).size, 1);
});

test("a change that is held shows, and is carried out or not", async (t) => {
  const { server, client, list, ids } = await loaded(t);
  const [gone, kept] = ids.slice(0, 2).map((id) => client.hold("delete", { ids: [id] }));
  assert.deepEqual([list.items.length, client.unreadCount], [1, 1]);
  kept.undo();
  assert.deepEqual([list.items.length, client.unreadCount], [2, 2]);
  assert.deepEqual(server.asked.filter(({ path }) => path.includes("changes")), []);
  assert.deepEqual(await gone.release(), { changed: 1 });
  gone.undo();
  assert.deepEqual(await Promise.all([gone.release(), kept.release()]), [{ changed: 1 }, { changed: 0 }]);
  await agrees(client, list, server.inbox);
  assert.deepEqual(list.items.map(({ id }) => id), [ids[2], ids[1]]);
});

test("a change is given up after some tries", async (t) => {
  const { server, client, list, ids } = await loaded(t);
  server.refuse = ({ path }) => (path.includes("changes") ? { status: 503 } : undefined);
  await assert.rejects(client.read(ids[0]), { status: 503 });
  assert.equal(server.asked.filter(({ path }) => path.includes("changes")).length, 7);
  assert.equal(list.items.every(({ read }) => !read), true);
});

test("what was done without a network is done as soon as there is one", async (t) => {
  const { server, client, list, ids } = await loaded(t, { timing: { firstWait: 600_000, longestWait: 600_000 } });
  server.refuse = () => ({ status: 0 });
  server.breakAll();
  await isIn(client, "waiting");
  client.archive(ids[0]);
  assert.equal(list.items.length, 2);
  await eventually(() => assert.ok(server.asked.some(({ path }) => path.includes("changes"))));
  await pause(20);
  server.refuse = () => undefined;
  client.retryNow();
  await agrees(client, list, server.inbox);
  assert.equal(server.inbox.items.get(ids[0]).archived, true);
});

test("what waits when it is stopped is not sent, nor told", async (t) => {
  const { server, client, ids, said } = await loaded(t, { timing: { firstWait: 2000, longestWait: 2000 } });
  server.refuse = () => ({ status: 503 });
  const done = client.archive(ids[0]);
  await eventually(() => assert.ok(server.asked.some(({ path }) => path.includes("changes"))));
  await pause(20);
  client.stop();
  await assert.rejects(done, { status: 503 });
  assert.deepEqual(said.problem, []);
});

test("too many changes without an answer are refused", async (t) => {
  const { server, client, list, ids } = await loaded(t);
  hold(server);
  const first = Array.from({ length: 100 }, () => client.read(ids[0]));
  await assert.rejects(client.read(ids[1]), { status: 0 });
  server.letGo();
  await Promise.all(first);
  await agrees(client, list, server.inbox);
});

test("another device undoes it before the answer is here", async (t) => {
  const { server, client, list, ids } = await loaded(t);
  server.refuse = (asked) => {
    if (!asked.path.includes("changes")) return undefined;
    const body = server.inbox.change("read", { ids: [ids[0]] });
    server.inbox.change("unread", { ids: [ids[0]] });
    return { body };
  };
  await client.read(ids[0]);
  await agrees(client, list, server.inbox);
  assert.equal(list.items.at(-1).read, false);
});

test("one that is called back from its snooze here has not arrived", async (t) => {
  const { server, client, ids, said } = await loaded(t);
  await client.snooze(ids, new Date(UNTIL));
  hold(server);
  const done = client.unsnooze(ids[0]);
  server.inbox.wake(ids[0]);
  server.inbox.wake(ids[1]);
  server.letGo();
  await done;
  await eventually(() => assert.deepEqual(said.arrived.flat().map(({ id }) => id), [ids[1]]));
});

test("changes work without having been started", async (t) => {
  const server = await startServer(t);
  const { id } = server.inbox.send();
  const client = startClient(t, server);
  client.stop();
  assert.deepEqual(await client.read(id), { changed: 1 });
  assert.deepEqual(await client.counts([{}, { unread: true }]), [1, 0]);
});

test("when all that was loaded has left the list, what comes below is loaded", async (t) => {
  const { server, client } = await loaded(t, { count: 12 });
  const list = client.list({ unread: true }, { pageSize: 5 });
  await eventually(() => assert.equal(list.items.length, 5));
  await client.read(list.items.map(({ id }) => id));
  await eventually(() => assert.deepEqual(list.items, server.inbox.list({ unread: true }, 5).items));
});

test("a list that is about to be loaded anew is not carried on instead", async (t) => {
  const { server, client, ids } = await loaded(t, { count: 12, timing: { gather: 50 } });
  await client.pin(ids[0]);
  const list = client.list({}, { pageSize: 5 });
  await eventually(() => assert.equal(list.items[0]?.id, ids[0]));
  server.inbox.shake();
  await eventually(() => assert.equal(client.seq, 14));
  list.more();
  await agrees(client, list, server.inbox);
});

test("a list that was closed takes nothing any more", async (t) => {
  const { server, client, list } = await loaded(t);
  list.close();
  server.inbox.send();
  await eventually(() => assert.equal(client.seq, 4));
  assert.equal(list.items.length, 3);
});

for (const seed of [1, 2, 3, 4, 5]) {
  test(`five devices, random changes and disconnections: all agree (seed ${seed})`, async (t) => {
    const random = randomOf(seed);
    const server = await startServer(t, new Inbox(60));
    server.refuse = () => (random() < 0.1 ? { status: pick(random, [0, 503, 429]), late: random() < 0.5 } : undefined);
    const filters = [{}, { unread: true }, { archived: true }, { snoozed: true }, { category: "ci" }];
    const devices = filters.map((filter, number) => {
      const client = startClient(t, server, number === 4 ? { WebSocket: null } : {});
      return { client, list: client.list(filter, { pageSize: 10 }) };
    });
    for (let steps = 0; steps < 200; steps += 1) {
      const { client, list } = pick(random, devices);
      const ids = list.items.filter(() => random() < 0.2).map(({ id }) => id);
      const what = random();
      if (what < 0.3) happen(random, server.inbox);
      else if (what < 0.35) server.closeAll(pick(random, [1001, 1012, 4008]));
      else if (what < 0.4) list.reload();
      else if (what < 0.45) client.change("read", { filter: { unread: true } });
      else if (what < 0.5) client.snooze(ids, new Date(UNTIL));
      else client[pick(random, ["read", "unread", "archive", "unarchive", "delete", "unsnooze", "pin", "unpin"])](ids);
      if (random() < 0.5) await pause(random() * 6);
    }
    for (const { client, list } of devices) await agrees(client, list, server.inbox);
  });
}

test("a list that is loaded anew stays as long as it was", async (t) => {
  const { server, client } = await loaded(t, { count: 260 });
  const list = client.list({}, { pageSize: 50 });
  await agrees(client, list, server.inbox);
  const lengths = [];
  list.addEventListener("change", () => lengths.push(list.items.length));
  const before = server.asked.length;
  server.inbox.shake();
  server.inbox.send();
  await eventually(() => assert.ok(server.asked.length >= before + 3));
  await agrees(client, list, server.inbox);
  assert.ok(Math.min(...lengths) >= 260);
});
