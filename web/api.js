// The calls of the page beside those of the inbox, as whoever is signed in. Every failure is a Problem.

import { BelfryClient } from "./belfry-client.js";

export class Api {
  client;
  #unauthorized;

  // `unauthorized(client)` is called when the token of a client is not taken any more.
  constructor(unauthorized) {
    this.#unauthorized = unauthorized;
    this.use("");
  }

  // Another person has a client of their own.
  use(token) {
    const client = new BelfryClient({ token });
    this.client = client;
    if (token) client.addEventListener("unauthorized", () => this.#unauthorized(client));
  }

  register = (account) => this.#post("/api/register", account);
  login = (credentials) => this.#post("/api/login", credentials);
  me = () => this.client.request("GET", "/api/me");
  send = (notification, idempotencyKey) =>
    this.#post("/api/notifications", notification, idempotencyKey);
  people = (search) => this.client.request("GET", "/api/users", { query: { search, limit: 8 } });

  #post = (path, body, idempotencyKey) => this.client.request("POST", path, { body, idempotencyKey });
}
