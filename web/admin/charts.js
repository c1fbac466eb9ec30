// Charts: what comes and goes at this moment, and how long it takes.

import { visible } from "../inbox/text.js";
import { Chart } from "./chart.js";
import { make, say } from "./dom.js";
import { Poll } from "./poll.js";
import { count, duration } from "./times.js";

const PAUSE_MILLISECONDS = 2_000;
const SHORTEST_MILLISECONDS = 120_000; // that a chart shows, which begins when it is looked at
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

const total = (of) => (buckets) => buckets.reduce((sum, bucket) => sum + (of(bucket) ?? 0), 0);
const latest = (of) => (buckets) => of(buckets.findLast((bucket) => of(bucket) !== null) ?? {}) ?? null;
const counted = (name, field, kind, tone) =>
  ({ name, kind, tone, of: (bucket) => bucket[field] ?? 0, sum: total((bucket) => bucket[field]) });
const measured = (name, kind, tone, of) => ({ name, kind, tone, of, sum: latest(of) });

const FLOW = { title: "Notifications", unit: "per 10 s", format: count, none: "None in this time.",
  series: [counted("Delivered", "delivered", "bar", "good"), counted("Failed", "failed", "bar", "bad"),
    counted("Accepted", "accepted", "step", "ink")] };
const LATENCY = { title: "Latency", unit: "from the call until it was pushed", format: duration,
  none: "Nothing was pushed in this time.",
  series: [measured("p50", "line", "good", (bucket) => bucket.latency?.p50 ?? null),
    measured("p99", "line", "warm", (bucket) => bucket.latency?.p99 ?? null)] };
const DEPTH = { title: "Queue depth", unit: "messages waiting, while this page looks", format: count,
  none: "Nothing has waited.",
  series: [measured("All queues", "step", "good", (bucket) => bucket.waiting ?? null)] };

export class Charts {
  title = "Charts";
  #depths = new Map(); // bucket → the most that waited in it; the API knows only this moment

  constructor(section, api) {
    const part = (id) => section.querySelector(`#${id}`);
    Object.assign(this, { api, problem: part("charts-problem"), tiles: part("charts-tiles"),
      queues: part("charts-queues"), silent: part("charts-silent"), minutes: part("charts-minutes") });
    this.flow = new Chart(part("chart-flow"), FLOW);
    this.latency = new Chart(part("chart-latency"), LATENCY);
    this.depth = new Chart(part("chart-depth"), DEPTH);
    this.poll = new Poll(PAUSE_MILLISECONDS, (isCurrent) => this.#load(isCurrent));
    this.minutes.addEventListener("change", () => this.poll.now());
  }

  show() {
    this.poll.start();
  }

  hide() {
    this.poll.stop();
  }

  clear() {
    this.#depths.clear();
    for (const chart of [this.flow, this.latency, this.depth]) chart.clear();
    this.queues.replaceChildren();
    for (const place of this.tiles.querySelectorAll("[data-of]")) say(place, "–");
    say(this.problem, "");
    this.#asOf = null;
  }

  #asOf = null; // the time of what is shown

  async #load(isCurrent) {
    try {
      const minutes = Number(this.minutes.value);
      const statistics = await this.api.statistics(minutes);
      if (isCurrent()) this.#show(statistics, minutes);
      return true;
    } catch (problem) {
      const since = this.#asOf ? ` What is shown is of ${clock.format(this.#asOf)}.` : "";
      if (isCurrent()) say(this.problem, `${problem.message}${since}`);
      return false;
    }
  }

  #show(statistics, minutes) {
    say(this.problem, "");
    const step = statistics.bucketSeconds * 1000;
    const now = Date.parse(statistics.now);
    this.#asOf = now;
    const to = (Math.floor(now / step) + 1) * step;
    const from = to - minutes * 60_000;
    const inside = ({ at }) => at >= from && at < to;
    const buckets = statistics.buckets.map((bucket) => ({ ...bucket, at: Date.parse(bucket.at) }))
      .filter(inside).sort((a, b) => a.at - b.at);
    const frame = { now, from, to, step };
    this.flow.show({ ...frame, buckets });
    this.latency.show({ ...frame, buckets });
    const waiting = waitingIn(statistics.queues);
    if (waiting !== null) this.#note(Math.floor(now / step) * step, waiting);
    const depths = [...this.#depths].map(([at, waiting]) => ({ at, waiting })).filter(inside);
    const begin = Math.max(from, Math.min(depths[0]?.at ?? to, to - SHORTEST_MILLISECONDS));
    this.depth.show({ ...frame, from: begin, buckets: depths });
    this.#tile(statistics, waiting);
    this.#list(statistics.queues);
  }

  #note(bucket, waiting) {
    this.#depths.set(bucket, Math.max(waiting, this.#depths.get(bucket) ?? 0));
    for (const at of this.#depths.keys()) if (at < bucket - 3_600_000) this.#depths.delete(at);
  }

  #tile({ online, deadLetters }, waiting) {
    const values = { people: online.people, connections: online.connections, waiting, deadLetters };
    for (const place of this.tiles.querySelectorAll("[data-of]")) {
      const value = values[place.dataset.of];
      say(place, value === null ? "–" : count(value));
    }
  }

  #list(queues) {
    say(this.silent, queues.length ? "" : "The queue does not answer.");
    this.queues.replaceChildren(...queues.map(({ name, waiting }) => make("div", {},
      make("dt", {}, visible(name)), make("dd", {}, count(waiting)))));
  }
}

// A queue that is down says of no queue what waits in it: null then.
const waitingIn = (queues) =>
  (queues.length ? queues.reduce((sum, queue) => sum + queue.waiting, 0) : null);
