// What was received, made fit to be shown: as text, never as HTML.

const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
// They write letters backwards ("gpj.exe" as "exe.jpg"). Isolates and embeddings do not, and may stay.
const OVERRIDES = /[\u202d\u202e]/g;

// Control characters as visible signs (Unicode's control pictures); new lines and tabs stay.
export function visible(text) {
  const plain = text.replace(/\r\n?/g, "\n").replace(OVERRIDES, "\ufffd");
  return plain.replace(CONTROL, (character) => {
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
