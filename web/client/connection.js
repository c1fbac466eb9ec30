// The way to the server that stays: a WebSocket, long polling where sockets do not get through, nothing
// while the page sleeps. It comes back by itself. It knows nothing of inboxes.

import { waitBefore } from "./backoff.js";
import { isHidden, watchPage } from "./page.js";
import { Polling } from "./polling.js";
import { Socket } from "./socket.js";

// Sockets in a row that nothing came through, before polling.
const ENOUGH_BLOCKED = 2;

// The statuses of a server that has too much to do. It refuses handshakes, too, and of those a page is
// not told the status.
const BUSY = new Set([429, 503]);

// What follows a close code, by docs/protocol.md. After any other it is opened again after a wait.
const CLOSED_ON_PURPOSE = 1000;
const GOING_AWAY = 1001; //                         open again at once
const OUR_MISTAKE = new Set([1002, 1003, 1007, 1009]); // likely again: the longest wait

export class Connection {
  #side;
  #link = null; //       the Socket or Polling in use
  #probe = null; //      the Socket that is tried while polling
  #attempt = 0;
  #answeredAt = null; // when the link got its first answer, in milliseconds
  #blocked = 0; //       sockets in a row that nothing came through
  #timers = { retry: null, probe: null, sleep: null };
  #unwatch = null; //    there while it runs
  #sleeping = false;

  // `side` has what Socket and Polling need (`address`, `WebSocket`, `ticket`, `request`, `timing`,
  // `position`, `received`), `changed(state)` with a {name, until} as in belfry-client.d.ts, and
  // `closed()`: by the server, on purpose.
  constructor(side) {
    this.#side = side;
    if (!side.WebSocket) this.#blocked = ENOUGH_BLOCKED;
  }

  start() {
    this.#attempt = 0;
    this.#unwatch = watchPage(() => this.#look());
    this.#connect();
    this.#look();
  }

  stop() {
    this.#unwatch?.();
    this.#leave();
    this.#sleeping = false;
    this.#side.changed({ name: "stopped" });
  }

  retryNow() {
    if (this.#timers.retry !== null) this.#connect();
  }

  sync() {
    this.#link?.sync();
  }

  tell(action) {
    return this.#link?.tell(action) ?? false;
  }

  // ── opening ──

  #connect() {
    this.#clear("retry");
    this.#answeredAt = null;
    if (this.#blocked >= ENOUGH_BLOCKED) return this.#startPolling();
    this.#side.changed({ name: "connecting" });
    this.#link = this.#newSocket(() => this.#answered("live"), (how) => this.#ended(how));
    return this.#link.open();
  }

  #newSocket(answered, ended) {
    return new Socket({ ...this.#side, answered, ended });
  }

  #startPolling() {
    if (this.#timers.probe === null && !this.#probe) this.#probeLater();
    this.#side.changed({ name: "connecting" });
    this.#link = new Polling({
      ...this.#side, answered: () => this.#answered("polling"), ended: (how) => this.#ended(how),
    });
    return this.#link.open();
  }

  #answered(name) {
    this.#answeredAt = Date.now();
    if (name === "live") this.#blocked = 0;
    this.#side.changed({ name });
  }

  // ── a socket again, while polling ──

  #probeLater() {
    if (this.#side.WebSocket) this.#set("probe", this.#side.timing.probe, () => this.#probeNow());
  }

  #probeNow() {
    this.#probe = this.#newSocket(() => this.#takeOver(), () => {
      this.#probe = null;
      this.#probeLater();
    });
    this.#probe.open();
  }

  #takeOver() {
    this.#clear("retry");
    this.#link?.close();
    this.#link = this.#probe;
    this.#probe = null;
    this.#answered("live");
  }

  // ── the end of a link ──

  #ended({ code, blocked = false, problem }) {
    this.#link = null;
    if (code === CLOSED_ON_PURPOSE) return this.#side.closed();
    if (blocked) this.#blocked += 1;
    else if (BUSY.has(problem?.status) && this.#side.WebSocket) this.#blocked = 0;
    if (blocked && this.#blocked === ENOUGH_BLOCKED) return this.#connect();
    return this.#wait(this.#waitAfter(code, problem));
  }

  // A link that did not last has not proved that the server is well.
  #waitAfter(code, problem) {
    const { timing } = this.#side;
    const lasted = this.#answeredAt !== null && Date.now() - this.#answeredAt > timing.steady;
    if (lasted) this.#attempt = 0;
    if (lasted && code === GOING_AWAY) return 0;
    if (OUR_MISTAKE.has(code)) this.#attempt = Infinity;
    return Math.max(waitBefore(this.#attempt++, timing), (problem?.retryAfter ?? 0) * 1000);
  }

  #wait(wait) {
    if (wait === 0) return this.#connect();
    this.#set("retry", wait, () => this.#connect());
    this.#side.changed({ name: "waiting", until: Date.now() + wait });
    return undefined;
  }

  // ── the page ──

  // The network or the person came or went: try at once, or see whether the server is there still.
  #look() {
    if (isHidden()) {
      if (this.#timers.sleep === null) this.#set("sleep", this.#side.timing.sleep, () => this.#sleep());
      return;
    }
    this.#clear("sleep");
    if (this.#sleeping) {
      this.#sleeping = false;
      this.#connect();
    } else if (this.#timers.retry !== null) this.#connect();
    else this.sync();
  }

  #sleep() {
    this.#leave();
    this.#sleeping = true;
    this.#side.changed({ name: "sleeping" });
  }

  #leave() {
    for (const name of Object.keys(this.#timers)) this.#clear(name);
    this.#link?.close();
    this.#probe?.close();
    this.#link = this.#probe = null;
  }

  // ── timers ──

  #set(name, wait, act) {
    this.#clear(name);
    this.#timers[name] = setTimeout(() => {
      this.#timers[name] = null;
      act();
    }, wait);
  }

  #clear(name) {
    clearTimeout(this.#timers[name]);
    this.#timers[name] = null;
  }
}
