// The WebSocket that stays: it opens with a new ticket each time, notices a server that has gone
// silent, and comes back by itself. It knows nothing of inboxes.

import { waitBefore } from "./backoff.js";

const PING_MILLISECONDS = 5 * 60_000; // API Gateway closes a socket after 10 minutes of silence.
const PATIENCE_MILLISECONDS = 10_000;

export class Connection {
  #listener;
  #socket = null;
  #attempt = 0;
  #retry = null; //     the timer of the next attempt
  #deadline = null; //  the timer that gives up a silent server
  #ping = null;
  #running = false;

  // `address` is the ws: or wss: URL without a query. `listener` has `ticket()`, which answers a
  // promise of a ticket; `opened()`; `received(frame)`; `changed(state)` with a {name, until}:
  // connecting, live, waiting (until = when it tries again, in milliseconds), stopped.
  constructor(address, listener) {
    this.address = address;
    this.#listener = listener;
  }

  start() {
    this.#running = true;
    this.#attempt = 0;
    window.addEventListener("online", this.#hurry);
    window.addEventListener("offline", this.#hurry);
    document.addEventListener("visibilitychange", this.#hurry);
    this.#connect();
  }

  stop() {
    this.#running = false;
    window.removeEventListener("online", this.#hurry);
    window.removeEventListener("offline", this.#hurry);
    document.removeEventListener("visibilitychange", this.#hurry);
    this.#leave();
    this.#listener.changed({ name: "stopped" });
  }

  // For what is answered: without an answer the server counts as silent.
  send(action) {
    if (this.tell(action)) this.#expectAnswer();
  }

  // For what is not answered. Says whether there was a socket to send it on.
  tell(action) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(action));
    return true;
  }

  // To be called when the first exchange over a new socket has worked.
  settled() {
    this.#attempt = 0;
    this.#listener.changed({ name: "live" });
  }

  // Gives up the socket and tries again later.
  drop = () => {
    this.#leave();
    if (!this.#running) return;
    const wait = waitBefore(this.#attempt++);
    this.#retry = setTimeout(() => this.#connect(), wait);
    this.#listener.changed({ name: "waiting", until: Date.now() + wait });
  };

  retryNow() {
    if (this.#retry === null) return;
    this.#leave();
    this.#connect();
  }

  async #connect() {
    this.#retry = null;
    this.#listener.changed({ name: "connecting" });
    const socket = await this.#openSocket();
    if (!socket) return;
    this.#socket = socket;
    this.#expectAnswer();
    socket.onopen = () => this.#opened();
    socket.onmessage = (message) => this.#received(message.data);
    socket.onclose = this.drop;
  }

  async #openSocket() {
    try {
      const ticket = await this.#listener.ticket();
      // It may have been stopped while the ticket was under way.
      if (!this.#running || this.#socket) return null;
      return new WebSocket(`${this.address}?${new URLSearchParams({ ticket })}`);
    } catch {
      if (this.#running && !this.#socket) this.drop();
      return null;
    }
  }

  #opened() {
    clearInterval(this.#ping);
    this.#ping = setInterval(() => this.send({ action: "ping" }), PING_MILLISECONDS);
    this.#listener.opened();
  }

  #received(text) {
    clearTimeout(this.#deadline);
    this.#listener.received(JSON.parse(text));
  }

  #expectAnswer() {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(this.drop, PATIENCE_MILLISECONDS);
  }

  #leave() {
    clearTimeout(this.#retry);
    clearTimeout(this.#deadline);
    clearInterval(this.#ping);
    this.#retry = null;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  // The network or the person came back: try at once, or see whether the socket still lives.
  #hurry = () => {
    if (document.visibilityState === "hidden") return;
    if (this.#retry !== null) this.retryNow();
    else this.send({ action: "ping" });
  };
}
