// A chart over time: bars upon each other, lines, and steps; with a legend, and its numbers as a table.

import { draw, make, say } from "./dom.js";
import { linear, linePath, timeTicks, valueTicks } from "./scale.js";

const HEIGHT = 200;
const MARGIN = { top: 10, right: 12, bottom: 26, left: 52 };
const minute = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const second = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export class Chart {
  #data = null;
  #pointed = null; // the bucket under the pointer

  // `series` are {name, kind: "bar", "line" or "step", tone, of(bucket) → number or null, sum(buckets)};
  // `sum` is what the legend says of all of them, `format` how a value is written, `none` what is
  // said when there is nothing to draw.
  constructor(place, { title, unit, series, format, none }) {
    Object.assign(this, { title, unit, series, format });
    this.svg = draw("svg", { class: "chart", role: "img", "aria-label": `${title}: nothing yet` });
    this.canvas = make("div", { class: "canvas" }, this.svg);
    this.none = make("p", { class: "none", hidden: true }, none);
    this.when = make("span", { class: "hint" });
    this.values = series.map(() => make("b"));
    const legend = make("ul", { class: "legend" }, ...series.map(({ name, kind, tone }, index) =>
      make("li", {}, make("span", { class: "key", "data-kind": kind, "data-tone": tone }),
        `${name} `, this.values[index])));
    this.table = make("tbody");
    this.details = this.#tableDetails();
    place.append(make("div", { class: "chart-head" },
      make("h2", {}, title, " ", make("small", {}, unit)), this.when),
    legend, make("div", { class: "stage" }, this.canvas, this.none), this.details);
    this.details.addEventListener("toggle", () => this.#fillTable());
    this.canvas.addEventListener("pointermove", (event) => this.#point(event));
    this.canvas.addEventListener("pointerleave", () => this.#point(null));
    new ResizeObserver(() => this.#draw()).observe(this.canvas);
  }

  // `buckets` are {at, …} with `at` and `step` in milliseconds; times without one are empty.
  show(data) {
    this.#data = data;
    this.#draw();
    this.#fillTable();
  }

  clear() {
    this.#data = null;
    this.svg.replaceChildren();
    this.table.replaceChildren();
  }

  #draw() {
    const width = this.canvas.clientWidth;
    if (!this.#data || !width) return;
    const { from, to, buckets } = this.#data;
    const ticks = valueTicks(Math.max(0, ...buckets.map((bucket) => this.#top(bucket))));
    const x = linear([from, to], [MARGIN.left, width - MARGIN.right]);
    const y = linear([0, ticks.at(-1)], [HEIGHT - MARGIN.bottom, MARGIN.top]);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.svg.setAttribute("aria-label", this.#summary());
    this.svg.replaceChildren(...this.#axes({ x, y, ticks, width }), ...this.#bars(x, y),
      ...this.#lines(x, y), ...this.#pointer(x));
    this.none.hidden = buckets.some((bucket) => this.#top(bucket) > 0);
    this.#legend();
  }

  // The highest that is drawn of a bucket.
  #top(bucket) {
    const of = (kind) => this.series.filter((one) => one.kind === kind).map((one) => one.of(bucket) ?? 0);
    return Math.max(of("bar").reduce((sum, value) => sum + value, 0), ...of("line"), ...of("step"), 0);
  }

  #axes({ x, y, ticks, width }) {
    const { from, to } = this.#data;
    const [format, room] = to - from > 300_000 ? [minute, 60] : [second, 80];
    const times = timeTicks(from, to, Math.floor((width - MARGIN.left) / room));
    return [
      ...ticks.map((tick) => draw("line", { class: tick ? "grid" : "axis", x1: MARGIN.left,
        x2: width - MARGIN.right, y1: y(tick), y2: y(tick) })),
      ...ticks.map((tick) => draw("text", { x: MARGIN.left - 8, y: y(tick) + 4, "text-anchor": "end" },
        this.format(tick))),
      ...times.map((tick) => draw("text", { x: x(tick), y: HEIGHT - 8, "text-anchor": "middle" },
        format.format(tick))),
    ];
  }

  #bars(x, y) {
    const bars = this.series.filter(({ kind }) => kind === "bar");
    const { step, buckets, now } = this.#data;
    const wide = x(step) - x(0);
    const gap = Math.min(2, wide / 4);
    return buckets.flatMap((bucket) => {
      let below = 0;
      return bars.map(({ tone, of }) => {
        const value = of(bucket);
        if (!value) return null;
        const [bottom, top] = [y(below), y(below + value)];
        below += value;
        // The last bar may still grow.
        return draw("rect", { "data-tone": tone, class: bucket.at + step > now && "growing",
          x: x(bucket.at) + gap / 2, y: top, width: wide - gap, height: bottom - top });
      }).filter(Boolean);
    });
  }

  #lines(x, y) {
    const lines = this.series.filter(({ kind }) => kind !== "bar");
    // Thin where there are many buckets, so that it does not hide the bars.
    const thickness = x(this.#data.step) - x(0) < 5 ? 1 : 2;
    return lines.map((one) => draw("path", { "data-tone": one.tone, d: linePath(this.#points(one, x, y)),
      "stroke-width": one.kind === "step" ? thickness : 2 }));
  }

  // A line goes from middle to middle, a step along the whole bucket. Where no bucket is, it ends.
  #points({ kind, of }, x, y) {
    const { step, buckets } = this.#data;
    const places = kind === "step" ? [0, step] : [step / 2];
    let expected = null;
    return buckets.flatMap((bucket) => {
      const value = of(bucket);
      const gap = expected !== null && bucket.at > expected ? [null] : [];
      expected = bucket.at + step;
      return [...gap, ...places.map((place) => value !== null && [x(bucket.at + place), y(value)])];
    });
  }

  #pointer(x) {
    if (this.#pointed === null) return [];
    const middle = x(this.#pointed + this.#data.step / 2);
    return [draw("line", { class: "pointer", x1: middle, x2: middle, y1: MARGIN.top,
      y2: HEIGHT - MARGIN.bottom })];
  }

  #point(event) {
    if (!this.#data) return;
    const { from, to, step } = this.#data;
    const box = this.canvas.getBoundingClientRect();
    const timeAt = linear([MARGIN.left, box.width - MARGIN.right], [from, to]);
    const time = event ? timeAt(event.clientX - box.left) : to;
    const inside = time >= from && time < to;
    this.#pointed = inside ? Math.floor(time / step) * step : null;
    this.#draw();
  }

  // Of the pointed bucket, otherwise of all.
  #legend() {
    const { buckets } = this.#data;
    const bucket = buckets.find(({ at }) => at === this.#pointed);
    this.series.forEach(({ of, sum }, index) => {
      const value = this.#pointed === null ? sum(buckets) : bucket ? of(bucket) : null;
      say(this.values[index], this.#said(value));
    });
    say(this.when, this.#pointed === null ? "" : second.format(this.#pointed));
  }

  #said = (value) => (value === null || value === undefined ? "–" : this.format(value));

  #summary() {
    const { from, to, buckets } = this.#data;
    const sums = this.series.map(({ name, sum }) => `${name} ${this.#said(sum(buckets))}`);
    const times = `from ${minute.format(from)} to ${minute.format(to)}`;
    return `${this.title}, ${this.unit}, ${times}: ${sums.join(", ")}`;
  }

  #tableDetails() {
    const head = make("tr", {}, ...["Time", ...this.series.map(({ name }) => name)].map((name) =>
      make("th", { scope: "col" }, name)));
    const table = make("table", {}, make("caption", { class: "only-heard" }, `${this.title}, ${this.unit}`),
      make("thead", {}, head), this.table);
    return make("details", { class: "numbers" }, make("summary", {}, "Numbers",
      make("span", { class: "only-heard" }, ` of ${this.title}`)),
    make("div", { class: "scroll", tabindex: "0", role: "region",
      "aria-label": `Numbers of ${this.title}` }, table));
  }

  // Newest first, and only while it is looked at.
  #fillTable() {
    if (!this.details.open || !this.#data) return;
    this.table.replaceChildren(...this.#data.buckets.toReversed().map((bucket) => make("tr", {},
      make("th", { scope: "row" }, second.format(bucket.at)),
      ...this.series.map(({ of }) => make("td", {}, this.#said(of(bucket)))))));
  }
}
