// Long polling of GET /api/inbox/events, where sockets do not get through. From outside like a Socket.

import { pause } from "./backoff.js";
import { Problem } from "./problem.js";

export class Polling {
  #side;
  #request = null; // the AbortController of the question under way
  #closed = false;

  // `side` has `request(query, signal, patience)`, a promise of the answer, and `timing`, `position()`,
  // `received(frame, since)`, `answered()` and `ended({problem})` as with a Socket.
  constructor(side) {
    this.#side = side;
  }

  async open() {
    try {
      await this.#ask(0);
      if (this.#closed) return;
      this.#side.answered();
      while (!this.#closed) await this.#ask(this.#side.timing.poll);
    } catch (problem) {
      if (this.#closed) return;
      this.close();
      this.#side.ended({ problem });
    }
  }

  close() {
    this.#closed = true;
    this.#request?.abort();
  }

  sync() {} // the next question is one

  tell() {
    return false;
  }

  async #ask(wait) {
    const { timing, position, request, received } = this.#side;
    const since = position();
    const query = { since, wait: Math.round(wait / 1000) };
    this.#request = new AbortController();
    const frame = await request(query, this.#request.signal, wait + timing.patience);
    if (this.#closed) return;
    if (frame?.type === undefined) throw new Problem(0);
    received(frame, since);
    // A server that does not wait is not asked without a pause.
    if (wait && position() === since) await pause(timing.firstWait);
  }
}
