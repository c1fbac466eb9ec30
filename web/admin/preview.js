// A notification as its recipient will see it: a row of the inbox, without what can be done with it.

import { Row } from "../inbox/row.js";
import { STYLE } from "../inbox/style.js";
import { Words } from "../inbox/words.js";

const ALONE = new CSSStyleSheet();
ALONE.replaceSync(".actions { display: none; } .item { cursor: auto !important; }");

export class Preview {
  #row = new Row(unread({ message: "", priority: 3 }), new Words("en"), () => {});

  constructor(place) {
    this.place = place;
    place.setAttribute("inline", ""); // a card of its own, as on the page of the inbox
    const root = place.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [STYLE, ALONE];
    root.append(this.#row.element);
    this.#row.fill();
  }

  show(content) {
    const isEmpty = !content.message && !content.title;
    this.#row.update(unread(isEmpty ? { ...content, message: "What you write appears here." } : content));
  }
}

const unread = (content) => ({ id: "preview", read: false, arrivedAt: new Date().toISOString(), ...content });
