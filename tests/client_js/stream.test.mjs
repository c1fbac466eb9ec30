// The rules of docs/protocol.md about the number of an event, without a server's timing.

import assert from "node:assert/strict";
import { test } from "node:test";

import { newStream, receive } from "../../web/client/stream.js";
import { pick, randomOf } from "./world.mjs";

const event = (seq) => ({ type: "read", seq, at: "", unreadCount: seq, ids: [] });
const ready = (seq) => ({ type: "ready", seq, unreadCount: seq });
const recovered = (events, { seq = events.at(-1).seq, more = false } = {}) =>
  ({ type: "sync", recovered: true, events, seq, unreadCount: seq, more });

// A stream after frames, and what the last of them asked for.
function after(...frames) {
  let last = { stream: newStream() };
  for (const frame of frames) {
    last = receive(last.stream, frame, frame.type === "sync" ? last.stream.seq : null);
  }
  const { stream, events, sync, restart } = last;
  return { seq: stream.seq, unread: stream.unreadCount, acted: events.map(({ seq }) => seq), sync, restart };
}

test("the first answer is the position, and the lists have to be loaded", () => {
  assert.deepEqual(after(ready(41)), { seq: 41, unread: 41, acted: [], sync: false, restart: true });
});

test("the expected event is acted on", () => {
  const expected = { seq: 42, unread: 42, acted: [42], sync: false, restart: false };
  assert.deepEqual(after(ready(41), event(42)), expected);
});

test("an event that was seen is dropped", () => {
  assert.deepEqual(after(ready(41), event(42), event(42)).acted, []);
});

test("an event further ahead asks for what is missing", () => {
  const { seq, acted, sync } = after(ready(41), event(43));
  assert.deepEqual({ seq, acted, sync }, { seq: 41, acted: [], sync: true });
});

test("an event before the first position is asked for after it", () => {
  const { seq, acted, sync } = after(event(42), ready(41));
  assert.deepEqual({ seq, acted, sync }, { seq: 41, acted: [], sync: true });
});

test("an answer brings what is missing, and only that", () => {
  const { seq, acted } = after(ready(41), event(43), event(42), recovered([event(42), event(43)]));
  assert.deepEqual({ seq, acted }, { seq: 43, acted: [43] });
});

test("an answer with more to come is asked again", () => {
  assert.equal(after(ready(41), recovered([event(42)], { more: true })).sync, true);
});

test("an event that came while the answer was under way is asked for once more", () => {
  assert.equal(after(ready(41), event(44), recovered([event(42)])).sync, true);
});

test("a server that answers nothing is not asked for ever", () => {
  const nothing = recovered([], { seq: 41, more: true });
  assert.equal(after(ready(41), event(44), nothing).sync, true);
  assert.equal(after(ready(41), event(44), nothing, nothing).sync, false);
});

test("a gap that is too long starts anew", () => {
  const gone = { type: "sync", recovered: false, seq: 900, unreadCount: 7 };
  const { seq, unread, restart } = after(ready(41), gone);
  assert.deepEqual({ seq, unread, restart }, { seq: 900, unread: 7, restart: true });
});

test("a server that was set back is followed", () => {
  const gone = { type: "sync", recovered: false, seq: 7, unreadCount: 7 };
  assert.equal(after(ready(41), gone).seq, 7);
});

test("an answer from before the position moved does not take it back", () => {
  const { stream } = receive(newStream(), ready(41));
  const moved = receive(stream, event(42)).stream;
  const late = receive(moved, { type: "sync", recovered: false, seq: 41, unreadCount: 0 }, 41);
  assert.deepEqual([late.stream.seq, late.restart, late.sync], [42, false, true]);
});

test("whatever is lost, repeated or late, each event is acted on once and in order", () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = randomOf(seed);
    const acted = [];
    let { stream } = receive(newStream(), ready(0));
    const hear = (frame) => {
      const answer = receive(stream, frame, stream.seq);
      stream = answer.stream;
      acted.push(...answer.events.map(({ seq }) => seq));
      return answer.sync;
    };
    for (let frames = 0; frames < 60; frames += 1) {
      const last = Math.ceil(frames / 2);
      const asks = hear(event(pick(random, [last, last + 1, last - 1, 1 + Math.floor(random() * last)])));
      if (asks && random() < 0.7) {
        const from = stream.seq;
        const missed = Array.from({ length: Math.max(0, last - from) }, (_, at) => event(from + 1 + at));
        if (missed.length) hear(recovered(missed));
      }
    }
    assert.deepEqual(acted, Array.from(acted, (_, at) => at + 1), `seed ${seed}`);
  }
});
