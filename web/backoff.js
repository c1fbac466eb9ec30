// How long to wait before the next attempt: exponential with full jitter, so that many pages that
// lost the same server do not come back in the same moment.

const BASE_MILLISECONDS = 500;
const CAP_MILLISECONDS = 15_000;

// `attempt` counts from 0; `random` gives a number from 0 to 1.
export function waitBefore(attempt, random = Math.random) {
  return random() * Math.min(CAP_MILLISECONDS, BASE_MILLISECONDS * 2 ** Math.min(attempt, 10));
}
