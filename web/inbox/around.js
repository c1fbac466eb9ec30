// What stands in place of the list, or around it: that it is being loaded, that it could not be, that
// there is nothing.

import { icon, make, say } from "./make.js";

export class Around {
  // `again()` loads what could not be loaded, `widen()` gives up category and priority.
  constructor(words, { again, widen }) {
    this.words = words;
    const button = (name, onclick) =>
      make("button", { type: "button", class: "plain", onclick }, words.say(name));
    const bone = () => make("div", { class: "bone" });
    this.sentence = make("span");
    this.trouble = make("div", { class: "trouble", part: "problem", role: "alert", hidden: true },
      this.sentence, button("tryAgain", again));
    this.skeleton = make("div", { class: "skeleton", role: "status", hidden: true },
      make("span", { class: "heard" }, words.say("loading")), bone(), bone(), bone());
    this.more = make("p", { class: "loading-more", hidden: true }, words.say("loadingMore"));
    this.title = make("h3", { class: "empty-title" });
    this.hint = make("p");
    this.widen = button("clearFilters", widen);
    this.empty = make("div", { class: "empty", part: "empty", hidden: true }, icon("bell"), this.title,
      this.hint, this.widen);
  }

  // `loading` and `problem` are those of the list.
  show(isThere, loading, problem, { tab, isNarrowed }) {
    this.skeleton.hidden = isThere || loading !== "first" || Boolean(problem);
    this.more.hidden = loading !== "more";
    this.trouble.hidden = !problem;
    if (problem) say(this.sentence, problem.message);
    this.empty.hidden = isThere || Boolean(loading) || Boolean(problem);
    const name = `empty${tab[0].toUpperCase()}${tab.slice(1)}`;
    say(this.title, this.words.say(isNarrowed ? "emptyFiltered" : name));
    say(this.hint, isNarrowed ? "" : this.words.say(`${name}Hint`));
    this.widen.hidden = !isNarrowed;
  }
}
