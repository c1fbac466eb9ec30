// How the client is connected: a dot and a word for the eye, each change once for screen readers.

import { make, say } from "./make.js";

export class Status {
  #timer = null;
  #state = { name: "stopped" };

  constructor(words, { retry, announce }) {
    Object.assign(this, { words, announce });
    this.word = make("span", { class: "state-word" });
    this.button = make("button", { type: "button", class: "plain", hidden: true, onclick: retry }, words.say("tryNow"));
    this.element = make("div", { class: "state", part: "connection" },
      make("span", { class: "state-dot", "aria-hidden": "true" }), this.word, this.button);
  }

  show(state) {
    // Trying again is part of waiting: the word would only flicker.
    const isAgain = state.name === "connecting" && this.#state.name === "waiting";
    const before = this.#state.name;
    this.#state = isAgain ? { name: "waiting", until: 0 } : state;
    this.stop();
    if (this.#state.name === "waiting") this.#timer = setInterval(() => this.#draw(), 500);
    this.#draw();
    const { name } = this.#state;
    if (name === "waiting" && before !== name) this.announce(this.words.say("waitingSaid"));
    if (name === "live" && before === "waiting") this.announce(this.words.say("live"));
  }

  stop() {
    clearInterval(this.#timer);
  }

  #draw() {
    const { name, until = 0 } = this.#state;
    const seconds = Math.ceil((until - Date.now()) / 1000);
    this.element.dataset.state = name;
    this.button.hidden = name !== "waiting";
    say(this.word, name === "waiting" && seconds > 0
      ? this.words.say("waitingSeconds", { count: seconds }) : this.words.say(name));
  }
}
