// An Idempotency-Key: the same one makes what is sent again act once.

// crypto.randomUUID is not there on pages without TLS.
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
