// One notification in the list. Far from the window it is hollow: an empty box of the same height.

import { icon, make, say, set } from "./make.js";
import { safeLink, visible } from "./text.js";

const USUAL_PRIORITY = 3; // nothing is said of it

// What can be done with a notification, by where it is; the names of actions.js, with their keys.
const KEYS = { read: "r", pin: "p", snooze: "s", unsnooze: "u", archive: "e", delete: "Delete" };
const offered = (item) => ["read", ...(item.archived || item.snoozedUntil ? [] : ["pin"]),
  ...(item.snoozedUntil ? ["unsnooze"] : []), ...(item.archived ? [] : ["snooze"]), "archive", "delete"];

export const actionOf = (item, key) =>
  offered(item).find((name) => KEYS[name].toLowerCase() === key.toLowerCase());

export class Row {
  isFull = false;
  isCurrent = false;

  // `act(name, item, button)` is called when a button is pressed; name "open" when the link is.
  constructor(item, words, act) {
    Object.assign(this, { item, words, act });
    this.element = make("article", { class: "item", part: "item", tabindex: -1, "data-id": item.id });
    this.element.addEventListener("click", (event) => this.#clicked(event));
  }

  update(item) {
    if (this.item === item) return;
    this.item = item;
    if (this.isFull) this.#fill();
  }

  fill() {
    if (this.isFull) return;
    this.isFull = true;
    this.element.style.removeProperty("block-size");
    this.#fill();
  }

  hollow(height) {
    const hasFocus = this.isCurrent && this.element.matches(":focus-within");
    if (!this.isFull || !height || hasFocus) return;
    this.isFull = false;
    sizes.unobserve(this.parts.message);
    this.element.style.setProperty("block-size", `${height}px`);
    this.element.replaceChildren();
    this.element.removeAttribute("aria-labelledby");
    this.element.removeAttribute("aria-describedby");
    this.parts = null;
  }

  remove() {
    if (this.isFull) sizes.unobserve(this.parts.message);
    this.element.remove();
  }

  // Tab goes into one row only: the current one.
  setCurrent(isCurrent) {
    this.isCurrent = isCurrent;
    set(this.element, "tabindex", isCurrent ? 0 : -1);
    for (const inner of this.element.querySelectorAll("button, a")) {
      set(inner, "tabindex", isCurrent ? false : -1);
    }
  }

  setPosition(position, size) {
    set(this.element, "aria-posinset", position);
    set(this.element, "aria-setsize", size);
  }

  tick() {
    if (this.isFull) this.#drawTime();
  }

  #fill() {
    const { item, element } = this;
    if (!this.parts) this.#build();
    set(element, "data-unread", !item.read);
    set(element, "data-pinned", item.pinned);
    set(element, "data-priority", item.priority);
    const { parts, words } = this;
    const states = [!item.read && words.say("unread"), item.pinned && words.say("pinned")];
    say(parts.state, states.filter(Boolean).join(", "));
    put(parts.priority, item.priority === USUAL_PRIORITY ? "" : words.say(`priority${item.priority}`));
    put(parts.category, visible(item.category ?? ""));
    set(parts.category, "title", parts.category.textContent); // it is cut when it is long
    put(parts.title, visible(item.title ?? ""));
    put(parts.message, visible(item.message));
    set(element, "aria-labelledby", item.title ? parts.title.id : parts.message.id);
    set(element, "aria-describedby", `${parts.about.id}${item.title ? ` ${parts.message.id}` : ""}`);
    this.#drawTime();
    this.#drawLink(safeLink(item.link));
    this.#drawActions();
    this.setCurrent(this.isCurrent);
  }

