// Scheduled: what is still to be sent, to one person or to many; all of it can be withdrawn.

import { about, expiry, idText, titleOf, words } from "./content.js";
import { audience } from "./broadcasts.js";
import { confirmed } from "./dialog.js";
import { button, make } from "./dom.js";
import { Pages } from "./pages.js";
import { Poll } from "./poll.js";
import { shortTime, tick, timeElement } from "./times.js";

const PAUSE_MILLISECONDS = 5_000;
const MOST_BROADCASTS = 100; // newest ones, among which the scheduled ones are looked for

export class Scheduled {
  title = "Scheduled";

  constructor(section, api) {
    Object.assign(this, { section, api });
    this.notifications = new Pages(section.querySelector("#scheduled-notifications"), {
      name: "Scheduled notifications", empty: "Nothing is scheduled for a single person.",
      load: api.scheduled,
      row: (item) => this.#row(item, make("span", {}, "for ", idText(item.userId)), api.withdraw),
    });
    this.broadcasts = new Pages(section.querySelector("#scheduled-broadcasts"), {
      name: "Scheduled broadcasts", empty: "No broadcast is scheduled.",
      load: () => this.#waiting(),
      row: (item) => this.#row(item, make("span", {}, audience(item)), api.withdrawBroadcast),
    });
    this.poll = new Poll(PAUSE_MILLISECONDS, async () => {
      const went = await Promise.all([this.notifications.refresh(), this.broadcasts.refresh()]);
      tick(section);
      return went.every(Boolean);
    });
  }

  show() {
    this.poll.start();
  }

  hide() {
    this.poll.stop();
  }

  clear() {
    this.notifications.clear();
    this.broadcasts.clear();
  }

  async #waiting() {
    const { items } = await this.api.broadcasts(null, MOST_BROADCASTS);
    const waiting = items.filter(({ state }) => state === "scheduled");
    return { items: waiting.sort((a, b) => (a.deliverAt < b.deliverAt ? -1 : 1)), nextCursor: null };
  }

  #row(item, whom, withdraw) {
    const problem = make("p", { class: "error", role: "alert" });
    const list = withdraw === this.api.withdraw ? this.notifications : this.broadcasts;
    const act = async () => {
      const sure = await confirmed({ title: "Withdraw it?", action: "Withdraw",
        text: `“${titleOf(item)}” is not sent then. This cannot be undone.` });
      if (!sure) return;
      await withdraw(item.id).then(() => list.forget(item.id),
        (error) => { problem.textContent = error.message; });
    };
    return { element: make("li", { class: "row" },
      about(item, make("strong", {}, shortTime(item.deliverAt)), timeElement(item.deliverAt), whom,
        expiry(item.expiresAt)),
      ...words(item), problem,
      make("div", { class: "actions" },
        item.userId && make("a", { class: "quiet small", href: `#trace/${item.id}` }, "Trace",
          make("span", { class: "only-heard" }, ` ${titleOf(item)}`)),
        button("Withdraw", titleOf(item), act))) };
  }
}
