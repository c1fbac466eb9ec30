// Send: to one person, to many, to a topic or to everybody; now or later.

import { clearProblems, filledIn, FormKey, onSubmit } from "../forms.js";
import { titleOf } from "./content.js";
import { confirmed } from "./dialog.js";
import { make, say } from "./dom.js";
import { nameOf, People } from "./people.js";
import { Preview } from "./preview.js";
import { counted, shortTime, zone } from "./times.js";

export class Send {
  title = "Send";
  #me = null;
  #key = new FormKey();

  constructor(section, api) {
    this.api = api;
    this.form = section.querySelector("form");
    this.sent = section.querySelector("#sent");
    this.topic = section.querySelector("#topic");
    this.people = new People(section.querySelector(".people"), { search: api.people,
      changed: () => this.#shape() });
    this.preview = new Preview(section.querySelector(".preview"));
    for (const place of section.querySelectorAll(".zone")) say(place, `Your time zone, ${zone}.`);
    section.querySelector("#to-myself").addEventListener("click", () => {
      this.people.choose(this.#me);
      this.form.elements.message.focus();
    });
    this.form.addEventListener("input", () => this.#shape());
    onSubmit(this.form, () => this.#submit());
    this.#shape();
  }

  // What was typed stays for the same person, and goes for another one.
  use(user) {
    if (this.#me?.id !== user.id) this.forget();
    this.#me = user;
  }

  forget() {
    this.form.reset();
    this.people.clear();
    clearProblems(this.form);
    this.sent.replaceChildren();
    this.#shape();
  }

  show() {}

  #audience = () => this.form.elements.audience.value;

  // The parts of the form that belong to the audience, and the preview.
  #shape() {
    const audience = this.#audience();
    for (const part of this.form.querySelectorAll("[data-audience]")) {
      part.hidden = part.dataset.audience !== audience;
    }
    // The API complains of `to`: that is the field that is seen. (Of one person it complains of
    // `userId`, which is the id of the people's field.)
    this.people.input.name = audience === "people" ? "to" : "";
    this.topic.name = audience === "topic" ? "to" : "";
    const { deliverAt } = this.form.elements;
    const verb = deliverAt.value ? "Schedule" : "Send";
    const label = audience === "everybody" ? `${verb} to everybody…` : verb;
    say(this.form.querySelector("[type=submit]"), label);
    this.preview.show(contentOf(this.form));
  }

  async #submit() {
    this.sent.replaceChildren();
    const body = { ...contentOf(this.form), ...timesOf(this.form) };
    if (this.#audience() === "everybody" && !(await this.#everybodyIsMeant(body))) return;
    const one = this.#audience() === "people" && this.people.chosen.length < 2;
    if (one) await this.#notify({ userId: this.people.chosen[0]?.id ?? "", ...body });
    else await this.#broadcast({ to: this.#to(), ...body });
    this.#key.forget();
    this.#clear();
  }

  async #notify(body) {
    const whom = this.people.chosen.map(nameOf).join("");
    const { id } = await this.api.notify(body, this.#key.of(body));
    this.#say(body.deliverAt ? `Scheduled for ${whom}, ${shortTime(body.deliverAt)}.` : `Sent to ${whom}.`,
      body.deliverAt ? ["#scheduled", "See what is scheduled"] : [`#trace/${id}`, "See where it is"]);
  }

  async #broadcast(body) {
    await this.api.broadcast(body, this.#key.of(body));
    this.#say(body.deliverAt ? `Scheduled for ${shortTime(body.deliverAt)}.` : "On its way.",
      body.deliverAt ? ["#scheduled", "See what is scheduled"] : ["#broadcasts", "See how far it is"]);
  }

  #to() {
    const audience = this.#audience();
    if (audience === "everybody") return { everybody: true };
    if (audience === "topic") return { topic: this.topic.value.trim() };
    return { userIds: this.people.chosen.map(({ id }) => id) };
  }

  async #everybodyIsMeant(body) {
    const { count, more } = await this.api.everybody();
    const people = `${more ? "More than " : ""}${counted(count, "person", "people")}`;
    return confirmed({
      title: "Send to everybody?",
      text: `${people}, everybody who has an account: “${titleOf(body)}”.`,
      action: "Send to everybody",
    });
  }

  #say(text, [href, label]) {
    this.sent.append(`${text} `, make("a", { href }, label));
  }

  // The recipients and the kind stay: the next message often goes the same way.
  #clear() {
    for (const name of ["title", "message", "link", "deliverAt", "expiresAt"]) {
      this.form.elements[name].value = "";
    }
    this.#shape();
  }
}

const CONTENT = ["title", "message", "category", "priority", "link"];
const TIMES = ["deliverAt", "expiresAt"];

// Empty fields are left out, but for the message: the API says what is wrong with it.
export function contentOf(form) {
  const given = filledIn(form);
  const names = CONTENT.filter((name) => name in given);
  const fields = Object.fromEntries(names.map((name) => [name, given[name]]));
  return { message: "", ...fields, priority: Number(given.priority) };
}

const timesOf = (form) => Object.fromEntries(TIMES.filter((name) => form.elements[name].value)
  .map((name) => [name, new Date(form.elements[name].value).toISOString()]));
