// Elements from code. What is said in them is always text, never markup.

const SVG = "http://www.w3.org/2000/svg";

// make("button", {type: "button", onclick: act}, "Send"): attributes, listeners by their `on…` name,
// and children that are texts or elements. What is null, undefined or false is left out.
export const make = (tag, properties, ...children) =>
  furnished(document.createElement(tag), properties, children);

// The same for a part of a drawing.
export const draw = (tag, properties, ...children) =>
  furnished(document.createElementNS(SVG, tag), properties, children);

function furnished(element, properties = {}, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (isThere(value)) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter(isThere));
  return element;
}

const isThere = (value) => value !== null && value !== undefined && value !== false;

// A button that says what it does to `about`, which only screen readers need to hear.
export const button = (label, about, onclick, properties = {}) =>
  make("button", { type: "button", class: "quiet small", onclick, ...properties },
    label, about && make("span", { class: "only-heard" }, ` ${about}`));

// Writes only what has changed, so that a live region does not repeat itself.
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
