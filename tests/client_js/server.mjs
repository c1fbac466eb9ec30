// A server for one person's inbox that misbehaves as a test wants it to.

import { once } from "node:events";
import { createServer } from "node:http";

import { Inbox } from "./inbox.mjs";
import { accept } from "./websocket.mjs";

export class Server {
  inbox;
  tokens = new Set(["token"]);
  sockets = new Set();
  asked = []; //      each request: {method, path, query, body, token, key}
  received = []; //   each frame
  opened = 0; //      sockets so far

  // Faults. `refuse(request)` answers {status, headers, body} or nothing, now or later; with `late` the
  // request is carried out all the same. `deliver(frame, send)` sends what is to be sent, now or later.
  refuse = () => undefined;
  handshake = "accept"; // or "refuse", "ignore"
  deliver = (frame, send) => send(frame);

  #http = createServer((request, response) => this.#serve(request, response));
  #tickets = new Set();
  #answers = new Map(); // by Idempotency-Key
  #polls = new Set();
  #streams = new Set();

  constructor(inbox = new Inbox()) {
    this.inbox = inbox;
    inbox.onEvent = (event) => this.#publish(event);
    this.#http.on("upgrade", (request, stream) => this.#upgrade(request, stream));
    this.#http.on("connection", (stream) => {
      this.#streams.add(stream);
      stream.on("close", () => this.#streams.delete(stream));
    });
  }

  async start() {
    this.#http.listen(0, "127.0.0.1");
    await once(this.#http, "listening");
    this.url = `http://127.0.0.1:${this.#http.address().port}`;
  }

  async stop() {
    for (const stream of this.#streams) stream.destroy();
    this.#http.close();
    await once(this.#http, "close");
  }

  closeAll(code) {
    for (const socket of this.sockets) socket.close(code);
  }

  breakAll() {
    for (const socket of this.sockets) socket.destroy();
  }

  #publish(event) {
    for (const socket of this.sockets) this.#push(socket, event);
    for (const answer of [...this.#polls]) answer();
  }

  #push(socket, frame) {
    this.deliver(frame, (sent) => socket.send(JSON.stringify(sent)));
  }

  // ── sockets ──

  #upgrade(request, stream) {
    const ticket = new URL(request.url, this.url).searchParams.get("ticket");
    stream.on("error", () => {});
    if (this.handshake === "ignore") return;
    if (this.handshake === "refuse" || !this.#tickets.delete(ticket)) {
      stream.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    const socket = accept(request, stream, (text) => this.#heard(socket, JSON.parse(text)));
    this.opened += 1;
    this.sockets.add(socket);
    stream.on("close", () => this.sockets.delete(socket));
  }

  #heard(socket, frame) {
    this.received.push(frame);
    if (frame.action !== "sync") return;
    this.#push(socket, { ...this.inbox.sync(frame.since), ref: frame.ref });
  }

  // ── HTTP ──

  async #serve(request, response) {
    const { pathname: path, searchParams } = new URL(request.url, this.url);
    const query = Object.fromEntries(searchParams);
    const text = (await request.toArray()).join("");
    const token = request.headers.authorization?.replace("Bearer ", "");
    const key = request.headers["idempotency-key"];
    const asked = { method: request.method, path, query, token, key, body: text && JSON.parse(text) };
    this.asked.push(asked);
    const fault = await this.refuse(asked);
    const lost = fault?.status === 0;
    const done = fault && !fault.late ? fault : await this.#answer(asked, request);
    const { status = 200, headers = {}, body } = fault ?? done;
    if (lost) return response.destroy();
    response.writeHead(status, { "Content-Type": "application/json", ...headers });
    return response.end(body === undefined ? "" : JSON.stringify(body));
  }

  #answer({ path, query, body, token, key }, request) {
    if (!this.tokens.has(token)) return { status: 401, body: { message: "Unauthorized" } };
    if (path === "/api/realtime/tickets") return this.#ticket();
    if (path === "/api/inbox/events") return this.#poll(query, request);
    if (path === "/api/inbox/changes") return this.#change(body, key);
    if (path === "/api/inbox/counts") return this.#counts(JSON.parse(query.filters));
    const { limit, cursor, ...filter } = query;
    return { body: this.inbox.list(typed(filter), Number(limit ?? 10), cursor) };
  }

  #ticket() {
    const ticket = `ticket-${this.asked.length}`;
    this.#tickets.add(ticket);
    return { status: 201, body: { ticket } };
  }

  #counts(filters) {
    const counts = filters.map((filter) => this.inbox.list(filter, Infinity).items.length);
    return { body: { counts, unreadCount: this.inbox.unreadCount, seq: this.inbox.seq } };
  }

  #change({ change, ...what }, key) {
    if (!this.#answers.has(key)) {
      const body = this.inbox.change(change, what);
      this.#answers.set(key, body ? { body } : { status: 404, body: { detail: "Not in your inbox." } });
    }
    return this.#answers.get(key);
  }

  async #poll({ since, wait }, request) {
    const asked = since === undefined ? undefined : Number(since);
    if (Number(wait) && asked === this.inbox.seq) await this.#event(Number(wait), request);
    return { body: this.inbox.sync(asked) };
  }

  #event(seconds, request) {
    return new Promise((resolve) => {
      const answer = () => {
        clearTimeout(timer);
        this.#polls.delete(answer);
        request.socket.off("close", answer);
        resolve();
      };
      const timer = setTimeout(answer, seconds * 1000);
      this.#polls.add(answer);
      request.socket.on("close", answer);
    });
  }
}

const KINDS = { true: true, false: false };

// The fields of a filter as they were before they became a query.
const typed = (filter) => Object.fromEntries(Object.entries(filter).map(([name, value]) =>
  [name, name === "priority" ? Number(value) : KINDS[value] ?? value]));
