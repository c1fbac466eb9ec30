// The changes of this device that are under way: shown at once, carried out one after the other, and
// kept until the event that confirms them has come.

import { waitBefore } from "./backoff.js";
import { EVENT_OF } from "./notification.js";
import { isPassing, Problem } from "./problem.js";

const MOST_UNDER_WAY = 100;
const MOST_IDS = 100; // in one call of the API
const TRIES = 7;

export class Changes {
  // In the form of events, so that a notification can be shown as they will leave it:
  // {type, ids: a Set, at, until}. `seq` is that of the event that confirms it, once known.
  pending = [];

  #keeper;
  #last = Promise.resolve(); // the end of the change made last
  #goOn = null; //              ends the wait before the next try

  // `keeper` has `post(body, idempotencyKey)`, `position()`, `changed()`, `failed(problem)`, `timing`.
  constructor(keeper) {
    this.#keeper = keeper;
  }

  // `what` is {ids} or {filter}, `known` the ids that it means here.
  make(change, what, known, until) {
    const at = new Date().toISOString();
    const pending = { type: EVENT_OF[change], ids: new Set(known), at, until, seq: null };
    const open = this.pending.filter(({ seq }) => seq === null);
    if (open.length >= MOST_UNDER_WAY) return this.#refuse(pending);
    this.pending.push(pending);
    this.#keeper.changed();
    const done = this.#last.then(() => this.#carryOut(pending, bodies(change, what, until)));
    this.#last = done.then(() => {}, () => {});
    return done;
  }

  // The position has moved: what it has confirmed is in the lists.
  confirm() {
    const position = this.#keeper.position() ?? Infinity;
    // Without events nothing is ever confirmed: the oldest go.
    const left = this.pending.filter(({ seq }) => seq === null || seq > position);
    this.pending = left.filter(({ seq }, at) => seq === null || at >= left.length - MOST_UNDER_WAY);
  }

  hurry() {
    this.#goOn?.();
  }

  abandon() {
    for (const pending of this.pending) pending.abandoned = true;
    this.#goOn?.();
  }

  async #carryOut(pending, steps) {
    let changed = 0;
    let last = { seq: 0 };
    try {
      for (const body of steps) {
        do {
          last = await this.#post(body, pending);
          changed += last.changed;
        } while (last.more && last.changed);
      }
    } catch (problem) {
      this.#takeBack(pending, problem);
      throw problem;
    }
    pending.seq = last.seq;
    this.confirm();
    this.#keeper.changed();
    return { changed };
  }

  async #post(body, pending) {
    const key = newKey();
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#keeper.post(body, key);
      } catch (problem) {
        const again = isPassing(problem) && attempt + 1 < TRIES && !pending.abandoned;
        if (!again) throw problem;
        await this.#wait(attempt, problem);
      }
    }
  }

  #wait(attempt, { retryAfter = 0 }) {
    const wait = Math.max(waitBefore(attempt, this.#keeper.timing), retryAfter * 1000);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, wait);
      this.#goOn = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #refuse(pending) {
    const problem = new Problem(0, { detail: "Too many changes wait for the server. Try again." });
    this.#takeBack(pending, problem);
    return Promise.reject(problem);
  }

  #takeBack(pending, problem) {
    this.pending = this.pending.filter((other) => other !== pending);
    this.#keeper.changed();
    if (!pending.abandoned) this.#keeper.failed(problem);
  }
}

function bodies(change, { ids, filter }, until) {
  if (!ids) return [{ change, filter, until }];
  const starts = Array.from({ length: Math.ceil(ids.length / MOST_IDS) }, (_, at) => at * MOST_IDS);
  return starts.map((start) => ({ change, ids: ids.slice(start, start + MOST_IDS), until }));
}

// crypto.randomUUID is not there on pages without TLS.
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
