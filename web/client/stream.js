// The position in the stream of events: what to act on, once and in order, and when to ask. Pure; the
// rules are those of docs/protocol.md. Every function returns a new state.

export const newStream = () => ({
  seq: null, //       everything up to this number was seen; null before the first `ready`
  heard: 0, //        the highest number heard, seen or not
  unreadCount: 0, //  as the server said last
});

// Takes a frame. `since` is what was asked for, when it is an answer. Returns {stream, events, sync,
// restart}: `events` to act on in this order, `sync` to ask again from the new position, `restart`
// when what was loaded may miss something.
export function receive(stream, frame, since = null) {
  if (frame.type === "sync" && frame.recovered) return catchUp(stream, frame);
  if (frame.type === "ready" || frame.type === "sync") return startAt(stream, frame, since);
  if (Number.isInteger(frame.seq)) return receiveEvent(stream, frame);
  return outcome(stream);
}

const outcome = (stream, { events = [], sync = false, restart = false } = {}) =>
  ({ stream, events, sync, restart });

function startAt(stream, { seq, unreadCount }, since) {
  // An answer from before the position moved must not take it back.
  if (stream.seq !== since) return outcome(stream, { sync: true });
  return outcome({ ...stream, seq, unreadCount }, { restart: true, sync: stream.heard > seq });
}

function receiveEvent(stream, event) {
  const heard = { ...stream, heard: Math.max(stream.heard, event.seq) };
  // Before the first position nothing is acted on: the answer to the first sync compares `heard`.
  if (stream.seq === null || event.seq <= stream.seq) return outcome(heard);
  if (event.seq > stream.seq + 1) return outcome(heard, { sync: true });
  const { seq, unreadCount } = event;
  return outcome({ ...heard, seq, unreadCount }, { events: [event] });
}

function catchUp(stream, frame) {
  const events = frame.events.filter((event) => event.seq > stream.seq);
  const seq = Math.max(stream.seq, frame.seq);
  const progressed = seq > stream.seq;
  // An event that was heard live while the answer was under way is fetched by one more sync.
  // `heard` is forgotten when an answer brings nothing: a faulty server is not asked for ever.
  const sync = (progressed && frame.more) || stream.heard > seq;
  const heard = progressed ? stream.heard : 0;
  const unreadCount = stream.seq > frame.seq ? stream.unreadCount : frame.unreadCount;
  return outcome({ seq, heard, unreadCount }, { events, sync });
}
