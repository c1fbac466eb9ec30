// The HTTP API. Every failure is a Problem with a sentence that can be shown to a person.

const PATIENCE_MILLISECONDS = 10_000;

// For answers of the gateway itself, which carry no explanation (docs/architecture.md).
const MEANING = {
  0: "The server cannot be reached. Check the connection and try again.",
  401: "Your session has ended. Sign in again.",
  403: "You are not allowed to do this.",
  413: "This is too large to be sent.",
  429: "Too many requests at once. Wait a moment and try again.",
  500: "Something went wrong on the server. Try again.",
  503: "The server is not available for the moment. Try again.",
};

// An answer that is not a success (RFC 9457). `status` is 0 when there was no answer; `errors` are
// {pointer, detail}, one for each field that is wrong.
export class Problem extends Error {
  constructor(status, { type = "", detail, errors = [] } = {}) {
    super(detail ?? MEANING[status] ?? `The server answered with status ${status}. Try again.`);
    Object.assign(this, { status, type, errors });
  }
}

export class Api {
  #token = null;
  #onUnauthorized;

  // `onUnauthorized` is called when the token is not taken any more.
  constructor(onUnauthorized) {
    this.#onUnauthorized = onUnauthorized;
  }

  use(token) {
    this.#token = token;
  }

  register = (account) => this.#call("POST", "/api/register", account);
  login = (credentials) => this.#call("POST", "/api/login", credentials);
  me = () => this.#call("GET", "/api/me");
  send = (notification) => this.#call("POST", "/api/notifications", notification);
  mark = (id, read) => this.#call("PUT", `/api/notifications/${encodeURIComponent(id)}`, { read });
  ticket = async () => (await this.#call("POST", "/api/realtime/tickets")).ticket;

  list({ limit, cursor, unread, signal }) {
    const query = new URLSearchParams({ limit });
    if (cursor) query.set("cursor", cursor);
    if (unread) query.set("unread", "true");
    return this.#call("GET", `/api/notifications?${query}`, undefined, signal);
  }

  async #call(method, path, body, signal) {
    const token = this.#token;
    const headers = new Headers();
    if (token) headers.set("Authorization", `Bearer ${token}`);
    if (body !== undefined) headers.set("Content-Type", "application/json");
    const signals = [AbortSignal.timeout(PATIENCE_MILLISECONDS), signal].filter(Boolean);
    const request = {
      method, headers, cache: "no-store", signal: AbortSignal.any(signals),
      body: body === undefined ? undefined : JSON.stringify(body),
      // A click on a link marks as read and leaves the page: the mark has to get through.
      keepalive: method === "PUT",
    };
    const [status, answer] = await exchange(path, request);
    if (status >= 200 && status < 300) return answer;
    // The answer to an older token says nothing about the one that is used now.
    if (status === 401 && token && token === this.#token) this.#onUnauthorized();
    throw new Problem(status, answer);
  }
}

// Answers [status, body]; a request without a complete answer is status 0.
async function exchange(path, request) {
  try {
    const response = await fetch(path, request);
    const text = await response.text();
    return [response.status, parsed(text)];
  } catch {
    return [0, {}];
  }
}

function parsed(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
