// Elements and icons by their names: nothing that was received ever passes through HTML.

const SVG = "http://www.w3.org/2000/svg";

// make("button", { type: "button", hidden: true, onclick: … }, "text", element)
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else set(element, name, value);
  }
  element.append(...children);
  return element;
}

// Changes only what differs, so that nothing is drawn or read out again in vain.
export function set(element, name, value) {
  const text = value === true ? "" : value;
  if (value === false || value === null || value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(text)) element.setAttribute(name, text);
}

export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const PATHS = {
  bell: ["M18 16H6s1.5-1.5 1.5-6a4.5 4.5 0 0 1 9 0c0 4.5 1.5 6 1.5 6z", "M10.3 19a2 2 0 0 0 3.4 0", "M12 5.5V4"],
  read: ["M20.5 12a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0z", "m8.5 12.2 2.5 2.5 4.7-5"],
  unread: ["M20.5 12a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0z", "M14 12a2 2 0 1 1-4 0 2 2 0 0 1 4 0z"],
  pin: ["M9 4h6l-.8 6 3.3 3.5v1h-11v-1L9.8 10z", "M12 14.5V20"],
  unpin: ["M9 4h6l-.8 6 3.3 3.5v1h-11v-1L9.8 10z", "M12 14.5V20", "M4.5 4.5l15 15"],
  snooze: ["M20.5 12a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0z", "M12 7.2V12l3.2 2"],
  unsnooze: ["M4 12a8 8 0 1 0 2.6-5.9", "M6.5 2.8v3.6h3.6"],
  archive: ["M4 5h16v4H4z", "M5.5 9v10h13V9", "M10 13h4"],
  unarchive: ["M4 13.5V19h16v-5.5", "M12 15V4.5", "m8 8.5 4-4 4 4"],
  delete: ["M5 7h14", "M10 4h4", "m6.5 7 .8 13h9.4l.8-13", "M10.3 11v5", "M13.7 11v5"],
  readAll: ["m3 12.5 4 4 8.5-9", "m11.5 15.5 1.3 1.3 8.2-9"],
  archiveAll: ["M4 4h16v3.6H4z", "M5.5 7.6V20h13V7.6", "m9 13.5 3 3 3-3", "M12 10.5v6"],
  close: ["m6 6 12 12", "M18 6 6 18"],
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  for (const d of PATHS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}
