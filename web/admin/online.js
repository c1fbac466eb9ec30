// Online: who has a device open, and since when.

import { visible } from "../inbox/text.js";
import { make, say } from "./dom.js";
import { Pages } from "./pages.js";
import { Poll } from "./poll.js";
import { counted, tick, timeElement } from "./times.js";

const PAUSE_MILLISECONDS = 5_000;

export class Online {
  title = "Online";

  constructor(section, api) {
    this.summary = section.querySelector("#online-summary");
    this.pages = new Pages(section.querySelector(".pages"), {
      name: "People online", empty: "Nobody has a device open.", idOf: ({ user }) => user.id,
      load: (cursor) => api.online(cursor).then((page) => this.#summed(page)),
      row: (item) => row(item),
    });
    this.poll = new Poll(PAUSE_MILLISECONDS, async () => {
      const went = await this.pages.refresh();
      tick(section);
      return went;
    });
  }

  show() {
    this.poll.start();
  }

  hide() {
    this.poll.stop();
  }

  clear() {
    this.pages.clear();
    say(this.summary, "");
  }

  #summed(page) {
    const { people, connections } = page;
    const devices = counted(connections, "device", "devices");
    say(this.summary, `${counted(people, "person", "people")} on ${devices}.`);
    return page;
  }
}

function row({ user }) {
  const devices = make("ul", { class: "devices" });
  const element = make("li", { class: "row person" },
    make("p", {}, make("strong", { dir: "auto" }, visible(user.username)),
      user.role === "admin" && make("span", { class: "tag" }, "Administrator")),
    make("p", { class: "hint", dir: "auto" }, visible(user.email)), devices);
  return { element, show: ({ connections }) => {
    const ids = connections.map(({ id }) => id).join(" ");
    if (devices.dataset.ids === ids) return;
    devices.dataset.ids = ids;
    devices.replaceChildren(...connections.map(({ connectedAt }) =>
      make("li", {}, "Device, since ", timeElement(connectedAt))));
  } };
}
