// The changes of this device that are under way: shown at once, carried out one after the other, and
// kept until the event that confirms them has come.

import { waitBefore } from "./backoff.js";
import { newKey } from "./key.js";
import { EVENT_OF } from "./notification.js";
import { isInProgress, isPassing, Problem } from "./problem.js";

const MOST_UNDER_WAY = 100;
const MOST_IDS = 100; //    in one call of the API
const TRIES = 7;
const BUSY_TRIES = 60; //   while the server says that it is at it: up to half a minute after a crash
const MOST_AT_ONCE = 60_000; // bytes that may outlive a page: browsers allow 64 KiB (Fetch, keepalive)

export class Changes {
  // In the form of events, so that a notification can be shown as they will leave it:
  // {type, ids: a Set, at, until}. `seq` is that of the event that confirms it, once known, and `steps`
  // are the calls that are left: {body, key, asked: a promise of the answer}.
  pending = [];

  #keeper;
  #last = Promise.resolve(); // the end of the change made last
  #goOn = null; //              ends the wait before the next try

  // `keeper` has `post(body, idempotencyKey)`, `position()`, `changed()`, `failed(problem)`, `timing`.
  constructor(keeper) {
    this.#keeper = keeper;
  }

  // `what` is {ids} or {filter}, `known` the ids that it means here. It is shown now, and carried out
  // after `release()`, which answers a promise of {changed}; `undo()` before that takes it back.
  hold(change, what, known, until) {
    const pending = {
      type: EVENT_OF[change], ids: new Set(known), at: new Date().toISOString(), until, seq: null,
      steps: bodies(change, what, until).map(newStep),
    };
    let done = this.#begin(pending);
    pending.release = () => (done ??= this.#queue(pending));
    const undo = () => {
      if (done) return;
      done = Promise.resolve({ changed: 0 });
      this.#forget(pending);
    };
    return { release: pending.release, undo };
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

  // The page is left: there is no later, so all that waits goes out now, as much as a browser lets.
  // Should the page come back, the answers are awaited in their turn.
  sendAll() {
    for (const pending of this.pending) pending.release();
    let bytes = 0;
    for (const step of this.pending.flatMap(({ steps }) => steps)) {
      bytes += JSON.stringify(step.body).length;
      if (bytes > MOST_AT_ONCE) return;
      this.#ask(step).catch(() => {});
    }
  }

  // Answers null, or a rejection when there are too many.
  #begin(pending) {
    const open = this.pending.filter(({ seq }) => seq === null);
    if (open.length >= MOST_UNDER_WAY) return this.#refuse(pending);
    this.pending.push(pending);
    this.#keeper.changed();
    return null;
  }

  // `failed` tells what goes wrong to those who do not wait for the promise.
  #queue(pending) {
    const done = this.#last.then(() => this.#carryOut(pending));
    this.#last = done.catch(() => {});
    return done;
  }

  async #carryOut(pending) {
    let changed = 0;
    let seq = 0;
    try {
      while (pending.steps.length) {
        const [{ body }] = pending.steps;
        const answer = await this.#answerTo(pending);
        changed += answer.changed;
        seq = answer.seq;
        const further = answer.nextCursor ? [newStep({ ...body, cursor: answer.nextCursor })] : [];
        pending.steps.splice(0, 1, ...further);
      }
    } catch (problem) {
      this.#takeBack(pending, problem);
      throw problem;
    }
    pending.seq = seq;
    this.confirm();
    this.#keeper.changed();
    return { changed };
  }

  // To the first of its steps, however often it has to be asked for.
  async #answerTo(pending) {
    const [step] = pending.steps;
    for (let [tries, busyTries] = [1, 1]; ;) {
      try {
        return await this.#ask(step);
      } catch (problem) {
        step.asked = null;
        const again = isInProgress(problem) ? busyTries++ < BUSY_TRIES
          : isPassing(problem) && tries++ < TRIES;
        if (!again || pending.abandoned) throw problem;
        await this.#wait(tries - 2, problem);
      }
    }
  }

  #ask = (step) => (step.asked ??= this.#keeper.post(step.body, step.key));

  #wait(attempt, { retryAfter = 0 }) {
    const wait = Math.max(waitBefore(Math.max(0, attempt), this.#keeper.timing), retryAfter * 1000);
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
    const refusal = Promise.reject(problem);
    refusal.catch(() => {});
    return refusal;
  }

  #takeBack(pending, problem) {
    this.#forget(pending);
    if (!pending.abandoned) this.#keeper.failed(problem);
  }

  #forget(pending) {
    this.pending = this.pending.filter((other) => other !== pending);
    this.#keeper.changed();
  }
}

const newStep = (body) => ({ body, key: newKey(), asked: null });

function bodies(change, { ids, filter }, until) {
  if (!ids) return [{ change, filter, until }];
  const starts = Array.from({ length: Math.ceil(ids.length / MOST_IDS) }, (_, at) => at * MOST_IDS);
  return starts.map((start) => ({ change, ids: ids.slice(start, start + MOST_IDS), until }));
}
