// The views of the console: which one is shown stands in the hash, `#trace/019ab3c2-…`.

export class Views {
  #shown = null;
  #started = false;

  // `views` are {send: {title, show(argument), hide?()}, …}; each has a section `view-send` and a
  // link in `navigation`. The first one is shown when the hash names none.
  constructor(navigation, views) {
    Object.assign(this, { navigation, views });
    window.addEventListener("hashchange", () => this.#choose());
  }

  // `focus` is for a person who comes from a form, which is not seen any more.
  start({ focus }) {
    this.#started = true;
    this.#choose({ focus });
  }

  stop() {
    this.#started = false;
    this.#leave();
  }

  #choose({ focus = true } = {}) {
    if (!this.#started) return;
    const [named, argument = ""] = location.hash.slice(1).split("/");
    const name = Object.hasOwn(this.views, named) ? named : Object.keys(this.views)[0];
    const another = name !== this.#shown;
    if (another) this.#leave();
    this.#shown = name;
    const section = sectionOf(name);
    section.hidden = false;
    this.#mark(name);
    document.title = `${this.views[name].title} · Belfry console`;
    this.views[name].show(decoded(argument));
    if (focus && another) section.querySelector("h1").focus();
  }

  #leave() {
    if (!this.#shown) return;
    sectionOf(this.#shown).hidden = true;
    this.views[this.#shown].hide?.();
    this.#shown = null;
  }

  #mark(name) {
    for (const link of this.navigation.querySelectorAll("a")) {
      if (link.hash !== `#${name}`) link.removeAttribute("aria-current");
      else {
        link.setAttribute("aria-current", "page");
        link.scrollIntoView({ block: "nearest", inline: "nearest" });
      }
    }
  }
}

// An address that somebody has typed may be none.
function decoded(argument) {
  try {
    return decodeURIComponent(argument);
  } catch {
    return argument;
  }
}

const sectionOf = (name) => document.getElementById(`view-${name}`);
