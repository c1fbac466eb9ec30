// How long to wait before the next attempt: exponential with full jitter, so that many devices that
// lost the same server do not come back in the same moment.

// Answers milliseconds. `attempt` counts from 0.
export function waitBefore(attempt, { firstWait, longestWait }) {
  return Math.random() * Math.min(longestWait, firstWait * 2 ** Math.min(attempt, 30));
}

export const pause = (wait) => new Promise((resolve) => { setTimeout(resolve, wait); });