  #build() {
    const { id } = this.item;
    const part = (tag, name, more) => make(tag, { class: name, ...more });
    const parts = {
      state: part("span", "heard"), priority: part("span", "priority"),
      category: part("span", "category", { dir: "auto" }), time: part("time", "time"),
      edited: part("span", "edited"), snoozed: part("span", "until"),
      title: part("h3", "title", { id: `t-${id}`, dir: "auto", part: "item-title" }),
      message: part("p", "message clipped", { id: `m-${id}`, dir: "auto", part: "item-message" }),
      more: part("button", "more plain", { type: "button", "aria-expanded": "false", hidden: true }),
      link: part("a", "link", { dir: "ltr", part: "item-link", rel: "noopener noreferrer" }),
      actions: part("div", "actions", { role: "group", "aria-label": this.words.say("actions") }),
    };
    parts.about = part("p", "about", { id: `a-${id}` });
    parts.about.append(parts.state, parts.priority, parts.category, parts.snoozed, parts.time, parts.edited);
    parts.more.textContent = this.words.say("showAll");
    parts.more.addEventListener("click", () => this.#expand());
    const body = part("div", "body");
    body.append(parts.about, parts.title, parts.message, parts.more, parts.link);
    this.element.replaceChildren(part("span", "dot", { "aria-hidden": "true" }), body, parts.actions);
    this.parts = parts;
    sizes.observe(parts.message);
  }

  #drawTime() {
    const { item, parts, words } = this;
    set(parts.time, "datetime", item.arrivedAt);
    set(parts.time, "title", words.exact(item.arrivedAt));
    say(parts.time, words.ago(item.arrivedAt));
    put(parts.edited, item.editedAt ? words.say("edited") : "");
    set(parts.edited, "title", item.editedAt && words.exact(item.editedAt));
    put(parts.snoozed, item.snoozedUntil
      ? words.say("snoozedUntil", { time: words.until(item.snoozedUntil) }) : "");
  }

  #drawLink(url) {
    const { link } = this.parts;
    link.hidden = !url;
    if (!url) return link.removeAttribute("href");
    const isHere = url.origin === location.origin;
    const address = `${isHere ? "" : url.host}${url.pathname}${url.search}`;
    set(link, "href", url.href);
    set(link, "target", isHere ? null : "_blank");
    say(link, address.replace(/(?<=.)\/$/, ""));
  }

  // A button stays when it means the same, so that it keeps the focus.
  #drawActions() {
    const { actions } = this.parts;
    const names = offered(this.item);
    if (actions.dataset.offered !== names.join()) {
      actions.dataset.offered = names.join();
      actions.replaceChildren(...names.map((name) => this.#button(name)));
    }
    for (const button of actions.children) this.#label(button, button.dataset.action);
  }

  #button(name) {
    return make("button", { type: "button", class: "action", part: "action", "data-action": name,
      "aria-keyshortcuts": KEYS[name], "aria-haspopup": name === "snooze" && "menu",
      onclick: ({ currentTarget }) => this.act(name, this.item, currentTarget) });
  }

  #label(button, action) {
    const { label, picture } = faceOf(action, this.item);
    if (button.dataset.picture !== picture) button.replaceChildren(icon(picture));
    button.dataset.picture = picture;
    const text = this.words.say(label);
    set(button, "aria-label", text);
    set(button, "title", `${text} (${KEYS[action]})`);
  }

  #expand() {
    const { message, more } = this.parts;
    const isClipped = message.classList.toggle("clipped");
    more.textContent = this.words.say(isClipped ? "showAll" : "showLess");
    set(more, "aria-expanded", String(!isClipped));
  }

  // A click anywhere but on a button means that it was seen.
  #clicked(event) {
    // A button may have drawn its icon anew by now: what was clicked need not be on the page any more.
    const isOn = (name) => event.composedPath().some((element) => element.localName === name);
    if (isOn("a")) return this.act("open", this.item, event);
    if (isOn("button") || !getSelection().isCollapsed) return undefined;
    return this.item.read ? undefined : this.act("read", this.item);
  }
}

function put(element, text) {
  element.hidden = !text;
  say(element, text);
}

// What a button says and shows, as the notification is now.
function faceOf(action, { read, pinned, archived }) {
  if (action === "read" && read) return { label: "markUnread", picture: "unread" };
  if (action === "read") return { label: "markRead", picture: "read" };
  const isBack = (action === "pin" && pinned) || (action === "archive" && archived);
  const name = isBack ? `un${action}` : action;
  return { label: name, picture: name };
}

// Whether a message is too long to be seen whole depends on the width.
const sizes = new ResizeObserver((changes) => {
  for (const { target } of changes) {
    const isClipped = target.classList.contains("clipped");
    const fits = isClipped && target.scrollHeight <= target.clientHeight + 1;
    target.parentElement.querySelector(".more").hidden = fits;
  }
});
