// Devices of one person, driven from outside: a line of JSON on standard input is {device, call, given},
// the line that answers it is what the call came to, or what the device shows.
//     node devices.mjs URL TOKEN NUMBER

import { createInterface } from "node:readline";

import { BelfryClient } from "../../web/belfry-client.js";

const [url, token, number] = process.argv.slice(2);
const FILTERS = [{}, { archived: true }, { snoozed: true }, { unread: true }];

const devices = Array.from({ length: Number(number) }, (_, at) => {
  // The last one polls. Waits are short, for the sake of the tests.
  const way = at === Number(number) - 1 ? { WebSocket: null } : {};
  const timing = { longestWait: 500, patience: 3000, poll: 1000 };
  const client = new BelfryClient({ url, token, timing, ...way });
  client.start();
  const lists = FILTERS.map((filter) => client.list(filter, { pageSize: 5 }));
  return { client, lists };
});

const CALLS = {
  shows({ client, lists }) {
    for (const list of lists) list.more();
    return {
      state: client.state.name, unreadCount: client.unreadCount, seq: client.seq,
      lists: lists.map(({ items }) => items),
      settled: lists.every(({ loading, hasMore }) => !loading && !hasMore),
    };
  },
  change: ({ client }, [change, what, until]) =>
    client.change(change, what, until ? { until: new Date(until) } : {})
      .catch(({ status, message }) => ({ status, message })),
  counts: ({ client }, [filters]) => client.counts(filters),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { device, call, given } = JSON.parse(line);
  console.log(JSON.stringify(await CALLS[call](devices[device], given) ?? null));
}
process.exit();
