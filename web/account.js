// Sign in and sign up: the two forms that are seen by whoever is not signed in.

import { filledIn, onSubmit } from "./forms.js";

export class Account {
  // `signedIn(session)` is called with {token, user} of the person.
  constructor(element, api, signedIn) {
    Object.assign(this, { element, api, signedIn });
    this.signInForm = element.querySelector("#sign-in");
    this.signUpForm = element.querySelector("#sign-up");
    this.notice = element.querySelector("#account-notice");
    onSubmit(this.signInForm, (form) => this.#signIn(credentials(form)));
    onSubmit(this.signUpForm, async (form) => {
      const account = { username: "", ...credentials(form), ...filledIn(form) };
      await api.register(account);
      await this.#signIn(credentials(form));
    });
    window.addEventListener("hashchange", () => this.#choose());
    this.#choose();
  }

  show(notice = "") {
    this.element.hidden = false;
    this.notice.textContent = notice;
    this.#focus();
  }

  hide() {
    this.element.hidden = true;
    for (const field of this.element.querySelectorAll("[type=password]")) field.value = "";
    history.replaceState(null, "", location.pathname);
    this.#choose();
  }

  async #signIn({ email, password }) {
    const { token } = await this.api.login({ email, password });
    this.api.use(token);
    const user = await this.api.me();
    this.signInForm.elements.email.value = user.email;
    this.signedIn({ token, user });
  }

  #shownForm = () => (this.signUpForm.hidden ? this.signInForm : this.signUpForm);

  #choose() {
    this.signUpForm.hidden = location.hash !== "#sign-up";
    this.signInForm.hidden = !this.signUpForm.hidden;
    if (!this.element.hidden) this.#focus();
  }

  #focus() {
    const fields = [...this.#shownForm().querySelectorAll("input")];
    (fields.find((field) => !field.value) ?? fields[0]).focus();
  }
}

// Empty fields are sent as well: the API says what is wrong with them.
const credentials = (form) =>
  ({ email: form.elements.email.value, password: form.elements.password.value });
