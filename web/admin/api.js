// The calls that the console makes, as whoever is signed in. Every failure is a Problem.

import { BelfryClient } from "../belfry-client.js";

const PAGES_COUNTED = 5; // of people, which no call counts
const at = encodeURIComponent;

export class Api {
  #client = null;
  #unauthorized;

  // `unauthorized()` is called when the token is not taken any more.
  constructor(unauthorized) {
    this.#unauthorized = unauthorized;
  }

  use(token) {
    const client = token && new BelfryClient({ token });
    this.#client = client;
    // What an older token was answered says nothing about the one that is used now.
    client?.addEventListener("unauthorized", () => client === this.#client && this.#unauthorized());
  }

  people = (search, limit) => this.#get("/api/users", { search, limit }).then(({ items }) => items);

  // {count, more}: how many have an account, and whether there are more than were counted.
  async everybody() {
    let [count, cursor] = [0, null];
    for (let page = 0; page < PAGES_COUNTED; page++) {
      const { items, nextCursor } = await this.#get("/api/users", { limit: 100, cursor });
      count += items.length;
      cursor = nextCursor;
      if (!cursor) break;
    }
    return { count, more: Boolean(cursor) };
  }

  notify = (body, idempotencyKey) => this.#post("/api/notifications", body, idempotencyKey);
  broadcast = (body, idempotencyKey) => this.#post("/api/broadcasts", body, idempotencyKey);

  scheduled = (cursor) => this.#get("/api/scheduled", { limit: 20, cursor });
  broadcasts = (cursor, limit = 20) => this.#get("/api/broadcasts", { limit, cursor });
  withdrawBroadcast = (id) => this.#post(`/api/broadcasts/${at(id)}/withdraw`);

  trace = (id) => this.#get(`/api/notifications/${at(id)}/trace`);
  replace = (id, body) => this.#client.request("PUT", `/api/notifications/${at(id)}/content`, { body });
  withdraw = (id) => this.#post(`/api/notifications/${at(id)}/withdraw`);

  deadLetters = (filter, cursor) => this.#get("/api/dead-letters", { limit: 20, cursor, ...filter });
  deadLetter = (id) => this.#get(`/api/dead-letters/${at(id)}`);
  redrive = (id) => this.#post(`/api/dead-letters/${at(id)}/redrive`);
  redriveAll = (filter) => this.#post("/api/dead-letters/redrive", filter);
  drop = (id) => this.#client.request("DELETE", `/api/dead-letters/${at(id)}`);

  online = (cursor) => this.#get("/api/online", { limit: 50, cursor });
  statistics = (minutes) => this.#get("/api/statistics", { minutes });

  #get = (path, query) => this.#client.request("GET", path, { query });
  #post = (path, body, idempotencyKey) =>
    this.#client.request("POST", path, { body, idempotencyKey });
}
