// Asks again and again, but only while it is started and the tab is seen.

const LONGEST_PAUSE_MILLISECONDS = 15_000;

export class Poll {
  #ask;
  #pause;
  #timer = null;
  #failures = 0;
  #started = false;
  #round = 0; // an answer to an older round is of no use any more

  // `ask(isCurrent)` answers a promise of whether it went well; `pause` is in milliseconds. After it
  // has loaded, it looks whether it `isCurrent()` still, and shows nothing when it is not.
  constructor(pause, ask) {
    this.#pause = pause;
    this.#ask = ask;
    document.addEventListener("visibilitychange", () => this.#turn());
  }

  start() {
    this.#started = true;
    this.#failures = 0;
    this.#turn();
  }

  stop() {
    this.#started = false;
    this.#turn();
  }

  // At once, and then on from there.
  now() {
    if (this.#started) this.#turn();
  }

  async #turn() {
    clearTimeout(this.#timer);
    const round = ++this.#round;
    if (!this.#started || document.hidden) return;
    const isCurrent = () => round === this.#round;
    const good = await this.#ask(isCurrent);
    if (!isCurrent()) return;
    this.#failures = good ? 0 : this.#failures + 1;
    this.#timer = setTimeout(() => this.#turn(), this.#wait());
  }

  // Longer with each failure, and not the same for all who lost the same server.
  #wait() {
    if (!this.#failures) return this.#pause;
    const longest = Math.min(LONGEST_PAUSE_MILLISECONDS, this.#pause * 2 ** this.#failures);
    return longest * (0.5 + Math.random() / 2);
  }
}
