// Sends all dead letters that match on their way again, some with each call, and shows how far it is.

import { confirmed } from "./dialog.js";
import { say } from "./dom.js";
import { count, counted } from "./times.js";

export class Redrive {
  #running = null;

  // `done()` is called when it has ended, however it did.
  constructor(place, api, done) {
    Object.assign(this, { place, api, done });
    this.bar = place.querySelector("progress");
    this.text = place.querySelector("[role=status]");
    this.problem = place.querySelector("[role=alert]");
    this.stopButton = place.querySelector("button");
    this.stopButton.addEventListener("click", () => this.stop());
  }

  async start(filter) {
    if (this.#running) return;
    const text = Object.keys(filter).length ? "All that match the filters go" : "All of them go";
    const sure = await confirmed({ title: "Redrive all?", action: "Redrive all",
      text: `${text} on their way again, the oldest first.` });
    if (!sure) return;
    const run = { sent: 0, total: null };
    this.#running = run;
    this.#open();
    // What dies again while this goes on is not taken once more.
    await this.#repeat(run, { until: new Date().toISOString(), ...filter })
      .catch((problem) => say(this.problem, `${problem.message} ${sentText(run)} The others are kept.`));
    if (this.#running === run) this.#close(run);
  }

  stop() {
    if (this.#running) this.#close(this.#running);
  }

  async #repeat(run, filter) {
    while (this.#running === run) {
      const { redriven, remaining = 0 } = await this.api.redriveAll(filter);
      run.sent += redriven;
      run.remaining = remaining;
      run.total ??= run.sent + remaining;
      if (this.#running === run) this.#show(run);
      if (!redriven || !remaining || run.sent >= run.total) return;
    }
  }

  #open() {
    this.place.hidden = this.bar.hidden = this.stopButton.hidden = false;
    this.bar.removeAttribute("value"); // how many there are is known after the first call
    say(this.problem, "");
    say(this.text, "Redriving…");
  }

  #show({ sent, total }) {
    this.bar.max = total || 1;
    this.bar.value = sent;
    say(this.text, `${count(sent)} of ${count(total)} are on their way again.`);
  }

  #close(run) {
    this.#running = null;
    const hadFocus = document.activeElement === this.stopButton;
    this.bar.hidden = this.stopButton.hidden = true;
    if (hadFocus) this.text.focus();
    const left = run.remaining ? ` ${counted(run.remaining, "remains", "remain")}.` : "";
    say(this.text, run.total === 0 ? "There were none that match." : `${sentText(run)}${left}`);
    this.done();
  }
}

const sentText = ({ sent }) => `${counted(sent, "is", "are")} on their way again.`;
