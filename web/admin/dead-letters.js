// Dead letters: what was given up, by reason, person and time; sent on its way again, or dropped.

import { visible } from "../inbox/text.js";
import { facts, idText } from "./content.js";
import { button, make, say } from "./dom.js";
import { dropIsMeant, Letter, REASONS } from "./letter.js";
import { Pages } from "./pages.js";
import { People } from "./people.js";
import { Redrive } from "./redrive.js";
import { counted, timeElement } from "./times.js";

export class DeadLetters {
  title = "Dead letters";

  constructor(section, api) {
    this.api = api;
    this.filters = section.querySelector("#letter-filters");
    this.all = section.querySelector("#letters");
    this.person = new People(section.querySelector(".people"), { search: api.people, one: true,
      changed: () => this.pages.reload() });
    this.pages = new Pages(section.querySelector(".pages"), {
      name: "Dead letters", empty: "There are no dead letters that match.",
      load: (cursor) => api.deadLetters(this.#filter(), cursor), row: (letter) => this.#row(letter),
    });
    this.letter = new Letter(section.querySelector("#letter"), api);
    this.redrive = new Redrive(section.querySelector("#redrive"), api, () => this.pages.reload());
    this.filters.addEventListener("change", (event) => {
      if (event.target !== this.person.input) this.pages.reload();
    });
    this.filters.addEventListener("submit", (event) => event.preventDefault());
    this.filters.addEventListener("reset", () => {
      this.person.clear();
      setTimeout(() => this.pages.reload()); // once the fields are empty
    });
    section.querySelector("#redrive-all").addEventListener("click", () => this.redrive.start(this.#filter()));
  }

  // With an id that one is shown whole, otherwise the list.
  show(id) {
    this.all.hidden = Boolean(id);
    if (id) this.letter.show(id);
    else {
      this.letter.hide();
      this.pages.reload();
    }
  }

  hide() {
    this.letter.hide();
  }

  clear() {
    this.redrive.stop();
    this.filters.reset();
    this.person.clear();
    this.pages.clear();
  }

  #filter() {
    const { reason, since, until } = this.filters.elements;
    const moment = ({ value }) => (value ? new Date(value).toISOString() : undefined);
    const filter = { reason: reason.value || undefined, userId: this.person.chosen[0]?.id,
      since: moment(since), until: moment(until) };
    return Object.fromEntries(Object.entries(filter).filter(([, value]) => value));
  }

  #row(letter) {
    const name = `dead letter ${letter.id}`;
    const problem = make("p", { class: "error", role: "alert" });
    const gone = (doing) => doing.then(() => this.pages.forget(letter.id),
      (error) => say(problem, error.message));
    return { element: make("li", { class: "row" },
      make("p", { class: "about" }, make("span", { class: "tag", "data-reason": letter.reason },
        REASONS[letter.reason] ?? visible(letter.reason)),
      make("span", {}, "died ", timeElement(letter.lastAt)),
      letter.times > 1 && make("span", {}, `${letter.times} times`),
      make("span", {}, counted(letter.attempts, "retry", "retries"))),
      make("p", { class: "row-message", dir: "auto" }, visible(letter.error)),
      facts({ For: letter.userId && idText(letter.userId) }),
      problem,
      make("div", { class: "actions" },
        make("a", { class: "quiet small", href: `#dead-letters/${letter.id}` }, "Look",
          make("span", { class: "only-heard" }, ` at ${name}`)),
        button("Redrive", name, () => gone(this.api.redrive(letter.id))),
        button("Drop", name, async () => {
          if (await dropIsMeant()) await gone(this.api.drop(letter.id));
        }))) };
  }
}
