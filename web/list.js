// The list of notifications. Rows are kept by id, so that focus survives a change of the list.

import { exactTime, relativeTime, safeLink, visible } from "./text.js";

// 3 is the usual one, so nothing is said of it.
const PRIORITIES = { 1: "Lowest", 2: "Low", 4: "High", 5: "Urgent" };

export class List {
  #rows = new Map(); // id → row

  // `mark(id, read)` is called when a person marks a row.
  constructor(list, template, mark) {
    Object.assign(this, { list, template, mark });
  }

  show(items) {
    const before = document.activeElement?.closest?.(".notification");
    const index = before ? [...this.list.children].indexOf(before) : -1;
    this.#forget(new Set(items.map((item) => item.id)));
    items.forEach((item, position) => {
      const row = this.#rows.get(item.id) ?? this.#add(item);
      if (this.list.children[position] !== row) {
        this.list.insertBefore(row, this.list.children[position] ?? null);
      }
      update(row, item);
    });
    // The row that had the focus is gone: go on at the next one, not at the top of the page.
    if (before && !before.isConnected) this.#focusAt(index);
  }

  tick() {
    for (const row of this.#rows.values()) {
      const time = row.querySelector("time");
      time.textContent = relativeTime(time.dateTime);
    }
  }

  #forget(kept) {
    for (const [id, row] of this.#rows) {
      if (kept.has(id)) continue;
      row.remove();
      messageSizes.unobserve(row.querySelector(".message"));
      this.#rows.delete(id);
    }
  }

  #focusAt(index) {
    const row = this.list.children[Math.min(index, this.list.children.length - 1)];
    (row?.querySelector(".mark") ?? this.list).focus();
  }

  #add(item) {
    const row = this.template.content.firstElementChild.cloneNode(true);
    this.#rows.set(item.id, row);
    fill(row, item);
    const unread = () => row.classList.contains("unread");
    row.querySelector(".mark").addEventListener("click", () => this.mark(item.id, unread()));
    row.addEventListener("click", (event) => {
      const chosen = event.target.closest("button") || !getSelection().isCollapsed;
      if (!chosen && unread()) this.mark(item.id, true);
    });
    return row;
  }
}

// What never changes.
function fill(row, item) {
  const part = (name) => row.querySelector(`.${name}`);
  row.dataset.id = item.id;
  put(part("title"), item.title);
  put(part("message"), item.message);
  put(part("category"), item.category);
  part("category").title = visible(item.category ?? ""); // it is cut when it is long
  put(part("priority"), PRIORITIES[item.priority]);
  row.dataset.priority = item.priority;
  const time = part("time");
  time.dateTime = item.createdAt;
  time.title = exactTime(item.createdAt);
  time.textContent = relativeTime(item.createdAt);
  fillLink(part("link"), safeLink(item.link));
  part("more").addEventListener("click", () => {
    const clipped = part("message").classList.toggle("clipped");
    part("more").textContent = clipped ? "Show all" : "Show less";
    part("more").setAttribute("aria-expanded", String(!clipped));
  });
  messageSizes.observe(part("message"));
}

// Whether a message is too long to be seen whole depends on the width of the window.
const messageSizes = new ResizeObserver((changes) => {
  for (const { target } of changes) {
    const clipped = target.classList.contains("clipped");
    const fits = clipped && target.scrollHeight <= target.clientHeight + 1;
    target.parentElement.querySelector(".more").hidden = fits;
  }
});

function put(element, text) {
  element.hidden = !text;
  element.textContent = visible(text ?? "");
}

function fillLink(anchor, url) {
  anchor.hidden = !url;
  if (!url) return;
  const here = url.origin === location.origin;
  anchor.href = url.href;
  const address = `${here ? "" : url.host}${url.pathname}${url.search}`;
  anchor.textContent = address.replace(/(?<=.)\/$/, "");
  if (!here) anchor.target = "_blank";
}

function update(row, item) {
  row.classList.toggle("unread", !item.read);
  const label = item.read ? "Mark as unread" : "Mark as read";
  const mark = row.querySelector(".mark");
  mark.title = label;
  mark.setAttribute("aria-label", label);
  row.querySelector(".state").textContent = item.read ? "" : "Unread";
}
