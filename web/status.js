// The state of the connection: a dot and a word for the eye, each change once for screen readers.

export class Status {
  #state = { name: "stopped" };
  #timer = null;

  constructor(element) {
    this.element = element;
    this.word = element.querySelector(".status-word");
    this.announcement = element.querySelector("[role=status]");
    this.button = element.querySelector("button");
    window.addEventListener("online", () => this.#draw());
    window.addEventListener("offline", () => this.#draw());
  }

  show(state) {
    // Trying again is part of waiting: the word would only flicker.
    const again = state.name === "connecting" && this.#state.name === "waiting";
    this.#state = again ? { ...this.#state, until: 0 } : state;
    clearInterval(this.#timer);
    if (state.name === "waiting") this.#timer = setInterval(() => this.#draw(), 250);
    this.#draw();
  }

  #draw() {
    const { name, until } = this.#state;
    const cut = name === "waiting" && !navigator.onLine;
    const seconds = Math.ceil((until - Date.now()) / 1000);
    const soon = seconds > 0 ? `Reconnecting in ${seconds} s` : "Reconnecting…";
    const words = { connecting: "Connecting…", live: "Live", waiting: soon, stopped: "" };
    this.element.dataset.state = cut ? "offline" : name;
    this.word.textContent = cut ? `Offline. ${soon}` : words[name];
    this.button.hidden = name !== "waiting";
    this.#announce(cut ? "Offline. Reconnecting by itself." : name === "waiting"
      ? "Connection lost. Reconnecting by itself." : words[name]);
  }

  #announce(text) {
    if (this.announcement.textContent !== text) this.announcement.textContent = text;
  }
}
