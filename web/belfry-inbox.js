// <belfry-inbox>: a bell with the number of unread notifications, and the inbox in a panel below it; or,
// with the attribute `inline`, the inbox alone. How to use and to dress it: docs/inbox-element.md.

import { BelfryClient } from "./belfry-client.js";
import { Bell } from "./inbox/bell.js";
import { isTab } from "./inbox/filters.js";
import { Panel } from "./inbox/panel.js";
import { STYLE } from "./inbox/style.js";
import { visible } from "./inbox/text.js";
import { Words } from "./inbox/words.js";

// Of several elements on one client the first one speaks, so that nothing is heard twice.
const attached = new WeakMap(); // client → Set of elements

export class BelfryInbox extends HTMLElement {
  static observedAttributes = ["url", "token", "inline", "lang", "tab"];

  #root = this.attachShadow({ mode: "open" });
  #given = null; //  the client that somebody else has made and looks after
  #token = null;
  #strings = {};
  #client = null;
  #panel = null; //  null while the element is not on a page, or has no client
  #bell = null; //   null when it is inline
  #leave = null; //  an AbortController that ends all listening
  #isAwaited = false;

  constructor() {
    super();
    this.#root.adoptedStyleSheets = [STYLE];
  }

  // ── for whoever has it on a page ──

  get client() {
    return this.#client ?? this.#given;
  }

  set client(client) {
    this.#given = client ?? null;
    this.#renew();
  }

  // A text, or a function that answers one or a promise of it, as BelfryClient takes it.
  get token() {
    return this.#token ?? this.getAttribute("token");
  }

  set token(token) {
    this.#token = token ?? null;
    this.#renew();
  }

  get strings() {
    return this.#strings;
  }

  set strings(strings) {
    this.#strings = { ...strings };
    this.#renew();
  }

  // "all", "unread", "archived" or "snoozed".
  get tab() {
    const tab = this.getAttribute("tab");
    return isTab(tab) ? tab : "all";
  }

  set tab(tab) {
    this.setAttribute("tab", tab);
  }

  get isOpen() {
    return Boolean(this.#bell?.isOpen);
  }

  open() {
    this.#bell?.open();
  }

  close() {
    this.#bell?.close();
  }

  // ── for the browser ──

  connectedCallback() {
    for (const name of ["client", "token", "strings"]) this.#takeEarly(name);
    this.#renew();
  }

  disconnectedCallback() {
    this.#renew();
  }

  attributeChangedCallback(name, before, now) {
    if (before === now) return;
    if (name !== "tab") this.#renew();
    else if (this.#panel && this.#panel.tab !== this.tab) this.#panel.filters.choose(this.tab);
  }

  // A property that was set before the element was known hides the one of the class.
  #takeEarly(name) {
    if (!Object.hasOwn(this, name)) return;
    const value = this[name];
    delete this[name];
    this[name] = value;
  }

  // Several settings at once are one change.
  #renew() {
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    queueMicrotask(() => {
      this.#isAwaited = false;
      this.#clear();
      if (this.isConnected) this.#build();
    });
  }

  #clear() {
    this.#leave?.abort();
    this.#panel?.leave();
    attached.get(this.#client)?.delete(this);
    if (this.#client !== this.#given) this.#client?.stop();
    this.#panel = this.#client = this.#bell = null;
    this.#root.replaceChildren();
  }

  #build() {
    const { token } = this;
    if (!this.#given && !token) return;
    this.#client = this.#given ?? new BelfryClient({ url: this.getAttribute("url") ?? undefined, token });
    this.words = new Words(this.closest("[lang]")?.lang, this.#strings);
    this.#panel = new Panel(this.#client, this.words, {
      tabChanged: (tab) => this.#tabChanged(tab),
      opened: (notification) => this.#tell("open-notification", { notification }, { cancelable: true }),
      announce: (text) => this.#speaks && this.#panel.bar.announce(text),
      close: () => this.close(),
    });
    this.#panel.filters.choose(this.tab);
    this.#listen();
    if (this.hasAttribute("inline")) this.#showInline();
    else this.#showBell();
    this.#update();
    if (!this.#given) this.#client.start();
  }

  #listen() {
    const client = this.#client;
    this.#leave = new AbortController();
    const { signal } = this.#leave;
    const on = (name, act) => client.addEventListener(name, act, { signal });
    on("change", () => this.#update());
    on("state", () => this.#update());
    on("arrived", ({ detail }) => this.#arrived(detail));
    on("problem", ({ detail }) => this.#failed(detail));
    window.addEventListener("pagehide", () => this.#panel.bar.settle(), { signal });
    if (!attached.has(client)) attached.set(client, new Set());
    attached.get(client).add(this);
  }

  #showInline() {
    this.#root.append(this.#panel.element);
    this.#panel.open();
  }

  #showBell() {
    this.#bell = new Bell(this.#panel, this.words, this.#leave.signal);
    const { element, bar } = this.#panel;
    // What is said there has to be heard while the panel is closed, too.
    this.#root.append(this.#bell.button, element, bar.polite, bar.urgent);
  }

  #update() {
    if (!this.#panel) return;
    this.#panel.update();
    this.#bell?.count(this.#client.unreadCount);
  }

  #arrived(notifications) {
    this.#bell?.ring();
    if (!this.#speaks) return;
    const [{ title, message }] = notifications;
    const { length: count } = notifications;
    this.#panel.bar.announce(count === 1
      ? this.words.say("arrived", { text: visible(title ?? message.slice(0, 200)) })
      : this.words.say("arrivedMany", { count }));
  }

  #failed({ message }) {
    if (this.#speaks || this.isOpen) this.#panel.bar.problem(message, this.#speaks);
  }

  get #speaks() {
    const [first] = attached.get(this.#client);
    return first === this;
  }

  #tabChanged(tab) {
    if (this.tab === tab) return;
    this.tab = tab;
    this.#tell("tab-change", { tab });
  }

  #tell(name, detail, options) {
    return this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, ...options }));
  }
}

customElements.define("belfry-inbox", BelfryInbox);
