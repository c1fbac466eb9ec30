// What the page around tells: whether it is seen, left, and whether there is a network. In Node nobody does.

// Calls `changed` when either may be another. Answers how to end it.
export function watchPage(changed) {
  const watching = new AbortController();
  const { signal } = watching;
  globalThis.addEventListener?.("online", changed, { signal });
  globalThis.addEventListener?.("offline", changed, { signal });
  globalThis.document?.addEventListener("visibilitychange", changed, { signal });
  return () => watching.abort();
}

// Calls `left` when the page is closed, or another one takes its place. Answers how to end it.
export function watchLeaving(left) {
  const watching = new AbortController();
  globalThis.addEventListener?.("pagehide", left, { signal: watching.signal });
  return () => watching.abort();
}

export const isHidden = () => globalThis.document?.visibilityState === "hidden";
