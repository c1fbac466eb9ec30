// What was received, made fit to be shown: as text, never as HTML.

const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

// Control characters as visible signs (Unicode's control pictures); new lines and tabs stay.
export function visible(text) {
  return text.replace(/\r\n?/g, "\n").replace(CONTROL, (character) => {
    const code = character.codePointAt(0);
    if (code === 0x7f) return "\u2421";
    return code < 0x20 ? String.fromCodePoint(0x2400 + code) : "\ufffd";
  });
}

// The URL of a link that is safe to follow (http, https, or a path of this site), otherwise null.
export function safeLink(link) {
  if (!/^(https?:\/\/|\/)/i.test(link ?? "") || !URL.canParse(link, location.origin)) return null;
  const url = new URL(link, location.origin);
  // `//elsewhere` and `/\elsewhere` look like paths, but browsers go to another site.
  const path = link.startsWith("/");
  return path && url.origin !== location.origin ? null : url;
}

const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60]];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const exact = new Intl.DateTimeFormat("en", { dateStyle: "full", timeStyle: "medium" });
const date = new Intl.DateTimeFormat("en", { dateStyle: "medium" });

export const exactTime = (time) => exact.format(new Date(time));

// "5 minutes ago"; a date when it is longer ago than a week.
export function relativeTime(time, now = Date.now()) {
  const seconds = (now - new Date(time)) / 1000;
  if (seconds < 60) return "just now";
  if (seconds > 7 * 86_400) return date.format(new Date(time));
  const [unit, size] = UNITS.find(([, length]) => seconds >= length);
  return relative.format(-Math.floor(seconds / size), unit);
}
