// One WebSocket, from its ticket to its end. It asks for what was missed as soon as it is open, and ends
// by itself when the server does not answer. It knows nothing of inboxes.

const BROKEN = 1006; // closed without a close frame (RFC 6455, 7.1.5)

export class Socket {
  #side;
  #socket = null;
  #asked = null; //     the sync that waits for its answer: {ref, since}
  #count = 0; //        of syncs sent
  #deadline = null; //  the timer that gives up a silent server
  #heartbeat = null;
  #answered = false;
  #ended = false;

  // `side` has `address`, `WebSocket`, `timing`; `ticket()`, a promise; `position()`, which a sync asks
  // from; `received(frame, since)`, `since` only with an answer to a sync; `answered()`, once, after
  // the first of them; `ended({problem, code, blocked})`: no ticket, the close code, or nothing came
  // through. Not called after close().
  constructor(side) {
    this.#side = side;
  }

  async open() {
    const { address, WebSocket, ticket } = this.#side;
    let query;
    try {
      query = new URLSearchParams({ ticket: await ticket() });
    } catch (problem) {
      return this.#end({ problem });
    }
    if (this.#ended) return undefined; // closed while the ticket was under way
    try {
      this.#listen(new WebSocket(`${address}?${query}`));
    } catch {
      this.#end({ blocked: true });
    }
    return undefined;
  }

  close() {
    this.#ended = true;
    clearTimeout(this.#deadline);
    clearInterval(this.#heartbeat);
    const socket = this.#socket;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  // Asks what has happened since the position. The answer also proves that the server is alive.
  sync() {
    if (this.#asked) return; // its answer shows whether anything is missing still
    const since = this.#side.position();
    const ref = `sync-${++this.#count}`;
    if (!this.tell({ action: "sync", ref, ...(since !== null && { since }) })) return;
    this.#asked = { ref, since };
    this.#expectAnswer();
  }

  // Says whether there was a socket to send it on.
  tell(action) {
    if (this.#ended || this.#socket?.readyState !== 1) return false; // 1: open
    this.#socket.send(JSON.stringify(action));
    return true;
  }

  #listen(socket) {
    this.#socket = socket;
    this.#expectAnswer();
    socket.onopen = () => this.#opened();
    socket.onmessage = ({ data }) => this.#received(data);
    socket.onclose = ({ code }) =>
      this.#end(code === BROKEN ? { blocked: !this.#answered } : { code });
  }

  #opened() {
    this.#heartbeat = setInterval(() => this.sync(), this.#side.timing.heartbeat);
    this.sync();
  }

  #received(text) {
    const frame = parsed(text);
    const isAnswer = frame.type === "ready" || frame.type === "sync";
    if (isAnswer && frame.ref === this.#asked?.ref) this.#take(frame);
    // A word of the gateway, without a type or a ref, may be all that comes of a sync that failed.
    else if (isError(frame) && (!frame.ref || frame.ref === this.#asked?.ref)) this.#end({});
    // An answer that nobody waits for is a repeated one.
    else if (!isAnswer) this.#side.received(frame);
  }

  #take(frame) {
    const { since } = this.#asked;
    clearTimeout(this.#deadline);
    this.#asked = null;
    this.#side.received(frame, since);
    if (this.#answered || this.#ended) return;
    this.#answered = true;
    this.#side.answered();
  }

  #expectAnswer() {
    clearTimeout(this.#deadline);
    const late = () => this.#end({ blocked: !this.#answered });
    this.#deadline = setTimeout(late, this.#side.timing.patience);
  }

  #end(how) {
    if (this.#ended) return;
    this.close();
    this.#side.ended(how);
  }
}

const isError = ({ type }) => type === "error" || type === undefined;

// What is no JSON object counts as an error.
function parsed(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
