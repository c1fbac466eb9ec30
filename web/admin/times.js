// Times and numbers for people.

import { make } from "./dom.js";

const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];
const relative = new Intl.RelativeTimeFormat("en");
const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "medium" });
const short = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const number = new Intl.NumberFormat("en");
const DAYS_SAID_RELATIVELY = 7;

export const zone = new Intl.DateTimeFormat("en").resolvedOptions().timeZone;

export const count = (value) => number.format(value);

// "1 person", "2 people".
export const counted = (value, one, many) => `${count(value)} ${value === 1 ? one : many}`;

export const shortTime = (time) => short.format(new Date(time));

// "in 5 minutes", "5 minutes ago"; date and time when it is further away than a week.
export function relativeTime(time, now = Date.now()) {
  const seconds = Math.round((new Date(time) - now) / 1000);
  const distance = Math.abs(seconds);
  if (distance > DAYS_SAID_RELATIVELY * 86_400) return shortTime(time);
  const [unit, size] = UNITS.find(([, length]) => distance >= length) ?? [];
  return unit ? relative.format(Math.round(seconds / size), unit) : "just now";
}

// A length of time: "4 ms", "1.2 s", "3 min", "5 h".
export function duration(milliseconds) {
  const seconds = milliseconds / 1000;
  if (seconds < 1) return `${Math.round(milliseconds)} ms`;
  if (seconds < 100) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return seconds < 6_000 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}

// A <time> that is kept right by `tick`.
export const timeElement = (time) =>
  make("time", { datetime: time, title: exact.format(new Date(time)) }, relativeTime(time));

export function tick(place) {
  for (const element of place.querySelectorAll("time[title]")) {
    element.textContent = relativeTime(element.dateTime);
  }
}
