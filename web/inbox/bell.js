// The bell: a button with the number of unread notifications, which opens the panel below it.

import { icon, make, say, set } from "./make.js";
import { placeBelow } from "./place.js";

const MOST_ON_BADGE = 99;

export class Bell {
  // What it hears of the window ends with `signal`.
  constructor(panel, words, signal) {
    Object.assign(this, { panel, words });
    this.badge = make("span", { class: "badge", part: "badge", hidden: true });
    this.button = make("button", { type: "button", class: "bell", part: "bell", "aria-haspopup": "dialog",
      "aria-expanded": "false", "aria-controls": "panel" }, icon("bell"), this.badge);
    this.button.addEventListener("animationend", () => this.button.classList.remove("ringing"));
    this.#tie(panel.element);
    const place = () => this.isOpen && placeBelow(this.button, panel.element);
    window.addEventListener("resize", place, { signal });
    window.addEventListener("scroll", place, { signal, passive: true });
  }

  get isOpen() {
    return this.panel.element.matches(":popover-open");
  }

  open() {
    if (!this.isOpen) this.panel.element.showPopover();
  }

  close() {
    if (this.isOpen) this.panel.element.hidePopover();
  }

  ring() {
    this.button.classList.add("ringing");
  }

  count(unread) {
    const { number } = this.words;
    const most = number.format(MOST_ON_BADGE);
    say(this.badge, unread > MOST_ON_BADGE ? `${most}+` : number.format(unread));
    this.badge.hidden = unread === 0;
    set(this.button, "aria-label", this.words.say("bell", { count: unread }));
  }

  #tie(element) {
    element.popover = "auto";
    element.role = "dialog";
    this.button.popoverTargetElement = element;
    // The menu within is a popover, too.
    const own = (act) => (event) => event.target === element && act(event.newState === "open");
    element.addEventListener("beforetoggle", own((opens) => this.#toggles(opens)));
    element.addEventListener("toggle", own((isOpen) => this.#toggled(isOpen)));
  }

  #toggles(opens) {
    set(this.button, "aria-expanded", String(opens));
    if (opens) this.panel.open();
    else this.panel.close();
  }

  #toggled(isOpen) {
    if (!this.button.isConnected) return; // said late: the element has gone in the meantime
    const { host } = this.button.getRootNode();
    if (isOpen) {
      placeBelow(this.button, this.panel.element);
      this.panel.focus();
    } else if (host.matches(":focus") || document.activeElement === document.body) {
      this.button.focus({ preventScroll: true });
    }
  }
}
