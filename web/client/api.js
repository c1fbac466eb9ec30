// The HTTP API. Every failure is a Problem.

import { pause } from "./backoff.js";
import { isInProgress, Problem } from "./problem.js";

const LONGEST_BUSY_MILLISECONDS = 45_000; // a server that has crashed is at it for up to half a minute

export class Api {
  #origin;
  #givenToken;
  #fetch;
  #patience;
  #onUnauthorized;
  #token = null; // a promise of the one in use; null before the first request

  // `onUnauthorized` is called when neither the token nor a new one is taken.
  constructor({ origin, token, fetch, patience, onUnauthorized }) {
    this.#origin = origin;
    this.#givenToken = token;
    this.#fetch = fetch;
    this.#patience = patience;
    this.#onUnauthorized = onUnauthorized;
  }

  ticket = async () => (await this.request("POST", "/api/realtime/tickets")).ticket;

  // Of a request whose Idempotency-Key is in use, by an attempt before it, the answer is waited for.
  async patiently(method, path, options = {}) {
    const deadline = Date.now() + LONGEST_BUSY_MILLISECONDS;
    for (;;) {
      try {
        return await this.request(method, path, options);
      } catch (problem) {
        const isOver = Date.now() > deadline || options.signal?.aborted;
        if (!isInProgress(problem) || isOver) throw problem;
        await pause(problem.retryAfter * 1000);
      }
    }
  }

  // `patience` are the milliseconds that the answer may take; `keepalive` lets it outlive the page.
  async request(method, path, options = {}) {
    const used = this.#token ?? this.#renew();
    let answer = await this.#exchange(method, path, options, await used);
    if (answer.status === 401) answer = await this.#again(used, method, path, options, answer);
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    throw new Problem(answer.status, answer.body ?? {}, answer.retryAfter);
  }

  // With another token, if there is one by now or somebody who may have one.
  async #again(used, method, path, options, refused) {
    if (this.#token === used && typeof this.#givenToken === "function") this.#token = null;
    const renewed = this.#token ?? this.#renew();
    const answer = renewed === used
      ? refused
      : await this.#exchange(method, path, options, await renewed);
    // The answer to an older token says nothing about the one that is used now.
    if (answer.status === 401 && this.#token === renewed) this.#refuse();
    return answer;
  }

  #refuse() {
    this.#token = null;
    this.#onUnauthorized();
  }

  #renew() {
    const asked = this.#askForToken();
    this.#token = asked;
    asked.catch(() => {
      if (this.#token === asked) this.#token = null;
    });
    return asked;
  }

  async #askForToken() {
    if (typeof this.#givenToken !== "function") return this.#givenToken;
    try {
      return await this.#givenToken();
    } catch (error) {
      throw error instanceof Problem ? error : new Problem(0, { detail: error?.message });
    }
  }

  // Answers {status, body, retryAfter}; a request without a complete answer is status 0.
  async #exchange(method, path, { body, query, signal, idempotencyKey, keepalive, patience }, token) {
    const headers = new Headers({ Authorization: `Bearer ${token}` });
    if (body !== undefined) headers.set("Content-Type", "application/json");
    if (idempotencyKey) headers.set("Idempotency-Key", idempotencyKey);
    const signals = [AbortSignal.timeout(patience ?? this.#patience), signal].filter(Boolean);
    const request = {
      method, headers, keepalive, cache: "no-store", signal: AbortSignal.any(signals),
      body: body === undefined ? undefined : JSON.stringify(body),
    };
    try {
      const fetch = this.#fetch; // a browser's own refuses to be called as a method
      return await answerOf(await fetch(this.#origin + path + queryOf(query), request));
    } catch {
      return { status: 0 };
    }
  }
}

function queryOf(query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

// Of a Retry-After, which is a number of seconds or a date (RFC 9110, 10.2.3).
function secondsOf(text) {
  if (text === null) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

// Fails when a success is no JSON: somebody else has answered, such as a hotel's sign-in page.
async function answerOf(response) {
  const retryAfter = secondsOf(response.headers.get("Retry-After"));
  const text = await response.text();
  const body = text && (response.ok || isJson(response)) ? JSON.parse(text) : undefined;
  return { status: response.status, body, retryAfter };
}

const isJson = ({ headers }) => /\bjson\b/.test(headers.get("Content-Type") ?? "");
