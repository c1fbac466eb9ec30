// How long things may take, in milliseconds. Tests are impatient and give smaller numbers.

export const TIMING = {
  patience: 10_000, //    for an answer; after that the server counts as silent
  heartbeat: 300_000, //  between syncs of a quiet socket: API Gateway closes it after 10 minutes
  firstWait: 500, //      at most, before the second attempt; doubles with each further one
  longestWait: 60_000, // at most, before any attempt: shorter waits keep a crowd from ever coming back
  steady: 15_000, //      that a link must have lasted to count as one that worked
  poll: 25_000, //        that a long poll may stay open
  probe: 60_000, //       between attempts to open a socket while polling
  sleep: 300_000, //      that a page may be hidden before its socket is closed
  gather: 100, //         between an event that makes a list stale and loading it anew
};
