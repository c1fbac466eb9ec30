// A notification as its recipient will see it.

import { about, words } from "./content.js";
import { make } from "./dom.js";

export class Preview {
  constructor(place) {
    this.place = place;
  }

  show(content) {
    const { message } = content;
    const item = { ...content, message: message || "What you write appears here." };
    this.place.replaceChildren(make("div", { class: "row notification-preview" },
      about(item, make("span", {}, "just now")), ...words(item).filter(Boolean)));
    this.place.classList.toggle("nothing-yet", !message && !content.title);
  }

  tick() {}
}
