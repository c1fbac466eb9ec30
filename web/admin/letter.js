// One dead letter, whole: what is known of it, its headers and its body.

import { visible } from "../inbox/text.js";
import { facts, idText } from "./content.js";
import { confirmed } from "./dialog.js";
import { button, make, say } from "./dom.js";
import { count, timeElement } from "./times.js";

export const REASONS = {
  "push-failed": "Push failed",
  "unknown-notification": "Unknown notification",
  unreadable: "Unreadable",
  "delivery-limit": "Delivery limit",
};

export const dropIsMeant = () => confirmed({ title: "Drop it for good?", action: "Drop",
  text: "The dead letter is forgotten. Its notification, if there is one, stays in the inbox." });

export class Letter {
  #id = null;

  constructor(place, api) {
    Object.assign(this, { place, api });
    this.body = place.querySelector("#letter-body");
    this.problem = place.querySelector("#letter-problem");
  }

  async show(id) {
    this.#id = id;
    this.place.hidden = false;
    this.body.replaceChildren(make("p", { class: "empty" }, "Loading…"));
    say(this.problem, "");
    this.place.querySelector("h2").focus();
    const [letter, problem] = await this.api.deadLetter(id)
      .then((found) => [found, null], (error) => [null, error]);
    if (this.#id !== id) return;
    this.body.replaceChildren(...(letter ? this.#parts(letter) : []));
    if (problem) say(this.problem, problem.message);
  }

  hide() {
    this.#id = null;
    this.place.hidden = true;
    this.body.replaceChildren();
  }

  #parts(letter) {
    const headers = Object.entries(letter.headers);
    const encoding = letter.bodyEncoding === "base64" ? ", shown as base64" : "";
    const size = `${count(letter.bodyBytes)} bytes${encoding}`;
    const trace = `#trace/${encodeURIComponent(letter.notificationId)}`;
    return [
      facts({
        Reason: REASONS[letter.reason] ?? visible(letter.reason), Error: visible(letter.error),
        Queue: visible(letter.queue), "Failed first": timeElement(letter.firstAt),
        "Died last": timeElement(letter.lastAt), Times: letter.times, Retries: letter.attempts,
        Notification: letter.notificationId &&
          make("a", { href: trace }, idText(letter.notificationId)),
        "It is now": letter.deliveryState, Person: letter.userId && idText(letter.userId),
      }, "facts wide"),
      headers.length && make("h3", {}, "Headers"),
      headers.length && facts(Object.fromEntries(headers.map(([name, value]) =>
        [visible(name), visible(String(value))])), "facts wide"),
      make("h3", {}, "Body ", make("small", {}, letter.bodyIsCut ? `${size}, only the beginning` : size)),
      make("pre", { tabindex: "0", role: "group", "aria-label": "Body", dir: "auto" }, visible(letter.body)),
      make("div", { class: "actions" },
        button("Redrive", "this dead letter", () => this.#away(this.api.redrive(letter.id))),
        button("Drop", "this dead letter", async () => {
          if (await dropIsMeant()) await this.#away(this.api.drop(letter.id));
        })),
    ].filter(Boolean);
  }

  // Back to the list when it is gone from there.
  #away(doing) {
    return doing.then(() => { location.hash = "dead-letters"; },
      (problem) => say(this.problem, problem.message));
  }
}
