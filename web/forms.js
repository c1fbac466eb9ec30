// A form that is sent to the API: busy while it waits, and each problem beside its field.

import { Problem } from "./belfry-client.js";
import { newKey } from "./client/key.js";

// Problems that concern one field without naming it.
const FIELD_OF = { "urn:belfry:problem:email-taken": "email" };

// Runs `action(form)` on submit. A Problem that it throws is shown in the form.
export function onSubmit(form, action) {
  const button = form.querySelector("[type=submit]");
  form.addEventListener("input", (event) => showError(event.target, ""));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    clearProblems(form);
    form.ariaBusy = "true";
    button.disabled = true;
    try {
      await action(form);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      showProblem(form, problem);
    } finally {
      form.ariaBusy = "false";
      button.disabled = false;
    }
  });
}

// The Idempotency-Key of a form: one that is sent again after no answer came must not act twice, and
// one that says something else is another.
export class FormKey {
  #body = null;
  #key = "";

  of(body) {
    const text = JSON.stringify(body);
    if (this.#body !== text) this.#key = newKey();
    this.#body = text;
    return this.#key;
  }

  // Once it has been answered, the same again is meant.
  forget() {
    this.#body = null;
  }
}

// What was typed, without the fields that were left empty.
export const filledIn = (form) =>
  Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));

export function clearProblems(form) {
  for (const field of form.elements) showError(field, "");
  form.querySelector(".form-problem").textContent = "";
}

function showProblem(form, problem) {
  const named = FIELD_OF[problem.type];
  const errors = named ? [{ pointer: `/${named}`, detail: problem.message }] : problem.errors;
  const hasNoPlace = ({ pointer, detail }) => !showError(fieldAt(form, pointer), detail);
  const elsewhere = errors.filter(hasNoPlace);
  const sentences = errors.length ? elsewhere.map((error) => `${error.pointer}: ${error.detail}`)
    : [problem.message];
  form.querySelector(".form-problem").textContent = sentences.join(" ");
  form.querySelector("[aria-invalid=true]")?.focus();
}

// `/data/build` concerns the field `data` (RFC 6901).
const fieldAt = (form, pointer) => form.elements.namedItem(pointer.split("/")[1] ?? "");

// Shows `text` under the field, or takes away what was there. Answers whether there is a place.
function showError(field, text) {
  const place = field?.id && document.getElementById(`${field.id}-error`);
  if (!place) return false;
  place.textContent = text && sentence(text);
  if (text) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
  return true;
}

function sentence(text) {
  const capital = text[0].toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
