// The strings, numbers and times of an element in its language.

import { ENGLISH } from "./strings.js";

const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60]];
const WEEK = 7 * 86_400;

export class Words {
  // `strings` take the place of English ones. A `lang` that nobody knows is that of the browser.
  constructor(lang, strings = {}) {
    const locale = known(lang);
    this.strings = { ...ENGLISH, ...strings };
    this.plural = new Intl.PluralRules(locale);
    this.number = new Intl.NumberFormat(locale);
    this.relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
    this.exactly = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "medium" });
    this.date = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
    this.clock = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
    this.weekday = new Intl.DateTimeFormat(locale, { weekday: "short", hour: "numeric", minute: "2-digit" });
    this.far = new Intl.DateTimeFormat(locale, {
      weekday: "short", day: "numeric", month: "short", hour: "numeric", minute: "2-digit",
    });
  }

  say(name, values = {}) {
    const found = this.strings[name];
    const text = typeof found === "string" ? found : this.#pluralOf(found, values.count);
    return text.replace(/\{(\w+)\}/g, (_, key) => this.#written(values[key]));
  }

  exact = (time) => this.exactly.format(new Date(time));

  // "5 minutes ago"; a date when it is longer ago than a week.
  ago(time, now = Date.now()) {
    const seconds = (now - new Date(time)) / 1000;
    if (seconds < 60) return this.relative.format(0, "second");
    if (seconds > WEEK) return this.date.format(new Date(time));
    const [unit, size] = UNITS.find(([, length]) => seconds >= length);
    return this.relative.format(-Math.floor(seconds / size), unit);
  }

  // A time to come: as short as it is clear.
  until(time, now = Date.now()) {
    const date = new Date(time);
    const today = date.toDateString() === new Date(now).toDateString();
    const format = today ? this.clock : (date - now) / 1000 < WEEK - 86_400 ? this.weekday : this.far;
    return format.format(date);
  }

  #pluralOf = (forms, count) => forms[this.plural.select(count)] ?? forms.other;

  #written = (value) => (typeof value === "number" ? this.number.format(value) : String(value));
}

function known(lang) {
  try {
    return Intl.getCanonicalLocales(lang || [])[0];
  } catch {
    return undefined;
  }
}
