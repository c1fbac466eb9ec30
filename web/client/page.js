// What the page around tells: whether it is seen, and whether there is a network. In Node nobody does.

// Calls `changed` when either may be another. Answers how to end it.
export function watchPage(changed) {
  const watching = new AbortController();
  const { signal } = watching;
  globalThis.addEventListener?.("online", changed, { signal });
  globalThis.addEventListener?.("offline", changed, { signal });
  globalThis.document?.addEventListener("visibilitychange", changed, { signal });
  return () => watching.abort();
}

export const isHidden = () => globalThis.document?.visibilityState === "hidden";
