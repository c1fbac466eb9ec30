// A short word in the corner, which goes by itself and waits while it is looked at.

import { visible } from "./text.js";

const SHOWN_MILLISECONDS = 6_000;
const MOST = 3;

export class Toasts {
  constructor(place, template) {
    Object.assign(this, { place, template });
  }

  arrived(notifications) {
    const [first, ...others] = notifications;
    if (others.length) this.say(`${notifications.length} new notifications`, "");
    else this.say(first.title ?? "New notification", first.message);
  }

  clear() {
    this.place.replaceChildren();
  }

  say(title, text, kind = "news") {
    const toast = this.template.content.firstElementChild.cloneNode(true);
    toast.dataset.kind = kind;
    toast.querySelector(".toast-title").textContent = visible(title);
    toast.querySelector(".toast-text").textContent = visible(text.slice(0, 300));
    while (this.place.children.length >= MOST) this.place.firstElementChild.remove();
    this.place.append(toast);
    leaveLater(toast);
  }
}

function leaveLater(toast) {
  let timer;
  const wait = () => { timer = setTimeout(() => toast.remove(), SHOWN_MILLISECONDS); };
  const stay = () => clearTimeout(timer);
  for (const name of ["mouseenter", "focusin"]) toast.addEventListener(name, stay);
  for (const name of ["mouseleave", "focusout"]) toast.addEventListener(name, wait);
  toast.querySelector("button").addEventListener("click", () => { stay(); toast.remove(); });
  wait();
}
