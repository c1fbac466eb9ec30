// Sign in: for whoever comes to the console without having signed in on the page.

import { BelfryClient } from "../belfry-client.js";
import { onSubmit } from "../forms.js";

export class SignIn {
  // `signedIn(session, {focus})` is called with {token, user} of the person.
  constructor(element, signedIn) {
    this.element = element;
    this.form = element.querySelector("form");
    this.notice = element.querySelector("#account-notice");
    onSubmit(this.form, async ({ elements: { email, password } }) => {
      const body = { email: email.value, password: password.value };
      const { token } = await new BelfryClient({ token: "" }).request("POST", "/api/login", { body });
      const user = await new BelfryClient({ token }).request("GET", "/api/me");
      signedIn({ token, user }, { focus: true });
    });
  }

  show(notice) {
    this.element.hidden = false;
    this.notice.textContent = notice;
    document.title = "Sign in · Belfry console";
    const { email, password } = this.form.elements;
    (email.value ? password : email).focus();
  }

  hide() {
    this.element.hidden = true;
    this.form.elements.password.value = "";
  }
}
