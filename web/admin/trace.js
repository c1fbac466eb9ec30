// Trace: the way of one notification; its content can be replaced, and it can be withdrawn.

import { clearProblems, onSubmit } from "../forms.js";
import { visible } from "../inbox/text.js";
import { confirmed } from "./dialog.js";
import { make, say } from "./dom.js";
import { Poll } from "./poll.js";
import { contentOf } from "./send.js";
import { drawTimeline } from "./timeline.js";

const PAUSE_MILLISECONDS = 3_000;
const GONE = new Set(["deleted", "withdrawn", "expired"]); // the steps after which there is nothing to change
const STATES = { queued: "Queued", dispatched: "Dispatched", failed: "Given up", cancelled: "Cancelled" };

export class Trace {
  title = "Trace";
  #id = "";

  constructor(section, api) {
    const part = (id) => section.querySelector(`#${id}`);
    Object.assign(this, { api, found: part("trace-found"), where: part("trace-where"),
      state: part("trace-state"), steps: part("trace-steps"), problem: part("trace-problem"),
      whose: part("trace-whose"), actions: part("trace-actions"), done: part("trace-done"), form: part("trace-form"),
      replaceForm: part("replace-form") });
    this.form.addEventListener("submit", (event) => this.#find(event));
    onSubmit(this.replaceForm, (form) => this.#replace(form));
    part("trace-withdraw").addEventListener("click", () => this.#withdraw());
    this.poll = new Poll(PAUSE_MILLISECONDS, (isCurrent) => this.#load(isCurrent));
  }

  show(id) {
    if (id !== this.#id) this.clear();
    this.#id = id;
    this.form.elements.id.value = id;
    if (id) this.poll.start();
  }

  hide() {
    this.poll.stop();
  }

  clear() {
    this.poll.stop();
    this.#id = "";
    this.form.elements.id.value = "";
    this.found.hidden = true;
    this.#shown = "";
    for (const place of [this.problem, this.done]) say(place, "");
    this.replaceForm.reset();
    this.replaceForm.parentElement.open = false;
    clearProblems(this.replaceForm);
  }

  #shown = ""; // the trace as JSON: what is the same is not drawn again, so that text can be selected

  #find(event) {
    event.preventDefault();
    const id = this.form.elements.id.value.trim();
    if (!id) return say(this.problem, "Give the id of a notification.");
    if (id === this.#id) return this.poll.now();
    location.hash = `trace/${encodeURIComponent(id)}`;
  }

  async #load(isCurrent) {
    try {
      const trace = await this.api.trace(this.#id);
      if (isCurrent()) this.#draw(trace);
      return true;
    } catch (problem) {
      if (!isCurrent()) return false;
      say(this.problem, problem.message);
      if (problem.status === 404 || problem.status === 400) this.poll.stop(); // it will not come
      if (problem.status === 404) this.found.hidden = true;
      return false;
    }
  }

  #draw(trace) {
    say(this.problem, "");
    this.found.hidden = false;
    const text = JSON.stringify(trace);
    if (text === this.#shown) return;
    this.#shown = text;
    say(this.state, STATES[trace.state] ?? visible(trace.state));
    this.state.dataset.state = trace.state;
    say(this.where, visible(trace.where));
    say(this.whose, visible(trace.userId));
    this.actions.hidden = trace.steps.some(({ step }) => GONE.has(step));
    drawTimeline(this.steps, trace.steps);
  }

  async #replace(form) {
    say(this.done, "");
    await this.api.replace(this.#id, contentOf(form));
    form.reset();
    form.parentElement.open = false;
    form.parentElement.querySelector("summary").focus();
    say(this.done, "Replaced. Every device shows the new text, marked as edited.");
    this.poll.now();
  }

  async #withdraw() {
    say(this.done, "");
    const sure = await confirmed({ title: "Withdraw it?", action: "Withdraw",
      text: "It goes from the inbox and from every device. This cannot be undone." });
    if (!sure) return;
    await this.api.withdraw(this.#id).then(() => this.#withdrawn(),
      (problem) => say(this.problem, problem.message));
    this.poll.now();
  }

  #withdrawn() {
    this.actions.hidden = true;
    this.done.focus();
    say(this.done, "Withdrawn. It is in the inbox no more.");
  }
}
