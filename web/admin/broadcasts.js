// Broadcasts: how far each one is, newest first; what was sent can be withdrawn.

import { visible } from "../inbox/text.js";
import { about, expiry, titleOf, words } from "./content.js";
import { confirmed } from "./dialog.js";
import { button, make, say } from "./dom.js";
import { Pages } from "./pages.js";
import { Poll } from "./poll.js";
import { count, counted, shortTime, tick, timeElement } from "./times.js";

const PAUSE_MILLISECONDS = 2_000;
const STATES = { scheduled: "Scheduled", running: "Running", finished: "Finished", withdrawn: "Withdrawn" };

export class Broadcasts {
  title = "Broadcasts";

  constructor(section, api) {
    this.api = api;
    this.pages = new Pages(section.querySelector(".pages"), {
      name: "Broadcasts", empty: "There has been no broadcast yet.",
      load: api.broadcasts, row: (item) => this.#row(item),
    });
    this.poll = new Poll(PAUSE_MILLISECONDS, async () => {
      const went = await this.pages.refresh();
      tick(section);
      return went;
    });
  }

  show() {
    this.poll.start();
  }

  hide() {
    this.poll.stop();
  }

  clear() {
    this.pages.clear();
  }

  #row(item) {
    const state = make("span", { class: "tag state" });
    const problem = make("p", { class: "error", role: "alert" });
    const progress = new Progress(`Progress of ${titleOf(item)}`);
    const withdraw = button("Withdraw", titleOf(item), () => this.#withdraw(item, problem));
    const element = make("li", { class: "row" },
      about(item, state, make("span", {}, audience(item)), timeElement(item.createdAt),
        expiry(item.expiresAt)),
      ...words(item), ...progress.elements, problem, make("div", { class: "actions" }, withdraw));
    return { element, show: (now) => {
      say(state, STATES[now.state] ?? visible(now.state));
      state.dataset.state = now.state;
      progress.show(now);
      withdraw.hidden = now.state === "withdrawn";
    } };
  }

  async #withdraw({ id, ...item }, problem) {
    const sure = await confirmed({ title: "Withdraw it?", action: "Withdraw",
      text: `“${titleOf(item)}” is taken out of every inbox it is in, and goes to no further one.` });
    if (!sure) return;
    problem.textContent = "";
    await this.api.withdrawBroadcast(id).then(() => this.poll.now(),
      (error) => { problem.textContent = error.message; });
  }
}

// How many have it: a bar for the eye, and a sentence for everybody.
class Progress {
  constructor(label) {
    this.delivered = make("span", { class: "delivered" });
    this.failed = make("span", { class: "failed" });
    this.bar = make("div", { class: "progress", role: "progressbar", "aria-label": label,
      "aria-valuemin": "0", hidden: true }, this.delivered, this.failed);
    this.text = make("p", { class: "hint" });
    this.elements = [this.bar, this.text];
  }

  show(item) {
    const { total, delivered, failed, cancelled = 0 } = item;
    const text = progressText(item);
    say(this.text, text);
    this.bar.hidden = !total || item.state === "withdrawn";
    if (this.bar.hidden) return;
    this.bar.setAttribute("aria-valuemax", total);
    this.bar.setAttribute("aria-valuenow", Math.min(total, delivered + failed + cancelled));
    this.bar.setAttribute("aria-valuetext", text);
    this.delivered.style.inlineSize = `${(100 * delivered) / total}%`;
    this.failed.style.inlineSize = `${(100 * failed) / total}%`;
  }
}

export function progressText({ state, deliverAt, total, accepted, delivered, failed, cancelled }) {
  if (state === "scheduled") return `Is sent on ${shortTime(deliverAt)}.`;
  if (state === "withdrawn") return "It is in no inbox any more.";
  if (total === undefined) return "Beginning…";
  const parts = [`${count(delivered)} of ${counted(total, "person has", "people have")} it`];
  if (accepted < total) parts.push(`${count(accepted)} accepted`);
  if (failed) parts.push(`${count(failed)} failed`);
  if (cancelled) parts.push(`${count(cancelled)} cancelled before they got it`);
  return `${parts.join(", ")}.`;
}

export function audience({ to, total }) {
  if (to.kind === "everybody") return "to everybody";
  if (to.kind === "topic") return `to the topic ${visible(to.topic)}`;
  return total === undefined ? "to chosen people" : `to ${counted(total, "person", "people")}`;
}
