// What a notification says, in the lists of the console.

import { safeLink, visible } from "../inbox/text.js";
import { make } from "./dom.js";
import { timeElement } from "./times.js";

// 3 is the usual one, so nothing is said of it.
const PRIORITIES = { 1: "Lowest", 2: "Low", 4: "High", 5: "Urgent" };

export const titleOf = ({ title, message }) => visible(title ?? message).slice(0, 120);

// Priority, category and further words (elements) in a line above the title.
export function about(item, ...more) {
  const priority = PRIORITIES[item.priority];
  return make("p", { class: "about" },
    priority && make("span", { class: "tag", "data-priority": item.priority }, priority),
    item.category && make("span", { class: "tag", dir: "auto" }, visible(item.category)),
    ...more);
}

export function words(item) {
  const url = safeLink(item.link);
  return [
    item.title && make("h2", { class: "row-title", dir: "auto" }, visible(item.title)),
    make("p", { class: "row-message", dir: "auto" }, visible(item.message)),
    url && make("a", { class: "row-link", href: url.href, rel: "noopener noreferrer", target: "_blank" },
      visible(item.link)),
  ];
}

// Terms and what they mean, as {term: text or element}; what is empty is left out.
export function facts(pairs, className = "facts") {
  const there = Object.entries(pairs).filter(([, value]) => value || value === 0);
  return there.length > 0 && make("dl", { class: className }, ...there.map(([term, value]) =>
    make("div", {}, make("dt", {}, term), make("dd", {}, value))));
}

export const expiry = (time) => time && make("span", {}, "expires ", timeElement(time));

export const idText = (id) => make("code", {}, visible(id));
